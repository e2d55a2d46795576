"""Writing trials: queued on a thread, committed before a number of the result is read, counted once however often run."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting.trial_statistics import BLOCKS, TrackRecord, canonical, track_record
from investiq.core.errors import DataError, InvestIQError
from investiq.core.manifest import Manifest
from investiq.core.notes import Note
from investiq.metrics.conventions import Convention

if TYPE_CHECKING:
    import sqlalchemy as sa

    from investiq.backtesting.result import BacktestResult
    from investiq.backtesting.trades import RoundTrips

__all__ = [
    "Recorded",
    "Ticket",
    "TrialKind",
    "cells_path",
    "default_study",
    "numbers_of_trades",
    "read_cells",
    "record",
    "record_result",
    "record_sweep",
    "settle",
    "trial_id",
]

TrialKind = Literal["backtest", "sweep", "walk_forward", "fold", "cross_validation"]
Sample = Literal["in_sample", "out_of_sample"]

FloatArray = NDArray[np.float64]

# What a sweep keeps of each cell, besides its parameters and 2 x 16 sums.
_CELL_NUMBERS: Final = ("count", "mean", "sd", "skewness", "kurtosis")
_CELL_BLOCKS: Final = ("sums", "squares")


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What became of one entry.

    Attributes
    ----------
    trial : str or None
        Its id in the ledger; None where it could not be written.
    study : str
    reason : str
        Why it could not be written; empty otherwise.
    """

    trial: str | None
    study: str
    reason: str = ""

    @property
    def notes(self) -> tuple[Note, ...]:
        """The caution that a result without an entry carries."""
        if self.trial is not None:
            return ()
        text = f"trial not recorded: {self.reason}; no deflated Sharpe ratio is given, since trials are no longer all counted"
        return (Note(code="trial_not_recorded", text=text),)


@dataclass(frozen=True, eq=False, repr=False)
class Ticket:
    """An entry on its way into the ledger; `wait` returns once it is committed, or has failed for good."""

    _future: Future[Recorded] = field(repr=False)

    def wait(self) -> Recorded:
        """Return what became of the entry, as soon as that is known."""
        return self._future.result()

    @property
    def trial(self) -> str | None:
        """The id of the trial, or None where it could not be written."""
        return self.wait().trial

    @property
    def study(self) -> str:
        """The study that it counts for."""
        return self.wait().study

    @property
    def notes(self) -> tuple[Note, ...]:
        """The caution that a result without an entry carries."""
        return self.wait().notes

    def __reduce__(self) -> tuple[Any, ...]:
        return arrived, (self.wait(),)


def arrived(recorded: Recorded) -> Ticket:
    """Return the ticket of an entry that is in the ledger already."""
    future: Future[Recorded] = Future()
    future.set_result(recorded)
    return Ticket(future)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Entry:
    """All that one row is made of; what takes time is made on the thread that writes."""

    manifest: Manifest
    study: str
    kind: TrialKind
    sample: Sample
    interval: str
    first: datetime
    last: datetime
    watermark: str | None
    parent: Ticket | None
    account: FloatArray | None
    round_trips: Callable[[], RoundTrips] | None
    cells: Mapping[str, NDArray[Any]] | None


def record(
    manifest: Manifest,
    account: FloatArray,
    *,
    interval: str,
    first: datetime,
    last: datetime,
    study: str | None = None,
    kind: TrialKind = "backtest",
    sample: Sample = "in_sample",
    parent: Ticket | None = None,
    watermark: str | None = None,
    round_trips: Callable[[], RoundTrips] | None = None,
) -> Ticket:
    """Queue one trial for the ledger and return at once; statistics are computed by the thread that writes.

    Parameters
    ----------
    manifest : Manifest
        Its `parameters` hold the strategy, the options and the convention; its
        `data` the fingerprints.
    account : ndarray of float64, shape (n_periods + 1,)
        Equity with its opening point.
    interval : str
    first, last : datetime
        Labels of the first and the last bar, aware.
    study : str, optional
        The hypothesis that the trial tests; by default its strategy and data.
    kind : {"backtest", "sweep", "walk_forward", "fold", "cross_validation"}
    sample : {"in_sample", "out_of_sample"}
        Whether the parameters were chosen with knowledge of these bars.
    parent : Ticket, optional
        The entry that this one belongs to, as a fold to its walk-forward.
    watermark : str, optional
    round_trips : callable, optional
        Returns the round trips, from which trades, win rate and profit factor are counted.

    Returns
    -------
    Ticket
    """
    entry = _Entry(
        manifest=manifest, study=study or default_study(manifest), kind=kind, sample=sample, interval=interval,
        first=first, last=last, watermark=watermark, parent=parent, account=account, round_trips=round_trips, cells=None,
    )  # fmt: skip
    return _queue(entry)


def record_result(
    result: BacktestResult,
    *,
    study: str | None = None,
    kind: TrialKind = "backtest",
    sample: Sample = "in_sample",
    parent: Ticket | None = None,
) -> Ticket:
    """Queue the trial that a result is; see `record`."""
    from investiq.history.instants import aware

    first, last = (aware(ts) for ts in result.instants[[1, -1]])
    return record(
        result.manifest,
        result.account,
        interval=result.data.interval,
        first=first,
        last=last,
        study=study,
        kind=kind,
        sample=sample,
        parent=parent,
        watermark=result.watermark,
        round_trips=_pairing(result),
    )


def _pairing(result: BacktestResult) -> Callable[[], RoundTrips]:
    """Return what pairs the fills of a result without touching it.

    Its cached properties have one lock for all results, which a reader that waits for the writer may hold.
    """
    from investiq.backtesting.trades import round_trips

    run, posting, prices = result.run, result.options.posting_rounding, result.prices
    marks, splits, symbols = prices.last_marks, prices.splits, prices.symbols
    return lambda: round_trips(run, marks, posting, splits=splits, symbols=symbols)


def record_sweep(
    manifest: Manifest,
    cells: Mapping[str, NDArray[Any]],
    *,
    interval: str,
    first: datetime,
    last: datetime,
    study: str | None = None,
    kind: TrialKind = "sweep",
    parent: Ticket | None = None,
    watermark: str | None = None,
) -> Ticket:
    """Queue one row for a whole sweep, and write its cells to a Parquet table beside the database.

    Parameters
    ----------
    manifest : Manifest
        As `record`; its strategy and options are those that all cells share, the
        axes with the lists of values that were asked for.
    cells : mapping of str to ndarray
        One value a cell that ran, invalid ones left out: a column for each axis,
        named as the parameter of the strategy or the option; ``count``, ``mean``,
        ``sd``, ``skewness`` (biased) and ``kurtosis`` (raw) of its returns; and
        ``sums`` and ``squares``, shape (n_cells, 16), of the returns of 16 equal
        blocks, the first ``count % 16`` returns outside. Others are kept too.
    interval, first, last, study, kind, parent, watermark
        As `record`.

    Raises
    ------
    DataError
        If a column is missing, or has another length.

    Returns
    -------
    Ticket
    """
    if missing := [name for name in (*_CELL_NUMBERS, *_CELL_BLOCKS) if name not in cells]:
        raise DataError(f"the cells of a sweep lack {', '.join(missing)}; there are {', '.join(cells)}")
    lengths = {name: len(column) for name, column in cells.items()}
    if len(set(lengths.values())) != 1:
        raise DataError(f"the columns of a sweep differ in length: {lengths}")
    for name in _CELL_BLOCKS:
        if cells[name].shape[1:] != (BLOCKS,):
            raise DataError(f"{name} must have shape (n_cells, {BLOCKS}), was {cells[name].shape}")
    entry = _Entry(
        manifest=manifest, study=study or default_study(manifest), kind=kind, sample="in_sample", interval=interval,
        first=first, last=last, watermark=watermark, parent=parent, account=None, round_trips=None, cells=cells,
    )  # fmt: skip
    return _queue(entry)


def default_study(manifest: Manifest) -> str:
    """Return the study of a run that names none: its strategy on its data.

    Other dates are other data, and so another study; a search over several
    periods, symbols or strategies should bear one name.
    """
    data = _traded(manifest)
    symbols = _symbols(data)
    shown = ", ".join(symbols[:3]) + (f" and {len(symbols) - 3} more" if len(symbols) > 3 else "")
    return f"{manifest.parameters['strategy']['name']} on {shown} [{_data_fingerprint(data)[:8]}]"


def trial_id(manifest: Manifest, study: str) -> str:
    """Return the id of a trial: the same for the same study, strategy, parameters, options, convention and data."""
    parameters = manifest.parameters
    chosen = [
        study,
        parameters["strategy"],
        parameters["options"],
        parameters["convention"],
        _data_fingerprint(_traded(manifest)),
    ]
    if manifest.kind == "walk_forward":  # pieces of the strategy, not the run over all bars
        chosen.append(manifest.kind)
    return hashlib.sha256(json.dumps(canonical(chosen)).encode()).hexdigest()[:16]


def cells_path(name: str) -> Path:
    """Return where the table of a sweep's cells lies."""
    from investiq.runtime.paths import data_dir

    return data_dir() / "trials" / name


def _traded(manifest: Manifest) -> dict[str, str]:
    """Return the fingerprints of what was traded: another benchmark makes no other trial."""
    return {role: print_ for role, print_ in manifest.data.items() if not role.startswith("benchmark ")}


def _symbols(data: Mapping[str, str]) -> list[str]:
    return [role.removeprefix("bars ") for role in data if role.startswith("bars ")]


def _data_fingerprint(data: Mapping[str, str]) -> str:
    if len(data) == 1:
        return next(iter(data.values()))
    return hashlib.sha256(json.dumps(sorted(data.items())).encode()).hexdigest()


_writer: ThreadPoolExecutor | None = None


def _queue(entry: _Entry) -> Ticket:
    """Hand the entry to the one thread that writes; the interpreter waits for it before it ends."""
    global _writer
    if _writer is None:
        _writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="investiq-trials")
    return Ticket(_writer.submit(_write, entry))


def settle() -> None:
    """Return once everything that this process queued is in the ledger, or has failed."""
    if _writer is not None:
        _writer.submit(int).result()


def _forget() -> None:
    """Start anew in a forked child, which has none of its parent's threads."""
    global _writer
    _writer = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def _write(entry: _Entry) -> Recorded:
    trial = trial_id(entry.manifest, entry.study)
    try:
        from investiq.storage.database import open_database

        database = open_database()
        row = _row(entry, trial)
        run = {
            "trial": trial,
            "run_at": entry.manifest.created_at,
            "code_version": entry.manifest.code_version,
            "final_equity": row["final_equity"],
        }
        database.write(lambda connection: _insert(connection, row, run))
    except (InvestIQError, OSError) as error:
        return Recorded(trial=None, study=entry.study, reason=str(error))
    return Recorded(trial=trial, study=entry.study)


def _insert(connection: sa.Connection, row: Mapping[str, Any], run: Mapping[str, Any]) -> None:
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]  # the same method of another class
    from investiq.backtesting.tables import RUNS, TRIALS

    entry = insert(TRIALS)
    if row["cells_file"] is None:
        entry = entry.on_conflict_do_nothing(index_elements=["id"])
    else:  # a sweep that was interrupted, and goes on
        entry = entry.on_conflict_do_update(index_elements=["id"], set_={"cells": row["cells"], "count": row["count"]})
    connection.execute(entry, row)
    connection.execute(RUNS.insert(), run)


def _row(entry: _Entry, trial: str) -> dict[str, Any]:
    manifest = entry.manifest
    parameters = manifest.parameters
    strategy = {**parameters["strategy"]}
    data = _traded(manifest)
    numbers = _numbers_of_cells(entry.cells, trial) if entry.cells is not None else _numbers_of_account(entry)
    return {
        "id": trial,
        "study": entry.study,
        "kind": entry.kind,
        "parent": entry.parent.trial if entry.parent is not None else None,
        "strategy": strategy.pop("name"),
        "symbols": " ".join(_symbols(data)),
        "interval": entry.interval,
        "first_ts": entry.first,
        "last_ts": entry.last,
        "parameters": json.dumps(strategy),
        "options": json.dumps(parameters["options"]),
        "convention": json.dumps(parameters["convention"]),
        "data": json.dumps(dict(manifest.data)),
        "data_fingerprint": _data_fingerprint(data),
        "watermark": entry.watermark,
        "sample": entry.sample,
        "seed": manifest.seed,
        "code_version": manifest.code_version,
        "created_at": manifest.created_at,
        **{name: _stored(value) for name, value in numbers.items()},
    }


def _stored(value: Any) -> Any:
    """Return NaN as the NULL that it is in SQL."""
    return None if isinstance(value, float) and math.isnan(value) else value


def _numbers_of_account(entry: _Entry) -> dict[str, Any]:
    assert entry.account is not None
    found = track_record(entry.account, Convention(**entry.manifest.parameters["convention"]))
    return {
        "cells": 1,
        "cells_file": None,
        **{name: getattr(found, name) for name in _RECORD_NUMBERS},
        **numbers_of_trades(entry.round_trips() if entry.round_trips is not None else None),
        "blocks": _packed(found),
    }


_RECORD_NUMBERS: Final = (
    "count",
    "mean",
    "sd",
    "skewness",
    "kurtosis",
    "sharpe",
    "final_equity",
    "total_return",
    "max_drawdown",
)


def numbers_of_trades(trips: RoundTrips | None) -> dict[str, Any]:
    """Return closed trades, their win rate and profit factor, and all fees; NaN without a trade, or without a loss."""
    if trips is None:
        return {"trades": None, "win_rate": None, "profit_factor": None, "fees": None}
    pnl = trips.pnl[trips.is_closed]
    wins, losses = pnl[pnl > 0], pnl[pnl < 0]
    return {
        "trades": int(pnl.size),
        "win_rate": wins.size / pnl.size if pnl.size else math.nan,
        "profit_factor": float(wins.sum() / -losses.sum()) if losses.size else math.nan,
        "fees": float(trips.fees.sum()),
    }


def _packed(found: TrackRecord) -> bytes | None:
    return np.concatenate((found.sums, found.squares)).astype("<f8").tobytes() if found.sums.size else None


def _numbers_of_cells(cells: Mapping[str, NDArray[Any]], trial: str) -> dict[str, Any]:
    name = f"{trial}.parquet"
    path = cells_path(name)
    # What ran in an earlier run of the same sweep was tried, however little ran now.
    if path.exists() and len(stored := read_cells(name, ["count"])["count"]) > len(cells["count"]):
        counts = stored
    else:
        counts = cells["count"]
        _write_cells(path, cells)
    nothing = dict.fromkeys((*_RECORD_NUMBERS, "trades", "win_rate", "profit_factor", "fees", "blocks"))
    return {**nothing, "cells": len(counts), "cells_file": name, "count": int(counts.max(initial=0))}


def _write_cells(path: Path, cells: Mapping[str, NDArray[Any]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    columns: dict[str, Any] = {}
    for name, values in cells.items():
        columns[name] = pa.array(values) if values.ndim == 1 else _lists(values)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        pq.write_table(pa.table(columns), partial, compression="zstd")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _lists(values: NDArray[Any]) -> Any:
    import pyarrow as pa

    return pa.FixedSizeListArray.from_arrays(pa.array(np.ascontiguousarray(values).ravel()), values.shape[1])


def read_cells(name: str, columns: Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
    """Return the cells of a sweep as arrays by name.

    Raises
    ------
    DataError
        If the table is missing or damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = cells_path(name)
    try:
        table = pq.read_table(path, columns=None if columns is None else list(columns))
    except (OSError, pa.ArrowException) as error:
        raise DataError(
            f"the cells of a sweep cannot be read from {path} ({error}); put the file back, or run the sweep again"
        ) from error
    found: dict[str, NDArray[Any]] = {}
    for column in table.column_names:
        values = table[column].combine_chunks()
        if pa.types.is_fixed_size_list(values.type):
            found[column] = values.flatten().to_numpy(zero_copy_only=False).reshape(len(values), values.type.list_size)
        else:
            found[column] = values.to_numpy(zero_copy_only=False)
    return found
