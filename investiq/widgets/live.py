"""Interactive plotly figures in a page that changes: the one place that puts a figure into a widget."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import ipywidgets as W

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["LiveFigure", "encoded", "live"]

MIME_TYPE: Final = "application/vnd.plotly.v1+json"
_CONFIG: Final[dict[str, Any]] = {
    "displaylogo": False,
    "responsive": True,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
}


class LiveFigure(W.Output):
    """A place on the page that holds one plotly figure; made by `live`.

    It shows the figure as the notebook's plotly output and not as plotly's
    FigureWidget, which imports nbformat (2 s in the kernel) and sends its own
    copy of plotly.js (5 MB) with each figure: a page of two charts was usable
    after 5-6 s this way and after 9-10 s that way, and redraws alike.
    """

    _sent = 0

    def show(self, figure: go.Figure) -> None:
        """Replace the figure in place; `figure` is finished, later changes to it are not seen.

        Parameters
        ----------
        figure : plotly Figure
            With a height, so that the page does not jump while it is redrawn.
        """
        self.send(encoded(figure))

    def send(self, content: dict[str, Any]) -> None:
        """Replace the figure by one that `encoded` has made ready."""
        height = content["layout"].get("height")
        self.layout.height = f"{height:g}px" if height else None
        # Numbered, so that an equal figure is sent too: one that was off the page comes back as a picture without hover.
        self._sent += 1
        metadata = {"number": self._sent}
        self.outputs = ({"output_type": "display_data", "data": {MIME_TYPE: content}, "metadata": metadata},)


def encoded(figure: go.Figure) -> dict[str, Any]:
    """Return `figure` as it travels to the page: the slow part of showing it, which needs no page."""
    content: dict[str, Any] = json.loads(figure.to_json())
    content["config"] = _CONFIG
    return content


def live(figure: go.Figure) -> LiveFigure:
    """Return a widget that shows `figure`, with zoom and hover, and whose `show` replaces it.

    Parameters
    ----------
    figure : plotly Figure
        Finished.

    Returns
    -------
    LiveFigure

    Examples
    --------
    >>> import plotly.graph_objects as go
    >>> chart = live(go.Figure(go.Scatter(y=[1.0, 2.0])))
    >>> chart.show(go.Figure(go.Scatter(y=[2.0, 1.0])))
    """
    widget = LiveFigure()
    widget.show(figure)
    return widget
