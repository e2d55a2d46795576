"""Charts of a market at one moment: who is strong, returns by window, and who moves with whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import plotly.graph_objects as go

from investiq.analysis.standing import WINDOWS
from investiq.analysis.survey_tables import MOMENTUM_RANK
from investiq.core.errors import DataError
from investiq.figures.heading import heading
from investiq.figures.theme import Theme, ThemeName, template, theme_of, watermark_note

if TYPE_CHECKING:
    import pandas as pd

    from investiq.analysis.survey_result import GroupSurvey, MarketOverview

__all__ = ["co_movement_map", "returns_map", "strength_rank"]

_SHOWN_ROWS: Final = 30
_SHOWN_SYMBOLS: Final = 20
_WINDOW_WORDS: Final = {
    "1d": "1 session",
    "1w": "5 sessions",
    "1m": "21 sessions",
    "3m": "63 sessions",
    "1y": "252 sessions",
}


def strength_rank(
    overview: MarketOverview, *, window: str = "momentum", group: str | None = None, theme: ThemeName = "light"
) -> go.Figure:
    """Draw the members by momentum or by a return, the strongest on top; of many those at both ends.

    Parameters
    ----------
    overview : MarketOverview
    window : {"momentum", "1d", "1w", "1m", "3m", "1y"}
        Momentum is 10 % of the return of 1 session, 30 % of 5 and 60 % of 21.
    group : str, optional
        By default the first.
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
    """
    if window not in ("momentum", *WINDOWS):
        raise DataError(f"window must be momentum or one of {', '.join(WINDOWS)}, was {window!r}")
    colors, found = theme_of(theme), overview.group(group)
    ranked = found.fresh.dropna(subset=[window]).sort_values(window, ascending=False, kind="stable")
    rows, cut = _ends(ranked)
    values = rows[window].to_numpy(dtype=float)
    title = MOMENTUM_RANK if window == "momentum" else f"Returns over {_WINDOW_WORDS[window]}, ranked"
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": values,
        "y": list(rows.index),
        "marker": {"color": [colors.series[0] if value >= 0 else colors.series[1] for value in values]},
        "text": [f"{'▲' if value > 0 else '▼' if value < 0 else ''} {value:+.1%}" for value in values],
        "textposition": "outside",
        "cliponaxis": False,
        "textfont": {"size": 10, "color": colors.muted},
        "customdata": np.stack([rows["rank"], rows["relative_strength"]], axis=-1),
        "hovertemplate": "%{y}: %{x:+.2%}<br>rank by momentum %{customdata[0]:.0f}, against the benchmark %{customdata[1]:+.2%}<extra></extra>",
    }
    reach = float(np.abs(values).max()) if values.size else 0.01
    low = min(0.0, float(values.min())) if values.size else 0.0
    high = max(0.0, float(values.max())) if values.size else 0.0
    return go.Figure(
        data=[bars],
        layout={
            "template": template(colors),
            **heading(title, f"{found.name}{cut}; returns, no flows of money{_mark(found)}"),
            "height": 150 + 19 * max(len(rows), 3),
            "hovermode": "closest",
            "xaxis": {"tickformat": ".0%", "range": [low - 0.22 * reach, high + 0.22 * reach], "showspikes": False},
            "yaxis": {"type": "category", "autorange": "reversed", "showgrid": False, "tickfont": {"size": 10}, "dtick": 1},
            "bargap": 0.25,
            "annotations": _corner(found.watermark, colors),
        },
    )  # fmt: skip


def returns_map(
    overview: MarketOverview, *, by: str = "symbol", group: str | None = None, theme: ThemeName = "light"
) -> go.Figure:
    """Draw returns by window: of the symbols at both ends of the ranking, or of the sectors.

    Each window has its own scale, as a year moves more than a day.

    Parameters
    ----------
    overview : MarketOverview
    by : {"symbol", "sector"}
    group : str, optional
        By default the first.
    theme : {"light", "dark"}

    Raises
    ------
    DataError
        If the group has no sectors; the message says why.
    """
    colors, found = theme_of(theme), overview.group(group)
    if by == "sector" and not len(found.sectors):
        raise DataError(f"{found.name} has no sectors: {found.no_sectors}; use by='symbol'")
    rows, cut = (found.sectors, "") if by == "sector" else _ends(found.fresh)
    windows = list(WINDOWS)
    values = rows[windows].to_numpy(dtype=float)
    scale = np.nanmax(np.abs(values), axis=0, initial=1e-9)
    cells = {
        "type": "heatmap",
        "x": windows,
        "y": list(rows.index),
        "z": values / scale,
        "zmin": -1.0,
        "zmax": 1.0,
        "colorscale": [list(stop) for stop in colors.diverging],
        "showscale": False,
        "xgap": 2,
        "ygap": 1,
        "text": [["" if np.isnan(value) else f"{value:+.1%}" for value in row] for row in values],
        "texttemplate": "%{text}",
        "textfont": {"size": 11, "color": colors.text},
        "customdata": values,
        "hoverongaps": False,
        "hovertemplate": "%{y}, %{x}: %{customdata:+.2%}<extra></extra>",
    }
    what = "mean of the sector's members, equal weights" if by == "sector" else f"ranked by momentum{cut}"
    sessions = ", ".join(f"{name} {count}" for name, count in WINDOWS.items())
    return go.Figure(
        data=[cells],
        layout={
            "template": template(colors),
            **_below_axis(heading(f"Returns: {found.name}", f"{what}; sessions: {sessions}; a scale for each column{_mark(found)}")),
            "height": 170 + 20 * max(len(rows), 3),
            "hovermode": "closest",
            "xaxis": {"type": "category", "side": "top", "showgrid": False, "showspikes": False},
            "yaxis": {"type": "category", "autorange": "reversed", "showgrid": False, "tickfont": {"size": 10}, "dtick": 1},
            "annotations": _corner(found.watermark, colors),
        },
    )  # fmt: skip


def co_movement_map(overview: MarketOverview, *, group: str | None = None, theme: ThemeName = "light") -> go.Figure:
    """Draw the correlations of a group: of its symbols up to 20, of more the mean between its sectors.

    Raises
    ------
    DataError
        If there is no correlation; the message says why.
    """
    colors, found = theme_of(theme), overview.group(group)
    together = found.comovement
    if together.reason:
        raise DataError(f"{found.name} has no correlations: {together.reason}")
    matrix, what = _blocks(found)
    values = matrix.to_numpy(dtype=float)
    cells = {
        "type": "heatmap",
        "x": list(matrix.columns),
        "y": list(matrix.index),
        "z": values,
        "zmin": -1.0,
        "zmax": 1.0,
        "colorscale": [list(stop) for stop in colors.diverging],
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "text": [["" if np.isnan(value) else f"{value:.2f}" for value in row] for row in values],
        "texttemplate": "%{text}",
        "textfont": {"size": 11, "color": colors.text},
        "hoverongaps": False,
        "hovertemplate": "%{y} and %{x}: %{z:.3f}<extra></extra>",
    }
    subtitle = f"average {together.mean:.2f}, {together.confidence:.0%} interval {together.low:.2f} to {together.high:.2f}; {what}; {together.returns} daily returns"
    return go.Figure(
        data=[cells],
        layout={
            "template": template(colors),
            **_below_axis(heading(f"Correlation: {found.name}", f"{subtitle}{_mark(found)}")),
            "height": 210 + 30 * max(len(matrix), 2),
            "hovermode": "closest",
            "xaxis": {"type": "category", "side": "bottom", "showgrid": False, "showspikes": False, "tickangle": -45},
            "yaxis": {"type": "category", "autorange": "reversed", "showgrid": False, "dtick": 1},
            "annotations": _corner(found.watermark, colors),
        },
    )  # fmt: skip


def _blocks(found: GroupSurvey) -> tuple[pd.DataFrame, str]:
    """Return what is drawn of the correlations, and what it is."""
    import pandas as pd

    matrix = found.comovement.matrix
    sectors = found.members["sector"].reindex(matrix.index)
    if len(matrix) <= _SHOWN_SYMBOLS or not (sectors != "").all():
        shown = matrix.iloc[:_SHOWN_SYMBOLS, :_SHOWN_SYMBOLS]
        return shown, "of the symbols" + (f", the first {_SHOWN_SYMBOLS}" if len(shown) < len(matrix) else "")
    # A symbol's correlation with itself is no pair.
    pairs = matrix.mask(np.eye(len(matrix), dtype=bool))
    names = sorted(sectors.unique())
    means = [
        [float(np.nanmean(pairs.loc[sectors == a, sectors == b].to_numpy())) if (sectors == a).sum() + (a != b) > 1 else np.nan for b in names]
        for a in names
    ]  # fmt: skip
    return pd.DataFrame(means, index=names, columns=names), "means between sectors"


def _ends(ranked: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    if len(ranked) <= _SHOWN_ROWS:
        return ranked, ""
    half = _SHOWN_ROWS // 2
    return ranked.iloc[[*range(half), *range(-half, 0)]], f", the {half} at each end of {len(ranked):,}"


def _mark(found: GroupSurvey) -> str:
    return f" · {found.watermark} data" if found.watermark else ""


def _below_axis(layout: dict[str, Any]) -> dict[str, Any]:
    """Return the heading with room for the names of columns above the plot."""
    return layout | {"margin": {**layout["margin"], "t": layout["margin"]["t"] + 18}}


def _corner(watermark: str | None, theme: Theme) -> list[dict[str, Any]]:
    # Above the corner: across bars and cells it would run through the numbers.
    if not watermark:
        return []
    place = {"y": 1, "yanchor": "bottom", "yshift": 26, "x": 1, "xanchor": "right", "opacity": 0.45}
    return [watermark_note(watermark, theme) | place | {"font": {"size": 15, "color": theme.muted}}]
