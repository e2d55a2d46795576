"""The charts of an analysis: price, indicators, scores and regime on one time axis, and two analyses side by side."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from investiq.analysis.text import regime_words
from investiq.figures.heading import heading
from investiq.figures.panes import Pane, columns, date_axis, line, stack
from investiq.figures.price import period_text, price_pane, price_unit, volume_pane
from investiq.figures.theme import Theme, ThemeName, template, theme_of
from investiq.figures.views import DENSE

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from investiq.analysis.analyzing import Analysis
    from investiq.analysis.comparing import AnalysisComparison

__all__ = ["analysis_chart", "analysis_comparison_chart"]

FloatArray = NDArray[np.float64]
Overlay: TypeAlias = Literal["averages", "bands", "ichimoku"]

_BANDS: Final[dict[Overlay, tuple[str, str, str]]] = {
    "bands": ("Bollinger 20, 2", "bb_lower", "bb_upper"),
    "ichimoku": ("Ichimoku cloud", "cloud_bottom", "cloud_top"),
}

# Each engine keeps its dash in every chart, so that colour is not the only difference.
_DASHES: Final = {"technical": "solid", "fundamental": "dash", "quant": "dot", "sentiment": "dashdot"}
# Regimes begin with one of these; the word is that of the axis.
_HEIGHTS: Final = {"low_vol": 1.0, "normal": 2.0, "high_vol": 3.0}
_VOLATILITIES: Final = ("low", "normal", "high")


def analysis_chart(
    analysis: Analysis,
    *,
    trades: pd.DataFrame | None = None,
    overlays: Collection[Overlay] = ("averages", "bands"),
    theme: ThemeName = "light",
) -> go.Figure:
    """Draw what an analysis knows at every bar: price, volume, scores, confidence, regime, RSI and MACD.

    The panes share one time axis: zooming one zooms all, and the hover box
    tells every value of a bar. Daily bars open at the last two years; the
    buttons lead to the rest. The price has the moving averages of 20, 50 and
    200 bars and the Bollinger band; the score guides where its label changes,
    and the engines it is made of as thin lines, which a click on the legend
    shows where more bars are drawn than a screen has room for. The regime's
    colour is the market's trend, its height the volatility: low, normal, high.

    Parameters
    ----------
    analysis : Analysis
    trades : DataFrame, optional
        Round trips as in ``BacktestResult.trades``, drawn on the price.
    overlays : collection of {"averages", "bands", "ichimoku"}
        What is drawn over the price; by default the averages and the band.
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure

    Examples
    --------
    >>> import investiq as iq
    >>> figure = analysis_chart(iq.analyze("^GSPC", as_of="2003"))
    >>> figure.layout.xaxis.anchor  # price, volume, score, confidence, regime, RSI, MACD
    'y7'
    """
    colors = theme_of(theme)
    raw, table = analysis.bars, analysis.table
    bars = raw.adjusted("total")
    x = date_axis(bars.ts)

    def column(name: str) -> NDArray[Any]:
        return _light(table[name].to_numpy(dtype=np.float64))

    def level(name: str, scale: float = 1.0) -> NDArray[Any]:
        # The table states money as traded on the day; the chart shows adjusted prices.
        return _light(table[name].to_numpy(dtype=np.float64) * bars.factor * scale)

    averages = {f"SMA {window}": level(f"sma_{window}") for window in (20, 50, 200)} if "averages" in overlays else {}
    bands = {title: (level(lower), level(upper)) for kind, (title, lower, upper) in _BANDS.items() if kind in overlays}
    scale = 1.0 / float(bars.factor[-1])
    lines = {name: level(name, scale) for name in ("macd", "macd_signal", "macd_histogram")}
    rows = [price_pane(bars, colors, overlays=averages, bands=bands, trades=trades)]
    if not np.isnan(bars.volume).all():
        rows.append(volume_pane(bars, colors, weight=0.7))
    voices = {name: column(f"{name}_score") for name in analysis.engines}
    rows += [
        _score_pane(x, column("score"), voices, colors),
        _confidence_pane(x, column("confidence"), colors),
        _regime_pane(x, table["regime"].to_numpy(dtype=object), colors),
        _rsi_pane(x, column("rsi"), colors),
        _macd_pane(x, lines, price_unit(bars), colors),
    ]
    return stack(
        rows,
        ts=bars.ts,
        theme=colors,
        title=analysis.title,
        subtitle=f"{analysis.headline}<br>{period_text(bars)} · known at {analysis.as_of:%Y-%m-%d %H:%M} UTC",
        watermark=analysis.watermark,
        height=1080,
        view="2Y" if bars.interval == "1d" else "All",
    )


def _rsi_pane(x: NDArray[np.datetime64], rsi: FloatArray, theme: Theme) -> Pane:
    trace = line(x, rsi, "RSI 14", theme.series[0], hover="%{y:.1f} of 100")
    return Pane(title="RSI 14 (0-100)", traces=[trace], limits=(0, 100), levels=(30, 70), ticks=(30, 50, 70))


def _macd_pane(x: NDArray[np.datetime64], lines: dict[str, FloatArray], unit: str, theme: Theme) -> Pane:
    hover = f"%{{y:,.2f}} {unit}"
    return Pane(
        title=f"MACD ({unit})",
        traces=[
            columns(x, lines["macd_histogram"], "Histogram", theme.faint, hover=hover),
            line(x, lines["macd"], "MACD 12, 26", theme.series[0], hover=hover),
            line(x, lines["macd_signal"], "Signal 9", theme.series[1], dash="dash", hover=hover),
        ],
        levels=(0,),
    )


def _score_pane(x: NDArray[np.datetime64], score: FloatArray, voices: dict[str, FloatArray], theme: Theme) -> Pane:
    # A score holds until the next bar is decided, so its line steps.
    edge = {"color": theme.text, "width": 1.3, "shape": "hv"}
    joint = line(x, score, "Score", theme.text, hover="%{y:+.1f} of 100", fill="tozeroy", fillcolor=theme.fill)
    guides = (-70, -30, 0, 30, 70)
    thin = [
        line(x, own, name.capitalize(), _color(name, theme), hover="%{y:+.1f}")
        | {"line": {"color": _color(name, theme), "width": 0.9, "dash": _DASHES.get(name, "solid"), "shape": "hv"}}
        for name, own in voices.items()
        if np.isfinite(own).any()
    ]
    look: dict[str, Any] = {"title": "Score (±100)", "weight": 1.7, "limits": (-100, 128)}
    look |= {"levels": guides, "ticks": guides}
    if x.size <= DENSE:
        return Pane(traces=[*thin, joint | {"line": edge}], **look)
    # Five stepped lines through years are a smear: the engines leave the long view for the legend.
    return Pane(near=[each | {"visible": "legendonly"} for each in thin], traces=[joint | {"line": edge}], **look)


def _color(engine: str, theme: Theme) -> str:
    colors = dict(zip(_DASHES, (theme.series[0], theme.series[1], theme.series[2], theme.up), strict=True))
    return colors.get(engine, theme.muted)


def _light(values: FloatArray) -> NDArray[Any]:
    """Return the values in half the bytes, where the two decimals that the hover box tells bear it."""
    # Below 8,192 a float32 lies within 0.00025 of its value.
    is_small = bool((np.abs(values[np.isfinite(values)]) < 8192).all())
    return values.astype(np.float32) if is_small else values


def _regime_pane(x: NDArray[np.datetime64], regimes: NDArray[Any], theme: Theme) -> Pane:
    # A step needs its corners only: the bars at which the regime changes, and the last.
    corners = np.unique([0, *(np.flatnonzero(regimes[1:] != regimes[:-1]) + 1), regimes.size - 1])
    every, at_each = x, regimes
    x, regimes = x[corners], regimes[corners]
    parts = [str(name).rpartition("_") for name in regimes]
    height = np.array([_HEIGHTS.get(volatility, 0.0) for volatility, _, _ in parts], dtype=np.float32)
    trend = np.array([trend for _, _, trend in parts])
    tints = {"bull": theme.series[0], "sideways": theme.faint, "bear": theme.series[1]}
    traces = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": x,
            "y": np.where(trend == name, height, np.float32(0)),
            "name": name.capitalize(),
            "line": {"color": tint, "width": 0, "shape": "hv"},
            "fill": "tozeroy",
            "fillcolor": tint,
            "hoverinfo": "skip",
        }
        for name, tint in tints.items()
    ]
    words = {name: regime_words(name) for name in np.unique(regimes).tolist()}
    told = line(
        every,
        np.zeros(every.size, dtype=np.float32),
        "Regime",
        "rgba(0, 0, 0, 0)",
        hover="%{text}",
        text=[words[name] for name in at_each],
    )
    return Pane(
        title="Regime<br>(volatility)",
        traces=[*traces, told | {"showlegend": False}],
        weight=0.9,
        limits=(0, 5),
        ticks=tuple(_HEIGHTS.values()),
        tick_words=_VOLATILITIES,
    )


def _confidence_pane(x: NDArray[np.datetime64], confidence: FloatArray, theme: Theme) -> Pane:
    edge = {"color": theme.text, "width": 1.2 if x.size <= DENSE else 0.8, "shape": "hv"}
    trace = line(x, confidence, "Confidence", theme.text, hover="%{y:.0%}")
    return Pane(
        title="Conf. (%)",
        traces=[trace | {"line": edge}],
        weight=0.6,
        limits=(0, 1),
        ticks=(0, 0.5, 1),
        tick_format=".0%",
    )


def analysis_comparison_chart(comparison: AnalysisComparison, *, theme: ThemeName = "light") -> go.Figure:
    """Draw the scores of two analyses by engine, each pair joined by a line; the marker's size is its confidence.

    Parameters
    ----------
    comparison : AnalysisComparison
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure

    Examples
    --------
    >>> import investiq as iq
    >>> now, then = (iq.analyze("^GSPC", as_of=day) for day in ("2018-12-31", "2018-09-20"))
    >>> [trace.name for trace in analysis_comparison_chart(now.compare(then)).data if trace.showlegend is not False]
    ['2018-09-20', '2018-12-31']
    """
    import plotly.graph_objects as go

    colors = theme_of(theme)
    table = comparison.to_frame()
    names = [str(name).capitalize() for name in table.index]
    joins = {
        "type": "scatter",
        "mode": "lines",
        "x": np.column_stack([table["score_then"], table["score_now"], np.full(len(table), np.nan)]).ravel(),
        "y": np.repeat(names, 3),
        "line": {"color": colors.faint, "width": 1.5},
        "hoverinfo": "skip",
        "showlegend": False,
        "connectgaps": False,
    }
    dots = [
        {
            "type": "scatter",
            "mode": "markers",
            "x": table[f"score_{which}"],
            "y": names,
            "name": name,
            "marker": {
                "color": fill,
                "line": {"color": color, "width": 1.5},
                "opacity": 1,
                "size": 8 + 12 * table[f"confidence_{which}"].fillna(0),
            },
            "customdata": table[f"confidence_{which}"],
            "hovertemplate": "%{x:+.1f} of 100, confidence %{customdata:.0%}<extra>%{fullData.name}</extra>",
        }
        for which, name, color, fill in (
            ("then", comparison.names[0], colors.muted, colors.surface),
            ("now", comparison.names[1], colors.series[0], colors.series[0]),
        )
    ]
    guides = (-70, -30, 0, 30, 70)
    mark = f" · {comparison.watermark} data" if comparison.watermark else ""
    layout = heading(comparison.title, f"{_changes(comparison)}{mark}", comparison.names) | {
        "template": template(colors),
        "height": 220 + 46 * len(names),
        "showlegend": True,
        "xaxis": {"range": [-104, 104], "tickvals": guides, "title": {"text": "Score (±100); the larger the surer"}},
        "yaxis": {"autorange": "reversed", "categoryorder": "array", "categoryarray": names},
    }
    return go.Figure(data=[joins, *dots], layout=layout)


def _changes(comparison: AnalysisComparison) -> str:
    return f"{len(comparison.gained)} signals gained, {len(comparison.lost)} lost"
