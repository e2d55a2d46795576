"""The figure of benchmarks/RESULTS.md: how much longer each engine takes, by workload, read from its tables."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import plotly.graph_objects as go

from investiq.figures.theme import template, theme_of

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "RESULTS.md"
WORKLOADS = ("W1", "W2", "W3", "W4", "W5")
OURS = "InvestIQ"
SYMBOLS = {"raptorbt": "diamond", "vectorbt": "square", "backtesting.py": "triangle-up", "backtrader": "triangle-down"}


class Row(NamedTuple):
    """One engine on one workload; `times` is its median over that of the first InvestIQ row."""

    workload: str
    engine: str
    milliseconds: float
    times: float


def rows(text: str) -> list[Row]:
    """Return the first table of medians of each workload."""
    found = []
    for workload in WORKLOADS:
        section = re.search(rf"^## ({workload}: .*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
        table = (
            re.search(r"^\| engine \| median.*\n\|[-:| ]+\n((?:\|.*\n)+)", section[1], re.MULTILINE)
            if section
            else None
        )
        if section is None or table is None:
            continue
        medians = {}
        for line in table[1].splitlines():
            engine, median = (cell.strip() for cell in line.strip("|").split("|")[:2])
            medians[engine.replace("`", "")] = float(median.replace(",", ""))
        base = next(median for engine, median in medians.items() if engine.startswith(OURS))
        title = section[1].splitlines()[0]
        found += [Row(title, engine, median, median / base) for engine, median in medians.items()]
    return found


def figures() -> dict[str, go.Figure]:
    """Return the figure by name."""
    theme = theme_of("light")
    text = RESULTS.read_text(encoding="utf-8")
    entries = rows(text)
    figure = go.Figure(layout={"template": template(theme)})
    for is_ours, name, color in ((True, OURS, theme.entry), (False, "others", theme.exit)):
        part = [row for row in entries if row.engine.startswith(OURS) is is_ours]
        figure.add_scatter(
            x=[row.times for row in part],
            y=[_short(row.workload) for row in part],
            mode="markers" if is_ours else "markers+text",
            name=name,
            text=[_label(row) for row in part],
            textposition=[_place(row, part) for row in part],
            textfont={"size": 10, "color": theme.muted},
            marker={
                "size": 11,
                "color": color,
                "symbol": ["circle" if is_ours else SYMBOLS.get(_first(row.engine), "x") for row in part],
            },
            customdata=[(row.engine, row.milliseconds) for row in part],
            hovertemplate="%{customdata[0]}<br>%{customdata[1]:,.3f} ms, %{x:,.3g} times<extra></extra>",
        )
    figure.update_xaxes(
        type="log", title="time, times InvestIQ's (logarithmic; further right is slower)", dtick=1, range=[-0.3, 4.4]
    )
    figure.update_yaxes(autorange="reversed", title=None)
    figure.update_layout(
        title={
            "text": "Time of each engine against InvestIQ, from one interleaved run per workload",
            "subtitle": {"text": _where(text)},
        },
        height=560,
        margin={"l": 150, "t": 90},
        showlegend=True,
        legend={"orientation": "h", "y": -0.16},
    )
    return {"benchmarks": figure}


def _place(row: Row, others: list[Row]) -> str:
    """Return where the label stands, by the row's rank on its workload, so that neighbours do not overlap."""
    rank = sorted(each.times for each in others if each.workload == row.workload).index(row.times)
    return ("bottom center", "top left", "top right", "bottom right")[min(rank, 3)]


def _label(row: Row) -> str:
    words = row.engine.replace("vectorbt, ", "vectorbt ").split(",")[0].split(" (")[0]
    return f"{words} {row.times:,.1f}" if row.times < 10 else f"{words} {row.times:,.0f}"


def _first(engine: str) -> str:
    return engine.split(",")[0].split(" ")[0]


def _short(title: str) -> str:
    return {
        "W1": "W1<br>5,031 daily bars",
        "W2": "W2<br>10,000 pairs",
        "W3": "W3<br>1,000 stop settings",
        "W4": "W4<br>500 symbols",
        "W5": "W5<br>500,000 minute bars",
    }[title[:2]]


def _where(text: str) -> str:
    """Return machine, versions and date as the page states them."""
    machine = re.search(r"^- Machine: ([^;]*)", text, re.MULTILINE)
    packages = re.search(r"(raptorbt [\d.]+, vectorbt [\d.]+)", text)
    date = re.search(r"^- Date: ([\d-]+)", text, re.MULTILINE)
    return ", ".join(found[1] for found in (machine, packages, date) if found)
