"""The lab's trades: as a table, as files, as a tear sheet, and saved for the trade review."""

from __future__ import annotations

import io
from html import escape
from typing import TYPE_CHECKING, ClassVar

import ipywidgets as W

from investiq.core.errors import InvestIQError
from investiq.widgets.app import classed
from investiq.widgets.backtest_lab_run import forget_count
from investiq.widgets.backtest_lab_section import Section
from investiq.widgets.downloads import CSV, XLSX, download_button, file_name
from investiq.widgets.latest import Latest
from investiq.widgets.panel import Panel

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from investiq.backtesting.result import BacktestResult
    from investiq.figures.theme import ThemeName
    from investiq.widgets.backtest_lab import BacktestLab
    from investiq.widgets.latest import Turn

__all__ = ["TradesSection"]


class TradesSection(Section):
    """Every round trip of the run, and what can be taken away of it."""

    title: ClassVar[str] = "Trades"

    def __init__(self, lab: BacktestLab) -> None:
        self._sheets = Latest()
        self.trades = Panel("Round trips", 300)
        self.save = W.Button(
            description="Save result", tooltip="As .iq, which the trade review and iq.load_result open"
        )
        self.sheet = W.Button(description="Make tear sheet", tooltip="In the background; the page stays usable")
        self.said = classed(W.HTML(), "iq-lab-said")
        self.csv = download_button(lambda: self._name("csv"), self._as_csv, CSV, "Trades (CSV)")
        self.excel = download_button(lambda: self._name("xlsx"), self._as_excel, XLSX, "Trades (Excel)")
        buttons = classed(W.HBox([self.save, self.csv, self.excel, self.sheet]), "iq-toolbar")
        super().__init__(lab, [classed(W.VBox([buttons, self.said]), "iq-panel"), self.trades], (self.trades,))
        self.save.on_click(lambda _: self._save())
        self.sheet.on_click(lambda _: self._make_sheet())

    def compute(self, turn: Turn) -> None:
        """Show the table."""
        from investiq.widgets import tables

        result = self.lab.shown
        with self.lab.guard(turn, self.trades):
            count = len(result.trades)
            content = tables.trades_table(result.trades, result.bars.passport.currency, limit=max(count, 1))
            turn.present(lambda: setattr(self.said, "value", ""))
            if count:
                turn.present(lambda: self.trades.show(content, subtitle=f"{count} of {result.title}, newest first"))
            else:
                turn.present(lambda: self.trades.empty("The strategy made no trade in this range."))

    def _name(self, suffix: str) -> str:
        result = self.lab.shown
        return f"{file_name(f'{result.subject}_{result.strategy.name}')}_{result.fingerprint[:8]}.{suffix}"

    def _frame(self) -> pd.DataFrame:
        frame = self.lab.shown.trades.copy()
        for name in ("entry_ts", "exit_ts"):
            frame[name] = frame[name].dt.tz_localize(None)  # a workbook knows no time zones; all of them are UTC
        return frame.assign(watermark=self.lab.shown.watermark or "")

    def _as_csv(self) -> bytes:
        return self._frame().to_csv(index_label="trade").encode()

    def _as_excel(self) -> bytes:
        content = io.BytesIO()
        self._frame().to_excel(content, sheet_name="Trades", index_label="trade", engine="xlsxwriter")
        return content.getvalue()

    def saved(self) -> Path:
        """Write the run to the folder of results and return the file."""
        from investiq.runtime.paths import results_dir, writable

        folder = writable(results_dir(), "INVESTIQ_DATA_DIR")
        return self.lab.shown.save(folder / self._name("iq"))

    def _save(self) -> None:
        from investiq.widgets.visiting import link

        try:
            path = self.saved()
        except InvestIQError as error:
            self._say(f"✕ {error}", failed=True)
            return
        review = link("trade_review", "Review these trades one by one", result=path.name)
        self._say(f"Saved as {path}.", more=f" {review}.")

    def _make_sheet(self) -> None:
        result, theme = self.lab.shown, self.lab.theme
        forget_count(result)
        self.sheet.disabled = True
        self._say("Making the tear sheet; it takes some seconds …")
        self._sheets.start(lambda turn: self._sheet_of(result, theme))

    def _sheet_of(self, result: BacktestResult, theme: ThemeName) -> None:
        import investiq as iq
        from investiq.runtime.progress import watched

        def tell(done: int, total: int, label: str) -> None:
            self._say(f"Making the tear sheet: {done} of {total} steps …")

        try:
            with watched(tell):
                report = iq.tear_sheet(result, theme=theme)
            self._say(f"Tear sheet made in {report.seconds:.1f} s: {report.path}")
        except InvestIQError as error:
            self._say(f"✕ {error}", failed=True)
        finally:
            self.sheet.disabled = False

    def _say(self, words: str, *, more: str = "", failed: bool = False) -> None:
        style = "iq-status iq-failed" if failed else "iq-status"
        self.said.value = f'<span class="{style}" role="status">{escape(words)}{more}</span>'
