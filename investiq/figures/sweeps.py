"""Figures of sweeps: a measure over two axes as heat maps, over one as a line; the best cell and the most robust one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from investiq.backtesting.sweep_table import metric_text, metric_unit
from investiq.core.errors import ConfigError, InsufficientDataError, near_matches
from investiq.core.facts import format_value
from investiq.figures.heading import heading
from investiq.figures.theme import Theme, ThemeName, template, theme_of

if TYPE_CHECKING:
    from investiq.backtesting.sweep_grid import Axis, Grid
    from investiq.backtesting.sweep_result import SweepResult

__all__ = ["sweep_chart"]

# Panels of a third axis; of more values only the best cell's is drawn.
_MOST_PANELS: Final = 6
_PANELS_IN_A_ROW: Final = 3
# Readable without red and green; dark is low.
_SCALE: Final = "Cividis"
_GAP: Final = 0.09
# Stands out from both ends of the scale.
_MARK: Final = "#d1495b"


def sweep_chart(
    result: SweepResult,
    *,
    metric: str = "sharpe_ratio",
    x: str | None = None,
    y: str | None = None,
    theme: ThemeName = "light",
) -> go.Figure:
    """Draw a measure of every cell over the axes of a sweep.

    Two axes span a heat map, and a third one of up to six values a panel for each
    of them. Any further axis stands at the value of the best cell, as the subtitle
    says. The star is the best cell, the ring the one with the best neighbourhood.

    Parameters
    ----------
    result : SweepResult
    metric : str, default "sharpe_ratio"
        As for `SweepResult.best`.
    x, y : str, optional
        Axes to span; by default those with the most values.
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    ConfigError
        If an axis is unknown, or there is none of two or more values.

    Examples
    --------
    >>> import investiq as iq
    >>> found = iq.sweep(iq.strategies.Crossover, "^GSPC", fast=[10, 20], slow=[50, 100, 200])
    >>> sweep_chart(found).data[0].z.shape
    (2, 3)
    """
    unit = metric_unit(metric)
    colors = theme_of(theme)
    grid = result.grid
    best = int(str(result.best(metric).name))
    across, down, panels, fixed = _layout(grid, x, y, best)
    values = result.to_frame()[metric].to_numpy()
    marks = [("best cell", "star", best)]
    robust = _robust(result, metric)
    if robust is not None and robust != best:
        marks.append(("best neighbourhood", "circle-open", robust))
    name = metric_text(metric) + (" (%)" if unit == "fraction" else "")
    scale = 100.0 if unit == "fraction" else 1.0
    if down is None:
        traces, layout = _line(grid, across, fixed, values * scale, name, marks, colors)
    else:
        traces, layout = _maps(grid, across, down, panels, fixed, values * scale, name, marks)
    slices = ", ".join(f"{axis.name} {_word(axis.values[place])}" for axis, place in fixed.items())
    words = f"best: {_words(grid, best)}, {format_value(float(values[best]), unit)}"
    return go.Figure(
        data=traces,
        layout={
            "template": template(colors),
            **heading(
                f"{result.title}: {metric_text(metric)}",
                " · ".join(filter(None, (words, f"drawn at {slices}" if slices else "", _mark_of(result)))),
                (label for label, _, _ in marks),
            ),
            "hovermode": "closest",
            "showlegend": True,
            **layout,
        },
    )


def _mark_of(result: SweepResult) -> str:
    return f"{result.watermark} data" if result.watermark else ""


def _layout(
    grid: Grid, x: str | None, y: str | None, best: int
) -> tuple[Axis, Axis | None, Axis | None, dict[Axis, int]]:
    """Return the axes across and down, the one of panels, and the others with the place of the best cell."""
    wide = {axis.name: axis for axis in grid.axes if len(axis.values) > 1}
    if not wide:
        raise ConfigError("a figure needs an axis of two or more values; this sweep has none")
    for name in (x, y):
        if name is not None and name not in wide:
            raise ConfigError(
                f"x and y must be axes of two or more values, {', '.join(wide)}, was {name!r}{near_matches(name, wide)}"
            )
    free = sorted((axis for axis in wide.values() if axis.name not in (x, y)), key=lambda axis: -len(axis.values))
    down = wide[y] if y else (free.pop(0) if len(free) > (x is None) else None)
    across = wide[x] if x else free.pop(0)
    if down is not None and x is None and y is None:
        # The one that varies fastest lies across.
        across, down = sorted((across, down), key=grid.axes.index, reverse=True)
    panels = next((axis for axis in free if len(axis.values) <= _MOST_PANELS), None)
    places = grid.places(np.array([best]))
    fixed = {
        axis: int(place[0])
        for axis, place in zip(grid.axes, places, strict=True)
        if axis not in (across, down, panels) and len(axis.values) > 1
    }
    return across, down, panels, fixed


def _robust(result: SweepResult, metric: str) -> int | None:
    try:
        return result.plateau(metric).robust_cell
    except InsufficientDataError:
        return None


def _line(
    grid: Grid,
    across: Axis,
    fixed: dict[Axis, int],
    values: NDArray[np.float64],
    name: str,
    marks: list[tuple[str, str, int]],
    colors: Theme,
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    places = dict(zip(grid.axes, grid.places(slice(0, len(grid))), strict=True))
    shown = np.ones(len(grid), dtype=bool)
    for axis, place in fixed.items():
        shown &= places[axis] == place
    at = places[across][shown]
    words = [_word(across.values[place]) for place in at]
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "x": words,
            "y": values[shown],
            "mode": "lines+markers",
            "showlegend": False,
            "line": {"color": colors.series[0], "width": 1.6},
            "hovertemplate": f"{across.name} %{{x}}: %{{y:.4g}}<extra></extra>",
        }
    ]
    for label, symbol, cell in marks:
        traces.append(
            {
                "type": "scatter",
                "x": [_word(across.values[int(places[across][cell])])],
                "y": [values[cell]],
                **_marker(label, symbol),
            }
        )
    layout = {
        "height": 380,
        "xaxis": {"type": "category", "title": {"text": across.name}, "showspikes": False},
        "yaxis": {"title": {"text": name}},
    }
    return traces, layout


def _maps(
    grid: Grid,
    across: Axis,
    down: Axis,
    panels: Axis | None,
    fixed: dict[Axis, int],
    values: NDArray[np.float64],
    name: str,
    marks: list[tuple[str, str, int]],
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    places = dict(zip(grid.axes, grid.places(slice(0, len(grid))), strict=True))
    shown = np.ones(len(grid), dtype=bool)
    for axis, place in fixed.items():
        shown &= places[axis] == place
    count = len(panels.values) if panels else 1
    columns = min(count, _PANELS_IN_A_ROW)
    rows = -(-count // columns)
    traces: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"height": 150 + rows * (330 if count == 1 else 250)}
    layout["coloraxis"] = {"colorscale": _SCALE, "colorbar": {"title": {"text": name}, "thickness": 12}}
    for panel in range(count):
        here = shown & (places[panels] == panel) if panels else shown
        cells = np.flatnonzero(here)
        table = np.full((len(down.values), len(across.values)), np.nan)
        table[places[down][cells], places[across][cells]] = values[cells]
        number = "" if panel == 0 else str(panel + 1)
        traces.append(
            {
                "type": "heatmap",
                "x": [_word(value) for value in across.values],
                "y": [_word(value) for value in down.values],
                "z": table,
                "coloraxis": "coloraxis",
                "xaxis": f"x{number}",
                "yaxis": f"y{number}",
                "hoverongaps": False,
                "hovertemplate": f"{across.name} %{{x}}, {down.name} %{{y}}: %{{z:.4g}}<extra></extra>",
            }
        )
        for label, symbol, cell in marks:
            if here[cell]:
                traces.append(
                    {
                        "type": "scatter",
                        "x": [_word(across.values[int(places[across][cell])])],
                        "y": [_word(down.values[int(places[down][cell])])],
                        "xaxis": f"x{number}",
                        "yaxis": f"y{number}",
                        **_marker(label, symbol),
                    }
                )
        layout |= _axes(panel, number, columns, rows, across, down, panels)
    return traces, layout


def _axes(
    panel: int,
    number: str,
    columns: int,
    rows: int,
    across: Axis,
    down: Axis,
    panels: Axis | None,
) -> dict[str, Any]:
    column, row = panel % columns, panel // columns
    width, height = (1.0 - _GAP * (columns - 1)) / columns, (1.0 - 1.9 * _GAP * (rows - 1)) / rows
    left, bottom = column * (width + _GAP), 1.0 - height - row * (height + 1.9 * _GAP)
    plain = {"type": "category", "showgrid": False, "showspikes": False, "nticks": 9}
    name = f"{across.name} ({panels.name} {_word(panels.values[panel])})" if panels else across.name
    return {
        f"xaxis{number}": {
            **plain,
            "domain": [left, min(left + width, 1.0)],
            "anchor": f"y{number}",
            "title": {"text": name},
        },
        f"yaxis{number}": {
            **plain,
            "domain": [max(bottom, 0.0), min(bottom + height, 1.0)],
            "anchor": f"x{number}",
            "title": {"text": down.name if column == 0 else ""},
        },
    }


def _marker(label: str, symbol: str) -> dict[str, Any]:
    return {
        "mode": "markers",
        "name": label,
        "marker": {
            "symbol": symbol,
            "size": 13,
            "color": _MARK,
            "line": {"width": 1.5 if symbol == "star" else 3, "color": "#ffffff" if symbol == "star" else _MARK},
        },
        "hovertemplate": f"{label}<extra></extra>",
    }


def _word(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _words(grid: Grid, cell: int) -> str:
    return ", ".join(f"{name} {_word(value)}" for name, value in grid.values_of(cell).items())
