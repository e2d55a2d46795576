"""Figures of accounts that other libraries made, alone and beside ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from investiq.figures.panes import Pane, date_axis, line, stack
from investiq.figures.theme import Theme, ThemeName, theme_of

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from investiq.interop.imported import ImportedAccount
    from investiq.interop.vectorbt_parity import VectorbtParity

__all__ = ["imported_chart", "parity_chart"]

_MONEY = "%{y:,.2f} USD"


def imported_chart(result: ImportedAccount, *, theme: ThemeName = "light") -> go.Figure:
    """Draw the equity of an imported account and its drawdown.

    Parameters
    ----------
    result : ImportedAccount
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
    """
    colors = theme_of(theme)
    ts = _labels(result)
    x = date_axis(ts)
    equity = result.equity["equity"].to_numpy(dtype=float)
    depth = result.equity["drawdown"].to_numpy(dtype=float)
    panes = [
        _equity_pane([line(x, equity, result.made_by, colors.series[0], width=1.9, hover=_MONEY)]),
        Pane(
            title="Drawdown (%)",
            traces=[
                line(
                    x,
                    depth,
                    "Drawdown",
                    colors.down,
                    width=1.1,
                    hover="%{y:.2%}",
                    fill="tozeroy",
                    fillcolor=colors.loss,
                )
                | {"showlegend": False}
            ],
            weight=1.3,
            tick_format=".0%",
        ),
    ]
    return _stacked(panes, result, ts, colors, result.title)


def parity_chart(result: VectorbtParity, *, theme: ThemeName = "light") -> go.Figure:
    """Draw both equities of a comparison with vectorbt, and what lies between them.

    Parameters
    ----------
    result : VectorbtParity
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        Equal accounts cover each other: ours is the wide line, theirs the dashed one on it.
    """
    colors = theme_of(theme)
    ts = _labels(result.theirs)
    x = date_axis(ts)
    frame = result.to_frame()
    ours, theirs, difference = (frame[name].to_numpy(dtype=float) for name in ("ours", "theirs", "difference"))
    panes = [
        _equity_pane(
            [
                line(x, ours, "InvestIQ", colors.series[0], width=3.4, hover=_MONEY),
                line(x, theirs, result.theirs.made_by, colors.series[1], width=1.4, dash="dash", hover=_MONEY),
            ]
        ),
        Pane(
            title="Ours less theirs (USD)",
            traces=[
                line(x, difference, "Difference", colors.muted, width=1.2, hover="%{y:.3g} USD") | {"showlegend": False}
            ],
            weight=1.3,
            levels=(0.0,),
            tick_format="~g",
        ),
    ]
    return _stacked(panes, result.theirs, ts, colors, result.title)


def _labels(account: ImportedAccount) -> NDArray[np.datetime64]:
    return np.asarray(account.equity.index.to_numpy(), dtype="datetime64[us]")


def _equity_pane(traces: list[dict[str, Any]]) -> Pane:
    return Pane(title="Equity (USD)", traces=traces, weight=3.2, tick_format=",")


def _stacked(
    panes: list[Pane], account: ImportedAccount, ts: NDArray[np.datetime64], theme: Theme, title: str
) -> go.Figure:
    first, last = (str(each.astype("datetime64[D]")) for each in (ts[0], ts[-1]))
    return stack(
        panes,
        ts=ts,
        theme=theme,
        title=title,
        subtitle=f"{first} to {last} · {ts.size:,} bars · {len(account.fills):,} fills",
        watermark=account.watermark,
        height=520,
    )
