"""The base of the lab's sections: computed when they are opened, drawn anew from what is at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import ipywidgets as W

from investiq.widgets.app import classed

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from investiq.widgets.backtest_lab import BacktestLab
    from investiq.widgets.latest import Turn
    from investiq.widgets.panel import Panel

__all__ = ["WAITS", "Drawn", "Section", "column", "toolbar", "two_columns"]

WAITS = "It is computed when this section is opened."


class Drawn(NamedTuple):
    """A figure, and the panel that shows it under `subtitle`; `name` is that of its place on the page."""

    panel: Panel
    name: str
    figure: go.Figure
    subtitle: str = ""


class Section(W.VBox):
    """One tab of the lab.

    A subclass sets `title`, makes its panels, and defines `compute` and `drawn`.

    Attributes
    ----------
    title : str
    panels : tuple of Panel
    """

    title: ClassVar[str]

    def __init__(self, lab: BacktestLab, rows: list[W.Widget], panels: tuple[Panel, ...]) -> None:
        self.lab = lab
        self.panels = panels
        self._of: object = None
        self._theme: str = lab.theme
        super().__init__(rows)
        self.add_class("iq-lab-section")
        self.reset()

    @property
    def is_current(self) -> bool:
        """Whether it shows the run of the page."""
        return self._of is self.lab.result

    @property
    def has_theme(self) -> bool:
        """Whether its figures are drawn in the theme of the page."""
        return bool(self._theme == self.lab.theme)

    @property
    def followers(self) -> tuple[Panel, ...]:
        """The panels that every new run fills: all, but for a section that waits for a button of its own."""
        return self.panels

    def fill(self, turn: Turn) -> None:
        """Compute what it shows of the run of the page; in a turn."""
        of = self.lab.result
        self.compute(turn)
        # What was drawn out of sight has no width: it is drawn again when it is seen.
        self._of, self._theme = of, self.lab.theme if self.lab.opened is self else ""

    def compute(self, turn: Turn) -> None:
        """Fill the panels from `lab.result`, which is there."""
        raise NotImplementedError

    def drawn(self) -> list[Drawn]:
        """Return the figures of what was computed, in the theme of the page."""
        return []

    def redraw(self) -> None:
        """Draw the figures anew, from results that are there."""
        self._theme = self.lab.theme
        self.lay(self.drawn())

    def lay(self, drawn: list[Drawn]) -> None:
        """Put figures into their panels."""
        for each in drawn:
            each.panel.show(self.lab.chart(each.name, each.figure), subtitle=each.subtitle)

    def reset(self) -> None:
        """Show nothing until it is opened."""
        self._of = None
        for panel in self.panels:
            panel.empty(WAITS)


def two_columns(left: list[W.Widget], right: list[W.Widget]) -> W.Widget:
    """Return two columns, the left one twice as wide."""
    grid = W.GridBox([column(left), column(right)])
    grid.layout.grid_template_columns = "minmax(0,2fr) minmax(0,1fr)"
    return classed(grid, "iq-grid")


def column(rows: list[W.Widget]) -> W.Widget:
    """Return widgets one below the other."""
    return classed(W.VBox(rows), "iq-column")


def toolbar(*fields: Any, width_px: int = 112) -> W.Widget:
    """Return fields side by side, as wide as given where they have no width of their own."""
    for field in fields:
        if not isinstance(field, (W.Button, W.HTML)) and field.layout.width is None:
            field.layout.width = f"{width_px}px"
    return classed(W.HBox(list(fields)), "iq-toolbar")
