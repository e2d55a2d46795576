"""The lab's two checks of one run: other histories it could have had, and other readings of its bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

import ipywidgets as W

from investiq.core.errors import ConfigError
from investiq.widgets.app import classed
from investiq.widgets.backtest_lab_run import untitled
from investiq.widgets.backtest_lab_section import Drawn, Section, toolbar, two_columns
from investiq.widgets.controls import Entry, mark_invalid, value_of
from investiq.widgets.panel import Panel

if TYPE_CHECKING:
    from investiq.backtesting.explaining_bracket import Bracket
    from investiq.backtesting.monte_carlo import MonteCarlo
    from investiq.widgets.backtest_lab import BacktestLab
    from investiq.widgets.latest import Turn

__all__ = ["BracketSection", "MonteCarloSection"]

_FAN_PX: Final = 400
_ENDS_PX: Final = 330
# Readings that all give the same would have an axis of hundreds of percent.
_SAME: Final = 1e-4
_MC_CARDS: Final = (
    "Probability of profit",
    "Probability of ruin",
    "Total return, median",
    "Total return, 5th percentile",
    "Total return, 95th percentile",
    "Max drawdown, worst 5 %",
)


class MonteCarloSection(Section):
    """Resampled histories of the account: how likely profit and ruin are, and how deep it falls."""

    title: ClassVar[str] = "Monte Carlo"

    def __init__(self, lab: BacktestLab) -> None:
        self.found: MonteCarlo | None = None
        self.method = W.Dropdown(
            options=[("blocks of returns", "blocks"), ("single trades", "trades")],
            description="Draws from",
            layout={"width": "168px"},
        )
        self.paths = Entry(value="1000", description="Paths", tooltip="1 to 100,000")
        self.ruin = Entry(value="50", description="Ruin at a loss of, %", tooltip="Of the opening capital")
        self.seed = Entry(value="0", description="Seed", tooltip="The same seed draws the same paths")
        self.start = classed(
            W.Button(description="Simulate", tooltip="Draw the paths again with these numbers"), "iq-run"
        )
        self.cards = classed(Panel("Odds", 80), "iq-bare", "iq-plain")
        self.fan = Panel("Accounts it could have had", _FAN_PX)
        self.ends = Panel("Where they end, and how deep they fell", _ENDS_PX)
        self.numbers = Panel("Distribution", 300)
        self.notes = Panel("How it was drawn", 60)
        form = classed(
            W.VBox([toolbar(self.method, self.paths, self.ruin, self.seed, self.start, width_px=136)]), "iq-panel"
        )
        rows = [form, self.cards, two_columns([self.fan, self.ends], [self.numbers, self.notes])]
        super().__init__(lab, rows, (self.cards, self.fan, self.ends, self.numbers, self.notes))
        self.start.on_click(lambda _: lab.start(self._again, *self.panels))

    def _again(self, turn: Turn) -> None:
        with self.lab.work(turn, *self.panels):
            self.fill(turn)

    def compute(self, turn: Turn) -> None:
        """Draw the paths and show them."""
        import investiq as iq
        from investiq.figures.tables import metric_cards
        from investiq.widgets import tables
        from investiq.widgets.backtest_lab_tables import facts_block

        with self.lab.guard(turn, self.cards, *self.panels[1:]):
            self.lab.progress(turn, "Resampling", *self.panels)
            paths, ruin, seed = self._asked()
            found = iq.monte_carlo(self.lab.shown, method=self.method.value, paths=paths, seed=seed, ruin=-ruin / 100)
            turn.present(lambda: setattr(self, "found", found))
            by_label = {fact.label: fact for fact in found.facts()}
            cards = metric_cards([by_label[label] for label in _MC_CARDS])
            drawn, numbers = self.drawn(), facts_block(found.facts())
            how = facts_block(found.provenance()) + tables.notes_block(found.notes)

            def update() -> None:
                self.cards.show(cards)
                self.lay(drawn)
                self.numbers.show(numbers, subtitle=f"{len(found.final_returns):,} paths")
                self.notes.show(how)

            turn.present(update)

    def drawn(self) -> list[Drawn]:
        """Return the fan and the histograms."""
        from investiq import figures

        if self.found is None:
            return []
        fan = figures.monte_carlo_chart(self.found, theme=self.lab.theme)
        ends = figures.monte_carlo_histograms(self.found, theme=self.lab.theme)
        return [
            Drawn(self.fan, "fan", untitled(fan, _FAN_PX), "multiples of the opening, log scale"),
            Drawn(self.ends, "ends", untitled(ends, _ENDS_PX), "solid: median; dashed: 5th and 95th percentile"),
        ]

    def _asked(self) -> tuple[int, float, int]:
        fields = {"Paths": self.paths, "Ruin": self.ruin, "Seed": self.seed}
        try:
            paths, seed = value_of("Paths", int, self.paths.value), value_of("Seed", int, self.seed.value)
            ruin = value_of("Ruin", float, self.ruin.value)
            if not 0 < ruin < 100:
                raise ConfigError(f"Ruin must be a loss in (0, 100) %, was {self.ruin.value!r}")
            if not 1 <= paths <= 100_000:
                raise ConfigError(f"Paths must be from 1 to 100,000, was {self.paths.value!r}")
        except ConfigError as error:
            mark_invalid(fields, str(error))
            raise
        mark_invalid(fields, "")
        return paths, ruin, seed


class BracketSection(Section):
    """How much of the result hangs on the order of prices within a bar, which no daily bar tells."""

    title: ClassVar[str] = "Fill bracket"

    def __init__(self, lab: BacktestLab) -> None:
        self.found: Bracket | None = None
        self.cards = classed(Panel("Bounds", 80), "iq-bare", "iq-plain")
        self.chart = Panel("Total return under each reading", 300)
        self.readings = Panel("Readings", 160)
        self.trades = Panel("Trades whose exit is ambiguous", 120)
        rows = [self.cards, self.chart, self.readings, self.trades]
        super().__init__(lab, rows, (self.cards, self.chart, self.readings, self.trades))

    def compute(self, turn: Turn) -> None:
        """Run the same decisions under each reading and show the bounds."""
        from investiq.figures.tables import metric_cards
        from investiq.widgets import tables
        from investiq.widgets.backtest_lab_tables import lines_block

        result = self.lab.shown
        with self.lab.guard(turn, self.cards, *self.panels[1:]):
            self.lab.progress(turn, "Reading the bars otherwise", *self.panels)
            found = result.bracket
            if len(found.readings) == 1:
                turn.present(self._tell_nothing)
                return
            turn.present(lambda: setattr(self, "found", found))
            cards, drawn, lines = metric_cards(found.facts()), self.drawn(), lines_block(found.tables()[0])
            unclear = result.trades[result.trades["is_ambiguous"]]
            trades = tables.trades_table(unclear, result.bars.passport.currency)

            def update() -> None:
                self.cards.show(cards)
                self.lay(drawn)
                self.readings.show(lines, subtitle=f"{len(found.readings)} readings of the same decisions")
                if len(unclear):
                    self.trades.show(trades, subtitle=f"{len(unclear)} of {len(result.trades)}")
                else:
                    self.trades.empty("No bar held both the stop and the target of a position.")

            turn.present(update)

    def _tell_nothing(self) -> None:
        self.found = None
        for panel in self.panels:
            panel.not_available(
                "This run has neither a target nor a limit order, so nothing in it hangs on the order of prices within a bar. "
                "Give it a target, with or without a stop, to see the bracket."
            )

    def drawn(self) -> list[Drawn]:
        """Return the chart of the readings."""
        from investiq import figures

        if self.found is None:
            return []
        chart = figures.bracket_chart(self.found, theme=self.lab.theme)
        text = str(chart.layout.title.subtitle.text).replace("<br>", " ")
        returns = [reading.total_return for reading in self.found.readings]
        if max(returns) - min(returns) < _SAME:
            chart.update_xaxes(range=[min(returns) - 0.01, max(returns) + 0.01])
        height = 120 + 34 * len(self.found.readings)
        return [Drawn(self.chart, "bracket", untitled(chart, height), text)]
