"""Snapshots of tables: what was computed, of which data, as of when and with which parameters."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from investiq.core.errors import ConfigError, DataError
from investiq.core.types import Interval
from investiq.history.instants import aware, instant
from investiq.runtime.paths import data_dir
from investiq.storage import generations
from investiq.storage.locks import exclusive
from investiq.storage.publishing import publish

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SnapshotKey", "load_snapshot", "save_snapshot", "snapshot_times"]

# To the microsecond, as times of knowledge are: cut to seconds, a snapshot would be found before it was known.
_STAMP: Final = "%Y%m%dT%H%M%S.%fZ"
_HASH_DIGITS: Final = 16


@dataclass(frozen=True, kw_only=True)
class SnapshotKey:
    """What a snapshot is of.

    Attributes
    ----------
    symbol, vendor : str
    interval : str
        Such as ``"1d"``.
    subject : str
        Strategy, engine or layer that made the table, with its version.
    parameters : mapping
        What JSON can hold; equal parameters in another order are the same.

    Raises
    ------
    ConfigError
        If a name is empty or no name of a folder, or JSON cannot hold the parameters.
    """

    symbol: str
    vendor: str
    interval: Interval
    subject: str
    parameters: Mapping[str, Any]

    def __post_init__(self) -> None:
        for name in ("symbol", "vendor", "interval", "subject"):
            if getattr(self, name) in ("", ".", ".."):
                raise ConfigError(f"a snapshot needs a {name} that can name a folder, was {getattr(self, name)!r}")
        _ = self.parameter_hash

    @property
    def parameter_hash(self) -> str:
        """First 16 hexadecimal digits of the SHA-256 of the parameters."""
        try:
            text = json.dumps(dict(self.parameters), sort_keys=True, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ConfigError(f"the parameters of a snapshot must be what JSON can hold: {error}") from None
        return hashlib.sha256(text.encode()).hexdigest()[:_HASH_DIGITS]

    @property
    def folder(self) -> Path:
        """Where snapshots of this key lie, a folder for each time of knowledge within."""
        names = (self.subject, self.vendor, self.interval, self.symbol)
        return data_dir().joinpath("snapshots", *(quote(name, safe="^=") for name in names), self.parameter_hash)


def save_snapshot(key: SnapshotKey, table: pd.DataFrame) -> Path:
    """Write a causal table and return its file.

    Parameters
    ----------
    key : SnapshotKey
    table : DataFrame of shape (n_rows, n_columns)
        Index `ts`; `known_at`, whose last value is the time of the snapshot.

    Returns
    -------
    Path
        A Parquet file, written whole or not at all. A second snapshot of one key
        and time stands beside the first and is the one that is read.

    Raises
    ------
    ConfigError
        If the folder cannot be written to.
    DataError
        If the table has no rows or no `known_at`.
    """
    import pyarrow as pa

    if not len(table) or "known_at" not in table:
        raise DataError(f"a snapshot needs rows and a column known_at; the table has {len(table)} rows")
    as_of = table["known_at"].iloc[-1].to_pydatetime().astimezone(UTC)
    manifest = {
        "symbol": key.symbol,
        "vendor": key.vendor,
        "interval": key.interval,
        "subject": key.subject,
        "parameters": dict(key.parameters),
        "parameter_hash": key.parameter_hash,
        "as_of": as_of.isoformat(),
    }
    folder = key.folder / as_of.strftime(_STAMP)
    with exclusive(folder):
        generation, _ = publish(folder, pa.Table.from_pandas(table.reset_index()), manifest, fast=False)
    return generation.path


def snapshot_times(key: SnapshotKey) -> list[datetime]:
    """Return the times of knowledge of which there are snapshots, ascending, in UTC."""
    if not key.folder.is_dir():
        return []
    names = (each.name for each in key.folder.iterdir() if each.is_dir())
    return sorted(datetime.strptime(name, _STAMP).replace(tzinfo=UTC) for name in names)


def load_snapshot(key: SnapshotKey, as_of: str | datetime | None = None) -> pd.DataFrame:
    """Return the newest snapshot that was known at a time.

    Parameters
    ----------
    key : SnapshotKey
    as_of : str or datetime, optional
        In UTC, or aware; a date alone means the end of that day. By default the
        newest of all.

    Returns
    -------
    DataFrame
        As it was saved, index `ts`; what the file tells of itself is in ``attrs``.

    Raises
    ------
    DataError
        If there is none, its file is damaged, or `as_of` is no time.
    """
    moment = None if as_of is None else aware(instant(as_of))
    times = [each for each in snapshot_times(key) if moment is None or each <= moment]
    found = generations.read(key.folder / times[-1].strftime(_STAMP), _every_column) if times else None
    if found is None:
        when = "" if moment is None else f" known at {moment:%Y-%m-%d %H:%M} UTC"
        raise DataError(
            f"there is no snapshot of {key.subject} on {key.symbol} {key.interval} from {key.vendor} "
            f"with parameters {key.parameter_hash}{when}; make one with save_snapshot"
        )
    table: pd.DataFrame = found.table.to_pandas().set_index("ts")
    table.attrs = {name: found.manifest[name] for name in ("as_of", "parameters", "parameter_hash")}
    return table


def _every_column(manifest: dict[str, Any]) -> list[str]:
    return list(manifest["columns"])
