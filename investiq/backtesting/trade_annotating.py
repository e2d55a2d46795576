"""Notes and tags beside single trades: appended, never changed, and kept in the database with the ledger of trials."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from investiq.backtesting.trial_statistics import canonical
from investiq.core.errors import ConfigError, DataError

if TYPE_CHECKING:
    import pandas as pd

    from investiq.backtesting.result import BacktestResult

__all__ = [
    "NOTE_LETTERS",
    "TAG_LETTERS",
    "TradeNote",
    "annotate_trade",
    "annotation_key",
    "checked_trade",
    "trade_notes",
]

NOTE_LETTERS: Final = 4_000
TAG_LETTERS: Final = 40
TAGS: Final = 20
_COLUMNS: Final = ("run", "trade", "symbol", "entry_ts", "written_at", "note", "tags", "is_current")


@dataclass(frozen=True, kw_only=True)
class TradeNote:
    """One note as it was written.

    Attributes
    ----------
    run : str
        Id of the trial in the ledger, or the digest of a run outside it.
    trade : int
        Row of ``result.trades``.
    symbol : str
    entry_ts, written_at : datetime
        Label of the bar of the entry; when the note was written, UTC.
    note : str
    tags : tuple of str
    """

    run: str
    trade: int
    symbol: str
    entry_ts: datetime
    written_at: datetime
    note: str
    tags: tuple[str, ...]


def annotate_trade(result: BacktestResult, trade: int, note: str = "", tags: Sequence[str] = ()) -> TradeNote:
    """Write a note or tags beside a trade; notes are added, never changed or deleted.

    Parameters
    ----------
    result : BacktestResult
        The note belongs to its run: the same strategy, options and data find it
        again in another process. Another run has notes of its own.
    trade : int
        Row of ``result.trades``.
    note : str
        At most 4,000 characters.
    tags : sequence of str
        Words of at most 40 characters, such as ``["late entry", "news"]``.

    Returns
    -------
    TradeNote

    Raises
    ------
    DataError
        If there is no such trade.
    ConfigError
        If there is neither a note nor a tag, one is too long, or the database
        cannot be written.

    Examples
    --------
    >>> import investiq as iq
    >>> result = iq.backtest(iq.strategies.Breakout(), iq.load_bars("^GSPC", start="2014"))
    >>> iq.annotate_trade(result, 0, "entered into a range", tags=["range"]).tags
    ('range',)
    >>> iq.trade_notes(result)["note"].tolist()[-1]
    'entered into a range'
    """
    from investiq.backtesting.tables import TRADE_ANNOTATIONS
    from investiq.runtime.clock import now
    from investiq.storage.database import open_database

    number = checked_trade(result, trade)
    words, kept = _checked_note(note), _checked_tags(tags)
    if not words and not kept:
        raise ConfigError("an annotation needs a note or tags, was given neither")
    found = TradeNote(run=annotation_key(result), **_place(result, number), written_at=now(), note=words, tags=kept)
    row = {**vars(found), "tags": json.dumps(list(kept))}
    open_database().write(lambda connection: connection.execute(TRADE_ANNOTATIONS.insert(), row))
    return found


def trade_notes(
    result: BacktestResult | None = None, *, trade: int | None = None, tag: str | None = None
) -> pd.DataFrame:
    """Return the notes beside the trades of a run, or of all runs, the oldest first.

    Parameters
    ----------
    result : BacktestResult, optional
        By default notes of every run.
    trade : int, optional
        Only of this row of ``result.trades``.
    tag : str, optional
        Only those with this tag.

    Returns
    -------
    DataFrame
        One row a note: run, trade, symbol, entry_ts, written_at, note, tags
        (tuple), is_current (whether the run at hand still has that trade there;
        a strategy of your own may trade otherwise after a change of its code;
        missing where no `result` is given).

    Raises
    ------
    DataError
        If `result` has no such trade.
    ConfigError
        If `trade` is given without a result, or the database cannot be read.
    """
    import pandas as pd

    from investiq.storage.database import open_database

    if trade is not None and result is None:
        raise ConfigError(f"trade {trade!r} is a row of one run's trades; pass the result as well")
    run = None if result is None else annotation_key(result)
    number = None if trade is None or result is None else checked_trade(result, trade)
    rows = open_database().read(lambda connection: _read(connection, run, number))
    frame = pd.DataFrame(
        [{**row, "tags": tuple(json.loads(row["tags"])), "is_current": _is_current(result, row)} for row in rows],
        columns=list(_COLUMNS),
    )
    for name in ("entry_ts", "written_at"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    frame["is_current"] = frame["is_current"].astype("boolean")
    return frame if tag is None else frame[[tag in tags for tags in frame["tags"]]].reset_index(drop=True)


def annotation_key(result: BacktestResult) -> str:
    """Return what the notes of a run are kept under: its trial in the ledger, else a digest of its manifest.

    The digest is that of strategy, options, convention and data: neither the
    moment of the run nor the installed versions make another run of it.
    """
    trial = None if result.ticket is None else result.ticket.trial
    if trial is not None:
        return trial
    manifest = result.manifest
    chosen: list[Any] = [manifest.kind, manifest.parameters, sorted(manifest.data.items())]
    return hashlib.sha256(json.dumps(canonical(chosen)).encode()).hexdigest()[:16]


def checked_trade(result: BacktestResult, trade: int) -> int:
    """Return the number of a trade that `result` has.

    Raises
    ------
    DataError
        If it has no such trade.
    """
    count = int(result.round_trips.pnl.size)
    if isinstance(trade, bool) or not isinstance(trade, (int, np.integer)) or not 0 <= trade < count:
        rows = f"result.trades has rows 0 to {count - 1}" if count else "this run has none"
        raise DataError(f"there is no trade {trade!r}: {rows}")
    return int(trade)


def _place(result: BacktestResult, number: int) -> dict[str, Any]:
    trips, prices = result.round_trips, result.prices
    entered: datetime = prices.ts[int(trips.entry_bar[number])].astype("datetime64[us]").item()
    return {
        "trade": number,
        "symbol": prices.symbols[int(trips.symbol[number])],
        "entry_ts": entered.replace(tzinfo=UTC),
    }


def _is_current(result: BacktestResult | None, row: dict[str, Any]) -> bool | None:
    if result is None:
        return None
    if row["trade"] >= result.round_trips.pnl.size:
        return False
    place = _place(result, row["trade"])
    return bool(place["symbol"] == row["symbol"] and place["entry_ts"] == row["entry_ts"])


def _read(connection: Any, run: str | None, trade: int | None) -> list[dict[str, Any]]:
    import sqlalchemy as sa

    from investiq.backtesting.tables import TRADE_ANNOTATIONS

    table = TRADE_ANNOTATIONS
    query = sa.select(*(table.c[name] for name in _COLUMNS[:-1])).order_by(table.c.id)
    if run is not None:
        query = query.where(table.c.run == run)
    if trade is not None:
        query = query.where(table.c.trade == trade)
    return [dict(row) for row in connection.execute(query).mappings()]


def _checked_note(note: str) -> str:
    if not isinstance(note, str):
        raise ConfigError(f"a note is a text, was {note!r}; write tags as tags=[...]")
    words = note.strip()
    if len(words) > NOTE_LETTERS:
        raise ConfigError(f"a note has at most {NOTE_LETTERS:,} characters, this one has {len(words):,}; shorten it")
    return words


def _checked_tags(tags: Sequence[str]) -> tuple[str, ...]:
    if isinstance(tags, str):
        raise ConfigError(f"tags must be a sequence of words, was {tags!r}; write tags=[{tags!r}]")
    wrong = [each for each in tags if not isinstance(each, str) or not each.strip()]
    if wrong:
        raise ConfigError(f"a tag is a word, was {wrong[0]!r}")
    kept = tuple(dict.fromkeys(each.strip() for each in tags))
    longest = max(kept, key=len, default="")
    if len(longest) > TAG_LETTERS:
        raise ConfigError(
            f"a tag has at most {TAG_LETTERS} characters, {longest[:12]!r}... has {len(longest)}; write the rest as the note"
        )
    if len(kept) > TAGS:
        raise ConfigError(f"a note has at most {TAGS} tags, was given {len(kept)}; write a second note")
    return kept
