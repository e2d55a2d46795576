"""The lab's sweep: a grid of runs as a map, its best cells, what luck would have found, and each cell in full."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, Final

import ipywidgets as W

from investiq.core.errors import InvestIQError
from investiq.widgets.app import classed
from investiq.widgets.backtest_lab_picking import Picker
from investiq.widgets.backtest_lab_run import untitled
from investiq.widgets.backtest_lab_section import Drawn, Section, column, toolbar, two_columns
from investiq.widgets.panel import Panel

if TYPE_CHECKING:
    from investiq.backtesting.result import BacktestResult
    from investiq.backtesting.sweep_result import SweepResult
    from investiq.widgets.backtest_lab import BacktestLab
    from investiq.widgets.latest import Turn

__all__ = ["SweepSection"]

_MAP_PX: Final = 460
_CELL_PX: Final = 560
_METRICS: Final = {
    "Sharpe ratio": "sharpe_ratio",
    "Total return": "total_return",
    "MAR ratio": "mar_ratio",
    "Max drawdown": "max_drawdown",
    "Profit factor": "profit_factor",
    "Win rate": "win_rate",
}
_ASKS: Final = "Choose one or two parameters and press Run sweep."


class SweepSection(Section):
    """Every combination of one or two parameters, each a trial."""

    title: ClassVar[str] = "Sweep"

    def __init__(self, lab: BacktestLab) -> None:
        self.found: SweepResult | None = None
        self.cell: BacktestResult | None = None
        self.metric = W.Dropdown(options=list(_METRICS.items()), description="Compare by")
        self.estimate = W.Button(
            description="Estimate", tooltip="Say how long the sweep would take, without running it"
        )
        self.start = classed(W.Button(description="Run sweep", tooltip="Every cell is counted as a trial"), "iq-run")
        self.plan = Panel("What it costs", 60)
        self.map = Panel("All cells", _MAP_PX)
        self.luck = Panel("Is the best cell luck?", 260)
        self.cells = Panel("Best cells", 260)
        self.drill = Panel("One cell in full", _CELL_PX)
        self.trades = Panel("Trades of the cell", 160)
        self.list = W.Select(options=[], rows=12, description="Cell", tooltip="Choosing one runs it in full")
        self._head = W.HTML()
        self.picker = Picker(self._pick)
        form = column([lab.axes.fields(), toolbar(self.metric, self.estimate, self.start, width_px=150)])
        rows = [
            classed(W.VBox([form]), "iq-panel"),
            self.plan,
            two_columns([classed(W.VBox([self.map, self.picker]), self.picker.place)], [self.luck]),
            self.cells,
            self.drill,
            self.trades,
        ]
        super().__init__(lab, rows, (self.plan, self.map, self.luck, self.cells, self.drill, self.trades))
        self.start.on_click(lambda _: lab.start(self.run, *self.panels))
        self.estimate.on_click(lambda _: lab.start(self.tell_plan, self.plan))
        self.metric.observe(self._on_metric, names="value")
        self.list.observe(self._on_list, names="value")

    @property
    def followers(self) -> tuple[Panel, ...]:
        """None: it has a button of its own."""
        return ()

    def compute(self, turn: Turn) -> None:
        """Wait for the button: a sweep costs time and trials."""

    def reset(self) -> None:
        """Forget the sweep: it was of other data or settings."""
        self._of = None
        self._drop()
        for panel in self.panels:
            panel.empty(_ASKS)

    def _drop(self) -> None:
        self.found, self.cell = None, None

    def tell_plan(self, turn: Turn) -> None:
        """Show what the sweep would cost; in a turn."""
        with self.lab.work(turn, self.plan):
            self._plan(turn)

    def run(self, turn: Turn) -> None:
        """Sweep, and show the map, the luck and the best cell; in a turn."""
        turn.present(self._drop)
        with self.lab.work(turn, *self.panels):
            self._plan(turn)
            bars, request = self.lab.data, self.lab.asked
            axes = self.lab.axes.entered()
            with self.lab.watching(turn, *self.panels[1:]):
                found = request.sweep(bars, axes)
            turn.present(lambda: setattr(self, "found", found))
            self.lab.recount(turn)
            self._show(turn)
            self._open(turn, int(str(found.best(self.metric.value).name)))

    def _plan(self, turn: Turn) -> None:
        from investiq.figures.tables import metric_cards
        from investiq.widgets.backtest_lab_tables import plan_facts

        self.lab.renew(turn)
        self.lab.progress(turn, "Estimating", self.plan)
        axes = self.lab.axes.entered()
        plan = self.lab.asked.plan(self.lab.data, axes)
        remark = "; ".join(plan.reasons)
        turn.present(lambda: self.plan.show(metric_cards(plan_facts(plan)), subtitle=remark))

    def _show(self, turn: Turn) -> None:
        from investiq.widgets.backtest_lab_tables import cell_lines, edge_words

        found, metric = self._sweep, self.metric.value
        self.lab.progress(turn, "Drawing", self.map)
        drawn = [each for each in self.drawn() if each.panel is self.map]
        head, lines = cell_lines(found, metric)
        luck, edge = self._luck_block(found), edge_words(found, metric)

        def update() -> None:
            self.lay(drawn)
            self.luck.show(luck, subtitle="before it is believed")
            self._head.value = f'<div class="iq-cells-head" aria-hidden="true">{head}</div>'
            with self.list.hold_trait_notifications():
                self.list.options = lines
                self.list.value = None
            self.cells.show(
                classed(W.VBox([self._head, self.list]), "iq-cells"),
                subtitle="; ".join(filter(None, ("choose one, or click the map: it runs in full below", edge))),
            )

        turn.present(update)
        self.picker.listen()

    def _luck_block(self, found: SweepResult) -> str:
        from investiq.core.facts import Fact
        from investiq.widgets import tables
        from investiq.widgets.backtest_lab_tables import facts_block

        facts = found.facts()
        try:
            pbo = found.pbo()
            facts += [fact for fact in pbo.facts() if fact.label.startswith("Probability of")]
        except InvestIQError as error:
            facts.append(Fact("Probability of backtest overfitting", float("nan"), "fraction", note=str(error)))
        return facts_block(facts) + tables.notes_block(found.notes)

    def open_cell(self, cell: int) -> None:
        """Begin a turn that runs `cell` in full."""

        def work(turn: Turn) -> None:
            with self.lab.work(turn, self.drill, self.trades):
                self._open(turn, cell)

        self.lab.start(work, self.drill, self.trades)

    def _open(self, turn: Turn, cell: int) -> None:
        from investiq.widgets import tables

        self.lab.progress(turn, f"Running cell {cell}", self.drill, self.trades)
        result = self._sweep.run(cell)
        turn.present(lambda: setattr(self, "cell", result))
        drawn = [each for each in self.drawn() if each.panel is self.drill]
        lines = tables.trades_table(result.trades, result.bars.passport.currency)
        count = len(result.trades)

        def update() -> None:
            self.lay(drawn)
            if count:
                self.trades.show(lines, subtitle=f"newest {min(count, tables.TRADE_ROWS)} of {count}")
            else:
                self.trades.empty("This cell made no trade.")

        turn.present(update)

    def drawn(self) -> list[Drawn]:
        """Return the map, and the account of the open cell."""
        from investiq import figures
        from investiq.core.facts import format_fact
        from investiq.figures.sweeps import sweep_chart

        theme, drawn = self.lab.theme, []
        if self.found is not None:
            wide = [axis.name for axis in self.found.grid.axes if len(axis.values) > 1]
            spans: dict[str, Any] = {"x": wide[-1], "y": wide[0]} if len(wide) > 1 else {"x": wide[0]}
            chart = sweep_chart(self.found, metric=self.metric.value, theme=theme, **spans)
            text = str(chart.layout.title.subtitle.text).replace("<br>", " ")
            drawn.append(Drawn(self.map, "map", untitled(chart, _MAP_PX), text))
        if self.cell is not None:
            chart = figures.equity_curve(self.cell, benchmark=self.cell.benchmark, theme=theme)
            wanted = ("Total return", "Sharpe ratio", "Max drawdown")
            numbers = [
                f"{fact.label.lower()} {format_fact(fact)}" for fact in self.cell.facts() if fact.label in wanted
            ]
            text = f"{self.cell.title}: {', '.join(numbers)}"
            drawn.append(Drawn(self.drill, "cell", untitled(chart, _CELL_PX), text))
        return drawn

    @property
    def _sweep(self) -> SweepResult:
        assert self.found is not None
        return self.found

    def _on_metric(self, _: Any) -> None:
        if self.found is None:
            return

        def work(turn: Turn) -> None:
            with self.lab.work(turn, self.map, self.cells, self.luck):
                self._show(turn)

        self.lab.start(work, self.map, self.cells, self.luck)

    def _on_list(self, _: Any) -> None:
        if self.list.value is not None:
            self.open_cell(self.list.value)

    def _pick(self, text: str) -> None:
        """Open the cell that was clicked: `text` holds its words across and down, as JSON."""
        if self.found is None:
            return
        clicked = [str(each) for each in json.loads(text)]
        axes = [axis for axis in self.found.grid.axes if len(axis.values) > 1]
        across = [axes[-1], axes[0]] if len(axes) > 1 else axes
        for cell in range(len(self.found)):
            values = self.found.grid.values_of(cell)
            shown = [f"{v:.4g}" if isinstance(v := values[axis.name], float) else str(v) for axis in across]
            if shown == clicked[: len(shown)] and cell not in self.found.reasons:
                self.open_cell(cell)
                return
