"""Earnings and dividends around a session, as they were known at its close."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from investiq.analysis.surveyed import group_name
from investiq.core.errors import DataError, InvestIQError
from investiq.core.notes import Note
from investiq.history.adjust import Action
from investiq.history.bars import Bars
from investiq.market.record_loading import load_records
from investiq.market.store import open_store

if TYPE_CHECKING:
    import pandas as pd

    from investiq.history.records import Records

__all__ = ["AHEAD_DAYS", "events_of"]

AHEAD_DAYS: Final = 30
# A company reports a quarter on the weekday of a year before: 52 weeks later.
_SAME_QUARTER: Final = np.timedelta64(364, "D")
_ONE_QUARTER: Final = np.timedelta64(45, "D")
# Records of invented companies are generated statement by statement: half a tenth of a second a symbol.
_MOST: Final = 40
_COLUMNS: Final = ["symbol", "event", "date", "when", "detail"]


def events_of(members: list[Bars], day: np.datetime64, moment: np.datetime64) -> tuple[pd.DataFrame, list[Note]]:
    """Return earnings and dividends of the session, and those of the next 30 days that were known at `moment`.

    Earnings belong to the session at whose close they are first known: a report
    after the close of one session to the next.

    Parameters
    ----------
    members : list of Bars
    day : datetime64[us]
        The session.
    moment : datetime64[us]
        Time of knowledge.

    Returns
    -------
    events : DataFrame
        Columns symbol, event, date, when (``"today"`` or ``"ahead"``) and detail.
    notes : list of Note
        Symbols whose records could not be had, and why.
    """
    import pandas as pd

    rows: list[tuple[object, ...]] = []
    reasons: dict[str, list[str]] = {}
    asked = 0
    for bars in members:
        if reason := _unserved(bars, asked):
            reasons.setdefault(reason, []).append(bars.symbol)
            continue
        asked += 1
        rows += _dividends(bars, day)
        try:
            rows += _earnings(bars, _records(bars, "earnings"), day)
            rows += _declared(bars.symbol, _records(bars, "actions"), day, moment)
        except InvestIQError as error:
            reasons.setdefault(str(error), []).append(bars.symbol)
    frame = pd.DataFrame(rows, columns=_COLUMNS).astype({"date": "datetime64[us]"})
    return frame.sort_values(["when", "date", "symbol"], ascending=[False, True, True]), _told(reasons)


def _unserved(bars: Bars, asked: int) -> str:
    """Return why the records of a symbol are not read, or an empty text."""
    group = group_name(bars)
    if group in ("sample indices", "synthetic indices"):
        return "an index reports no earnings and pays no dividend"
    if bars.passport.provenance == "file":
        return "the bars are of a file"
    if asked >= _MOST:
        return f"records are read of the first {_MOST} symbols, the largest moves first"
    return ""


def _records(bars: Bars, kind: str) -> Records:
    if bars.passport.provenance == "synthetic":
        return load_records(bars.symbol, kind)  # type: ignore[arg-type]
    store = open_store()
    keys = [key for key in store.keys(kind) if key.symbol == bars.symbol]  # type: ignore[arg-type]
    if not keys:
        raise DataError(f"no {kind} are stored")
    return store.records(keys[0])


def _dividends(bars: Bars, day: np.datetime64) -> list[tuple[object, ...]]:
    """Return what went ex or was split on the session, from the actions behind the bars' factors."""
    return [
        (bars.symbol, str(each.kind), day, "today", _amount(each))
        for each in bars.actions
        if np.datetime64(each.ex_date, "us") == day
    ]


def _amount(action: Action) -> str:
    cash, ratio = action.cash, action.ratio
    return f"{cash:g} {action.currency} a share, ex today" if cash else f"{ratio:g} for 1" if ratio else "ex today"


def _earnings(bars: Bars, records: Records, day: np.datetime64) -> list[tuple[object, ...]]:
    """Return reports that became known between the close before and that of `day`, the last bar, and those ahead."""
    symbol, before = bars.symbol, -2 if len(bars) > 1 else -1
    previous, since = bars.ts[before], bars.known_at[before]
    known = records.until(bars.known_at[-1]).frame
    if "reported_date" not in known or known.empty:
        return []
    dates, seen = (known[name].dt.tz_convert(None).to_numpy("datetime64[us]") for name in ("reported_date", "known_at"))
    rows: list[tuple[object, ...]] = []
    for place in np.flatnonzero((dates >= previous) & (dates <= day + np.timedelta64(AHEAD_DAYS, "D"))):
        each, date = known.iloc[place], dates[place]
        expected = "n/a" if np.isnan(each["eps_estimate"]) else f"{each['eps_estimate']:g}"
        if date > day:
            rows.append((symbol, "earnings", date, "ahead", f"announced; EPS expected {expected}"))
        elif not np.isnan(each["eps_actual"]) and seen[place] > since:
            late = "" if date == day else ", after the close before"
            rows.append((symbol, "earnings", date, "today", f"EPS {each['eps_actual']:g}, expected {expected}{late}"))
        elif np.isnan(each["eps_actual"]) and date == day:
            rows.append((symbol, "earnings", date, "today", f"announced for today; EPS expected {expected}"))
    if not any(row[3] == "ahead" for row in rows):
        likely = dates[dates <= day] + _SAME_QUARTER
        soon = likely[(likely > day) & (likely <= day + np.timedelta64(AHEAD_DAYS, "D"))]
        newest = dates[dates <= day].max(initial=np.datetime64("1900", "us"))
        soon = soon[soon - newest > _ONE_QUARTER]  # else that quarter was reported early this year
        words = "not announced: 52 weeks after the same quarter's report"
        rows += [(symbol, "earnings", each, "ahead", words) for each in soon]
    return rows


def _declared(symbol: str, records: Records, day: np.datetime64, moment: np.datetime64) -> list[tuple[object, ...]]:
    """Return dividends and splits whose ex-date lies ahead and was known."""
    known = records.until(moment).frame
    dates = known.index.to_numpy(dtype="datetime64[us]")
    ahead = np.flatnonzero((dates > day) & (dates <= day + np.timedelta64(AHEAD_DAYS, "D")))
    return [(symbol, str(row["kind"]), dates[place], "ahead", _declared_amount(row)) for place, row in
            zip(ahead, known.iloc[ahead].to_dict("records"), strict=True)]  # fmt: skip


def _declared_amount(row: dict[Any, Any]) -> str:
    cash, ratio = (float(row.get(name, float("nan"))) for name in ("cash", "ratio"))
    if not np.isnan(cash):
        return f"{cash:g} a share"
    return "declared" if np.isnan(ratio) else f"{ratio:g} for 1"


def _told(reasons: dict[str, list[str]]) -> list[Note]:
    notes = []
    for reason, symbols in reasons.items():
        names = ", ".join(symbols[:5]) + (" and more" if len(symbols) > 5 else "")
        text = f"earnings and dividends of {len(symbols):,} symbol(s) are not in the digest ({names}): {reason}"
        severity = "info" if "index" in reason else "caution"
        notes.append(Note(code="no_events", text=text, rows=len(symbols), severity=severity))  # type: ignore[arg-type]
    return notes
