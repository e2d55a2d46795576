"""What validation gives: fans of resampled accounts, and what parameters chosen in sample earned out of sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from investiq.figures.heading import heading
from investiq.figures.theme import ThemeName, template, theme_of

if TYPE_CHECKING:
    from investiq.backtesting.monte_carlo import MonteCarlo

__all__ = ["monte_carlo_chart"]


def monte_carlo_chart(result: MonteCarlo, *, theme: ThemeName = "light") -> go.Figure:
    """Draw the fan of resampled accounts, with the one that happened.

    Parameters
    ----------
    result : MonteCarlo
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        Bands of 5 to 95 % and 25 to 75 %, the median and what happened, as
        multiples of the opening on a logarithmic axis.

    Examples
    --------
    >>> import investiq as iq
    >>> result = iq.backtest(iq.strategies.Crossover(), "^GSPC", weight=1.0)
    >>> len(monte_carlo_chart(iq.monte_carlo(result, paths=100)).data)
    6
    """
    colors = theme_of(theme)
    low, below, middle, above, high = result.bands
    step = "Trades" if result.method == "trades" else "Bars"
    names = ["5 to 95 %", "25 to 75 %", "median", "what happened"]
    ruin = f"ruin ({-100 * result.ruin:g} % lost) {result.probability_of_ruin * 100:.1f} %"
    data = [
        *_band(result.steps, low, high, _faint(colors.series[0], 0.16), names[0]),
        *_band(result.steps, below, above, _faint(colors.series[0], 0.32), names[1]),
        _line(result.steps, middle, colors.series[0], names[2]),
        _line(result.steps, result.observed, colors.text, names[3]),
    ]
    return go.Figure(
        data=data,
        layout={
            "template": template(colors),
            **heading(
                result.title,
                f"profit in {result.probability_of_profit * 100:.1f} % of the paths · {ruin} · seed {result.seed}",
                names,
            ),
            "height": 440,
            "hovermode": "x unified",
            "xaxis": {"title": {"text": f"{step} passed"}},
            "yaxis": {"title": {"text": "Account (multiple of the opening, log scale)"}, "type": "log"},
        },
    )


def _band(x: Any, low: Any, high: Any, color: str, name: str) -> list[dict[str, Any]]:
    edge = {"type": "scatter", "x": x, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    return [
        {**edge, "y": low, "showlegend": False},
        {**edge, "y": high, "fill": "tonexty", "fillcolor": color, "name": name},
    ]


def _line(x: Any, y: Any, color: str, name: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "x": x,
        "y": y,
        "mode": "lines",
        "name": name,
        "line": {"color": color, "width": 1.8},
        "hovertemplate": "%{y:.3f}x",
    }


def _faint(color: str, opacity: float) -> str:
    red, green, blue = (int(color.lstrip("#")[place : place + 2], 16) for place in (0, 2, 4))
    return f"rgba({red},{green},{blue},{opacity})"
