"""What is delivered: the outcome of a run in words and values, with its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

from investiq.core.errors import InvestIQError

__all__ = ["DeliveryError", "Message"]

_STYLE: Final = "font-family:sans-serif;font-size:15px;line-height:1.45;max-width:42em"


class DeliveryError(InvestIQError):
    """A message did not arrive: see the reason; `may_pass` says whether the same may succeed later."""

    def __init__(self, message: str, *, may_pass: bool) -> None:
        self.may_pass = may_pass
        super().__init__(message)


@dataclass(frozen=True, kw_only=True)
class Message:
    """The outcome of a run.

    Attributes
    ----------
    key : str
        The same for each attempt to deliver the same, so that a receiver can drop a second copy.
    headline : str
        One line: the outcome and what it is about.
    paragraphs : tuple of str
    facts : mapping of str to str
        Label and value.
    payload : mapping of str to object
        The same for programs.
    page : Path or None
        The report, or the page that shows where it failed.
    pdf : Path or None
    others : tuple of Path
        Files and folders that are only copied to folders.
    """

    key: str
    headline: str
    paragraphs: tuple[str, ...]
    facts: Mapping[str, str]
    payload: Mapping[str, object]
    page: Path | None = None
    pdf: Path | None = None
    others: tuple[Path, ...] = ()

    def text(self, *more: str) -> str:
        """Return the message as plain text, with `more` paragraphs at its end."""
        width = max(map(len, self.facts), default=0)
        lines = [f"{label:<{width}}  {value}" for label, value in self.facts.items()]
        return "\n\n".join([self.headline, *self.paragraphs, "\n".join(lines), *more]) + "\n"

    def html(self, *more: str) -> str:
        """Return the message as one HTML page without any address outside of it."""
        rows = "".join(
            f'<tr><td style="padding:2px 16px 2px 0;color:#666">{escape(label)}</td><td>{escape(value)}</td></tr>'
            for label, value in self.facts.items()
        )
        words = "".join(f"<p>{escape(text)}</p>" for text in self.paragraphs)
        rest = "".join(f'<p style="color:#666">{escape(text)}</p>' for text in more)
        return (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"></head><body style="{_STYLE}">'
            f"<h2>{escape(self.headline)}</h2>{words}<table>{rows}</table>{rest}</body></html>"
        )
