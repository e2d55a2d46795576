"""`iq.measure`: the full table of metrics of a series of returns, every number with its convention."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np

from investiq.core.errors import DataError, near_matches
from investiq.core.facts import Fact, Table, format_value
from investiq.core.notes import Note
from investiq.core.result import Result
from investiq.metrics.conventions import Convention, ProfileName, declared_convention
from investiq.metrics.inputs import FloatArray, Floats, InstantArray, name_of, paired, returns_of
from investiq.metrics.origin import ends_of, frequency_notes, origin
from investiq.metrics.refusals import refuse_other_kinds

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Measures", "measure"]

_TOP_DRAWDOWNS: Final = 5
_DRAWDOWN_COLUMNS: Final = ("depth", "peak", "trough", "recovery", "bars_down", "bars_to_recover", "is_ongoing")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Measures(Result):
    """The metrics of a series of returns; made by `iq.measure`.

    Attributes
    ----------
    name : str
    groups : tuple of (str, tuple of Fact)
        The lines by group. A line that is undefined is NaN with the reason.
    returns : ndarray of float64, shape (n_periods,)
    ts : ndarray of datetime64, shape (n_periods,), or None
        Ends of the periods; None where the returns came without times.
    benchmark : ndarray of float64, shape (n_periods,), or None
        Returns of the benchmark at `ts`, NaN where it has none.
    convention : Convention
    """

    kind: ClassVar[str] = "measures"
    name: str
    groups: tuple[tuple[str, tuple[Fact, ...]], ...]
    returns: FloatArray
    ts: InstantArray | None
    benchmark: FloatArray | None
    convention: Convention
    notes: tuple[Note, ...] = ()

    @property
    def title(self) -> str:
        """One line that names the series."""
        return f"Measures of {self.name}"

    def __getitem__(self, label: str) -> float:
        """Return the number of one line, such as ``measures["Sharpe ratio"]``."""
        values = {fact.label: fact.value for fact in self.facts()}
        if label not in values:
            raise DataError(f"there is no line {label!r}{near_matches(label, values)}; facts() lists them")
        return float(values[label])

    def facts(self) -> list[Fact]:
        """Return every line, group by group."""
        return [fact for _, facts in self.groups for fact in facts]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a line: group, value, unit, convention, note; index ``metric``."""
        import pandas as pd

        rows = [
            (fact.label, group, float(fact.value), fact.unit, fact.convention, fact.note)
            for group, facts in self.groups
            for fact in facts
        ]
        columns = ["metric", "group", "value", "unit", "convention", "note"]
        return pd.DataFrame(rows, columns=columns).set_index("metric")

    def tables(self) -> list[Table]:
        """Return the deepest drawdowns, where the returns have times."""
        if self.ts is None:
            return []
        from investiq.metrics.drawdown_events import drawdown_table
        from investiq.metrics.measure_sample import Sample

        sample = Sample(returns=self.returns, ends=self.ts, convention=self.convention)
        found = drawdown_table(sample.equity, sample.points, top=_TOP_DRAWDOWNS)
        rows = tuple(
            (
                format_value(depth, "fraction"),
                format_value(peak, "date"),
                format_value(trough, "date"),
                "not yet" if is_ongoing else format_value(recovery, "date"),
                format_value(down, "bars"),
                format_value(None if is_ongoing else up, "bars"),
            )
            for depth, peak, trough, recovery, down, up, is_ongoing in zip(
                *(found[name] for name in _DRAWDOWN_COLUMNS), strict=True
            )
        )
        columns = ("Depth", "Peak", "Trough", "Recovery", "Down", "To recover")
        return [Table(f"The {len(rows)} deepest drawdowns", columns, rows, numbers=columns[4:], signed=("Depth",))]

    def provenance(self) -> list[Fact]:
        """Return period, convention and fingerprint."""
        period, fingerprint = origin(self.returns, self.ts)
        return [period, Fact("Convention", self.convention.describe()), fingerprint]


def measure(
    returns: Floats,
    benchmark: Floats | None = None,
    *,
    convention: Convention | ProfileName | None = None,
    periods_per_year: float | None = None,
    risk_free: float = 0.0,
) -> Measures:
    """Return the full table of metrics of a series of returns.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN. A Series indexed by
        time has the lines of calendar months and years as well.
    benchmark : ndarray or Series, optional
        Adds the relative lines: joined on the times that both have.
    convention : Convention or {"investiq", "quantstats", "empyrical", "bacon"}, optional
        A profile's name reproduces the numbers of that library or book; by
        default ``"investiq"``.
    periods_per_year : float
        252 for daily bars, 52, 12: needed unless a `Convention` is passed.
    risk_free : float, default 0.0
        Annual, as a fraction; for a profile's name.

    Returns
    -------
    Measures
        ``measures["Sharpe ratio"]`` is one number, ``to_frame()`` all of them.

    Raises
    ------
    ConfigError
        If the periods of a year are not declared, or are given twice.
    DataError
        If the returns hold NaN, look like prices or percents, or cannot be
        joined with the benchmark.
    InsufficientDataError
        If there is no return.

    Examples
    --------
    >>> import investiq as iq
    >>> close = iq.load_bars("^GSPC", start="2014").adjusted().frame["close"]
    >>> measures = iq.measure(close.pct_change().iloc[1:], periods_per_year=252)
    >>> round(measures["Sharpe ratio"], 2), round(measures["Max drawdown"], 3)
    (0.54, -0.198)
    """
    from investiq.metrics.measure_lines import groups_of
    from investiq.metrics.measure_sample import Sample

    refuse_other_kinds("returns", returns)
    rules = declared_convention(convention, periods_per_year, risk_free)
    values = returns_of(returns, purpose="a table of metrics")
    ends = ends_of(returns)
    notes = list(_cautions(values, ends, rules))
    if ends is None and rules.growth == "calendar":
        notes.append(
            Note(
                code="no_times",
                text="the returns have no times: the years of the CAGR are counted in periods, not in calendar days",
            )
        )
        counted = replace(rules, growth="periods")
    else:
        counted = rules
    pair = None if benchmark is None else paired(returns, benchmark, purpose="a comparison with a benchmark")
    if pair is not None and pair[0].size < values.size:
        text = (
            f"the benchmark has {pair[0].size:,} of the {values.size:,} periods: the relative lines are of these alone"
        )
        notes.append(Note(code="partial_benchmark", text=text, rows=values.size - pair[0].size))
    sample = Sample(returns=values, ends=ends, convention=counted, pair=pair)
    return Measures(
        name=name_of(returns),
        groups=tuple(groups_of(sample)),
        returns=values,
        ts=ends,
        benchmark=None if benchmark is None else _aligned(benchmark, returns),
        convention=counted,
        notes=tuple(notes),
    )


def _aligned(benchmark: Floats, returns: Floats) -> FloatArray:
    """Return the benchmark's returns at the periods of `returns`, NaN where it has none."""
    import pandas as pd

    if isinstance(benchmark, pd.Series) and isinstance(returns, pd.Series):
        return np.asarray(benchmark.reindex(returns.index), dtype=np.float64)
    return np.asarray(benchmark, dtype=np.float64)


def _cautions(values: FloatArray, ends: InstantArray | None, convention: Convention) -> list[Note]:
    """Return what a reader must know of these returns."""
    from investiq.metrics.summary import RECOMMENDED_RETURNS

    notes = []
    if values.size < RECOMMENDED_RETURNS and convention.periods_per_year >= RECOMMENDED_RETURNS:
        text = f"{values.size} returns are less than a year: every annual figure is very uncertain"
        notes.append(Note(code="short_history", text=text))
    if values.min() <= -1.0:
        row = int(np.argmin(values))
        notes.append(
            Note(code="total_loss", text=f"the return of row {row} is -100 %: nothing is left to grow after it")
        )
    return [*notes, *frequency_notes(ends, convention)]
