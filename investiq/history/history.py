"""`History`: everything known about a symbol, and the one place where the future is cut off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from investiq.core.errors import DataError, UnknownSymbolError, near_matches
from investiq.core.notes import Note, merge_notes
from investiq.history.bars import Bars
from investiq.history.checks import row_checks
from investiq.history.instants import When
from investiq.history.records import Records

__all__ = ["History"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class History:
    """Bars by symbol and records, of which a function may see only `until(as_of)`.

    Attributes
    ----------
    symbol : str
        The main symbol: tables made from the history are indexed like its bars.
    series : mapping of str to Bars
    benchmark : str, optional
        Symbol of the benchmark, one of `series`.
    tables : mapping of str to Records
    """

    symbol: str
    series: Mapping[str, Bars]
    benchmark: str | None = None
    tables: Mapping[str, Records] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in filter(None, (self.symbol, self.benchmark)):
            if name not in self.series:
                raise DataError(f"the history has no bars of {name!r}; it holds {', '.join(self.series)}")

    @classmethod
    def of(cls, *bars: Bars, benchmark: Bars | None = None, records: Iterable[Records] = ()) -> History:
        """Build a history; the first bars are the main symbol's.

        Raises
        ------
        DataError
            If there are no bars, two different series share a name, or `records`
            holds something else.
        """
        if not bars:
            raise DataError("a history needs at least one Bars")
        series: dict[str, Bars] = {}
        for each in (*bars, benchmark):
            if each is not None and series.setdefault(each.symbol, each) is not each:
                raise DataError(f"two different series are called {each.symbol!r}; pass each symbol once")
        tables: dict[str, Records] = {}
        for table in _listed(records):
            if tables.setdefault(table.name, table) is not table:
                raise DataError(f"two different records are called {table.name!r}; pass each once")
        return cls(
            symbol=bars[0].symbol,
            series=series,
            benchmark=benchmark.symbol if benchmark is not None else None,
            tables=tables,
        )

    def __repr__(self) -> str:
        return f"<History of {self.symbol}: bars {', '.join(self.series)}; records {', '.join(self.tables) or 'none'}>"

    def bars(self, symbol: str | None = None) -> Bars:
        """Return the bars of `symbol`, by default of the main symbol."""
        name = self.symbol if symbol is None else symbol
        if name not in self.series:
            raise UnknownSymbolError(
                f"the history has no bars of {name!r}{near_matches(name, self.series)}; it holds {', '.join(self.series)}"
            )
        return self.series[name]

    def records(self, name: str) -> Records:
        """Return the records called `name`, or the main symbol's of that kind: ``"news"`` finds ``"news:AAPL"``."""
        for each in (name, f"{name}:{self.symbol}"):
            if each in self.tables:
                return self.tables[each]
        raise DataError(
            f"the history has no records {name!r}{near_matches(name, self.tables)}; "
            f"it holds {', '.join(self.tables) or 'none'}"
        )

    def find_records(self, name: str) -> Records | None:
        """Return the records that `records` would, None where the history has none of that name."""
        return self.tables.get(name, self.tables.get(f"{name}:{self.symbol}"))

    def until(self, as_of: When) -> History:
        """Return what was known at `as_of`: every row of every table with ``known_at <= as_of``."""
        return History(
            symbol=self.symbol,
            series={name: bars.until(as_of) for name, bars in self.series.items()},
            benchmark=self.benchmark,
            tables={name: records.until(as_of) for name, records in self.tables.items()},
        )

    @property
    def notes(self) -> tuple[Note, ...]:
        """The cautions of every series and table; those about rows are of the rows that are seen here.

        A passport describes the series as it was loaded, so it may tell of what came after a cut.
        """
        return merge_notes(
            *(row_checks(bars, bars.passport.notes) for bars in self.series.values()),
            *(each.notes for each in self.tables.values()),
        )


def _listed(records: Iterable[Records]) -> tuple[Records, ...]:
    listed = tuple(records) if isinstance(records, Iterable) else ()
    strange = [type(each).__name__ for each in listed if not isinstance(each, Records)]
    if strange or not isinstance(records, Iterable):
        raise DataError(
            f"records must be a list of Records, was {type(records).__name__}{f' with {strange[0]}' if strange else ''}; make "
            'them of your own table with iq.read_records(table, "statements", "ACME"), or load them with iq.load_records'
        )
    return listed
