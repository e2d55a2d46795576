"""The tables of a report as CSV files, and beside them a list of their columns with units."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from investiq.reporting.files import file_name
from investiq.reporting.frames import with_levels

if TYPE_CHECKING:
    from investiq.reporting.passing import Handed

__all__ = ["write_tables"]


def write_tables(handed: Handed, folder: Path) -> Path:
    """Write each table as a CSV file, and ``columns.csv`` with table, column and unit.

    The first line of a file holds plain names of columns and nothing else, as
    that is what every program reads; units therefore stand in a file of their
    own. Numbers have all their digits, fractions stay fractions, a missing value
    is an empty field, and instants are UTC. Tables of sample and synthetic data
    get a last column ``watermark``, as `Result.export` writes it.
    """
    import pandas as pd

    folder.mkdir()
    rows = []
    for title, table in handed.tables.items():
        frame = with_levels(table)
        name = f"{file_name(title.lower())}.csv"
        rows += [(name, title, column, handed.units.get(column, "")) for column in frame.columns]
        if handed.watermark:
            frame = frame.assign(watermark=handed.watermark)
        frame.to_csv(folder / name, index=False, lineterminator="\n")
    columns = pd.DataFrame(rows, columns=["file", "table", "column", "unit"])
    columns.to_csv(folder / "columns.csv", index=False, lineterminator="\n")
    return folder
