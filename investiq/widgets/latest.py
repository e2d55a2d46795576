"""Work behind a button: one thread, and only the newest click counts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from investiq.widgets.panel import Superseded

__all__ = ["Latest", "Turn"]


class Turn:
    """One click's right to change the page; it ends when a newer click comes."""

    def __init__(self, owner: Latest, number: int) -> None:
        self._owner = owner
        self.number = number

    def check(self) -> None:
        """Stop here if a newer turn has begun: between two steps of a long computation.

        Raises
        ------
        Superseded
            If it has.
        """
        if self.number != self._owner.number:
            raise Superseded

    def present(self, update: Callable[[], None]) -> None:
        """Call `update`, unless a newer turn has begun.

        Raises
        ------
        Superseded
            If it has: results that arrive late are dropped, and the work stops here.
        """
        with self._owner.lock:
            self.check()
            update()


class Latest:
    """Runs work in a background thread; a new turn ends the one before.

    Attributes
    ----------
    number : int
        Sequence number of the newest turn.
    lock : RLock
        Held while the page changes, so that an old turn never writes after a new one began.
    """

    def __init__(self) -> None:
        self.number = 0
        self.lock = threading.RLock()
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="investiq-page")
        self._waiting: Future[None] | None = None

    def start(self, work: Callable[[Turn], None]) -> Future[None]:
        """Begin a new turn: work that waits is cancelled, work that runs is dropped at its next step."""
        with self.lock:
            self.number += 1
            turn = Turn(self, self.number)
            if self._waiting is not None:
                self._waiting.cancel()
            self._waiting = self._pool.submit(_run, work, turn)
            return self._waiting

    def follow(self, work: Callable[[Turn], None]) -> Future[None]:
        """Run `work` behind what runs now, as part of the same turn: nothing is cancelled.

        A turn that begins before it is due drops it.
        """
        with self.lock:
            return self._pool.submit(_run, work, Turn(self, self.number))


def _run(work: Callable[[Turn], None], turn: Turn) -> None:
    try:
        turn.check()
        work(turn)
    except Superseded:
        return
