"""The bare numbers of an account: those of the table of metrics, to the last bit."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from investiq.core.errors import InsufficientDataError
from investiq.metrics.conventions import Convention
from investiq.metrics.performance import Figures, Performance, Span
from investiq.metrics.summary import performance_facts
from investiq.metrics.trades import exposure

DAILY = Convention(periods_per_year=252)


def account(n_bars, seed=3, drift=3e-4):
    rng = np.random.default_rng(seed)
    equity = np.concatenate(([1e5], 1e5 * np.cumprod(1 + rng.normal(drift, 0.01, n_bars))))
    stamps = np.datetime64("2015-01-04", "us") + np.arange(n_bars + 1) * np.timedelta64(1, "D")
    return equity, stamps


def measured(equity, stamps, pnl=(), convention=DAILY):
    pnl = np.array(pnl, dtype=float)
    exposed = partial(exposure, np.arange(equity.size - 1) % 2 == 0)
    return Performance(float(equity[0]), equity[1:], Span.of(stamps, convention), pnl, exposed, convention, pnl / 1e4)


@pytest.mark.parametrize(
    "convention",
    [
        DAILY,
        Convention(periods_per_year=252, growth="periods", calmar_months=12),
        Convention(periods_per_year=252, ratio_return="geometric", risk_free=0.03, target=1e-4),
        Convention(periods_per_year=252, calmar_months=None),
    ],
    ids=["default", "periods", "geometric", "since inception"],
)
@pytest.mark.parametrize("n_bars", [1, 20, 400, 1_600])
@pytest.mark.parametrize("pnl", [(), (50.0,), (10.0, -20.0, 0.0, 30.0)], ids=len)
def test_figures_are_the_values_of_the_table(convention, n_bars, pnl):
    equity, stamps = account(n_bars)
    found = measured(equity, stamps, pnl, convention).figures()
    facts = performance_facts(
        equity,
        stamps,
        np.array(pnl, dtype=float),
        np.arange(n_bars) % 2 == 0,
        convention,
        trade_returns=np.array(pnl, dtype=float) / 1e4,
    )
    np.testing.assert_array_equal(found, [fact.value for fact in facts])


def test_an_account_that_is_lost_has_growth_and_drawdown_but_no_returns():
    equity, stamps = account(60)
    equity[40:] = 0.0
    found = measured(equity, stamps).figures()
    assert (found.total_return, found.cagr, found.max_drawdown) == (-1.0, -1.0, -1.0)
    missing = {name for name in Figures._fields[:9] if np.isnan(getattr(found, name))}
    assert missing == {"volatility", "sharpe_ratio", "sharpe_error", "sortino_ratio", "best_return", "worst_return"}


def test_a_span_counts_calendar_days_or_returns():
    stamps = np.array(["2023-12-31", "2024-01-02", "2024-12-30T12:00"], dtype="datetime64[us]")
    # 2024 has a 29 February: 365 days to 30 December, and half a day to noon.
    by_days = Span.of(stamps, Convention(periods_per_year=252, days_per_year=365, calmar_months=None))
    assert (by_days.periods, by_days.per_year, by_days.calmar_first) == (365.5, 365, 0)
    by_returns = Span.of(stamps, Convention(periods_per_year=252, growth="periods", calmar_months=None))
    assert (by_returns.periods, by_returns.per_year) == (2.0, 252)


def test_a_span_shorter_than_the_window_of_the_calmar_ratio_says_so():
    month = measured(*account(30))
    assert month.span.calmar_first == -1
    with pytest.raises(InsufficientDataError, match="shorter than 36 months"):
        month.calmar_ratio()
