"""The lab's walk-forward: parameters chosen on the past, tried on what came after."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

import ipywidgets as W

from investiq.widgets.app import classed
from investiq.widgets.backtest_lab_request import Walk
from investiq.widgets.backtest_lab_run import untitled
from investiq.widgets.backtest_lab_section import Drawn, Section, column, toolbar
from investiq.widgets.controls import Entry, mark_invalid, value_of
from investiq.widgets.panel import Panel

if TYPE_CHECKING:
    from investiq.backtesting.walk_forward_result import WalkForward
    from investiq.widgets.backtest_lab import BacktestLab
    from investiq.widgets.latest import Turn

__all__ = ["WalkSection"]

_CHART_PX: Final = 560
_BY_FOLDS, _BY_BARS = "equal folds", "bars of training and test"
_ASKS: Final = "Choose the windows and press Run walk-forward."
_CARDS: Final = (
    "Total return",
    "Sharpe ratio",
    "Max drawdown",
    "Profitable folds",
    "Walk-forward efficiency",
    "Sharpe ratio lost out of sample",
    "Choices kept from fold to fold",
    "Trials",
)


class WalkSection(Section):
    """Folds, the stitched account out of sample, and what was lost from in sample to out of sample."""

    title: ClassVar[str] = "Walk-forward"

    def __init__(self, lab: BacktestLab) -> None:
        self.found: WalkForward | None = None
        self.candidates = W.Dropdown(
            options=[("the values below", True), ("the strategy as it stands", False)],
            value=True,
            description="Choose among",
            layout={"width": "190px"},
        )
        self.windows = W.Dropdown(options=[_BY_FOLDS, _BY_BARS], description="Windows", layout={"width": "190px"})
        self.folds = Entry(
            value="5", description="Folds", tooltip="Tests of equal length; the first training is as long as one"
        )
        self.train = Entry(value="504", description="Train, bars", tooltip="At least 60")
        self.test = Entry(value="126", description="Test, bars")
        self.purge = Entry(value="0", description="Purge, bars", tooltip="Left out between training and test")
        self.scheme = W.Dropdown(options=["rolling", "anchored"], description="Training")
        self.start = classed(
            W.Button(description="Run walk-forward", tooltip="Each candidate on each fold is a trial"), "iq-run"
        )
        self.cards = classed(Panel("In and out of sample", 80), "iq-bare", "iq-plain")
        self.chart = Panel("Out of sample, end to end", _CHART_PX)
        self.lines = Panel("Folds", 200)
        self.notes = Panel("Cautions of the walk", 60)
        fields = toolbar(
            self.candidates, self.windows, self.folds, self.train, self.test, self.purge, self.scheme, self.start, width_px=124
        )  # fmt: skip
        self._axes = lab.axes.fields()
        form = classed(W.VBox([column([fields, self._axes])]), "iq-panel")
        super().__init__(
            lab,
            [form, self.cards, self.chart, self.lines, self.notes],
            (self.cards, self.chart, self.lines, self.notes),
        )
        self.start.on_click(lambda _: lab.start(self.run, *self.panels))
        for field in (self.windows, self.candidates):
            field.observe(lambda _: self._arrange(), names="value")
        self._arrange()

    @property
    def followers(self) -> tuple[Panel, ...]:
        """None: it has a button of its own."""
        return ()

    def compute(self, turn: Turn) -> None:
        """Wait for the button: every fold is a trial of every candidate."""

    def reset(self) -> None:
        """Forget the walk: it was of other data or settings."""
        self._of, self.found = None, None
        for panel in self.panels:
            panel.empty(_ASKS)

    def asked(self) -> Walk:
        """Return the windows as typed.

        Raises
        ------
        ConfigError
            If a number cannot be read.
        """
        wanted = {"Purge": self.purge}
        wanted |= {"Folds": self.folds} if self.windows.value == _BY_FOLDS else {"Train": self.train, "Test": self.test}
        for name, field in wanted.items():
            mark_invalid({name: field}, name)
            value_of(name, int, field.value)
            mark_invalid({name: field}, "")
        numbers = {name.lower(): int(field.value) for name, field in wanted.items()}
        purge = numbers.pop("purge")
        if self.windows.value == _BY_FOLDS:
            return Walk(folds=numbers["folds"], scheme=self.scheme.value, purge=purge)
        return Walk(folds=None, train=numbers["train"], test=numbers["test"], scheme=self.scheme.value, purge=purge)

    def run(self, turn: Turn) -> None:
        """Walk and show; in a turn."""
        from investiq.figures.tables import metric_cards
        from investiq.widgets import tables
        from investiq.widgets.backtest_lab_tables import lines_block

        turn.present(lambda: setattr(self, "found", None))
        with self.lab.work(turn, *self.panels):
            self.lab.renew(turn)
            walk = self.asked()
            axes = self.lab.axes.entered() if self.candidates.value else {}
            self.lab.progress(turn, "Walking forward", *self.panels)
            with self.lab.watching(turn, *self.panels):
                found = self.lab.asked.walk_forward(self.lab.data, axes, walk)
            turn.present(lambda: setattr(self, "found", found))
            self.lab.recount(turn)
            by_label = {fact.label: fact for fact in found.facts()}
            cards = metric_cards([by_label[label] for label in _CARDS if label in by_label])
            drawn, lines, notes = self.drawn(), lines_block(found.tables()[0]), tables.notes_block(found.notes)

            def update() -> None:
                self.cards.show(cards)
                self.lay(drawn)
                self.lines.show(lines, subtitle=f"{len(found.folds)} folds, {found.trials:,} trials")
                self.notes.show(notes)

            turn.present(update)

    def drawn(self) -> list[Drawn]:
        """Return the stitched account with the folds."""
        from investiq.figures.validation import walk_forward_chart

        if self.found is None:
            return []
        chart = untitled(walk_forward_chart(self.found, theme=self.lab.theme), _CHART_PX)
        return [Drawn(self.chart, "walk", chart, self.found.title)]

    def _arrange(self) -> None:
        by_folds = self.windows.value == _BY_FOLDS
        for field, is_shown in ((self.folds, by_folds), (self.train, not by_folds), (self.test, not by_folds)):
            field.layout.display = None if is_shown else "none"
        self._axes.layout.display = None if self.candidates.value else "none"
