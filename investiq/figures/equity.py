"""What an account did: equity, drawdown, position, and the price with its trades."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from investiq.figures.panes import Pane, area, date_axis, line, stack
from investiq.figures.price import period_text, price_pane
from investiq.figures.theme import Theme, ThemeName, theme_of
from investiq.history.panel import Panel

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from investiq.backtesting.result import BacktestResult

__all__ = ["backtest_overview", "equity_curve"]

FloatArray = NDArray[np.float64]
InstantArray = NDArray[np.datetime64]


def equity_curve(
    result: BacktestResult, benchmark: BacktestResult | None = None, *, log: bool = False, theme: ThemeName = "light"
) -> go.Figure:
    """Draw the equity of a backtest, its drawdown, and how much of it was invested.

    Parameters
    ----------
    result : BacktestResult
    benchmark : BacktestResult, optional
        Drawn beside it, such as ``result.benchmark``. It starts from the same
        capital: where its own differs, its equity is multiplied by one constant.
    log : bool, default False
        Equal distances on the equity axis are then equal returns, which suits
        decades.
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        Equity in USD, drawdown in percent (never positive), share of the equity
        in the position, on one time axis.

    Examples
    --------
    >>> import investiq as iq
    >>> result = iq.backtest(iq.strategies.Crossover(), iq.load_bars("^GSPC", start="2014"))
    >>> figure = equity_curve(result, benchmark=result.benchmark)
    >>> figure.layout.yaxis2.title.text
    'Drawdown (%)'
    """
    colors = theme_of(theme)
    panes = [
        _equity_pane(result, benchmark, colors, "log" if log else "linear"),
        _drawdown_pane(result, benchmark, colors),
        _invested_pane(result, colors),
    ]
    return _stacked(panes, result, benchmark, colors, height=620)


def backtest_overview(
    result: BacktestResult, *, benchmark: bool = True, log: bool = False, theme: ThemeName = "light"
) -> go.Figure:
    """Draw a backtest on one time axis: equity, drawdown, and the price with every entry and exit.

    Of several symbols there is no one price; the invested share is drawn in its place.

    Parameters
    ----------
    result : BacktestResult
    benchmark : bool, default True
        Whether to draw ``result.benchmark`` beside it.
    log : bool, default False
        As in `equity_curve`.
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        Prices are split-adjusted to the last bar; dividends stay in, as they
        were paid.
    """
    colors = theme_of(theme)
    held = result.benchmark if benchmark else None
    if isinstance(result.data, Panel):
        return equity_curve(result, benchmark=held, log=log, theme=theme)
    panes = [
        _equity_pane(result, held, colors, "log" if log else "linear"),
        _drawdown_pane(result, held, colors),
        price_pane(result.bars.adjusted("split"), colors, trades=result.trades, weight=3.0),
    ]
    return _stacked(panes, result, held, colors, height=860)


def _stacked(
    panes: list[Pane], result: BacktestResult, benchmark: BacktestResult | None, theme: Theme, height: int
) -> go.Figure:
    marks = {result.watermark, benchmark.watermark if benchmark is not None else None}
    return stack(
        panes,
        ts=result.data.ts,
        theme=theme,
        title=result.title,
        subtitle=f"{period_text(result.data)} · {result.options.costs.describe()}",
        watermark=next((mark for mark in ("SYNTHETIC", "SAMPLE") if mark in marks), None),
        height=height,
    )


def _held_words(benchmark: BacktestResult) -> str:
    """Return what a benchmark does and holds, which need not be what was traded."""
    return f"Buy and hold {benchmark.subject}"


def _points(result: BacktestResult, column: str) -> tuple[InstantArray, FloatArray]:
    """Return labels and values of a column of the account.

    The opening point is stamped one interval before the first bar. Where that
    is a weekend, which the axis cuts out, it is drawn on the Friday.
    """
    ts = result.data.ts
    opening = result.equity.index[0].tz_convert(None).to_datetime64().astype("datetime64[us]")
    days = ts.astype("datetime64[D]")
    if np.is_busday(days).all() and not np.is_busday(opening.astype("datetime64[D]")):
        opening = np.busday_offset(opening.astype("datetime64[D]"), 0, roll="backward").astype("datetime64[us]")
    return date_axis(np.concatenate(([opening], ts))), result.equity[column].to_numpy(dtype=np.float64)


def _equity_pane(
    result: BacktestResult, benchmark: BacktestResult | None, theme: Theme, scale: Literal["linear", "log"]
) -> Pane:
    x, equity = _points(result, "equity")
    hover = "%{y:,.2f} USD"
    traces: list[dict[str, Any]] = []
    if benchmark is not None:
        held_x, held = _points(benchmark, "equity")
        if held[0] != equity[0]:
            held = held * (equity[0] / held[0])
        traces.append(line(held_x, held, _held_words(benchmark), theme.muted, width=1.1, hover=hover))
    traces.append(line(x, equity, result.strategy.name, theme.series[0], width=1.9, hover=hover))
    return Pane(title="Equity (USD)", traces=traces, weight=3.2, tick_format=",", scale=scale)


def _drawdown_pane(result: BacktestResult, benchmark: BacktestResult | None, theme: Theme) -> Pane:
    x, depth = _points(result, "drawdown")
    hover = "%{y:.2%}"
    look = {"fill": "tozeroy", "fillcolor": theme.loss}
    traces = [line(x, depth, f"{result.strategy.name} drawdown", theme.down, width=1.1, hover=hover, **look)]
    if benchmark is not None:
        held_x, held = _points(benchmark, "drawdown")
        name = f"{_held_words(benchmark)} drawdown"
        traces.append(line(held_x, held, name, theme.muted, width=1.0, hover=hover))
    return Pane(
        title="Drawdown (%)", traces=[trace | {"showlegend": False} for trace in traces], weight=1.3, tick_format=".0%"
    )


def _invested_pane(result: BacktestResult, theme: Theme) -> Pane:
    """Return the share of the equity in positions: long plus short, and where there are shorts, long less short too."""
    x, equity = _points(result, "equity")
    long, short = (_points(result, name)[1] for name in ("long_value", "short_value"))
    gross, net = (
        np.divide(value, equity, out=np.full(equity.size, np.nan), where=equity > 0)
        for value in (long + short, long - short)
    )
    hover = "%{y:.1%} of equity"
    if not short.any():
        traces = [area(x, gross, "Invested", theme.faint, hover=hover)]
        return Pane(title="Invested (%)", traces=traces, weight=0.6, tick_format=".0%")
    traces = [
        area(x, gross, "Invested, gross", theme.faint, hover=hover),
        line(x, net, "Invested, net", theme.series[2], width=1.1, hover=hover),
    ]
    return Pane(title="Invested (%)", traces=traces, weight=0.9, tick_format=".0%")
