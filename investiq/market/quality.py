"""`check_bars`: bars, tables and panels through every check of the quality report."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from investiq.core import calendar as calendars
from investiq.core.errors import DataError
from investiq.core.notes import Note
from investiq.core.types import Interval, parse_interval
from investiq.history.bars import Bars
from investiq.history.checks import source_notes
from investiq.history.flags import Flag
from investiq.history.panel import Panel
from investiq.history.scanning import Found, total_moves
from investiq.market.cleaning import quality_gate
from investiq.market.labels import Labels, check_labels
from investiq.market.quality_checks import Finding, bar_findings, finding
from investiq.market.quality_report import SEVERITY_ORDER, QualityReport, SeriesQuality, Verdict, verdict_of
from investiq.market.raw_rows import RawRows, read_rows

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check_bars"]

_SHIFTS: Final = {"shifted_labels", "exchange_time_as_utc", "clock_change_missed"}


def check_bars(
    data: str | Bars | Panel | pd.DataFrame | Sequence[str | Bars],
    *,
    symbol: str = "table",
    interval: Interval = "1d",
    calendar: str = "XNYS",
) -> QualityReport:
    """Examine bars and return what is wrong with them, with a verdict.

    Parameters
    ----------
    data : str, Bars, Panel, DataFrame, or sequence of symbols or Bars
        A DataFrame is examined before it is made into bars, so that missing,
        contradictory, repeated and unsorted rows are found too; with a column
        ``symbol`` it may hold several series.
    symbol, interval, calendar : str
        Of a DataFrame, which does not state them.

    Returns
    -------
    QualityReport
        `verdict` is ``"fail"`` with any error, ``"caution"`` with any caution, else ``"pass"``.

    Raises
    ------
    DataError
        If there is nothing to examine, or a table has no prices or no stamps.

    Examples
    --------
    >>> import investiq as iq
    >>> report = check_bars(iq.load_bars("^IXIC", "2014", "2017"))
    >>> report.verdict, report.reasons
    ('caution', ('^IXIC: zero_volume (1)',))
    >>> check_bars("^IXIC").series[0].coverage
    1.0
    """
    examined = list(_series_of(data, symbol, parse_interval(interval), calendar))
    if not examined:
        raise DataError("there is nothing to examine; pass a symbol, Bars, a Panel, a DataFrame or several of them")
    series, findings, notes = [], [], []
    for each in examined:
        found = sorted((one for one in each.findings() if one.count), key=lambda one: SEVERITY_ORDER[one.severity])
        series.append(each.summary(verdict_of(found)))
        findings += found
        notes += [note for note in each.source_notes() if note.severity == "info"]
    findings.sort(key=lambda one: SEVERITY_ORDER[one.severity])
    return QualityReport(series=tuple(series), findings=tuple(findings), notes=tuple(dict.fromkeys(notes)))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Examined:
    """One series under examination: its bars, and the table that they were made of."""

    symbol: str
    interval: Interval
    calendar: str
    bars: Bars | None
    raw: RawRows | None = None

    @cached_property
    def labels(self) -> Labels:
        if self.raw is not None:
            return self.raw.labels
        assert self.bars is not None
        return check_labels(self.bars.ts, self.interval, self.calendar, self.bars.passport.session)

    def source_notes(self) -> list[Note]:
        return [] if self.bars is None else source_notes(self.bars, self.bars.passport.notes)

    def findings(self) -> Iterator[Finding]:
        faults = {} if self.raw is None else self.raw.faults
        yield from (finding(self.symbol, check, found) for check, found in faults.items())
        for fault in self.labels.faults:
            found = Found(fault.ts, np.full(fault.ts.size, np.nan))
            yield finding(self.symbol, fault.check, found, text=fault.text)
        for note in self.source_notes():
            if note.severity != "info":
                yield Finding(
                    symbol=self.symbol, check=note.code, severity=note.severity, count=note.rows or 1, text=note.text
                )
        if self.bars is None or not len(self.bars):
            return
        gated = quality_gate(self.bars)
        bars = dataclasses.replace(self.bars, flags=self.bars.flags | (gated.flags & np.int32(Flag.QUARANTINED)))
        none = self.bars.ts[:0]
        yield from bar_findings(
            bars,
            gated,
            none if self.raw is None else self.raw.bad_labels,
            labels_hold=not self._is_shifted,
            has_known_at=self.raw is None,
        )

    @property
    def _is_shifted(self) -> bool:
        return any(fault.check in _SHIFTS for fault in self.labels.faults)

    def summary(self, verdict: Verdict) -> SeriesQuality:
        bars, labels = self.bars, self.labels.corrected
        sessions, present = _presence(labels, self.interval, self.calendar)
        moves = np.abs(total_moves(bars)) if bars is not None else np.zeros(0)
        nothing = np.datetime64("NaT", "us")
        return SeriesQuality(
            symbol=self.symbol,
            interval=self.interval,
            calendar=self.calendar,
            rows=self.raw.rows if self.raw is not None else int(labels.size),
            bars=len(bars) if bars is not None else 0,
            first=labels[0] if labels.size else nothing,
            last=labels[-1] if labels.size else nothing,
            sessions=sessions,
            present=present,
            actions=len(bars.actions) if bars is not None else 0,
            largest_move=float(np.nanmax(moves)) if np.isfinite(moves).any() else float("nan"),
            watermark=bars.passport.watermark if bars is not None else None,
            verdict=verdict,
        )


def _presence(
    labels: NDArray[np.datetime64], interval: Interval, calendar: str
) -> tuple[NDArray[np.datetime64], NDArray[np.bool_]]:
    """Return the sessions from the first label to the last, and whether each has a bar."""
    if interval in ("1w", "1mo") or not labels.size:
        return labels[:0], np.zeros(0, dtype=bool)
    held = labels
    if interval != "1d":
        held, _ = calendars.holding_sessions(calendar, labels)
        held = held[~np.isnat(held)]
    sessions = calendars.session_dates(calendar, labels[0], labels[-1])
    return sessions, np.isin(sessions, held)


def _series_of(
    data: str | Bars | Panel | pd.DataFrame | Sequence[str | Bars], symbol: str, interval: Interval, calendar: str
) -> Iterator[_Examined]:
    if isinstance(data, str):
        from investiq.market.loading import load_bars

        data = load_bars(data)
    if isinstance(data, Bars):
        yield _Examined(symbol=data.symbol, interval=data.interval, calendar=data.passport.calendar, bars=data)
    elif isinstance(data, (Panel, Sequence)):
        for each in data:
            yield from _series_of(each, symbol, interval, calendar)
    elif hasattr(data, "columns"):
        yield from _tables(data, symbol, interval, calendar)
    else:
        raise DataError(
            f"data must be a symbol, Bars, a Panel, a DataFrame or a sequence of symbols or Bars, was {type(data).__name__}"
        )


def _tables(frame: pd.DataFrame, symbol: str, interval: Interval, calendar: str) -> Iterator[_Examined]:
    if frame.empty:
        raise DataError("the table has no rows; there is nothing to examine")
    parts = [(symbol, frame)]
    if "symbol" in frame.columns:
        parts = [(str(name), part) for name, part in frame.groupby("symbol", sort=False)]
    for name, part in parts:
        raw = read_rows(part, name, interval, calendar)
        yield _Examined(symbol=name, interval=interval, calendar=calendar, bars=raw.bars, raw=raw)
