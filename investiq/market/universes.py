"""Universes: bundled lists, the synthetic shares, and membership files of one's own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from investiq.core.errors import DataError, near_matches
from investiq.history.instants import When, instant
from investiq.market.instruments import bundled
from investiq.market.membership import Membership, Universe
from investiq.market.schemas import BadRow
from investiq.market.tables import Table, read_table
from investiq.market.vendors import synthetic
from investiq.market.vendors.synthetic_lives import Life, lives

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SYNTHETIC", "is_universe", "list_universes", "load_universe", "read_universe"]

SYNTHETIC: Final = "synthetic"
_DAY: Final = timedelta(days=1)
_COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "symbol": ("symbol", "ticker"),
    "from": ("from", "begins", "start"),
    "to": ("to", "ends", "end"),
    "announced": ("announced", "announced_at"),
    "end_announced": ("end_announced",),
}


def list_universes() -> pd.DataFrame:
    """Return the universes that `load_universe` knows, one row each.

    Returns
    -------
    DataFrame
        Columns name, label, members, point_in_time, first and last (days of
        which membership is known; of a list without history, its one day), source.

    Examples
    --------
    >>> list_universes().set_index("name").loc[["dow30", "popular"], "point_in_time"].tolist()
    [True, False]
    """
    import pandas as pd

    found = [_bundled(name) for name in _names()]
    rows = [
        (each.name, each.label, len(each), each.point_in_time, *map(np.datetime64, each.covers), each.source)
        for each in (*found, _synthetic())
    ]
    columns = ["name", "label", "members", "point_in_time", "first", "last", "source"]
    return pd.DataFrame(rows, columns=columns).astype({"first": "datetime64[us]", "last": "datetime64[us]"})


def is_universe(name: str) -> bool:
    """Return whether `load_universe` knows the name.

    Examples
    --------
    >>> is_universe("dow30"), is_universe("SYN001")
    (True, False)
    """
    return name in (*_names(), SYNTHETIC)


def load_universe(name: str, as_of: When | None = None) -> Universe:
    """Return a universe, with its members as they were known at `as_of`.

    Parameters
    ----------
    name : str
        One of `list_universes`.
    as_of : str, date, datetime or datetime64, optional
        A time of knowledge; a date alone means its end. By default the newest
        date of which membership is known.

    Returns
    -------
    Universe
        An iterable of symbols. A list without history says so in `notes`,
        whatever `as_of` is: its members were chosen later.

    Raises
    ------
    DataError
        If there is no such universe, or `as_of` lies before its history.

    Examples
    --------
    >>> "GE" in load_universe("dow30", as_of="2018-06-25"), "GE" in load_universe("dow30", as_of="2018-06-26")
    (True, False)
    """
    known = (*_names(), SYNTHETIC)
    if not is_universe(name):
        raise DataError(
            f"there is no universe {name!r}{near_matches(name, known)}; known are {', '.join(known)}; "
            "for your own list of members use iq.read_universe"
        )
    universe = _synthetic() if name == SYNTHETIC else _bundled(name)
    return universe if as_of is None else universe.until(as_of)


def read_universe(path: str | os.PathLike[str], *, name: str | None = None, as_of: When | None = None) -> Universe:
    """Return a universe whose members are listed in a file with dates, point in time.

    Parameters
    ----------
    path : str or path
        CSV or Parquet with the columns symbol and from (first day inside), and
        where known to (first day outside), announced and end_announced (days on
        which beginning and end were made public). Days as ``2018-06-26``. A
        symbol may come back in a row of its own.
    name : str, optional
        By default that of the file.
    as_of : str, date, datetime or datetime64, optional
        As in `load_universe`.

    Raises
    ------
    DataError
        If the file cannot be read, a day is no date, a stay ends before it
        begins, or two stays of a symbol overlap; the message names the lines.
    """
    table = read_table(Path(path))
    named = {
        wanted: table.column(wanted, {}, names, wanted in ("symbol", "from")) for wanted, names in _COLUMNS.items()
    }
    stays = _stays(table, {wanted: column for wanted, column in named.items() if column is not None})
    _refuse_overlaps(table.name, stays)
    days = [day for each in stays for day in (each.begins, each.ends) if day is not None]
    universe = Universe(
        name=name or Path(path).stem,
        label=name or Path(path).stem,
        memberships=tuple(stays),
        point_in_time=True,
        as_of=instant(max(days)),
        covers=(min(days), max(days)),
        source=f"{table.name}, SHA-256 {table.sha256[:16]}",
    )
    return universe if as_of is None else universe.until(as_of)


def _stays(table: Table, columns: Mapping[str, str]) -> list[Membership]:
    import pandas as pd

    frame, bad = table.frame, []
    days: dict[str, pd.Series[Any]] = {}
    for wanted, column in columns.items():
        if wanted == "symbol":
            continue
        texts = frame[column]
        found = pd.to_datetime(texts.astype(str).where(texts.notna()), format="%Y-%m-%d", errors="coerce")
        wrong = found.isna() & (texts.notna() if wanted != "from" else True)
        bad += [
            BadRow(int(row), f"{column} {texts[row]!r} is no date such as 2018-06-26") for row in frame.index[wrong]
        ]
        days[wanted] = found
    symbols = frame[columns["symbol"]]
    bad += [BadRow(int(row), "no symbol") for row in frame.index[symbols.isna()]]
    table.refuse(bad)

    def day(wanted: str, row: Any) -> date | None:
        if wanted not in days or pd.isna(days[wanted][row]):
            return None
        found: date = days[wanted][row].date()
        return found

    return [
        Membership(
            symbol=str(symbols[row]).strip(),
            begins=days["from"][row].date(),
            ends=day("to", row),
            announced=day("announced", row),
            end_announced=day("end_announced", row),
        )
        for row in frame.index
    ]


def _refuse_overlaps(source: str, stays: list[Membership]) -> None:
    newest: dict[str, Membership] = {}
    for each in sorted(stays, key=lambda stay: (stay.symbol, stay.begins)):
        before = newest.get(each.symbol)
        if before is not None and (before.ends is None or before.ends > each.begins):
            raise DataError(
                f"{source}: two stays of {each.symbol} overlap, from {before.begins} to {before.ends or 'now'} and from "
                f"{each.begins}; end the first before the second begins"
            )
        newest[each.symbol] = each


@lru_cache(maxsize=1)
def _names() -> tuple[str, ...]:
    folder = resources.files("investiq.market") / "universes"
    return tuple(sorted(each.name.removesuffix(".yaml") for each in folder.iterdir() if each.name.endswith(".yaml")))


@lru_cache(maxsize=32)
def _bundled(name: str) -> Universe:
    import yaml

    stated = yaml.safe_load((resources.files("investiq.market") / "universes" / f"{name}.yaml").read_text("utf-8"))
    if stated["point_in_time"]:
        first, last = stated["covers"]["from"], stated["covers"]["to"]
        members = tuple(_stated(each) for each in stated["members"])
    else:
        first = last = stated["as_of"]
        members = tuple(Membership(symbol=each, begins=last) for each in stated["members"])
    return Universe(
        name=name,
        label=stated["label"],
        memberships=members,
        point_in_time=stated["point_in_time"],
        as_of=instant(last),
        covers=(first, last),
        source=stated["source"],
        names={each.symbol: bundled()[each.symbol].name for each in members if each.symbol in bundled()},
    )


def _stated(row: Mapping[str, Any]) -> Membership:
    return Membership(
        symbol=row["symbol"],
        begins=row["from"],
        ends=row.get("to"),
        announced=row.get("announced"),
        end_announced=row.get("end_announced"),
    )


@lru_cache(maxsize=1)
def _synthetic() -> Universe:
    known = lives(synthetic.FIRST, synthetic.LAST)
    return Universe(
        name=SYNTHETIC,
        label="Synthetic shares that come, fail and are acquired",
        memberships=tuple(_lived(symbol, life) for symbol, life in known.items()),
        point_in_time=True,
        as_of=instant(synthetic.LAST),
        covers=(synthetic.FIRST, synthetic.LAST),
        source=f"generator, seed {synthetic.SEED}; listed from the first to the last session of each",
        names={symbol: synthetic.SYMBOLS[symbol] for symbol in known},
        is_synthetic=True,
    )


def _lived(symbol: str, life: Life) -> Membership:
    is_listed = life.ending == "listed"
    return Membership(
        symbol=symbol,
        begins=life.first,
        ends=None if is_listed else life.last + _DAY,
        announced=life.first - _DAY,  # a listing is announced before
        end_announced=None if is_listed else life.announced,
    )
