"""What resampling gives: the draws behind an interval, and where simulated paths end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from investiq.figures.heading import heading
from investiq.figures.theme import ThemeName, template, theme_of

if TYPE_CHECKING:
    from investiq.backtesting.monte_carlo import MonteCarlo
    from investiq.metrics.bootstrap_result import BootstrapInterval
    from investiq.metrics.path_simulation import PathSimulation

__all__ = ["bootstrap_chart", "monte_carlo_histograms", "path_chart"]

FloatArray = NDArray[np.float64]

_BINS = 60


def bootstrap_chart(result: BootstrapInterval, *, theme: ThemeName = "light") -> go.Figure:
    """Draw the draws of a bootstrap with the estimate and the interval.

    Parameters
    ----------
    result : BootstrapInterval
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        Share of the draws; infinite ones are not drawn.

    Examples
    --------
    >>> import investiq as iq
    >>> from investiq.metrics.bootstrap import bootstrap_interval
    >>> returns = iq.load_bars("^GSPC", start="2015").frame["close"].pct_change().iloc[1:]
    >>> bootstrap_chart(bootstrap_interval(returns, "mean", draws=200)).layout.xaxis.title.text
    'Mean return (per period)'
    """
    colors = theme_of(theme)
    is_fraction = result.unit == "fraction"
    shown = ".3%" if is_fraction else ".3f"
    bounds = [each for each in (result.low, result.high) if np.isfinite(each)]
    lines = [_mark(each, "5px,4px", colors.series[1]) for each in bounds]
    estimate, low, high = (f"{each:{shown}}".replace("%", " %") for each in (result.estimate, result.low, result.high))
    return go.Figure(
        data=[_histogram(result.draws[np.isfinite(result.draws)], colors.series[0], shown)],
        layout={
            "template": template(colors),
            **heading(
                result.title,
                f"solid: estimate {estimate} · dashed: {result.confidence * 100:g} % interval "
                f"{low} to {high} ({result.method}) · {result.draws.size:,} draws",
            ),
            "height": 400,
            "hovermode": "closest",
            "showlegend": False,
            "bargap": 0.04,
            "shapes": [*lines, _mark(result.estimate, "solid", colors.text)],
            "xaxis": {
                "title": {
                    "text": f"{result.name} ({'annual' if result.convention.startswith('annual') else 'per period'})"
                },
                "tickformat": ".2%" if is_fraction else "",
                "showspikes": False,
            },
            "yaxis": {"title": {"text": "Share of draws (%)"}, "tickformat": ".0%"},
        },
    )


def path_chart(result: PathSimulation, *, theme: ThemeName = "light") -> go.Figure:
    """Draw the total returns and the deepest drawdowns of simulated paths.

    Parameters
    ----------
    result : PathSimulation
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        Left total returns, right max drawdowns, in percent; dashed lines are
        the 5th and 95th percentiles, the solid one is the median.

    Examples
    --------
    >>> import investiq as iq
    >>> from investiq.metrics.path_simulation import simulate_paths
    >>> returns = iq.load_bars("^GSPC").frame["close"].pct_change().iloc[1:]
    >>> len(path_chart(simulate_paths(returns, paths=200)).data)
    2
    """
    blocks = "single rows" if result.scheme == "iid" else f"{result.scheme} blocks of {result.block:.3g}"
    text = f"{blocks} of {result.count:,} returns · {result.probability_of_loss * 100:.1f} % lose"
    return _ends(result.final_returns, result.max_drawdowns, result.title, text, theme)


def monte_carlo_histograms(result: MonteCarlo, *, theme: ThemeName = "light") -> go.Figure:
    """Draw where the resampled accounts end, and how deep each fell on the way.

    Parameters
    ----------
    result : MonteCarlo
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        Left total returns, right maximum drawdowns, in percent; dashed lines
        are the 5th and 95th percentiles, the solid one is the median.

    Examples
    --------
    >>> import investiq as iq
    >>> result = iq.backtest(iq.strategies.Crossover(), "^GSPC", weight=1.0)
    >>> monte_carlo_histograms(iq.monte_carlo(result, paths=100)).layout.xaxis2.title.text
    'Max drawdown (%)'
    """
    step = "trades" if result.method == "trades" else "returns"
    text = f"drawn from {result.count:,} {step} · {result.probability_of_profit * 100:.1f} % end above their opening"
    return _ends(result.final_returns, result.max_drawdowns, result.title, text, theme)


def _ends(finals: FloatArray, falls: FloatArray, title: str, text: str, theme: ThemeName) -> go.Figure:
    colors = theme_of(theme)
    traces, lines = [], []
    for values, color, side in ((finals, colors.series[0], ""), (falls, colors.series[1], "2")):
        traces.append(_histogram(values, color, ".1%") | {"xaxis": f"x{side}", "yaxis": f"y{side}"})
        low, middle, high = np.quantile(values, (0.05, 0.5, 0.95))
        for value, dash in ((low, "5px,4px"), (high, "5px,4px"), (middle, "solid")):
            lines.append(_mark(float(value), dash, colors.text) | {"xref": f"x{side}", "yref": f"y{side} domain"})
    return go.Figure(
        data=traces,
        layout={
            "template": template(colors),
            **heading(title, f"{text} · solid: median, dashed: 5th and 95th percentile"),
            "height": 400,
            "hovermode": "closest",
            "showlegend": False,
            "bargap": 0.04,
            "shapes": lines,
            "xaxis": _returns_axis("Total return (%)", [0.0, 0.46], "y"),
            "xaxis2": _returns_axis("Max drawdown (%)", [0.54, 1.0], "y2"),
            "yaxis": {"title": {"text": "Share of paths (%)"}, "tickformat": ".0%"},
            "yaxis2": {"tickformat": ".0%", "anchor": "x2"},
        },
    )


def _histogram(values: FloatArray, color: str, shown: str) -> dict[str, Any]:
    counts, edges = np.histogram(values, bins=_BINS)
    return {
        "type": "bar",
        "x": (edges[:-1] + edges[1:]) / 2,
        "y": counts / max(values.size, 1),
        "width": np.diff(edges),
        "marker": {"color": color, "opacity": 0.8, "line": {"width": 0}},
        "hovertemplate": f"near %{{x:{shown}}}: %{{y:.2%}}<extra></extra>",
    }


def _mark(value: float, dash: str, color: str) -> dict[str, Any]:
    return {
        "type": "line",
        "x0": value,
        "x1": value,
        "xref": "x",
        "y0": 0,
        "y1": 1,
        "yref": "y domain",
        "line": {"color": color, "width": 1.8, "dash": dash},
    }


def _returns_axis(title: str, domain: list[float], anchor: str) -> dict[str, Any]:
    return {"title": {"text": title}, "domain": domain, "anchor": anchor, "tickformat": ".0%", "showspikes": False}
