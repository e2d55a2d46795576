"""The symbol page: what the engines say about a symbol, and how a strategy would have done on it."""

from __future__ import annotations

import logging
import time
from datetime import date
from typing import TYPE_CHECKING, Final

import ipywidgets as W

from investiq.widgets import shell
from investiq.widgets.latest import Latest, Turn
from investiq.widgets.panel import ErrorBorder, Panel
from investiq.widgets.status import Status
from investiq.widgets.symbol_request import SymbolRequest, card_facts

if TYPE_CHECKING:
    from collections.abc import Callable

    import plotly.graph_objects as go

    import investiq as iq
    from investiq.analysis.analyzing import Analysis
    from investiq.backtesting.result import BacktestResult
    from investiq.widgets.controls import StrategyControls
    from investiq.widgets.live import LiveFigure

__all__ = ["SymbolAnalysis"]

APP: Final = "Symbol analysis"
# Five years, as `iq.analyze` shows by default, up to the last session of the sample.
_FROM: Final = date(2014, 1, 2)
_TO: Final = date(2018, 12, 31)
_TYPING_S: Final = 0.2
_HEIGHTS_PX: Final = {"price": 940, "equity": 600}


class SymbolAnalysis(W.VBox):
    """The symbol page as a widget, for a notebook and for Voila.

    The first paint needs ipywidgets only; the engines load in a background
    thread while a skeleton is on screen. Each press of the button is a new
    turn: what an older one still computes is dropped.

    Parameters
    ----------
    symbol : str, default "^GSPC"
        The symbol shown first.

    Examples
    --------
    >>> app = SymbolAnalysis("^GSPC")  # doctest: +SKIP
    """

    def __init__(self, symbol: str = "^GSPC") -> None:
        self._symbol = symbol
        self._latest = Latest()
        self._controls: StrategyControls | None = None
        self._ran: tuple[object, ...] = ()
        self._charts: dict[str, LiveFigure] = {}
        self._header = W.HTML(shell.header(APP))
        self._provenance = W.HTML(shell.provenance_bar(None))
        self._status = Status()
        self._toolbar = _classed(W.HBox(), "iq-toolbar")
        self.settings = _classed(Panel("Settings", 50), "iq-bare")
        self.cards = _classed(Panel("Summary", 80), "iq-bare", "iq-plain")
        self.chart = Panel("Price, indicators and score", _HEIGHTS_PX["price"])
        self.view = Panel("Engine view", 300)
        self.backtest = Panel("Backtest", _HEIGHTS_PX["equity"])
        self.performance = Panel("Performance", 380)
        self.trades = Panel("Trades", 160)
        self.notes = Panel("Notes", 60)
        super().__init__(
            [W.HTML(shell.stylesheet()), self._header, self._provenance, _classed(W.VBox(self._rows()), "iq-main")]
        )
        self.add_class("iq-page")
        self._work = self._latest.start(self._open)

    def _rows(self) -> list[W.Widget]:
        left = _classed(W.VBox([self.chart, self.backtest]), "iq-column")
        right = _classed(W.VBox([self.view, self.performance]), "iq-column")
        grid = W.GridBox([left, right], layout=W.Layout(grid_template_columns="minmax(0,2fr) minmax(0,1fr)"))
        return [self.settings, self.cards, _classed(grid, "iq-grid"), self.trades, self.notes]

    @property
    def panels(self) -> tuple[Panel, ...]:
        """Every panel that shows results."""
        return (self.cards, self.chart, self.view, self.backtest, self.performance, self.trades, self.notes)

    # --- controls -----------------------------------------------------------------------------------------------

    def _open(self, turn: Turn) -> None:
        """Load what the controls need, show them, and run once."""
        with ErrorBorder(self.settings, self.panels, turn.present) as border:
            import investiq as iq
            from investiq.runtime.logging import configure_logging
            from investiq.widgets.controls import StrategyControls

            if all(isinstance(each, logging.NullHandler) for each in logging.getLogger("investiq").handlers):
                configure_logging()  # a reader of the notebook who set up logging keeps it
            named = {name: getattr(iq.strategies, name) for name in iq.strategies.__all__}
            strategies = {name: each for name, each in named.items() if each is not iq.strategies.Strategy}
            self._controls = StrategyControls(strategies, "Breakout", self._arrange)
            known = iq.list_symbols()
            self._fields(known.loc[known["kind"] == "bars", "symbol"].tolist())
            turn.present(self._arrange)
        if not border.failed:
            self._run(turn, self._request())

    def _fields(self, symbols: list[str]) -> None:
        self.symbol = W.Combobox(value=self._symbol, options=symbols, description="Symbol")
        self.start = W.DatePicker(value=_FROM, description="From")
        self.end = W.DatePicker(value=_TO, description="To")
        # Text and not a bounded number, which would put its bound in the place of what was typed.
        self.commission = W.Text(value="10", description="Commission, bps")
        self.slippage = W.Text(value="5", description="Slippage, bps")
        for field in (self.symbol, self.commission, self.slippage):
            field.on_msg(self._on_message)
        self.button = _classed(
            W.Button(description="Run", tooltip="Analyse and backtest with these settings"), "iq-run"
        )
        self.button.on_click(lambda _: self.run())

    def _inputs(self) -> tuple[W.Widget, ...]:
        assert self._controls is not None
        return (self.symbol, self.start, self.end, *self._controls.widgets, self.commission, self.slippage)

    def _on_message(self, _: W.Widget, content: dict[str, object], __: object) -> None:
        """Run when Enter was pressed in a text field."""
        if content.get("event") == "submit":
            self._start(self._after_typing)

    def _after_typing(self, turn: Turn) -> None:
        # The browser may send the key before the last letters.
        time.sleep(_TYPING_S)
        self._run(turn, self._request())

    def _arrange(self) -> None:
        assert self._controls is not None
        fields = self._inputs()
        for field in fields:
            field.observe(self._mark, names="value")
            field.layout.width = "146px" if isinstance(field, (W.Combobox, W.DatePicker, W.Dropdown)) else "114px"
        self._toolbar.children = (*fields, self.button, self._status)
        self.settings.show(self._toolbar)

    def _request(self) -> SymbolRequest:
        assert self._controls is not None
        self._ran = self._values()
        return SymbolRequest(
            symbol=self.symbol.value.strip(),
            start=self.start.value,
            end=self.end.value,
            commission=self.commission.value,
            slippage=self.slippage.value,
            make_strategy=self._controls.maker(),
        )

    def _values(self) -> tuple[object, ...]:
        return tuple((field.description, field.value) for field in self._inputs())

    def run(self) -> None:
        """Analyse and backtest with the present settings; an older run still under way is dropped."""
        request = self._request()
        self._start(lambda turn: self._run(turn, request))

    def _start(self, work: Callable[[Turn], None]) -> None:
        with self._latest.lock:
            self._work = self._latest.start(work)
            for panel in self.panels:
                panel.loading("Waiting")

    def wait(self, timeout_s: float = 120.0) -> None:
        """Block until the page shows the newest turn, for tests and scripts."""
        self._work.result(timeout_s)

    # --- one turn -----------------------------------------------------------------------------------------------

    def _run(self, turn: Turn, request: SymbolRequest) -> None:
        """Compute and show, panel by panel."""
        began, bars = time.monotonic(), None
        self._progress(turn, f"Loading {request.symbol}", *self.panels)
        others = [panel for panel in self.panels if panel is not self.chart]
        with ErrorBorder(self.chart, others, turn.present):
            bars = request.load()
            turn.present(lambda: self._show_provenance(bars))
            analysis = self._analyze(turn, bars)
            result = self._backtest(turn, request, bars)
            self._draw_chart(turn, analysis, result)
            self._show_summary(turn, bars, analysis, result)
        turn.present(lambda: self._finish(turn, bars, time.monotonic() - began))

    def _finish(self, turn: Turn, bars: iq.Bars | None, seconds: float) -> None:
        failed = [panel for panel in self.panels if panel.state == "error"]
        if bars is None:
            self._show_provenance(None, self.chart.problem)
            self._status.say(f"Failed: {self.chart.problem}", "failed", turn.number)
        elif failed:
            told = "; ".join(f"{panel.title} failed: {panel.problem}" for panel in failed)
            self._status.say(f"{told}, see below", "failed", turn.number)
        else:
            self._status.say(f"Done in {seconds:.1f} s", "done", turn.number)
        self._mark()

    def _mark(self, _: object = None) -> None:
        """Say beside the button whether the page is older than the inputs."""
        with self._latest.lock:
            self._status.mark(self._values() != self._ran)

    def _progress(self, turn: Turn, words: str, *panels: Panel) -> None:
        def update() -> None:
            self._status.say(f"{words} …", "working", turn.number)
            for panel in panels:
                panel.loading(words)

        turn.present(update)

    def _show_provenance(self, bars: iq.Bars | None, problem: str = "") -> None:
        self._header.value = shell.header(APP, watermark=bars.passport.watermark if bars is not None else None)
        self._provenance.value = shell.provenance_bar(bars, problem=problem)

    def _analyze(self, turn: Turn, bars: iq.Bars) -> Analysis | None:
        analysis = None
        with ErrorBorder(self.view, (), turn.present):
            import investiq as iq
            from investiq.widgets import tables

            self._progress(turn, "Analysing", self.chart, self.view)
            analysis = iq.analyze(bars)
            content = tables.engine_views(analysis)
            subtitle = f"{analysis.headline}; known at {analysis.as_of:%Y-%m-%d %H:%M} UTC"
            turn.present(lambda: self.view.show(content, subtitle=subtitle))
        return analysis

    def _backtest(self, turn: Turn, request: SymbolRequest, bars: iq.Bars) -> BacktestResult | None:
        result = None
        with ErrorBorder(self.backtest, (self.performance, self.trades), turn.present):
            import investiq as iq
            from investiq.widgets import tables
            from investiq.widgets.controls import words

            self._progress(turn, "Backtesting", self.backtest, self.performance, self.trades)
            result = request.backtest(bars)
            names = (words(result.strategy.name), "Buy and hold")
            figure = iq.figures.equity_curve(result, benchmark=result.benchmark)
            metrics = tables.comparison_table(result.facts(), result.benchmark.facts(), names)
            trades = tables.trades_table(result.trades, bars.passport.currency)
            count = len(result.trades)
            turn.present(lambda: self.backtest.show(self._chart("equity", figure), subtitle=result.title))
            turn.present(lambda: self.performance.show(metrics, subtitle=request.terms_in_words()))
            turn.present(
                lambda: (
                    self.trades.show(trades, subtitle=f"newest {min(count, tables.TRADE_ROWS)} of {count}")
                    if count
                    else self.trades.empty("The strategy made no trade in this range.")
                )
            )
        return result

    def _draw_chart(self, turn: Turn, analysis: Analysis | None, result: BacktestResult | None) -> None:
        import investiq as iq

        if analysis is None:
            turn.present(lambda: self.chart.empty("It needs what failed under “Engine view”."))
            return
        self._progress(turn, "Drawing", self.chart)
        figure = iq.figures.analysis_chart(analysis, trades=None if result is None else result.trades)
        turn.present(lambda: self.chart.show(self._chart("price", figure)))

    def _chart(self, name: str, figure: go.Figure) -> LiveFigure:
        """Return the live figure called `name`, redrawn in place if it is on the page."""
        from investiq.widgets.live import live

        # The panel has the title; the legend, in smaller type, fits one row of a laptop's column.
        legend = {"font": {"size": 11}, "itemwidth": 30}
        figure.update_layout(title=None, height=_HEIGHTS_PX[name], margin={"t": 40}, legend=legend)
        if name in self._charts:
            self._charts[name].show(figure)
        else:
            self._charts[name] = live(figure)
        return self._charts[name]

    def _show_summary(
        self, turn: Turn, bars: iq.Bars, analysis: Analysis | None, result: BacktestResult | None
    ) -> None:
        from investiq.core.notes import merge_notes
        from investiq.figures.tables import metric_cards
        from investiq.widgets import tables

        cards = metric_cards(card_facts(bars, analysis, result))
        notes = merge_notes(*(each.notes for each in (analysis, result) if each is not None))
        turn.present(lambda: self.cards.show(cards))
        turn.present(
            lambda: (
                self.notes.show(tables.notes_block(notes))
                if notes
                else self.notes.empty("No cautions about these data or methods.")
            )
        )


def _classed(widget: W.Widget, *names: str) -> W.Widget:
    for name in names:
        widget.add_class(name)
    return widget
