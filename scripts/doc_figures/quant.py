"""Figure of docs/quant.md: the Sharpe ratio of sixty bars with the error it has."""

from __future__ import annotations

import plotly.graph_objects as go

import investiq as iq
from investiq.engines.quant.features import quant_features
from investiq.figures.theme import template, theme_of

SYMBOL, START = "^GSPC", "2014-01-02"


def figures() -> dict[str, go.Figure]:
    """Return the figure by name."""
    colors = theme_of("light")
    table = quant_features(iq.History.of(iq.load_bars(SYMBOL)))[START:]
    ratio, error = table["sharpe_ratio"], 1.96 * table["sharpe_standard_error"]
    figure = go.Figure(layout={"template": template(colors)})
    figure.add_scatter(x=table.index, y=ratio + error, line={"width": 0}, showlegend=False)
    figure.add_scatter(
        x=table.index,
        y=ratio - error,
        line={"width": 0},
        fill="tonexty",
        fillcolor="rgba(120, 120, 120, 0.18)",
        name="1.96 standard errors",
    )
    figure.add_scatter(
        x=table.index, y=ratio, name="Sharpe ratio of 60 bars", line={"color": colors.series[0], "width": 1.8}
    )
    figure.add_scatter(
        x=table.index,
        y=table["sharpe_ratio_year"],
        name="of 252 bars",
        line={"color": colors.exit, "width": 1.6, "dash": "dot"},
    )
    figure.add_hline(y=0, line={"width": 1, "color": "rgba(120, 120, 120, 0.7)"})
    contains = float(((ratio - error < 0) & (ratio + error > 0)).mean())
    figure.update_layout(
        title={
            "text": f"Sharpe ratio of {SYMBOL} with its error",
            "subtitle": {"text": f"annual, risk-free rate 4.5 %; the band holds 0 on {contains:.0%} of the days"},
        },
        legend={"orientation": "h", "y": -0.14},
        margin={"t": 80, "b": 60},
    )
    figure.update_yaxes(title_text="Sharpe ratio")
    return {"quant_sharpe": figure}
