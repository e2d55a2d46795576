"""`Universe`: who belonged to a list of shares, when, and since when one could know it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError
from investiq.core.facts import Fact, Table
from investiq.core.notes import Note
from investiq.core.result import Result
from investiq.history.instants import When, instant
from investiq.history.panel import Panel

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Membership", "Universe"]

_SHOWN: Final = 60
_NEVER: Final = np.datetime64("9999-12-31", "us")


@dataclass(frozen=True, kw_only=True)
class Membership:
    """One stay of a symbol in a universe.

    Attributes
    ----------
    symbol : str
    begins : date
        First day inside.
    ends : date, optional
        First day outside; None while it lasts.
    announced, end_announced : date, optional
        When the beginning and the end were made public, where known.
    """

    symbol: str
    begins: date
    ends: date | None = None
    announced: date | None = None
    end_announced: date | None = None

    def __post_init__(self) -> None:
        if self.ends is not None and self.ends <= self.begins:
            raise DataError(
                f"{self.symbol}: the membership ends on {self.ends}, not after its beginning {self.begins}; correct one"
            )

    @property
    def known_from(self) -> np.datetime64:
        """Instant from which one could know that the symbol is inside, UTC."""
        return _known(self.begins, self.announced)

    @property
    def known_until(self) -> np.datetime64:
        """Instant from which one could know that it is no longer inside; the year 9999 while it lasts."""
        return _NEVER if self.ends is None else _known(self.ends, self.end_announced)


def _known(effective: date, announced: date | None) -> np.datetime64:
    """Return the later of announcement and effective date.

    A day alone counts as its end. What was announced before acts from the
    beginning of its effective date.
    """
    if announced is not None and announced < effective:
        return np.datetime64(effective, "us")
    return np.datetime64(max(effective, announced or effective) + timedelta(days=1), "us") - np.timedelta64(1, "us")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Universe(Result):
    """A set of symbols, in time where its history is known; made by `load_universe` and `read_universe`.

    It iterates over `symbols`, so ``iq.load_panel(universe)`` loads them.

    Attributes
    ----------
    name, label : str
    memberships : tuple of Membership
    point_in_time : bool
        Whether the dates of `memberships` are those at which members entered
        and left. If not, they are today's choice, and a test over the past has
        survivorship bias.
    as_of : datetime64[us]
        Time of knowledge of `symbols`.
    covers : tuple of date
        First and last day of which membership is known.
    source : str
    names : mapping of str to str
        What the symbols stand for, where known.
    is_synthetic : bool
        Then it is watermarked.
    was_asked : bool
        Whether `as_of` was chosen, or is the newest date known.
    """

    kind: ClassVar[str] = "universe"
    name: str
    label: str
    memberships: tuple[Membership, ...]
    point_in_time: bool
    as_of: np.datetime64
    covers: tuple[date, date]
    source: str
    names: Mapping[str, str] = field(default_factory=dict)
    is_synthetic: bool = False
    was_asked: bool = False

    @property
    def symbols(self) -> tuple[str, ...]:
        """The members known at `as_of`, in the order of the list."""
        return tuple(each.symbol for each in self._inside)

    @property
    def _inside(self) -> list[Membership]:
        if not self.point_in_time:
            return list(self.memberships)
        return [each for each in self.memberships if each.known_from <= self.as_of < each.known_until]

    @property
    def every_symbol(self) -> tuple[str, ...]:
        """Every symbol that was ever a member: what to load for a test over the past."""
        return tuple(dict.fromkeys(each.symbol for each in self.memberships))

    def __iter__(self) -> Iterator[str]:
        return iter(self.symbols)

    def __len__(self) -> int:
        return len(self.symbols)

    def __contains__(self, symbol: object) -> bool:
        return symbol in self.symbols

    def until(self, as_of: When) -> Universe:
        """Return the universe as it was known at `as_of`.

        Raises
        ------
        DataError
            If its membership before that is unknown.
        """
        when = instant(as_of)
        if self.point_in_time and when < np.datetime64(self.covers[0], "us"):
            raise DataError(
                f"the membership of {self.name} is known from {self.covers[0]} on, asked for {as_of}; "
                "pass a later as_of, or bring a file of your own with iq.read_universe"
            )
        return dataclasses.replace(self, as_of=when, was_asked=True)

    def mask(self, panel: Panel) -> NDArray[np.bool_]:
        """Return which bars of a panel belong to members at the bar's `known_at`.

        Returns
        -------
        ndarray of bool, shape (n_symbols, n_bars)
            False where a symbol was not, or could not yet be known to be, a
            member, and where it has no bar.

        Raises
        ------
        DataError
            If the universe is not point in time: nobody knows who was in it.
        """
        if not self.point_in_time:
            raise DataError(
                f"{self.name} is a list of {self.covers[1]} without a history, so it has no members on other days; "
                "use a universe that is point in time (iq.list_universes), or iq.read_universe"
            )
        inside = np.zeros(panel.known_at.shape, dtype=bool)
        rows = {symbol: row for row, symbol in enumerate(panel.symbols)}
        for each in self.memberships:
            if (row := rows.get(each.symbol)) is not None:
                # A comparison with NaT, no bar, is False.
                inside[row] |= (panel.known_at[row] >= each.known_from) & (panel.known_at[row] < each.known_until)
        return inside

    @property
    def notes(self) -> tuple[Note, ...]:  # type: ignore[override]  # made from the fields, never set
        """The cautions: survivorship, and days of which nothing is known."""
        when = str(self.as_of.astype("datetime64[D]"))
        if not self.point_in_time:
            asked = f"; as_of {when} changes nothing" if self.was_asked else ""
            text = (
                f"{self.name} is a list made on {self.covers[1]}, without its history{asked}: a test over earlier years shows "
                "what its survivors earned, not what could have been chosen then (survivorship bias)"
            )
            return (Note(code="survivorship", text=text),)
        notes = []
        if not self.was_asked:
            text = (
                f"{self.name}: the members of the newest date known, {when}; a test over the past needs every_symbol and mask, "
                "or as_of, or it shows survivors only"
            )
            notes.append(Note(code="newest_members", text=text))
        if self.as_of.astype("datetime64[D]") > np.datetime64(self.covers[1], "D"):
            text = f"{self.name}: changes after {self.covers[1]} are not known here; asked for {when}"
            notes.append(Note(code="unverified_members", text=text))
        return tuple(notes)

    @property
    def title(self) -> str:
        """The label of the universe."""
        return self.label

    @property
    def watermark(self) -> str | None:
        """``"SYNTHETIC"`` where the members are invented."""
        return "SYNTHETIC" if self.is_synthetic else None

    def facts(self) -> list[Fact]:
        """Return how many members there are and were."""
        first, last = self.covers
        known = str(self.as_of.astype("datetime64[m]")).replace("T", " ")
        how = f"known at {known} UTC" if self.point_in_time else f"as listed on {last}"
        facts = [
            Fact("Members", len(self), "count", how),
            Fact("Point in time", "yes" if self.point_in_time else "no"),
        ]
        if self.point_in_time:
            facts.append(Fact("Members at any time", len(self.every_symbol), "count", f"{first} to {last}"))
        return facts

    def tables(self) -> list[Table]:
        """Return the members, and since when."""
        inside = self._inside
        title = "Members" if len(inside) <= _SHOWN else f"The first {_SHOWN} of {len(inside)} members"
        columns = ("Symbol", "Name", *(("Member since",) if self.point_in_time else ()))
        rows = tuple(
            (each.symbol, self.names.get(each.symbol, ""), self._since(each))[: len(columns)]
            for each in inside[:_SHOWN]
        )
        return [Table(title, columns, rows)]

    def _since(self, stay: Membership) -> str:
        return f"{stay.begins} or before" if stay.begins == self.covers[0] else str(stay.begins)

    def provenance(self) -> list[Fact]:
        """Return the source."""
        return [Fact("Universe", self.name), Fact("Source", self.source)]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a stay: symbol, from, to, announced, end_announced, known_from, known_until."""
        import pandas as pd

        def stamps(values: list[np.datetime64]) -> pd.DatetimeIndex:
            return pd.DatetimeIndex(np.array(values, dtype="datetime64[us]"), tz="UTC")

        stays = self.memberships
        dates = {
            "from": [each.begins for each in stays],
            "to": [each.ends for each in stays],
            "announced": [each.announced for each in stays],
            "end_announced": [each.end_announced for each in stays],
        }
        frame = pd.DataFrame({"symbol": [each.symbol for each in stays]})
        for name, values in dates.items():
            frame[name] = pd.to_datetime(pd.Series(values, dtype=object)).dt.as_unit("us")
        frame["known_from"] = stamps([each.known_from for each in stays])
        nothing = np.datetime64("NaT", "us")
        frame["known_until"] = stamps([nothing if each.ends is None else each.known_until for each in stays])
        return frame
