"""Figure of docs/fundamental.md: a year's net income as it was known, and as the final statements tell it by period."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

import investiq as iq
from investiq.engines.fundamental.features import fundamental_features
from investiq.figures.theme import template, theme_of

SYMBOL = "SYN008"
START, END = "2013-04-01", "2014-12-31"
MILLION = 1e6


def figures() -> dict[str, go.Figure]:
    """Return the figure by name."""
    colors = theme_of("light")
    history = iq.load_history(SYMBOL, records=("statements",))
    known = fundamental_features(history)["net_income"][START:END] / MILLION
    frame = history.records("statements").frame
    final = frame[frame["fiscal_period"] != "FY"].sort_values("known_at", kind="stable")
    final = final[~final.index.duplicated(keep="last")].sort_index()["net_income"].rolling(4).sum()
    period = final.reindex(known.index.union(final.index)).ffill().reindex(known.index) / MILLION
    moves = known.index[np.flatnonzero(np.diff(known.to_numpy()) != 0) + 1]
    figure = go.Figure(layout={"template": template(colors)})
    figure.add_scatter(
        x=known.index,
        y=period,
        name="last version, by end of period",
        line={"color": colors.exit, "width": 1.4, "dash": "dot", "shape": "hv"},
    )
    figure.add_scatter(
        x=known.index, y=known, name="as it was known", line={"color": colors.series[0], "width": 2.4, "shape": "hv"}
    )
    figure.add_scatter(
        x=moves,
        y=known[moves],
        mode="markers",
        name="a filing changes it",
        marker={"color": colors.series[0], "size": 8},
    )
    figure.update_layout(
        title={
            "text": f"Net income of a trailing year, {SYMBOL}",
            "subtitle": {
                "text": "USD million; on 2013-12-11 the third quarter was corrected, after the close the second · SYNTHETIC data"
            },
        },
        legend={"orientation": "h", "y": -0.14},
        margin={"t": 80, "b": 60},
    )
    figure.update_yaxes(title_text="USD million")
    return {"fundamental_as_known": figure}
