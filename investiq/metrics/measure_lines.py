"""The lines of `iq.measure`, group by group: each calls the public function of its metric."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Final, Literal

import numpy as np

from investiq.core.errors import InsufficientDataError
from investiq.core.facts import Fact, Unit
from investiq.metrics import (
    autocorrelated_sharpe,
    drawdown_ratios,
    drawdown_risk,
    drawdowns,
    growth,
    ratios,
    returns,
    rolling,
    shape,
    tail,
    track_record,
)
from investiq.metrics.inputs import FloatArray
from investiq.metrics.measure_relative import relative_lines
from investiq.metrics.measure_sample import Sample
from investiq.metrics.summary import LEAST_RETURNS, computed_fact

__all__: list[str] = []  # parts of `measuring`

# A history of three years or more says something about a tail of one in twenty days.
_RACHEV_RECOMMENDED: Final = 250


def groups_of(sample: Sample) -> Iterator[tuple[str, tuple[Fact, ...]]]:
    """Return the groups of lines in the order in which they are shown."""
    yield "Growth", tuple(_growth(sample))
    yield "Risk", tuple(_risk(sample))
    yield "Ratios", tuple(_ratios(sample))
    yield "Ratios to drawdown", tuple(_drawdown_ratios(sample))
    yield "Drawdown", tuple(_drawdown(sample))
    yield "Tail and shape", tuple(_tail(sample))
    if sample.pair is not None:
        yield "Relative to the benchmark", tuple(relative_lines(*sample.pair, sample.convention))


def _growth(sample: Sample) -> Iterator[Fact]:
    equity, values, convention = sample.equity, sample.returns, sample.convention
    years = values.size / convention.periods_per_year
    yield Fact("Total return", float(equity[-1] - 1.0), "fraction", "compounded")
    yield computed_fact(
        "CAGR",
        "fraction",
        lambda: growth.cagr(equity, convention, sample.points),
        convention.describe_growth().removeprefix("CAGR "),
        "" if years >= 1 else "extrapolated from less than a year: not to be presented as an annual rate",
    )
    yield Fact("Mean return", float(values.mean()), "fraction", "arithmetic, per period")
    yield Fact("Best period", returns.best_return(values), "fraction")
    yield Fact("Worst period", returns.worst_return(values), "fraction")
    yield Fact("Hit rate", returns.hit_rate(values), "fraction", "periods above zero / all periods")
    for every in ("month", "year"):
        yield from _calendar(sample, every)


def _calendar(sample: Sample, every: Literal["month", "year"]) -> Iterator[Fact]:
    def line(label: str, of: Callable[[FloatArray], float]) -> Fact:
        return computed_fact(
            label,
            "fraction",
            lambda: float(of(sample.compounded(every))),
            f"calendar {every}s, the first and last may be incomplete",
        )

    yield line(f"Best {every}", np.max)
    yield line(f"Worst {every}", np.min)
    yield line(f"Hit rate of {every}s", returns.hit_rate)


def _risk(sample: Sample) -> Iterator[Fact]:
    values, convention = sample.returns, sample.convention
    window = rolling.ROLLING_SESSIONS
    yield computed_fact(
        "Volatility",
        "fraction",
        lambda: ratios.volatility(values, convention),
        f"{sample.basis}, ddof {convention.ddof}",
    )
    yield computed_fact(
        "Downside deviation",
        "fraction",
        lambda: ratios.downside_deviation(values, convention),
        f"{sample.basis}, {convention.describe_target()}",
    )
    yield computed_fact(
        "Recent volatility",
        "fraction",
        lambda: float(sample.volatilities[-1]),
        f"last {window} periods, ddof {convention.ddof}",
    )
    yield computed_fact(
        "Rank of recent volatility",
        "fraction",
        lambda: rolling.rank_of_last(sample.volatilities),
        f"among all earlier windows of {window} periods",
    )


def _ratios(sample: Sample) -> Iterator[Fact]:
    values, convention, window = sample.returns, sample.convention, rolling.ROLLING_SESSIONS
    rate = f"risk-free {convention.risk_free * 100:g} % a year"
    numerator = ", of the CAGR" if convention.ratio_return == "geometric" else ""
    basis = f"{sample.basis}, ddof {convention.ddof}, {rate}{numerator}"
    target = convention.describe_target()

    def line(
        label: str, compute: Callable[..., float], text: str, unit: Unit = "ratio", *, plain: bool = False
    ) -> Fact:
        def checked() -> float:
            if values.size < LEAST_RETURNS:
                raise InsufficientDataError(f"{values.size} returns, needs {LEAST_RETURNS}")
            return compute(values) if plain else compute(values, convention)

        return computed_fact(label, unit, checked, text, sample.caution)

    yield line("Sharpe ratio", ratios.sharpe_ratio, basis)
    yield line("Standard error of Sharpe", ratios.sharpe_standard_error, "independent returns (Lo 2002)")
    yield line(
        "Autocorrelation-adjusted Sharpe",
        autocorrelated_sharpe.autocorrelation_adjusted_sharpe,
        f"{basis}, annualised after Lo (2002)",
    )
    yield line(
        "Probability of a Sharpe above 0",
        track_record.probabilistic_sharpe_ratio,
        "PSR of one trial; not deflated for those tried before",
        "fraction",
    )
    yield computed_fact(
        "Recent Sharpe ratio", "ratio", lambda: _known(sample.sharpes[-1], window), f"last {window} periods"
    )
    yield computed_fact(
        "Rank of recent Sharpe",
        "fraction",
        lambda: rolling.rank_of_last(sample.sharpes),
        f"among all earlier windows of {window} periods",
    )
    yield line("Sortino ratio", ratios.sortino_ratio, f"{sample.basis}, {target}{numerator}")
    yield line("Omega ratio", ratios.omega_ratio, target)
    yield line(
        "Gain-to-pain ratio", ratios.gain_to_pain_ratio, "sum of returns / |sum of losses|, per period", plain=True
    )
    yield computed_fact(
        "Gain-to-pain ratio, monthly",
        "ratio",
        lambda: ratios.gain_to_pain_ratio(sample.compounded("month")),
        "Schwager's, of calendar months",
    )
    kelly = line(
        "Kelly fraction", ratios.kelly_fraction, f"(mean - risk-free) / variance, {rate}; the mean is known badly"
    )
    yield kelly
    yield Fact("Half Kelly", kelly.value / 2, "ratio", "half of the Kelly fraction", kelly.note)


def _known(sharpe: float, window: int) -> float:
    if math.isnan(sharpe):
        raise InsufficientDataError(f"the last {window} returns are all equal: their standard deviation is zero")
    return float(sharpe)


def _drawdown_ratios(sample: Sample) -> Iterator[Fact]:
    equity, points, convention = sample.equity, sample.points, sample.convention
    rate = f"CAGR - {convention.risk_free * 100:g} %"
    months = convention.calmar_months

    def line(label: str, compute: Callable[..., float], text: str) -> Fact:
        return computed_fact(label, "ratio", lambda: compute(equity, convention, points), text)

    span = f"last {months} months" if months else "since inception"
    yield line("Calmar ratio", drawdown_ratios.calmar_ratio, f"CAGR / |max drawdown|, {span}")
    yield line("MAR ratio", drawdown_ratios.mar_ratio, "CAGR / |max drawdown|, since inception")
    yield computed_fact(
        "Recovery factor",
        "ratio",
        lambda: drawdown_ratios.recovery_factor(equity),
        "compound total return / |max drawdown|",
    )
    yield line("Pain ratio", drawdown_ratios.pain_ratio, f"({rate}) / pain index")
    yield line("Martin ratio", drawdown_ratios.martin_ratio, f"({rate}) / Ulcer index")
    yield line("Burke ratio", drawdown_ratios.burke_ratio, f"({rate}) / root of the squares of the 3 worst drawdowns")
    yield line("Sterling ratio", drawdown_ratios.sterling_ratio, "CAGR / (mean of the 3 worst drawdowns + 10 points)")
    yield line(
        "Sterling ratio, yearly",
        drawdown_ratios.yearly_sterling_ratio,
        "CAGR / (mean worst drawdown of each of 3 years + 10 points)",
    )


def _drawdown(sample: Sample) -> Iterator[Fact]:
    equity, convention = sample.equity, sample.convention
    water, found = drawdowns.extent(equity), sample.recoveries
    over = convention.drawdown_mean.replace("_", " ")
    none = "no drawdown has recovered"
    yield Fact("Max drawdown", water.depth, "fraction", "from the highest point, the opening one included")
    yield Fact("Current drawdown", float(equity[-1] / equity.max() - 1.0), "fraction", "at the last period")
    yield Fact(
        "Longest drawdown", water.longest, "bars", "peak to recovery", "not yet recovered" if water.is_ongoing else ""
    )
    yield Fact("Time under water", found.time_under_water, "fraction", "points below the highest before them")
    yield computed_fact(
        "Ulcer index", "fraction", lambda: drawdown_risk.ulcer_index(equity, convention), f"over {over}"
    )
    yield computed_fact("Pain index", "fraction", lambda: drawdown_risk.pain_index(equity, convention), f"over {over}")
    yield computed_fact(
        "Conditional drawdown 95 %",
        "fraction",
        lambda: drawdown_risk.conditional_drawdown(equity),
        "mean of the worst 5 % of points, a loss > 0",
    )
    yield Fact("Recovered drawdowns", found.recovered, "count", f"{found.ongoing} still lasts")
    lengths = (
        ("Mean recovery", found.mean_from_trough, "trough to recovery"),
        ("Longest recovery", found.max_from_trough, "trough to recovery"),
        ("Mean drawdown length", found.mean_from_peak, "peak to recovery, recovered ones"),
    )
    for label, value, text in lengths:
        yield Fact(label, value, "bars", text, none if math.isnan(value) else "")


def _tail(sample: Sample) -> Iterator[Fact]:
    values = sample.returns
    is_corrected = sample.convention.ddof == 1
    kind = "bias-corrected" if is_corrected else "population moments"
    few = values.size < _RACHEV_RECOMMENDED

    def line(label: str, unit: Unit, compute: Callable[[], float], text: str, note: str = "") -> Fact:
        return computed_fact(label, unit, compute, text, note)

    for method, name in (("historical", ""), ("cornish_fisher", ", Cornish-Fisher")):
        yield line(
            f"Value at risk 95 %{name}",
            "fraction",
            lambda method=method: tail.value_at_risk(values, 0.95, method=method),  # type: ignore[misc]
            f"{method.replace('_', '-')}, one period, a loss > 0",
        )
    for level in (0.95, 0.99):
        yield line(
            f"Expected shortfall {level * 100:g} %",
            "fraction",
            lambda level=level: tail.expected_shortfall(values, level),  # type: ignore[misc]
            "historical, one period, a loss > 0",
        )
    yield line("Tail ratio", "ratio", lambda: shape.tail_ratio(values), "95th percentile / |5th percentile|")
    yield line(
        "Rachev ratio",
        "ratio",
        lambda: shape.rachev_ratio(values),
        "mean of the best 5 % / mean loss of the worst 5 %",
        f"fewer than {_RACHEV_RECOMMENDED} returns: few in each tail" if few else "",
    )
    yield line("Skewness", "ratio", lambda: shape.skewness(values, bias_corrected=is_corrected), kind)
    yield line(
        "Excess kurtosis", "ratio", lambda: shape.kurtosis(values, bias_corrected=is_corrected), f"{kind}, normal = 0"
    )
