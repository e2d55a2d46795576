"""Figure of docs/technical.md: the net votes of the groups over half a year, and the score that they add up to."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

import investiq as iq
from investiq.engines.rules import signed_weights
from investiq.engines.scoring import group_votes
from investiq.engines.technical.engine import TechnicalEngine
from investiq.figures.theme import template, theme_of

START = "2018-07-02"


def figures() -> dict[str, go.Figure]:
    """Return the figure by name."""
    colors = theme_of("light")
    engine = TechnicalEngine()
    history = iq.History.of(iq.load_bars("^GSPC"), benchmark=iq.load_bars("^IXIC"))
    table = engine.features(history).loc[START:]
    score = engine.score(table)["score"]
    columns = {name: table[name].to_numpy(dtype=float) for name in ("n_obs", *engine.units)}
    votes = group_votes(signed_weights(engine.rules, columns), [rule.group for rule in engine.rules])
    figure = make_subplots(rows=2, shared_xaxes=True, row_heights=[0.55, 0.45], vertical_spacing=0.06)
    figure.update_layout(template=template(colors))
    figure.add_trace(
        go.Heatmap(
            x=table.index,
            y=list(votes),
            z=np.stack(list(votes.values())),
            zmid=0,
            colorscale=[[0, colors.exit], [0.5, "#ffffff"], [1, colors.series[0]]],
            colorbar={"title": "net vote", "len": 0.55, "y": 0.75},
        ),
        row=1,
        col=1,
    )
    figure.add_trace(
        go.Scatter(x=table.index, y=score, line={"color": colors.series[0], "width": 2}, showlegend=False), row=2, col=1
    )
    figure.update_yaxes(title_text="score", zeroline=True, row=2, col=1)
    figure.update_layout(
        title={
            "text": "Votes of the technical engine, S&P 500",
            "subtitle": {"text": "relative strength against the Nasdaq Composite · SAMPLE data"},
        },
        margin={"t": 80, "b": 40, "l": 110},
    )
    return {"technical_votes": figure}
