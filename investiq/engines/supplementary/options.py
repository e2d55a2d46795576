"""Options: what chains of contracts imply and how they are used, by what was known at each row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from investiq.core.facts import Unit
from investiq.engines.base import Line, Panel
from investiq.engines.joining import known_counts
from investiq.engines.rules import FloatArray, Table
from investiq.engines.scoring import RANK_MINIMUM, RANK_WINDOW, percentile_rank, z_score
from investiq.engines.supplementary.options_summary import summary_of
from investiq.engines.supplementary.topics import Adjustment, Topic
from investiq.history.history import History

__all__ = ["TOPIC", "options_features"]

UNITS: Final[dict[str, Unit]] = {
    "options_atm_iv": "fraction",
    "options_iv_percentile": "fraction",
    "options_iv_rank": "fraction",
    "options_skew": "fraction",
    "options_skew_percentile": "fraction",
    "options_skew_z": "ratio",
    "options_put_call_interest": "ratio",
    "options_put_call_interest_percentile": "fraction",
    "options_put_call_volume": "ratio",
    "options_put_call_volume_percentile": "fraction",
    "options_call_volume": "count",
    "options_put_volume": "count",
    "options_call_interest": "count",
    "options_put_interest": "count",
    "options_unusual": "count",
    "options_max_pain": "price",
    "options_max_pain_gap": "fraction",
    "options_max_pain_days": "days",
    "options_quoted": "count",
    "options_solved": "count",
    "options_zero_bids": "count",
    "options_age_days": "days",
}
# An older chain says nothing of today.
MOST_AGE_DAYS: Final = 7.0
# Open interest pulls a price towards a strike on the last days only (Ni, Pearson and Poteshman 2005).
PAIN_DAYS: Final = 5.0
PUT_CALL_LOW, PUT_CALL_HIGH = 0.15, 0.85
IV_LOW, IV_HIGH = 0.20, 0.80
SKEW_Z: Final = 1.5

_PUT_CALL_RANKS: Final = ("put_call_interest_percentile", "put_call_volume_percentile")
_DAY: Final = np.timedelta64(1, "D")


def options_features(history: History) -> dict[str, FloatArray]:
    """Return the columns of the topic: the newest chain known at each row, no older than seven days.

    Volatility is at 30 days and in the past of the rows: a rank compares it with
    that of the 252 rows before, of which 60 must be known.
    """
    main, records = history.bars(), history.find_records("options")
    summary = None if records is None else summary_of(records)
    if summary is None or not summary.known.size:
        return {name: np.full(len(main), np.nan) for name in UNITS}
    newest = known_counts(main, summary.known) - 1
    age = (main.known_at - summary.known[newest]) / _DAY
    is_fresh = (newest >= 0) & (age <= MOST_AGE_DAYS)
    held = {name: np.where(is_fresh, values[newest], np.nan) for name, values in summary.columns.items()}

    iv, skew = held["atm_iv"], held["skew"]
    # A strike is as traded on the day of its chain; a split since then divides it.
    taken = np.maximum(np.searchsorted(main.ts, summary.known[newest], side="right") - 1, 0)
    pain = held["max_pain"] * main.split_factor[taken] / main.split_factor
    found = {f"options_{name}": values for name, values in held.items()} | {
        "options_iv_percentile": percentile_rank(iv),
        "options_iv_rank": _rank_in_range(iv),
        "options_skew_percentile": percentile_rank(skew),
        "options_skew_z": z_score(skew),
        "options_put_call_interest_percentile": percentile_rank(held["put_call_interest"]),
        "options_put_call_volume_percentile": percentile_rank(held["put_call_volume"]),
        "options_max_pain": pain,
        "options_max_pain_gap": np.where(held["max_pain_days"] <= PAIN_DAYS, pain / main.close - 1, np.nan),
        "options_age_days": np.where(newest >= 0, age, np.nan),
    }
    return {name: found[name] for name in UNITS}


def _rank_in_range(values: FloatArray) -> FloatArray:
    """Return where each value lies between the least and the most of a trailing year, itself included."""
    import pandas as pd

    rolling = pd.Series(values).rolling(RANK_WINDOW, min_periods=RANK_MINIMUM)
    low, high = rolling.min().to_numpy(), rolling.max().to_numpy()
    rank: FloatArray = np.divide(values - low, high - low, out=np.full(values.shape, np.nan), where=high > low)
    return rank


def _put_call(t: Table) -> FloatArray:
    rank = t["options_put_call_interest_percentile"]
    return np.where(rank < PUT_CALL_LOW, 0.03, np.where(rank > PUT_CALL_HIGH, -0.03, 0.0))


def _volatility(t: Table) -> FloatArray:
    rank = t["options_iv_percentile"]
    return np.where(rank < IV_LOW, 0.02, np.where(rank > IV_HIGH, -0.02, 0.0))


def _tags(row: Mapping[str, Any]) -> tuple[str, ...]:
    score = row["options_skew_z"]
    if score > SKEW_Z:
        return ("HEAVY PUT DEMAND",)
    return ("HEAVY CALL DEMAND",) if score < -SKEW_Z else ()


def _why_missing(row: Mapping[str, Any]) -> dict[str, str]:
    age = row["options_age_days"]
    if age > MOST_AGE_DAYS:
        return dict.fromkeys(UNITS, f"the newest chain is {age:.0f} days old")
    reasons: dict[str, str] = {}
    if np.isnan(row["options_atm_iv"]):
        reasons["options_atm_iv"] = "no quotes on both sides of the forward at some 30 days"
    if np.isnan(row["options_skew"]):
        reasons["options_skew"] = "no quotes around 25 delta at some 30 days"
    if np.isnan(row["options_max_pain"]):
        names = ("options_max_pain", "options_max_pain_gap")
        reasons |= dict.fromkeys(names, "no open interest in the nearest expiry")
    elif row["options_max_pain_days"] > PAIN_DAYS:
        reasons["options_max_pain_gap"] = f"the nearest expiry is more than {PAIN_DAYS:.0f} days ahead"
    for name in ("call_volume", "put_volume", "call_interest", "put_interest", "unusual"):
        reasons[f"options_{name}"] = "the chain does not state it"
    for ratio in ("options_put_call_interest", "options_put_call_volume"):
        if np.isnan(row[ratio]):
            reasons[ratio] = "no puts, or no calls to divide by"
    for name in ("iv_percentile", "iv_rank", "skew_percentile", "skew_z", *_PUT_CALL_RANKS):
        reasons[f"options_{name}"] = f"no value today, or fewer than {RANK_MINIMUM} rows with one in a year"
    return reasons


_PUT_CALL_TEXT: Final = "put/call open interest {options_put_call_interest}, rank {options_put_call_interest_percentile} in its trailing year"
_VOLATILITY_TEXT: Final = (
    "30-day implied volatility {options_atm_iv}, rank {options_iv_percentile} in its trailing year"
)

TOPIC: Final = Topic(
    name="options",
    units=UNITS,
    features=options_features,
    adjustments=(
        Adjustment(
            names=("Put/Call Low", "Put/Call High"),
            fact="put/call",
            amount=_put_call,
            value="options_put_call_interest_percentile",
            texts=(_PUT_CALL_TEXT, _PUT_CALL_TEXT),
        ),
        Adjustment(
            names=("Implied Volatility Low", "Implied Volatility High"),
            fact="volatility level",
            amount=_volatility,
            value="options_iv_percentile",
            texts=(_VOLATILITY_TEXT, _VOLATILITY_TEXT),
            is_directional=False,
        ),
    ),
    panels=(
        Panel(
            "Options",
            (
                Line("Implied volatility", "options_atm_iv", "at the money, 30 days", "options_iv_percentile"),
                Line("IV rank", "options_iv_rank", "between the least and the most of a year"),
                Line("Skew", "options_skew", "25-delta put less call, 30 days", "options_skew_percentile"),
                Line(
                    "Put/call, open interest",
                    "options_put_call_interest",
                    "contrarian or informed: its sign is contested",
                    "options_put_call_interest_percentile",
                ),
                Line("Put/call, volume", "options_put_call_volume", "", "options_put_call_volume_percentile"),
                Line("Call volume", "options_call_volume"),
                Line("Put volume", "options_put_volume"),
                Line("Call open interest", "options_call_interest"),
                Line("Put open interest", "options_put_interest"),
                Line("Unusual contracts", "options_unusual", "volume above 100 and twice the open interest"),
                Line("Max pain", "options_max_pain", "nearest expiry; tells something on its last 5 days only"),
                Line("Max pain to price", "options_max_pain_gap"),
                Line("Days to that expiry", "options_max_pain_days"),
                Line("Contracts with a price", "options_quoted"),
                Line("Contracts without a bid", "options_zero_bids", "left out of volatilities"),
                Line("Volatilities solved here", "options_solved", "the source states the others"),
                Line("Age of the chain", "options_age_days"),
            ),
        ),
    ),
    needs="option chains",
    tags=_tags,
    why_missing=_why_missing,
)
