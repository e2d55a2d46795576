"""Figures of how trades were filled: one round trip, the readings of its bars, and what costs took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from investiq.figures.heading import heading
from investiq.figures.price import price_chart
from investiq.figures.theme import ThemeName, template, theme_of, watermark_note

if TYPE_CHECKING:
    from investiq.backtesting.attribution import Waterfall
    from investiq.backtesting.explaining import FillExplanation
    from investiq.backtesting.explaining_bracket import Bracket

__all__ = ["bracket_chart", "trade_chart", "waterfall_chart"]


def trade_chart(result: FillExplanation, *, around: int = 15, theme: ThemeName = "light") -> go.Figure:
    """Draw a round trip in its bars: entry and exit, stop and target, and how far the price went each way.

    Parameters
    ----------
    result : FillExplanation
    around : int, default 15
        Bars before the entry and after the exit.
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        Candles as traded; dotted lines are the worst and the best price on the way.

    Examples
    --------
    >>> import investiq as iq
    >>> bars = iq.load_bars("^GSPC", start="2015")
    >>> run = iq.backtest(iq.strategies.Crossover(), bars, stop_loss=0.05, weight=1.0, lot=None)
    >>> [shape.name for shape in trade_chart(run.explain(0)).layout.shapes][-3:]
    ['Stop', 'Worst price', 'Best price']
    """
    colors, bars = theme_of(theme), result.bars
    first = int(np.searchsorted(bars.ts, result.entry.ts))
    last = int(np.searchsorted(bars.ts, result.exit.ts)) if result.exit is not None else len(bars) - 1
    figure = price_chart(
        bars[max(first - around, 0) : last + around + 1], trades=result.trade, volume=False, theme=theme
    )
    is_long = result.entry.side == "buy"
    price = result.entry.price
    worst, best = (price * (1 + (each if is_long else -each)) for each in (result.adverse, result.favourable))
    lines = [
        ("Stop", result.stop, colors.exit, "dash"),
        ("Target", result.target, colors.entry, "dash"),
        ("Worst price", worst, colors.muted, "dot"),
        ("Best price", best, colors.muted, "dot"),
    ]
    ends = (str(bars.ts[max(first - 1, 0)]), str(bars.ts[min(last + 1, len(bars) - 1)]))
    for number, (name, level, color, dash) in enumerate(lines):
        if np.isnan(level):
            continue
        figure.add_shape(
            name=name, type="line", x0=ends[0], x1=ends[1], y0=level, y1=level, xref="x", yref="y",
            line={"color": color, "width": 1.6, "dash": dash},
        )  # fmt: skip
        # Stop and target stand on the left, what was reached on the right: the two often have one price.
        at, anchor, shift = (ends[0], "right", -6) if number < 2 else (ends[1], "left", 6)
        figure.add_annotation(
            x=at, y=level, xref="x", yref="y", text=f"{name} {level:,.2f}", showarrow=False, xanchor=anchor,
            xshift=shift, font={"size": 11, "color": color}, bgcolor=colors.veil,
        )  # fmt: skip
    out = result.exit.reason.replace("_", " ") if result.exit is not None else "still open"
    text = f"{result.symbol} as traded · {out} · P&L {result.pnl:+,.2f} USD · dotted: worst and best price on the way"
    signs = ("Entry", "Exit") if is_long else ("Short entry", "Cover")
    figure.update_layout(heading(f"Round trip {result.number}", text, signs), updatemenus=[])
    return figure


def bracket_chart(result: Bracket, *, theme: ThemeName = "light") -> go.Figure:
    """Draw the total return under each reading of a bar, the run itself marked.

    Parameters
    ----------
    result : Bracket
    theme : {"light", "dark"}

    Examples
    --------
    >>> import investiq as iq
    >>> bars = iq.load_bars("^GSPC", start="2010")
    >>> run = iq.backtest(iq.strategies.Crossover(), bars, stop_loss=0.03, take_profit=0.05, weight=1.0, lot=None)
    >>> bracket_chart(run.bracket).layout.xaxis.title.text
    'Total return (%)'
    """
    colors = theme_of(theme)
    readings = sorted(result.readings, key=lambda reading: reading.total_return)
    own = [reading is result.as_run for reading in readings]
    verdict = "the conclusion changes: finer data are needed" if result.changes_conclusion else "the conclusion stays"
    share = "" if np.isnan(result.ambiguity_share) else f" · ambiguous exits {result.ambiguity_share:.1%}"
    trace = {
        "type": "scatter",
        "mode": "markers",
        "x": [reading.total_return for reading in readings],
        "y": [reading.words for reading in readings],
        "marker": {
            "size": 11,
            "color": [colors.exit if each else colors.series[0] for each in own],
            "symbol": ["diamond" if each else "circle" for each in own],
        },
        "customdata": [[reading.final_equity, reading.sharpe_ratio] for reading in readings],
        "hovertemplate": "%{y}: %{x:.2%}, %{customdata[0]:,.2f} USD, Sharpe %{customdata[1]:.2f}<extra></extra>",
    }
    text = f"diamond: as run · {verdict}{share} · buying and holding {result.benchmark_return:.1%}"
    return go.Figure(
        data=[trace],
        layout={
            "template": template(colors),
            **heading(result.title, text),
            "annotations": [watermark_note(result.watermark, colors)] if result.watermark else [],
            "height": 220 + 34 * len(readings),
            "hovermode": "closest",
            "showlegend": False,
            "xaxis": {"title": {"text": "Total return (%)"}, "tickformat": ".2%", "showspikes": False},
            "yaxis": {"automargin": True},
        },
    )


def waterfall_chart(result: Waterfall, *, theme: ThemeName = "light") -> go.Figure:
    """Draw the steps from the gross to the net profit.

    Parameters
    ----------
    result : Waterfall
    theme : {"light", "dark"}

    Examples
    --------
    >>> import investiq as iq
    >>> run = iq.backtest(iq.strategies.Crossover(), iq.load_bars("^GSPC", start="2010"), weight=1.0, lot=None)
    >>> list(waterfall_chart(run.waterfall).data[0].x)
    ['Gross profit', 'Commission', 'Slippage', 'Net profit']
    """
    colors = theme_of(theme)
    steps = [(label, amount) for label, amount in result.steps() if amount]
    labels = ["Gross profit", *(label for label, _ in steps), "Net profit"]
    amounts: NDArray[np.float64] = np.array([result.gross, *(amount for _, amount in steps), result.net])
    words = [f"{amount:+,.0f}" for amount in amounts]
    trace: dict[str, Any] = {
        "type": "waterfall",
        "x": labels,
        "y": amounts,
        "measure": ["absolute", *["relative"] * len(steps), "total"],
        "text": words,
        "textposition": "outside",
        "cliponaxis": False,
        "customdata": amounts / result.capital,
        "hovertemplate": "%{x}: %{text} USD, %{customdata:+.2%} of the opening capital<extra></extra>",
        "connector": {"line": {"color": colors.border, "width": 1}},
        "increasing": {"marker": {"color": colors.entry}},
        "decreasing": {"marker": {"color": colors.exit}},
        "totals": {"marker": {"color": colors.muted}},
    }
    text = f"costs against the prices that allowed each fill · opening capital {result.capital:,.0f} USD"
    return go.Figure(
        data=[trace],
        layout={
            "template": template(colors),
            **heading(result.title, text),
            "annotations": [watermark_note(result.watermark, colors)] if result.watermark else [],
            "height": 430,
            "hovermode": "closest",
            "showlegend": False,
            "xaxis": {"showspikes": False},
            "yaxis": {"title": {"text": "Profit (USD)"}, "tickformat": ",", "zeroline": True},
        },
    )
