"""The base of every app: one shell around its panels, one thread behind its buttons, two themes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

import ipywidgets as W
import traitlets

from investiq.widgets import shell
from investiq.widgets.latest import Latest, Turn
from investiq.widgets.panel import ErrorBorder, Panel
from investiq.widgets.status import Status

if TYPE_CHECKING:
    from collections.abc import Callable

    import plotly.graph_objects as go

    from investiq.core.facts import Fact
    from investiq.widgets.live import LiveFigure

__all__ = ["App", "classed"]


class App(W.VBox):
    """A page: header with navigation and theme switch, provenance bar, toolbar, panels.

    A subclass sets `name` and `title`, makes its panels before it calls
    ``super().__init__(rows)``, and defines `open` and `redraw`. Every import of
    pandas or an engine stands inside `open` or later: the first paint needs
    ipywidgets alone.

    Attributes
    ----------
    name : str
        That of the notebook in ``voila_apps``.
    title : str
    panels : tuple of Panel
        Every panel that shows results, in reading order.
    theme : {"light", "dark"}
        Of the page and its figures; `redraw` is called when it changes.
    status : Status
        The line beside the button.
    toolbar : HBox
        For the controls; the app fills it.
    """

    name: ClassVar[str]
    title: ClassVar[str]

    theme = traitlets.Enum(("light", "dark"), default_value="light")

    def __init__(self, rows: list[W.Widget], panels: tuple[Panel, ...]) -> None:
        self.panels = panels
        self.status = Status()
        self.toolbar = classed(W.HBox(), "iq-toolbar")
        self.settings = classed(Panel("Settings", 50), "iq-bare")
        self._latest = Latest()
        self._charts: dict[str, LiveFigure] = {}
        self._header = W.HTML(shell.header(self.title))
        self._provenance = W.HTML(shell.provenance_bar(None))
        body = classed(W.VBox([self.settings, *rows]), "iq-main")
        super().__init__([W.HTML(shell.stylesheet()), self._header, self._provenance, body])
        self.add_class("iq-page")
        self.observe(self._on_theme, names="theme")
        self._work = self._latest.start(self._open)

    # --- for subclasses -----------------------------------------------------------------------------------------

    def open(self, turn: Turn) -> None:
        """Load what the controls need, fill the toolbar, and run once; in a background thread."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Draw every figure on the page anew in the present theme, from results that are there; called in a turn."""
        raise NotImplementedError

    def start(self, work: Callable[[Turn], None], *panels: Panel) -> None:
        """Begin a new turn, which ends the one before; `panels` (by default all) wait for it."""
        with self._latest.lock:
            self._work = self._latest.start(work)
            for panel in panels or self.panels:
                panel.loading("Waiting")

    def guard(self, turn: Turn, panel: Panel, *silenced: Panel) -> ErrorBorder:
        """``with app.guard(turn, panel):`` what fails inside is told in `panel`; `silenced` panels say they need it."""
        return ErrorBorder(panel, silenced, turn.present)

    def progress(self, turn: Turn, words: str, *panels: Panel) -> None:
        """Say how far the work is, beside the button and in `panels`."""

        def update() -> None:
            self.status.say(f"{words} …", "working", turn.number)
            for panel in panels:
                panel.loading(words)

        turn.present(update)

    def finish(self, turn: Turn, began: float) -> None:
        """Say how the turn that began at `began` (`time.monotonic`) ended: done, or which panels failed."""
        seconds = time.monotonic() - began

        def update() -> None:
            failed = [panel for panel in (self.settings, *self.panels) if panel.state == "error"]
            told = "; ".join(f"{panel.title} failed: {panel.problem}" for panel in failed)
            stage, words = ("failed", f"{told}, see below") if failed else ("done", f"Done in {seconds:.1f} s")
            self.status.say(words, "failed" if stage == "failed" else "done", turn.number)

        turn.present(update)

    def state_origin(self, facts: list[Fact], watermark: str | None = None) -> None:
        """Fill the provenance bar with `facts`, and mark sample and synthetic data in the header; call inside a turn."""
        self._header.value = shell.header(self.title, watermark=watermark)
        self._provenance.value = shell.origin_bar(facts)

    def chart(self, name: str, figure: go.Figure) -> LiveFigure:
        """Return the live figure called `name`, redrawn in place if it is on the page; `figure` has a height."""
        from investiq.widgets.live import live

        if name in self._charts:
            self._charts[name].show(figure)
        else:
            self._charts[name] = live(figure)
        return self._charts[name]

    def wait(self, timeout_s: float = 120.0) -> None:
        """Block until the page shows the newest turn, for tests and scripts."""
        self._work.result(timeout_s)

    # --- the shell ----------------------------------------------------------------------------------------------

    def _open(self, turn: Turn) -> None:
        began = time.monotonic()
        with self.guard(turn, self.settings, *self.panels):
            self.open(turn)
        self.finish(turn, began)

    def _on_theme(self, _: object) -> None:
        (self.add_class if self.theme == "dark" else self.remove_class)("iq-dark")
        with self._latest.lock:
            self._work = self._latest.start(lambda turn: self.redraw())


def classed(widget: W.Widget, *names: str) -> W.Widget:
    """Add CSS classes to `widget` and return it."""
    for name in names:
        widget.add_class(name)
    return widget
