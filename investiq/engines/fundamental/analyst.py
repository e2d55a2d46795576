"""What analysts said and when: price targets against the price, ratings, and how they change."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from investiq.engines.fundamental.measuring import FloatArray, ratio
from investiq.engines.fundamental.states import split_factors_at
from investiq.engines.joining import known_counts, known_instants
from investiq.history.history import History

__all__ = ["ANALYST", "TYPICAL_UPSIDE", "analyst_features", "rating_level"]

ANALYST: Final[tuple[str, ...]] = (
    "analyst_upside", "analyst_typical_upside", "analyst_target", "analyst_target_high", "analyst_target_low",
    "analyst_price_to_high", "analyst_price_to_low", "analyst_contributors", "analyst_age_days", "analyst_rating", "analyst_net_changes", "analyst_changes",
)  # fmt: skip
# Targets lie 15 to 30 % above the price on average (Brav and Lehavy 2003): the lower end, where the records name no median.
TYPICAL_UPSIDE: Final = 0.15
LEAST_CONTRIBUTORS: Final = 3
OLDEST_DAYS: Final = 90
CHANGES_DAYS: Final = 30
# Without a rating for so long nobody follows the company any more.
COVERED_DAYS: Final = 365

# In this order: a longer name that holds a shorter one comes first.
_LEVELS: Final = (
    ("strong buy", 2.0), ("strong sell", -2.0), ("underperform", -1.0), ("underweight", -1.0), ("outperform", 1.0),
    ("overweight", 1.0), ("market perform", 0.0), ("sector perform", 0.0), ("equal weight", 0.0), ("accumulate", 1.0),
    ("neutral", 0.0), ("in line", 0.0), ("peer perform", 0.0), ("market weight", 0.0), ("sector weight", 0.0),
    ("reduce", -1.0), ("hold", 0.0), ("sell", -1.0), ("buy", 1.0),
)  # fmt: skip
_DAY: Final = np.timedelta64(1, "D")


def rating_level(text: str) -> float:
    """Return a rating as a level from 2 (strong buy) to -2 (strong sell), NaN for words that are none.

    Examples
    --------
    >>> rating_level("Strong Buy"), rating_level("Underweight"), rating_level("Equal-Weight"), rating_level("n/a")
    (2.0, -1.0, 0.0, nan)
    """
    words = text.lower().replace("-", " ")
    return next((level for name, level in _LEVELS if name in words), np.nan)


def analyst_features(history: History) -> dict[str, FloatArray]:
    """Return what was known of analysts at each bar, shape (n_bars,); NaN without records.

    Parameters
    ----------
    history : History
        Read are records ``"analyst_targets"`` (columns `target`, and where known
        `high`, `low`, `contributors`, `median_upside` of all companies) and
        ``"analyst_ratings"`` (columns `firm`, `action`: upgrade, downgrade,
        initiated or reiterated, `rating`) of the main symbol. Targets are per share
        of the day they became known; a source that does not count its contributors
        is taken at its word. A year after the last rating there are none.
    """
    columns = {name: np.full(len(history.bars()), np.nan) for name in ANALYST}
    return columns | _targets(history) | _ratings(history)


def _targets(history: History) -> dict[str, FloatArray]:
    main, records = history.bars(), history.find_records("analyst_targets")
    if records is None or not len(records) or not len(main):
        return {}
    known = known_instants(records)
    order = np.argsort(known, kind="stable")
    row = known_counts(main, known[order]) - 1
    scale = split_factors_at(main, known[order])

    def at(name: str, per_share: bool = False) -> FloatArray:
        if name not in records.frame:
            return np.full(len(main), np.nan)
        values = records.frame[name].to_numpy(dtype=float)[order]
        return np.append(values * scale if per_share else values, np.nan)[row]

    age = (main.known_at - np.append(known[order], np.datetime64("NaT"))[row]) / _DAY
    count = at("contributors")
    usable = (age <= OLDEST_DAYS) & ~(count < LEAST_CONTRIBUTORS)
    levels = {
        name: np.where(usable, at(column, per_share=True) / main.split_factor, np.nan)
        for name, column in (
            ("analyst_target", "target"),
            ("analyst_target_high", "high"),
            ("analyst_target_low", "low"),
        )
    }
    typical = at("median_upside")
    return {
        **levels,
        "analyst_upside": ratio(levels["analyst_target"], main.close) - 1,
        "analyst_price_to_high": ratio(main.close, levels["analyst_target_high"]),
        "analyst_price_to_low": ratio(main.close, levels["analyst_target_low"]),
        "analyst_typical_upside": np.where(row < 0, np.nan, np.where(np.isnan(typical), TYPICAL_UPSIDE, typical)),
        "analyst_contributors": count,
        "analyst_age_days": age,
    }


def _ratings(history: History) -> dict[str, FloatArray]:
    main, records = history.bars(), history.find_records("analyst_ratings")
    if records is None or not len(records):
        return {}
    known = known_instants(records)
    order = np.argsort(known, kind="stable")
    frame = records.frame.iloc[order]
    levels = np.array([rating_level(str(text)) for text in frame["rating"]])
    actions = frame["action"].astype(str).str.lower().to_numpy(dtype=object)
    upgrade = np.array([str(each).startswith(("up", "init", "reit")) for each in actions])
    is_change = np.array([str(each).startswith("up") for each in actions])
    # A start or a repetition counts for a Buy only; at Hold it says nothing.
    up = upgrade & (is_change | (levels > 0))
    down = np.array([str(each).startswith("down") for each in actions])
    end, begin = known_counts(main, known[order]), np.searchsorted(known[order], main.known_at - CHANGES_DAYS * _DAY)

    def within(flags: NDArray[np.bool_]) -> FloatArray:
        total = np.concatenate(([0.0], np.cumsum(flags)))
        return total[end] - total[begin]

    age = (main.known_at - np.append(known[order], np.datetime64("NaT"))[end - 1]) / _DAY
    is_known = age <= COVERED_DAYS
    return {
        "analyst_rating": np.where(
            is_known, _mean_level(frame["firm"].to_numpy(dtype=object), levels)[end - 1], np.nan
        ),
        "analyst_net_changes": np.where(is_known, within(up) - within(down), np.nan),
        "analyst_changes": np.where(is_known, within(up | down), np.nan),
    }


def _mean_level(firms: NDArray[np.object_], levels: FloatArray) -> FloatArray:
    """Return the mean of each firm's last level after each rating."""
    latest: dict[str, float] = {}
    means = np.full(levels.size, np.nan)
    for place, (firm, level) in enumerate(zip(firms, levels, strict=True)):
        if not np.isnan(level):
            latest[str(firm)] = float(level)
        if latest:
            means[place] = sum(latest.values()) / len(latest)
    return means
