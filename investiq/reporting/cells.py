"""Tables as sheets of an Excel workbook: what a cell can hold, and how a number of each unit is shown."""

from __future__ import annotations

import datetime
import importlib.util
import math
from collections.abc import Mapping
from decimal import Decimal
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from investiq.core.errors import MissingDependencyError

if TYPE_CHECKING:
    import pandas as pd
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

__all__ = ["NUMBER_FORMATS", "open_workbook", "without_zone", "write_cells"]

# As `core.facts.format_value` shows a unit, in Excel's words.
NUMBER_FORMATS: Final[Mapping[str, str]] = {
    "fraction": "0.00%",
    "ratio": "0.00",
    "score": "0.0",
    "points": "+0.0%;-0.0%;0.0%",
    "money": "#,##0.00",
    "amount": "#,##0",
    "price": "#,##0.00",
    "shares": "#,##0.######",
    "count": "#,##0",
    "bars": "#,##0",
    "sessions": "#,##0",
    "days": "#,##0.0",
    "years": "#,##0.0",
    "p_value": "0.0000",
    "date": "yyyy-mm-dd",
    "time": "yyyy-mm-dd hh:mm",
    "bps": "#,##0.0",
    "seconds": "#,##0.00",
}


def open_workbook(path: Path) -> Workbook:
    """Return a workbook to write to `path`, row by row: a table of a million numbers stays quick.

    Raises
    ------
    MissingDependencyError
        If xlsxwriter is not installed.
    """
    if importlib.util.find_spec("xlsxwriter") is None:
        raise MissingDependencyError("xlsxwriter", "notebook", "exporting to Excel")
    from xlsxwriter import Workbook

    # Texts stand in their cells, and rows go to the file as they come.
    return Workbook(path, {"constant_memory": True, "default_date_format": "yyyy-mm-dd hh:mm:ss"})


def write_cells(
    sheet: Worksheet, columns: list[tuple[str, Any]], formats: Mapping[str, Format | None], header: Format
) -> None:
    """Write named columns from the first row on; a missing value leaves its cell empty, an infinite one is a text."""
    for place, (name, _) in enumerate(columns):
        sheet.write_string(0, place, name, header)
    write_number, write_string = sheet.write_number, sheet.write_string
    shown = [formats.get(name) for name, _ in columns]
    for row, cells in enumerate(zip(*(_cells(values) for _, values in columns), strict=True), start=1):
        for place, cell in enumerate(cells):
            if cell is None:
                continue
            if type(cell) is float:
                write_number(row, place, cell, shown[place])
            elif isinstance(cell, str):
                write_string(row, place, cell)
            else:
                sheet.write(row, place, cell, shown[place])


def _cells(values: pd.Series[Any] | pd.Index[Any]) -> list[Any]:
    """Return a column as what Excel can hold: numbers, times, truth values, or else texts, and None for nothing."""
    is_known = values.notna()
    return [
        None if not known else cell if _fits_a_cell(cell) else str(cell)
        for cell, known in zip(values.tolist(), is_known, strict=True)
    ]


def _fits_a_cell(cell: object) -> bool:
    return math.isfinite(cell) if isinstance(cell, float) else isinstance(cell, Integral | Decimal | datetime.date)


def without_zone(frame: pd.DataFrame) -> pd.DataFrame:
    """Excel knows no time zones: times lose theirs and their columns say UTC."""
    import pandas as pd

    columns = [name for name in frame.columns if isinstance(frame[name].dtype, pd.DatetimeTZDtype)]
    frame = frame.assign(**{name: frame[name].dt.tz_convert("UTC").dt.tz_localize(None) for name in columns})
    frame = frame.rename(columns={name: f"{name} (UTC)" for name in columns})
    if isinstance(frame.index, pd.DatetimeIndex) and frame.index.tz is not None:
        frame.index = frame.index.tz_convert("UTC").tz_localize(None).rename(f"{frame.index.name} (UTC)")
    return frame
