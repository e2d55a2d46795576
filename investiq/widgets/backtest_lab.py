"""The backtest lab: a strategy's form, and six ways to look at what it gives before it is believed."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Final

import ipywidgets as W

from investiq.core.errors import DataError
from investiq.widgets.app import App, classed
from investiq.widgets.backtest_lab_axes import AxesFields
from investiq.widgets.backtest_lab_checks import BracketSection, MonteCarloSection
from investiq.widgets.backtest_lab_run import RunSection, card_facts, forget_count
from investiq.widgets.backtest_lab_section import Section
from investiq.widgets.backtest_lab_sweep import SweepSection
from investiq.widgets.backtest_lab_trades import TradesSection
from investiq.widgets.backtest_lab_walk import WalkSection
from investiq.widgets.panel import Panel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    import investiq as iq
    from investiq.backtesting.result import BacktestResult
    from investiq.strategies.base import Strategy
    from investiq.widgets.backtest_lab_form import LabForm
    from investiq.widgets.backtest_lab_request import LabRequest
    from investiq.widgets.latest import Turn

__all__ = ["BacktestLab"]

_TYPING_S: Final = 0.2
_TELL_EVERY_S: Final = 0.1


class BacktestLab(App):
    """The backtest lab as a widget, for a notebook and for Voila.

    Every run is a trial of the ledger, and the page says how many there were.

    Attributes
    ----------
    form : LabForm
        There once the page is open.
    sections : tuple of Section
        Run, sweep, walk-forward, Monte Carlo, fill bracket and trades.
    tabs : Tab
    result : BacktestResult or None
        The run of the page.

    Parameters
    ----------
    symbol : str, default "^GSPC"
        The symbol shown first; ``?symbol=`` of the page's address wins.

    Examples
    --------
    >>> lab = BacktestLab("^GSPC")  # doctest: +SKIP
    """

    name: ClassVar[str] = "backtest_lab"
    title: ClassVar[str] = "Backtest lab"

    def __init__(self, symbol: str = "^GSPC") -> None:
        self._symbol = symbol
        self._ran: tuple[object, ...] = ()
        self._offered: type[Strategy] | None = None
        self.form: LabForm | None = None
        self.request: LabRequest | None = None
        self.result: BacktestResult | None = None
        self.axes = AxesFields()
        self.cards = classed(Panel("Summary", 80), "iq-bare", "iq-plain")
        self.run_section = RunSection(self)
        self.sweep_section = SweepSection(self)
        self.walk_section = WalkSection(self)
        self.monte_carlo_section = MonteCarloSection(self)
        self.bracket_section = BracketSection(self)
        self.trades_section = TradesSection(self)
        self.sections: tuple[Section, ...] = (
            self.run_section,
            self.sweep_section,
            self.walk_section,
            self.monte_carlo_section,
            self.bracket_section,
            self.trades_section,
        )
        self.tabs = classed(W.Tab(self.sections, titles=[each.title for each in self.sections]), "iq-lab-tabs")
        panels = (self.cards, *(panel for section in self.sections for panel in section.panels))
        for panel in (self.cards, *self.run_section.panels):
            panel.loading("Waiting")
        super().__init__([self.cards, self.tabs], panels)
        self.tabs.observe(self._on_tab, names="selected_index")

    # --- what the sections read ---------------------------------------------------------------------------------

    @property
    def shown(self) -> BacktestResult:
        """The run of the page.

        Raises
        ------
        DataError
            If there is none.
        """
        if self.result is None:
            raise DataError("the page shows no run; press Run with settings that it accepts")
        return self.result

    @property
    def data(self) -> iq.Bars:
        """The bars of that run."""
        return self.shown.bars

    @property
    def asked(self) -> LabRequest:
        """What that run was asked for: a sweep varies it, whatever was typed since."""
        assert self.request is not None  # as there is a run
        return self.request

    @property
    def opened(self) -> Section:
        """The section whose tab is open."""
        return self.sections[self.tabs.selected_index or 0]

    @contextmanager
    def work(self, turn: Turn, *panels: Panel) -> Iterator[None]:
        """``with lab.work(turn, *panels):`` what fails is told in the first panel, and beside the button how it ended."""
        began = time.monotonic()
        with self.guard(turn, *panels):
            yield
        self.recount(turn)
        self.finish(turn, began)
        turn.present(self._mark)

    def renew(self, turn: Turn) -> None:
        """Run what the form says, where that is not the run of the page: a sweep varies what is typed."""
        assert self.form is not None
        if self.result is not None and self.form.values() == self._ran:
            return
        request = self._ask()
        self.progress(turn, f"Loading {request.symbol}", self.cards)
        result = request.run(request.load())
        turn.present(lambda: self._take(request, result))
        self.recount(turn)

    def recount(self, turn: Turn) -> None:
        """Ask the ledger anew what it says of the run of the page, and show it: a section that ran has added trials."""
        from investiq.figures.tables import metric_cards

        if (result := self.result) is None:
            return
        forget_count(result)
        cards = metric_cards(card_facts(result))
        turn.present(lambda: self.cards.show(cards))
        if self.run_section.is_current:
            self.run_section.count(turn)

    def cancel(self) -> None:
        """End the work under way; what it tried until then is counted on the page."""
        with self._latest.lock:
            super().cancel()
            self._work = self._latest.follow(self.recount)

    def watching(self, turn: Turn, *panels: Panel) -> AbstractContextManager[None]:
        """Show the progress of long work inside the block in `panels`, and end it when a newer turn begins."""
        from investiq.runtime.progress import watched

        told = 0.0

        def tell(done: int, total: int, label: str) -> None:
            nonlocal told
            turn.check()
            moment = time.monotonic()
            if moment - told >= _TELL_EVERY_S:
                told = moment
                self.progress(turn, f"{label}: {done:,} of {total:,}".capitalize(), *panels, done=done, total=total)

        watching: AbstractContextManager[None] = watched(tell)
        return watching

    # --- turns --------------------------------------------------------------------------------------------------

    def open(self, turn: Turn) -> None:
        """Make the form, and run it once."""
        import investiq as iq
        from investiq.runtime.logging import configure_logging
        from investiq.widgets.backtest_lab_form import LabForm

        if all(isinstance(each, logging.NullHandler) for each in logging.getLogger("investiq").handlers):
            configure_logging()  # a reader of the notebook who set up logging keeps it
        known = iq.list_symbols()
        bars = known[known["kind"] == "bars"]
        symbols = dict(zip(bars["symbol"], bars["last"].dt.date, strict=True))

        def show() -> None:
            symbol = self.query.get("symbol", self._symbol)
            self.form = LabForm(symbol, symbols, self._on_change, self._on_submit, self.status)
            self.form.button.on_click(lambda _: self.run())
            self._offer_axes()
            self.settings.show(self.form)

        turn.present(show)
        self._run(turn, self._ask(), self.opened)

    def run(self) -> None:
        """Backtest with the present settings; what is under way is dropped."""
        request = self._ask()
        section = self.opened
        self.start(lambda turn: self._timed(turn, request, section), self.cards, *section.followers)

    def redraw(self) -> None:
        """Draw the open section anew; the others follow when they are opened."""
        self.opened.redraw()

    def _ask(self) -> LabRequest:
        assert self.form is not None
        self._ran = self.form.values()
        return self.form.request()

    def _timed(self, turn: Turn, request: LabRequest, section: Section) -> None:
        began = time.monotonic()
        self._run(turn, request, section)
        self.finish(turn, began)
        turn.present(self._mark)

    def _run(self, turn: Turn, request: LabRequest, section: Section) -> None:
        """Run, and fill the section that was open at the click; another one follows its own opening."""
        shown = (self.cards, *section.followers)
        self.progress(turn, f"Loading {request.symbol}", *shown)
        with self.guard(turn, *shown):
            bars = request.load()
            self.progress(turn, "Backtesting", *shown)
            result = request.run(bars)
            turn.present(lambda: self._take(request, result))
            self.progress(turn, "Drawing", *section.followers)
            self.recount(turn)
            section.fill(turn)
        if self.cards.state == "error":
            turn.present(lambda: self._forget(section))

    def _forget(self, told: Section) -> None:
        """Leave no older run behind an error, which is told in section `told` too."""
        self.result = None
        for section in self.sections:
            if section is not told or not section.followers:
                section.reset()

    def _take(self, request: LabRequest, result: BacktestResult) -> None:
        """Make `result` the run of the page; what the sections show of another one is forgotten."""
        from investiq.widgets import shell

        changed = self.result is None or result != self.result
        self.request = request
        if changed:
            self.result = result
            for section in self.sections:
                section.reset()
        self._header.value = shell.header(self.title, watermark=result.watermark, app_name=self.name)
        self._provenance.value = shell.provenance_bar(result.bars)

    def _fill(self, turn: Turn, section: Section) -> None:
        """Compute a section of the run of the page, unless it shows it already."""
        if self.result is None:
            return
        if not section.is_current:
            self.progress(turn, "Computing", *section.followers)
            section.fill(turn)
            self.recount(turn)
        elif not section.has_theme:
            turn.present(section.redraw)

    # --- events -------------------------------------------------------------------------------------------------

    def _on_tab(self, _: Any) -> None:
        section = self.opened
        if self.result is None or (section.is_current and section.has_theme):
            return

        def work(turn: Turn) -> None:
            if section is self.opened:
                began = time.monotonic()
                self._fill(turn, section)
                self.finish(turn, began)

        # Behind what is under way: a look at another section stops no sweep.
        with self._latest.lock:
            self._work = self._latest.follow(work)

    def _on_change(self) -> None:
        if self.form is not None:
            if self.form.strategy.chosen is not self._offered:
                self._offer_axes()
            else:
                self.axes.follow(self.form.present())
        self._mark()

    def _offer_axes(self) -> None:
        assert self.form is not None
        self._offered = self.form.strategy.chosen
        self.axes.offer(self._offered, self.form.present())

    def _mark(self) -> None:
        """Say beside the button whether the page is older than the form."""
        with self._latest.lock:
            if self.form is not None and self._ran:
                self.status.mark(self.form.values() != self._ran)

    def _on_submit(self) -> None:
        section = self.opened

        def work(turn: Turn) -> None:
            # The browser may send the key before the last letters.
            time.sleep(_TYPING_S)
            self._timed(turn, self._ask(), section)

        self.start(work, self.cards, *section.followers)
