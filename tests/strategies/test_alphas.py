"""Canonical alphas, by hand and against pandas."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.core.errors import ConfigError, DataError
from investiq.history.panel import Panel
from investiq.history.records import Records
from investiq.strategies import (
    AlphaPortfolio,
    EqualWeightMonthly,
    SixtyForty,
    book_to_market,
    low_volatility_scores,
    momentum_scores,
    quality_scores,
    reversal_scores,
)

NAN = np.nan
PANELS = [
    EqualWeightMonthly(),
    SixtyForty(stocks="SYN001", bonds="SYN002"),
    AlphaPortfolio(),
    AlphaPortfolio(alpha="reversal", method="quantile", long_only=False, every="week"),
    AlphaPortfolio(alpha="low_volatility", method="zscore", leverage=0.5),
    AlphaPortfolio(alpha="reversal", method="dollar_neutral", long_only=False, every="day"),
]


@pytest.fixture(scope="module")
def shares():
    """Six invented shares with splits and dividends over 600 sessions."""
    return iq.load_panel([f"SYN00{number}" for number in range(1, 7)]).until("2012-05-18")


def disturbed(panel, end):
    """Return the panel with every price after `end` changed."""
    random = np.random.default_rng(7)
    scale = np.ones(panel.close.shape)
    scale[:, end + 1 :] = np.exp(random.normal(0.2, 0.1, (len(panel), panel.ts.size - end - 1)))
    return dataclasses.replace(
        panel, **{name: getattr(panel, name) * scale for name in ("open", "high", "low", "close")}
    )


@pytest.mark.parametrize("strategy", PANELS, ids=repr)
def test_weights_do_not_change_when_later_bars_are_cut_off_or_disturbed(strategy, shares):
    whole = strategy.target_weights(shares)
    decided = np.flatnonzero(~np.isnan(whole).all(axis=0))
    random = np.random.default_rng(2)
    for end in np.concatenate([random.integers(2, shares.ts.size, 3), random.choice(decided, 3)]).tolist():
        past = shares.until(shares.known_at[0, end])
        np.testing.assert_allclose(strategy.target_weights(past), whole[:, : end + 1], rtol=1e-9, atol=1e-12)
        other = strategy.target_weights(disturbed(shares, end))
        np.testing.assert_allclose(other[:, : end + 1], whole[:, : end + 1], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("strategy", PANELS, ids=repr)
def test_nothing_is_decided_before_the_warmup_and_something_soon_after(strategy, shares):
    decided = np.flatnonzero(~np.isnan(strategy.target_weights(shares)).all(axis=0))
    assert strategy.warmup <= decided[0] <= strategy.warmup + 23
    assert type(strategy)(**strategy.parameters()) == strategy


def test_momentum_leaves_out_the_last_bars(bars_of):
    # close[t - 1] / close[t - 3] - 1: 12 / 10, 15 / 11.
    panel = Panel.of([bars_of([10, 11, 12, 15, 9])])
    assert momentum_scores(panel, window=3, skip=1)[0].tolist() == pytest.approx(
        [NAN, NAN, NAN, 0.2, 15 / 11 - 1], nan_ok=True
    )


def test_reversal_is_minus_the_last_return(bars_of):
    panel = Panel.of([bars_of([10, 11, 12, 9])])
    assert reversal_scores(panel, window=2)[0].tolist() == pytest.approx([NAN, NAN, -0.2, 2 / 11], nan_ok=True)


def test_splits_and_dividends_are_returns_of_nothing(bars_of):
    # Two for one before the third bar: 10, 11, 12, 15 in old shares.
    panel = Panel.of([bars_of([10, 11, 6, 7.5], total_factor=[1, 1, 2, 2])])
    assert reversal_scores(panel, window=2)[0, 2:].tolist() == pytest.approx([-0.2, 1 - 15 / 11])
    assert momentum_scores(panel.adjusted("total"), window=3, skip=1)[0, 3] == pytest.approx(0.2)


def test_windows_count_a_symbols_own_bars(bars_of):
    one, gap = bars_of([10, 11, 12, 13, 14]), bars_of([10, 11, 12, 13, 14])
    rows = np.array([0, 1, 3, 4])
    names = ("ts", "open", "high", "low", "close", "volume", "known_at", "split_factor", "total_factor", "flags")
    gap = dataclasses.replace(gap, symbol="GAP", **{name: getattr(gap, name)[rows] for name in names})
    scores = momentum_scores(Panel.of([gap, one]), window=2, skip=0)[0]
    # Bar 2 is missing: bar 3 looks back to bar 0, bar 4 to bar 1.
    assert scores.tolist() == pytest.approx([NAN, NAN, NAN, 0.3, 14 / 11 - 1], nan_ok=True)


def test_low_volatility_is_minus_the_deviation_of_up_to_a_year(shares):
    scores = low_volatility_scores(shares)
    returns = pd.Series(shares.adjusted("total").close[2]).pct_change()
    for bar in (126, 200, 252, 400):
        expected = -returns[max(1, bar - 251) : bar + 1].std()
        assert scores[2, bar] == pytest.approx(expected)
    assert np.isnan(scores[:, :126]).all()


def test_a_portfolio_holds_what_scores_highest_at_the_end_of_the_month(shares):
    weights = AlphaPortfolio(method="quantile").target_weights(shares)
    close = pd.DataFrame(shares.adjusted("total").close.T, index=pd.DatetimeIndex(shares.ts))
    bar = int(np.flatnonzero(~np.isnan(weights[0]))[3])
    ends = close.groupby(close.index.to_period("M")).apply(lambda each: each.index[-1])
    assert close.index[bar] in set(ends)
    momentum = close.iloc[bar - 21] / close.iloc[bar - 252] - 1
    # Of six symbols a fifth, rounded down, is one.
    assert np.flatnonzero(weights[:, bar]).tolist() == [int(momentum.argmax())]
    assert weights[int(momentum.argmax()), bar] == 1.0


def statements(*rows):
    """Return annual statements: (fiscal period, known at, equity, diluted shares, gross profit, assets, net income)."""
    frame = pd.DataFrame(
        [dict(zip(("fiscal_period", "known_at", *ITEMS), row, strict=True)) for row in rows],
        index=pd.DatetimeIndex(
            pd.date_range("2022-12-31", periods=len(rows), freq="365D", tz="UTC"), name="ts"
        ).as_unit("us"),
    )
    frame["known_at"] = pd.to_datetime(frame["known_at"], utc=True, format="ISO8601").astype("datetime64[us, UTC]")
    return Records(
        kind="statements", name="statements:TEST", frame=frame, provider="test", source="", known_at_rule="", unit="USD"
    )


ITEMS = ("shareholders_equity", "shares_diluted", "gross_profit", "total_assets", "net_income")


def test_book_to_market_starts_when_a_statement_is_known_and_follows_splits(bars_of):
    # Closes are known at 21:00. The statement of 2024-01-02 22:00 counts from the third bar on.
    bars = bars_of([10, 10, 10, 5, 5])
    bars = dataclasses.replace(bars, split_factor=np.array([1, 1, 1, 2, 2.0]), total_factor=np.array([1, 1, 1, 2, 2.0]))
    filed = statements(
        ("FY", "2024-01-02T22:00", 500.0, 100.0, 1, 1, 1),
        ("Q1", "2024-01-03T12:00", 9.0, 9.0, 1, 1, 1),
        ("FY", "2024-01-05T20:00", 800.0, 200.0, 1, 1, 1),
    )
    scores = book_to_market(Panel.of([bars]), {"TEST": filed})[0]
    # 500 / (100 x 10); after the split 500 / (200 x 5); then 800 / (200 x 5), the new statement's shares being of today.
    assert scores.tolist() == pytest.approx([NAN, NAN, 0.5, 0.5, 0.8], nan_ok=True)


def test_quality_is_profit_over_assets_or_equity(bars_of):
    panel = Panel.of([bars_of([10, 10]), dataclasses.replace(bars_of([10, 10]), symbol="OTHER")])
    filed = {"TEST": statements(("FY", "2023-02-01", 500.0, 100.0, 60.0, 1200.0, 50.0))}
    # 60 / 1,200 and 50 / 500.
    np.testing.assert_array_equal(quality_scores(panel, filed), [[0.05, 0.05], [NAN, NAN]])
    assert quality_scores(panel, filed, "return_on_equity")[0].tolist() == [0.1, 0.1]
    short = {"TEST": statements(("FY", "2023-02-01", -500.0, 100.0, 60.0, 1200.0, 50.0))}
    assert np.isnan(quality_scores(panel, short, "return_on_equity")).all()


def test_symbols_without_annual_statements_have_no_score(bars_of):
    panel = Panel.of([bars_of([10, 10])])
    assert np.isnan(book_to_market(panel, {})).all()
    assert np.isnan(book_to_market(panel, {"TEST": statements(("Q1", "2023-02-01", 1, 1, 1, 1, 1))})).all()


def test_an_older_year_filed_again_is_no_newer_statement(bars_of):
    filed = statements(("FY", "2024-01-02T22:00", 500.0, 100.0, 1, 1, 1), ("FY", "2023-12-30", 800.0, 100.0, 1, 1, 1))
    assert book_to_market(Panel.of([bars_of([10] * 4)]), {"TEST": filed})[0].tolist() == pytest.approx([0.8] * 4)


def test_what_cannot_be_scored_is_refused(bars_of):
    panel = Panel.of([bars_of([10, 10])])
    with pytest.raises(DataError, match="takes raw prices"):
        book_to_market(panel.adjusted("total"), {})
    with pytest.raises(DataError, match="these are split-adjusted"):
        reversal_scores(panel.adjusted("split"))
    with pytest.raises(ConfigError, match="skip must be below window"):
        momentum_scores(panel, window=21, skip=21)
    with pytest.raises(ConfigError, match="alpha must be one of momentum"):
        AlphaPortfolio(alpha="value")
    with pytest.raises(ConfigError, match="leverage must be a number above 0"):
        AlphaPortfolio(leverage=0)
