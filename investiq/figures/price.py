"""Price charts: bars, overlays, trades and panes below, over one time axis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError
from investiq.figures.panes import Pane, band, columns, date_axis, line, stack
from investiq.figures.theme import Theme, ThemeName, theme_of
from investiq.figures.views import DENSE
from investiq.history.bars import Bars
from investiq.history.instants import label_text

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from investiq.history.panel import Panel

__all__ = [
    "period_text",
    "price_chart",
    "price_pane",
    "price_title",
    "price_unit",
    "trade_markers",
    "volume_pane",
]

FloatArray = NDArray[np.float64]

_DASHES: Final = ("solid", "dash", "dot")
# Names and signs of entry and exit.
_LONG: Final = (("Entry", "triangle-up"), ("Exit", "triangle-down"))
_SHORT: Final = (("Short entry", "diamond-open"), ("Cover", "circle-open"))
_INTERVAL_WORDS: Final = {"1d": "daily", "1w": "weekly", "1mo": "monthly"}


def price_chart(
    bars: Bars,
    *,
    overlays: Mapping[str, pd.Series[float]] | None = None,
    trades: pd.DataFrame | None = None,
    panes: Mapping[str, Mapping[str, pd.Series[float]]] | None = None,
    volume: bool = True,
    theme: ThemeName = "light",
) -> go.Figure:
    """Draw the bars of one symbol, with trades and further series on the same time axis.

    Up to three years of daily bars are candles, rising ones hollow. A longer
    series opens as a line of closes within the band from low to high: at that
    density candles merge into a smear, while the band still shows every
    extreme. The buttons on top go to the last months or years, fit each axis to
    what is then visible, and draw candles wherever they can be told apart.

    Parameters
    ----------
    bars : Bars
        Drawn as they are. Adjusted bars are rescaled by one constant, so that
        the last price is the traded one, and their volume so that it counts the
        shares of the last bar.
    overlays : mapping of name to Series, optional
        Lines over the price, indexed like the bars, in the prices of `bars`.
    trades : DataFrame, optional
        Round trips as in ``BacktestResult.trades``: entries are triangles that
        point up, exits triangles that point down; short entries are diamonds and
        their covers circles, both hollow and larger, so that a reversal shows
        each of its sides. The hover text tells the reason and the profit.
    panes : mapping of title to mapping of name to Series, optional
        One pane per title below the price, each with its lines. The title is
        the axis title: write the unit into it.
    volume : bool, default True
        Whether to draw a volume pane (left out where no bar has a volume).
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    DataError
        If there is no bar, or a series is not indexed like the bars.

    Examples
    --------
    >>> import investiq as iq
    >>> figure = price_chart(iq.load_bars("^GSPC", start="2018"))
    >>> [trace.name for trace in figure.data]
    ['^GSPC', 'Volume']
    """
    if not len(bars):
        raise DataError(f"{bars.symbol}: there are no bars to draw; widen the dates")
    colors = theme_of(theme)
    x = date_axis(bars.ts)
    levels = {name: _aligned(name, values, bars) for name, values in (overlays or {}).items()}
    rows = [price_pane(bars, colors, overlays=levels, trades=trades)]
    if volume and not np.isnan(bars.volume).all():
        rows.append(volume_pane(bars, colors))
    for title, series in (panes or {}).items():
        hover = "%{y:,.2f} " + title.rpartition("(")[2].rstrip(")") if title.endswith(")") else "%{y:,.2f}"
        traces = [
            line(x, _aligned(name, values, bars), name, colors.series[i % 3], dash=_DASHES[i % 3], hover=hover)
            for i, (name, values) in enumerate(series.items())
        ]
        rows.append(Pane(title=title, traces=traces, weight=1.1))
    return stack(
        rows,
        ts=bars.ts,
        theme=colors,
        title=f"{bars.symbol} {_INTERVAL_WORDS.get(bars.interval, bars.interval)} bars",
        subtitle=period_text(bars),
        watermark=bars.passport.watermark,
        height=380 + 110 * len(rows),
    )


def period_text(bars: Bars | Panel) -> str:
    """Return the period and the number of bars as people write them."""
    first, last = (label_text(bars.ts[row], bars.interval) for row in (0, -1))
    return f"{first} to {last} · {bars.ts.size:,} bars"


def price_title(bars: Bars) -> str:
    """Return the title of the price axis with its unit and, where it matters, its basis."""
    unit = bars.passport.currency
    word = "Level" if unit == "index points" else "Price"
    is_changed = bars.basis != "raw" and bool((bars.factor != 1.0).any())
    return f"{word} ({unit}{f', {bars.basis}-adjusted' if is_changed else ''})"


def price_unit(bars: Bars) -> str:
    """Return the unit of a price as a short word for hover texts."""
    return "points" if bars.passport.currency == "index points" else bars.passport.currency


def price_pane(
    bars: Bars,
    theme: Theme,
    *,
    overlays: Mapping[str, FloatArray] | None = None,
    bands: Mapping[str, tuple[FloatArray, FloatArray]] | None = None,
    trades: pd.DataFrame | None = None,
    weight: float = 3.6,
) -> Pane:
    """Return the pane of prices; overlays and bands (lower, upper) are in the prices of `bars`."""
    x, scale, unit = date_axis(bars.ts), 1.0 / float(bars.factor[-1]), price_unit(bars)
    between = f"%{{customdata:,.2f}} to %{{y:,.2f}} {unit}"
    below: list[dict[str, Any]] = []
    for name, (lower, upper) in (bands or {}).items():
        below += band(x, lower * scale, upper * scale, name, fill=theme.fill, color=theme.muted, hover=between)
    prices = {name: getattr(bars, name) * scale for name in ("open", "high", "low", "close")}
    near = {"type": "candlestick", "x": x, **prices, "name": bars.symbol, **_candle_look(theme, unit)}
    far = [
        *band(x, prices["low"], prices["high"], "Low to high", fill=theme.grid, color=theme.muted, hover=between),
        line(x, prices["close"], f"{bars.symbol} close", theme.text, width=1.2, hover=f"%{{y:,.2f}} {unit}"),
    ]
    above = [
        line(x, values * scale, name, theme.series[i % 3], dash=_DASHES[i % 3], hover=f"%{{y:,.2f}} {unit}")
        for i, (name, values) in enumerate((overlays or {}).items())
    ]
    if trades is not None and len(trades):
        above += trade_markers(bars, trades, theme)
    look: dict[str, Any] = {"title": price_title(bars), "weight": weight, "tick_format": ","}
    if len(bars) <= DENSE:
        return Pane(traces=[*below, near, *above], **look)
    return Pane(traces=[*below, *above], far=far, near=[near], **look)


def volume_pane(bars: Bars, theme: Theme, weight: float = 0.8) -> Pane:
    """Return the pane of volumes, in the shares of the last bar; a bar that closed below its open is stronger.

    Volume of raw bars is drawn as traded. That of adjusted bars counts shares of
    the first bar, and is rescaled by one constant as their prices are.
    """
    tint = np.where(bars.close < bars.open, theme.muted, theme.border).tolist()
    volume, has_split = bars.volume, False
    if bars.basis != "raw":
        volume = bars.volume * float(bars.split_factor[-1])
        has_split = bool((bars.split_factor != bars.split_factor[-1]).any())
    # Providers count the volume of an index each in their own way.
    unit = "" if bars.passport.currency == "index points" else "shares"
    basis = "on the last bar's split basis" if has_split else ""
    hover = " ".join(filter(None, ("%{y:,.0f}", unit, basis)))
    # A pane of volumes is low: the words about the split stand on lines of their own.
    words = ",<br>".join(filter(None, (unit, basis.replace(" split", "<br>split"))))
    trace = columns(date_axis(bars.ts), volume, "Volume", theme.faint, hover=hover, tint=tint)
    return Pane(title=f"Volume ({words})" if words else "Volume", traces=[trace], weight=weight)


def _aligned(name: str, values: pd.Series[float], bars: Bars) -> FloatArray:
    if len(values) != len(bars) or not values.index.equals(bars.index):
        raise DataError(
            f"the series {name!r} has {len(values)} rows that are not indexed like the {len(bars)} bars of {bars.symbol}; "
            "compute it on these bars, or pass series.reindex(bars.index)"
        )
    return np.asarray(values, dtype=np.float64)


def _candle_look(theme: Theme, unit: str) -> dict[str, Any]:
    prices = ", ".join(f"{name} %{{{name}:,.2f}}" for name in ("open", "high", "low", "close"))
    return {
        "hovertemplate": f"{prices} {unit}<extra>%{{fullData.name}}</extra>",
        "increasing": {"line": {"color": theme.up, "width": 1}, "fillcolor": theme.surface},
        "decreasing": {"line": {"color": theme.down, "width": 1}, "fillcolor": theme.down},
        "whiskerwidth": 0,
    }


def trade_markers(bars: Bars, trades: pd.DataFrame, theme: Theme) -> list[dict[str, Any]]:
    """Return entries and exits at the price paid, in the scale of the chart; those of shorts have signs of their own."""
    is_short = trades["quantity"] < 0
    markers: list[dict[str, Any]] = []
    for side, signs in ((trades[~is_short], _LONG), (trades[is_short], _SHORT)):
        if len(side):
            closed = side[side["exit_ts"].notna()]
            entry, leave = signs
            markers += [
                _signs(bars, side["entry_ts"], side["entry_price"], _entry_texts(side), *entry, theme),
                _signs(bars, closed["exit_ts"], closed["exit_price"], _exit_texts(closed), *leave, theme),
            ]
    return markers


def _entry_texts(trades: pd.DataFrame) -> list[str]:
    quantities = trades["quantity"].to_numpy(dtype=np.float64).tolist()
    prices = trades["entry_price"].to_numpy(dtype=np.float64).tolist()
    return [
        f"{abs(quantity):,.6g} shares{' sold short' if quantity < 0 else ''} at {price:,.2f}"
        for quantity, price in zip(quantities, prices, strict=True)
    ]


def _exit_texts(closed: pd.DataFrame) -> list[str]:
    quantities = closed["quantity"].to_numpy(dtype=np.float64).tolist()
    # `return` is a keyword, so itertuples would rename it: read the column.
    return [
        f"{abs(quantity):,.6g} shares{' bought back' if quantity < 0 else ''} at {row.exit_price:,.2f}, "
        f"{str(row.exit_reason).replace('_', ' ')}, P&L {row.pnl:+,.2f} ({change:+.2%}), {row.bars_held} bars"
        for row, quantity, change in zip(closed.itertuples(), quantities, closed["return"], strict=True)
    ]


def _signs(
    bars: Bars,
    when: pd.Series[pd.Timestamp],
    price: pd.Series[float],
    texts: list[str],
    name: str,
    symbol: str,
    theme: Theme,
) -> dict[str, Any]:
    instants = when.dt.tz_convert(None).to_numpy().astype("datetime64[us]")
    rows = np.clip(np.searchsorted(bars.ts, instants, side="right") - 1, 0, len(bars) - 1)
    if symbol.endswith("-open"):
        look = {"symbol": symbol, "size": 15, "color": theme.series[2], "line": {"width": 1.8}}
    else:
        color = theme.entry if symbol == "triangle-up" else theme.exit
        look = {"symbol": symbol, "size": 10, "color": color, "line": {"color": theme.surface, "width": 1}}
    return {
        "type": "scatter",
        "mode": "markers",
        "x": date_axis(bars.ts)[rows],
        "y": price.to_numpy(dtype=np.float64) * (bars.factor[rows] / bars.factor[-1]),
        "name": name,
        "marker": look,
        "text": texts,
        "hovertemplate": "%{text}<extra>" + name + "</extra>",
    }
