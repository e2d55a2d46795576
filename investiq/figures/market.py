"""Charts of a market through time: its regimes, the breadth of a group, and its volatility."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from investiq.analysis.text import regime_words
from investiq.core.errors import DataError
from investiq.figures.panes import Pane, date_axis, line, stack
from investiq.figures.theme import Theme, ThemeName, theme_of

if TYPE_CHECKING:
    import pandas as pd

    from investiq.analysis.survey_result import GroupSurvey, MarketOverview

__all__ = ["market_chart", "volatility_level_chart"]

_DIRECTIONS: Final = ("bear", "sideways", "bull")
_LEVELS: Final = {"low": 1.0, "normal": 2.0, "high": 3.0}


def market_chart(
    overview: MarketOverview, *, group: str | None = None, bars: int = 756, theme: ThemeName = "light"
) -> go.Figure:
    """Draw the benchmark with its regimes, and the breadth of a group below it, over one time axis.

    The height of a column of the regime is the volatility, its colour the
    direction: blue rises, orange falls, grey goes sideways.

    Parameters
    ----------
    overview : MarketOverview
    group : str, optional
        By default the first.
    bars : int, default 756
        Newest sessions drawn.
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure

    Examples
    --------
    >>> import investiq as iq
    >>> figure = market_chart(iq.market_overview("sample indices"))
    >>> [trace.name for trace in figure.data][:2]
    ['^GSPC', 'bear']
    """
    colors, found = theme_of(theme), overview.group(group)
    breadth = found.breadth.tail(bars)
    ts = date_axis(breadth.index.to_numpy(dtype="datetime64[us]"))
    panes = [*_benchmark_panes(found, ts[0], colors), *_breadth_panes(breadth, ts, colors)]
    last = found.breadth.iloc[-1]
    return stack(
        panes,
        ts=ts,
        theme=colors,
        title=f"Regime and breadth: {found.name}",
        subtitle=f"regime {found.regime}; {last['members']:,.0f} members with a bar at the last session",
        watermark=found.watermark,
        height=200 + 130 * len(panes),
    )


def _benchmark_panes(found: GroupSurvey, first: np.datetime64, theme: Theme) -> list[Pane]:
    if found.benchmark is None:
        return []
    market = found.benchmark
    shown = market.ts >= first
    ts = date_axis(market.ts[shown])
    price = line(ts, market.adjusted("split").close[shown], market.symbol, theme.series[0])
    names = found.regimes["regime"].to_numpy()[shown]
    words = [regime_words(name) for name in names]
    heights = np.array([_LEVELS.get(name.partition("_")[0], 0.0) for name in names])
    tints = dict(zip(_DIRECTIONS, (theme.series[1], theme.faint, theme.series[0]), strict=True))
    ends = np.array([name.rpartition("_")[2] for name in names])
    # An area of its own for each direction, zero elsewhere: quick to draw, and hidden by a click on its name.
    areas = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": ts,
            "y": np.where(ends == direction, heights, 0.0),
            "name": direction,
            "line": {"color": tint, "width": 0, "shape": "hvh"},
            "fill": "tozeroy",
            "fillcolor": tint,
            "text": words,
            "hoverinfo": "skip",
        }
        for direction, tint in tints.items()
    ]
    told = {
        "type": "scatter", "mode": "lines", "x": ts, "y": heights, "text": words, "name": "Regime", "showlegend": False,
        "line": {"color": "rgba(0,0,0,0)", "width": 0}, "hovertemplate": "%{text}<extra>Regime</extra>",
    }  # fmt: skip
    regime = Pane(
        title="Regime",
        traces=[*areas, told],
        weight=0.62,
        limits=(0.0, 4.9),
        ticks=(1.0, 2.0, 3.0),
        tick_words=("low vol", "normal", "high vol"),
    )
    unit = "index points" if market.passport.currency == "index points" else market.passport.currency
    return [Pane(title=unit, traces=[price | {"showlegend": True}], weight=1.3), regime]


def _breadth_panes(breadth: pd.DataFrame, ts: NDArray[np.datetime64], theme: Theme) -> list[Pane]:
    def values(name: str) -> NDArray[np.float64]:
        return breadth[name].to_numpy(dtype=np.float64)

    percent = "%{y:.0%}"
    shares = [
        line(ts, values("above_short"), "above 50-bar average", theme.series[0], hover=percent),
        line(ts, values("above_long"), "above 200-bar average", theme.series[1], hover=percent, dash="dash"),
    ]
    extremes = [
        _columns(ts, values("new_highs"), "new 52-week highs", theme.series[0], "%{y:.0f}"),
        _columns(ts, -values("new_lows"), "new 52-week lows", theme.series[1], "%{y:.0f}"),
    ]
    advances = line(ts, values("advance_decline_line"), "advance-decline line", theme.series[0], hover="%{y:,.0f}")
    oscillator = line(ts, values("mcclellan"), "McClellan oscillator", theme.series[2], hover="%{y:+.0f}")
    return [
        Pane(
            title="Share", traces=shares, limits=(-0.04, 1.3), levels=(0.5,), ticks=(0.0, 0.5, 1.0), tick_format=".0%"
        ),
        Pane(title="Highs, -lows", traces=extremes, levels=(0.0,)),
        Pane(title="A/D line", traces=[advances], weight=0.8),
        Pane(title="McClellan", traces=[oscillator], weight=0.8, levels=(0.0,)),
    ]


def _columns(
    ts: NDArray[np.datetime64], values: NDArray[np.float64], name: str, color: str, hover: str
) -> dict[str, Any]:
    return line(ts, values, name, color, hover=hover, fill="tozeroy", fillcolor=color) | {
        "line": {"color": color, "width": 0.5, "shape": "hvh"}
    }


def volatility_level_chart(
    overview: MarketOverview, *, group: str | None = None, bars: int = 756, theme: ThemeName = "light"
) -> go.Figure:
    """Draw the volatility of the group's benchmark through time.

    Raises
    ------
    DataError
        If the group has no benchmark, or that has too few bars.
    """
    colors, found = theme_of(theme), overview.group(group)
    level = found.volatility
    if level is None:
        raise DataError(
            f"{found.name} has no volatility level: {found.no_benchmark or 'too few bars'}; pass benchmark="
        )
    shown = level.history.tail(bars)
    ts = date_axis(shown.index.to_numpy(dtype="datetime64[us]"))
    is_percent = level.unit == "fraction"
    hover = "%{y:.1%}" if is_percent else "%{y:.2f} points"
    trace = line(
        ts,
        np.asarray(shown, dtype=np.float64),
        level.name,
        colors.series[0],
        hover=hover,
        fill="tozeroy",
        fillcolor=colors.fill,
    )
    pane = Pane(
        title="a year" if is_percent else "index points", traces=[trace], tick_format=".0%" if is_percent else ""
    )
    place = "" if np.isnan(level.rank) else f"above {level.rank:.0%} of the 252 before; "
    return stack(
        [pane],
        ts=ts,
        theme=colors,
        title=level.name,
        subtitle=f"{place}newest {shown.index[-1]:%Y-%m-%d}",
        watermark=found.watermark,
        height=320,
    )
