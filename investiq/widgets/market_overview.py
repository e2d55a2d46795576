"""The market page: regime, breadth, strength, volatility and freshness of everything that is loaded."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar, Final

import ipywidgets as W

from investiq.widgets import downloads
from investiq.widgets.app import App, classed
from investiq.widgets.market_tables import Movers, freshness, sectors
from investiq.widgets.panel import Panel

if TYPE_CHECKING:
    from collections.abc import Callable

    import plotly.graph_objects as go

    from investiq.analysis.survey_result import GroupSurvey
    from investiq.analysis.survey_result import MarketOverview as Survey
    from investiq.widgets.latest import Turn

__all__ = ["MarketOverview"]

_UNIVERSES: Final = ("all", "synthetic companies", "synthetic indices", "sample indices", "stored series")
_WINDOWS: Final = (
    ("Momentum", "momentum"), ("1 session", "1d"), ("5 sessions", "1w"), ("21 sessions", "1m"), ("63 sessions", "3m"), ("252 sessions", "1y"),
)  # fmt: skip
_CARDS: Final = 8
_TYPING_S: Final = 0.2


class MarketOverview(App):
    """The market page as a widget, for a notebook and for Voila.

    Parameters
    ----------
    universe : str, default "sample indices"
        What is shown first, small so that the page is there soon: a name that
        `iq.market_overview` knows, such as ``"all"``, or symbols with commas
        between; the address may say another (``?universe=dow30``).

    Examples
    --------
    >>> app = MarketOverview("all")  # doctest: +SKIP
    """

    name: ClassVar[str] = "market_overview"
    title: ClassVar[str] = "Market overview"

    def __init__(self, universe: str = "sample indices") -> None:
        self._universe = universe
        self._overview: Survey | None = None
        self.cards = classed(Panel("Summary", 80), "iq-bare", "iq-plain")
        self.breadth = Panel("Regime and breadth", 980)
        self.volatility = Panel("Volatility", 320)
        self.rank = Panel("Ranked members", 640)
        self.heat = Panel("Returns by window", 640)
        self.movers = Panel("Movers", 420)
        self.together = Panel("Correlation", 420)
        self.sectors = Panel("Sectors", 240)
        self.fresh = Panel("Data freshness", 200)
        self.notes = Panel("Notes", 80)
        self.table = Movers()
        self._saving: W.Widget | None = None
        self._fields()
        super().__init__(
            self._rows(),
            (
                self.cards, self.breadth, self.volatility, self.together, self.rank, self.heat, self.movers,
                self.sectors, self.fresh, self.notes,
            ),
        )  # fmt: skip

    def _rows(self) -> list[W.Widget]:
        left = classed(W.VBox([self.breadth]), "iq-column")
        right = classed(W.VBox([self.volatility, self.together]), "iq-column")
        layout = W.Layout(grid_template_columns="minmax(0,2fr) minmax(0,1fr)")
        top = classed(W.GridBox([left, right], layout=layout), "iq-grid")
        ranks = classed(W.HBox([self.rank, self.heat]), "iq-halves")
        ends = classed(W.HBox([self.sectors, self.fresh]), "iq-halves")
        return [self.cards, top, ranks, self.movers, ends, self.notes]

    def _fields(self) -> None:
        self.universe = W.Combobox(value=self._universe, options=_UNIVERSES, description="Universe")
        self.as_of = W.DatePicker(description="As of")
        self.window = W.Dropdown(options=_WINDOWS, value="momentum", description="Window")
        self.group = W.Dropdown(options=("first",), value="first", description="Group")
        self.button = classed(W.Button(description="Show", tooltip="Survey this universe"), "iq-run")
        self.button.on_click(lambda _: self.run())
        self.universe.on_msg(self._on_message)
        self.window.observe(lambda _: self._on_choice(), names="value")
        self.group.observe(lambda _: self._on_choice(), names="value")
        self._filling = False

    # --- a turn ---------------------------------------------------------------------------------------------------

    def open(self, turn: Turn) -> None:
        """Show the controls, and survey the universe that the caller or the address names."""
        wanted = self.query.get("universe", self._universe)

        def arrange() -> None:
            self.universe.value = wanted
            for field in (self.universe, self.as_of, self.window, self.group):
                field.layout.width = "180px"
            self.toolbar.children = (self.universe, self.as_of, self.group, self.window, self.button, self.status)
            self.settings.show(self.toolbar)

        turn.present(arrange)
        self._survey(turn, wanted)

    def run(self) -> None:
        """Survey the universe with the present settings; an older run still under way is dropped."""

        def work(turn: Turn) -> None:
            began = time.monotonic()
            self._survey(turn, self.universe.value)
            self.finish(turn, began)

        self.start(work)

    def _on_message(self, _: W.Widget, content: dict[str, object], __: object) -> None:
        if content.get("event") == "submit":
            # The browser may send the key before the last letters.
            time.sleep(_TYPING_S)
            self.run()

    def _survey(self, turn: Turn, universe: str) -> None:
        """Compute and show everything."""
        others = [panel for panel in self.panels if panel is not self.breadth]
        self.progress(turn, "Loading and measuring", *self.panels)
        with self.guard(turn, self.breadth, *others) as border:
            import investiq as iq

            asked = [each.strip() for each in universe.split(",") if each.strip()]
            names: Any = asked if len(asked) > 1 else (asked or ["all"])[0]
            overview = iq.market_overview(names, as_of=self.as_of.value)
            turn.present(lambda: self._take(overview))
            self._show(turn)
        if border.failed:
            turn.present(self._forget)

    def _take(self, overview: Survey) -> None:
        from investiq.core.facts import Fact

        self._overview = overview
        names = [each.name for each in overview.groups]
        self._filling = True
        kept = self.group.value if self.group.value in names else names[0]
        self.group.options = names
        self.group.value = kept
        self._filling = False
        ends = sorted({str(each.session.astype("datetime64[D]")) for each in overview.groups})
        self.state_origin(
            [
                Fact("Universe", overview.universe),
                Fact("Series", sum(len(each.members) for each in overview.groups), "count"),
                Fact("Last sessions", ", ".join(ends)),
                Fact("As of", overview.as_of, "time"),
                Fact("Prices", "total-return adjusted for returns"),
            ],
            overview.watermark,
        )

    def _forget(self) -> None:
        from investiq.core.facts import Fact

        self._overview = None
        self.state_origin([Fact("Universe", f"{self.universe.value}: could not be surveyed")])

    def _on_choice(self) -> None:
        if self._filling or self._overview is None:
            return

        def work(turn: Turn) -> None:
            began = time.monotonic()
            self._show(turn)
            self.finish(turn, began)

        self.start(work, *self.panels)

    @property
    def _shown(self) -> GroupSurvey:
        assert self._overview is not None
        return self._overview.group(self.group.value)

    # --- panels ---------------------------------------------------------------------------------------------------

    def _show(self, turn: Turn) -> None:
        from investiq.analysis.survey_tables import group_facts
        from investiq.core.facts import Fact
        from investiq.figures.tables import metric_cards
        from investiq.widgets import tables

        overview, group, window = self._overview, self._shown, self.window.value
        assert overview is not None
        facts = [each for each in group_facts(group) if each.label not in ("Group", "Session", "Regime for", "Members")]
        cards = metric_cards(
            [Fact(each.label, each.value, each.unit, each.convention.partition(";")[0], each.note) for each in facts][:_CARDS]
        )  # fmt: skip
        turn.present(lambda: self.cards.show(cards))
        self._draw(turn)
        members = group.fresh
        moved = f"{group.name}, {len(members):,} with a bar on the last session"
        turn.present(lambda: self.table.fill(members, window))
        turn.present(lambda: self.movers.show(self._movers_box(), subtitle=moved))
        if len(group.sectors):
            lines = sectors(group)
            turn.present(
                lambda: self.sectors.show(lines, subtitle="means of equal weights; returns over so many sessions")
            )
        else:
            turn.present(lambda: self.sectors.not_available(group.no_sectors))
        state = freshness(overview)
        turn.present(lambda: self.fresh.show(state, subtitle=f"time of knowledge {overview.as_of:%Y-%m-%d %H:%M} UTC"))
        if overview.notes:
            turn.present(lambda: self.notes.show(tables.notes_block(overview.notes)))
        else:
            turn.present(lambda: self.notes.empty("No cautions about these data."))

    def redraw(self) -> None:
        """Draw every figure anew in the present theme."""
        if self._overview is None:
            return
        for name, panel, make in self._figures():
            if panel.state == "ok":
                self.chart(name, make())

    def _draw(self, turn: Turn) -> None:
        group = self._shown
        reasons = {
            "volatility": ""
            if group.volatility is not None
            else group.no_benchmark or "the benchmark has too few bars",
            "together": group.comovement.reason,
            "rank": ""
            if group.fresh[self._measure].notna().any()
            else f"no member has a {'month of bars' if self._measure == 'momentum' else f'return over {self.window.label}'}",
        }
        for name, panel, make in self._figures():
            if reason := reasons.get(name, ""):
                turn.present(lambda panel=panel, reason=reason: panel.not_available(reason))  # type: ignore[misc]
                continue
            with self.guard(turn, panel):
                figure = make()
                turn.present(lambda name=name, panel=panel, figure=figure: panel.show(self.chart(name, figure), subtitle=self._told(name)))  # type: ignore[misc]  # fmt: skip

    def _told(self, name: str) -> str:
        from investiq.analysis.survey_tables import MOMENTUM_RANK

        ranked = MOMENTUM_RANK if self._measure == "momentum" else f"Returns over {self.window.label}, ranked"
        return f"{self._shown.name}; {ranked}" if name == "rank" else self._shown.name

    @property
    def _measure(self) -> str:
        return str(self.window.value)

    def _figures(self) -> list[tuple[str, Panel, Callable[[], go.Figure]]]:
        """Return name, panel and maker of every figure."""
        from investiq.figures import market, market_ranks

        overview, name = self._overview, self.group.value
        assert overview is not None

        def fitted(figure: go.Figure, top: int) -> go.Figure:
            # The panel has the title.
            figure.update_layout(title=None, margin={"t": top})
            return figure

        look: dict[str, Any] = {"group": name, "theme": self.theme}
        return [
            ("breadth", self.breadth, lambda: fitted(market.market_chart(overview, **look), 40)),
            ("volatility", self.volatility, lambda: fitted(market.volatility_level_chart(overview, **look), 40)),
            ("together", self.together, lambda: fitted(market_ranks.co_movement_map(overview, **look), 52)),
            ("rank", self.rank, lambda: fitted(market_ranks.strength_rank(overview, window=self._measure, **look), 52)),
            ("heat", self.heat, lambda: fitted(market_ranks.returns_map(overview, **look), 66)),
        ]

    # --- files ----------------------------------------------------------------------------------------------------

    def _movers_box(self) -> W.Widget:
        if self._saving is None:
            buttons = [
                downloads.download_button(lambda: self._file_name("csv"), lambda: self._file("csv"), downloads.CSV, "Members (CSV)"),
                downloads.download_button(lambda: self._file_name("xlsx"), lambda: self._file("xlsx"), downloads.XLSX, "Members (Excel)"),
                downloads.download_button(lambda: self._file_name("html"), lambda: self._file("html"), downloads.HTML, "Overview (HTML)"),
            ]  # fmt: skip
            self._saving = W.VBox([self.table, classed(W.HBox(buttons), "iq-halves-left")])
        return self._saving

    def _file_name(self, suffix: str) -> str:
        return f"market overview {self._overview.universe if self._overview else 'none'}.{suffix}"

    def _file(self, suffix: str) -> bytes:
        import tempfile
        from pathlib import Path

        from investiq.core.errors import DataError

        if self._overview is None:
            raise DataError("there is no overview to save; press Show first")
        with tempfile.TemporaryDirectory(prefix="investiq-") as folder:
            return self._overview.export(Path(folder) / f"overview.{suffix}").read_bytes()
