"""SQL over the store: DuckDB in memory, over an explicit list of files and never a glob."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from investiq.core.errors import DataError
from investiq.market.contract import Dataset
from investiq.market.datasets import LAYOUTS
from investiq.market.series import SeriesKey, folder_of, stored_keys
from investiq.market.store_reading import part_folders
from investiq.market.versions import arrow_schema
from investiq.storage import generations

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["run"]

_TRIES: Final = 5
_SQL_TYPES: Final = {
    "timestamp[us, tz=UTC]": "TIMESTAMPTZ",
    "double": "DOUBLE",
    "string": "VARCHAR",
    "int32": "INTEGER",
}
# Columns of the series, before those of its rows.
_OF_SERIES: Final = ("provider", "feed", "symbol")
_OF_BARS: Final = (*_OF_SERIES, "interval", "session")


def run(root: Path, sql: str, recorded_by: np.datetime64 | None) -> pd.DataFrame:
    """Return the answer to `sql`; see `store.Store.query`."""
    import duckdb

    for attempt in range(_TRIES):
        connection = duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false", "TimeZone": "UTC"})
        try:
            for dataset in LAYOUTS:
                if re.search(rf"\b{dataset}\b", sql, re.IGNORECASE):
                    _create_view(connection, root, dataset, recorded_by)
            answer = _frame(_relation(connection, sql).to_arrow_table())
        except duckdb.IOException as error:
            if attempt == _TRIES - 1:  # a file that was pruned meanwhile is not in the next list
                raise DataError(f"DuckDB cannot read the store under {root}: {error}") from error
        except duckdb.Error as error:
            raise DataError(f"DuckDB refused the query: {error}; the store holds {_holdings(root)}") from error
        else:
            return answer
        finally:
            connection.close()
    raise AssertionError("unreachable")


def _relation(connection: Any, sql: str) -> Any:
    relation = connection.sql(sql)
    if relation is None:
        raise DataError(f"there is no statement in {sql!r}; write a SELECT")
    return relation


def _frame(table: Any) -> pd.DataFrame:
    """Return an answer as a frame; a sum of integers, which is of 128 bits, as float64."""
    import pyarrow as pa

    for place, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type):
            table = table.set_column(place, field.name, table.column(place).cast(pa.float64()))
    frame: pd.DataFrame = table.to_pandas()
    return frame


def _create_view(connection: Any, root: Path, dataset: Dataset, recorded_by: np.datetime64 | None) -> None:
    files, single = _files(root, dataset, recorded_by)
    if not files:
        connection.execute(f"CREATE VIEW {dataset} AS SELECT {_empty(dataset)} WHERE false")
        return
    import pandas as pd

    named = _OF_BARS if dataset == "bars" else _OF_SERIES
    series = pd.DataFrame(
        [(path, *(getattr(key, name) for name in named)) for path, key in files], columns=["filename", *named]
    )
    connection.register(f"{dataset}_series", series)
    schema = arrow_schema(dataset)
    there = _columns(connection, [path for path, _ in files])
    columns = ", ".join(
        f'"{field.name}"' if field.name in there else f'NULL::{_SQL_TYPES[str(field.type)]} AS "{field.name}"'
        for field in schema
        if field.name != "withdrawn"
    )
    source = f"read_parquet({_listed([path for path, _ in files])}, union_by_name=true, filename=true)"
    body = f"SELECT {', '.join(f'series.{name}' for name in named)}, {columns} FROM {source} AS rows"
    body += f" JOIN {dataset}_series AS series USING (filename)"
    if not single:
        conditions = [] if recorded_by is None else [f"recorded_at <= TIMESTAMPTZ '{recorded_by}+00'"]
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        key = ", ".join(f'"{name}"' if name in there else "NULL" for name in LAYOUTS[dataset].key)
        withdrawn = "coalesce(withdrawn, false)" if "withdrawn" in there else "false"
        body = (
            f"SELECT * EXCLUDE (gone) FROM ({body.replace(' FROM', f', {withdrawn} AS gone FROM', 1)}{where}"
            f" QUALIFY row_number() OVER (PARTITION BY filename, {key} ORDER BY recorded_at DESC) = 1) WHERE NOT gone"
        )
    connection.execute(f"CREATE VIEW {dataset} AS {body}")


def _files(root: Path, dataset: Dataset, recorded_by: np.datetime64 | None) -> tuple[list[tuple[str, SeriesKey]], bool]:
    """Return the current files with their keys, and whether each holds one visible version of every fact."""
    files: list[tuple[str, SeriesKey]] = []
    single = True
    for key in stored_keys(root, dataset):
        for part in part_folders(folder_of(root, key), key):
            content = generations.read_manifest(part)
            if content is None:
                continue
            files.append((content.path, key))
            newest = np.datetime64(content.manifest["recorded_at"], "us")
            single &= content.manifest["rows"] == content.manifest["versions"]
            single &= recorded_by is None or newest <= recorded_by
    return files, bool(single)


def _columns(connection: Any, paths: list[str]) -> set[str]:
    found = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({_listed(paths)}, union_by_name=true)").fetchall()
    return {str(row[0]) for row in found}


def _listed(paths: list[str]) -> str:
    return "[" + ", ".join("'" + path.replace("'", "''") + "'" for path in paths) + "]"


def _empty(dataset: Dataset) -> str:
    named = _OF_BARS if dataset == "bars" else _OF_SERIES
    columns = [f"NULL::VARCHAR AS {name}" for name in named]
    columns += [
        f'NULL::{_SQL_TYPES[str(field.type)]} AS "{field.name}"'
        for field in arrow_schema(dataset)
        if field.name != "withdrawn"
    ]
    return ", ".join(columns)


def _holdings(root: Path) -> str:
    held = sorted({key.dataset for key in stored_keys(root)})
    return ", ".join(held) if held else "nothing yet"
