"""The numbers of one account: one pass over its equity, one over its trades, each number a method."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from investiq.core.errors import DataError, InsufficientDataError
from investiq.metrics import formulas, trades
from investiq.metrics.conventions import Convention
from investiq.metrics.drawdown_ratios import calmar_opening
from investiq.metrics.inputs import FloatArray, InstantArray
from investiq.metrics.moments import AccountMoments, account_moments, deepest_drawdown

__all__ = ["LEAST_RETURNS", "Figures", "Performance", "Span"]

# Below 30 returns a ratio of two moments says nothing.
LEAST_RETURNS: Final = 30

_NAN: Final = float("nan")
_DAY_US: Final = 86_400_000_000


class Figures(NamedTuple):
    """The metrics of an account as bare numbers, NaN where one is undefined; conventions are those of `performance_facts`."""

    total_return: float
    cagr: float
    volatility: float
    sharpe_ratio: float
    sharpe_error: float
    sortino_ratio: float
    best_return: float
    worst_return: float
    max_drawdown: float
    longest_drawdown: float
    calmar_ratio: float
    mar_ratio: float
    recovery_factor: float
    exposure: float
    closed_trades: float
    win_rate: float
    profit_factor: float
    average_win: float
    average_loss: float
    average_trade: float


class Span(NamedTuple):
    """The time of an account: the same for every run over the same bars under one convention.

    Attributes
    ----------
    periods : float
        From the first to the last point: years times `per_year`.
    per_year : float
        Calendar days of a year, or returns of one.
    calmar_first : int
        Row at which the window of the Calmar ratio opens; -1 where the span is too short.
    calmar_periods : float
        From that row to the last.
    refusal : str
        Why there is no such row; empty where there is.
    """

    periods: float
    per_year: float
    calmar_first: int
    calmar_periods: float
    refusal: str

    @classmethod
    def of(cls, stamps: InstantArray, convention: Convention) -> Span:
        """Return the span of ascending stamps in microseconds, opening point first."""
        whole = stamps.view(np.int64)
        counts_days = convention.growth == "calendar"

        def periods_since(row: int) -> float:
            return (int(whole[-1]) - int(whole[row])) / _DAY_US if counts_days else float(stamps.size - 1 - row)

        per_year = convention.days_per_year if counts_days else convention.periods_per_year
        try:
            first = calmar_opening(stamps, stamps if counts_days else None, convention)
        except InsufficientDataError as reason:
            return cls(periods_since(0), per_year, -1, _NAN, str(reason))
        return cls(periods_since(0), per_year, first, periods_since(first), "")


class Performance:
    """The metrics of an account, each computed when it is asked for.

    A method raises `InsufficientDataError` where its formula is undefined.

    Parameters
    ----------
    opening : float
        Account value before the first bar, positive.
    equity : ndarray of float64, shape (n_bars,)
        Account value at each close; finite.
    span : Span
        Of its times.
    pnl : ndarray of float64, shape (n_trades,)
        Net profit of each closed round trip, money.
    exposure : callable
        Returns the share of bars with a position at the close.
    convention : Convention
    trade_returns : ndarray of float64, shape (n_trades,)
        Net profit over the entry notional.
    """

    def __init__(
        self,
        opening: float,
        equity: FloatArray,
        span: Span,
        pnl: FloatArray,
        exposure: Callable[[], float],
        convention: Convention,
        trade_returns: FloatArray,
    ) -> None:
        self.opening = opening
        self.equity = equity
        self.span = span
        self.pnl = pnl
        self._exposure = exposure
        self.convention = convention
        self.trade_returns = trade_returns
        self.count = equity.size
        # Each is kept once it was computed; `functools.cached_property` takes a lock for it, ten times as long.
        self._moments: AccountMoments | None = None
        self._outcomes: trades.Outcomes | None = None
        self._growth: float | None = None
        self._sharpe: float | None = None

    @property
    def moments(self) -> AccountMoments:
        """What one pass over the equity leaves."""
        if self._moments is None:
            self._moments = account_moments(self.equity, self.convention.target_per_period, self.opening)
        return self._moments

    @property
    def outcomes(self) -> trades.Outcomes:
        """Counts and sums of the closed trades."""
        if self._outcomes is None:
            self._outcomes = trades.outcomes(self.pnl)
        return self._outcomes

    def total_return(self) -> float:
        """Return what the account gained on its opening value."""
        return float(self.equity[-1]) / self.opening - 1.0

    def cagr(self) -> float:
        """Return the compound annual growth."""
        if self._growth is None:
            span = self.span
            self._growth = formulas.growth_rate(self.opening, float(self.equity[-1]), span.periods, span.per_year)
        return self._growth

    def volatility(self) -> float:
        """Return the annualised standard deviation of returns."""
        self._defined()
        spread = formulas.spread_of(self.moments.squares, self.count, self.convention.ddof)
        return spread * math.sqrt(self.convention.periods_per_year)

    def sharpe_ratio(self) -> float:
        """Return the annualised Sharpe ratio; undefined below 30 returns."""
        if self._sharpe is None:
            self._sharpe = self._annual_sharpe()
        return self._sharpe

    def _annual_sharpe(self) -> float:
        self._enough()
        convention = self.convention
        periods = convention.periods_per_year
        if convention.ratio_return == "geometric":
            excess = self._compound_growth() - convention.risk_free
            return formulas.sharpe(excess, self.volatility(), 0.0, 1.0)
        spread = self.volatility() / math.sqrt(periods)
        return formulas.sharpe(self.moments.mean, spread, convention.risk_free_per_period, periods)

    def sharpe_error(self) -> float:
        """Return the standard error of the Sharpe ratio of independent returns."""
        return formulas.sharpe_error(self.sharpe_ratio(), self.count, self.convention.periods_per_year)

    def sortino_ratio(self) -> float:
        """Return the annualised Sortino ratio; undefined below 30 returns."""
        self._enough()
        convention, moments = self.convention, self.moments
        periods = convention.periods_per_year
        downside = math.sqrt(moments.shortfalls / self.count)
        if convention.ratio_return == "geometric":
            excess = self._compound_growth() - convention.target_per_year
            return excess * formulas.sortino(1.0, downside, 0.0, 1.0) / math.sqrt(periods)
        return formulas.sortino(moments.mean, downside, convention.target_per_period, periods)

    def best_return(self) -> float:
        """Return the largest return of a period."""
        self._defined()
        return self.moments.best

    def worst_return(self) -> float:
        """Return the smallest return of a period."""
        self._defined()
        return self.moments.worst

    def max_drawdown(self) -> float:
        """Return the deepest drawdown, <= 0."""
        return self.moments.depth

    def longest_drawdown(self) -> float:
        """Return the longest drawdown in periods, from its peak to its recovery."""
        return self.moments.longest

    def calmar_ratio(self) -> float:
        """Return growth over the deepest drawdown, both of the last `calmar_months`."""
        first = self.span.calmar_first
        if first < 0:
            raise InsufficientDataError(self.span.refusal)
        if first == 0:
            opening, depth = self.opening, self.moments.depth
        else:
            opening = float(self.equity[first - 1])
            depth = deepest_drawdown(self.equity[first:], opening)
        growth = formulas.growth_rate(opening, float(self.equity[-1]), self.span.calmar_periods, self.span.per_year)
        return formulas.per_drawdown(growth, depth)

    def mar_ratio(self) -> float:
        """Return growth over the deepest drawdown, since inception."""
        return formulas.per_drawdown(self.cagr(), self.moments.depth)

    def recovery_factor(self) -> float:
        """Return the total return over the deepest drawdown."""
        return formulas.per_drawdown(self.total_return(), self.moments.depth)

    def exposure(self) -> float:
        """Return the share of bars with a position at the close."""
        return self._exposure()

    def closed_trades(self) -> float:
        """Return the number of closed round trips."""
        return self.pnl.size

    def win_rate(self) -> float:
        """Return the share of closed trades with a net gain."""
        return self.outcomes.win_rate()

    def profit_factor(self) -> float:
        """Return gross profit over gross loss."""
        return self.outcomes.profit_factor()

    def average_win(self) -> float:
        """Return the mean net profit of winning trades, money."""
        return self.outcomes.average_win()

    def average_loss(self) -> float:
        """Return the mean net profit of losing trades, money, <= 0."""
        return self.outcomes.average_loss()

    def average_trade(self) -> float:
        """Return the mean net return of closed trades."""
        return trades.average_trade(self.trade_returns)

    def figures(self) -> Figures:
        """Return every metric, NaN where one is undefined."""
        metrics = [getattr(self, name) for name in Figures._fields]
        try:
            return Figures(*[metric() for metric in metrics])
        except DataError:
            return Figures(*map(_or_nan, metrics))

    def _defined(self) -> None:
        if self.moments.undefined >= 0:
            raise DataError(self.lost())

    def lost(self) -> str:
        """Return why there are no returns, where the account came to nothing on the way."""
        row = self.moments.undefined
        left = self.opening if row == 0 else self.equity[row - 1]
        return f"equity falls to {left:g} at point {row} of {self.count + 1}: returns after it are undefined"

    def _enough(self) -> None:
        self._defined()
        if self.count < LEAST_RETURNS:
            raise InsufficientDataError(f"{self.count} returns, needs {LEAST_RETURNS}")

    def _compound_growth(self) -> float:
        return formulas.growth_rate(self.opening, float(self.equity[-1]), self.count, self.convention.periods_per_year)


def _or_nan(metric: Callable[[], float]) -> float:
    try:
        return metric()
    except DataError:
        return _NAN
