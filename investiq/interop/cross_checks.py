"""The table of what is cross-checked: our number, the same by another library's rules, and why they differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from investiq.interop.second_opinions import Tool
from investiq.metrics import drawdown_ratios as per_drawdown
from investiq.metrics import growth, ratios, relative, shape, tail
from investiq.metrics.capm import capm
from investiq.metrics.conventions import Convention
from investiq.metrics.drawdown import max_drawdown
from investiq.metrics.drawdown_risk import ulcer_index
from investiq.metrics.returns import best_return, hit_rate, worst_return
from investiq.metrics.sharpe_inference import (
    probabilistic_sharpe_ratio,
    probabilistic_sharpe_ratio_from_moments,
    sharpe_moments,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CONFIDENCE", "METRICS", "Metric", "Sample", "TheirRule"]

# Of the value at risk and the expected shortfall.
CONFIDENCE: Final = 0.95


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


class TheirRule(NamedTuple):
    """A rule of another library that no `Convention` holds: our recomputation of it, and its words."""

    compute: Callable[[Sample], float]
    why: str


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric of the cross-check.

    Attributes
    ----------
    name : str
    ours : callable
    uses : tuple of str
        Fields of the `Convention` that it depends on, for the explanation.
    rules : mapping of tool to TheirRule
        Where the profile of the library is not enough.
    """

    name: str
    ours: Callable[[Sample], float]
    uses: tuple[str, ...] = ()
    rules: Mapping[Tool, TheirRule] = field(default_factory=dict)

    def as_theirs(self, sample: Sample, tool: Tool) -> float:
        """Return our computation by the rules of `tool`; `sample` is under its profile."""
        rule = self.rules.get(tool)
        return (rule.compute if rule else self.ours)(sample)


def _binary_kelly(sample: Sample) -> float:
    wins, losses = sample.returns[sample.returns > 0], sample.returns[sample.returns < 0]
    won = wins.size / (wins.size + losses.size)
    return float(won - (1 - won) * -losses.mean() / wins.mean())


def _win_rate(sample: Sample) -> float:
    return float((sample.returns > 0).sum() / (sample.returns != 0).sum())


def _bias_corrected_psr(sample: Sample) -> float:
    sharpe, count, _, _ = sharpe_moments(sample.returns, sample.convention)
    raw = shape.kurtosis(sample.returns, excess=False)
    skew = shape.skewness(sample.returns)
    return probabilistic_sharpe_ratio_from_moments(sharpe, count, skewness=skew, kurtosis=raw)


def _daily_gain_to_pain(sample: Sample) -> float:
    daily = sample.returns.groupby(sample.returns.index.floor("D")).sum()  # type: ignore[attr-defined]
    return ratios.gain_to_pain_ratio(daily)


def _compounded_alpha(sample: Sample) -> float:
    per_period = relative.jensen_alpha(*sample.both, sample.convention) / sample.periods
    return float((1 + per_period) ** sample.periods - 1)


def _alpha_without_rate(sample: Sample) -> float:
    return relative.jensen_alpha(*sample.both, Convention(periods_per_year=sample.periods))


def _total_over_ulcer(sample: Sample) -> float:
    total = growth.total_return(sample.wealth) - sample.convention.risk_free
    return total / ulcer_index(sample.wealth, sample.convention)


def _total_over_beta(sample: Sample) -> float:
    mine, benchmark = sample.both
    total = float((1 + mine).prod() - 1) - sample.convention.risk_free
    return total / relative.beta(mine, benchmark, sample.convention)


def _sum_over_drawdown(sample: Sample) -> float:
    return abs(float(sample.returns.sum())) / -max_drawdown(sample.wealth)


def _annual_capture(sample: Sample, *, up: bool) -> float:
    mine, benchmark = (each.to_numpy() for each in sample.both)
    chosen = benchmark > 0 if up else benchmark < 0
    power = sample.periods / np.count_nonzero(chosen)
    rates = [float(np.prod(1 + each[chosen]) ** power - 1) for each in (mine, benchmark)]
    return rates[0] / rates[1]


def _per_period_information(sample: Sample) -> float:
    return float(relative.information_ratio(*sample.both, sample.convention) / sample.periods**0.5)


_NOT_ANNUAL: Final = TheirRule(
    _per_period_information, "theirs is per period; ours is annualised by sqrt(periods a year)"
)
_ANNUAL_CAPTURE: Final = "theirs divides annualised growth rates of the chosen periods, ours rates per period"

METRICS: Final[tuple[Metric, ...]] = (
    Metric(name="Total return", ours=lambda s: growth.total_return(s.wealth)),
    Metric(name="CAGR", ours=lambda s: growth.cagr(s.wealth, s.convention), uses=("growth", "days_per_year")),
    Metric(name="Volatility", ours=lambda s: ratios.volatility(s.returns, s.convention), uses=("ddof",)),
    Metric(
        name="Downside deviation",
        ours=lambda s: ratios.downside_deviation(s.returns, s.convention),
        uses=("target",),
    ),
    Metric(
        name="Sharpe ratio",
        ours=lambda s: ratios.sharpe_ratio(s.returns, s.convention),
        uses=("ddof", "risk_free_split", "ratio_return"),
    ),
    Metric(
        name="Sortino ratio",
        ours=lambda s: ratios.sortino_ratio(s.returns, s.convention),
        uses=("target", "ratio_return"),
    ),
    Metric(
        name="Probabilistic Sharpe ratio",
        ours=lambda s: probabilistic_sharpe_ratio(s.returns, s.convention),
        uses=("ddof", "risk_free_split"),
        rules={
            "quantstats": TheirRule(
                _bias_corrected_psr,
                "theirs puts bias-corrected skewness and kurtosis into the error, ours the population moments of the paper",
            )
        },
    ),
    Metric(
        name="Calmar ratio",
        ours=lambda s: per_drawdown.calmar_ratio(s.wealth, s.convention),
        uses=("calmar_months", "growth", "days_per_year"),
    ),
    Metric(name="Omega ratio", ours=lambda s: ratios.omega_ratio(s.returns, s.convention), uses=("target",)),
    Metric(
        name="Gain-to-pain ratio",
        ours=lambda s: ratios.gain_to_pain_ratio(s.returns),
        rules={"quantstats": TheirRule(_daily_gain_to_pain, "theirs sums the returns of each calendar day first")},
    ),
    Metric(
        name="Kelly fraction",
        ours=lambda s: ratios.kelly_fraction(s.returns, s.convention),
        uses=("ddof", "risk_free_split"),
        rules={
            "quantstats": TheirRule(
                _binary_kelly,
                "theirs treats each period as a bet with two outcomes, p - q / (mean win / mean loss); "
                "ours is (mean - risk-free) / variance",
            )
        },
    ),
    Metric(name="Max drawdown", ours=lambda s: max_drawdown(s.wealth)),
    Metric(name="Ulcer index", ours=lambda s: ulcer_index(s.wealth, s.convention), uses=("drawdown_mean",)),
    Metric(
        name="Martin ratio",
        ours=lambda s: per_drawdown.martin_ratio(s.wealth, s.convention),
        rules={
            "quantstats": TheirRule(
                _total_over_ulcer,
                "theirs divides the total return of the whole period, ours the annual growth; "
                "and its Ulcer index divides by the returns less one",
            )
        },
    ),
    Metric(
        name="Recovery factor",
        ours=lambda s: per_drawdown.recovery_factor(s.wealth),
        rules={
            "quantstats": TheirRule(
                _sum_over_drawdown, "theirs divides the size of the sum of returns, ours the compounded total return"
            )
        },
    ),
    Metric(
        name="Value at risk",
        ours=lambda s: tail.value_at_risk(s.returns, CONFIDENCE),
        rules={
            "quantstats": TheirRule(
                lambda s: -tail.value_at_risk(s.returns, CONFIDENCE, method="gaussian"),
                "theirs assumes a normal distribution and gives a return (negative); ours is historical and a loss",
            ),
            "empyrical": TheirRule(
                lambda s: -tail.value_at_risk(s.returns, CONFIDENCE),
                "the same quantile; theirs is a return (negative), ours a loss (positive)",
            ),
        },
    ),
    Metric(
        name="Expected shortfall",
        ours=lambda s: tail.expected_shortfall(s.returns, CONFIDENCE),
        rules={
            "quantstats": TheirRule(
                lambda s: -tail.expected_shortfall(s.returns, CONFIDENCE, method="gaussian"),
                "theirs assumes a normal distribution and gives a return (negative); ours is historical and a loss",
            ),
            "empyrical": TheirRule(
                lambda s: -tail.expected_shortfall(s.returns, CONFIDENCE, edge="beyond_var"),
                "theirs averages the returns up to the quantile and gives a return (negative); "
                "ours weights the one on the edge and gives a loss",
            ),
        },
    ),
    Metric(name="Tail ratio", ours=lambda s: shape.tail_ratio(s.returns)),
    Metric(
        name="Skewness",
        ours=lambda s: shape.skewness(s.returns),
        rules={
            "empyrical": TheirRule(
                lambda s: shape.skewness(s.returns, bias_corrected=False),
                "theirs is the population moment, ours bias-corrected",
            )
        },
    ),
    Metric(
        name="Excess kurtosis",
        ours=lambda s: shape.kurtosis(s.returns),
        rules={
            "empyrical": TheirRule(
                lambda s: shape.kurtosis(s.returns, bias_corrected=False),
                "theirs is the population moment, ours bias-corrected",
            )
        },
    ),
    Metric(name="Best return", ours=lambda s: best_return(s.returns)),
    Metric(name="Worst return", ours=lambda s: worst_return(s.returns)),
    Metric(
        name="Hit rate",
        ours=lambda s: hit_rate(s.returns),
        rules={"quantstats": TheirRule(_win_rate, "theirs leaves periods of exactly zero out of the count")},
    ),
    Metric(
        name="Beta",
        ours=lambda s: relative.beta(*s.both, s.convention),
    ),
    Metric(
        name="Alpha",
        ours=lambda s: relative.jensen_alpha(*s.both, s.convention),
        rules={
            "quantstats": TheirRule(_alpha_without_rate, "theirs does not use the risk-free rate"),
            "empyrical": TheirRule(
                _compounded_alpha, "theirs compounds the mean of a period over a year, ours multiplies it"
            ),
        },
    ),
    Metric(name="R-squared", ours=lambda s: capm(*s.both, s.convention).r_squared),
    Metric(
        name="Information ratio",
        ours=lambda s: relative.information_ratio(*s.both, s.convention),
        uses=("ddof",),
        rules={"quantstats": _NOT_ANNUAL, "empyrical": _NOT_ANNUAL},
    ),
    Metric(
        name="Treynor ratio",
        ours=lambda s: relative.treynor_ratio(*s.both, s.convention),
        rules={
            "quantstats": TheirRule(
                _total_over_beta,
                "theirs divides the total return of the whole period, ours the annual mean excess return",
            )
        },
    ),
    Metric(
        name="Up capture",
        ours=lambda s: relative.up_capture(*s.both),
        rules={"empyrical": TheirRule(lambda s: _annual_capture(s, up=True), _ANNUAL_CAPTURE)},
    ),
    Metric(
        name="Down capture",
        ours=lambda s: relative.down_capture(*s.both),
        rules={"empyrical": TheirRule(lambda s: _annual_capture(s, up=False), _ANNUAL_CAPTURE)},
    ),
)
