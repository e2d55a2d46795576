"""Fields of a result that can be read once its trial is in the ledger, and not before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from investiq.core.notes import Note

__all__ = ["AfterRecording", "NotesWithRecording"]

Value = TypeVar("Value")


class AfterRecording(Generic[Value]):
    """A field whose first reading waits until the trial of its result is committed, or has failed for good."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, result: Any, owner: type | None = None) -> Value:
        if result is None:
            # So that a dataclass sees a field without a default.
            raise AttributeError(self._name)
        for ticket in _tickets(result):
            ticket.wait()
        value: Value = result.__dict__[self._name]
        return value

    def __set__(self, result: Any, value: Value) -> None:
        result.__dict__[self._name] = value


def _tickets(result: Any) -> tuple[Any, ...]:
    """Return the entries of a result: one `ticket`, or several `tickets`."""
    if (ticket := result.__dict__.get("ticket")) is not None:
        return (ticket,)
    several: tuple[Any, ...] = result.__dict__.get("tickets", ())
    return several


class NotesWithRecording:
    """The notes of a result, and the caution that its trial is not in the ledger where it is not."""

    def __get__(self, result: Any, owner: type | None = None) -> tuple[Note, ...]:
        if result is None:
            return ()
        own: tuple[Note, ...] = result.__dict__["notes"]
        missing = dict.fromkeys(note for ticket in _tickets(result) for note in ticket.notes)
        return (*own, *(note for note in missing if note not in own))

    def __set__(self, result: Any, value: tuple[Note, ...]) -> None:
        result.__dict__["notes"] = value
