"""Earnings: surprise against the consensus, growth against the same quarter, and how near a report is."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.core.facts import Unit
from investiq.engines.base import Line, Panel
from investiq.engines.joining import known_counts, known_instants
from investiq.engines.rules import FloatArray
from investiq.engines.supplementary.topics import Topic
from investiq.history.bars import Bars
from investiq.history.history import History
from investiq.history.records import Records

__all__ = ["TOPIC", "earnings_features"]

# Surprises that a surprise is measured against, and the fewest that say how they vary.
PAST_SURPRISES: Final = 8
FEWEST_SURPRISES: Final = 4
NEAR_DAYS: Final = 7
# Symbols whose reports are kept as they were read.
_REMEMBERED: Final = 128
UNRELIABLE_DAYS: Final = 3
# What a coming report adds to the uncertainty of a forecast, and leaves of its reliability.
UNCERTAINTY: Final = 0.1
RELIABILITY: Final = 0.7
# A quarter ends within so many days of the same date a year before.
_SAME_QUARTER: Final = 20
_DAYS_PER_YEAR: Final = 365.25
# A report is expected on the weekday of the one a year before, and no longer when it is so many days late.
_YEAR_OF_WEEKS: Final = np.timedelta64(364, "D")
_LATE_DAYS: Final = 30
# Of the largest amount; less of a deviation is rounding.
_ROUNDING: Final = 1e-9
_DAY: Final = np.timedelta64(1, "D")

UNITS: Final[dict[str, Unit]] = {
    "earnings_eps": "price",
    "earnings_surprise": "price",
    "earnings_sue": "ratio",
    "earnings_beat_rate": "fraction",
    "earnings_eps_growth": "fraction",
    "earnings_revenue_growth": "fraction",
    "earnings_eps_cagr": "fraction",
    "earnings_revenue_cagr": "fraction",
    "earnings_days_since": "days",
    "earnings_days_to_next": "days",
    "earnings_days_to_expected": "days",
    "earnings_uncertainty": "fraction",
    "earnings_reliability": "fraction",
}
_BY_REPORT: Final = tuple(UNITS)[:8]


class _Reports(NamedTuple):
    """Reports in the order in which they became known, per share on the split basis of the first bar."""

    known: NDArray[np.datetime64]
    period_end: NDArray[np.datetime64]
    eps: FloatArray
    estimate: FloatArray
    revenue: FloatArray


def earnings_features(history: History) -> dict[str, FloatArray]:
    """Return what the reports known at each row say, and the days since the last and to the next.

    Returns
    -------
    dict of str to ndarray of shape (n_bars,)
        ``earnings_surprise``: actual less the consensus before the report, per share;
        ``earnings_sue``: that over the deviation of the 8 surprises before it (at
        least 4); ``earnings_beat_rate``: share of the last 8 reports with a consensus
        above it. Growth is against the same quarter of the year before, and the
        yearly rate between the oldest and the newest of one quarter; absent where the
        base is not above 0. Days are calendar days from the decision time.
        ``earnings_days_to_next``: to the next report, from its announcement;
        ``earnings_days_to_expected``: to the day 52 weeks after the report of the same
        quarter a year before, 0 while that is up to 30 days late. The first that is
        known decides ``earnings_uncertainty`` and ``earnings_reliability``.

    Notes
    -----
    The standardised surprise is that of Livnat and Mendenhall (2006), "Comparing the
    post-earnings announcement drift for surprises calculated from analyst and time
    series forecasts", Journal of Accounting Research 44(1). Amounts per share count the
    splits before their report; they are compared on one basis and shown on the row's.
    An announced report counts from its record's ``known_at``: where that is the time
    of the report, it was never announced.
    """
    bars = history.bars()
    found: dict[str, FloatArray] = {name: np.full(len(bars), np.nan) for name in UNITS}
    records = history.find_records("earnings")
    if records is None or not len(records):
        return found
    reports = _reports(records, bars)
    count = known_counts(bars, reports.known)
    rows = count > 0
    if reports.known.size:
        for name, values in zip(_BY_REPORT, _said(tuple(each.tobytes() for each in reports)), strict=True):
            found[name][rows] = values[count[rows] - 1]
        for name in ("earnings_eps", "earnings_surprise"):
            found[name] /= bars.split_factor
        found["earnings_days_since"][rows] = (bars.known_at[rows] - reports.known[count[rows] - 1]) / _DAY
        expected = np.array([_expected(reports, last) for last in range(reports.known.size)])
        found["earnings_days_to_expected"][rows] = _days_to(expected[count[rows] - 1], bars.known_at[rows])
    found["earnings_days_to_next"] = _days_to_next(bars.known_at, records)
    ahead = np.where(
        np.isnan(found["earnings_days_to_next"]), found["earnings_days_to_expected"], found["earnings_days_to_next"]
    )
    found["earnings_uncertainty"] = np.where(np.isnan(ahead), np.nan, UNCERTAINTY * (ahead <= NEAR_DAYS))
    found["earnings_reliability"] = np.where(
        np.isnan(ahead), np.nan, np.where(ahead <= UNRELIABLE_DAYS, RELIABILITY, 1.0)
    )
    return found


def _reports(records: Records, bars: Bars) -> _Reports:
    """Return the reports with a result; of a corrected one only its first version, which is what the market saw."""
    frame = records.frame
    order = np.argsort(known_instants(records), kind="stable")
    is_past = frame["eps_actual"].notna().to_numpy()[order]
    ends = records.labels[order]
    first = np.zeros(order.size, dtype=bool)
    past = np.flatnonzero(is_past)
    first[past[np.unique(ends[past], return_index=True)[1]]] = True
    kept = order[first]
    values = {
        name: frame[name].to_numpy(dtype=float)[kept] for name in ("eps_actual", "eps_estimate", "revenue_actual")
    }
    known = known_instants(records)[kept]
    # The company counts the splits up to the day of its report; those before the first bar are not known.
    factor = bars.split_factor[np.maximum(np.searchsorted(bars.ts, known, side="right") - 1, 0)]
    eps, estimate, revenue = values.values()
    return _Reports(known, records.labels[kept], eps * factor, estimate * factor, revenue)


@lru_cache(maxsize=_REMEMBERED)
def _said(parts: tuple[bytes, ...]) -> FloatArray:
    """Return `_at` of every report, shape (n_said, n_reports), from the bytes of `_Reports`."""
    kinds = ("M8[us]", "M8[us]", "f8", "f8", "f8")
    reports = _Reports(*(np.frombuffer(part, dtype=kind) for part, kind in zip(parts, kinds, strict=True)))
    return np.array([_at(reports, last) for last in range(reports.known.size)]).T


def _at(reports: _Reports, last: int) -> tuple[float, ...]:
    """Return what is said once report number `last` is known, in the order of `_BY_REPORT`."""
    surprises = reports.eps[: last + 1] - reports.estimate[: last + 1]
    before = surprises[:last][~np.isnan(surprises[:last])][-PAST_SURPRISES:]
    spread = float(before.std(ddof=1)) if before.size >= FEWEST_SURPRISES else np.nan
    is_spread = spread > _ROUNDING * np.abs(reports.eps[: last + 1]).max()
    compared = surprises[~np.isnan(surprises)][-PAST_SURPRISES:]
    return (
        float(reports.eps[last]),
        float(surprises[last]),
        float(surprises[last] / spread) if is_spread else np.nan,
        float((compared > 0).mean()) if compared.size else np.nan,
        *(_growth(reports, values, last) for values in (reports.eps, reports.revenue)),
        *(_yearly_rate(reports, values, last) for values in (reports.eps, reports.revenue)),
    )


def _years_before(reports: _Reports, last: int) -> FloatArray:
    days = (reports.period_end[last] - reports.period_end[: last + 1]) / _DAY
    years: FloatArray = np.where(
        np.abs(days - np.round(days / _DAYS_PER_YEAR) * _DAYS_PER_YEAR) <= _SAME_QUARTER,
        np.round(days / _DAYS_PER_YEAR),
        np.nan,
    )
    return years


def _growth(reports: _Reports, values: FloatArray, last: int) -> float:
    (same,) = np.nonzero(_years_before(reports, last) == 1)
    base = values[same[0]] if same.size else np.nan
    return float(values[last] / base - 1) if base > 0 else np.nan


def _yearly_rate(reports: _Reports, values: FloatArray, last: int) -> float:
    years = _years_before(reports, last)
    (same,) = np.nonzero((years >= 1) & (values[: last + 1] > 0))
    if not same.size or not values[last] > 0:
        return np.nan
    oldest = same[np.argmax(years[same])]
    return float((values[last] / values[oldest]) ** (1 / years[oldest]) - 1)


def _expected(reports: _Reports, last: int) -> np.datetime64:
    """Return when the report after number `last` is expected, NaT without one of its quarter a year before."""
    days = (reports.period_end[last] - reports.period_end[: last + 1]) / _DAY
    (same,) = np.nonzero(np.abs(days - 0.75 * _DAYS_PER_YEAR) <= _SAME_QUARTER)
    return reports.known[same[-1]] + _YEAR_OF_WEEKS if same.size else np.datetime64("NaT", "us")


def _days_to(when: NDArray[np.datetime64], decided: NDArray[np.datetime64]) -> FloatArray:
    days = (when - decided) / _DAY
    return np.where(days >= -_LATE_DAYS, np.maximum(days, 0.0), np.nan)


def _days_to_next(decided: NDArray[np.datetime64], records: Records) -> FloatArray:
    """Return the days from each row to the next report that was announced by then; NaN without one."""
    frame = records.frame
    when = frame["reported_at"].fillna(frame["reported_date"]).dt.tz_convert(None).to_numpy().astype("datetime64[us]")
    known = known_instants(records)
    ahead = np.full(decided.size, np.nan)
    for announced, report in zip(known, when, strict=True):
        if np.isnat(report) or report <= announced:
            continue
        rows = slice(np.searchsorted(decided, announced), np.searchsorted(decided, report))
        ahead[rows] = np.fmin(ahead[rows], (report - decided[rows]) / _DAY)
    return ahead


def _tags(row: Mapping[str, Any]) -> tuple[str, ...]:
    announced, expected = row["earnings_days_to_next"], row["earnings_days_to_expected"]
    if announced <= NEAR_DAYS:
        return (f"EARNINGS IN {int(np.ceil(announced))} DAYS",)
    if np.isnan(announced) and expected <= NEAR_DAYS:
        return (f"EARNINGS EXPECTED IN {int(np.ceil(expected))} DAYS",)
    return ()


def _why_missing(row: Mapping[str, Any]) -> dict[str, str]:
    if np.isnan(row["earnings_eps"]):
        return dict.fromkeys(UNITS, "no report known")
    same = "no report of the same quarter of the year before"
    unknown = "no report was announced, nor told of a year before"
    reasons = {
        "earnings_surprise": "no consensus before the last report",
        "earnings_sue": f"fewer than {FEWEST_SURPRISES} surprises before the last one, or all alike",
        "earnings_beat_rate": "no report with a consensus",
        "earnings_eps_growth": f"{same}, or its earnings were not above 0",
        "earnings_eps_cagr": f"{same}, or one of the two had no earnings above 0",
        "earnings_revenue_growth": f"{same} with its revenue",
        "earnings_revenue_cagr": f"{same} with its revenue",
        "earnings_days_to_next": "the date of the next report was not announced",
        "earnings_days_to_expected": f"{same} as the next, or it is more than {_LATE_DAYS} days late",
        "earnings_uncertainty": unknown,
        "earnings_reliability": unknown,
    }
    return {name: why for name, why in reasons.items() if np.isnan(row[name])}


TOPIC: Final = Topic(
    name="earnings",
    units=UNITS,
    features=earnings_features,
    panels=(
        Panel(
            "Earnings",
            (
                Line("Earnings per share", "earnings_eps", "last report"),
                Line("Surprise", "earnings_surprise", "less the consensus before the report"),
                Line("Standardised surprise", "earnings_sue", "over the deviation of the 8 before"),
                Line("Beat rate", "earnings_beat_rate", "last 8 reports with a consensus"),
                Line("Growth of earnings per share", "earnings_eps_growth", "against the same quarter"),
                Line("Growth of revenue", "earnings_revenue_growth", "against the same quarter"),
                Line("Yearly growth of earnings per share", "earnings_eps_cagr", "between same quarters"),
                Line("Days since the report", "earnings_days_since"),
                Line("Yearly growth of revenue", "earnings_revenue_cagr", "between same quarters"),
                Line("Days to the next", "earnings_days_to_next", "as announced by then"),
                Line("Days to the expected", "earnings_days_to_expected", "52 weeks after the same quarter's report"),
                Line("Uncertainty added", "earnings_uncertainty", f"within {NEAR_DAYS} days of a report"),
                Line("Reliability left", "earnings_reliability", f"within {UNRELIABLE_DAYS} days of a report"),
            ),
        ),
    ),
    needs="records of earnings",
    tags=_tags,
    why_missing=_why_missing,
)
