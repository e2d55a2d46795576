"""The trade page: every trade of a saved run in its bars, why it was filled so, and what one thinks of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar, Final

import ipywidgets as W

from investiq.widgets import downloads
from investiq.widgets.app import App, classed
from investiq.widgets.latest import Turn
from investiq.widgets.panel import Panel
from investiq.widgets.trade_editor import NoteEditor
from investiq.widgets.trade_table import TradeTable

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from investiq.backtesting.result import BacktestResult
    from investiq.backtesting.trade_outcomes import TradeLog
    from investiq.backtesting.trade_reviewing import ReviewedTrade

__all__ = ["TradeReview"]

SAMPLE: Final = ""
_ALL: Final = "All"
_OUTCOMES: Final = (_ALL, "Won", "Lost", "Open")
_HEIGHTS_PX: Final = {"trade": 560, "excursions": 340, "outcomes": 340}


class TradeReview(App):
    """The trade page as a widget, for a notebook and for Voila.

    Parameters
    ----------
    result : BacktestResult or str, optional
        A result, or the name of a saved one; by default that of the address
        (``?result=NAME&trade=3``, counted from 1 as the page does), else a run on the sample data.

    Examples
    --------
    >>> app = TradeReview()  # doctest: +SKIP
    """

    name: ClassVar[str] = "trade_review"
    title: ClassVar[str] = "Trade review"

    def __init__(self, result: BacktestResult | str | None = None) -> None:
        self._given = result
        self._result: BacktestResult | None = None
        self._log: TradeLog | None = None
        self._review: ReviewedTrade | None = None
        self._number = -1
        self.cards = classed(Panel("Trade", 80), "iq-bare", "iq-plain")
        self.price = Panel("The trade in its bars", _HEIGHTS_PX["trade"])
        self.why = Panel("Why it was filled so", 260)
        self.notebook = Panel("Notes and tags", 220)
        self.numbers = Panel("Numbers of the trade", 420)
        self.list = Panel("Trades", 460)
        self.excursions = Panel("Excursions", _HEIGHTS_PX["excursions"])
        self.outcomes = Panel("Returns", _HEIGHTS_PX["outcomes"])
        self.groups = Panel("By exit and by tag", 220)
        self._of_trade = (self.cards, self.price, self.why, self.notebook, self.numbers)
        self._of_run = (self.list, self.excursions, self.outcomes, self.groups)
        self.table = TradeTable(self.choose, self.step)
        self.editor = NoteEditor(self._after_note)
        self._fields()
        super().__init__(self._rows(), (*self._of_trade, *self._of_run))

    def _rows(self) -> list[W.Widget]:
        left = classed(W.VBox([self.price, self.why]), "iq-column")
        right = classed(W.VBox([self.notebook, self.numbers]), "iq-column")
        layout = W.Layout(grid_template_columns="minmax(0,2fr) minmax(0,1fr)")
        both = classed(W.HBox([self.excursions, self.outcomes]), "iq-halves")
        return [self.cards, classed(W.GridBox([left, right], layout=layout), "iq-grid"), self.list, both, self.groups]

    def _fields(self) -> None:
        self.source = W.Dropdown(description="Result", options=[("Sample run", SAMPLE)], value=SAMPLE)
        self.symbol, self.side, self.outcome, self.reason, self.tag = (
            W.Dropdown(description=words, options=(_ALL,), value=_ALL)
            for words in ("Symbol", "Side", "Outcome", "Ended by", "Tag")
        )
        self.outcome.options = _OUTCOMES
        self.previous = W.Button(description="◀ Previous", tooltip="The trade before in the list (K in the table)")
        self.following = W.Button(description="Next ▶", tooltip="The next trade in the list (J in the table)")
        self.place = classed(W.HTML(), "iq-place")
        self.source.observe(lambda _: self._on_source(), names="value")
        self.filters = (self.symbol, self.side, self.outcome, self.reason, self.tag)
        for field in self.filters:
            field.observe(lambda _: self._on_filter(), names="value")
        self.previous.on_click(lambda _: self.step(-1))
        self.following.on_click(lambda _: self.step(1))
        self.source.layout.width = "304px"
        for button in (self.previous, self.following):
            classed(button, "iq-step").layout.width = "104px"
        for field in self.filters:
            field.layout.width = "116px"
        self._filling = False

    # --- a result -------------------------------------------------------------------------------------------------

    def open(self, turn: Turn) -> None:
        """Offer the saved results, and load the one that the address or the caller names."""
        from investiq.backtesting.result_files import saved_results

        wanted = self.query.get("result", self._given if isinstance(self._given, str) else SAMPLE)
        wanted = wanted.removesuffix(".iq")
        saved = [(f"{each.name} · saved {each.written_at:%Y-%m-%d %H:%M} UTC", each.name) for each in saved_results()]
        missing = [(f"{wanted} · not found", wanted)] if wanted not in {SAMPLE, *(name for _, name in saved)} else []
        is_passed = self._given_result() is not None
        passed = [("The result passed here", None)] if is_passed else []
        chosen = None if is_passed and "result" not in self.query else wanted

        def arrange() -> None:
            self._filling = True
            self.source.options = [*passed, ("Sample run on the S&P 500", SAMPLE), *missing, *saved]
            self.source.value = chosen
            self._filling = False
            self.toolbar.children = (
                self.source, *self.filters, self.previous, self.following, self.place, self.status,
            )  # fmt: skip
            self.settings.show(self.toolbar)

        turn.present(arrange)
        trade = self.query.get("trade", "1")
        self._load(turn, chosen, max(int(trade), 1) - 1 if trade.isdecimal() else 0)

    def _given_result(self) -> BacktestResult | None:
        return None if isinstance(self._given, str) else self._given

    def _on_source(self) -> None:
        if self._filling:
            return
        name = self.source.value
        self._result = None

        def load(turn: Turn) -> None:
            began = time.monotonic()
            self._load(turn, name, 0)
            self.finish(turn, began)

        self.start(load)

    def _load(self, turn: Turn, name: str | None, number: int) -> None:
        """Show the result called `name`, the one that was passed for None, and of it the trade `number`."""
        others = [panel for panel in self.panels if panel is not self.price]
        with self.guard(turn, self.price, *others) as border:
            import investiq as iq
            from investiq.backtesting.result_files import find_saved, sample_run

            self.progress(turn, "Loading the result", *self.panels)
            result = self._given_result()
            if name is not None:
                result = sample_run() if name == SAMPLE else iq.load_result(find_saved(name).path)
            assert result is not None
            log = iq.review_trades(result)
            turn.present(lambda: self._take(result, log, name))
            if not len(result.trades):
                turn.present(self._say_empty)
                return
            self._draw_run(turn)
            self._show_trade(turn, min(number, len(result.trades) - 1))
        if border.failed:
            turn.present(lambda: self._forget(name))

    def _forget(self, name: str | None) -> None:
        """Leave nothing of the former result on the page."""
        from investiq.core.facts import Fact

        self._result = self._log = self._review = None
        self.state_origin([Fact("Result", f"{name or 'sample run'}: could not be read")])
        self._tell_place()

    def _take(self, result: BacktestResult, log: TradeLog, name: str | None) -> None:
        self._result, self._log, self._review, self._number = result, log, None, -1
        trades = result.trades
        self._filling = True
        for field, column in ((self.symbol, "symbol"), (self.side, "side"), (self.reason, "exit_reason")):
            words = sorted({_words(each) for each in trades[column].dropna()})
            field.options, field.value = (_ALL, *words), _ALL
        self.outcome.value = _ALL
        self._fill_tags()
        self._filling = False
        self._state(result, name)
        self._fill_table()

    def _state(self, result: BacktestResult, name: str | None) -> None:
        from investiq.backtesting.trade_annotating import annotation_key
        from investiq.core.facts import Fact

        data = result.data
        words = {SAMPLE: "sample run, made here, not counted as a trial", None: "passed by the notebook"}
        first, last = (str(each.astype("datetime64[D]")) for each in (data.ts[0], data.ts[-1]))
        self.state_origin(
            [
                Fact("Result", words.get(name, name)),
                Fact("Run", result.title),
                Fact("Period", f"{first} to {last}, {data.ts.size:,} bars"),
                Fact("Fills", "as traded"),
                Fact("Notes under", annotation_key(result)),
                Fact("SHA-256", result.fingerprint[:12]),
            ],
            result.watermark,
        )

    def _say_empty(self) -> None:
        for panel in self.panels:
            panel.empty("The run made no trade.")
        self._tell_place()

    def _draw_run(self, turn: Turn) -> None:
        """Show what concerns all trades, but for the chosen one's mark."""
        from investiq.widgets.trade_panels import groups_block

        log = self._log
        assert log is not None
        content = groups_block(log)
        facts = {fact.label: fact for fact in log.facts()}
        rate = facts["Win rate"]
        subtitle = (
            f"won {rate.value:.1%} of {facts['Closed trades'].value} closed, {rate.convention}"
            if rate.convention
            else ""
        )
        turn.present(lambda: self.groups.show(content, subtitle=subtitle))
        turn.present(lambda: self.list.show(self._list_box(), subtitle="choose a row, or J and K inside the table"))

    def _list_box(self) -> W.Widget:
        if not hasattr(self, "_listed"):
            buttons = [
                downloads.download_button(lambda: self._file_name("csv"), lambda: self._file("csv"), downloads.CSV, "Trades and notes (CSV)"),
                downloads.download_button(lambda: self._file_name("xlsx"), lambda: self._file("xlsx"), downloads.XLSX, "Trades and notes (Excel)"),
            ]  # fmt: skip
            self._listed = W.VBox([self.table, classed(W.HBox(buttons), "iq-halves-left")])
        return self._listed

    def _file_name(self, suffix: str) -> str:
        assert self._result is not None
        return f"trades {self._result.title}.{suffix}"

    def _file(self, suffix: str) -> bytes:
        import tempfile
        from pathlib import Path

        import investiq as iq

        assert self._result is not None
        with tempfile.TemporaryDirectory(prefix="investiq-") as folder:
            return iq.review_trades(self._result).export(Path(folder) / f"trades.{suffix}").read_bytes()

    # --- a trade --------------------------------------------------------------------------------------------------

    def choose(self, number: int) -> None:
        """Show trade `number`, a row of ``result.trades`` from 0; the page counts from 1."""
        if self._result is None or number == self._number:
            return

        def show(turn: Turn) -> None:
            began = time.monotonic()
            with self.guard(turn, self.price, *self._of_trade):
                self._show_trade(turn, number)
            self.finish(turn, began)

        self._number = number
        self.table.mark(number)
        self._tell_place()
        self.start(show, *self._of_trade, self.excursions, self.outcomes)

    def step(self, by: int) -> None:
        """Show the trade `by` places further down the list as it is filtered and sorted; none beyond its ends."""
        order = self.table.order
        if not order:
            return
        if self._number not in order:
            self.choose(order[0])
            return
        at = order.index(self._number) + by
        if 0 <= at < len(order):
            self.choose(order[at])

    def _show_trade(self, turn: Turn, number: int) -> None:
        import investiq as iq
        from investiq.figures.tables import metric_cards
        from investiq.widgets import trade_panels

        result, log = self._result, self._log
        assert result is not None and log is not None
        review = iq.review_trade(result, number)
        cards = metric_cards(trade_panels.card_facts(review), theme=self.theme)
        numbers, why = trade_panels.facts_block(review), trade_panels.why_block(review.explanation)

        def show() -> None:
            self._review, self._number = review, number
            self.cards.show(cards)
            self.numbers.show(numbers, subtitle=review.basis)
            self.why.show(why)
            self.editor.show(result, number, log.written)
            self.notebook.show(self.editor, subtitle=f"trade {number + 1}")
            self.table.mark(number)
            self._tell_place()

        turn.present(show)
        self._draw(turn)

    def redraw(self) -> None:
        """Draw the three charts anew, in the present theme."""
        if self._review is not None:
            self._draw(None)

    def _draw(self, turn: Turn | None) -> None:
        from investiq.figures.trade_review import excursion_chart, outcome_chart, trade_review_chart

        result, review = self._result, self._review
        assert result is not None and review is not None
        figures = (
            (self.price, "trade", trade_review_chart(review, theme=self.theme), f"{review.title} · {review.headline} · {review.basis}"),
            (self.excursions, "excursions", excursion_chart(result, review.number, theme=self.theme), "worst and best price, shares of the entry price"),
            (self.outcomes, "outcomes", outcome_chart(result, review.number, theme=self.theme), "net return of each trade, in the order of entry"),
        )  # fmt: skip
        for panel, name, figure, words in figures:
            legend = {"font": {"size": 11}, "itemwidth": 30}
            figure.update_layout(title=None, height=_HEIGHTS_PX[name], margin={"t": 36}, legend=legend)

            def show(panel: Panel = panel, name: str = name, figure: go.Figure = figure, words: str = words) -> None:
                panel.show(self.chart(name, figure), subtitle=words)

            if turn is None:
                show()
            else:
                turn.present(show)

    # --- the list -------------------------------------------------------------------------------------------------

    def _on_filter(self) -> None:
        if not self._filling and self._result is not None:
            self._fill_table()

    def _fill_table(self) -> None:
        assert self._result is not None and self._log is not None
        self.table.fill(self._result.trades, self._chosen(), self._log.tags)
        self._tell_place()

    def _chosen(self) -> list[int]:
        """Return the trades that every filter lets through."""
        assert self._result is not None and self._log is not None
        trades, tags = self._result.trades, self._log.tags
        kept = []
        for number, row in enumerate(trades.to_dict("records")):
            is_open = bool(row["is_open"])
            outcome = "Open" if is_open else "Won" if row["pnl"] > 0 else "Lost"
            said = (row["symbol"], row["side"], outcome, None if is_open else _words(row["exit_reason"]))
            same = (field.value in (_ALL, value) for field, value in zip(self.filters[:4], said, strict=True))
            if all(same) and self.tag.value in (_ALL, *tags.get(number, ())):
                kept.append(number)
        return kept

    def _tell_place(self) -> None:
        order = self.table.order if self._result is not None else []
        at = order.index(self._number) if self._number in order else -1
        words = f"{at + 1} of {len(order)}" if at >= 0 else f"{len(order)} in the list"
        self.place.value = f'<span class="iq-quiet" role="status">{words}</span>'
        self.previous.disabled = at == 0 or not order
        self.following.disabled = not order or at == len(order) - 1

    def _fill_tags(self) -> None:
        assert self._log is not None
        before = self.tag.value
        words = sorted({tag for tags in self._log.tags.values() for tag in tags})
        self.tag.options = (_ALL, *words)
        self.tag.value = before if before in words else _ALL

    def _after_note(self) -> None:
        """Read the notes again, and show what they change."""
        import investiq as iq
        from investiq.widgets.trade_panels import groups_block

        assert self._result is not None
        self._log = iq.review_trades(self._result)
        self._filling = True
        self._fill_tags()
        self._filling = False
        self.editor.show(self._result, self._number, self._log.written)
        self._fill_table()
        self.groups.show(groups_block(self._log))


def _words(reason: object) -> str:
    return str(reason).replace("_", " ")
