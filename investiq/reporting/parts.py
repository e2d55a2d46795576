"""The parts that every report page has, as HTML: each shows what it is given, escapes it, and computes nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, Final

from investiq.core import display
from investiq.core.facts import Fact, Unit, format_fact, format_value

if TYPE_CHECKING:
    import pandas as pd

    from investiq.core.notes import Note
    from investiq.core.result import Result

__all__ = ["cautions", "facts_table", "frame_table", "head", "provenance", "summary", "tables_of"]

# Kinds of numpy types that are read as numbers and stand to the right; dates too, as they are compared by column.
_TO_THE_RIGHT: Final = "iufM"


def head(kicker: str, title: str, lines: Iterable[str], watermark: str | None) -> str:
    """Return the head of a page: what kind of report it is, its title, and lines on period, data and method.

    Examples
    --------
    >>> head("InvestIQ screen", "S&P 500", ["2014 to 2018"], "SAMPLE")[-65:]
    'DATA</span></div><h1>S&amp;P 500</h1><p>2014 to 2018</p></header>'
    """
    mark = f'<span class="iq-mark">{escape(watermark)} DATA</span>' if watermark else ""
    below = "".join(f"<p>{escape(line)}</p>" for line in lines)
    return (
        f'<header class="iq-head"><div class="iq-kicker"><span>{escape(kicker)}</span>{mark}</div>'
        f"<h1>{escape(title)}</h1>{below}</header>"
    )


def summary(paragraphs: Iterable[str]) -> str:
    """Return the executive summary, a paragraph each."""
    return f'<div class="iq-summary">{"".join(f"<p>{escape(text)}</p>" for text in paragraphs)}</div>'


def facts_table(facts: Sequence[Fact]) -> str:
    """Return label, value, and convention with note of each fact."""
    return display.facts_table(facts)


def tables_of(result: Result, *titles: str) -> str:
    """Return the tables of a result with their titles: all, or those of the given titles in that order."""
    tables = {table.title: table for table in result.tables()}
    chosen = [tables[title] for title in titles if title in tables] if titles else list(tables.values())
    return "".join(display.lines_table(table) for table in chosen)


def frame_table(frame: pd.DataFrame, units: Mapping[str, str], title: str = "") -> str:
    """Return a table of numbers, dates and words; a missing number is ``n/a``.

    Parameters
    ----------
    frame : DataFrame
        Named levels of its index come first.
    units : mapping of str to str
        Unit of a column, or of a named level, as in `core.facts.Unit`.
    title : str
        Stands above; by default nothing.

    Examples
    --------
    >>> import pandas as pd
    >>> frame_table(pd.DataFrame({"return": [0.0125]}), {"return": "fraction"})[-69:]
    '<td class="iq-value">1.25 %</td></tr></tbody></table></div></section>'
    """
    levels = [name for name in frame.index.names if name is not None]
    whole = frame.reset_index(level=levels) if levels else frame
    numbers = [whole.dtypes.iloc[place].kind in _TO_THE_RIGHT for place in range(whole.shape[1])]
    sides = [' class="iq-value"' if is_number else "" for is_number in numbers]
    titles = "".join(
        f'<th scope="col"{side}>{escape(str(name).replace("_", " "))}</th>'
        for name, side in zip(whole.columns, sides, strict=True)
    )
    asked = [units.get(str(name), "") for name in whole.columns]
    rows = "".join(
        "<tr>"
        + "".join(
            f"<td{side}>{escape(_cell(value, unit))}</td>" for value, unit, side in zip(row, asked, sides, strict=True)
        )
        + "</tr>"
        for row in whole.itertuples(index=False, name=None)
    )
    above = f"<h4>{escape(title)}</h4>" if title else ""
    return (
        f'<section class="iq-frame">{above}<div class="iq-scroll"><table class="iq-trades">'
        f"<thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def cautions(notes: Sequence[Note]) -> str:
    """Return the notes as a list; a page without any says so."""
    return display.notes_list(notes) or '<p class="iq-quiet">No caution belongs to these numbers.</p>'


def provenance(facts: Iterable[Fact]) -> str:
    """Return where the numbers come from: data passport, conventions, trials."""
    rows = "".join(
        f"<tr><th>{escape(fact.label)}</th><td>"
        f"{escape('; '.join(part for part in (format_fact(fact), fact.convention, fact.note) if part))}</td></tr>"
        for fact in facts
    )
    return f'<table class="iq-statements"><tbody>{rows}</tbody></table>'


def _cell(value: Any, unit: str) -> str:
    import pandas as pd

    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return "n/a"
    known: Unit = unit  # type: ignore[assignment]
    return format_value(value, known)
