"""Figures of the review of trades: one trade in its bars, and all of them by excursion and by outcome."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import plotly.graph_objects as go

from investiq.core.errors import DataError
from investiq.core.types import INTERVAL_MINUTES
from investiq.figures.heading import heading
from investiq.figures.panes import date_axis, line, stack
from investiq.figures.price import price_pane, price_unit, volume_pane
from investiq.figures.theme import Theme, ThemeName, template, theme_of, watermark_note

if TYPE_CHECKING:
    import pandas as pd

    from investiq.backtesting.result import BacktestResult
    from investiq.backtesting.trade_reviewing import Excursion, ReviewedTrade

__all__ = ["excursion_chart", "outcome_chart", "trade_review_chart"]

# More points than this are drawn by WebGL.
_MANY: Final = 1_000
_BINS: Final = 30


def trade_review_chart(result: ReviewedTrade, *, theme: ThemeName = "light") -> go.Figure:
    """Draw one trade in its bars: fills, levels in force, worst and best price, the time it was held, and the volume.

    Parameters
    ----------
    result : ReviewedTrade
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        Prices in the shares of the entry; the subtitle says so where a split
        lies inside. The levels of a bar are those that could fill in it.

    Examples
    --------
    >>> import investiq as iq
    >>> bars = iq.load_bars("^GSPC", start="2015")
    >>> run = iq.backtest(iq.strategies.Crossover(), bars, stop_loss=0.05, weight=1.0, lot=None)
    >>> [trace.name for trace in trade_review_chart(iq.review_trade(run, 0)).data]
    ['^GSPC', 'Stop', 'Entry', 'Exit', 'MAE and MFE', 'Volume']
    """
    colors, window = theme_of(theme), result.window
    scale = result.scale
    bars = dataclasses.replace(
        window,
        **{name: getattr(window, name) * scale for name in ("open", "high", "low", "close")},
        volume=window.volume / scale,
        split_factor=np.ones(len(window)),
        total_factor=np.ones(len(window)),
        actions=(),
    )
    pane = price_pane(bars, colors)
    pane.traces.extend([*_levels(result, colors), *_fills(result, colors), _extremes(result, colors)])
    panes = [pane]
    if not np.isnan(bars.volume).all():
        panes.append(volume_pane(bars, colors, weight=0.7))
    figure = stack(
        panes, ts=window.ts, theme=colors, title="", subtitle="", watermark=result.watermark, height=560
    )  # fmt: skip
    mark = f" · {result.watermark} data" if result.watermark else ""
    text = f"{result.headline} · {result.basis}{mark}"
    names = [trace.name for trace in figure.data[:-1]]
    figure.update_layout(heading(result.title, text, names), updatemenus=[], hovermode="x unified")
    _shade(figure, result, colors)
    for note in _labels(result, colors):
        figure.add_annotation(note)
    return figure


def excursion_chart(result: BacktestResult, selected: int | None = None, *, theme: ThemeName = "light") -> go.Figure:
    """Draw how far every trade went against its holder and in his favour, winners and losers apart.

    Parameters
    ----------
    result : BacktestResult
    selected : int, optional
        Row of ``result.trades`` that is marked, from 0; the figure counts trades from 1.
    theme : {"light", "dark"}

    Raises
    ------
    DataError
        If the run has no trade.

    Examples
    --------
    >>> import investiq as iq
    >>> run = iq.backtest(iq.strategies.Crossover(), iq.load_bars("^GSPC", start="2015"))
    >>> [trace.name for trace in excursion_chart(run, 1).data]
    ['Won', 'Lost', 'Trade 2']
    """
    colors, trades = theme_of(theme), _trades(result)
    won = (trades["pnl"] > 0).to_numpy()
    kind = "scattergl" if len(trades) > _MANY else "scatter"
    traces: list[dict[str, Any]] = []
    for name, rows, symbol, color in (
        ("Won", won, "triangle-up", colors.entry),
        ("Lost", ~won, "triangle-down-open", colors.exit),
    ):
        if rows.any():
            traces.append({**_points(trades[rows], name), "type": kind, "marker": _look(symbol, color, 9)})
    if selected is not None:
        ring = {"symbol": "circle-open", "size": 20, "color": colors.text, "line": {"width": 2.2}}
        traces.append({**_points(trades.iloc[[selected]], f"Trade {selected + 1}"), "type": "scatter", "marker": ring})
    figure = go.Figure(data=traces, layout={"template": template(colors), "height": 360, "hovermode": "closest"})
    text = "Worst and best price between entry and exit, as shares of the entry price, before costs" + _mark(result)
    figure.update_layout(heading("Excursions of all trades", text, [str(trace["name"]) for trace in traces]))
    figure.update_xaxes(title={"text": "MAE (%)"}, tickformat=".1%", zeroline=True, showspikes=False)
    figure.update_yaxes(title={"text": "MFE (%)"}, tickformat=".1%", zeroline=True)
    _watermark(figure, result, colors)
    return figure


def outcome_chart(result: BacktestResult, selected: int | None = None, *, theme: ThemeName = "light") -> go.Figure:
    """Draw the net return of each trade in the order of entry, and beside it how the returns are spread.

    Parameters
    ----------
    result : BacktestResult
    selected : int, optional
        Row of ``result.trades`` that is marked, from 0; the figure counts trades from 1.
    theme : {"light", "dark"}

    Raises
    ------
    DataError
        If the run has no trade.

    Examples
    --------
    >>> import investiq as iq
    >>> run = iq.backtest(iq.strategies.Crossover(), iq.load_bars("^GSPC", start="2015"))
    >>> [trace.name for trace in outcome_chart(run).data]
    ['Return', 'Trades']
    >>> int(outcome_chart(run).data[0].x[0])
    1
    """
    colors, trades = theme_of(theme), _trades(result)
    returns = trades["return"].to_numpy(dtype=float)
    tint = np.where(returns > 0, colors.entry, colors.exit)
    counts, edges = np.histogram(returns, bins=min(_BINS, max(5, 2 * int(np.sqrt(returns.size)))))
    bars: dict[str, Any] = {
        "type": "bar",
        "x": trades.index.to_numpy() + 1,
        "y": returns,
        "name": "Return",
        "marker": {"color": tint.tolist(), "line": {"width": 0}},
        "customdata": _words(trades),
        "hovertemplate": "%{customdata}<extra></extra>",
    }
    spread = {
        "type": "bar",
        "orientation": "h",
        "y": (edges[:-1] + edges[1:]) / 2,
        "x": counts,
        "width": np.diff(edges) * 0.92,
        "name": "Trades",
        "marker": {"color": colors.faint, "line": {"width": 0}},
        "customdata": np.column_stack((edges[:-1], edges[1:])),
        "hovertemplate": "%{customdata[0]:.2%} to %{customdata[1]:.2%}: %{x} trades<extra></extra>",
        "xaxis": "x2",
    }
    figure = go.Figure(data=[bars, spread])
    text = f"Net of costs, over the value of the entry · mean {returns.mean():+.2%}, median {np.median(returns):+.2%}"
    figure.update_layout(
        template=template(colors), height=300, hovermode="closest", showlegend=False, bargap=0.15,
        **heading("Return of each trade", text + f", n = {returns.size}" + _mark(result)),
    )  # fmt: skip
    figure.update_layout(
        xaxis={"domain": [0, 0.74], "title": {"text": "Trade, in the order of entry"}, "showspikes": False},
        xaxis2={"domain": [0.79, 1], "title": {"text": "Trades (count)"}, "anchor": "y", "showspikes": False},
        yaxis={"title": {"text": "Return (%)"}, "tickformat": ".1%", "zeroline": True},
    )
    if selected is not None:
        value = float(returns[selected])
        figure.add_annotation(
            x=selected + 1, y=value, text=f"Trade {selected + 1}<br>{value:+.2%}", showarrow=True, arrowhead=2, arrowwidth=1.4,
            arrowcolor=colors.text, ax=0, ay=-30 if value > 0 else 30, font={"size": 11}, bgcolor=colors.veil,
        )  # fmt: skip
    _watermark(figure, result, colors)
    return figure


def _levels(result: ReviewedTrade, theme: Theme) -> list[dict[str, Any]]:
    x, unit = date_axis(result.window.ts), price_unit(result.window)
    lines = []
    for name, level, color, dash in (
        ("Stop", result.stop, theme.exit, "solid"),
        ("Trailing stop", result.trail, theme.series[2], "dot"),
        ("Target", result.target, theme.entry, "dash"),
    ):
        if not np.isnan(level).all():
            trace = line(x, level, name, color, dash=dash, hover=f"%{{y:,.2f}} {unit}")
            trace["line"] |= {"shape": "hvh", "width": 1.8}
            # A level of a single bar has no length of its own.
            trace |= {"mode": "lines+markers", "marker": {"symbol": "line-ew-open", "size": 8, "color": color}}
            lines.append(trace)
    return lines


def _fills(result: ReviewedTrade, theme: Theme) -> list[dict[str, Any]]:
    x, traces = date_axis(result.window.ts), []
    for fill, row in zip(result.explanation.fills(), result.held, strict=False):
        is_entry = fill.role == "entry"
        price = fill.price * float(result.scale[row])
        words = f"{fill.side} {fill.quantity:,.6g} shares at {fill.price:,.2f} as traded"
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": x[[row]],
                "y": [price],
                "name": fill.role.capitalize(),
                "marker": _look(
                    "triangle-up" if fill.side == "buy" else "triangle-down",
                    theme.entry if is_entry else theme.exit,
                    14,
                )
                | {"line": {"color": theme.surface, "width": 1.2}},
                "hovertemplate": words + f"<extra>{fill.role.capitalize()}</extra>",
            }
        )
    return traces


def _extremes(result: ReviewedTrade, theme: Theme) -> dict[str, Any]:
    reached = (("MAE", result.worst), ("MFE", result.best))
    return {
        "type": "scatter",
        "mode": "markers",
        "x": date_axis(result.window.ts)[[each.row for _, each in reached]],
        "y": [each.price for _, each in reached],
        "name": "MAE and MFE",
        "marker": {"symbol": "x-thin-open", "size": 11, "color": theme.text, "line": {"width": 2}},
        "text": [_excursion_words(name, each) for name, each in reached],
        "hovertemplate": "%{text}, at %{y:,.2f}<extra></extra>",
    }


def _excursion_words(name: str, each: Excursion) -> str:
    multiple = "" if np.isnan(each.r_multiple) else f" ({each.r_multiple:+.2f} R)"
    return f"{name} {each.fraction:+.2%}{multiple}"


def _labels(result: ReviewedTrade, theme: Theme) -> list[dict[str, Any]]:
    """Return what stands beside the marks: fills left and right of the trade, the extremes above and below."""
    x = [str(each) for each in date_axis(result.window.ts)]
    is_long = result.side == "long"
    look = {"font": {"size": 11, "color": theme.text}, "bgcolor": theme.veil, "xref": "x", "yref": "y"}
    labels = []
    for fill, row in zip(result.explanation.fills(), result.held, strict=False):
        is_entry = fill.role == "entry"
        # On the other side than the extreme that is nearer, whose own words stand beyond it.
        is_near_worst = abs(result.worst.row - row) <= abs(result.best.row - row)
        words = f"{'Entry' if is_entry else 'Exit'} {fill.price:,.2f}"
        labels.append(
            {
                **look,
                "x": x[row],
                "y": fill.price * float(result.scale[row]),
                "text": words if is_entry else f"{words}<br>{result.ended_by}",
                "showarrow": True,
                "arrowhead": 0,
                "arrowwidth": 1,
                "arrowcolor": theme.muted,
                "standoff": 8,
                "ax": -46 if is_entry else 46,
                "ay": -34 if is_near_worst == is_long else 34,
                "xanchor": "right" if is_entry else "left",
            }
        )
    for name, each, is_above in (("MAE", result.worst, not is_long), ("MFE", result.best, is_long)):
        labels.append(
            {
                **look,
                "x": x[each.row],
                "y": each.price,
                "text": _excursion_words(name, each),
                "showarrow": False,
                "yshift": 16 if is_above else -16,
            }
        )
    return labels


def _shade(figure: go.Figure, result: ReviewedTrade, theme: Theme) -> None:
    """Shade the bars in which the position was held, half a bar to each side."""
    half = np.timedelta64(INTERVAL_MINUTES[result.window.interval] * 30, "s")
    first, last = (result.window.ts[row] for row in result.held)
    figure.add_shape(
        name="Held", type="rect", x0=str(first - half), x1=str(last + half), xref="x", y0=0, y1=1, yref="paper",
        fillcolor=theme.fill, line={"width": 0}, layer="below",
    )  # fmt: skip


def _trades(result: BacktestResult) -> pd.DataFrame:
    trades = result.trades
    if not len(trades):
        raise DataError(f"{result.title} made no trade, so there is none to draw")
    return trades


def _points(trades: pd.DataFrame, name: str) -> dict[str, Any]:
    return {
        "mode": "markers",
        "x": trades["mae"].to_numpy(dtype=float),
        "y": trades["mfe"].to_numpy(dtype=float),
        "name": name,
        "customdata": _words(trades),
        "hovertemplate": "%{customdata}<br>MAE %{x:.2%}, MFE %{y:.2%}<extra></extra>",
    }


def _words(trades: pd.DataFrame) -> list[str]:
    rows = zip(trades.index, trades["side"], trades["symbol"], trades["entry_ts"], trades["return"], strict=True)
    return [
        f"Trade {number + 1}: {side} {symbol} from {when:%Y-%m-%d}, {change:+.2%} net"
        for number, side, symbol, when, change in rows
    ]


def _look(symbol: str, color: str, size: int) -> dict[str, Any]:
    return {"symbol": symbol, "size": size, "color": color}


def _mark(result: BacktestResult) -> str:
    return f" · {result.watermark} data" if result.watermark else ""


def _watermark(figure: go.Figure, result: BacktestResult, theme: Theme) -> None:
    if result.watermark:
        figure.add_annotation(watermark_note(result.watermark, theme))
