"""The store of market data: every version of every row, on two clocks, one folder of immutable files a series."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError
from investiq.core.notes import Note
from investiq.history.adjust import Action
from investiq.history.bars import Bars
from investiq.history.instants import When, instant
from investiq.history.panel import Panel
from investiq.history.records import Records
from investiq.market import store_bars, store_panel, store_reading, store_writing
from investiq.market.series import SeriesKey, folder_of, stored_keys
from investiq.runtime.paths import data_dir

if TYPE_CHECKING:
    import pandas as pd

    from investiq.market.contract import Dataset

__all__ = ["SeriesKey", "Store", "Written", "open_store"]


class Written(NamedTuple):
    """What a write did.

    Attributes
    ----------
    added, revised, unchanged, withdrawn : int
        Rows: new facts, corrected ones, those that say what was known, and
        those that the source no longer gives.
    generation : int
        Number of the newest file of the series.
    recorded_at : datetime64[us]
        The store's time of this write, UTC.
    notes : tuple of Note
        Such as a disk that fills up.
    """

    added: int
    revised: int
    unchanged: int
    withdrawn: int
    generation: int
    recorded_at: np.datetime64
    notes: tuple[Note, ...] = ()


class Store:
    """Series under one folder, safe under several processes that write and read at once.

    Two clocks, two arguments: `as_of` cuts on `known_at`, when a fact was
    complete in the market; `recorded_by` cuts on `recorded_at`, when this store
    received this version of it. Without them everything is read, each row in
    its last version.

    Parameters
    ----------
    root : Path
        Created by the first write.

    Examples
    --------
    >>> import tempfile
    >>> Store(Path(tempfile.mkdtemp())).keys()
    []
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    def __repr__(self) -> str:
        return f"<Store at {self.root}>"

    def write(
        self,
        key: SeriesKey,
        table: pd.DataFrame,
        facts: Mapping[str, str],
        recorded_at: datetime | np.datetime64,
        *,
        covers: tuple[When | None, When | None] | None = None,
        notes: Sequence[Note] = (),
    ) -> Written:
        """Add what `table` says to a series; nothing that was stored is lost.

        A fact that is new is added. One that is stored with other values gets a
        second version: of a bar with the same `known_at` and `Flag.REVISED`. One
        that says what is known adds nothing. A column that the table lacks says
        nothing about it.

        Parameters
        ----------
        key : SeriesKey
        table : DataFrame
            In the columns of the dataset (`market.datasets`), with `known_at`,
            and for bars where wanted `flags`; one row a fact, any order.
        facts : mapping of str to str
            What the passport needs: provenance, calendar, currency,
            price_basis, known_at_rule, source, retrieved_at (ISO), and
            whatever else the caller wants back from `facts`. Kept of earlier
            writes where absent.
        recorded_at : datetime or datetime64
            The store moves it behind its newest recording where it is not later.
        covers : (start, end), optional
            Labels of which the table is complete, both inclusive, None for no
            bound: what is stored there and not in the table is withdrawn. Give
            it for actions, or a moved ex-date would count twice.
        notes : sequence of Note
            Cautions that belong to the series; one replaces those of its code.

        Returns
        -------
        Written

        Raises
        ------
        DataError
            If the table is empty (unless it is of records and `covers` is
            given), does not fit the dataset, or would leave bars that are none.
        ConfigError
            If the disk is full or the folder cannot be written to.
        """
        limits = None
        if covers is not None:
            low = instant(covers[0], day_ends=False) if covers[0] is not None else np.datetime64("0001-01-01", "us")
            high = instant(covers[1]) if covers[1] is not None else np.datetime64("9999-12-31", "us")
            limits = (low, high)
        done = store_writing.write(self.root, key, table, facts, instant(recorded_at), limits, tuple(notes))
        return Written(*done)

    def keys(
        self, dataset: Dataset | None = None, provider: str | None = None, symbol: str | None = None
    ) -> list[SeriesKey]:
        """Return the keys of the stored series, those that match where a part is given."""
        return [key for key in stored_keys(self.root, dataset, provider, symbol) if self._has(key)]

    def _has(self, key: SeriesKey) -> bool:
        return bool(store_reading.part_folders(folder_of(self.root, key), key))

    def __contains__(self, key: SeriesKey) -> bool:
        return self._has(key)

    def __iter__(self) -> Iterator[SeriesKey]:
        return iter(self.keys())

    def facts(self, key: SeriesKey) -> Mapping[str, str]:
        """Return the facts of a series, as text.

        Returns
        -------
        mapping of str to str
            Those that were written, and of the store's own: rows, versions,
            revisions, first, last (ISO, labels), recorded_at (ISO, newest),
            generation, sha256.

        Raises
        ------
        DataError
            If the series is not stored.
        """
        return store_reading.facts(self.root, key)

    def arrays(self, key: SeriesKey, *, recorded_by: When | None = None) -> dict[str, NDArray[Any]]:
        """Return the rows of bars as numpy arrays by column, the last version of each: the quickest way in.

        Raises
        ------
        DataError
            If the series is not stored or no bars.
        """
        if key.dataset != "bars":
            raise DataError(f"{key} are no bars; use store.records")
        return store_reading.read_rows(self.root, key, recorded_by=_limit(recorded_by)).columns

    def bars(
        self,
        key: SeriesKey,
        *,
        start: When | None = None,
        end: When | None = None,
        as_of: When | None = None,
        recorded_by: When | None = None,
    ) -> Bars:
        """Return the bars of a series with factors and passport.

        Parameters
        ----------
        key : SeriesKey
        start, end : str, date, datetime or datetime64, optional
            First and last label, both inclusive.
        as_of : str, date, datetime or datetime64, optional
            A time of knowledge: only bars with ``known_at <= as_of``.
        recorded_by : str, date, datetime or datetime64, optional
            What the store held at that moment.

        Returns
        -------
        Bars
            Factors follow from the actions of the same provider, after the same
            cut. They start at 1.0 at the first bar stored, of intraday bars at
            that of the first year read.

        Raises
        ------
        DataError
            If the series is not stored, or nothing is left of it.
        """
        return store_bars.read_bars(self.root, key, start, end, _limit(as_of), _limit(recorded_by))

    def panel(
        self,
        keys: Sequence[SeriesKey],
        *,
        start: When | None = None,
        end: When | None = None,
        as_of: When | None = None,
        recorded_by: When | None = None,
    ) -> Panel:
        """Return several series aligned on the union of their labels; arguments as in `bars`.

        The arrays are filled directly. A passport is made when it is asked for.

        Raises
        ------
        DataError
            If a series is not stored, a symbol appears twice, the intervals
            differ, or nothing is left.
        """
        return store_panel.read_panel(self.root, keys, start, end, _limit(as_of), _limit(recorded_by))

    def records(self, key: SeriesKey, *, as_of: When | None = None, recorded_by: When | None = None) -> Records:
        """Return the records of a series, one version of each fact.

        With `as_of` it is the last version that was known by then; a record
        that was announced and later filled in is then the announcement.

        Raises
        ------
        DataError
            If the series is not stored, or is of bars.
        """
        return store_reading.read_records(self.root, key, _limit(as_of), _limit(recorded_by))

    def actions(
        self, key: SeriesKey, *, as_of: When | None = None, recorded_by: When | None = None
    ) -> tuple[Action, ...]:
        """Return the corporate actions behind a series of any dataset, by ex-date; none where none are stored."""
        return store_reading.read_actions(self.root, key, _limit(as_of), _limit(recorded_by))

    def query(self, sql: str, *, recorded_by: When | None = None) -> pd.DataFrame:
        """Run SQL (DuckDB, in memory) over the stored rows and return the answer.

        There is a view of each dataset's name, with its columns and `provider`,
        `feed`, `symbol` (of bars also `interval` and `session`) before them,
        each fact in its last version.

        Parameters
        ----------
        sql : str
        recorded_by : str, date, datetime or datetime64, optional
            What the store held at that moment.

        Raises
        ------
        DataError
            If DuckDB refuses the query; its own words are in the message.
        """
        from investiq.market.store_query import run

        return run(self.root, sql, _limit(recorded_by))

    def snapshot_id(self, key: SeriesKey, recorded_by: When | None = None) -> str:
        """Return a SHA-256 over what a read with `recorded_by` is made of.

        Of bars: ts, OHLCV and known_at in label order, the actions of the same
        provider, and the schema version; no adjustment, which follows from
        these. Of records: all columns.
        """
        return store_reading.snapshot_id(self.root, key, _limit(recorded_by))


def open_store() -> Store:
    """Return the store of the data folder (``INVESTIQ_DATA_DIR``)."""
    return Store(data_dir() / "store")


def _limit(when: When | None) -> np.datetime64 | None:
    return None if when is None else instant(when)
