"""Tables of other people's files: reading CSV and Parquet, finding columns, naming bad rows."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from investiq.core.errors import DataError, near_matches
from investiq.market.schemas import BadRow

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Table", "labelled", "read_table", "rows_of_symbol"]

_SHOWN: Final = 5
_CSV_SUFFIXES: Final = (".csv", ".csv.gz", ".txt")
_PARQUET_SUFFIXES: Final = (".parquet", ".pq")


@dataclass(frozen=True, kw_only=True)
class Table:
    """A file's rows as they stand there.

    Attributes
    ----------
    name : str
        File name without its folder.
    frame : DataFrame
        Text columns for CSV; the index counts lines of a CSV (the header is
        line 1) and rows of a Parquet file (from 1).
    unit : str
        ``"line"`` or ``"row"``: what the index counts.
    sha256 : str
        Of the file's bytes.
    """

    name: str
    frame: pd.DataFrame
    unit: str
    sha256: str

    def column(
        self, wanted: str, named: Mapping[str, str], candidates: Sequence[str], needed: bool = True
    ) -> str | None:
        """Return the file's name of a column: the one that `named` gives, else the first candidate in any case.

        Raises
        ------
        DataError
            If it is not there; the message lists what is.
        """
        there = {str(name).strip().casefold(): str(name) for name in self.frame.columns}
        if wanted in named:
            candidates = (named[wanted],)
        for name in candidates:
            if name.casefold() in there:
                return there[name.casefold()]
        if not needed and wanted not in named:
            return None
        columns = [str(name) for name in self.frame.columns]
        raise DataError(
            f"{self.name} has no column for {wanted!r}, looked for {', '.join(map(repr, candidates))}"
            f"{near_matches(candidates[0], columns)}; it has {', '.join(columns)}; "
            f'name it with columns={{"{wanted}": "..."}}'
        )

    def numbers(self, column: str) -> pd.Series:
        """Return a column as float64, NaN where the file has nothing.

        Raises
        ------
        DataError
            If a value is no number.
        """
        import pandas as pd

        texts = self.frame[column]
        values = pd.to_numeric(texts, errors="coerce").astype(float)
        wrong = values.isna() & texts.notna()
        self.refuse([BadRow(int(label), f"{column} {texts[label]!r} is no number") for label in values.index[wrong]])
        return values

    def refuse(self, bad: Sequence[BadRow]) -> None:
        """Raise a `DataError` that lists the bad rows, each with all its reasons, if there are any."""
        if not bad:
            return
        reasons: dict[int, list[str]] = {}
        for row in sorted(bad):
            reasons.setdefault(row.label, []).append(row.reason)
        shown = "; ".join(f"{self.unit} {label}: {' and '.join(reasons[label])}" for label in list(reasons)[:_SHOWN])
        more = f"; and {len(reasons) - _SHOWN} more" if len(reasons) > _SHOWN else ""
        raise DataError(
            f"{self.name}: {len(reasons)} bad row(s): {shown}{more}; correct or remove these rows and read again"
        )


def read_table(path: Path) -> Table:
    """Return the rows of a CSV or Parquet file.

    Raises
    ------
    DataError
        If the file is absent, empty, of another kind, or cannot be read.
    """
    if not path.is_file():
        beside = sorted(each.name for each in path.parent.iterdir()) if path.parent.is_dir() else []
        raise DataError(
            f"there is no file {path}{near_matches(path.name, beside)}; give the path of a CSV or Parquet file"
        )
    lower = path.name.lower()
    is_csv = lower.endswith(_CSV_SUFFIXES)
    if not is_csv and not lower.endswith(_PARQUET_SUFFIXES):
        raise DataError(f"{path.name} is of no known kind; expected {', '.join((*_CSV_SUFFIXES, *_PARQUET_SUFFIXES))}")
    frame = _read_csv(path) if is_csv else _read_parquet(path)
    if frame.empty:
        raise DataError(f"{path.name} holds no rows; expected at least one row below the header")
    return Table(
        name=path.name,
        frame=frame,
        unit="line" if is_csv else "row",
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
    )


def _read_csv(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        frame = pd.read_csv(path, dtype=str, na_values=["."], skip_blank_lines=False, encoding="utf-8-sig")
    except pd.errors.EmptyDataError:
        raise DataError(f"{path.name} is empty; expected a header and a line for each row") from None
    except (pd.errors.ParserError, UnicodeDecodeError, OSError) as error:
        raise DataError(f"{path.name} cannot be read as CSV in UTF-8: {error}") from error
    frame.index = pd.RangeIndex(2, len(frame) + 2)
    return frame.dropna(how="all")


def _read_parquet(path: Path) -> pd.DataFrame:
    import pandas as pd
    import pyarrow as pa

    try:
        frame = pd.read_parquet(path)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path.name} cannot be read as Parquet: {error}") from error
    frame = labelled(frame)
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    return frame


def labelled(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with an index of stamps, or one that has a name, as its first column."""
    import pandas as pd

    if frame.index.name is None and not isinstance(frame.index, pd.DatetimeIndex):
        return frame
    return frame.rename_axis(index=str(frame.index.name or "ts")).reset_index()


def rows_of_symbol(table: Table, symbol: str) -> Table:
    """Return the rows of `symbol` where the table holds several, else the table as it is.

    Raises
    ------
    DataError
        If it holds others only.
    """
    column = table.column("symbol", {}, ("symbol", "ticker"), needed=False)
    if column is None:
        return table
    held = table.frame[column].astype(str)
    if not (held == symbol).any():
        there = held.unique().tolist()
        raise DataError(
            f"{table.name} has no rows of {symbol!r}{near_matches(symbol, there)}; it holds {', '.join(there[:10])}"
        )
    return dataclasses.replace(table, frame=table.frame[held == symbol])
