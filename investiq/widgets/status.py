"""The line beside the button: how far the work is, how it ended, and whether the page is older than its inputs."""

from __future__ import annotations

from html import escape
from typing import Final, Literal

import ipywidgets as W

__all__ = ["Status"]

Stage = Literal["working", "done", "failed"]

_PENDING: Final = "Inputs changed, press Run"
# A sign says what the colour does.
_SIGNS: Final = {"failed": "✕", "pending": "●"}


class Status(W.HTML):
    """One line of text.

    Attributes
    ----------
    words : str
        What was said last.
    """

    def __init__(self) -> None:
        super().__init__()
        self.words = ""
        self._stage: Stage = "working"
        self._turn = 0

    def say(self, words: str, stage: Stage, turn: int) -> None:
        """Show `words`, which belong to the turn of that number."""
        self.words, self._stage, self._turn = words, stage, turn
        self._show(words, stage)

    def mark(self, is_old: bool) -> None:
        """Say that the inputs are others than those of the page; or, when they are the same again, what was said last."""
        if is_old and self._stage != "working":
            self._show(_PENDING, "pending")
        else:
            self._show(self.words, self._stage)

    def _show(self, words: str, style: str) -> None:
        sign = f'<span aria-hidden="true">{_SIGNS[style]}</span> ' if style in _SIGNS else ""
        self.value = (
            f'<span class="iq-status iq-{style}" role="status" data-turn="{self._turn}" '
            f'data-done="{self._stage != "working":d}">{sign}{escape(words)}</span>'
        )
