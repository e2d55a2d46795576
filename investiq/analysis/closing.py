"""`daily_close`: what happened on one session, in units of each symbol's usual day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from investiq.analysis.analyzing import analyze
from investiq.analysis.breadth import new_extremes
from investiq.analysis.closing_events import events_of
from investiq.analysis.closing_result import DailyClose, RegimeChange
from investiq.analysis.regimes import market_regimes
from investiq.analysis.surveyed import benchmark_of, group_name, surveyed
from investiq.core import calendar
from investiq.core.errors import ConfigError, DataError, InvestIQError
from investiq.core.notes import Note, merge_notes
from investiq.history.bars import Bars
from investiq.history.instants import When, aware, instant, label_text
from investiq.history.panel import Panel

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DailyClose", "daily_close"]

# Returns before the session whose deviation is a usual day, and bars of usual volume.
USUAL_RETURNS: Final = 60
_USUAL_VOLUME: Final = 20
_NAMED: Final = 5


def daily_close(
    symbols: str | Panel | Iterable[str] | Iterable[Bars] | None = None,
    *,
    session: When | None = None,
    signals: int = 10,
) -> DailyClose:
    """Return the digest of one session: moves, volume, gaps, highs and lows, changed signals and regimes, what is to come.

    Only what was known when the session's last bar became known is used.

    Parameters
    ----------
    symbols : str, Panel, or iterable of str or Bars, optional
        As the `universe` of `market_overview`; by default every daily series
        that is there without a network.
    session : str, date or datetime64, optional
        A trading day; by default the newest of any symbol. Symbols without a bar
        on it are named and not counted.
    signals : int, default 10
        The most symbols whose signals are compared with the session before: those
        with the largest moves for their usual day. Each costs an analysis; 0 compares none.

    Returns
    -------
    DailyClose

    Raises
    ------
    DataError
        If no symbol has a bar on the session, or bars are adjusted or not daily.
    ConfigError
        If `signals` is negative.

    Examples
    --------
    >>> import investiq as iq
    >>> digest = iq.daily_close("sample indices", session="2018-12-26", signals=0)
    >>> [round(float(move), 4) for move in digest.moves["change"]]
    [0.0496, 0.0584]
    """
    if signals < 0:
        raise ConfigError(f"signals must be 0 or more symbols, was {signals}")
    found = surveyed(symbols, None)
    everything = [bars for members in found.groups.values() for bars in members]
    day = _session(everything, session)
    traded = {bars.symbol: bars for bars in everything if _row_of(bars, day) >= 0}
    if not traded:
        raise _no_bar(everything, day)
    moment = max(bars.known_at[_row_of(bars, day)] for bars in traded.values())
    # A source that is late makes the moment later than the next bar of one that is not.
    known = {symbol: bars.until(moment)[: _row_of(bars, day) + 1] for symbol, bars in traded.items()}
    moves = _moves(known)
    changes, notes = _signal_changes(moves, known, moment, signals)
    regimes, unknown = _regime_changes(known, day, moment)
    events, told = events_of([known[symbol] for symbol in moves.index], day, moment)
    return DailyClose(
        universe=found.name,
        session=day,
        as_of=moment.astype("datetime64[us]").item().replace(tzinfo=UTC),
        bars=tuple(known.values()),
        moves=moves,
        signals=changes,
        regimes=regimes,
        events=events,
        missing=_missing(everything, traded, day, moment),
        failures=found.failures,
        notes=merge_notes(_apart(known), _absent(everything, traded, day), notes, unknown, told, found.notes),
    )


def _session(members: list[Bars], session: When | None) -> np.datetime64:
    if session is None:
        newest: np.datetime64 = max(bars.ts[-1] for bars in members)
        return newest
    day: np.datetime64 = instant(session).astype("datetime64[D]").astype("datetime64[us]")
    return day


def _row_of(bars: Bars, day: np.datetime64) -> int:
    """Return the row of the bar of a session, -1 where there is none."""
    row = int(np.searchsorted(bars.ts, day))
    return row if row < len(bars) and bars.ts[row] == day else -1


def _no_bar(members: list[Bars], day: np.datetime64) -> DataError:
    first, last = min(bars.ts[0] for bars in members), max(bars.ts[-1] for bars in members)
    label = label_text(day, "1d")
    name = members[0].passport.calendar
    near = calendar.session_dates(name, first, day)
    hint = f"; the session before it was {label_text(near[-1], '1d')}" if near.size and near[-1] != day else ""
    span = f"{label_text(first, '1d')} to {label_text(last, '1d')}"
    return DataError(f"no symbol has a bar on {label}; the bars reach from {span}{hint}; choose a session inside")


def _moves(known: Mapping[str, Bars]) -> pd.DataFrame:
    """Return one row a symbol at its last bar, the largest move for its usual day first."""
    import pandas as pd

    rows = {symbol: _move(bars) for symbol, bars in known.items()}
    frame = pd.DataFrame.from_dict(rows, orient="index")
    frame.index.name = "symbol"
    order = frame["z"].abs().sort_values(ascending=False, kind="stable", na_position="last").index
    return frame.loc[order]


def _move(bars: Bars) -> dict[str, object]:
    total = bars.adjusted("total")
    close = total.close
    returns = close[1:] / close[:-1] - 1
    before = returns[-1 - USUAL_RETURNS : -1]
    usual = float(before.std(ddof=1)) if before.size == USUAL_RETURNS else float("nan")
    change = float(returns[-1]) if returns.size else float("nan")
    highs, lows, has_year = (each[0, -1] for each in new_extremes(close[np.newaxis]))
    return {
        "group": group_name(bars),
        "close": float(bars.close[-1]),
        "currency": bars.passport.currency,
        "change": change,
        "usual_day": usual,
        "z": change / usual if usual > 0 else float("nan"),
        "gap": float(total.open[-1] / close[-2] - 1) if close.size > 1 else float("nan"),
        "volume_ratio": _volume_ratio(bars.adjusted("split").volume),
        "year_extreme": "new high" if highs else "new low" if lows else "none" if has_year else "n/a",
        "previous": bars.ts[-2] if len(bars) > 1 else np.datetime64("NaT", "us"),
    }


def _volume_ratio(volume: NDArray[np.float64]) -> float:
    """Return the last volume over the mean of the known ones before it; NaN where these are too few or nothing."""
    known = volume[~np.isnan(volume)]
    before = known[-1 - _USUAL_VOLUME : -1]
    if before.size < _USUAL_VOLUME or np.isnan(volume[-1]) or not before.any():
        return float("nan")
    return float(volume[-1] / before.mean())


# --- signals and regimes ---------------------------------------------------------------------------------------------


def _signal_changes(
    moves: pd.DataFrame, known: Mapping[str, Bars], moment: np.datetime64, most: int
) -> tuple[pd.DataFrame, list[Note]]:
    """Return label and score of this session and the one before, for the symbols with the largest moves."""
    import pandas as pd

    chosen = list(moves.index[:most])
    rows, failed = [], {}
    for symbol in chosen:
        try:
            table = analyze(known[symbol], as_of=aware(moment)).table
        except InvestIQError as error:
            failed[symbol] = str(error)
            continue
        if len(table) > 1:
            before, now = table.iloc[-2], table.iloc[-1]
            label = [each["label"] if isinstance(each["label"], str) else "n/a" for each in (before, now)]
            rows.append((symbol, *label, float(before["score"]), float(now["score"]), label[0] != label[1]))
    names = ["symbol", "label_before", "label", "score_before", "score", "is_changed"]
    notes = []
    if len(chosen) < len(moves):
        text = (
            f"signals of {len(chosen):,} of {len(moves):,} symbols were compared, those with the largest moves for their usual "
            "day: a signal that changed elsewhere is not in the digest; pass a larger signals="
        )
        notes.append(Note(code="signals_of_some", text=text, rows=len(moves) - len(chosen)))
    if failed:
        symbol, why = next(iter(failed.items()))
        text = f"the signals of {len(failed):,} symbol(s) could not be had, such as {symbol}: {why}"
        notes.append(Note(code="not_analysed", text=text, rows=len(failed)))
    return pd.DataFrame(rows, columns=names).set_index("symbol"), notes


def _regime_changes(
    known: Mapping[str, Bars], day: np.datetime64, moment: np.datetime64
) -> tuple[tuple[RegimeChange, ...], list[Note]]:
    """Return the regime of each group's market on the session and on the one before."""
    found: dict[str, RegimeChange] = {}
    notes = []
    for group in dict.fromkeys(group_name(bars) for bars in known.values()):
        market, why = benchmark_of(group, moment)
        row = -1 if market is None else _row_of(market, day)
        if market is None:
            notes.append(Note(code="no_benchmark", text=f"{group}: the regime is not known: {why}"))
        elif row < 1:
            text = f"{group}: the benchmark {market.symbol} has no bar on {label_text(day, '1d')}, so its regime is not told"
            notes.append(Note(code="benchmark_elsewhere", text=text))
        else:
            names = market_regimes(market[: row + 1])["regime"].to_numpy()[-2:]
            found.setdefault(market.symbol, RegimeChange(market=market.symbol, before=names[0], now=names[1]))
    return tuple(found.values()), notes


# --- what is missing -------------------------------------------------------------------------------------------------


def _missing(
    members: list[Bars], traded: Mapping[str, Bars], day: np.datetime64, moment: np.datetime64
) -> pd.DataFrame:
    """Return the symbols without a bar on the session, with their last bar before it."""
    import pandas as pd

    rows = []
    for bars in members:
        if bars.symbol in traded:
            continue
        count = int(np.searchsorted(bars.ts, day))
        if not count:
            rows.append((bars.symbol, group_name(bars), pd.NaT, f"its first bar is of {label_text(bars.ts[0], '1d')}"))
            continue
        gone = [note.text for note in bars.until(moment).passport.notes if note.code == "delisted"]
        why = gone[0] if gone and count == len(bars) else "no bar on the session"
        rows.append((bars.symbol, group_name(bars), bars.ts[count - 1], why))
    frame = pd.DataFrame(rows, columns=["symbol", "group", "last_session", "reason"])
    return frame.astype({"last_session": "datetime64[us]"}).set_index("symbol")


def _absent(members: list[Bars], traded: Mapping[str, Bars], day: np.datetime64) -> list[Note]:
    absent = [bars.symbol for bars in members if bars.symbol not in traded]
    if not absent:
        return []
    names = ", ".join(absent[:_NAMED]) + (" and more" if len(absent) > _NAMED else "")
    text = f"{len(absent):,} of {len(members):,} symbols have no bar on {label_text(day, '1d')} and are not counted ({names})"
    return [Note(code="no_bar", text=text, rows=len(absent))]


def _apart(known: Mapping[str, Bars]) -> list[Note]:
    kinds = list(dict.fromkeys(group_name(bars) for bars in known.values()))
    if len(kinds) < 2:
        return []
    text = f"the session holds {len(kinds)} kinds of series ({', '.join(kinds)}); the column group says which is which"
    return [Note(code="kinds_together", text=text)]
