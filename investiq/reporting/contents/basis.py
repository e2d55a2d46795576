"""What a page about one symbol begins with: its bars over a period, the moment they speak of, costs, and the manifest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from investiq.core.errors import InsufficientDataError
from investiq.core.manifest import Manifest
from investiq.execution.costs import Costs
from investiq.market.canonical import canonical_hash, columns_of
from investiq.market.loading import load_bars
from investiq.runtime.clock import now

if TYPE_CHECKING:
    from investiq.history.bars import Bars
    from investiq.history.records import Records

__all__ = ["bars_of", "costs_of", "last_moment", "listed", "manifest_of", "period_words", "plural", "records_hash"]


def bars_of(symbol: str, start: str, end: str) -> Bars:
    """Return the bars of a period, an empty text being all there are.

    Raises
    ------
    InsufficientDataError
        If there are none.
    """
    bars = load_bars(symbol, start=start or None, end=end or None)
    if not len(bars):
        raise InsufficientDataError(
            f"{symbol} has no bars from {start or 'the first'} to {end or 'the last'}; choose other dates"
        )
    return bars


def last_moment(bars: Bars) -> datetime:
    """Return when the last bar became known."""
    known: datetime = bars.known_at[-1].astype("datetime64[us]").item()
    return known.replace(tzinfo=UTC)


def costs_of(commission_bps: float, slippage_bps: float) -> Costs:
    """Return the costs of each side of a trade, both in basis points of its value."""
    return Costs(commission_rate=commission_bps / 10_000, slippage_bps=slippage_bps)


def manifest_of(
    kind: str,
    bars: Sequence[Bars],
    parameters: Mapping[str, Any],
    *,
    records: Iterable[Records] = (),
    seed: int | None = None,
) -> Manifest:
    """Return the manifest of a page: the data behind it, and what was chosen."""
    data = {f"bars {each.symbol}": each.fingerprint for each in bars}
    data |= {each.name: records_hash(each) for each in records}
    return Manifest.of(kind=kind, data=data, parameters=parameters, created_at=now(), seed=seed)


def records_hash(records: Records) -> str:
    """Return the SHA-256 of the rows of records."""
    return canonical_hash(records.name, columns_of(records.frame.rename_axis("ts").reset_index()))


def period_words(bars: Bars) -> str:
    """Return the days of the first and the last bar, and how many there are."""
    first, last = (str(each) for each in bars.ts[[0, -1]].astype("datetime64[D]"))
    return f"{first} to {last}, {len(bars):,} bars ({bars.interval})"


def plural(count: int, one: str, many: str = "") -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> plural(1, "trial"), plural(1200, "trial"), plural(2, "is", "are")
    ('1 trial', '1,200 trials', '2 are')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(words: Sequence[str]) -> str:
    """Return words as a sentence lists them.

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
