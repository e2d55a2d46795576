"""The loader of histories: bars, a benchmark and records of one symbol, which `until` cuts together."""

from __future__ import annotations

from collections.abc import Sequence

from investiq.core.types import Interval
from investiq.history.bars import Bars
from investiq.history.history import History
from investiq.history.instants import When
from investiq.history.records import Records
from investiq.market.loading import Provider, load_bars
from investiq.market.record_loading import RECORD_KINDS, load_records

__all__ = ["load_history"]


def load_history(
    symbol: str,
    *,
    records: Sequence[str] = (),
    benchmark: str | None = None,
    start: When | None = None,
    end: When | None = None,
    interval: Interval = "1d",
    provider: Provider | None = None,
    as_of: When | None = None,
    recorded_by: When | None = None,
) -> History:
    """Return everything that is to be known about a symbol, each row with the time at which it was.

    Parameters
    ----------
    symbol : str
    records : sequence of str
        Kinds of records of the symbol (``"statements"``, ``"news"``, see
        `load_records`), and names of series of the sample (``"^VIX"``).
        Statements enter at their filing, news at their publication.
    benchmark : str, optional
        Symbol of a series to compare with.
    start, end : str, date, datetime or datetime64, optional
        First and last label of the bars. Records are loaded as far back as the
        provider goes: what was filed before `start` was known then. News are
        those since `start`, or of the last 365 days.
    interval, provider, as_of, recorded_by
        As in `load_bars`; the benchmark may come from another provider.

    Raises
    ------
    DataError, VendorError
        If one of the parts cannot be had: what was asked for by name is not
        left out in silence.

    Examples
    --------
    >>> history = load_history("^GSPC", records=["^VIX"], start="2018")
    >>> history.until("2018-06-29T20:00").records("^VIX").labels[-1].astype("datetime64[D]").item().isoformat()
    '2018-06-28'
    """

    def bars_of(name: str) -> Bars:
        own = provider if name == symbol else None
        return load_bars(name, start, end, provider=own, interval=interval, as_of=as_of, recorded_by=recorded_by)

    def records_of(name: str) -> Records:
        if name not in RECORD_KINDS:
            return load_records(name, as_of=as_of)
        since = start if name == "news" else None
        return load_records(symbol, name, provider=provider, start=since, end=end, as_of=as_of, recorded_by=recorded_by)

    return History.of(
        bars_of(symbol),
        benchmark=None if benchmark is None else bars_of(benchmark),
        records=[records_of(each) for each in records],
    )
