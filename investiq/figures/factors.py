"""What lies behind returns: loadings and contributions of factors, and the line through a benchmark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from investiq.core.facts import format_value
from investiq.figures.heading import heading
from investiq.figures.theme import Theme, ThemeName, template, theme_of

if TYPE_CHECKING:
    from investiq.metrics.factor_result import FactorModel
    from investiq.metrics.market_model import Capm

__all__ = ["capm_chart", "factor_chart"]


def factor_chart(result: FactorModel, *, theme: ThemeName = "light") -> go.Figure:
    """Draw the betas with their intervals, and how alpha and factors add up to the mean excess return.

    Parameters
    ----------
    result : FactorModel
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        Left the betas, right percent a year, not compounded.

    Examples
    --------
    >>> import investiq as iq
    >>> from investiq.metrics.conventions import Convention
    >>> from investiq.metrics.factors import factor_model
    >>> monthly = iq.load_bars("^IXIC").frame["close"].resample("ME").last().pct_change().iloc[1:]
    >>> model = factor_model(monthly, iq.load_records("FF3"), convention=Convention(periods_per_year=12))
    >>> list(factor_chart(model).data[0].x)
    ['market', 'smb', 'hml']
    """
    colors = theme_of(theme)
    names = list(result.factors)
    level = f"{result.confidence * 100:g} %"
    betas = {
        "type": "scatter",
        "mode": "markers",
        "x": names,
        "y": result.betas,
        "error_y": {
            "type": "data",
            "array": result.beta_high - result.betas,
            "arrayminus": result.betas - result.beta_low,
            "thickness": 1.6,
            "width": 9,
            "color": colors.text,
        },
        "marker": {"color": colors.series[0], "size": 11, "line": {"color": colors.surface, "width": 1}},
        "hovertemplate": f"%{{x}}: %{{y:.3f}} ({level}: +%{{error_y.array:.3f}})<extra></extra>",
        "xaxis": "x",
        "yaxis": "y",
        "showlegend": False,
    }
    steps = [*result.contributions, result.alpha, result.mean_excess]
    bars = {
        "type": "waterfall",
        "x": [*names, "alpha", "mean excess"],
        "y": steps,
        "measure": [*(["relative"] * (len(names) + 1)), "total"],
        "text": [f"{each * 100:+.2f}" for each in steps],
        "textposition": "outside",
        "textfont": {"color": colors.text, "size": 11},
        "cliponaxis": False,
        "connector": {"line": {"color": colors.faint, "width": 1, "dash": "dot"}},
        # Blue and orange, told apart without red and green; the sign is written too.
        "increasing": {"marker": {"color": colors.series[0]}},
        "decreasing": {"marker": {"color": colors.series[1]}},
        "totals": {"marker": {"color": colors.muted}},
        "hovertemplate": "%{x}: %{y:+.2%} a year<extra></extra>",
        "xaxis": "x2",
        "yaxis": "y2",
        "showlegend": False,
    }
    running = np.cumsum([0.0, *steps[:-1]])
    return go.Figure(
        data=[betas, bars],
        layout={
            "template": template(colors),
            **heading(
                result.title,
                f"R-squared {result.r_squared:.2f} · alpha {format_value(result.alpha, 'fraction')} a year "
                f"({level}: {format_value(result.alpha_low, 'fraction')} to "
                f"{format_value(result.alpha_high, 'fraction')}) · {result.regression.method}",
            ),
            "height": 440,
            "hovermode": "closest",
            "xaxis": _categories(colors, [0.0, 0.40], "y", len(names)),
            "xaxis2": _categories(colors, [0.50, 1.0], "y2", len(steps)),
            "yaxis": {"title": {"text": f"Beta, with its {level} interval"}, "zeroline": True, "rangemode": "tozero"},
            "yaxis2": {
                "title": {"text": "Contribution (% a year)"},
                "tickformat": ".1%",
                "anchor": "x2",
                "zeroline": True,
                "range": _room(running),
            },
        },
    )


def capm_chart(result: Capm, *, theme: ThemeName = "light") -> go.Figure:
    """Draw excess returns over those of the benchmark, and the fitted line.

    Parameters
    ----------
    result : Capm
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        Percent per period.

    Examples
    --------
    >>> import investiq as iq
    >>> from investiq.metrics.market_model import capm
    >>> from investiq.metrics.conventions import Convention
    >>> a, b = (iq.load_bars(each, start="2017").frame["close"].pct_change().iloc[1:] for each in ("^IXIC", "^GSPC"))
    >>> figure = capm_chart(capm(a, b, Convention(periods_per_year=252)))
    >>> [trace.name for trace in figure.data]
    ['Periods', 'Fitted line']
    """
    colors = theme_of(theme)
    ends = np.array([result.benchmark.min(), result.benchmark.max()])
    intercept, slope = result.regression.coefficients
    points = {
        "type": "scattergl" if result.returns.size > 5_000 else "scatter",
        "mode": "markers",
        "x": result.benchmark,
        "y": result.returns,
        "name": "Periods",
        "marker": {"color": colors.series[0], "size": 5, "opacity": 0.45},
        "hovertemplate": "benchmark %{x:.2%}, returns %{y:.2%}<extra></extra>",
    }
    fitted = {
        "type": "scatter",
        "mode": "lines",
        "x": ends,
        "y": intercept + slope * ends,
        "name": "Fitted line",
        "line": {"color": colors.series[1], "width": 2},
        "hoverinfo": "skip",
    }
    return go.Figure(
        data=[points, fitted],
        layout={
            "template": template(colors),
            **heading(
                result.title,
                f"beta {result.beta:.2f} (error {result.beta_error:.2f}) · alpha "
                f"{format_value(result.alpha, 'fraction')} a year (95 %: {format_value(result.alpha_low, 'fraction')} "
                f"to {format_value(result.alpha_high, 'fraction')}) · R-squared {result.r_squared:.2f}",
                ("Periods", "Fitted line"),
            ),
            "height": 460,
            "hovermode": "closest",
            "xaxis": {
                "title": {"text": "Benchmark, excess return (% per period)"},
                "tickformat": ".1%",
                "zeroline": True,
            },
            "yaxis": {"title": {"text": "Excess return (% per period)"}, "tickformat": ".1%", "zeroline": True},
        },
    )


def _categories(colors: Theme, domain: list[float], anchor: str, count: int) -> dict[str, Any]:
    return {
        "domain": domain,
        "anchor": anchor,
        "type": "category",
        "range": [-0.5, count - 0.5],
        "showgrid": False,
        "showspikes": False,
        "tickfont": {"size": 12, "color": colors.text},
    }


def _room(running: np.ndarray) -> list[float]:
    """Return a range that leaves room for the numbers above and below the bars."""
    low, high = min(float(running.min()), 0.0), max(float(running.max()), 0.0)
    spare = 0.15 * (high - low or 0.01)
    return [low - spare if low < 0 else 0.0, high + spare]
