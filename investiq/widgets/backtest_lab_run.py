"""The lab's first section: one run, against buying and holding, after costs, and how many were tried."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from investiq.widgets.backtest_lab_section import Drawn, Section, two_columns
from investiq.widgets.panel import Panel

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from investiq.backtesting.result import BacktestResult
    from investiq.core.facts import Fact
    from investiq.widgets.backtest_lab import BacktestLab
    from investiq.widgets.latest import Turn

__all__ = ["RunSection", "card_facts", "forget_count", "untitled"]

_EQUITY_PX = 560
_COSTS_PX = 320


class RunSection(Section):
    """Equity, drawdown, metrics, costs, trials and cautions of the run."""

    title: ClassVar[str] = "Run"

    def __init__(self, lab: BacktestLab) -> None:
        self.equity = Panel("Equity and drawdown", _EQUITY_PX)
        self.performance = Panel("Performance", 380)
        self.costs = Panel("From gross to net", _COSTS_PX)
        self.luck = Panel("Trials and luck", 200)
        self.notes = Panel("Cautions", 60)
        rows = [two_columns([self.equity, self.costs, self.luck, self.notes], [self.performance])]
        super().__init__(lab, rows, (self.equity, self.performance, self.costs, self.luck, self.notes))

    def compute(self, turn: Turn) -> None:
        """Fill the panels from the run."""
        from investiq.widgets import tables
        from investiq.widgets.controls import words

        result = self.lab.shown
        with self.lab.guard(turn, self.equity, *self.panels[1:]):
            drawn = self.drawn()
            names = (words(result.strategy.name), "Buy and hold")
            metrics = tables.comparison_table(result.facts(), result.benchmark.facts(), names)
            turn.present(lambda: self.lay(drawn))
            turn.present(lambda: self.performance.show(metrics, subtitle=result.options.costs.describe()))
        self.lab.progress(turn, "Counting trials", self.luck)
        self.count(turn)

    def count(self, turn: Turn) -> None:
        """Show what the ledger says of the run, and what that cautions of."""
        from investiq.widgets import tables
        from investiq.widgets.backtest_lab_tables import facts_block

        result = self.lab.shown
        with self.lab.guard(turn, self.luck, self.notes):
            luck = facts_block(result.evidence.facts())
            notes = (*result.evidence.notes, *result.shown_notes())
            turn.present(lambda: self.luck.show(luck, subtitle="of this strategy on these data"))
            turn.present(
                lambda: (
                    self.notes.show(tables.notes_block(tuple(dict.fromkeys(notes))))
                    if notes
                    else self.notes.empty("No cautions about these data or methods.")
                )
            )

    def drawn(self) -> list[Drawn]:
        """Return the account and the costs."""
        from investiq import figures

        result, theme = self.lab.shown, self.lab.theme
        equity = untitled(figures.equity_curve(result, benchmark=result.benchmark, theme=theme), _EQUITY_PX)
        costs = untitled(figures.waterfall_chart(result.waterfall, theme=theme), _COSTS_PX)
        return [
            Drawn(self.equity, "equity", equity, result.title),
            Drawn(self.costs, "costs", costs, "what each kind of cost took, USD"),
        ]


def untitled(figure: go.Figure, height_px: int, top_px: int = 40) -> go.Figure:
    """Return `figure` for a panel, which has the title; a small legend fits one row of a laptop's column."""
    legend = {"font": {"size": 11}, "itemwidth": 30}
    figure.update_layout(title=None, height=height_px, margin={"t": top_px}, legend=legend)
    return figure


def forget_count(result: BacktestResult) -> None:
    """Let `result` ask the ledger again: what it found stays otherwise, while other runs add trials."""
    vars(result).pop("evidence", None)


def card_facts(result: BacktestResult) -> list[Fact]:
    """Return the numbers that stand out: each with its convention, the benchmark's and the luck beside them."""
    from investiq.core.facts import Fact, format_value

    own = {fact.label: fact for fact in result.facts()}
    held = {fact.label: fact for fact in result.benchmark.facts()}
    cards = []
    for label in ("Total return", "CAGR", "Sharpe ratio", "Max drawdown"):
        fact, other = own[label], held[label]
        beside = f"buy and hold {format_value(other.value, other.unit)}"
        cards.append(Fact(label, fact.value, fact.unit, beside, fact.note))
    luck = {fact.label: fact for fact in result.evidence.facts()}
    return [
        *cards,
        own["Closed trades"],
        *(luck[label] for label in ("Trials", "Deflated Sharpe ratio") if label in luck),
    ]
