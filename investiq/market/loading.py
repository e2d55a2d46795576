"""The loaders: one call from a symbol to bars or records with their origin."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import NDArray

from investiq.core import calendar
from investiq.core.errors import DataError, StaleDataError, UnknownSymbolError, near_matches
from investiq.core.notes import Note
from investiq.core.types import Interval, parse_interval
from investiq.history.bars import Bars
from investiq.history.instants import When, instant, label_text
from investiq.history.panel import Panel
from investiq.history.records import Records
from investiq.market.building import recheck
from investiq.market.vendors import sample, synthetic

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Provider", "list_symbols", "load_bars", "load_panel", "load_records", "synthetic_truth"]

Provider = Literal["sample", "synthetic"]

# Other names of what the sample holds; funds on an index are not the index and are answered as such.
_OTHER_NAMES: Final = {
    **dict.fromkeys(("GSPC", "SPX", "^SPX", "INX", "SP500", "S&P500", "S&P 500", "US500"), "^GSPC"),
    **dict.fromkeys(("IXIC", "COMP", "NASDAQ", "CCMP"), "^IXIC"),
    **dict.fromkeys(("VIX", "^VIX"), "^VIX"),
}
_INDEX_FUNDS: Final = {"SPY": "^GSPC", "VOO": "^GSPC", "IVV": "^GSPC", "ONEQ": "^IXIC"}


def load_bars(
    symbol: str,
    start: When | None = None,
    end: When | None = None,
    *,
    provider: Provider | None = None,
    interval: Interval = "1d",
    as_of: When | None = None,
) -> Bars:
    """Return the bars of `symbol` in [start, end], as traded, with their passport.

    Offline and without keys: real index series of the sample and invented,
    watermarked shares (see `list_symbols`). For your own file use `read_bars`.

    Parameters
    ----------
    symbol : str
        Such as ``"^GSPC"`` or ``"SYN001"``.
    start, end : str, date, datetime or datetime64, optional
        First and last label, both inclusive; ``"2014"`` and ``"2014-03"`` name
        whole periods.
    provider : {"sample", "synthetic"}, optional
        By default the one that serves the symbol.
    interval : str, default "1d"
        Both providers serve daily bars only.
    as_of : str, date, datetime or datetime64, optional
        A time of knowledge: only bars complete by then. By default all.

    Returns
    -------
    Bars
        Loaded once in a process: a second call returns the same arrays.

    Raises
    ------
    UnknownSymbolError
        If no provider serves `symbol`.
    StaleDataError
        If `as_of` lies after the session that the series ends with.
    DataError
        If the range is reversed or holds no bar, or the interval is not served.

    Examples
    --------
    >>> bars = load_bars("^GSPC", start="2018-12")
    >>> len(bars), bars.passport.provider
    (19, 'sample')
    """
    wanted = parse_interval(interval)
    bars = _series(_served(symbol, provider))
    if wanted != bars.interval:
        raise DataError(
            f"{symbol} is served as {bars.interval} bars only, asked for {wanted}; "
            "load those, or bring a file with iq.read_bars"
        )
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
    return recheck(known.between(start, end), _clipped(known, start, end))


def load_panel(
    symbols: Sequence[str],
    start: When | None = None,
    end: When | None = None,
    *,
    provider: Provider | None = None,
    interval: Interval = "1d",
    as_of: When | None = None,
) -> Panel:
    """Return the bars of several symbols, aligned on the union of their labels.

    Parameters
    ----------
    symbols : sequence of str
        Each once.
    start, end, provider, interval, as_of
        As in `load_bars`.

    Examples
    --------
    >>> load_panel(["SYN001", "SYN002"], start="2019").close.shape
    (2, 252)
    """
    if isinstance(symbols, str):
        raise DataError(f"symbols must be a list of symbols, was the text {symbols!r}; write [{symbols!r}]")
    return Panel.of(
        [load_bars(each, start, end, provider=provider, interval=interval, as_of=as_of) for each in symbols]
    )


def load_records(name: str, as_of: When | None = None) -> Records:
    """Return a dated series that is no bars: ``"^VIX"``, ``"FF3"``, ``"MACRO:CORE_CPI"``.

    Parameters
    ----------
    name : str
        One of those that `list_symbols` shows with another kind than bars.
    as_of : str, date, datetime or datetime64, optional
        A time of knowledge: only rows published by then.

    Examples
    --------
    >>> len(load_records("FF3"))
    1109
    """
    if name in sample.BAR_SYMBOLS or name in synthetic.SYMBOLS:
        raise DataError(f"{name!r} is served as bars; use iq.load_bars({name!r})")
    name = name if name in sample.RECORD_NAMES else _OTHER_NAMES.get(name, name)
    if name not in sample.RECORD_NAMES:
        raise DataError(
            f"unknown records {name!r}{near_matches(name, sample.RECORD_NAMES)}; "
            f"served are {', '.join(sample.RECORD_NAMES)}"
        )
    records = _records(name)
    if as_of is not None:
        return records.until(as_of)
    # A frame of the caller's own: what they write to it must not reach the next caller.
    return dataclasses.replace(records, frame=records.frame.copy(deep=False))


def list_symbols() -> pd.DataFrame:
    """Return everything that can be loaded, one row each.

    Returns
    -------
    DataFrame
        Columns symbol, name, provider, kind (``"bars"``, ``"series"``,
        ``"factors"``, ``"macro"``), first and last (labels of the first and
        last row, as dates).
    """
    import pandas as pd

    rows = [
        *((each, title, "sample", "bars", *_span(_series(each).ts)) for each, title in sample.BAR_SYMBOLS.items()),
        *(
            (each, title, "sample", _records(each).kind, *_span(_records(each).labels))
            for each, title in sample.RECORD_NAMES.items()
        ),
        *((each, title, "synthetic", "bars", *synthetic.span(each)) for each, title in synthetic.SYMBOLS.items()),
    ]
    table = pd.DataFrame(rows, columns=["symbol", "name", "provider", "kind", "first", "last"])
    return table.astype({"first": "datetime64[us]", "last": "datetime64[us]"})


def synthetic_truth(symbol: str) -> synthetic.SyntheticTruth:
    """Return what the generator knows about a synthetic symbol: true returns, volatility, loadings and actions.

    Parameters
    ----------
    symbol : str
        ``"SYN001"`` to ``"SYN100"``, ``"SYN-MKT"`` or ``"SYN-GBM"``.

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


_SYNTHETIC_WORDS: Final = f"SYN001 to SYN{synthetic.SHARES:03}, SYN201 to SYN240, SYN-MKT and SYN-GBM"


def _served(symbol: str, provider: Provider | None) -> str:
    """Return `symbol` if a provider serves it, else refuse with what is near."""
    if provider not in (None, "sample", "synthetic"):
        raise DataError(f"provider must be 'sample' or 'synthetic', was {provider!r}")
    homes: dict[str, str] = dict.fromkeys(sample.BAR_SYMBOLS, "sample") | dict.fromkeys(synthetic.SYMBOLS, "synthetic")
    if symbol in homes and provider in (None, homes[symbol]):
        return symbol
    if symbol in homes:
        raise UnknownSymbolError(f"{provider} does not serve {symbol!r}; {homes[symbol]} does")
    record = _OTHER_NAMES.get(symbol.upper(), symbol)
    if record in sample.RECORD_NAMES:
        raise DataError(
            f"{record!r} is a series without open, high and low, so it has no bars; use iq.load_records({record!r})"
        )
    raise UnknownSymbolError(f"no offline data for {symbol!r}{_hint(symbol, homes)}")


def _hint(symbol: str, homes: dict[str, str]) -> str:
    word = symbol.upper().strip()
    if word in _INDEX_FUNDS:
        near = f"; it is a fund: the index {_INDEX_FUNDS[word]!r} has no fees and no dividends and is not served in its place"
    elif word in _OTHER_NAMES or word in homes:
        near = f"; did you mean {_OTHER_NAMES.get(word, word)!r}?"
    else:
        near = near_matches(symbol, homes)
    return (
        f"{near}{'' if near.endswith('?') else ';'} available without keys are {', '.join(sample.BAR_SYMBOLS)} (sample) and "
        f"{_SYNTHETIC_WORDS} (invented); for your own data use "
        f'iq.read_bars("{symbol}", "prices.csv", price_basis="as_traded")'
    )


@lru_cache(maxsize=128)
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


def _clipped(bars: Bars, start: When | None, end: When | None) -> tuple[Note, ...]:
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
