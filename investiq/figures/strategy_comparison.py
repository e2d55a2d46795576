"""Strategies over each other on one time axis: equity, drawdown and rolling Sharpe ratio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from investiq.core.errors import ConfigError
from investiq.figures.heading import heading
from investiq.figures.panes import FloatArray, InstantArray, Pane, date_axis, line, stack
from investiq.figures.price import period_text
from investiq.figures.theme import Theme, ThemeName, theme_of
from investiq.metrics.drawdowns import drawdown
from investiq.metrics.rolling import rolling_sharpe

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from investiq.backtesting.result import BacktestResult
    from investiq.backtesting.strategy_comparison import StrategyComparison

__all__ = ["strategy_comparison_chart"]

_DASHES: Final = ("solid", "dash", "dot")
# Shorter windows of a Sharpe ratio mostly show chance.
_YEARS: Final = 1
_LEAST: Final = 20
# In px: the figure with a legend of one row, and its top margin.
_HEIGHT: Final = 760
_USUAL_TOP: Final = 96


def strategy_comparison_chart(
    comparison: StrategyComparison, *, window: int | None = None, theme: ThemeName = "light"
) -> go.Figure:
    """Draw the accounts of several strategies and of buying and holding.

    Parameters
    ----------
    comparison : StrategyComparison
    window : int, optional
        Bars of the rolling Sharpe ratio; by default those of a year, of a shorter
        period a third of it.
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        Equity on a logarithmic axis, each from 1; drawdown in percent; annual
        Sharpe ratio of the last `window` bars. Buying and holding is grey.

    Raises
    ------
    ConfigError
        If `window` is not in 20 to the number of bars.

    Examples
    --------
    >>> import investiq as iq
    >>> both = [iq.strategies.Crossover(fast=20, slow=50), iq.strategies.Breakout()]
    >>> found = iq.compare_strategies(both, iq.load_bars("^GSPC", start="2014"), weight=1.0)
    >>> [trace.name for trace in strategy_comparison_chart(found).data[:3]]
    ['Buy and hold ^GSPC', 'Crossover', 'Breakout']
    """
    colors = theme_of(theme)
    data = comparison.first.data
    length = data.ts.size
    chosen = (
        min(round(comparison.first.convention.periods_per_year * _YEARS), length // 3) if window is None else window
    )
    chosen = max(chosen, _LEAST) if window is None else chosen
    if not _LEAST <= chosen <= length:
        raise ConfigError(f"window must lie in {_LEAST} to the {length} bars, was {chosen}")
    looks = _looks(comparison, colors)
    x = date_axis(data.ts)
    panes = [
        Pane(title="Equity, from 1 (log)", traces=_lines(comparison, looks, x, _grown, "%{y:.3f}"), weight=2.6, scale="log"),
        Pane(
            title="Drawdown (%)",
            traces=_lines(comparison, looks, x, _depth, "%{y:.2%}", showlegend=False),
            weight=1.3,
            tick_format=".0%",
        ),
        Pane(
            title=f"Sharpe ({chosen} bars)",
            traces=_lines(comparison, looks, x, lambda each: _rolling(each, chosen), "%{y:.2f}", showlegend=False),
            weight=1.3,
            levels=(0.0,),
        ),
    ]  # fmt: skip
    words = f"{period_text(data)} · {comparison.first.options.costs.describe()}"
    mark = comparison.watermark
    figure = stack(
        panes, ts=data.ts, theme=colors, title=comparison.title, subtitle=words, watermark=mark, height=_HEIGHT
    )
    # The legend of many names takes several rows, which stand under the title and not over it.
    above = heading(comparison.title, words + (f" · {mark} data" if mark else ""), looks)
    return figure.update_layout(**above, height=_HEIGHT + max(0, above["margin"]["t"] - _USUAL_TOP))


def _looks(comparison: StrategyComparison, theme: Theme) -> dict[str, dict[str, Any]]:
    """Return colour, width and dash of each account: of more than three, dashes tell those of one colour apart."""
    count = len(theme.series)
    looks: dict[str, dict[str, Any]] = {comparison.benchmark_name: {"color": theme.muted, "width": 1.2}}
    for place, name in enumerate(comparison.results):
        dash = _DASHES[place // count % len(_DASHES)]
        looks[name] = {"color": theme.series[place % count], "width": 1.6, "dash": dash}
    return looks


def _lines(
    comparison: StrategyComparison,
    looks: dict[str, dict[str, Any]],
    x: InstantArray,
    values: Any,
    hover: str,
    **more: Any,
) -> list[dict[str, Any]]:
    traces = [
        line(x, values(comparison.accounts[name]), name, hover=hover, **look, **more) for name, look in looks.items()
    ]
    # Seven digits are more than a screen shows, in half of the page.
    return [{**trace, "y": trace["y"].astype(np.float32)} for trace in traces]


def _grown(result: BacktestResult) -> FloatArray:
    grown: FloatArray = result.account[1:] / result.account[0]
    return grown


def _depth(result: BacktestResult) -> FloatArray:
    return drawdown(result.account)[1:]


def _rolling(result: BacktestResult, window: int) -> FloatArray:
    return rolling_sharpe(np.asarray(result.returns, dtype=np.float64), result.convention, window)
