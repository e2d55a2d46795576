"""The symbol page: what the engines and every topic say about one symbol."""

from __future__ import annotations

import time
from datetime import date
from typing import TYPE_CHECKING, ClassVar, Final

import ipywidgets as W

from investiq.widgets import shell
from investiq.widgets.app import App, classed
from investiq.widgets.latest import Turn
from investiq.widgets.panel import Panel
from investiq.widgets.panels_price import TRADES, price_pieces
from investiq.widgets.panels_topics import TOPICS, topic_pieces
from investiq.widgets.panels_view import view_pieces
from investiq.widgets.symbol_request import Session, SymbolRequest, card_facts
from investiq.widgets.symbol_search import SymbolSearch
from investiq.widgets.visiting import link

if TYPE_CHECKING:
    import investiq as iq
    from investiq.analysis.result import Analysis
    from investiq.widgets.pieces import Piece

__all__ = ["SymbolAnalysis"]

_YEARS: Final = {"2 years": 2, "5 years": 5, "10 years": 10, "All": None}
_OVERLAYS: Final = {"averages": "Averages", "bands": "Bands", "ichimoku": "Ichimoku", TRADES: "Trades"}
_SHOWN_FIRST: Final = ("averages", "bands")
_TYPING_S: Final = 0.2
# What a visitor sees without scrolling is drawn first.
_ORDER: Final = ("signal", "price", "radar", "longer")


class SymbolAnalysis(App):
    """The symbol page as a widget, for a notebook and for Voila.

    The first paint needs ipywidgets only; the engines load in a background
    thread while a skeleton is on screen. Each choice of a symbol is a new turn:
    what an older one still computes is dropped. A symbol that was shown before
    is kept for the session, as long as its data are the same.

    Parameters
    ----------
    symbol : str, default "^GSPC"
        The symbol shown first; a page's address may ask for another, ``?symbol=SYN001``.

    Examples
    --------
    >>> app = SymbolAnalysis("^GSPC")  # doctest: +SKIP
    """

    name: ClassVar[str] = "symbol_analysis"
    title: ClassVar[str] = "Symbol analysis"

    def __init__(self, symbol: str = "^GSPC") -> None:
        self.session = Session()
        self.analysis: Analysis | None = None
        self._ran: tuple[object, ...] = ()
        self._is_ready = False
        self.search = SymbolSearch(symbol, self.run)
        self.years = W.Dropdown(options=list(_YEARS.items()), value=5, description="Past")
        self.as_of = W.DatePicker(description="As of", tooltip="Last day of knowledge; empty is the newest")
        self.overlays = {
            name: W.Checkbox(value=name in _SHOWN_FIRST, description=words, indent=False)
            for name, words in _OVERLAYS.items()
        }
        self.button = classed(W.Button(description="Analyze", tooltip="Analyze with these settings"), "iq-run")
        self.cards = classed(Panel("Summary", 80), "iq-bare", "iq-plain")
        self.lab = classed(Panel("Backtest", 20), "iq-slim")
        self.pieces: dict[str, Piece] = price_pieces(self._chosen) | view_pieces() | topic_pieces()
        ordered = [self.pieces[name] for name in _ORDER]
        self._drawn = [*ordered, *(piece for piece in self.pieces.values() if piece not in ordered)]
        super().__init__(self._rows(), (self.cards, *(piece.panel for piece in self._drawn), self.lab))

    def _rows(self) -> list[W.Widget]:
        panels = {name: piece.panel for name, piece in self.pieces.items()}
        left = classed(W.VBox([panels["price"], panels["longer"]]), "iq-column")
        right = classed(W.VBox([panels[name] for name in ("signal", "radar")]), "iq-column")
        grid = W.GridBox([left, right], layout=W.Layout(grid_template_columns="minmax(0,2fr) minmax(0,1fr)"))
        tiles = classed(W.Box([panels[name] for name in ("confidence", *TOPICS)]), "iq-tiles")
        return [self.cards, classed(grid, "iq-grid"), tiles, panels["evidence"], self.lab, panels["notes"]]

    # --- controls -----------------------------------------------------------------------------------------------

    def open(self, turn: Turn) -> None:
        """List the symbols, show the controls, and analyse the first one."""
        import investiq as iq

        wanted = self.query.get("symbol")
        if self._is_ready:
            if wanted:
                turn.present(lambda: setattr(self.search.field, "value", wanted))
        else:
            known = iq.list_symbols()
            with_bars = known[known["kind"] == "bars"]
            table = dict(zip(with_bars["symbol"], with_bars["name"], strict=True))
            turn.present(lambda: self._arrange(table, wanted))
        self._run(turn, self._request())

    def _arrange(self, table: dict[str, str], wanted: str | None) -> None:
        self.search.offer(table)
        if wanted:
            self.search.field.value = wanted
        self.search.field.on_msg(self._on_message)
        self.button.on_click(lambda _: self.run())
        for field in (self.search.field, self.years, self.as_of):
            field.observe(self._mark, names="value")
            field.layout.width = "146px"
        self.search.field.layout.width = "230px"
        for box in self.overlays.values():
            box.observe(lambda _: self._draw_price(), names="value")
        over = classed(W.HBox(list(self.overlays.values())), "iq-checks")
        self.toolbar.children = (self.search, self.years, self.as_of, self.button, over, self.status)
        self.settings.show(W.VBox([self.toolbar, self.search.extras]))
        self._is_ready = True

    def _chosen(self) -> tuple[str, ...]:
        return tuple(name for name, box in self.overlays.items() if box.value)

    def _on_message(self, _: W.Widget, content: dict[str, object], __: object) -> None:
        """Run when Enter was pressed in the symbol field."""
        if content.get("event") != "submit":
            return
        began = time.monotonic()

        def work(turn: Turn) -> None:
            # The browser may send the key before the last letters.
            time.sleep(_TYPING_S)
            self._run(turn, self._request())
            self.finish(turn, began)

        self.start(work)

    def _request(self) -> SymbolRequest:
        self._ran = self._values()
        day = self.as_of.value
        return SymbolRequest(
            symbol=self.search.symbol, years=self.years.value, as_of=day if isinstance(day, date) else None
        )

    def _values(self) -> tuple[object, ...]:
        return (self.search.symbol, self.years.value, self.as_of.value)

    def _mark(self, _: object = None) -> None:
        """Say beside the button whether the page is older than the inputs."""
        with self._latest.lock:
            self.status.mark(self._values() != self._ran)

    def run(self) -> None:
        """Analyse with the present settings; an older run still under way is dropped."""
        if not self._is_ready:
            return
        request, began = self._request(), time.monotonic()

        def work(turn: Turn) -> None:
            self._run(turn, request)
            self.finish(turn, began)

        self.start(work)

    # --- one turn -----------------------------------------------------------------------------------------------

    def _run(self, turn: Turn, request: SymbolRequest) -> None:
        """Compute and show, panel by panel, what is seen first before the rest."""
        price = self.pieces["price"].panel
        others = [panel for panel in self.panels if panel is not price]
        self.analysis = None
        with self.guard(turn, price, *others) as border:
            self.progress(turn, f"Loading {request.symbol}")
            bars = request.load()
            turn.present(lambda: self._show_provenance(bars))
            self.progress(turn, f"Analysing {bars.symbol}", *self.panels)
            self.analysis = analysis = self.session.analyze(request, bars)
            turn.present(lambda: self._show_summary(analysis))
            self._draw(turn, analysis, self._drawn)
        if border.failed:
            turn.present(lambda: self._show_provenance(None, price.problem))

    def _draw(self, turn: Turn, analysis: Analysis, pieces: list[Piece]) -> None:
        for piece in pieces:
            turn.check()
            with self.guard(turn, piece.panel):
                prepared = piece.prepare(analysis, self.theme)
                turn.present(lambda piece=piece, prepared=prepared: piece.show(*prepared))  # type: ignore[misc]

    def _draw_price(self) -> None:
        """Draw the price anew with the overlays that are chosen now."""
        if (analysis := self.analysis) is not None:
            began = time.monotonic()

            def work(turn: Turn) -> None:
                self._draw(turn, analysis, [self.pieces["price"]])
                self.finish(turn, began)

            self.start(work, self.pieces["price"].panel)

    def redraw(self) -> None:
        """Draw every panel anew in the present theme; a newer turn ends it between two panels."""
        if self.analysis is not None:
            self._show_summary(self.analysis)
            self._draw(Turn(self._latest, self._latest.number), self.analysis, self._drawn)

    def _show_provenance(self, bars: iq.Bars | None, problem: str = "") -> None:
        mark = bars.passport.watermark if bars is not None else None
        self._header.value = shell.header(self.title, watermark=mark, app_name=self.name)
        self._provenance.value = shell.provenance_bar(bars, problem=problem)

    def _show_summary(self, analysis: Analysis) -> None:
        from investiq.figures.tables import metric_cards

        self.cards.show(metric_cards(card_facts(analysis), self.theme))
        words = link(
            "backtest_lab", f"Test a strategy on {analysis.symbol} in the Backtest lab", symbol=analysis.symbol
        )
        self.lab.show(f"{words}: costs, walk-forward, Monte Carlo and the count of trials stand there.")
        self.search.remember(analysis.symbol)
