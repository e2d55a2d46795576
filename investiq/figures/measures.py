"""A series of returns through time: its wealth, its drawdown, and how its Sharpe ratio changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from investiq.core.errors import ConfigError
from investiq.core.facts import format_value
from investiq.figures.panes import Pane, date_axis, line, stack
from investiq.figures.tables import facts_figure
from investiq.figures.theme import Theme, ThemeName, theme_of
from investiq.metrics.drawdowns import drawdown
from investiq.metrics.inputs import FloatArray, InstantArray
from investiq.metrics.measure_sample import Sample
from investiq.metrics.rolling import rolling_sharpe

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from investiq.metrics.measuring import Measures

__all__ = ["measures_chart"]

_SUBTITLE: Final = ("CAGR", "Volatility", "Sharpe ratio", "Max drawdown")


def measures_chart(measures: Measures, *, window: int = 63, log: bool = True, theme: ThemeName = "light") -> go.Figure:
    """Draw wealth, drawdown and rolling Sharpe ratio of a series of returns on one time axis.

    Parameters
    ----------
    measures : Measures
        Of `iq.measure`. Returns without times are shown as a table instead.
    window : int, default 63
        Periods of the rolling Sharpe ratio.
    log : bool, default True
        Equal distances on the wealth axis are then equal returns.
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        Wealth of 1 unit, drawdown in percent, Sharpe ratio per year; the
        benchmark, where there is one, is grey.

    Raises
    ------
    ConfigError
        If `window` is not in 2 to the number of returns.

    Examples
    --------
    >>> import investiq as iq
    >>> close = iq.load_bars("^GSPC", start="2016").adjusted().frame["close"]
    >>> figure = measures_chart(iq.measure(close.pct_change().iloc[1:], periods_per_year=252))
    >>> figure.layout.yaxis2.title.text
    'Drawdown (%)'
    """
    sample = Sample(returns=measures.returns, ends=measures.ts, convention=measures.convention)
    if measures.ts is None or sample.points is None:
        return facts_figure(measures.title, measures.facts(), measures.watermark, theme=theme)
    if not 2 <= window <= measures.returns.size:
        raise ConfigError(f"window must lie in 2 to {measures.returns.size} returns, was {window}")
    colors = theme_of(theme)
    named = {fact.label: fact for fact in measures.facts()}
    shown = [f"{label} {format_value(named[label].value, named[label].unit)}" for label in _SUBTITLE]
    return stack(
        _panes(measures, sample.equity, _drawn(sample.points, measures.ts), window, colors, "log" if log else "linear"),
        ts=measures.ts,
        theme=colors,
        title=measures.title,
        subtitle=" · ".join(shown),
        watermark=measures.watermark,
        height=660,
    )


def _panes(
    measures: Measures, equity: FloatArray, x: InstantArray, window: int, theme: Theme, scale: Literal["linear", "log"]
) -> list[Pane]:
    wealth = [line(x, equity, measures.name, theme.series[0], width=1.9, hover="%{y:.3f}")]
    look = {"fill": "tozeroy", "fillcolor": theme.loss}
    water = [line(x, drawdown(equity), "Drawdown", theme.down, width=1.1, hover="%{y:.2%}", **look)]
    if measures.benchmark is not None:
        is_known = ~np.isnan(measures.benchmark)
        grown = np.cumprod(np.where(is_known, 1 + measures.benchmark, 1.0))
        held = np.concatenate(([1.0], np.where(is_known, grown, np.nan)))  # a gap in the line where it has no return
        wealth.insert(0, line(x, held, "Benchmark", theme.muted, width=1.2, hover="%{y:.3f}"))
    ratio = rolling_sharpe(measures.returns, measures.convention, window)
    rolling = [line(x[1:], ratio, f"Sharpe ratio of {window} periods", theme.series[2], width=1.2, hover="%{y:.2f}")]
    return [
        Pane(title="Wealth of 1", traces=wealth, weight=2.6, scale=scale),
        Pane(title="Drawdown (%)", traces=water, weight=1.2, tick_format=".0%"),
        Pane(title=f"Sharpe ({window})", traces=rolling, weight=1.2, levels=(0.0,)),
    ]


def _drawn(points: InstantArray, ends: InstantArray) -> InstantArray:
    """Return the points for the axis: as days where every end is one."""
    is_daily = (ends.astype("datetime64[D]") == ends).all()
    return date_axis(points.astype("datetime64[D]") if is_daily else points)
