"""`iq.cross_check`: a second, independent implementation beside each metric, and every difference explained."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from investiq.core.errors import DataError, InvestIQError
from investiq.core.notes import Note
from investiq.interop.cross_check_result import TOLERANCE, CrossCheck, CrossCheckLine, Verdict, names_of
from investiq.interop.cross_checks import CONFIDENCE, METRICS, Metric
from investiq.interop.second_opinions import (
    CALLS,
    RELATIVE,
    TOOLS,
    Answer,
    Tool,
    ask_tools,
    installed_version,
    missing_reason,
)
from investiq.interop.their_rules import Sample
from investiq.metrics.conventions import Convention, ProfileName, declared_convention
from investiq.metrics.inputs import name_of, returns_of
from investiq.metrics.origin import ends_of, frequency_notes
from investiq.metrics.refusals import refuse_other_kinds

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["cross_check"]

# What each profile was read from.
_READ_VERSIONS: Final[dict[Tool, str]] = {"quantstats": "0.0.86", "empyrical": "0.7.1"}


def cross_check(
    returns: pd.Series[float],
    benchmark: pd.Series[float] | None = None,
    *,
    convention: Convention | ProfileName | None = None,
    periods_per_year: float | None = None,
    risk_free: float = 0.0,
) -> CrossCheck:
    """Compare our metrics of a return series with those of quantstats and empyrical.

    Each library is called with the same returns, periods a year and risk-free
    rate, and otherwise with its defaults, in a child process. Where its number
    differs from ours, ours is computed again by its rules (`Convention.named`,
    and where that is not enough by a recomputation); only if that equals theirs
    is the difference called one of convention. What remains is unexplained.

    Parameters
    ----------
    returns : Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN, indexed by time.
    benchmark : Series, optional
        Returns of a benchmark; relative metrics are compared on the times that
        both have. Never a symbol: quantstats would download it.
    convention : Convention or {"investiq", "quantstats", "empyrical", "bacon"}, optional
        Of our numbers, by default ``"investiq"``. Value at risk and expected
        shortfall are at 95 %.
    periods_per_year : float
        252 for daily bars, 52, 12: needed unless a `Convention` is passed.
    risk_free : float, default 0.0
        Annual, as a fraction; for a profile's name.

    Returns
    -------
    CrossCheck

    Raises
    ------
    ConfigError
        If the periods of a year are not declared, or are given twice.
    DataError
        If a series is not indexed by ascending times, holds NaN, looks like
        prices or percents, or the two have no time in common.
    MissingDependencyError
        If neither library is installed. Without one of them its numbers are
        NaN with the reason.
    ReportError
        If the child process fails.

    Examples
    --------
    >>> import investiq as iq
    >>> close = iq.load_bars("^GSPC", start="2014").adjusted().frame["close"]
    >>> check = cross_check(close.pct_change().iloc[1:], periods_per_year=252)
    >>> len(check.unexplained)
    0
    """
    passed, returns = returns, _timed(returns, "returns")
    convention = declared_convention(convention, periods_per_year, risk_free)
    pair = None
    if benchmark is not None:
        timed = _timed(benchmark, "benchmark")
        _refuse_mixed_zones(passed, benchmark)
        pair = _joined(returns, timed)
    profiles: dict[Tool, Convention] = {
        tool: Convention.named(tool, periods_per_year=convention.periods_per_year, risk_free=convention.risk_free)
        for tool in TOOLS
    }
    settings = {tool: _settings(profile) for tool, profile in profiles.items()}
    answers = ask_tools(returns, pair, settings)
    sample = Sample(returns=returns, pair=pair, convention=convention)
    versions = tuple((tool, installed_version(tool)) for tool in TOOLS)
    lines = tuple(
        _line(metric, tool, sample, replace(sample, convention=profiles[tool]), answers)
        for metric in METRICS
        for tool in TOOLS
        if metric.name in CALLS[tool] and (pair is not None or metric.name not in RELATIVE)
    )
    return CrossCheck(
        name=name_of(returns),
        lines=lines,
        convention=convention,
        versions=versions,
        count=returns.size,
        span=(f"{returns.index[0]:%Y-%m-%d}", f"{returns.index[-1]:%Y-%m-%d}"),
        notes=(*_notes(lines, versions, returns, pair), *frequency_notes(ends_of(returns), convention)),
    )


def _timed(series: Any, name: str) -> pd.Series[float]:
    """Return the series of floats on naive times in UTC."""
    import pandas as pd

    refuse_other_kinds(name, series)
    if not isinstance(series, pd.Series) or not isinstance(series.index, pd.DatetimeIndex):
        raise DataError(
            f"a cross-check needs {name} as a Series indexed by time, was {type(series).__name__}: "
            "quantstats finds drawdowns by date"
        )
    values = returns_of(series, name, least=2, purpose="a cross-check")
    index = series.index if series.index.tz is None else series.index.tz_convert("UTC").tz_localize(None)
    return pd.Series(values, index=index, name=series.name)


def _refuse_mixed_zones(returns: Any, benchmark: Any) -> None:
    if (returns.index.tz is None) != (benchmark.index.tz is None):
        raise DataError(
            f"one index has a zone and the other none (returns: {returns.index.dtype}, benchmark: "
            f"{benchmark.index.dtype}); give both UTC"
        )


def _joined(returns: pd.Series[float], benchmark: pd.Series[float]) -> pd.DataFrame:
    import pandas as pd

    common = returns.index.intersection(benchmark.index)
    if not len(common):
        raise DataError(
            f"returns ({returns.index[0]} to {returns.index[-1]}) and benchmark ({benchmark.index[0]} to "
            f"{benchmark.index[-1]}) have no time in common; load them over the same sessions"
        )
    return pd.DataFrame({"returns": returns[common], "benchmark": benchmark[common]})


def _settings(profile: Convention) -> dict[str, float]:
    return {
        "periods_per_year": profile.periods_per_year,
        "risk_free": profile.risk_free,
        "risk_free_per_period": profile.risk_free_per_period,
        "target_per_period": profile.target_per_period,
        "confidence": CONFIDENCE,
    }


def _line(
    metric: Metric, tool: Tool, sample: Sample, by_profile: Sample, answers: dict[Tool, dict[str, Answer]]
) -> CrossCheckLine:
    ours = _value(lambda: metric.ours(sample))
    answer = answers[tool][metric.name] if tool in answers else Answer(math.nan, missing_reason(tool))
    theirs = answer.value
    as_theirs = _value(lambda: metric.as_theirs(by_profile, tool))
    verdict: Verdict
    if math.isnan(theirs) or math.isnan(ours.value):
        missing = [f"{tool}: {answer.reason}" if answer.reason else "", f"ours: {ours.reason}" if ours.reason else ""]
        verdict, explanation = "not comparable", "; ".join(filter(None, missing))
    elif _agree(ours.value, theirs):
        verdict, explanation = "equal", ""
    elif _agree(as_theirs.value, theirs):
        verdict, explanation = "differs by convention", _explain(metric, tool, sample, by_profile)
    else:
        verdict, explanation = "unexplained", as_theirs.reason or f"by their rules we compute {as_theirs.value:.10g}"
    return CrossCheckLine(
        metric=metric.name,
        tool=tool,
        ours=ours.value,
        theirs=theirs,
        as_theirs=as_theirs.value,
        difference=ours.value - theirs,
        verdict=verdict,
        explanation=explanation,
    )


def _value(compute: Any) -> Answer:
    try:
        return Answer(float(compute()))
    except InvestIQError as reason:
        return Answer(math.nan, str(reason))
    except ArithmeticError as reason:  # a rule of theirs on data without losses, as in their own formula
        return Answer(math.nan, f"by their rules: {reason}")


def _agree(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=1e-14)


def _explain(metric: Metric, tool: Tool, sample: Sample, by_profile: Sample) -> str:
    rule = metric.rules.get(tool)
    mine, theirs = sample.convention, by_profile.convention
    parts = [rule.why] if rule else []
    for field in (*metric.uses, *(rule.uses if rule else ())):
        words = [_describe(field, each) for each in (mine, theirs)]
        if all(words) and words[0] != words[1]:
            parts.append(f"ours: {words[0]}, theirs: {words[1]}")
    return "; ".join(parts)


def _describe(field: str, convention: Convention) -> str:
    """Return what a convention says on one field, in words."""
    value = getattr(convention, field)
    match field:
        case "growth":
            return "years by the calendar" if value == "calendar" else "years by the count of returns"
        case "days_per_year":
            return "" if convention.growth == "periods" else f"{value:g} days a year"
        case "calmar_months":
            return "since inception" if value is None else f"the last {value} months"
        case "target":
            return f"target {convention.target_per_period:.6g} a period"
        case "risk_free_split":
            return f"risk-free {convention.risk_free_per_period:.6g} a period"
        case "drawdown_mean":
            return f"averaged over {value.replace('_', ' ')}"
        case "ratio_return":
            return f"{value} return"
        case _:
            return f"{field} {value}"


def _notes(
    lines: tuple[CrossCheckLine, ...],
    versions: tuple[tuple[Tool, str | None], ...],
    returns: pd.Series[float],
    pair: pd.DataFrame | None,
) -> tuple[Note, ...]:
    notes = []
    if wrong := tuple(line for line in lines if line.verdict == "unexplained"):
        text = f"Not explained by convention: {', '.join(names_of(wrong))}"
        notes.append(Note(code="unexplained_differences", text=text, rows=len(wrong)))
    for tool, held in versions:
        if held is None:
            notes.append(Note(code="library_missing", text=missing_reason(tool)))
        elif held != _READ_VERSIONS[tool]:
            text = f"{tool} {held} is installed; its rules were read from {_READ_VERSIONS[tool]}"
            notes.append(Note(code="other_version", text=text, severity="info"))
    if pair is not None and len(pair) < returns.size:
        text = f"relative metrics are of the {len(pair):,} of {returns.size:,} returns that the benchmark covers"
        notes.append(Note(code="partial_benchmark", text=text, rows=returns.size - len(pair), severity="info"))
    return tuple(notes)
