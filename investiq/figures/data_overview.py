"""Charts of a data overview: which sessions are there, by series and month, and what the checks found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import plotly.graph_objects as go

from investiq.core.errors import DataError
from investiq.figures.heading import heading
from investiq.figures.theme import Theme, ThemeName, template, theme_of, watermark_note

if TYPE_CHECKING:
    from investiq.market.data_survey import DataOverview

__all__ = ["data_coverage_map", "findings_chart"]

MOST_SERIES: Final = 120
# A full month has a colour of its own; gaps fill the rest of the scale.
_GAPS: Final = 0.98
_LETTERS: Final = 22
_NAMED_MONTHS: Final = 24
_SEVERITIES: Final = (("error", "✕"), ("caution", "!"), ("info", "i"))


def data_coverage_map(overview: DataOverview, *, theme: ThemeName = "light") -> go.Figure:
    """Draw the share of expected sessions that have a bar, one row a series and one column a month.

    Complete months are blue, gaps orange, the stronger the larger; blank is
    before the first and after the last bar. Of more than 120 series those with
    most gaps are drawn. Records have no sessions and are left out.

    Parameters
    ----------
    overview : DataOverview
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    DataError
        If no series has sessions.

    Examples
    --------
    >>> import investiq as iq
    >>> figure = data_coverage_map(iq.data_overview(["^GSPC", "^IXIC"], as_of="2000"))
    >>> list(figure.data[0].y), figure.data[0].z.shape
    (['^GSPC', '^IXIC'], (2, 24))
    """
    colors = theme_of(theme)
    cells = overview.coverage()
    if not len(cells):
        raise DataError("no series of this overview has sessions; choose series of bars")
    counted = cells.groupby("name")[["expected", "present"]].sum()
    names = [each.name for each in overview.series if each.name in counted.index]
    if len(names) > MOST_SERIES:
        worst = (counted["present"] / counted["expected"]).sort_values(kind="stable").index[:MOST_SERIES]
        names = [name for name in names if name in set(worst)]
    first, last = cells["month"].min(), cells["month"].max()
    months = np.arange(first.to_datetime64().astype("datetime64[M]"), last.to_datetime64().astype("datetime64[M]") + 1)
    wanted = months.astype("datetime64[us]")
    expected, present = (
        cells.pivot(index="name", columns="month", values=part)
        .reindex(index=names, columns=wanted)
        .to_numpy(dtype=float)
        for part in ("expected", "present")
    )
    without = len(overview.series) - len(counted)
    hidden = len(counted) - len(names)
    gaps = int(np.nansum(expected - present))
    remarks = f"share of sessions with a bar, by month; {gaps:,} session{'' if gaps == 1 else 's'} missing"
    remarks += f"; {without:,} series have no sessions" if without else ""
    remarks += f"; {hidden:,} with fewer gaps are not drawn" if hidden else ""
    height, size = _row(len(names))
    text = [name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…" for name in names]
    layout = heading(overview.title, remarks + _mark(overview))
    layout["margin"] = {**layout["margin"], "t": layout["margin"]["t"] + 34}
    return go.Figure(
        data=[_heat(names, months, expected, present, colors)],
        layout={
            "template": template(colors),
            **layout,
            "height": layout["margin"]["t"] + 44 + height * max(len(names), 3),
            "hovermode": "closest",
            "xaxis": {"type": "date", "side": "top", "showgrid": False, "showspikes": False, **_ticks(months), "hoverformat": "%B %Y"},
            "yaxis": {
                "type": "category", "autorange": "reversed", "showgrid": False, "dtick": 1,
                "tickfont": {"size": size}, "tickvals": names, "ticktext": text,
            },
            "annotations": _corner(overview.watermark, colors),
        },
    )  # fmt: skip


def findings_chart(overview: DataOverview, *, theme: ThemeName = "light") -> go.Figure:
    """Draw how many series each check found something in, errors first; rows are in the hover.

    Parameters
    ----------
    overview : DataOverview
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    DataError
        If no check found anything.

    Examples
    --------
    >>> import investiq as iq
    >>> [trace.name for trace in findings_chart(iq.data_overview("^GSPC")).data]
    ['caution']
    """
    colors = theme_of(theme)
    found = overview.findings_frame()
    if not len(found):
        raise DataError("no check found anything in this overview; there is nothing to draw")
    looks = {"error": colors.exit, "caution": colors.diverging[0][1], "info": colors.series[0]}
    bars: list[dict[str, Any]] = []
    order: list[str] = []
    for severity, sign in _SEVERITIES:
        part = found[found["severity"] == severity]
        if part.empty:
            continue
        grouped = part.groupby("check").agg(series=("name", "nunique"), rows=("count", "sum"), text=("text", "first"))
        grouped = grouped.sort_values("series", ascending=False, kind="stable")
        labels = [f"{sign} {str(check).replace('_', ' ')}" for check in grouped.index]
        order += labels
        bars.append(
            {
                "type": "bar", "orientation": "h", "name": severity, "x": grouped["series"].to_numpy(), "y": labels,
                "marker": {"color": looks[severity]},
                "text": [f"{each.series:,} series, {each.rows:,} row{'' if each.rows == 1 else 's'}" for each in grouped.itertuples()],
                "textposition": "outside", "cliponaxis": False, "textfont": {"size": 11, "color": colors.muted},
                "customdata": np.stack([grouped["rows"].astype(str), grouped["text"].str.slice(0, 110)], axis=-1),
                "hovertemplate": "%{y}: %{x} series, %{customdata[0]} rows<br>%{customdata[1]}<extra></extra>",
            }
        )  # fmt: skip
    most = int(max(each["x"].max() for each in bars))
    names = [each["name"] for each in bars]
    layout = heading(
        "Findings by check",
        f"series in which a check found something; ✕ error, ! caution, i fact{_mark(overview)}",
        names,
    )
    return go.Figure(
        data=bars,
        layout={
            "template": template(colors),
            **layout,
            "height": layout["margin"]["t"] + 52 + 28 * max(len(order), 3),
            "hovermode": "closest",
            "barmode": "overlay",
            "bargap": 0.3,
            "showlegend": True,
            "xaxis": {"range": [0, most * 1.6], "dtick": max(1, -(-most // 8)), "showspikes": False, "title": {"text": "Series"}},
            "yaxis": {"type": "category", "categoryorder": "array", "categoryarray": order, "autorange": "reversed", "showgrid": False, "dtick": 1},
        },
    )  # fmt: skip


def _heat(names: list[str], months: Any, expected: Any, present: Any, theme: Theme) -> dict[str, Any]:
    share = np.full(expected.shape, np.nan)
    np.divide(present, expected, out=share, where=expected > 0)
    # One session of a month must be seen: the smallest gap is orange already, nothing fades into the page.
    worst, least, full = theme.exit, theme.diverging[0][1], theme.diverging[3][1]
    return {
        "type": "heatmap",
        "name": "Coverage",
        "x": [f"{month}-15" for month in months],
        "y": names,
        "z": np.where(share < 1, _GAPS * share, share),
        "zmin": 0.0,
        "zmax": 1.0,
        "colorscale": [[0.0, worst], [_GAPS, least], [_GAPS, full], [1.0, full]],
        "colorbar": {
            "tickvals": [0, _GAPS / 2, (1 + _GAPS) / 2],
            "ticktext": ["none", "half", "all"],
            "thickness": 10,
            "outlinewidth": 0,
            "len": 1.0 if len(names) < 14 else 0.4,
            "y": 1.0,
            "yanchor": "top",
            "tickfont": {"color": theme.muted, "size": 11},
        },
        "ygap": 3 if len(names) <= 30 else 1,
        "xgap": 1 if len(months) <= 60 else 0,
        "customdata": np.dstack([np.nan_to_num(present), np.nan_to_num(expected)]).astype(int),
        "hoverongaps": False,
        "hovertemplate": "%{y}, %{x|%B %Y}: %{customdata[0]} of %{customdata[1]} sessions<extra></extra>",
    }


def _ticks(months: Any) -> dict[str, Any]:
    """Return the ticks of the months: of up to two years each or every second by name, of more those that plotly chooses."""
    if len(months) > _NAMED_MONTHS:
        return {"nticks": 12}
    step = 1 if len(months) <= _NAMED_MONTHS // 2 else 2
    return {"tickvals": [f"{month}-15" for month in months[::step]], "tickformat": "%b\n%Y"}


def _row(count: int) -> tuple[int, int]:
    """Return the height of a row and the size of its name, in px."""
    return (26, 11) if count <= 15 else (19, 11) if count <= 30 else (14, 9) if count <= 70 else (11, 8)


def _mark(overview: DataOverview) -> str:
    return f" · {overview.watermark} data" if overview.watermark else ""


def _corner(watermark: str | None, theme: Theme) -> list[dict[str, Any]]:
    # Above the corner: across the cells it would hide gaps.
    if not watermark:
        return []
    place = {"y": 1, "yanchor": "bottom", "yshift": 24, "x": 1, "xanchor": "right", "opacity": 0.45}
    return [watermark_note(watermark, theme) | place | {"font": {"size": 14, "color": theme.muted}}]
