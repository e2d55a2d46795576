"""What validation gives: fans of resampled accounts, and what parameters chosen in sample earned out of sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from investiq.backtesting.walk_forward_result import annual_return
from investiq.figures.heading import heading
from investiq.figures.panes import date_axis
from investiq.figures.theme import ThemeName, template, theme_of

if TYPE_CHECKING:
    from investiq.backtesting.cross_validation_result import CrossValidation
    from investiq.backtesting.monte_carlo import MonteCarlo
    from investiq.backtesting.walk_forward_result import WalkForward

__all__ = ["cross_validation_chart", "monte_carlo_chart", "walk_forward_chart"]


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


def walk_forward_chart(result: WalkForward, *, theme: ThemeName = "light") -> go.Figure:
    """Draw the stitched out-of-sample account, its folds, and what each earned in and out of sample.

    Parameters
    ----------
    result : WalkForward
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        Above the account as a multiple of its opening, with a line at each
        change of parameters, and as a thin line the total return of buying and
        holding over the same bars, without costs; below the annual returns of
        each fold.

    Examples
    --------
    >>> import investiq as iq
    >>> walk = iq.walk_forward(iq.strategies.Crossover, "^GSPC", fast=[10, 20], slow=[50, 100], folds=3)
    >>> len(walk_forward_chart(walk).data)
    4
    """
    colors = theme_of(theme)
    names = ["stitched account", "buy and hold, no costs", "in sample", "out of sample"]
    account = result.account / result.account[0]
    labels = [", ".join(f"{k} {v}" for k, v in fold.parameters.items()) or "as given" for fold in result.folds]
    middles = [fold.test[0] + (fold.test[1] - fold.test[0]) / 2 for fold in result.folds]
    bars = [
        {
            "type": "bar",
            "x": middles,
            "y": [annual_return(getattr(fold, total), getattr(fold, days)) for fold in result.folds],
            "name": name,
            "marker": {"color": color, "line": {"width": 0}},
            "customdata": labels,
            "hovertemplate": "%{customdata}<br>" + name + " %{y:.1%} a year<extra></extra>",
            "xaxis": "x",
            "yaxis": "y2",
        }
        for name, total, days, color in (
            (names[2], "train_return", "train_days", colors.series[0]),
            (names[3], "test_return", "test_days", colors.series[1]),
        )
    ]
    edges = [
        {
            "type": "line",
            "x0": fold.test[0],
            "x1": fold.test[0],
            "xref": "x",
            "y0": 0,
            "y1": 1,
            "yref": "paper",
            "line": {"color": colors.border, "width": 1, "dash": "dot"},
        }
        for fold in result.folds
    ]
    days = date_axis(result.instants)
    held = _line(days, result.closes / result.closes[0], colors.muted, names[1])
    held["line"]["width"] = 1.0
    efficiency = "n/a" if result.efficiency != result.efficiency else f"{result.efficiency:.2f}"
    return go.Figure(
        data=[_line(days, account, colors.text, names[0]), held, *bars],
        layout={
            "template": template(colors),
            **heading(
                result.title,
                f"efficiency {efficiency} · {result.trials:,} trials · dotted lines: parameters chosen again",
                names,
            ),
            "height": 560,
            "hovermode": "closest",
            "barmode": "group",
            "bargap": 0.35,
            "shapes": edges,
            "xaxis": {"anchor": "y2"},
            "yaxis": {"title": {"text": "Account (multiple)"}, "domain": [0.42, 1.0]},
            "yaxis2": {"title": {"text": "Annual return (%)"}, "domain": [0.0, 0.36], "tickformat": ".0%"},
        },
    )


def cross_validation_chart(result: CrossValidation, *, theme: ThemeName = "light") -> go.Figure:
    """Draw every path of a cross-validation and the Sharpe ratios of its splits in and out of sample.

    Parameters
    ----------
    result : CrossValidation
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        Left the paths as multiples of their opening, right one point a split.

    Examples
    --------
    >>> import investiq as iq
    >>> found = iq.cross_validate(iq.strategies.Crossover, "^GSPC", fast=[10, 20], slow=[50, 100])
    >>> len(cross_validation_chart(found).data)
    6
    """
    colors = theme_of(theme)
    per_year = result.convention.periods_per_year**0.5
    accounts = np.cumprod(1.0 + result.paths, axis=1)
    days = date_axis(result.instants)
    lines = [
        _line(days, account, colors.series[0], f"path {number}")
        | {"opacity": 0.65, "hovertemplate": f"path {number}: %{{y:.3f}}x<extra></extra>"}
        for number, account in enumerate(accounts, start=1)
    ]
    inside, outside = result.train_sharpes * per_year, result.test_sharpes * per_year
    points = {
        "type": "scatter",
        "x": inside,
        "y": outside,
        "mode": "markers",
        "marker": {"color": colors.series[1], "size": 8, "opacity": 0.8},
        "customdata": [", ".join(f"{k} {v}" for k, v in chosen.items()) for chosen in result.chosen],
        "hovertemplate": "%{customdata}<br>in %{x:.2f}, out %{y:.2f}<extra></extra>",
        "xaxis": "x2",
        "yaxis": "y2",
    }
    known = result.sharpes[~np.isnan(result.sharpes)]
    spread = f"{known.min():.2f} to {known.max():.2f}" if known.size else "n/a"
    lost = f"{(known < 0).mean() * 100:.0f} % of them negative" if known.size else "nothing traded"
    return go.Figure(
        data=[*lines, points],
        layout={
            "template": template(colors),
            **heading(result.title, f"Sharpe ratios of the paths {spread}, {lost} · {result.trials.number:,} trials"),
            "height": 440,
            "hovermode": "closest",
            "showlegend": False,
            "xaxis": {"domain": [0.0, 0.56]},
            "yaxis": {"title": {"text": "Account (multiple of the opening)"}},
            "xaxis2": {"title": {"text": "Sharpe ratio in sample (annual)"}, "domain": [0.66, 1.0], "anchor": "y2"},
            "yaxis2": {"title": {"text": "out of sample (annual)"}, "anchor": "x2"},
        },
    )
