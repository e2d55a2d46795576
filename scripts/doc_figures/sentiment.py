"""Figure of docs/sentiment.md: the articles on an invented company over half a year, and the score that they add up to."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

import investiq as iq
from investiq.engines.sentiment.articles import read_articles
from investiq.engines.sentiment.engine import SentimentEngine
from investiq.figures.theme import template, theme_of

START = np.datetime64("2019-07-01", "us")


def figures() -> dict[str, go.Figure]:
    """Return the figure by name."""
    colors = theme_of("light")
    engine = SentimentEngine()
    history = iq.History.of(iq.load_bars("SYN001"), records=[iq.load_records("SYN001", "news")])
    articles = read_articles(history, engine.scorer)
    assert articles is not None
    table = engine.features(history)
    table = table[table["known_at"].dt.tz_convert(None).to_numpy() >= START]
    shown = articles.usable >= START
    tone = articles.tone[shown]
    figure = make_subplots(rows=2, shared_xaxes=True, row_heights=[0.5, 0.5], vertical_spacing=0.06)
    figure.update_layout(template=template(colors), showlegend=False)
    marker = {
        "size": 5 + 3 * articles.weight[shown],
        "color": np.where(tone > 0.2, colors.series[0], np.where(tone < -0.2, colors.exit, colors.grid)),
        "line": {"width": 0.5, "color": "#666666"},
    }
    figure.add_trace(go.Scatter(x=articles.usable[shown], y=tone, mode="markers", marker=marker), row=1, col=1)
    score = engine.score(table)["score"]
    figure.add_trace(
        go.Scatter(x=table["known_at"], y=score, line={"color": colors.series[0], "width": 2}, connectgaps=False),
        row=2,
        col=1,
    )
    figure.update_yaxes(title_text="tone", range=[-1.15, 1.15], row=1, col=1)
    figure.update_yaxes(title_text="score", range=[-105, 105], row=2, col=1)
    figure.update_layout(
        title={
            "text": "News of SYN001 and the score of the sentiment engine",
            "subtitle": {
                "text": "word list; larger points weigh more; no line, no news of the last 7 days · SYNTHETIC data"
            },
        },
        margin={"t": 80, "b": 40, "l": 70},
    )
    return {"sentiment_score": figure}
