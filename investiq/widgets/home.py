"""The first page: which apps there are, which data they find, and what was made lately."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

import ipywidgets as W

from investiq.widgets import home_parts as parts
from investiq.widgets.app import App, classed
from investiq.widgets.panel import Panel

if TYPE_CHECKING:
    from investiq.widgets.latest import Turn

__all__ = ["Home"]


class Home(App):
    """The page that leads to the others.

    Examples
    --------
    >>> app = Home()  # doctest: +SKIP
    """

    name: ClassVar[str] = "home"
    title: ClassVar[str] = "Home"

    def __init__(self) -> None:
        self.pages = classed(Panel("Pages", 180), "iq-bare", "iq-plain")
        self.data = Panel("Data", 220)
        self.trials = Panel("Recent trials", 160)
        self.reports = Panel("Recent reports", 160)
        self.vendors = Panel("Keys", 160)
        left = classed(W.VBox([self.data, self.trials]), "iq-column")
        right = classed(W.VBox([self.reports, self.vendors]), "iq-column")
        panels = (self.pages, self.data, self.trials, self.reports, self.vendors)
        super().__init__([self.pages, classed(W.GridBox([left, right]), "iq-grid")], panels)

    def open(self, turn: Turn) -> None:
        """Show the cards at once, then what takes a look at disk and database."""
        began = time.monotonic()
        cards = parts.page_cards()
        turn.present(lambda: self.pages.show(cards))
        self._fill(turn)
        self.finish(turn, began)

    def redraw(self) -> None:
        """Do nothing: the page has no figure, and its colours are the stylesheet's."""

    def _fill(self, turn: Turn) -> None:
        import investiq as iq
        from investiq.core.facts import Fact
        from investiq.runtime.paths import reports_dir
        from investiq.runtime.settings import load_settings

        with self.guard(turn, self.data):
            known = iq.list_symbols()
            self._search(turn, sorted(known.loc[known["kind"] == "bars", "symbol"].unique()))
            table, providers = parts.data_table(known), ", ".join(sorted(known["provider"].unique()))
            turn.present(lambda: self.data.show(table, subtitle=f"{len(known):,} series on this machine"))
            turn.present(lambda: self.state_origin([Fact("Data", providers), Fact("Version", iq.__version__)]))
        with self.guard(turn, self.trials):
            trials = parts.trial_rows(iq.trials(limit=parts.RECENT).entries)
            turn.present(
                lambda: self._table(self.trials, trials, "No trial is recorded yet: run a backtest in the lab.")
            )
        with self.guard(turn, self.reports):
            reports = parts.report_rows(reports_dir())
            turn.present(lambda: self._table(self.reports, reports, "No report was made yet: investiq report list."))
        with self.guard(turn, self.vendors):
            keys = parts.key_rows(load_settings())
            turn.present(lambda: self.vendors.show(keys, subtitle="values are never shown"))

    def _table(self, panel: Panel, rows: str, nothing: str) -> None:
        if rows:
            panel.show(rows)
        else:
            panel.empty(nothing)

    def _search(self, turn: Turn, symbols: list[str]) -> None:
        """Put the search into the toolbar; it is a plain form, so that the page it opens has its own address."""

        def update() -> None:
            self.toolbar.children = (W.HTML(parts.search_form(symbols)), self.status)
            self.settings.show(self.toolbar)

        turn.present(update)
