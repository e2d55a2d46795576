"""The table of what is cross-checked: our number, the same by another library's rules, and why they differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from investiq.interop.second_opinions import Tool
from investiq.interop.their_rules import (
    Sample,
    alpha_without_rate,
    annual_capture,
    bias_corrected_psr,
    binary_kelly,
    compounded_alpha,
    daily_gain_to_pain,
    per_period_information,
    sum_over_drawdown,
    total_over_beta,
    total_over_ulcer,
    win_rate,
)
from investiq.metrics import drawdown_ratios as per_drawdown
from investiq.metrics import growth, ratios, relative, shape, tail
from investiq.metrics.drawdown_risk import ulcer_index
from investiq.metrics.drawdowns import max_drawdown
from investiq.metrics.market_model import capm
from investiq.metrics.returns import best_return, hit_rate, worst_return
from investiq.metrics.track_record import probabilistic_sharpe_ratio

if TYPE_CHECKING:
    pass

__all__ = ["CONFIDENCE", "METRICS", "Metric", "TheirRule"]

# Of the value at risk and the expected shortfall.
CONFIDENCE: Final = 0.95


class TheirRule(NamedTuple):
    """A rule of another library that no `Convention` holds: our recomputation of it, its words, and the fields it uses."""

    compute: Callable[[Sample], float]
    why: str
    uses: tuple[str, ...] = ()


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


_NOT_ANNUAL: Final = TheirRule(
    per_period_information, "theirs is per period; ours is annualised by sqrt(periods a year)"
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
                bias_corrected_psr,
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
        rules={"quantstats": TheirRule(daily_gain_to_pain, "theirs sums the returns of each calendar day first")},
    ),
    Metric(
        name="Kelly fraction",
        ours=lambda s: ratios.kelly_fraction(s.returns, s.convention),
        uses=("ddof", "risk_free_split"),
        rules={
            "quantstats": TheirRule(
                binary_kelly,
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
                total_over_ulcer,
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
                sum_over_drawdown, "theirs divides the size of the sum of returns, ours the compounded total return"
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
        ours=lambda s: shape.skewness(s.returns, bias_corrected=s.convention.ddof == 1),
        uses=("ddof",),
        rules={
            "empyrical": TheirRule(
                lambda s: shape.skewness(s.returns, bias_corrected=False),
                "theirs is the population moment, ours bias-corrected",
            )
        },
    ),
    Metric(
        name="Excess kurtosis",
        ours=lambda s: shape.kurtosis(s.returns, bias_corrected=s.convention.ddof == 1),
        uses=("ddof",),
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
        rules={"quantstats": TheirRule(win_rate, "theirs leaves periods of exactly zero out of the count")},
    ),
    Metric(
        name="Beta",
        ours=lambda s: relative.beta(*s.both, s.convention),
    ),
    Metric(
        name="Alpha",
        ours=lambda s: relative.jensen_alpha(*s.both, s.convention),
        rules={
            "quantstats": TheirRule(alpha_without_rate, "theirs does not use the risk-free rate"),
            "empyrical": TheirRule(
                compounded_alpha,
                "theirs compounds the mean of a period over a year, ours multiplies it",
                ("risk_free_split",),
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
                total_over_beta,
                "theirs divides the total return of the whole period, ours the annual mean excess return",
            )
        },
    ),
    Metric(
        name="Up capture",
        ours=lambda s: relative.up_capture(*s.both),
        rules={"empyrical": TheirRule(lambda s: annual_capture(s, up=True), _ANNUAL_CAPTURE)},
    ),
    Metric(
        name="Down capture",
        ours=lambda s: relative.down_capture(*s.both),
        rules={"empyrical": TheirRule(lambda s: annual_capture(s, up=False), _ANNUAL_CAPTURE)},
    ),
)
