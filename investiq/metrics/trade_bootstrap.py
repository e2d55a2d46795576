"""Intervals for the statistics of closed trades."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from investiq.core.errors import InsufficientDataError
from investiq.core.facts import Unit
from investiq.core.notes import Note
from investiq.metrics.bootstrap import refuse_settings
from investiq.metrics.bootstrap_result import BootstrapInterval
from investiq.metrics.inputs import FloatArray, Floats, finite
from investiq.metrics.resampling import key_of, over_threads
from investiq.metrics.trades import outcomes

__all__ = ["TradeIntervals", "bootstrap_trades"]

LEAST_TRADES: Final = 10


class TradeIntervals(NamedTuple):
    """Bootstrap intervals of the statistics of trades."""

    win_rate: BootstrapInterval
    profit_factor: BootstrapInterval
    average_trade: BootstrapInterval


def bootstrap_trades(pnl: Floats, *, confidence: float = 0.95, draws: int = 2_000, seed: int = 0) -> TradeIntervals:
    """Return percentile intervals of win rate, profit factor and average trade.

    Whole trades are drawn independently of each other. Where wins and losses
    come in runs the intervals are too narrow.

    Parameters
    ----------
    pnl : ndarray or Series of shape (n_trades,)
        Net profit of each closed round trip, money, without NaN.
    confidence : float, default 0.95
    draws : int, default 2000
    seed : int, default 0

    Returns
    -------
    TradeIntervals
        A draw without a losing trade has an infinite profit factor, which the
        quantiles count as such: the upper bound may be infinite.

    Raises
    ------
    DataError
        If `pnl` holds NaN.
    InsufficientDataError
        If there are fewer than 10 trades, or none lost.

    Examples
    --------
    >>> found = bootstrap_trades(np.array([100.0, -50.0, 150.0, -75.0, 200.0] * 4))
    >>> found.win_rate.estimate, round(found.win_rate.low, 2), round(found.win_rate.high, 2)
    (0.6, 0.4, 0.8)
    """
    from investiq.metrics.bootstrap_kernels import trade_draws

    refuse_settings("percentile", confidence, draws)
    values = finite("pnl", pnl)
    if values.size < LEAST_TRADES:
        raise InsufficientDataError(f"intervals of trade statistics need {LEAST_TRADES} trades, received {values.size}")
    sample = outcomes(values)
    factor = sample.profit_factor()
    key = key_of(seed)

    def run(first: int, *parts: FloatArray) -> None:
        trade_draws(values, key, first, *parts)

    won, gained, lost = (np.empty(draws) for _ in range(3))
    over_threads(run, draws, values.size, won, gained, lost)
    factors = np.full(draws, np.inf)
    np.divide(gained, lost, out=factors, where=lost > 0)

    def interval(name: str, unit: Unit, estimate: float, found: FloatArray, convention: str) -> BootstrapInterval:
        notes: tuple[Note, ...] = ()
        if endless := int(np.isinf(found).sum()):
            text = f"{endless} of {draws:,} draws hold no losing trade: their profit factor is infinite"
            notes = (Note(code="draws_without_losses", text=text, rows=endless),)
        # Bounds are draws themselves: halfway between a number and infinity is no number.
        # Rounded, because (1 - 0.95) / 2 exceeds 0.025 in binary, which would count one draw more.
        tails = round((1 - confidence) / 2, 12), round((1 + confidence) / 2, 12)
        low, high = np.quantile(found, tails, method="inverted_cdf")
        return BootstrapInterval(
            name=name,
            unit=unit,
            estimate=estimate,
            low=float(low),
            high=float(high),
            standard_error=float(found[np.isfinite(found)].std(ddof=1)),
            confidence=confidence,
            method="percentile",
            scheme="iid",
            block=1.0,
            count=values.size,
            seed=int(seed),
            draws=found,
            convention=convention,
            notes=notes,
        )

    return TradeIntervals(
        interval("Win rate", "fraction", sample.win_rate(), won / values.size, "winners / closed trades, after costs"),
        interval("Profit factor", "ratio", factor, factors, "gross profit / gross loss, after costs"),
        interval("Average trade", "money", float(values.mean()), (gained - lost) / values.size, "net profit a trade"),
    )
