"""A panel with one figure and some HTML, made from an analysis: what a page of many panels is built of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets as W

from investiq.widgets.panel import Panel

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from investiq.figures.theme import ThemeName
    from investiq.widgets.live import LiveFigure

__all__ = ["Content", "Piece", "fitted"]


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a panel shows.

    Attributes
    ----------
    above, below : str
        HTML above and below the figure, escaped by whoever made it.
    figure : Figure, optional
        With a height.
    subtitle : str
    missing : str
        Why there is nothing to show; the panel then is not available.
    empty : str
        Why there is nothing to show although nothing is missing.
    """

    above: str = ""
    figure: go.Figure | None = None
    below: str = ""
    subtitle: str = ""
    missing: str = ""
    empty: str = ""


class Piece:
    """A panel and what fills it.

    Parameters
    ----------
    title : str
    make : callable
        From what the page computed and the theme to `Content`; in a background thread.
    height_px : int
        Of the figure, and of the skeleton before it.
    """

    def __init__(self, title: str, make: Callable[[Any, ThemeName], Content], height_px: int) -> None:
        self.panel = Panel(title, height_px)
        self.make = make
        self.height_px = height_px
        self._above, self._below = W.HTML(), W.HTML()
        self._body = W.VBox()
        self._figure: LiveFigure | None = None

    def prepare(self, subject: Any, theme: ThemeName) -> tuple[Content, dict[str, Any] | None]:
        """Return the content and its figure as it is sent; the slow part, off the page."""
        from investiq.widgets.live import encoded

        content = self.make(subject, theme)
        if content.figure is None:
            return content, None
        return content, encoded(fitted(content.figure, self.height_px))

    def show(self, content: Content, figure: dict[str, Any] | None) -> None:
        """Put prepared content on the page; inside a turn."""
        if content.missing:
            self.panel.not_available(content.missing)
            return
        if content.empty:
            self.panel.empty(content.empty)
            return
        self._above.value, self._below.value = content.above, content.below
        children: list[W.Widget] = [self._above] if content.above else []
        if figure is not None:
            children.append(self._live(figure))
        if content.below:
            children.append(self._below)
        if self._body.children != tuple(children):
            self._body.children = tuple(children)
        self.panel.show(self._body, subtitle=content.subtitle)

    def _live(self, figure: dict[str, Any]) -> LiveFigure:
        from investiq.widgets.live import LiveFigure

        if self._figure is None:
            self._figure = LiveFigure()
        self._figure.send(figure)
        return self._figure


def fitted(figure: go.Figure, height_px: int) -> go.Figure:
    """Take the title off a figure, whose panel has it, and give it the height of the panel; the figure is changed."""
    above = 40 if figure.layout.updatemenus else 30 if figure.layout.showlegend else 12
    margin = {"t": above}
    if figure.layout.polar.radialaxis.range is not None:
        margin |= {"t": 36, "b": 36}
    return figure.update_layout(title=None, height=height_px, margin=margin)


def caution(text: str) -> str:
    """Return a quiet line of text as HTML."""
    return f'<p class="iq-quiet iq-caution">{escape(text)}</p>'
