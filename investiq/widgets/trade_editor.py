"""Notes and tags beside the trade on the page: written, listed with their times, never deleted."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING

import ipywidgets as W

from investiq.widgets.panel import ErrorBorder
from investiq.widgets.trade_table import chips

if TYPE_CHECKING:
    import pandas as pd

    from investiq.backtesting.result import BacktestResult

__all__ = ["NoteEditor", "tags_in"]


class NoteEditor(W.VBox):
    """A field for a note, one for tags, a button, and what was written before.

    Attributes
    ----------
    note : Textarea
    tags : Text
        Words with commas between.
    button : Button

    Parameters
    ----------
    saved : callable
        Called after a note was written.
    """

    def __init__(self, saved: Callable[[], None]) -> None:
        self._saved = saved
        self._result: BacktestResult | None = None
        self._number = -1
        self.note = W.Textarea(placeholder="What you saw, and what you would do", description="Note", rows=3)
        self.tags = W.Text(placeholder="late entry, news", description="Tags, with commas between")
        self.button = W.Button(description="Save note", tooltip="Write the note and the tags beside this trade")
        self.button.add_class("iq-run")
        self.button.on_click(lambda _: self.save())
        self._said = W.HTML()
        self._list = W.HTML()
        row = W.HBox([self.button, self._said])
        row.add_class("iq-editor-row")
        super().__init__([self.note, self.tags, row, self._list])
        self.add_class("iq-editor")

    def show(self, result: BacktestResult, number: int, written: pd.DataFrame) -> None:
        """Turn to a trade; what was typed for another one goes, what was written beside this one is listed."""
        if (result, number) != (self._result, self._number):
            self.note.value = self.tags.value = self._said.value = ""
        self._result, self._number = result, number
        self._list.value = _listed(written[written["trade"] == number])

    def save(self) -> None:
        """Write what was typed; what is wrong with it is told beside the button, and the text stays."""
        if self._result is None:
            return
        # The border calls `error` of this widget as it would a panel's.
        with ErrorBorder(self):
            from investiq.backtesting.trade_annotating import annotate_trade

            found = annotate_trade(self._result, self._number, self.note.value, tags_in(self.tags.value))
            self.note.value = self.tags.value = ""
            words = f"Saved at {found.written_at:%H:%M:%S} UTC"
            self._said.value = f'<span class="iq-status" role="status">{escape(words)}</span>'
            self._saved()

    def error(self, code: str, message: str, run_id: str) -> None:
        """Tell beside the button what failed."""
        self._said.value = f'<span class="iq-status iq-failed" role="alert">{escape(f"✕ {code}: {message}")}</span>'


def tags_in(text: str) -> list[str]:
    """Return the words between the commas.

    Examples
    --------
    >>> tags_in(" late entry, news,, ")
    ['late entry', 'news']
    """
    return [each.strip() for each in text.split(",") if each.strip()]


def _listed(written: pd.DataFrame) -> str:
    if not len(written):
        return (
            '<p class="iq-quiet">No note beside this trade yet. Notes stay: another one is added, none is changed.</p>'
        )
    items = []
    for row in written.iloc[::-1].to_dict("records"):
        old = "" if row["is_current"] else " · written beside another trade of this number: the run has changed since"
        words = escape(str(row["note"])).replace("\n", "<br>")
        items.append(
            f'<li><time class="iq-quiet">{row["written_at"]:%Y-%m-%d %H:%M} UTC{old}</time> {chips(row["tags"])}<div>{words}</div></li>'
        )
    return f'<ul class="iq-written" aria-label="Notes of this trade">{"".join(items)}</ul>'
