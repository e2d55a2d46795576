"""Heat maps: returns by month and year, and correlations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from investiq.figures.theme import Theme, ThemeName, template, theme_of, watermark_note
from investiq.metrics import returns

if TYPE_CHECKING:
    from investiq.backtesting.result import BacktestResult
    from investiq.metrics.correlation import Correlation

__all__ = ["correlation_table", "monthly_returns"]

FloatArray = NDArray[np.float64]


def monthly_returns(result: BacktestResult, *, theme: ThemeName = "light") -> go.Figure:
    """Draw the return of each month and year, the number written in its cell.

    Gains are blue and losses orange, centred on zero, which readers who do not
    see red or green can tell apart; the sign is written out. The colours of the
    months and of the years have a scale each, cut at their 95th percentile, so
    that one crash does not fade the rest.

    Parameters
    ----------
    result : BacktestResult
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        Percent of the account at the end of the month before; the first and the
        last month may be incomplete.

    Examples
    --------
    >>> import investiq as iq
    >>> result = iq.backtest(iq.strategies.BuyAndHold(), iq.load_bars("^GSPC", start="2014"))
    >>> [str(year) for year in monthly_returns(result).data[0].y]
    ['2014', '2015', '2016', '2017', '2018']
    """
    colors = theme_of(theme)
    table = returns.monthly_returns(result.equity["equity"])
    years = [str(year) for year in table.index]
    months, totals = table[list(returns.MONTH_NAMES)].to_numpy(), table[["Year"]].to_numpy()
    watermark = result.watermark
    return go.Figure(
        data=[
            _cells(list(returns.MONTH_NAMES), years, months, colors) | {"xaxis": "x", "name": "Month"},
            _cells(["Year"], years, totals, colors) | {"xaxis": "x2", "name": "Year"},
        ],
        layout={
            "template": template(colors),
            "title": {
                "text": f"Monthly returns (%), {result.title}",
                "subtitle": {
                    "text": "month end over month end, after costs; first and last month may be incomplete"
                    + (f" · {watermark} data" if watermark else "")
                },
            },
            "height": 130 + 26 * len(years) + (30 if len(years) < 4 else 0),
            "hovermode": "closest",
            "xaxis": {"domain": [0.0, 0.915], "side": "top", "showgrid": False, "showspikes": False},
            "xaxis2": {"domain": [0.93, 1.0], "side": "top", "showgrid": False, "showspikes": False, "anchor": "y"},
            # Categories, else the years become numbers with ticks between them.
            "yaxis": {"type": "category", "autorange": "reversed", "showgrid": False, "title": {"text": "Year"}},
            "margin": {"t": 104},
            "annotations": [watermark_note(watermark, colors)] if watermark else [],
        },
    )


def correlation_table(result: Correlation, *, theme: ThemeName = "light") -> go.Figure:
    """Draw the correlation of each two symbols, the number written in its cell.

    Parameters
    ----------
    result : Correlation
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        From -1 to 1; a pair without a correlation is an empty cell.

    Examples
    --------
    >>> import investiq as iq
    >>> found = iq.correlate(iq.load_panel(["SYN001", "SYN002"], start="2019"))
    >>> correlation_table(found).data[0].z.shape
    (2, 2)
    """
    colors = theme_of(theme)
    matrix, watermark = result.matrix, result.watermark
    names, values = list(matrix.columns), matrix.to_numpy()
    cells = {
        "type": "heatmap",
        "x": names,
        "y": names,
        "z": values,
        "zmin": -1.0,
        "zmax": 1.0,
        "colorscale": [list(stop) for stop in colors.diverging],
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "text": [["" if np.isnan(value) else f"{value:.2f}" for value in row] for row in values],
        "texttemplate": "%{text}",
        "textfont": {"size": 11, "color": colors.text},
        "hoverongaps": False,
        "hovertemplate": "%{y} and %{x}: %{z:.3f}<extra></extra>",
    }
    return go.Figure(
        data=[cells],
        layout={
            "template": template(colors),
            "title": {
                "text": f"Correlation of {len(names)} symbols",
                "subtitle": {"text": result.basis + (f" · {watermark} data" if watermark else "")},
            },
            "height": 180 + 30 * len(names),
            "hovermode": "closest",
            "xaxis": {"type": "category", "side": "top", "showgrid": False, "showspikes": False},
            "yaxis": {"type": "category", "autorange": "reversed", "showgrid": False},
            "margin": {"t": 104},
            "annotations": [watermark_note(watermark, colors)] if watermark else [],
        },
    )


def _cells(columns: list[str], years: list[str], values: FloatArray, theme: Theme) -> dict[str, Any]:
    known = np.abs(values[np.isfinite(values)])
    limit = float(np.percentile(known, 95)) if known.size else 1.0
    return {
        "type": "heatmap",
        "x": columns,
        "y": years,
        "z": values,
        "zmin": -(limit or 1.0),
        "zmax": limit or 1.0,
        "zmid": 0.0,
        "colorscale": [list(stop) for stop in theme.diverging],
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "text": [[_percent(value) for value in row] for row in values],
        "texttemplate": "%{text}",
        "textfont": {"size": 11, "color": theme.text},
        "hoverongaps": False,
        "hovertemplate": "%{x} %{y}: %{z:+.2%}<extra></extra>",
    }


def _percent(value: float) -> str:
    if np.isnan(value):
        return ""
    text = f"{value * 100:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text
