"""A sweep in pieces: each chunk is computed by itself, wherever, and kept in a file of its own."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from investiq.backtesting.sweep_cells import Cells, Task
from investiq.backtesting.sweeping import evaluate_task
from investiq.core.errors import ConfigError, DataError
from investiq.history.bars import Bars

__all__ = ["CHUNK", "Chunk", "Parts", "compute", "spans"]

# Cells of one chunk: a second of work, or some.
CHUNK: Final = 4096
_HEADER: Final = "sweep.json"


@dataclass(frozen=True, kw_only=True, eq=False)
class Chunk:
    """Neighbouring cells over one series.

    Attributes
    ----------
    task : Task
    bars : Bars
    workers : int or None
        Threads; None for all cores.
    """

    task: Task
    bars: Bars
    workers: int | None = None


def compute(chunk: Chunk) -> Cells:
    """Return the statistics of a chunk."""
    return evaluate_task(chunk.task, chunk.bars, workers=chunk.workers)


def spans(edges: list[int]) -> Iterator[tuple[int, slice]]:
    """Return the cells of each chunk: at most `CHUNK`, and none across one of `edges`, where the series changes.

    Examples
    --------
    >>> [(cells.start, cells.stop) for _, cells in spans([0, 5000, 6000])]
    [(0, 4096), (4096, 5000), (5000, 6000)]
    """
    number = 0
    for start, stop in itertools.pairwise(edges):
        for first in range(start, stop, CHUNK):
            yield number, slice(first, min(first + CHUNK, stop))
            number += 1


class Parts:
    """The chunks of a sweep in a folder, each in a Parquet file that is there whole or not at all.

    Parameters
    ----------
    folder : Path
        Created where needed.
    identity : mapping
        What JSON can hold: all that the numbers depend on. A folder belongs to one sweep.

    Raises
    ------
    ConfigError
        If the folder holds another sweep, other files, or cannot be written to.
    """

    def __init__(self, folder: Path, identity: Mapping[str, Any]) -> None:
        self._folder = folder
        text = json.dumps(identity, indent=1, sort_keys=True, default=str)
        self._digest = hashlib.sha256(text.encode()).hexdigest()
        header = folder / _HEADER
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if header.exists():
                self._check(header)
            elif any(entry.suffix != ".partial" for entry in folder.iterdir()):
                raise ConfigError(f"{folder} holds other files; resume= takes a folder of the sweep's own")
            else:
                self._write(header, json.dumps({"sha256": self._digest, "sweep": json.loads(text)}, indent=1).encode())
        except OSError as error:
            raise ConfigError(f"{folder} cannot be written ({error.strerror or error}); choose another one") from error

    def _check(self, header: Path) -> None:
        kept = json.loads(header.read_text(encoding="utf-8"))
        if kept["sha256"] != self._digest:
            raise ConfigError(
                f"{self._folder} holds another sweep, of {kept['sweep'].get('strategy')} on {kept['sweep'].get('data')}: "
                "strategy, axes, options, data and version must be the same to go on; choose another folder"
            )

    def read(self, number: int, n_cells: int, n_bars: int) -> Cells | None:
        """Return a chunk that was kept, or None.

        Raises
        ------
        DataError
            If its file is damaged.
        """
        path = self._path(number)
        if not path.exists():
            return None
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            table = pq.read_table(path, page_checksum_verification=True)
        except (OSError, pa.ArrowInvalid) as error:
            raise DataError(f"{path} is damaged ({error}); remove it, and the sweep computes it again") from None
        if table.num_rows != n_cells:
            raise DataError(f"{path} holds {table.num_rows} cells, expected {n_cells}; remove it")
        values = np.column_stack([table.column(str(column)).to_numpy() for column in range(table.num_columns - 2)])
        reasons = {row: reason for row, reason in enumerate(table.column("reason").to_pylist()) if reason}
        return Cells(values=values, ways=table.column("way").to_numpy().astype(np.int8), reasons=reasons, n=n_bars)

    def write(self, number: int, cells: Cells) -> None:
        """Keep a chunk."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns: dict[str, Any] = {str(column): cells.values[:, column] for column in range(cells.values.shape[1])}
        columns["way"] = cells.ways
        columns["reason"] = [cells.reasons.get(row, "") for row in range(len(cells))]
        sink = pa.BufferOutputStream()
        pq.write_table(pa.table(columns), sink, compression="ZSTD", write_page_checksum=True)
        self._write(self._path(number), sink.getvalue().to_pybytes())

    def _path(self, number: int) -> Path:
        return self._folder / f"chunk-{number:06d}.parquet"

    def _write(self, path: Path, content: bytes) -> None:
        partial = path.with_name(f"{path.name}.{uuid.uuid4().hex}.partial")
        try:
            with partial.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
