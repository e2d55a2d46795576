"""A panel of a dashboard: a title and exactly one of five states, never a blank."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable, Sequence
from html import escape
from types import TracebackType
from typing import Final, Literal, Protocol

import ipywidgets as W

from investiq.core.errors import InvestIQError

__all__ = ["ErrorBorder", "Panel", "State", "Superseded", "Teller", "first_clause"]

State = Literal["loading", "ok", "empty", "not_available", "error"]

_SILENCED: Final = "iq-silenced"
_LOG: Final = logging.getLogger("investiq.widgets")


class Superseded(Exception):
    """A newer request was made meanwhile: this one stops without a word."""


class Teller(Protocol):
    """What can tell an error: a panel, or the line beside a button."""

    def error(self, code: str, message: str, run_id: str) -> None:
        """Show an error: its code, what it says, and the id under which the log has the rest."""


class Panel(W.VBox):
    """A titled box that shows its content, or says why it has none.

    Attributes
    ----------
    state : {"loading", "ok", "empty", "not_available", "error"}
        Loading shows a skeleton, or the former content dimmed; ok the content;
        empty that there is nothing; not available the reason (no key, plan,
        sample data); error a code, a message and the id of the run.
    problem : str
        What the error says, without what to do about it; empty in the other states.

    Parameters
    ----------
    title : str
    height_px : int, default 120
        Height of the skeleton, near that of the content.
    """

    def __init__(self, title: str, height_px: int = 120) -> None:
        self.title = title
        self.state: State = "loading"
        self.problem = ""
        self._height_px = height_px
        self._head = W.HTML()
        self._message = W.HTML()
        self._html = W.HTML()
        self._body = W.VBox()
        self._subtitle = ""
        super().__init__([self._head, self._message, self._body])
        self.add_class("iq-panel")
        self.loading("Waiting")

    def loading(self, words: str = "Loading") -> None:
        """Show a skeleton; content that is there already stays, dimmed, until the new one comes."""
        self.remove_class(_SILENCED)
        self.state, self.problem = "loading", ""
        if self._body.children:
            self._body.add_class("iq-stale")
            self._message.value = ""
        else:
            self._message.value = f'<div class="iq-skeleton" role="status" aria-label="{escape(words)}" style="height:{self._height_px}px"></div>'
        self._title(busy=words)

    def show(self, content: W.Widget | str, subtitle: str = "") -> None:
        """Show `content`.

        Parameters
        ----------
        content : Widget or str
            A widget, which is kept in place when it is shown again; or HTML
            whose values are escaped.
        subtitle : str
            What the content is about; escaped here.
        """
        self.remove_class(_SILENCED)
        self.state, self.problem = "ok", ""
        self._subtitle = subtitle
        self._message.value = ""
        if isinstance(content, str):
            self._html.value, content = content, self._html
        if self._body.children != (content,):
            self._body.children = (content,)
        self._body.remove_class("iq-stale")
        self._title()

    def empty(self, words: str) -> None:
        """Say that there is nothing to show, and why that is not a failure."""
        self._say("empty", "iq-empty", f"<b>Nothing to show.</b>{escape(words)}")

    def silence(self, of: str) -> None:
        """Leave the screen until there is something to show again: what the panel needs failed under `of`, which tells it."""
        self.empty(f"It needs what failed under “{of}”.")
        self.add_class(_SILENCED)

    def not_available(self, reason: str) -> None:
        """Say that the data do not hold this: no key, another plan, sample data."""
        self._say("not_available", "iq-unavailable", f"<b>Not available.</b>{escape(reason)}")

    def error(self, code: str, message: str, run_id: str) -> None:
        """Show an error: its code, what it says, and the id under which the log has the rest."""
        self._say(
            "error",
            "iq-error",
            f"<b>{escape(code)}</b>{escape(message)}<small>Run {escape(run_id)}</small>",
        )
        self.problem = first_clause(message)

    def cancelled(self) -> None:
        """End the waiting: the former content stays and is marked as such; without any, the panel says so."""
        if self.state != "loading":
            return
        if not self._body.children:
            self._say("empty", "iq-empty", "<b>Cancelled.</b>Nothing was computed; run again to fill this panel.")
            return
        self.state = "ok"
        self._body.remove_class("iq-stale")
        self._title(aside="cancelled, content as before")

    def _say(self, state: State, style: str, content: str) -> None:
        self.remove_class(_SILENCED)
        self.state, self.problem = state, ""
        self._subtitle = ""
        role = "alert" if state == "error" else "status"
        self._message.value = f'<div class="iq-message {style}" role="{role}">{content}</div>'
        self._body.children = ()
        self._title()

    def _title(self, busy: str = "", aside: str = "") -> None:
        subtitle = f'<span class="iq-sub">{escape(self._subtitle)}</span>' if self._subtitle else ""
        working = f'<span class="iq-busy" role="status">{escape(busy)} …</span>' if busy else ""
        told = f'<span class="iq-aside" role="status">{escape(aside)}</span>' if aside else ""
        self._head.value = f'<div class="iq-panel-head"><h2>{escape(self.title)}</h2>{subtitle}{working}{told}</div>'


def first_clause(message: str) -> str:
    """Return what was wrong, without what to do about it: `message` up to its first semicolon or sentence.

    Examples
    --------
    >>> first_clause("fast must be below slow, were 60 and 20; choose a smaller fast")
    'fast must be below slow, were 60 and 20'
    """
    return re.split(r";|\.\s|\n", message, maxsplit=1)[0].strip().rstrip(".")


class ErrorBorder:
    """``with ErrorBorder(panel):`` what fails inside is told in the panel and written to the log.

    `InvestIQError` shows its own message, which says what to do. Anything else
    is a fault of ours: the panel names its class, and the log has the trace
    under the run id. `Superseded` passes.

    Attributes
    ----------
    failed : bool
        Whether something was told.

    Parameters
    ----------
    panel : Panel or other Teller
        Tells the error.
    silenced : sequence of Panel
        Have nothing to show then, and leave the screen: the error stands once.
    present : callable, optional
        Called with the update of the panels; `Turn.present` drops it when a
        newer turn has begun.
    """

    def __init__(
        self,
        panel: Teller,
        silenced: Sequence[Panel] = (),
        present: Callable[[Callable[[], None]], None] | None = None,
    ) -> None:
        self._panel = panel
        self._silenced = silenced
        self._present = present
        self.failed = False

    def __enter__(self) -> ErrorBorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception) or isinstance(error, Superseded):
            return False
        run_id = secrets.token_hex(4)
        self.failed = True
        if isinstance(error, InvestIQError):
            _LOG.info("%s: %s", type(error).__name__, error, extra={"run_id": run_id})
            message = str(error)
        else:
            _LOG.error("unexpected %s", type(error).__name__, exc_info=error, extra={"run_id": run_id})
            message = "an error of InvestIQ itself; the log has the details under the run's id. Please report it."

        def tell() -> None:
            self._panel.error(type(error).__name__, message, run_id)
            for other in self._silenced:
                other.silence(getattr(self._panel, "title", "another panel"))

        if self._present is None:
            tell()
        else:
            self._present(tell)
        return True
