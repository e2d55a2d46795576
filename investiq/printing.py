"""Results as JSON and rows as tables, for the command line."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, Final

from investiq.core.facts import Fact, format_fact, format_value

if TYPE_CHECKING:
    from investiq.core.result import Result
    from investiq.reporting.report import Report

__all__ = ["plain", "result_to_json", "table"]

_MILLION: Final = 1e6


def result_to_json(result: Result | Report, **more: Any) -> str:
    """Return the facts, notes and provenance of a result as one JSON object.

    The numbers are those of the text form: `value` is the number itself (null
    where it is missing), `text` what a reader sees.
    """
    return json.dumps(
        {
            "kind": result.kind,
            "title": result.title,
            "watermark": result.watermark,
            "facts": [_fact(fact) for fact in result.facts()],
            "notes": [dataclasses.asdict(note) for note in result.notes],
            "provenance": [_fact(fact) for fact in result.provenance()],
            **more,
        },
        indent=2,
        ensure_ascii=False,
        allow_nan=False,
        default=plain,
    )


def _fact(fact: Fact) -> dict[str, Any]:
    return {
        "label": fact.label,
        "value": plain(fact.value),
        "unit": fact.unit,
        "text": format_fact(fact),
        "convention": fact.convention,
        "note": fact.note,
    }


def table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return rows under a header: words and UTC times to the left, numbers to the right.

    Numbers have two decimals, from a million on none.

    Examples
    --------
    >>> print(table(("ts", "close"), [("2018-12-28", 2485.74), ("2018-12-31", 12506.85)]))
    ts              close
    2018-12-28   2,485.74
    2018-12-31  12,506.85
    """
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
    to_right = [any(isinstance(value, float) for value in column) for column in zip(*rows, strict=True)]
    sides = ["<>"[flag] for flag in to_right] or ["<"] * len(widths)
    lines = [
        "  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(line, sides, widths, strict=True))
        for line in (header, *cells)
    ]
    return "\n".join(line.rstrip() for line in lines)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return format_value(value, "count" if abs(value) >= _MILLION else "price")
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}" if value.time() == time.min else f"{value:%Y-%m-%d %H:%M}"
    return str(value)


def plain(value: Any) -> Any:
    """Return `value` as JSON can hold it: missing and infinite numbers as null, times in ISO form."""
    if hasattr(value, "item"):  # a numpy scalar
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, date):  # a datetime is a date
        return value.isoformat()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)
