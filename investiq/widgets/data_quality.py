"""The data page: which series are there, how complete, what is wrong with them, and where they come from."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, ClassVar, Final

import ipywidgets as W

from investiq.widgets import data_tables
from investiq.widgets.app import App, classed
from investiq.widgets.data_figures import figure_of, nothing_to_draw
from investiq.widgets.data_saving import saving_buttons
from investiq.widgets.panel import Panel

if TYPE_CHECKING:
    from collections.abc import Callable

    from investiq.market.data_series import DataSeries
    from investiq.market.data_survey import DataOverview
    from investiq.widgets.latest import Turn

__all__ = ["DataQuality"]

_SCOPES: Final = ("all", "sample", "synthetic", "stored", "dow30", "nasdaq100", "sp500")
_ALL: Final = "all providers"
_CARDS: Final = 8
_TYPING_S: Final = 0.2


class DataQuality(App):
    """The data page as a widget, for a notebook and for Voila.

    Parameters
    ----------
    symbols : str, default "all"
        What is shown first: a name that `iq.data_overview` knows, or symbols
        with commas between; the address may say another (``?symbols=stored``),
        and which series is chosen (``?symbol=^GSPC``).
    """

    name: ClassVar[str] = "data_quality"
    title: ClassVar[str] = "Data quality"

    def __init__(self, symbols: str = "all") -> None:
        self._symbols = symbols
        self._overview: DataOverview | None = None
        self._chosen = ""
        self._filling = False
        self.cards = classed(Panel("Summary", 80), "iq-bare", "iq-plain")
        self.coverage = Panel("Coverage", 420)
        self.series = Panel("Series", 480)
        self.passport = Panel("Passport", 480)
        self.found = Panel("Findings", 240)
        self.checks = Panel("Findings by check", 240)
        self.held = Panel("Quarantine", 160)
        self.fresh = Panel("Freshness", 160)
        self.notes = Panel("Notes", 60)
        self.table = data_tables.SeriesTable(self.choose)
        self._saving: W.Widget | None = None
        self._fields()
        layout = W.Layout(grid_template_columns="minmax(0,2fr) minmax(0,1fr)")
        left = classed(W.VBox([self.series, self.found]), "iq-column")
        grid = classed(W.GridBox([left, self.passport], layout=layout), "iq-grid")
        whole = classed(W.VBox([self.checks, self.held]), "iq-column")
        ends = classed(W.HBox([whole, self.fresh]), "iq-halves")
        panels = (
            self.cards,
            self.coverage,
            self.series,
            self.found,
            self.passport,
            self.checks,
            self.held,
            self.fresh,
            self.notes,
        )
        super().__init__([self.cards, self.coverage, grid, ends, self.notes], panels)

    def _fields(self) -> None:
        self.scope = W.Combobox(value=self._symbols, options=_SCOPES, description="Data")
        self.provider = W.Dropdown(options=(_ALL,), value=_ALL, description="Provider")
        self.symbol = W.Combobox(value="", placeholder="find a series", description="Symbol")
        self.as_of = W.DatePicker(description="As of")
        self.button = classed(W.Button(description="Show", tooltip="Look at these data"), "iq-run")
        self.button.on_click(lambda _: self.run())
        self.scope.on_msg(self._on_enter(self.run))
        self.symbol.on_msg(self._on_enter(self.find))
        self.provider.observe(lambda _: self._on_provider(), names="value")

    def _on_enter(self, work: Callable[[], None]) -> Callable[[W.Widget, dict[str, object], object], None]:
        def receive(_: W.Widget, content: dict[str, object], __: object) -> None:
            if content.get("event") == "submit":
                # The browser may send the key before the last letters.
                time.sleep(_TYPING_S)
                work()

        return receive

    # --- a turn ---------------------------------------------------------------------------------------------------

    def open(self, turn: Turn) -> None:
        """Show the controls, and look at the data that the caller or the address names."""
        wanted = self.query.get("symbols", self._symbols)
        self._chosen = self.query.get("symbol", "")

        def arrange() -> None:
            self.scope.value = wanted
            for field in (self.scope, self.provider, self.symbol, self.as_of):
                field.layout.width = "190px"
            self.toolbar.children = (self.scope, self.as_of, self.button, self.provider, self.symbol, self.status)
            self.settings.show(self.toolbar)

        turn.present(arrange)
        self._survey(turn, wanted)

    def run(self) -> None:
        """Look at the data with the present settings; an older look still under way is dropped."""
        self._begin(lambda turn: self._survey(turn, self.scope.value))

    def find(self) -> None:
        """Choose the series of the symbol that was typed, and look it up where it is not listed yet."""
        wanted = self.symbol.value.strip()
        if wanted and self._overview is not None:
            self._begin(lambda turn: self._find(turn, wanted), self.passport, self.found)

    def choose(self, name: str) -> None:
        """Show passport and findings of a series that is listed."""
        self._chosen = name
        self._begin(self._show_chosen, self.passport, self.found)

    def _begin(self, work: Callable[[Turn], None], *panels: Panel) -> None:
        def whole(turn: Turn) -> None:
            began = time.monotonic()
            work(turn)
            self.finish(turn, began)

        self.start(whole, *panels)

    def _survey(self, turn: Turn, scope: str) -> None:
        others = [panel for panel in self.panels if panel is not self.series]
        self.progress(turn, "Reading and checking", *self.panels)
        with self.guard(turn, self.series, *others) as border:
            import investiq as iq

            asked = [each.strip() for each in scope.split(",") if each.strip()]
            overview = iq.data_overview(asked if len(asked) > 1 else (asked or ["all"])[0], as_of=self.as_of.value)
            turn.present(lambda: self._take(overview))
            self._show(turn)
        if border.failed:
            turn.present(self._forget)

    def _find(self, turn: Turn, wanted: str) -> None:
        with self.guard(turn, self.passport, self.found):
            import investiq as iq

            overview = self._overview
            assert overview is not None
            if not _matching(overview, wanted):
                more = iq.data_overview(wanted, as_of=self.as_of.value)
                names = {each.name for each in overview.series}
                added = tuple(each for each in more.series if each.name not in names)
                whole = dataclasses.replace(overview, series=(*overview.series, *added))
                turn.present(lambda: self._take(whole))
                overview = whole
            self._chosen = _matching(overview, wanted)
            self._show(turn)

    def _take(self, overview: DataOverview) -> None:
        from investiq.core.facts import Fact

        self._overview = overview
        providers = sorted({each.provider for each in overview.series})
        self._filling = True
        kept = self.provider.value if self.provider.value in providers else _ALL
        self.provider.options = (_ALL, *providers)
        self.provider.value = kept
        self._filling = False
        self.symbol.options = tuple(each.name for each in overview.series)
        self._chosen = _matching(overview, self._chosen) or overview.series[0].name
        self.state_origin(
            [
                Fact("Data", overview.scope),
                Fact("Series", len(overview.series), "count"),
                Fact("Providers", ", ".join(providers)),
                Fact("As of", overview.as_of, "time"),
            ],
            overview.watermark,
        )

    def _forget(self) -> None:
        from investiq.core.facts import Fact

        self._overview = None
        self.state_origin([Fact("Data", f"{self.scope.value}: could not be looked at")])

    def _on_provider(self) -> None:
        if not self._filling and self._overview is not None:
            self._begin(self._show)

    @property
    def _shown(self) -> DataOverview:
        """The overview with the series of the chosen provider alone."""
        assert self._overview is not None
        if self.provider.value == _ALL:
            return self._overview
        series = tuple(each for each in self._overview.series if each.provider == self.provider.value)
        return dataclasses.replace(self._overview, series=series)

    # --- panels ---------------------------------------------------------------------------------------------------

    def _show(self, turn: Turn) -> None:
        from investiq.core.facts import Fact
        from investiq.figures.tables import metric_cards
        from investiq.widgets import tables

        shown = self._shown
        if self._chosen not in [each.name for each in shown.series]:
            self._chosen = shown.series[0].name
        facts = [
            Fact(each.label, each.value, each.unit, each.convention.partition(",")[0], each.note)
            for each in shown.facts()
        ]
        cards = metric_cards(facts[:_CARDS])
        frame, held = shown.to_frame(), shown.quarantine_frame()
        turn.present(lambda: self.cards.show(cards))
        turn.present(lambda: self.table.fill(frame, self._chosen))
        turn.present(lambda: self.series.show(self._series_box(), subtitle="press a row for its passport and findings"))
        self._draw(turn, shown)
        if len(held):
            turn.present(
                lambda: self.held.show(data_tables.quarantine(held), subtitle="kept, marked, and refused by a backtest")
            )
        else:
            turn.present(lambda: self.held.empty("No bar of these series is held for a bad print."))
        if shown.checked:
            words = f"as of {shown.as_of:%Y-%m-%d %H:%M} UTC"
            turn.present(lambda: self.fresh.show(data_tables.freshness(shown.series), subtitle=words))
        else:
            turn.present(lambda: self.fresh.not_available("no calendar says when records are due"))
        if shown.notes:
            turn.present(lambda: self.notes.show(tables.notes_block(shown.notes)))
        else:
            turn.present(lambda: self.notes.empty("No cautions about this look at the data."))
        self._show_chosen(turn)

    def _show_chosen(self, turn: Turn) -> None:
        series: DataSeries = self._shown.of(self._chosen)
        turn.present(lambda: self.table.mark(series.name))
        turn.present(lambda: self.passport.show(data_tables.passport(series), subtitle=series.name))
        if series.quality is None:
            turn.present(lambda: self.found.not_available(f"{series.name} holds records; checks judge bars"))
        elif series.findings:
            turn.present(lambda: self.found.show(data_tables.findings(series), subtitle=series.name))
        else:
            turn.present(lambda: self.found.empty(f"No check found anything in {series.name}."))

    def redraw(self) -> None:
        """Draw both figures anew in the present theme."""
        if self._overview is None:
            return
        for name, panel in self._charted.items():
            if panel.state == "ok":
                self.chart(name, figure_of(name, self._shown, self.theme))

    def _draw(self, turn: Turn, shown: DataOverview) -> None:
        for name, panel in self._charted.items():
            if reason := nothing_to_draw(name, shown):
                turn.present(lambda panel=panel, reason=reason: panel.empty(reason))  # type: ignore[misc]
                continue
            with self.guard(turn, panel):
                figure = figure_of(name, shown, self.theme)
                turn.present(lambda name=name, panel=panel, figure=figure: panel.show(self.chart(name, figure)))  # type: ignore[misc]

    @property
    def _charted(self) -> dict[str, Panel]:
        return {"coverage": self.coverage, "checks": self.checks}

    # --- files ----------------------------------------------------------------------------------------------------

    def _series_box(self) -> W.Widget:
        if self._saving is None:
            buttons = classed(W.HBox(saving_buttons(self._given)), "iq-halves-left")
            self._saving = W.VBox([self.table, buttons])
        return self._saving

    def _given(self) -> DataOverview:
        from investiq.core.errors import DataError

        if self._overview is None:
            raise DataError("there is no overview to save; press Show first")
        return self._shown


def _matching(overview: DataOverview, wanted: str) -> str:
    """Return the name of the series that is meant, empty where none is."""
    word = wanted.upper()
    for each in overview.series:
        if word and word in (each.name.upper(), each.symbol.upper()):
            return each.name
    return ""
