"""What can be loaded without a key or a network: the sample's real series and invented shares."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from investiq.core import calendar
from investiq.core.errors import DataError, StaleDataError, UnknownSymbolError, near_matches
from investiq.core.notes import Note
from investiq.core.types import Interval
from investiq.history.bars import Bars
from investiq.history.instants import When, instant, label_text
from investiq.history.records import Records
from investiq.market.building import recheck
from investiq.market.store import SeriesKey, open_store
from investiq.market.vendors import sample, synthetic

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["HOMES", "list_symbols", "load", "load_table", "range_clipped", "served", "synthetic_truth"]

# Provider of each symbol with bars.
HOMES: Final[dict[str, str]] = dict.fromkeys(sample.BAR_SYMBOLS, "sample") | dict.fromkeys(
    synthetic.SYMBOLS, "synthetic"
)
# Other names of what the sample holds; funds on an index are not the index and are answered as such.
_OTHER_NAMES: Final = {
    **dict.fromkeys(("GSPC", "SPX", "^SPX", "INX", "SP500", "S&P500", "S&P 500", "US500"), "^GSPC"),
    **dict.fromkeys(("IXIC", "COMP", "NASDAQ", "CCMP"), "^IXIC"),
    **dict.fromkeys(("VIX", "^VIX"), "^VIX"),
}
_INDEX_FUNDS: Final = {"SPY": "^GSPC", "VOO": "^GSPC", "IVV": "^GSPC", "ONEQ": "^IXIC"}
_INTERVALS: Final = (("1d", "sample"), ("1d", "synthetic"), ("5min", "synthetic"))
_SYNTHETIC_WORDS: Final = (
    f"SYN001 to SYN{synthetic.SHARES:03}, SYN201 to SYN240 and the indices {', '.join(synthetic.INDICES)}"
)


def load(
    symbol: str, start: When | None, end: When | None, *, provider: str | None, interval: Interval, as_of: When | None
) -> Bars:
    """Return bars of the sample or of a synthetic share; see `loading.load_bars`."""
    home = HOMES[served(symbol, provider)]
    if (interval, home) not in _INTERVALS:
        raise DataError(
            f"{symbol} is served as {' and '.join(each for each, of in _INTERVALS if of == home)} bars only, "
            f"asked for {interval}; load those, or bring a file with iq.read_bars"
        )
    bars = _series(symbol) if interval == "1d" else synthetic.load_intraday(symbol)
    if start is None and end is None and as_of is None:
        return bars
    known = bars
    if as_of is not None:
        _refuse_stale(bars, as_of)
        known = bars.until(as_of)
        if not len(known):
            raise DataError(
                f"{symbol}: nothing was known at {as_of}; {bars.passport.provider} begins with "
                f"{label_text(bars.ts[0], bars.interval)}; pass a later as_of"
            )
    return recheck(known.between(start, end), range_clipped(known, start, end))


def load_table(name: str, as_of: When | None) -> Records:
    """Return a close-only, factor or macro series of the sample; see `loading.load_records`."""
    if name in HOMES:
        raise DataError(f"{name!r} is served as bars; use iq.load_bars({name!r})")
    name = name if name in sample.RECORD_NAMES else _OTHER_NAMES.get(name, name)
    if name not in sample.RECORD_NAMES:
        raise DataError(
            f"unknown records {name!r}{near_matches(name, sample.RECORD_NAMES)}; "
            f"served are {', '.join(sample.RECORD_NAMES)}; for those of a share name their kind, "
            f'such as iq.load_records("{name}", "news")'
        )
    records = _records(name)
    if as_of is not None:
        return records.until(as_of)
    # A frame of the caller's own: what they write to it must not reach the next caller.
    return dataclasses.replace(records, frame=records.frame.copy(deep=False))


def range_clipped(bars: Bars, start: When | None, end: When | None) -> tuple[Note, ...]:
    """Return a Note if the range asked for reaches past the series by at least one session."""
    texts = []
    market = bars.passport.calendar
    if start is not None:
        early = calendar.session_dates(market, instant(start, day_ends=False), bars.ts[0] - np.timedelta64(1, "D"))
        texts += [f"from {start}; the series begins {label_text(bars.ts[0], '1d')}"] if early.size else []
    if end is not None:
        late = calendar.session_dates(market, bars.ts[-1] + np.timedelta64(1, "D"), instant(end))
        texts += [f"to {end}; the series ends {label_text(bars.ts[-1], '1d')}"] if late.size else []
    return tuple(
        Note(code="range_clipped", text=f"{bars.symbol}: asked for bars {text}", severity="info") for text in texts
    )


def list_symbols() -> pd.DataFrame:
    """Return everything that can be loaded without a key, one row each: what ships with the installation, and the store's bars.

    Returns
    -------
    DataFrame
        Columns symbol, name (empty for stored bars), provider, kind
        (``"bars"``, ``"series"``, ``"factors"``, ``"macro"``; stored intraday
        bars with their interval), first and last (labels of the first and last
        row, as dates).
    """
    import pandas as pd

    store = open_store()
    rows = [
        *((each, title, "sample", "bars", *_span(_series(each).ts)) for each, title in sample.BAR_SYMBOLS.items()),
        *(
            (each, title, "sample", _records(each).kind, *_span(_records(each).labels))
            for each, title in sample.RECORD_NAMES.items()
        ),
        *((each, title, "synthetic", "bars", *synthetic.span(each)) for each, title in synthetic.SYMBOLS.items()),
        *((key.symbol, "", key.provider, _kind(key), *_stored_span(store.facts(key))) for key in store.keys("bars")),
    ]
    table = pd.DataFrame(rows, columns=["symbol", "name", "provider", "kind", "first", "last"])
    return table.astype({"first": "datetime64[us]", "last": "datetime64[us]"})


def _kind(key: SeriesKey) -> str:
    return "bars" if key.interval == "1d" else f"bars {key.interval}"


def _stored_span(facts: Mapping[str, str]) -> tuple[np.datetime64, np.datetime64]:
    first, last = (np.datetime64(facts[name][:10], "us") for name in ("first", "last"))
    return first, last


def synthetic_truth(symbol: str) -> synthetic.SyntheticTruth:
    """Return what the generator knows about a synthetic symbol: true returns, volatility, loadings and actions.

    Parameters
    ----------
    symbol : str
        ``"SYN001"`` to ``"SYN100"``, ``"SYN201"`` to ``"SYN240"``, or an index
        such as ``"SYN-MKT"``.

    Raises
    ------
    UnknownSymbolError
        If `symbol` is not synthetic: nobody knows the truth about real data.
    """
    if symbol not in synthetic.SYMBOLS:
        raise UnknownSymbolError(
            f"no truth is known about {symbol!r}{near_matches(symbol, synthetic.SYMBOLS)}; "
            f"synthetic symbols are {_SYNTHETIC_WORDS}"
        )
    return synthetic.truth(symbol)


def served(symbol: str, provider: str | None, more: str = "") -> str:
    """Return `symbol` if it is bundled, else refuse with what is near; `more` says what else there is."""
    if symbol in HOMES and provider in (None, HOMES[symbol]):
        return symbol
    if symbol in HOMES:
        raise UnknownSymbolError(f"{provider} does not serve {symbol!r}; {HOMES[symbol]} does")
    record = _OTHER_NAMES.get(symbol.upper(), symbol)
    if record in sample.RECORD_NAMES:
        raise DataError(
            f"{record!r} is a series without open, high and low, so it has no bars; use iq.load_records({record!r})"
        )
    raise UnknownSymbolError(f"no offline data for {symbol!r}{_hint(symbol)}{more}")


def _hint(symbol: str) -> str:
    word = symbol.upper().strip()
    if word in _INDEX_FUNDS:
        near = f"; it is a fund: the index {_INDEX_FUNDS[word]!r} has no fees and no dividends and is not served in its place"
    elif word in _OTHER_NAMES or word in HOMES:
        near = f"; did you mean {_OTHER_NAMES.get(word, word)!r}?"
    else:
        near = near_matches(symbol, HOMES)
    return (
        f"{near}{'' if near.endswith('?') else ';'} available without keys are {', '.join(sample.BAR_SYMBOLS)} (sample) and "
        f"{_SYNTHETIC_WORDS} (invented); for your own data use "
        f'iq.read_bars("{symbol}", "prices.csv", price_basis="as_traded")'
    )


@lru_cache(maxsize=256)
def _series(symbol: str) -> Bars:
    return sample.load(symbol) if symbol in sample.BAR_SYMBOLS else synthetic.load(symbol)


@lru_cache(maxsize=16)
def _records(name: str) -> Records:
    return sample.load_table(name)


def _span(labels: NDArray[np.datetime64]) -> tuple[np.datetime64, np.datetime64]:
    return labels[0], labels[-1]


def _refuse_stale(bars: Bars, as_of: When) -> None:
    """Refuse an `as_of` by which a session after the last bar had closed: what was known then is not here."""
    if any(note.code == "delisted" for note in bars.passport.notes):
        return  # no bar is missing: trading ended
    limit, last = instant(as_of), bars.ts[-1]
    sessions = calendar.session_dates(bars.passport.calendar, last + np.timedelta64(1, "D"), limit)
    closed = sessions[calendar.closes(bars.passport.calendar, sessions) <= limit]
    if closed.size:
        raise StaleDataError(
            f"newest {bars.symbol} bar from {bars.passport.provider} is for session {label_text(last, '1d')}, expected "
            f"{label_text(closed[-1], '1d')} (as_of {str(limit)[:16].replace('T', ' ')} UTC); the series does not go on: "
            "pass an earlier as_of"
        )
