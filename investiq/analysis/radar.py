"""Six axes of what can go wrong with a holding: a heuristic to look at, with its formulas and inputs, no probability."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np

from investiq.core.errors import DataError
from investiq.core.facts import Fact, Table, format_value
from investiq.core.notes import Note
from investiq.core.result import Result

if TYPE_CHECKING:
    import pandas as pd

    from investiq.analysis.result import Analysis
    from investiq.core.facts import Unit

__all__ = ["Holding", "RadarAxis", "RiskRadar", "risk_radar"]

# Weights in the whole, and the profile that an axis is held against; both chosen by hand, tested on nothing.
_WEIGHTS: Final = {
    "market": 0.20,
    "volatility": 0.25,
    "liquidity": 0.10,
    "event": 0.15,
    "concentration": 0.15,
    "sentiment": 0.15,
}
_TARGETS: Final = {
    "market": 50.0,
    "volatility": 50.0,
    "liquidity": 30.0,
    "event": 40.0,
    "concentration": 40.0,
    "sentiment": 50.0,
}
_LEVELS: Final = ((25.0, "low"), (45.0, "moderate"), (65.0, "elevated"), (80.0, "high"))
# Days to a report, and what nearness adds; the nearest that holds counts.
_REPORT_STEPS: Final = ((3.0, 40.0), (7.0, 25.0), (14.0, 10.0))
_EVENT_BASE: Final = 20.0
_TONE_BARS: Final = 60
_VOLUME_BARS: Final = 20


@dataclass(frozen=True, kw_only=True)
class Holding:
    """How large a symbol stands in a portfolio.

    Attributes
    ----------
    weight, sector_weight : float
        Of the symbol and of its sector in the portfolio, fractions in [0, 1].
    positions : int
        Number of positions, at least 1.
    """

    weight: float
    sector_weight: float
    positions: int

    def __post_init__(self) -> None:
        for name in ("weight", "sector_weight"):
            if not 0 <= (found := getattr(self, name)) <= 1:
                raise DataError(f"{name} must lie in [0, 1], was {found}; 0.05 is 5 % of the portfolio")
        if self.positions < 1:
            raise DataError(f"positions must be at least 1, was {self.positions}")


@dataclass(frozen=True, kw_only=True)
class RadarAxis:
    """One axis.

    Attributes
    ----------
    name : str
    score : float
        0 to 100, more is riskier; NaN where an input is missing, never a middle value.
    weight : float
        Its part in the whole when every axis is there.
    target : float
        What it is held against.
    formula : str
    inputs : tuple of Fact
    reason : str
        Why there is no score; empty where there is one.
    """

    name: str
    score: float
    weight: float
    target: float
    formula: str
    inputs: tuple[Fact, ...]
    reason: str = ""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RiskRadar(Result):
    """The axes of one symbol at one decision time; made by `risk_radar`.

    Attributes
    ----------
    symbol : str
    day : str
        The bar that it is of.
    axes : tuple of RadarAxis
        Market, volatility, liquidity, event, concentration, sentiment.
    mark : str or None
        The watermark of the data.
    """

    kind: ClassVar[str] = "risk_radar"

    symbol: str
    day: str
    axes: tuple[RadarAxis, ...]
    mark: str | None = None

    @property
    def known(self) -> tuple[RadarAxis, ...]:
        """The axes that have a score."""
        return tuple(axis for axis in self.axes if not math.isnan(axis.score))

    @property
    def score(self) -> float:
        """The weighted mean of the axes that have a score; NaN without any."""
        weight = sum(axis.weight for axis in self.known)
        return sum(axis.weight * axis.score for axis in self.known) / weight if self.known else math.nan

    @property
    def level(self) -> str:
        """The whole in words."""
        if math.isnan(self.score):
            return "unknown"
        return next((word for bound, word in _LEVELS if self.score < bound), "critical")

    @property
    def title(self) -> str:
        """What it is of, and its level."""
        return f"Risk radar of {self.symbol}: {self.level}"

    @property
    def headline(self) -> str:
        """The whole and what it rests on."""
        return f"{format_value(self.score, 'score')} of 100 · {len(self.known)} of {len(self.axes)} axes known · bar of {self.day}"

    @property
    def watermark(self) -> str | None:
        """The watermark of the data."""
        return self.mark

    @property
    def notes(self) -> tuple[Note, ...]:  # type: ignore[override]  # worked out from the axes
        """What it is not, and the axes that passed their target."""
        found = [Note(code="heuristic", text="weights, bounds and targets are chosen by hand: a heuristic to look at, no probability of a loss", severity="info")]  # fmt: skip
        for axis in self.known:
            if (over := axis.score - axis.target) > 10:
                text = f"{axis.name}: {axis.score:.0f} is {over:.0f} above its target of {axis.target:.0f}"
                found.append(Note(code="above_target", text=text))
        return tuple(found)

    def facts(self) -> list[Fact]:
        """Return the whole and each axis with its formula."""
        whole = "of 100; weighted mean of the axes that are known, their weights scaled to one"
        return [
            Fact("Risk", self.score, "score", whole, "" if self.known else "no axis has its inputs"),
            Fact("Level", self.level, "", "low below 25, moderate below 45, elevated below 65, high below 80"),
            *(Fact(axis.name.capitalize(), axis.score, "score", axis.formula, axis.reason) for axis in self.axes),
        ]

    def tables(self) -> list[Table]:
        """Return the inputs of every axis."""
        rows = [
            (axis.name.capitalize(), each.label, format_value(each.value, each.unit), each.convention or each.note)
            for axis in self.axes
            for each in axis.inputs
        ]
        return [Table("Inputs", ("Axis", "Input", "Value", "Remark"), tuple(rows), ("Value",))]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per axis: score, target, weight, reason."""
        import pandas as pd

        names = ("score", "target", "weight", "reason")
        rows = {axis.name: [getattr(axis, name) for name in names] for axis in self.axes}
        return pd.DataFrame.from_dict(rows, orient="index", columns=list(names))


def risk_radar(analysis: Analysis, holding: Holding | None = None) -> RiskRadar:
    """Return six axes of risk of a symbol, each from 0 to 100, with formula and inputs.

    An axis whose inputs are missing has no score, and the whole is the weighted
    mean of the others. Bounds and weights are a heuristic.

    Parameters
    ----------
    analysis : Analysis
        Of `iq.analyze`.
    holding : Holding, optional
        Its place in a portfolio; the axis of concentration needs it.

    Returns
    -------
    RiskRadar

    Examples
    --------
    >>> import investiq as iq
    >>> radar = iq.risk_radar(iq.analyze("^GSPC", as_of="2013-05-20"))
    >>> [axis.name for axis in radar.known]
    ['volatility']
    """
    row = analysis.table.iloc[-1]
    values = {name: float(row[name]) for name in _INPUTS}
    axes = (
        _market(values, analysis),
        _volatility(values),
        _liquidity(analysis),
        _event(values),
        _concentration(holding),
        _sentiment(analysis, float(row["total_articles"])),
    )
    return RiskRadar(symbol=analysis.symbol, day=analysis.bar, axes=axes, mark=analysis.watermark)


_INPUTS: Final = (
    "beta",
    "correlation_market",
    "volatility",
    "atr_14",
    "close",
    "earnings_days_to_next",
    "earnings_days_to_expected",
)


def _market(values: dict[str, float], analysis: Analysis) -> RadarAxis:
    beta, related = values["beta"], values["correlation_market"]
    inputs = (
        _input("Beta", beta, "ratio", f"to {analysis.history.benchmark or 'a benchmark'}, 252 bars"),
        _input("Correlation", related, "ratio", "90 common dates"),
    )
    score = 50 * _within((beta - 0.5) / 1.5) + 50 * abs(related)
    why = "no benchmark beside the symbol, or too short a common past"
    return _axis("market", score, "50 x (beta - 0.5) / 1.5 within 0 to 1, + 50 x |correlation|", inputs, why)


def _volatility(values: dict[str, float]) -> RadarAxis:
    sigma, spread = values["volatility"], values["atr_14"] / values["close"]
    inputs = (
        _input("Volatility", sigma, "fraction", "30 bars, annual"),
        _input("ATR(14)", spread, "fraction", "of the price"),
    )
    score = 60 * _within((sigma - 0.10) / 0.50) + 40 * _within((spread - 0.005) / 0.045)
    formula = "60 x (volatility - 10 %) / 50 % + 40 x (ATR - 0.5 %) / 4.5 %, each within 0 to 1"
    return _axis("volatility", score, formula, inputs, "too few bars")


def _liquidity(analysis: Analysis) -> RadarAxis:
    bars = analysis.bars
    is_index = bars.passport.currency == "index points"
    recent = bars.volume[-_VOLUME_BARS:]
    mean = float(recent.mean()) if recent.size == _VOLUME_BARS and not is_index else math.nan
    inputs = (_input("Volume", mean, "shares", f"mean of {_VOLUME_BARS} bars"),)
    score = 100 * _within((7 - math.log10(mean)) / 2) if mean > 0 else math.nan
    formula = (
        "100 x (7 - log10 of the mean volume) / 2 within 0 to 1; daily bars hold no spread, which would be half of it"
    )
    why = "an index is not traded itself" if is_index else "no volume of 20 bars"
    return _axis("liquidity", score, formula, inputs, why)


def _event(values: dict[str, float]) -> RadarAxis:
    announced, expected = values["earnings_days_to_next"], values["earnings_days_to_expected"]
    days = expected if math.isnan(announced) else announced
    origin = "52 weeks after that of the same quarter" if math.isnan(announced) else "announced"
    near = next((added for bound, added in _REPORT_STEPS if 0 <= days <= bound), 0.0)
    score = math.nan if math.isnan(days) else _EVENT_BASE + near
    formula = "20, + 40 within 3 days of a report of earnings, 25 within 7, 10 within 14; dates of dividends ahead are not known"
    inputs = (_input("Next report", days, "days", origin),)
    return _axis("event", score, formula, inputs, "needs records of earnings")


def _concentration(holding: Holding | None) -> RadarAxis:
    formula = (
        "40 x (weight - 2 %) / 23 % + 30 x (sector - 10 %) / 40 % + 30 x (20 - positions) / 15, each within 0 to 1"
    )
    if holding is None:
        return _axis("concentration", math.nan, formula, (), "needs a portfolio that holds the symbol")
    inputs = (
        _input("Weight", holding.weight, "fraction", "of the portfolio"),
        _input("Sector", holding.sector_weight, "fraction", "of the portfolio"),
        _input("Positions", float(holding.positions), "count", ""),
    )
    score = (
        40 * _within((holding.weight - 0.02) / 0.23)
        + 30 * _within((holding.sector_weight - 0.10) / 0.40)
        + 30 * _within((20 - holding.positions) / 15)
    )
    return _axis("concentration", score, formula, inputs, "")


def _sentiment(analysis: Analysis, articles: float) -> RadarAxis:
    recent = analysis.table["normalized_score"].to_numpy(dtype=np.float64)[-_TONE_BARS:] / 100
    known = recent[np.isfinite(recent)]
    spread = float(known.std(ddof=1)) if known.size >= 2 else math.nan
    confidence = analysis.engines["sentiment"].confidence if "sentiment" in analysis.engines else math.nan
    inputs = (
        _input("Deviation of the tone", spread, "ratio", f"{known.size} bars of the last {_TONE_BARS}, ddof 1, scale of ±1"),
        _input("Confidence", confidence, "fraction", "of the sentiment engine, raw"),
        _input("Articles", articles, "count", "known in its window"),
    )  # fmt: skip
    score = 40 * _within(spread) + 40 * (1 - confidence) + 20 * _within((50 - articles) / 45)
    formula = "40 x deviation of the tone + 40 x (1 - confidence) + 20 x (50 - articles) / 45 within 0 to 1"
    return _axis("sentiment", score, formula, inputs, "needs news that the sentiment engine can score")


def _axis(name: str, score: float, formula: str, inputs: tuple[Fact, ...], why: str) -> RadarAxis:
    return RadarAxis(
        name=name,
        score=score,
        weight=_WEIGHTS[name],
        target=_TARGETS[name],
        formula=formula,
        inputs=inputs,
        reason=why if math.isnan(score) else "",
    )


def _input(label: str, value: float, unit: Unit, convention: str) -> Fact:
    return Fact(label, value, unit, convention, "missing" if math.isnan(value) else "")


def _within(value: float) -> float:
    """Return `value` held to [0, 1]; NaN stays NaN."""
    return value if math.isnan(value) else min(max(value, 0.0), 1.0)
