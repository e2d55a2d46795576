"""Records: dated facts that are no bars (close-only series, factors, macro), each with its `known_at`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError
from investiq.core.notes import Note
from investiq.history.instants import When, instant

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Records"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Records:
    """A table of dated facts.

    Attributes
    ----------
    kind : str
        What the rows are, such as ``"series"`` or ``"factors"``.
    name : str
        Such as ``"^VIX"`` or ``"FF3"``.
    frame : DataFrame
        Index `ts` (UTC), the value columns and `known_at` (UTC).
    provider, source, known_at_rule : str
        Provenance, and how `known_at` was set, in words.
    unit : str
        Unit of the value columns.
    notes : tuple of Note

    Raises
    ------
    DataError
        If `known_at` is absent, without a zone or empty in a row, or `ts` is
        not an ascending index of aware stamps: no stamp, no record.
    """

    kind: str
    name: str
    frame: pd.DataFrame
    provider: str
    source: str
    known_at_rule: str
    unit: str
    notes: tuple[Note, ...] = ()

    def __post_init__(self) -> None:
        if "known_at" not in self.frame.columns:
            raise DataError(f"{self.name}: records need a known_at column; found {list(self.frame.columns)}")
        for label, dtype in (("index", self.frame.index.dtype), ("known_at", self.frame["known_at"].dtype)):
            if str(dtype) != "datetime64[us, UTC]":
                raise DataError(f"{self.name}: {label} of records must be datetime64[us, UTC], was {dtype}")
        if unknown := int(self.frame["known_at"].isna().sum()):
            raise DataError(f"{self.name}: {unknown} record(s) have no known_at; set it or drop them")
        if not self.frame.index.is_monotonic_increasing:
            raise DataError(f"{self.name}: records must ascend by ts; sort the frame first")

    def __len__(self) -> int:
        return len(self.frame)

    def __repr__(self) -> str:
        mark = f" [{self.watermark}]" if self.watermark else ""
        return f"<Records {self.name} ({self.kind}): {len(self):,} rows, {self.unit}, {self.provider}>{mark}"

    @property
    def watermark(self) -> str | None:
        """``"SAMPLE"`` or ``"SYNTHETIC"`` where the rows are no market's own."""
        return self.provider.upper() if self.provider in ("sample", "synthetic") else None

    @property
    def labels(self) -> NDArray[np.datetime64]:
        """The index as datetime64[us] in UTC, shape (n_rows,)."""
        labels: NDArray[np.datetime64] = self.frame.index.to_numpy(dtype="datetime64[us]")
        return labels

    def until(self, as_of: When) -> Records:
        """Return the rows with ``known_at <= as_of``."""
        limit = instant(as_of)
        known = self.frame["known_at"].dt.tz_convert(None).to_numpy().astype("datetime64[us]")
        return replace(self, frame=self.frame[known <= limit])
