"""Tables of the backtest lab as HTML. Every value is escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from investiq.core.facts import Fact, format_fact, format_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from investiq.backtesting.sweep_plan import SweepPlan
    from investiq.backtesting.sweep_result import SweepResult
    from investiq.core.facts import Table

__all__ = ["cell_lines", "edge_words", "facts_block", "lines_block", "plan_facts"]

_MOST_CELLS: Final = 50
# A longer value is words, which wrap.
_LONGEST_NUMBER: Final = 24
_COLUMNS: Final = ("sharpe_ratio", "total_return", "max_drawdown", "trades")


def facts_block(facts: Sequence[Fact]) -> str:
    """Return one line a fact: label with its convention, value, and the reason of a missing one."""
    lines = []
    for fact in facts:
        remarks = "; ".join(filter(None, (fact.convention, fact.note)))
        small = f'<br><span class="iq-quiet">{escape(remarks)}</span>' if remarks else ""
        value = format_fact(fact)
        look = "iq-words" if len(value) > _LONGEST_NUMBER else "iq-n"
        lines.append(
            f'<tr><th scope="row">{escape(fact.label)}{small}</th><td class="{look}">{escape(value)}</td></tr>'
        )
    return f'<table class="iq-table iq-lab-facts"><tbody>{"".join(lines)}</tbody></table>'


def lines_block(table: Table) -> str:
    """Return a result's own table, with a sign beside each colour."""
    heads = "".join(f'<th scope="col"{_side(table, name)}>{escape(name)}</th>' for name in table.columns)
    rows = "".join(
        "<tr>"
        + "".join(f"<td{_side(table, name)}>{escape(cell)}</td>" for name, cell in zip(table.columns, row, strict=True))
        + "</tr>"
        for row in table.rows
    )
    return (
        f'<div class="iq-scroll" tabindex="0" role="region" aria-label="{escape(table.title)}"><table class="iq-table">'
        f"<caption>{escape(table.title)}</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _side(table: Table, column: str) -> str:
    return ' class="iq-n"' if column in table.numbers else ""


def cell_lines(found: SweepResult, metric: str) -> tuple[str, list[tuple[str, int]]]:
    """Return the head and the best cells by `metric` as lines of equal columns, each with the number of its cell."""
    from investiq.backtesting.sweep_table import METRICS, metric_text

    frame = found.to_frame()
    axes = [axis.name for axis in found.grid.axes]
    measures = list(dict.fromkeys((metric, *_COLUMNS)))
    best = frame.dropna(subset=[metric]).sort_values(metric, ascending=False, kind="stable").head(_MOST_CELLS)
    heads = ["cell", *axes, *(metric_text(name) for name in measures)]
    rows = [
        [
            str(cell),
            *(format_value(row[name]) for name in axes),
            *(format_value(row[name], METRICS[name]) for name in measures),
        ]
        for cell, row in best.iterrows()
    ]
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    lines = [_spaced(row, widths) for row in rows]
    return _spaced(heads, widths), list(zip(lines, _numbers(best), strict=True))


def edge_words(found: SweepResult, metric: str) -> str:
    """Return on which axes the best cell by `metric` has the first or last value, beyond which nothing was tried; or ""."""
    best = found.grid.values_of(int(str(found.best(metric).name)))
    ends = [
        f"{axis.name} {format_value(best[axis.name])}"
        for axis in found.grid.axes
        if all(type(value) in (int, float) for value in axis.values)  # noqa: PD011 - no pandas
        and len(axis.values) > 1
        and best[axis.name] in (min(axis.values), max(axis.values))
    ]
    return f"the best is at the edge of the grid ({', '.join(ends)}): values beyond it were not tried" if ends else ""


def plan_facts(plan: SweepPlan) -> list[Fact]:
    """Return what a sweep would cost, each number with what it means."""
    return [
        Fact("Cells", plan.cells, "count", "combinations; each that runs is a trial"),
        Fact("Refused", plan.invalid, "count", "cells whose values the strategy does not take"),
        Fact("Time", plan.seconds, "seconds", "estimated from a few cells"),
        Fact("Memory, MiB", plan.memory_mib, "", "needed at most"),
        Fact("Free memory, MiB", plan.available_mib, "", "of this machine now"),
    ]


def _spaced(row: Sequence[str], widths: Sequence[int]) -> str:
    # A browser would join plain blanks into one.
    return "\u00a0\u00a0".join(text.rjust(width, "\u00a0") for text, width in zip(row, widths, strict=True))


def _numbers(frame: pd.DataFrame) -> list[int]:
    return [int(cell) for cell in frame.index]
