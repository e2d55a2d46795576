"""The table of metrics of one account: every number with its convention, every gap with its reason."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError
from investiq.core.facts import Fact, Unit
from investiq.metrics.conventions import Convention, convention_of
from investiq.metrics.inputs import Floats, InstantArray, Instants, days_between, equity_values, instants_of
from investiq.metrics.performance import LEAST_RETURNS, Performance, Span
from investiq.metrics.trades import exposure

__all__ = ["LEAST_RETURNS", "RECOMMENDED_RETURNS", "performance_facts"]

# Below one year of sessions a ratio is shown with a caution.
RECOMMENDED_RETURNS: Final = 252

_NAN: Final = float("nan")
_NO_RETURNS: Final = np.empty(0)
_NO_SPAN: Final = Span(periods=_NAN, per_year=_NAN, calmar_first=-1, calmar_periods=_NAN, refusal="")
_DAILY: Final = (252.0, 365.0)
_TRADE_LABELS: Final[tuple[tuple[str, Unit], ...]] = (
    ("Win rate", "fraction"),
    ("Profit factor", "ratio"),
    ("Average win", "money"),
    ("Average loss", "money"),
)


def performance_facts(
    equity: Floats,
    ts: Instants,
    pnl: Floats,
    is_invested: NDArray[np.bool_],
    convention: Convention,
    *,
    trade_returns: Floats | None = None,
    fees: float | None = None,
    slippage: float | None = None,
) -> list[Fact]:
    """Return the metrics of an account, NaN with the reason where one is undefined.

    Parameters
    ----------
    equity : ndarray or Series of shape (n_bars + 1,)
        Account value after all costs at each close, opening point first.
    ts : ndarray of datetime64 or DatetimeIndex of shape (n_bars + 1,)
        Time of each point, UTC.
    pnl : ndarray or Series of shape (n_trades,)
        Net profit of each closed round trip, money.
    is_invested : ndarray of bool, shape (n_bars,)
        Whether a position was open at each close.
    convention : Convention
    trade_returns : ndarray or Series of shape (n_trades,), optional
        Net profit of each closed round trip over its entry notional.
    fees, slippage : float, optional
        Total money paid on all fills, >= 0.

    Returns
    -------
    list of Fact
        Growth, risk, drawdowns, trades, costs. The Sharpe and Sortino ratios
        are NaN below 30 returns and carry a caution below 252. Where `equity`
        holds NaN, every number that needs it is NaN and says so.

    Raises
    ------
    DataError
        If `ts` does not fit `equity` or descends.

    Examples
    --------
    >>> ts = np.array(["2023-12-29", "2024-01-02", "2024-01-03"], dtype="datetime64[us]")
    >>> facts = performance_facts(
    ...     np.array([100.0, 110.0, 99.0]),
    ...     ts,
    ...     np.array([-1.0]),
    ...     np.array([True, False]),
    ...     Convention(periods_per_year=252),
    ... )
    >>> [(fact.label, round(fact.value, 4)) for fact in facts[:1]]
    [('Total return', -0.01)]
    """
    convention_of(convention)
    values = np.asarray(equity, dtype=np.float64)
    stamps = instants_of(values, ts)
    closed = np.asarray(pnl, dtype=np.float64)
    returns = _NO_RETURNS if trade_returns is None else np.asarray(trade_returns, dtype=np.float64)
    span, refusal = _NO_SPAN, ""
    try:
        values = np.ascontiguousarray(equity_values(values, least=2, is_account=True))
        span = Span.of(stamps, convention)
    except DataError as reason:
        refusal = str(reason)
    opening = float(values[0]) if values.size else _NAN
    measured = Performance(opening, values[1:], span, closed, partial(exposure, is_invested), convention, returns)
    if refusal:
        account = [Fact(label, _NAN, unit, "", refusal) for label, unit in _account_labels(convention)]
    else:
        account = _from_equity(measured, stamps)
    return [*account, *_trading(measured, trade_returns is not None), *_costs(fees, slippage)]


def _day(convention: Convention) -> str:
    return "day" if convention.periods_per_year in _DAILY else "period"


def _account_labels(convention: Convention) -> list[tuple[str, Unit]]:
    """Return the lines that `_from_equity` fills."""
    return [
        ("Total return", "fraction"),
        ("CAGR", "fraction"),
        *_risk_labels(convention),
        ("Max drawdown", "fraction"),
        ("Longest drawdown", "bars"),
        ("Calmar ratio", "ratio"),
        ("MAR ratio", "ratio"),
        ("Recovery factor", "ratio"),
    ]


def _risk_labels(convention: Convention) -> list[tuple[str, Unit]]:
    day = _day(convention)
    return [
        ("Volatility", "fraction"),
        ("Sharpe ratio", "ratio"),
        ("Standard error of Sharpe", "ratio"),
        ("Sortino ratio", "ratio"),
        (f"Best {day}", "fraction"),
        (f"Worst {day}", "fraction"),
    ]


def computed_fact(label: str, unit: Unit, compute: Callable[[], float], convention: str = "", note: str = "") -> Fact:
    """Return the metric, or NaN with the reason that its formula gives."""
    try:
        return Fact(label, compute(), unit, convention, note)
    except DataError as reason:
        return Fact(label, _NAN, unit, convention, str(reason))


def _from_equity(account: Performance, stamps: InstantArray) -> list[Fact]:
    convention, span, count = account.convention, account.span, account.count
    days = days_between(stamps[0], stamps[-1])
    unit = "calendar days" if convention.growth == "calendar" else "periods"
    return [
        Fact("Total return", account.total_return(), "fraction", "last / opening equity - 1, after costs"),
        computed_fact(
            "CAGR",
            "fraction",
            account.cagr,
            f"{unit} / {span.per_year:g}",
            f"extrapolated from {days:.0f} days: not to be presented as an annual rate" if days < 365 else "",
        ),
        *_risk(account, count, convention),
        Fact("Max drawdown", account.max_drawdown(), "fraction", "from the highest close, opening capital included"),
        Fact(
            "Longest drawdown",
            account.longest_drawdown(),
            "bars",
            "peak to recovery",
            "not yet recovered" if account.moments.is_ongoing else "",
        ),
        _calmar(account, stamps),
        computed_fact("MAR ratio", "ratio", account.mar_ratio, "CAGR / |max drawdown|, since inception"),
        computed_fact("Recovery factor", "ratio", account.recovery_factor, "total return / |max drawdown|"),
    ]


def _risk(account: Performance, count: int, convention: Convention) -> list[Fact]:
    labels = _risk_labels(convention)
    if account.moments.undefined >= 0:
        return [Fact(label, _NAN, unit, "", account.lost()) for label, unit in labels]
    basis = f"{count:,} returns, {convention.periods_per_year:g} periods a year"
    caution = f"fewer than {RECOMMENDED_RETURNS} returns: very uncertain" if count < RECOMMENDED_RETURNS else ""
    numerator = ", of the CAGR" if convention.ratio_return == "geometric" else ""
    conventions = f"{basis}, ddof {convention.ddof}, risk-free {convention.risk_free * 100:g} % a year{numerator}"
    ratio = computed_fact("Sharpe ratio", "ratio", account.sharpe_ratio, conventions, caution)
    return [
        computed_fact("Volatility", "fraction", account.volatility, f"{basis}, ddof {convention.ddof}"),
        ratio,
        Fact(
            "Standard error of Sharpe",
            _NAN if ratio.value != ratio.value else account.sharpe_error(),
            "ratio",
            "independent returns (Lo 2002)",
            ratio.note,
        ),
        computed_fact(
            "Sortino ratio",
            "ratio",
            account.sortino_ratio,
            f"{basis}, {convention.describe_target()}{numerator}",
            caution,
        ),
        Fact(labels[-2][0], account.best_return(), "fraction"),
        Fact(labels[-1][0], account.worst_return(), "fraction"),
    ]


def _calmar(account: Performance, stamps: InstantArray) -> Fact:
    months, first = account.convention.calmar_months, account.span.calmar_first
    basis = f"CAGR / |max drawdown|, {f'last {months} months' if months else 'since inception'}"
    if months and first >= 0:
        basis += f", from {stamps[first].astype('datetime64[D]')}"
    return computed_fact("Calmar ratio", "ratio", account.calmar_ratio, basis)


def _trading(account: Performance, has_returns: bool) -> list[Fact]:
    facts = [
        computed_fact("Exposure", "fraction", account.exposure, "bars with a position at the close"),
        Fact("Closed trades", account.closed_trades(), "count"),
    ]
    try:
        closed = account.outcomes
    except DataError as reason:
        facts += [Fact(label, _NAN, unit, "", str(reason)) for label, unit in _TRADE_LABELS]
    else:
        flat = f", {closed.flat} flat" if closed.flat else ""
        split = f"{closed.won} won, {closed.lost} lost{flat}, after costs"
        conventions = (split, "gross profit / gross loss", "winning trades only", "losing trades only")
        formulas_of = (account.win_rate, account.profit_factor, account.average_win, account.average_loss)
        facts += [
            computed_fact(label, unit, formula, convention)
            for (label, unit), formula, convention in zip(_TRADE_LABELS, formulas_of, conventions, strict=True)
        ]
    if has_returns:
        facts.append(computed_fact("Average trade", "fraction", account.average_trade, "net profit / entry notional"))
    return facts


def _costs(fees: float | None, slippage: float | None) -> list[Fact]:
    totals = (("Total fees", fees), ("Total slippage", slippage))
    return [Fact(label, amount, "money", "all fills") for label, amount in totals if amount is not None]
