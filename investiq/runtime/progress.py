"""Progress of long work: a bar in a notebook, one line on a terminal, log lines elsewhere."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from html import escape
from types import TracebackType
from typing import Any, Final, Literal, Protocol

from investiq.core.errors import ConfigError
from investiq.runtime.settings import load_settings
from investiq.runtime.surroundings import in_notebook, is_terminal

__all__ = ["Progress", "progress", "waiting", "watched"]

# Work that ends sooner than this shows nothing, so that quick cells stay quiet.
_QUIET_S: Final = 0.5
_REDRAW_S: Final = 0.1
_LOG_EVERY_S: Final = 10.0
_BAR_CELLS: Final = 24

_log = logging.getLogger("investiq.progress")
Watcher = Callable[[int, int, str], None]
_WATCHER: ContextVar[Watcher | None] = ContextVar("investiq_progress_watcher", default=None)


class _Surface(Protocol):
    every_s: float

    def show(self, share: float, text: str) -> None: ...

    def close(self, share: float, text: str) -> None: ...


class Progress:
    """Counts what is done; call it to advance. Made by `progress`."""

    def __init__(self, total: int, label: str, surface: _Surface) -> None:
        self.total = total
        self.label = label
        self.done = 0
        self._surface = surface
        self._start = self._shown = time.monotonic()
        self._visible = False

    def __call__(self, steps: int = 1) -> None:
        """Count `steps` as done."""
        self.done += steps
        if (watcher := _WATCHER.get()) is not None:
            watcher(self.done, self.total, self.label)
            return
        moment = time.monotonic()
        wait = self._surface.every_s if self._visible else _QUIET_S
        if moment - self._shown >= wait:
            self._shown, self._visible = moment, True
            self._surface.show(self._share, self._text(self._left(moment)))

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        if self._visible:
            seconds = time.monotonic() - self._start
            words = f"{seconds:.1f} s"
            if kind is not None:
                words = f"{'interrupted' if issubclass(kind, KeyboardInterrupt) else 'stopped'} after {words}"
            self._surface.close(self._share, self._text(words))
        return False

    @property
    def _share(self) -> float:
        return min(self.done / self.total, 1.0) if self.total else 1.0

    def _text(self, words: str) -> str:
        return f"{self.label}: {self.done:,} of {self.total:,}, {words}"

    def _left(self, moment: float) -> str:
        if not self.done:
            return "starting"
        seconds = (moment - self._start) / self.done * (self.total - self.done)
        return f"about {max(seconds, 0.0):.0f} s left"


def progress(total: int, label: str) -> Progress:
    """Return a counter that shows how far `total` steps have come.

    Nothing appears for work of less than half a second. An interrupt passes
    through, and the last line says how much was done. With
    ``INVESTIQ_PROGRESS=logged`` it goes to the log, whatever watches.

    Parameters
    ----------
    total : int
        Number of steps, >= 0.
    label : str
        What is being done, such as ``"sweep"``.

    Returns
    -------
    Progress
        A context manager that gives a callable, ``advance(steps=1)``; functions
        that take ``progress=`` receive the callable.

    Examples
    --------
    >>> with progress(3, "folds") as advance:
    ...     for _ in range(3):
    ...         advance()
    >>> advance.done
    3
    """
    if total < 0:
        raise ConfigError(f"total must be >= 0 steps, was {total}")
    surfaces: dict[str, Callable[[], _Surface]] = {"notebook": _Notebook, "terminal": _Terminal, "log": _Log}
    return Progress(total, label, surfaces[_place()]())


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Tell `watcher` how far work inside the block has come, instead of showing it.

    For a page, which shows progress in its own place. What the watcher raises
    stops the work.

    Parameters
    ----------
    watcher : callable
        Called with the steps that are done, their total, and the label.

    Examples
    --------
    >>> told = []
    >>> with watched(lambda done, total, label: told.append((done, total, label))), progress(2, "folds") as advance:
    ...     advance()
    >>> told
    [(1, 2, 'folds')]
    """
    token = _WATCHER.set(watcher)
    try:
        yield
    finally:
        _WATCHER.reset(token)


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Show why nothing moves while the block waits: a line that goes when the wait is over, and stays only in a log.

    Parameters
    ----------
    text : str
        One line, such as ``"massive: waiting 41 s for a slot"``.

    Examples
    --------
    >>> with waiting("vendor: waiting 41 s for a slot"):
    ...     pass
    """
    place = _place()
    if place == "notebook":
        from IPython.display import HTML, display

        handle = display(HTML(_small(escape(text))), display_id=True)
        try:
            yield
        finally:
            handle.update(HTML(""))
    elif place == "terminal":
        sys.stderr.write(f"\r{text}\x1b[K")
        sys.stderr.flush()
        try:
            yield
        finally:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
    else:
        _log.info(text)
        yield


def _place() -> Literal["notebook", "terminal", "log"]:
    if load_settings().progress == "logged":
        return "log"
    if in_notebook():
        return "notebook"
    return "terminal" if is_terminal(sys.stderr) else "log"


def _small(content: str) -> str:
    return f'<div style="font:13px system-ui,sans-serif;color:var(--jp-content-font-color1,#1b2733)">{content}</div>'


class _Notebook:
    every_s = _REDRAW_S

    def __init__(self) -> None:
        self._handle: Any = None

    def show(self, share: float, text: str) -> None:
        from IPython.display import HTML, display

        bar = f'<progress value="{share:.4f}" max="1" style="width:240px;vertical-align:middle"></progress>'
        page = HTML(_small(f"{bar} {escape(text)}"))
        if self._handle is None:
            self._handle = display(page, display_id=True)
        else:
            self._handle.update(page)

    close = show


class _Terminal:
    every_s = _REDRAW_S

    def show(self, share: float, text: str) -> None:
        filled = round(share * _BAR_CELLS)
        bar = "#" * filled + "-" * (_BAR_CELLS - filled)
        # Erase to the end of the line: the text may be shorter than the last.
        sys.stderr.write(f"\r[{bar}] {text}\x1b[K")
        sys.stderr.flush()

    def close(self, share: float, text: str) -> None:
        self.show(share, text)
        sys.stderr.write("\n")


class _Log:
    every_s = _LOG_EVERY_S

    def show(self, share: float, text: str) -> None:
        _log.info(text)

    close = show
