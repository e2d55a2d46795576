"""The shared time axis: what is cut out of it, where it ends, and the buttons that shorten it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from investiq.figures.theme import Theme

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from investiq.figures.panes import Pane

__all__ = ["DENSE", "open_at", "range_buttons", "time_axis"]

InstantArray = NDArray[np.datetime64]

# Three years of sessions: on a screen of 1,400 pixels under two pixels a bar, where candles and columns merge.
DENSE: Final = 756

_BUTTONS: Final = (("3M", 63), ("6M", 126), ("1Y", 252), ("2Y", 504), ("3Y", 756), ("5Y", 1260))
# Cutting out weekends costs the browser bars x weekends: 1 s for twenty years, where a weekend is a fifth of a pixel.
_CUT_UP_TO: Final = 2600
_DAY: Final = np.timedelta64(1, "D")


def time_axis(ts: InstantArray, first: np.datetime64) -> dict[str, Any]:
    """Return the layout of the time axis for bars at `ts`, from `first` (at or before them) on."""
    return {
        "type": "date",
        "range": _edges(first, ts[-1], ts),
        "rangebreaks": _breaks(ts) if ts.size <= _CUT_UP_TO else [],
        "rangeslider": {"visible": False},
        "hoverformat": "%a %Y-%m-%d" if _is_daily(ts) else "%a %Y-%m-%d %H:%M UTC",
    }


def _is_daily(ts: InstantArray) -> bool:
    return bool((ts.astype("datetime64[D]") == ts).all())


def _edges(first: np.datetime64, last: np.datetime64, ts: InstantArray) -> list[str]:
    """Return the range of the time axis, one bar wider than the data on either side.

    Plotly's automatic range is wrong where weekends are cut out: it hides the
    last bars, or adds years.
    """
    days = ts.astype("datetime64[D]")
    if _is_daily(ts) and np.is_busday(days).all():
        # Days of the week, since an edge inside a weekend would not widen anything.
        left = np.busday_offset(first.astype("datetime64[D]") - _DAY, 0, roll="backward")
        right = np.busday_offset(last.astype("datetime64[D]") + _DAY, 0, roll="forward")
        return [str(left), str(right)]
    step = np.median(np.diff(ts)) if ts.size > 1 else _DAY
    return [str((first - step).astype("datetime64[s]")), str((last + step).astype("datetime64[s]"))]


def _breaks(ts: InstantArray) -> list[dict[str, Any]]:
    """Return the stretches of time without trading: weekends, holidays, and the night of intraday bars.

    Weekends are one rule and holidays a list of some nine dates a year, which
    stays quick to draw over decades. Weekly and longer bars need none.
    """
    days = np.unique(ts.astype("datetime64[D]"))
    if days.size < 2 or np.median(np.diff(days).astype(np.int64)) > 3:
        return []
    breaks: list[dict[str, Any]] = []
    expected = np.arange(days[0], days[-1] + _DAY)
    if np.is_busday(days).all():
        breaks.append({"bounds": ["sat", "mon"]})
        expected = expected[np.is_busday(expected)]
    if (missing := np.setdiff1d(expected, days)).size:
        breaks.append({"values": np.datetime_as_string(missing).tolist()})
    if not _is_daily(ts):
        minutes = (ts - ts.astype("datetime64[D]")).astype("timedelta64[m]").astype(np.int64)
        step = int(np.median(np.diff(ts)).astype("timedelta64[m]").astype(np.int64))
        opens, closes = int(minutes.min()) / 60, int(minutes.max() + step) / 60
        if closes - opens < 23:
            breaks.append({"bounds": [closes, opens], "pattern": "hour"})
    return breaks


def range_buttons(
    panes: Mapping[str, Pane], ts: InstantArray, whole: Mapping[str, Any], theme: Theme
) -> list[dict[str, Any]]:
    """Return a menu of buttons that show the last bars, with every free y axis fitted to what is then visible.

    Plotly's own range selector leaves the y axes at the range of all data,
    which flattens a short window; these ranges are worked out here instead.

    Parameters
    ----------
    panes : mapping of layout key (``"yaxis2"``) to Pane
    ts : ndarray of datetime64, shape (n_bars,)
    whole : mapping
        The time axis of the whole view, as `time_axis` returns it.
    theme : Theme
    """
    shown = list(panes.values())
    buttons = []
    for label, bars in _BUTTONS:
        if bars >= ts.size or not _is_daily(ts):
            break
        first = ts[-bars]
        change = {"xaxis.range": _edges(first, ts[-1], ts), "xaxis.rangebreaks": _breaks(ts[-bars:])}
        fits = {key: _fit(pane, first) for key, pane in panes.items()}
        change |= {f"{key}.range": fitted for key, fitted in fits.items() if fitted is not None}
        buttons.append(_button(label, change, shown, is_near=bars <= DENSE))
    if not buttons:
        return []
    back: dict[str, Any] = {"xaxis.range": whole["range"], "xaxis.rangebreaks": whole["rangebreaks"]}
    back |= {f"{key}.autorange": True for key, pane in panes.items() if pane.limits is None}
    return [_menu([*buttons, _button("All", back, shown, is_near=False)], theme)]


def open_at(figure: go.Figure, label: str) -> None:
    """Show what a click on the button called `label` shows; the whole where the data are too short for that button."""
    for menu in figure.layout.updatemenus:
        for button in menu.buttons:
            if button.label == label:
                traces, axes, rows = button.args if button.method == "update" else ({"visible": ()}, *button.args, ())
                figure.update_layout(axes)
                for row, is_visible in zip(rows, traces["visible"], strict=True):
                    figure.data[row].visible = is_visible


def _button(label: str, change: dict[str, Any], panes: Sequence[Pane], *, is_near: bool) -> dict[str, Any]:
    """Return a button that changes the axes and exchanges the traces of far and near views."""
    rows: list[int] = []
    visible: list[bool | str] = []
    count = 0
    for pane in panes:
        rows += range(count, count + len(pane.far) + len(pane.near))
        visible += [not is_near] * len(pane.far) + [is_near or trace.get("visible", False) for trace in pane.near]
        count += len(pane.all_traces)
    if not rows:
        return {"label": label, "method": "relayout", "args": [change]}
    return {"label": label, "method": "update", "args": [{"visible": visible}, change, rows]}


def _fit(pane: Pane, first: np.datetime64) -> list[float] | None:
    """Return the y range of a pane's data from `first` on, with a margin; None where it is fixed or empty."""
    if pane.limits is not None:
        return None
    values = [
        np.asarray(trace[key], dtype=np.float64)[np.asarray(trace["x"]) >= first]
        for trace in pane.all_traces
        for key in ("y", "high", "low")
        if key in trace
    ]
    seen = np.concatenate(values) if values else np.empty(0)
    seen = seen[np.isfinite(seen)]
    if any(trace["type"] == "bar" or trace.get("fill") == "tozeroy" for trace in pane.all_traces):
        seen = np.append(seen, 0.0)
    if not seen.size:
        return None
    if pane.scale == "log":
        seen = np.log10(seen[seen > 0])
    low, high = float(seen.min()), float(seen.max())
    margin = 0.05 * ((high - low) or abs(high) or 1.0)
    return [low - margin if low != 0 else 0.0, high + margin if high != 0 else 0.0]


def _menu(buttons: list[dict[str, Any]], theme: Theme) -> dict[str, Any]:
    return {
        "type": "buttons",
        "direction": "right",
        "showactive": False,
        "buttons": buttons,
        "x": 0.0,
        "xanchor": "left",
        "y": 0.0,
        "yanchor": "top",
        "pad": {"t": 36, "b": 0, "l": 0, "r": 0},
        "bgcolor": theme.panel,
        "bordercolor": theme.border,
        "borderwidth": 1,
        "font": {"size": 11, "color": theme.text},
    }
