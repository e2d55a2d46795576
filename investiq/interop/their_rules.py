"""Rules of other libraries that no `Convention` holds, recomputed with our own functions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from investiq.metrics import growth, ratios, relative, shape
from investiq.metrics.conventions import Convention
from investiq.metrics.drawdown_risk import ulcer_index
from investiq.metrics.drawdowns import max_drawdown
from investiq.metrics.sharpe_inference import sharpe_moments
from investiq.metrics.track_record import probabilistic_sharpe_ratio_from_moments

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Sample",
    "alpha_without_rate",
    "annual_capture",
    "bias_corrected_psr",
    "binary_kelly",
    "compounded_alpha",
    "daily_gain_to_pain",
    "per_period_information",
    "sum_over_drawdown",
    "total_over_beta",
    "total_over_ulcer",
    "win_rate",
]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Returns under a convention: all of them, and those on the times of a benchmark."""

    returns: pd.Series[float]
    pair: pd.DataFrame | None
    convention: Convention

    @cached_property
    def wealth(self) -> pd.Series[float]:
        """What one unit becomes, opening point first."""
        return growth.wealth(self.returns, self.convention)

    @property
    def periods(self) -> float:
        """Periods a year."""
        return self.convention.periods_per_year

    @property
    def both(self) -> tuple[pd.Series[float], pd.Series[float]]:
        """Returns and benchmark on common times."""
        assert self.pair is not None
        return self.pair["returns"], self.pair["benchmark"]


def binary_kelly(sample: Sample) -> float:
    """Return quantstats' Kelly fraction: each period a bet with two outcomes."""
    wins, losses = sample.returns[sample.returns > 0], sample.returns[sample.returns < 0]
    won = wins.size / (wins.size + losses.size)
    return float(won - (1 - won) * -losses.mean() / wins.mean())


def win_rate(sample: Sample) -> float:
    """Return quantstats' win rate: periods of exactly zero are not counted."""
    return float((sample.returns > 0).sum() / (sample.returns != 0).sum())


def bias_corrected_psr(sample: Sample) -> float:
    """Return quantstats' probabilistic Sharpe ratio: bias-corrected moments in its error."""
    sharpe, count, _, _ = sharpe_moments(sample.returns, sample.convention)
    raw = shape.kurtosis(sample.returns, excess=False)
    skew = shape.skewness(sample.returns)
    return probabilistic_sharpe_ratio_from_moments(sharpe, count, skewness=skew, kurtosis=raw)


def daily_gain_to_pain(sample: Sample) -> float:
    """Return quantstats' gain-to-pain ratio: of the sums of each calendar day."""
    daily = sample.returns.groupby(sample.returns.index.floor("D")).sum()  # type: ignore[attr-defined]
    return ratios.gain_to_pain_ratio(daily)


def compounded_alpha(sample: Sample) -> float:
    """Return empyrical's alpha: the mean of one period compounded over a year."""
    per_period = relative.jensen_alpha(*sample.both, sample.convention) / sample.periods
    return float((1 + per_period) ** sample.periods - 1)


def alpha_without_rate(sample: Sample) -> float:
    """Return quantstats' alpha: of the returns themselves, not of those above the risk-free rate."""
    return relative.jensen_alpha(*sample.both, Convention(periods_per_year=sample.periods))


def total_over_ulcer(sample: Sample) -> float:
    """Return quantstats' Ulcer performance index: the total return over the Ulcer index."""
    total = growth.total_return(sample.wealth) - sample.convention.risk_free
    return total / ulcer_index(sample.wealth, sample.convention)


def total_over_beta(sample: Sample) -> float:
    """Return quantstats' Treynor ratio: the total return over beta."""
    mine, benchmark = sample.both
    total = float(np.prod(1 + mine.to_numpy()) - 1) - sample.convention.risk_free
    return total / relative.beta(mine, benchmark, sample.convention)


def sum_over_drawdown(sample: Sample) -> float:
    """Return quantstats' recovery factor: the size of the sum of returns over the deepest drawdown."""
    return abs(float(sample.returns.sum())) / -max_drawdown(sample.wealth)


def annual_capture(sample: Sample, *, up: bool) -> float:
    """Return empyrical's capture: annualised growth of the chosen periods over the benchmark's."""
    mine, benchmark = (each.to_numpy() for each in sample.both)
    chosen = benchmark > 0 if up else benchmark < 0
    power = sample.periods / np.count_nonzero(chosen)
    rates = [float(np.prod(1 + each[chosen]) ** power - 1) for each in (mine, benchmark)]
    return rates[0] / rates[1]


def per_period_information(sample: Sample) -> float:
    """Return the information ratio of one period, as both libraries do."""
    return float(relative.information_ratio(*sample.both, sample.convention) / sample.periods**0.5)
