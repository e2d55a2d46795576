"""The line beside the button: how far the work is, how it ended, and whether the page is older than its inputs."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final, Literal

import ipywidgets as W

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Stage", "Status"]

Stage = Literal["working", "done", "failed"]

_PENDING: Final = "Inputs changed, press Run"
# A sign says what the colour does.
_SIGNS: Final = {"failed": "✕", "pending": "●"}


class Status(W.HBox):
    """One line of text, a bar while the extent of the work is known, and a button that cancels it.

    Attributes
    ----------
    words : str
        What was said last.
    cancel : Button
        Shown while something works.

    Parameters
    ----------
    on_cancel : callable, optional
        Called by the button; without it there is none.
    """

    def __init__(self, on_cancel: Callable[[], None] | None = None) -> None:
        self._text = W.HTML()
        self.cancel = W.Button(description="Cancel", tooltip="Stop what is under way; the page keeps what it shows")
        self.cancel.add_class("iq-cancel")
        if on_cancel is not None:
            self.cancel.on_click(lambda _: on_cancel())
        self._can_cancel = on_cancel is not None
        self.words = ""
        self._stage: Stage = "working"
        self._turn = 0
        self._shown: tuple[W.Widget, ...] = (self._text,)
        super().__init__(self._shown)
        self.add_class("iq-status-line")

    @property
    def value(self) -> str:
        """The line as HTML."""
        return str(self._text.value)

    def say(self, words: str, stage: Stage, turn: int, share: float | None = None) -> None:
        """Show `words`, which belong to the turn of that number; `share` in [0, 1] of the work is done."""
        self.words, self._stage, self._turn = words, stage, turn
        self._show(words, stage, share)
        shown = (self._text, self.cancel) if stage == "working" and self._can_cancel else (self._text,)
        if self._shown != shown:
            self.children = self._shown = shown

    def mark(self, is_old: bool) -> None:
        """Say that the inputs are others than those of the page; or, when they are the same again, what was said last."""
        if is_old and self._stage != "working":
            self._show(_PENDING, "pending")
        else:
            self._show(self.words, self._stage)

    def _show(self, words: str, style: str, share: float | None = None) -> None:
        sign = f'<span aria-hidden="true">{_SIGNS[style]}</span> ' if style in _SIGNS else ""
        bar = (
            "" if share is None else f'<progress max="1" value="{share:.4f}" aria-label="Share of the work"></progress>'
        )
        self._text.value = (
            f'<span class="iq-status iq-{style}" role="status" data-turn="{self._turn}" '
            f'data-done="{self._stage != "working":d}">{bar}{sign}{escape(words)}</span>'
        )
