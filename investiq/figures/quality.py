"""Figures of data: which sessions have bars, and where a vendor's adjustment differs from ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from investiq.figures.theme import Theme, ThemeName, template, theme_of, watermark_note

if TYPE_CHECKING:
    from investiq.market.action_report import ActionLab
    from investiq.market.quality_report import QualityReport, SeriesQuality

__all__ = ["adjustment_chart", "coverage_map"]

FloatArray = NDArray[np.float64]

MOST_SYMBOLS: Final = 200
# As many columns as a screen shows apart.
_MOST_COLUMNS: Final = 180
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# Complete is quiet and every gap is warm: gaps take the scale up to here, complete cells the rest.
_GAPS: Final = 0.85


class _Cells(NamedTuple):
    """Share of sessions with a bar by row and column (NaN where none is expected), and the counts behind it."""

    share: FloatArray
    held: NDArray[np.int64]
    expected: NDArray[np.int64]
    columns: list[Any]
    unit: str


def coverage_map(report: QualityReport, *, theme: ThemeName = "light") -> go.Figure:
    """Draw the share of expected sessions that have a bar, by symbol and time.

    One symbol: years by months, the number of missing sessions written into a
    cell. Several: one row a symbol; a column a session up to 180 sessions, else
    a week, else a month. Complete cells are blue, gaps orange, the stronger
    the larger; blank is before the first or after the last bar. Of more than 200
    symbols the 200 with the most gaps are drawn.

    Parameters
    ----------
    report : QualityReport
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure

    Examples
    --------
    >>> import investiq as iq
    >>> figure = coverage_map(iq.check_bars(iq.load_bars("^IXIC", "2016", "2017")))
    >>> [str(year) for year in figure.data[0].y]
    ['2016', '2017']
    """
    colors = theme_of(theme)
    drawn = [each for each in report.series if each.sessions.size]
    drawn.sort(key=lambda each: each.symbol)
    if len(drawn) > MOST_SYMBOLS:
        worst = sorted(drawn, key=lambda each: each.coverage)[:MOST_SYMBOLS]
        drawn = [each for each in drawn if each in worst]
    if len(drawn) == 1:
        cells, rows = _by_year(drawn[0])
    else:
        cells, rows = _by_symbol(drawn), [each.symbol for each in drawn]
    left_out = len(report.series) - len(drawn)
    remarks = [f"share of sessions with a bar, by {cells.unit}", f"verdict {report.verdict}"]
    remarks += [f"{left_out} series not drawn" if left_out else ""]
    remarks += [f"{report.watermark} data" if report.watermark else ""]
    return go.Figure(
        data=[_heat(cells, rows, colors, numbers=len(drawn) == 1)],
        layout={
            "template": template(colors),
            "title": {"text": report.title, "subtitle": {"text": " · ".join(filter(None, remarks))}},
            "height": 150 + _row_height(len(rows)) * max(len(rows), 1),
            "hovermode": "closest",
            "xaxis": {"side": "top", "showgrid": False, "showspikes": False, **_column_axis(cells)},
            "yaxis": {"type": "category", "autorange": "reversed", "showgrid": False, "dtick": _row_step(len(rows))},
            "margin": {"t": 104},
            "annotations": [watermark_note(report.watermark, colors)] if report.watermark else [],
        },
    )


def _by_year(series: SeriesQuality) -> tuple[_Cells, list[str]]:
    months = series.sessions.astype("datetime64[M]").astype(np.int64)
    years = months // 12 + 1970
    first, count = int(years[0]), int(years[-1] - years[0] + 1)
    cells = _counted((years - first) * 12 + months % 12, series.present, (count, 12))
    return cells._replace(columns=list(_MONTHS), unit="month"), [str(first + row) for row in range(count)]


def _by_symbol(series: list[SeriesQuality]) -> _Cells:
    if not series:
        return _Cells(np.zeros((0, 0)), np.zeros((0, 0), int), np.zeros((0, 0), int), [], "session")
    every = np.unique(np.concatenate([each.sessions for each in series]))
    # A week begins on a Monday; numpy's on a Thursday.
    weeks = (every.astype("datetime64[D]").astype(np.int64) + 3) // 7
    months = every.astype("datetime64[M]").astype(np.int64)
    spans = {"session": every.astype(np.int64), "week": weeks, "month": months}
    unit = next((name for name, keys in spans.items() if np.unique(keys).size <= _MOST_COLUMNS), "month")
    keys, firsts = np.unique(spans[unit], return_index=True)
    columns = every[firsts].astype("datetime64[D]").astype(str).tolist()
    parts = []
    for each in series:
        own = spans[unit][np.searchsorted(every, each.sessions)]
        parts.append(_counted(np.searchsorted(keys, own), each.present, (1, keys.size)))
    share, held, expected = (np.concatenate([part[number] for part in parts]) for number in range(3))
    return _Cells(share, held, expected, columns, unit)


def _counted(cells: NDArray[np.int64], present: NDArray[np.bool_], shape: tuple[int, int]) -> _Cells:
    size = shape[0] * shape[1]
    expected = np.bincount(cells, minlength=size).reshape(shape)
    held = np.bincount(cells, weights=present, minlength=size).astype(np.int64).reshape(shape)
    share = np.full(shape, np.nan)
    np.divide(held, expected, out=share, where=expected > 0)
    return _Cells(share, held, expected, [], "")


def _heat(cells: _Cells, rows: list[str], theme: Theme, *, numbers: bool) -> dict[str, Any]:
    darkest, low, middle, full = theme.exit, *(theme.diverging[number][1] for number in (0, 1, 3))
    missing = cells.expected - cells.held
    text = np.where(missing > 0, missing.astype(str), "")
    return {
        "type": "heatmap",
        "name": "Coverage",
        "x": cells.columns,
        "y": rows,
        "z": np.where(cells.share < 1, _GAPS * cells.share, cells.share),
        "zmin": 0.0,
        "zmax": 1.0,
        "colorscale": [[0.0, darkest], [_GAPS / 2, low], [_GAPS, middle], [_GAPS, full], [1.0, full]],
        "colorbar": {
            "tickvals": [0, _GAPS / 2, (1 + _GAPS) / 2],
            "ticktext": ["none", "half", "all"],
            "thickness": 10,
            "outlinewidth": 0,
            "len": 1.0 if len(rows) < 12 else 0.4,
            "y": 1.0,
            "yanchor": "top",
            "tickfont": {"color": theme.muted, "size": 11},
        },
        "xgap": 2 if numbers else 1 if len(cells.columns) <= 90 else 0,
        "ygap": 2 if len(rows) <= 60 else 0,
        "text": text if numbers else None,
        "texttemplate": "%{text}" if numbers else None,
        "textfont": {"size": 11},
        "customdata": np.dstack([cells.held, cells.expected]),
        "hoverongaps": False,
        "hovertemplate": "%{y}, %{x}: %{customdata[0]} of %{customdata[1]} sessions<extra></extra>",
    }


def _column_axis(cells: _Cells) -> dict[str, Any]:
    if not cells.columns or cells.columns[0] == _MONTHS[0]:
        return {"type": "category"}
    # Columns of sessions stand side by side: as dates, every weekend would be a stripe.
    step = max(1, len(cells.columns) // 12)
    shown = cells.columns[::step]
    texts = [day if cells.unit != "month" else day[:7] for day in shown]
    return {"type": "category", "tickvals": shown, "ticktext": texts, "tickangle": 0}


def _row_height(rows: int) -> int:
    return 26 if rows <= 30 else 16 if rows <= 80 else 9


def _row_step(rows: int) -> int:
    return 1 if rows <= 80 else 5


def adjustment_chart(lab: ActionLab, *, theme: ThemeName = "light") -> go.Figure:
    """Draw how far a vendor's adjusted close lies from ours, with the dates on which factors move.

    Both series are equal on the last day, so a disagreement on an ex-date is a
    step that stays to the left of it. The band is what the vendor's printed
    digits leave open; open circles agree, filled diamonds do not.

    Parameters
    ----------
    lab : ActionLab
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure

    Examples
    --------
    >>> import investiq as iq
    >>> bars = iq.load_bars("SYN001")
    >>> vendor = bars.adjusted().frame["close"] / bars.total_factor[-1]
    >>> [trace.name for trace in adjustment_chart(iq.check_actions(bars, vendor)).data]
    ['Rounding', 'Vendor over ours', 'Agrees']
    """
    colors = theme_of(theme)
    days = lab.days.astype("datetime64[us]")
    line = {"shape": "hv", "color": colors.series[0], "width": 1}
    band = {
        "type": "scatter", "name": "Rounding", "x": np.concatenate([days, days[::-1]]),
        "y": np.concatenate([lab.band, -lab.band[::-1]]), "fill": "toself", "fillcolor": colors.fill,
        "line": {"width": 0}, "hoverinfo": "skip", "mode": "lines",
    }  # fmt: skip
    level = {
        "type": "scatter", "name": "Vendor over ours", "x": days, "y": lab.difference, "mode": "lines", "line": line,
        "hovertemplate": "%{y:+.4%}<extra></extra>",
    }  # fmt: skip
    kinds = (("Agrees", True, "circle-open", colors.muted), ("Disagrees", False, "diamond", colors.exit))
    marks = [_marks(lab, *kind) for kind in kinds if any(step.agrees is kind[1] for step in lab.steps)]
    found = f"{len(lab.disagreements)} of {len(lab.steps)} ex-dates differ by more than the vendor's digits allow"
    return go.Figure(
        data=[band, level, *marks],
        layout={
            "template": template(colors),
            "title": {
                "text": lab.title,
                "subtitle": {"text": found + (f" · {lab.watermark} data" if lab.watermark else "")},
            },
            "height": 420,
            "xaxis": {"type": "date"},
            "yaxis": {"title": {"text": "Vendor over ours, less one"}, "tickformat": ".2~%", "zeroline": True},
            "annotations": [watermark_note(lab.watermark, colors)] if lab.watermark else [],
        },
    )


def _marks(lab: ActionLab, name: str, agrees: bool, symbol: str, color: str) -> dict[str, Any]:
    steps = [step for step in lab.steps if step.agrees is agrees]
    rows = np.searchsorted(lab.days, np.array([step.day for step in steps]))
    texts = [f"{step.kinds}: ours {step.ours:.6f}, vendor {step.vendor:.6f}" for step in steps]
    return {
        "type": "scatter", "name": name, "mode": "markers", "x": lab.days[rows].astype("datetime64[us]"),
        "y": lab.difference[rows], "marker": {"symbol": symbol, "color": color, "size": 9, "line": {"width": 1.5}},
        "text": texts, "hovertemplate": "%{text}<extra></extra>",
    }  # fmt: skip
