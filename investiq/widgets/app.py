"""The base of every app: one shell around its panels, one thread behind its buttons, two themes."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import ipywidgets as W
import traitlets

from investiq.widgets import shell
from investiq.widgets.latest import Latest, Turn
from investiq.widgets.panel import ErrorBorder, Panel
from investiq.widgets.status import Status
from investiq.widgets.visiting import when_visited

if TYPE_CHECKING:
    from collections.abc import Callable

    import plotly.graph_objects as go

    from investiq.core.facts import Fact
    from investiq.widgets.live import LiveFigure

__all__ = ["App", "classed"]


class App(W.VBox):
    """A page: header with navigation and theme switch, provenance bar, toolbar, panels.

    A subclass sets `name` and `title`, makes its panels before it calls
    ``super().__init__(rows, panels)``, and defines `open` and `redraw`. Every
    import of pandas or an engine stands inside `open` or later: the first paint
    needs ipywidgets alone.

    Attributes
    ----------
    name : str
        That of the notebook in ``voila_apps``.
    title : str
    panels : tuple of Panel
        Every panel that shows results, in reading order.
    theme : {"light", "dark"}
        Of the page and its figures; `redraw` is called when it changes.
    query : dict of str to str
        Of the page's address (``?symbol=SYN001``); empty in a notebook. Read it
        in `open`: a kernel that waited for its visitor gets it late, and then
        calls `arrive`.
    status : Status
        The line beside the button, with the bar of `progress` and Cancel.
    toolbar : HBox
        For the controls; the app fills it.
    """

    name: ClassVar[str]
    title: ClassVar[str]

    theme = traitlets.Enum(("light", "dark"), default_value="light")

    def __init__(self, rows: list[W.Widget], panels: tuple[Panel, ...]) -> None:
        self.panels = panels
        self.status = Status(self.cancel)
        self.toolbar = classed(W.HBox(), "iq-toolbar")
        self.settings = classed(Panel("Settings", 50), "iq-bare")
        self._latest = Latest()
        self._charts: dict[str, LiveFigure] = {}
        self._header = classed(W.HTML(shell.header(self.title, app_name=self.name)), "iq-head")
        self._provenance = W.HTML(shell.provenance_bar(None))
        self._switch = classed(W.Button(), "iq-switch")
        self._switch.on_click(lambda _: self.switch_theme())
        body = classed(W.VBox([W.HTML(shell.CONTENT_ANCHOR), self.settings, *rows]), "iq-main")
        top = classed(W.HBox([self._header, self._switch]), "iq-top")
        # A widget opens its channel by a method of the same name, once, while it is made.
        self.__dict__["open"] = partial(W.Widget.open, self)
        super().__init__([W.HTML(shell.stylesheet()), top, self._provenance, body])
        del self.__dict__["open"]
        self.add_class("iq-page")
        self._label_switch()
        self.query: dict[str, str] = {}
        self.observe(self._on_theme, names="theme")
        # Held, so that a visitor who is there already meets a turn that has begun.
        with self._latest.lock:
            self._accept(when_visited(self._on_visit))
            self._work = self._latest.start(self._open)

    # --- for subclasses -----------------------------------------------------------------------------------------

    def open(self, turn: Turn) -> None:
        """Load what the controls need, fill the toolbar, and run once; in a background thread."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Draw every figure on the page anew in the present theme, from results that are there; called in a turn.

        It runs behind the work under way, never instead of it, and must do nothing where no result is there yet.
        """
        raise NotImplementedError

    def arrive(self, turn: Turn) -> None:
        """Answer the query of a visitor for whom the kernel waited: by default `open` again, which may fill anew."""
        self.open(turn)

    def start(self, work: Callable[[Turn], None], *panels: Panel) -> None:
        """Begin a new turn, which ends the one before; `panels` (by default all) wait for it."""
        with self._latest.lock:
            self._work = self._latest.start(work)
            for panel in panels or self.panels:
                panel.loading("Waiting")

    def guard(self, turn: Turn, panel: Panel, *silenced: Panel) -> ErrorBorder:
        """``with app.guard(turn, panel):`` what fails inside is told in `panel`; `silenced` panels leave the screen."""
        return ErrorBorder(panel, silenced, turn.present)

    def cancel(self) -> None:
        """End the work under way: it stops at its next step, panels that waited keep what they showed and say so."""
        with self._latest.lock:
            self._work = self._latest.start(lambda turn: None)
            for panel in (self.settings, *self.panels):
                panel.cancelled()
            self.status.say("Cancelled", "done", self._latest.number)

    def progress(self, turn: Turn, words: str, *panels: Panel, done: float = 0, total: float = 0) -> None:
        """Say how far the work is, beside the button and in `panels`; with a `total`, a bar shows ``done / total``.

        Raises
        ------
        Superseded
            If a newer turn has begun, or the work was cancelled.
        """
        share = min(done / total, 1.0) if total else None

        def update() -> None:
            self.status.say(f"{words} …", "working", turn.number, share)
            for panel in panels:
                panel.loading(words)

        turn.present(update)

    def finish(self, turn: Turn, began: float) -> None:
        """Say how the turn that began at `began` (`time.monotonic`) ended: done, or which panels failed."""
        seconds = time.monotonic() - began

        def update() -> None:
            failed = [panel for panel in (self.settings, *self.panels) if panel.state == "error"]
            told = "; ".join(f"{panel.title} failed: {panel.problem}" for panel in failed)
            words = f"{told}, see below" if failed else f"Done in {seconds:.1f} s"
            self.status.say(words, "failed" if failed else "done", turn.number)

        turn.present(update)

    def state_origin(self, facts: list[Fact], watermark: str | None = None) -> None:
        """Fill the provenance bar with `facts`, and mark sample and synthetic data in the header; call inside a turn."""
        self._header.value = shell.header(self.title, watermark=watermark, app_name=self.name)
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

    def switch_theme(self) -> None:
        """Change from light to dark or back; the work under way goes on."""
        self.theme = "light" if self.theme == "dark" else "dark"

    # --- the shell ----------------------------------------------------------------------------------------------

    def _open(self, turn: Turn) -> None:
        began = time.monotonic()
        with self.guard(turn, self.settings, *self.panels):
            self.open(turn)
        self.finish(turn, began)

    def _accept(self, query: dict[str, str]) -> None:
        """Take the theme and the parameters that the visitor brought."""
        if query.pop("iq_theme", "") == "dark":
            self.theme = "dark"
        self.query = query

    def _on_visit(self, query: dict[str, str]) -> None:
        with self._latest.lock:
            self._accept(query)
            if query:
                self.start(self._arrive)

    def _arrive(self, turn: Turn) -> None:
        began = time.monotonic()
        with self.guard(turn, self.settings, *self.panels):
            self.arrive(turn)
        self.finish(turn, began)

    def _on_theme(self, _: object) -> None:
        dark = self.theme == "dark"
        (self.add_class if dark else self.remove_class)("iq-dark")
        (self.remove_class if dark else self.add_class)("iq-light")
        self._label_switch()
        self._work = self._latest.follow(self._redraw)

    def _redraw(self, turn: Turn) -> None:
        with self.guard(turn, self.settings):
            self.redraw()

    def _label_switch(self) -> None:
        other = "light" if self.theme == "dark" else "dark"
        self._switch.description = {"light": "☀ Light", "dark": "☾ Dark"}[other]
        self._switch.tooltip = f"Show this and the other pages in {other} colours"
        # The page's own script reads from the class what a press will do, and does it at once.
        (self._switch.remove_class if other == "light" else self._switch.add_class)("iq-to-dark")


def classed(widget: W.Widget, *names: str) -> W.Widget:
    """Add CSS classes to `widget` and return it."""
    for name in names:
        widget.add_class(name)
    return widget
