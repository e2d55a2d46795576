"""The figure of a GARCH fit: returns in the band that the model expected, and the volatility ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import plotly.graph_objects as go

from investiq.core.facts import format_value
from investiq.figures.heading import heading
from investiq.figures.theme import ThemeName, template, theme_of

if TYPE_CHECKING:
    from investiq.metrics.garch_fit import GarchFit

__all__ = ["garch_chart"]

# Width of the band, in standard deviations.
_DEVIATIONS: Final = 2.0


def garch_chart(result: GarchFit, *, horizon: int = 60, theme: ThemeName = "light") -> go.Figure:
    """Draw returns within two conditional deviations of the mean, the volatility, and its forecast.

    Parameters
    ----------
    result : GarchFit
    horizon : int, default 60
        Periods of the forecast, which widens or narrows towards the long-run volatility.
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        Above, percent per period; below, annualised volatility in percent. The
        periods ahead have no dates yet: they continue daily returns by business days,
        others by their median step, and by number where the returns have no times.

    Examples
    --------
    >>> import numpy as np
    >>> from investiq.metrics.conditional_volatility import garch
    >>> from investiq.metrics.conventions import Convention
    >>> returns = 0.01 * np.random.default_rng(0).standard_normal(300)
    >>> figure = garch_chart(garch(returns, Convention(periods_per_year=252)), horizon=5)
    >>> figure.layout.yaxis2.title.text
    'Volatility, annualised (%)'
    """
    colors = theme_of(theme)
    past, ahead = _axis(result, horizon)
    forecast = result.forecast(horizon)
    mean = float(result.parameters["estimate"].get("mean", 0.0))
    band = _DEVIATIONS * result.conditional_volatility.to_numpy()
    annual = result.to_frame()["annualised_volatility"].to_numpy()
    main, alert = colors.series[0], colors.series[1]
    traces = [
        *_band(past, mean, band, f"Mean +/- {_DEVIATIONS:g} deviations", main, colors.fill),
        *_band(
            ahead, mean, _DEVIATIONS * forecast["volatility"].to_numpy(), "Forecast of the band", alert, colors.loss
        ),
        _line(past, result.returns, "Return", colors.faint, width=0.8)
        | {"mode": "markers", "marker": {"color": colors.faint, "size": 3}},
        _line(past, annual, "Conditional volatility", main, below=True),
        _line(ahead, forecast["annualised"].to_numpy(), "Forecast", alert, below=True, dash="dash", width=2.2),
    ]
    if result.is_stationary:
        ends = np.array([past[0], ahead[-1]])
        level = np.full(2, result.long_run_volatility)
        name = f"Long-run volatility{_doubt(result)}"
        traces.append(_line(ends, level, name, colors.muted, below=True, dash="dot"))
    number = {"title": {"text": "Period"}} if not _has_times(result) else {}
    return go.Figure(
        data=traces,
        layout={
            "template": template(colors),
            **heading(
                result.title, _summary(result), (trace["name"] for trace in traces if trace.get("showlegend", True))
            ),
            "height": 620,
            "xaxis": {"anchor": "y2", **number},
            "yaxis": {"title": {"text": "Return per period (%)"}, "tickformat": ".1%", "domain": [0.5, 1.0]},
            "yaxis2": {
                "title": {"text": "Volatility, annualised (%)"},
                "tickformat": ".0%",
                "domain": [0.0, 0.46],
                "rangemode": "tozero",
            },
        },
    )


def _axis(result: GarchFit, horizon: int) -> tuple[Any, Any]:
    """Return where the returns and the periods ahead stand on the time axis."""
    if not _has_times(result):
        count = result.returns.size
        return np.arange(1, count + 1), np.arange(count + 1, count + horizon + 1)
    stamps: Any = result.index
    past = stamps.tz_localize(None).to_numpy().astype("datetime64[s]")
    step, ahead = np.median(np.diff(past)), np.arange(1, horizon + 1)
    if step == np.timedelta64(1, "D"):
        days = np.busday_offset(past[-1].astype("datetime64[D]"), ahead, roll="backward")
        return past, days.astype("datetime64[s]")
    return past, past[-1] + ahead * step


def _has_times(result: GarchFit) -> bool:
    return result.index is not None and result.index.dtype.kind == "M"


def _band(x: Any, mean: float, size: Any, name: str, color: str, fill: str) -> list[dict[str, Any]]:
    edge = {"line": {"color": color, "width": 0.7}, "legendgroup": name}
    lower = _line(x, mean - size, name, color) | edge | {"showlegend": False, "hoverinfo": "skip"}
    upper = _line(x, mean + size, name, color) | edge | {"fill": "tonexty", "fillcolor": fill}
    return [{**lower, "hovertemplate": None}, upper]


def _line(
    x: Any, y: Any, name: str, color: str, *, below: bool = False, dash: str = "solid", width: float = 1.4
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "name": name,
        "xaxis": "x",
        "yaxis": "y2" if below else "y",
        "line": {"color": color, "width": width, "dash": dash},
        "hovertemplate": "%{y:.2%}<extra>%{fullData.name}</extra>",
    }


def _doubt(result: GarchFit) -> str:
    return " (badly determined)" if result.is_nearly_integrated else ""


def _summary(result: GarchFit) -> str:
    level = format_value(result.long_run_volatility, "fraction") if result.is_stationary else "none"
    words = [f"persistence {result.persistence:.4f}", f"long-run volatility {level}{_doubt(result)}"]
    if not result.converged:
        words.append("the search did not converge")
    return ", ".join(words)
