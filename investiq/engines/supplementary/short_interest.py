"""Short interest: shares sold short, from the day on which they were published."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from investiq.core.facts import Unit
from investiq.engines.base import Line, Panel
from investiq.engines.joining import known_counts, known_instants
from investiq.engines.rules import FloatArray
from investiq.engines.scoring import percentile_rank
from investiq.engines.supplementary.topics import Topic
from investiq.history.history import History
from investiq.indicators.trend import sma

__all__ = ["TOPIC", "short_features"]

UNITS: Final[dict[str, Unit]] = {
    "short_shares": "shares",
    "short_float": "fraction",
    "short_days_to_cover": "days",
    "short_change": "fraction",
    "short_percentile": "fraction",
    "short_age_days": "days",
}
WORDS: Final = ("short_level",)
# Reports come twice a month, some seven sessions after settlement; two missed ones make the third too old.
MOST_AGE_DAYS: Final = 60.0
HIGH, MODERATE = (0.20, 7.0), (0.10, 4.0)
_DAY: Final = np.timedelta64(1, "D")


def short_features(history: History) -> dict[str, Any]:
    """Return the columns of the topic: the report of the latest settlement known at each row.

    Shares are as traded on the row's day. `short_days_to_cover` divides them by the
    average volume of the 20 rows up to this one, `short_change` compares two reports
    on one split basis, `short_percentile` the shares with those of the year before.
    """
    main, records = history.bars(), history.find_records("short_interest")
    nothing = np.full(len(main), np.nan)
    if records is None or not len(records) or not len(main):
        return dict.fromkeys(UNITS, nothing) | {"short_level": ""}
    known, settled = known_instants(records), records.labels
    order = np.lexsort((settled, known))
    # A correction of an old settlement does not replace a newer one.
    order = order[settled[order] >= np.maximum.accumulate(settled[order])]
    known, settled, frame = known[order], settled[order], records.frame.iloc[order]
    taken = np.maximum(np.searchsorted(main.ts, settled, side="right") - 1, 0)
    # On the split basis of the first bar, like an adjusted volume.
    shares = frame["short_interest"].to_numpy(dtype=float) / main.split_factor[taken]
    share_of_float = frame["float_pct"].to_numpy(dtype=float)
    change = _changes(shares, settled)

    newest = known_counts(main, known) - 1
    age = np.where(newest >= 0, (main.known_at - settled[newest]) / _DAY, np.nan)
    is_fresh = age <= MOST_AGE_DAYS
    held, floated = (np.where(is_fresh, each[newest], np.nan) for each in (shares, share_of_float))
    volume = sma(main.volume / main.split_factor, 20)
    cover = np.divide(held, volume, out=np.full(held.shape, np.nan), where=volume > 0)
    return {
        "short_shares": held * main.split_factor,
        "short_float": floated,
        "short_days_to_cover": cover,
        "short_change": np.where(is_fresh, change[newest], np.nan),
        "short_percentile": percentile_rank(held),
        "short_age_days": age,
        "short_level": _level(floated, cover),
    }


def _changes(shares: FloatArray, settled: Any) -> FloatArray:
    """Return the change of each report from the settlement before; of a corrected one from that before it."""
    before = np.searchsorted(settled, settled, side="left") - 1
    earlier = np.where(before >= 0, shares[before], np.nan)
    ratio: FloatArray = np.divide(shares, earlier, out=np.full(shares.shape, np.nan), where=earlier > 0)
    return ratio - 1


def _level(floated: FloatArray, cover: FloatArray) -> Any:
    is_high = (floated > HIGH[0]) & (cover > HIGH[1])
    is_moderate = (floated > MODERATE[0]) & (cover > MODERATE[1])
    is_known = np.isfinite(floated) & np.isfinite(cover)
    return np.select([~is_known, is_high, is_moderate], ["", "High", "Moderate"], "Low")


def _tags(row: Mapping[str, Any]) -> tuple[str, ...]:
    return ("HIGH SHORT INTEREST",) if row["short_level"] == "High" else ()


def _why_missing(row: Mapping[str, Any]) -> dict[str, str]:
    if row["short_age_days"] > MOST_AGE_DAYS:
        return dict.fromkeys(UNITS, f"the latest settlement was {row['short_age_days']:.0f} days ago")
    reasons = {}
    if np.isnan(row["short_float"]):
        reasons["short_float"] = "the report does not state the share of the float"
    if np.isnan(row["short_days_to_cover"]):
        reasons["short_days_to_cover"] = "no average volume of 20 bars"
    if np.isnan(row["short_change"]):
        reasons["short_change"] = "no report before this one"
    return reasons


TOPIC: Final = Topic(
    name="short interest",
    units=UNITS,
    words=WORDS,
    features=short_features,
    panels=(
        Panel(
            "Short interest",
            (
                Line("Shares sold short", "short_shares", "latest published settlement", "short_percentile"),
                Line("Of the float", "short_float"),
                Line("Days to cover", "short_days_to_cover", "over the average volume of 20 bars"),
                Line("Change", "short_change", "from the report before"),
                Line("Level", "short_level", "High above 20 % of the float and 7 days, Moderate above 10 % and 4 days"),
                Line("Since settlement", "short_age_days", "high short interest predicts low returns on average"),
            ),
        ),
    ),
    needs="short interest",
    tags=_tags,
    why_missing=_why_missing,
)
