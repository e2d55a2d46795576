"""The table of metrics of one account: every number with its convention, every gap with its reason."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError, InsufficientDataError
from investiq.core.facts import Fact, Unit
from investiq.metrics import formulas, trades
from investiq.metrics.conventions import Convention, convention_of
from investiq.metrics.drawdown_ratios import calmar_opening
from investiq.metrics.growth import growth_of
from investiq.metrics.inputs import FloatArray, Floats, InstantArray, Instants, days_between, equity_values, instants_of
from investiq.metrics.returns import undefined_returns

if TYPE_CHECKING:
    from investiq.metrics.moments import AccountMoments

__all__ = ["LEAST_RETURNS", "RECOMMENDED_RETURNS", "performance_facts"]

# Below 30 returns a ratio of two moments says nothing; below one year of sessions it is shown with a caution.
LEAST_RETURNS: Final = 30
RECOMMENDED_RETURNS: Final = 252

_NAN: Final = float("nan")
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
    try:
        account = _from_equity(equity_values(values, least=2, is_account=True), stamps, convention)
    except DataError as reason:
        account = [Fact(label, _NAN, unit, "", str(reason)) for label, unit in _account_labels(convention)]
    return [*account, *_trading(np.asarray(pnl, dtype=np.float64), is_invested, trade_returns), *_costs(fees, slippage)]


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


def _from_equity(equity: FloatArray, stamps: InstantArray, convention: Convention) -> list[Fact]:
    from investiq.metrics.moments import account_moments

    moments = account_moments(equity, convention.target_per_period)
    days = days_between(stamps[0], stamps[-1])
    total = float(equity[-1] / equity[0] - 1.0)
    counted = stamps if convention.growth == "calendar" else None
    growth = computed_fact(
        "CAGR",
        "fraction",
        lambda: growth_of(equity, counted, convention),
        f"calendar days / {convention.days_per_year:g}"
        if counted is not None
        else f"periods / {convention.periods_per_year:g}",
        f"extrapolated from {days:.0f} days: not to be presented as an annual rate" if days < 365 else "",
    )
    if moments.undefined < 0:
        risk = _risk(equity, moments, convention)
    else:
        reason = undefined_returns(equity, moments.undefined)
        risk = [Fact(label, _NAN, unit, "", reason) for label, unit in _risk_labels(convention)]
    return [
        Fact("Total return", total, "fraction", "last / opening equity - 1, after costs"),
        growth,
        *risk,
        Fact("Max drawdown", moments.depth, "fraction", "from the highest close, opening capital included"),
        Fact(
            "Longest drawdown",
            moments.longest,
            "bars",
            "peak to recovery",
            "not yet recovered" if moments.is_ongoing else "",
        ),
        _calmar(equity, stamps, convention),
        computed_fact(
            "MAR ratio",
            "ratio",
            lambda: formulas.per_drawdown(growth.value, moments.depth),
            "CAGR / |max drawdown|, since inception",
        ),
        computed_fact(
            "Recovery factor",
            "ratio",
            lambda: formulas.per_drawdown(total, moments.depth),
            "total return / |max drawdown|",
        ),
    ]


def _risk(equity: FloatArray, moments: AccountMoments, convention: Convention) -> list[Fact]:
    count, periods = equity.size - 1, convention.periods_per_year
    basis = f"{count:,} returns, {periods:g} periods a year"
    caution = f"fewer than {RECOMMENDED_RETURNS} returns: very uncertain" if count < RECOMMENDED_RETURNS else ""
    is_geometric = convention.ratio_return == "geometric"

    def spread() -> float:
        return formulas.spread_of(moments.squares, count, convention.ddof)

    deviation = computed_fact(
        "Volatility", "fraction", lambda: spread() * periods**0.5, f"{basis}, ddof {convention.ddof}"
    )

    def sharpe() -> float:
        _enough(count)
        if is_geometric:
            excess = growth_of(equity, None, convention) - convention.risk_free
            return formulas.sharpe(excess, deviation.value, 0.0, 1.0)
        return formulas.sharpe(moments.mean, deviation.value / periods**0.5, convention.risk_free_per_period, periods)

    def sortino() -> float:
        _enough(count)
        downside = math.sqrt(moments.shortfalls / count)
        if is_geometric:
            excess = growth_of(equity, None, convention) - convention.target_per_year
            return excess * formulas.sortino(1.0, downside, 0.0, 1.0) / math.sqrt(periods)
        return formulas.sortino(moments.mean, downside, convention.target_per_period, periods)

    numerator = ", of the CAGR" if is_geometric else ""
    conventions = f"{basis}, ddof {convention.ddof}, risk-free {convention.risk_free * 100:g} % a year{numerator}"
    ratio = computed_fact("Sharpe ratio", "ratio", sharpe, conventions, caution)
    return [
        deviation,
        ratio,
        Fact(
            "Standard error of Sharpe",
            _NAN if ratio.value != ratio.value else formulas.sharpe_error(ratio.value, count, periods),
            "ratio",
            "independent returns (Lo 2002)",
            ratio.note,
        ),
        computed_fact(
            "Sortino ratio", "ratio", sortino, f"{basis}, {convention.describe_target()}{numerator}", caution
        ),
        Fact(f"Best {_day(convention)}", moments.best, "fraction"),
        Fact(f"Worst {_day(convention)}", moments.worst, "fraction"),
    ]


def _enough(count: int) -> None:
    if count < LEAST_RETURNS:
        raise InsufficientDataError(f"{count} returns, needs {LEAST_RETURNS}")


def _calmar(equity: FloatArray, stamps: InstantArray, convention: Convention) -> Fact:
    from investiq.metrics.moments import account_moments

    months = convention.calmar_months
    basis = f"CAGR / |max drawdown|, {f'last {months} months' if months else 'since inception'}"
    counted = stamps if convention.growth == "calendar" else None
    try:
        first = calmar_opening(equity, counted, convention)
    except InsufficientDataError as reason:
        return Fact("Calmar ratio", _NAN, "ratio", basis, str(reason))
    window = f"{basis}, from {stamps[first].astype('datetime64[D]')}" if months else basis
    recent = equity[first:]

    def calmar() -> float:
        growth = growth_of(recent, None if counted is None else counted[first:], convention)
        return formulas.per_drawdown(growth, account_moments(recent, 0.0).depth)

    return computed_fact("Calmar ratio", "ratio", calmar, window)


def _trading(pnl: FloatArray, is_invested: NDArray[np.bool_], trade_returns: Floats | None) -> list[Fact]:
    facts = [
        computed_fact(
            "Exposure", "fraction", lambda: trades.exposure(is_invested), "bars with a position at the close"
        ),
        Fact("Closed trades", pnl.size, "count"),
    ]
    try:
        closed = trades.outcomes(pnl)
    except DataError as reason:
        facts += [Fact(label, _NAN, unit, "", str(reason)) for label, unit in _TRADE_LABELS]
    else:
        flat = f", {closed.flat} flat" if closed.flat else ""
        split = f"{closed.won} won, {closed.lost} lost{flat}, after costs"
        formulas_of = (closed.win_rate, closed.profit_factor, closed.average_win, closed.average_loss)
        conventions = (split, "gross profit / gross loss", "winning trades only", "losing trades only")
        facts += [
            computed_fact(label, unit, formula, convention)
            for (label, unit), formula, convention in zip(_TRADE_LABELS, formulas_of, conventions, strict=True)
        ]
    if trade_returns is not None:
        net = np.asarray(trade_returns, dtype=np.float64)
        facts.append(
            computed_fact("Average trade", "fraction", lambda: trades.average_trade(net), "net profit / entry notional")
        )
    return facts


def _costs(fees: float | None, slippage: float | None) -> list[Fact]:
    totals = (("Total fees", fees), ("Total slippage", slippage))
    return [Fact(label, amount, "money", "all fills") for label, amount in totals if amount is not None]
