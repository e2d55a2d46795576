"""The chart of an analysis: price, indicators and score on one time axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from investiq.figures.panes import Pane, columns, date_axis, line, stack
from investiq.figures.price import period_text, price_pane, price_unit, volume_pane
from investiq.figures.theme import Theme, ThemeName, theme_of
from investiq.figures.views import DENSE

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from investiq.analysis.analyzing import Analysis

__all__ = ["analysis_chart"]

FloatArray = NDArray[np.float64]


def analysis_chart(analysis: Analysis, *, trades: pd.DataFrame | None = None, theme: ThemeName = "light") -> go.Figure:
    """Draw what an analysis knows at every bar: price, volume, RSI, MACD, score and confidence.

    The panes share one time axis: zooming one zooms all, and the hover box
    tells every value of a bar. The price has the moving averages of 20, 50 and
    200 bars and the Bollinger band; the RSI its customary 30 and 70; the score
    guides where its label changes, and its confidence below.

    Parameters
    ----------
    analysis : Analysis
    trades : DataFrame, optional
        Round trips as in ``BacktestResult.trades``, drawn on the price.
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure

    Examples
    --------
    >>> import investiq as iq
    >>> figure = analysis_chart(iq.analyze("^GSPC", as_of="2003"))
    >>> figure.layout.xaxis.anchor  # price, volume, RSI, MACD, score, confidence
    'y6'
    """
    colors = theme_of(theme)
    raw, table = analysis.bars, analysis.table
    bars = raw.adjusted("total")
    x = date_axis(bars.ts)

    def column(name: str) -> FloatArray:
        return table[name].to_numpy(dtype=np.float64)

    def level(name: str) -> FloatArray:
        # The table states money as traded on the day; the chart shows adjusted prices.
        return column(name) * bars.factor

    averages = {f"SMA {window}": level(f"sma_{window}") for window in (20, 50, 200)}
    bands = {"Bollinger 20, 2": (level("bb_lower"), level("bb_upper"))}
    scale = 1.0 / float(bars.factor[-1])
    lines = {name: level(name) * scale for name in ("macd", "macd_signal", "macd_histogram")}
    rows = [price_pane(bars, colors, overlays=averages, bands=bands, trades=trades)]
    if not np.isnan(bars.volume).all():
        rows.append(volume_pane(bars, colors, weight=0.7))
    rows += [
        _rsi_pane(x, column("rsi"), colors),
        _macd_pane(x, lines, price_unit(bars), colors),
        _score_pane(x, column("score"), colors),
        _confidence_pane(x, column("confidence"), colors),
    ]
    return stack(
        rows,
        ts=bars.ts,
        theme=colors,
        title=analysis.title,
        subtitle=f"{period_text(bars)} · known at {analysis.as_of:%Y-%m-%d %H:%M} UTC",
        watermark=analysis.watermark,
        height=980,
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


def _score_pane(x: NDArray[np.datetime64], score: FloatArray, theme: Theme) -> Pane:
    # A score holds until the next bar is decided, so its line steps.
    edge = {"color": theme.series[0], "width": 1.2 if x.size <= DENSE else 0.8, "shape": "hv"}
    trace = line(x, score, "Score", theme.series[0], hover="%{y:+.1f} of 100", fill="tozeroy", fillcolor=theme.fill)
    guides = (-70, -30, 0, 30, 70)
    return Pane(
        title="Score (±100)",
        traces=[trace | {"line": edge}],
        weight=1.3,
        limits=(-100, 100),
        levels=guides,
        ticks=guides,
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
