"""Dividends: yields, changes, growth and streaks of regular payments, with specials apart."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.core.facts import Unit
from investiq.engines.base import Line, Panel
from investiq.engines.joining import known_counts, known_instants
from investiq.engines.rules import FloatArray, Table
from investiq.engines.supplementary.topics import Adjustment, Topic
from investiq.history.bars import Bars
from investiq.history.history import History

__all__ = ["TOPIC", "dividend_features"]

# How long a change or a special payment says something, in calendar days from its ex-date; of a missing one, from when it was overdue.
RECENT_DAYS: Final = 90
# Symbols whose payments are kept as they were read.
_REMEMBERED: Final = 128
# A payment that is due for one and a half periods is missing.
OVERDUE: Final = 1.5
CUT_SCORE, RAISE_SCORE = -1.5, 1.5
PLAIN_CHANGE: Final = 0.10
FEWEST_CHANGES: Final = 8
FEWEST_PAYMENTS: Final = 5
# Of a change; less of a deviation is rounding.
_ROUNDING: Final = 1e-9
# Days between payments to payments a year, by the nearest.
_PERIODS: Final = np.array([30.4, 91.3, 182.6, 365.25])
_FREQUENCIES: Final = np.array([12.0, 4.0, 2.0, 1.0])
_DAY: Final = np.timedelta64(1, "D")

UNITS: Final[dict[str, Unit]] = {
    "dividend_trailing_yield": "fraction",
    "dividend_forward_yield": "fraction",
    "dividend_frequency": "count",
    "dividend_change": "fraction",
    "dividend_change_z": "ratio",
    "dividend_growth": "fraction",
    "dividend_streak": "years",
    "dividend_days_since": "days",
    "dividend_is_overdue": "",
    "dividend_special": "fraction",
}
_BY_PAYMENT: Final = ("frequency", "change", "change_z", "growth", "streak")


class _Payments(NamedTuple):
    """Cash per share on the split basis of the first bar, in the order in which it became known."""

    known: NDArray[np.datetime64]
    ex_date: NDArray[np.datetime64]
    cash: FloatArray


def dividend_features(history: History) -> dict[str, FloatArray]:
    """Return what the payments known at each row say.

    The payments are the records of kind ``"actions"`` where the history has them, known
    from their declaration; else the actions of the bars. A payment counts from its ex-date
    on; what was paid before the first bar is left out, since its split basis is not known,
    and so is cash in another currency without an exchange rate.

    Returns
    -------
    dict of str to ndarray of shape (n_bars,)
        ``dividend_trailing_yield``: regular cash of a year's payments over the price,
        on one split basis, from 365 days of bars on; ``dividend_forward_yield``: the
        latest times the payments a year; ``dividend_change``: the latest over the one before, less 1, with
        its place among the changes before (at least 8); ``dividend_growth``: yearly,
        between the first and the latest of at least 5; ``dividend_streak``: years of
        rising yearly totals; ``dividend_is_overdue``: 1 where one and a half periods
        have passed without a payment; ``dividend_special``: special cash of the
        last 90 days over the price, 0 without.
    """
    bars = history.bars()
    found: dict[str, FloatArray] = {name: np.full(len(bars), np.nan) for name in UNITS}
    regular, special = _payments(history, "dividend"), _payments(history, "special_dividend")
    # On the split basis of the first bar, like the payments.
    price = bars.close * bars.split_factor
    if special.known.size:
        found["dividend_special"] = _within(bars, special, RECENT_DAYS) / price
    if not regular.known.size:
        return found
    count = known_counts(bars, regular.known)
    rows = count > 0
    newest = count[rows] - 1
    said = _said(tuple(each.tobytes() for each in regular))
    for name, values in zip(_BY_PAYMENT, said, strict=True):
        found[f"dividend_{name}"][rows] = values[newest]
    days = (bars.known_at[rows] - regular.ex_date[newest]) / _DAY
    frequency = said[0][newest]
    found["dividend_days_since"][rows] = days
    is_overdue = days > OVERDUE * 365.25 / frequency
    found["dividend_is_overdue"][rows] = np.where(np.isnan(frequency), np.nan, is_overdue)
    full = rows & (bars.known_at - bars.ts[0] >= 365 * _DAY)
    found["dividend_trailing_yield"][full] = (_last_year(bars, regular, count, said[0]) / price)[full]
    # Of a suspended dividend nothing is to be expected.
    found["dividend_forward_yield"][rows] = np.where(is_overdue, np.nan, regular.cash[newest] * frequency / price[rows])
    if not special.known.size:
        found["dividend_special"][rows] = 0.0
    return found


def _payments(history: History, kind: str) -> _Payments:
    bars = history.bars()
    records = history.find_records("actions")
    if records is None:
        chosen = [each for each in bars.actions if each.kind == kind and each.cash]
        ex_date = np.array([each.ex_date for each in chosen], dtype="datetime64[D]")
        rates = [_rate(each.currency, each.exchange_rate, bars) for each in chosen]
        cash = np.array([each.cash for each in chosen], dtype=float) * np.array(rates, dtype=float)
        known = ex_date.astype("datetime64[us]")
    else:
        frame = records.frame
        rows = ((frame["kind"] == kind) & (frame["cash"] > 0)).to_numpy()
        ex_date = records.labels[rows].astype("datetime64[D]")
        rates = [_rate(*each, bars) for each in zip(frame["currency"][rows], frame["exchange_rate"][rows], strict=True)]
        cash = frame["cash"].to_numpy(dtype=float)[rows] * np.array(rates, dtype=float)
        # The money goes to holders of the ex-date: a declared payment counts from then on.
        known = np.maximum(known_instants(records)[rows], ex_date.astype("datetime64[us]"))
    inside = np.isfinite(cash) & (ex_date >= bars.ts[0].astype("datetime64[D]") if len(bars) else False)
    known, ex_date, cash = known[inside], ex_date[inside], cash[inside]
    order = np.lexsort((ex_date, known))
    # What was told of only after a later payment's ex-date would come out of turn.
    order = order[ex_date[order] >= np.maximum.accumulate(ex_date[order])]
    known, ex_date, cash = known[order], ex_date[order], (cash * _split_factors(bars, ex_date))[order]
    # What is there twice counts once; payments of one ex-date are one, known with its last part.
    _, once = np.unique(np.rec.fromarrays((ex_date, cash)), return_index=True)
    known, ex_date, cash = known[once], ex_date[once], cash[once]
    begins = np.flatnonzero(np.diff(ex_date, prepend=np.datetime64("NaT")) != np.timedelta64(0, "D"))
    if not begins.size:
        return _Payments(known, ex_date, cash)
    whole = np.maximum.reduceat(known.astype(np.int64), begins).astype(known.dtype)
    return _Payments(whole, ex_date[begins], np.add.reduceat(cash, begins))


def _rate(currency: object, rate: float | None, bars: Bars) -> float:
    """Return what turns cash into the currency of the price, NaN where that is not known; no currency is the price's."""
    if not isinstance(currency, str) or currency == bars.passport.currency:
        return 1.0
    return float(rate) if rate is not None and 0 < rate < np.inf else np.nan


def _split_factors(bars: Bars, dates: NDArray[np.datetime64]) -> FloatArray:
    """Return the split factor of each date: that of the first bar on or after it, of the last bar beyond."""
    if not dates.size:
        return np.empty(0)
    places = np.searchsorted(bars.ts.astype("datetime64[D]"), dates)
    factors: FloatArray = bars.split_factor[np.clip(places, 0, len(bars) - 1)]
    return factors


def _within(bars: Bars, payments: _Payments, days: int) -> FloatArray:
    """Return the cash of the last `days` calendar days known at each row."""
    total = np.concatenate(([0.0], np.cumsum(payments.cash)))
    known = known_counts(bars, payments.known)
    old = known_counts(bars, (payments.ex_date + days).astype("datetime64[us]"))
    return total[known] - total[np.minimum(old, known)]


def _last_year(bars: Bars, payments: _Payments, count: NDArray[np.int64], frequency: FloatArray) -> FloatArray:
    """Return the cash of one year's payments: as many as a year has, none older than 380 days.

    A window of 365 days holds five quarterly payments where an ex-date comes a day earlier than the year before.
    """
    total = np.concatenate(([0.0], np.cumsum(payments.cash)))
    a_year = np.nan_to_num(frequency, nan=1.0).astype(np.int64)[np.maximum(count - 1, 0)]
    old = known_counts(bars, (payments.ex_date + 380).astype("datetime64[us]"))
    cash: FloatArray = total[count] - total[np.minimum(np.maximum(count - a_year, old), count)]
    return cash


@lru_cache(maxsize=_REMEMBERED)
def _said(parts: tuple[bytes, ...]) -> FloatArray:
    """Return `_at` of every payment, shape (n_said, n_payments), from the bytes of `_Payments`."""
    kinds = ("M8[us]", "M8[D]", "f8")
    payments = _Payments(*(np.frombuffer(part, dtype=kind) for part, kind in zip(parts, kinds, strict=True)))
    return np.array([_at(payments, last) for last in range(payments.known.size)]).T


def _at(payments: _Payments, last: int) -> tuple[float, ...]:
    """Return what is said once payment number `last` is known, in the order of `_BY_PAYMENT`."""
    cash, ex_date = payments.cash[: last + 1], payments.ex_date[: last + 1]
    spans = np.diff(ex_date)[-4:] / _DAY
    frequency = float(_FREQUENCIES[np.argmin(np.abs(_PERIODS - np.median(spans)))]) if spans.size else np.nan
    changes = cash[1:] / cash[:-1] - 1
    before = changes[:-1]
    spread = float(before.std(ddof=1)) if before.size >= FEWEST_CHANGES else np.nan
    years = float((ex_date[-1] - ex_date[0]) / _DAY) / 365.25
    return (
        frequency,
        float(changes[-1]) if changes.size else np.nan,
        float((changes[-1] - before.mean()) / spread) if spread > _ROUNDING else np.nan,
        float((cash[-1] / cash[0]) ** (1 / years) - 1) if cash.size >= FEWEST_PAYMENTS and years > 0 else np.nan,
        _streak(cash, frequency),
    )


def _streak(cash: FloatArray, frequency: float) -> float:
    """Return how many yearly sums in a row exceeded the one before; NaN below two years of payments."""
    if np.isnan(frequency) or cash.size < 2 * frequency:
        return np.nan
    count = int(frequency)
    totals = cash[::-1][: cash.size // count * count].reshape(-1, count).sum(axis=1)
    rises = totals[:-1] > totals[1:] * (1 + 1e-9)
    return float(rises.size if rises.all() else np.argmin(rises))


def _change(t: Table) -> FloatArray:
    z, change = t["dividend_change_z"], t["dividend_change"]
    is_plain = np.isnan(z)
    fell = np.where(is_plain, change < -PLAIN_CHANGE, (z < CUT_SCORE) & (change < -_ROUNDING))
    rose = np.where(is_plain, change > PLAIN_CHANGE, (z > RAISE_SCORE) & (change > _ROUNDING))
    days = t["dividend_days_since"]
    moved = (days <= RECENT_DAYS) * (0.02 * rose - 0.03 * fell)
    # Suspended long ago is no news.
    is_recent = days <= OVERDUE * 365.25 / t["dividend_frequency"] + RECENT_DAYS
    return np.where(t["dividend_is_overdue"] == 1, -0.05 * is_recent, moved).astype(np.float64)


def _special(t: Table) -> FloatArray:
    return np.where(t["dividend_special"] > 0, 0.02, 0.0)


def _why_missing(row: Mapping[str, Any]) -> dict[str, str]:
    if np.isnan(row["dividend_days_since"]):
        return dict.fromkeys(UNITS, "no regular dividend known")
    reasons = {
        "dividend_trailing_yield": "fewer than 365 days of bars",
        "dividend_forward_yield": "the payment is overdue, or only one is known",
        "dividend_change_z": f"fewer than {FEWEST_CHANGES} changes before the latest",
        "dividend_growth": f"fewer than {FEWEST_PAYMENTS} payments",
        "dividend_streak": "fewer than two years of payments",
    }
    return {name: why for name, why in reasons.items() if np.isnan(row[name])}


TOPIC: Final = Topic(
    name="dividends",
    units=UNITS,
    features=dividend_features,
    adjustments=(
        Adjustment(
            names=("Dividend Raised", "Dividend Cut or Suspended"),
            fact="dividend",
            amount=_change,
            value="dividend_change",
            texts=(
                "the latest payment is {dividend_change} above the one before",
                "changed by {dividend_change}; {dividend_days_since} since the ex-date, {dividend_frequency} expected a year",
            ),
        ),
        Adjustment(
            names=("Special Dividend", ""),
            fact="special dividend",
            amount=_special,
            value="dividend_special",
            texts=("special cash of {dividend_special} of the price in the last 90 days", ""),
        ),
    ),
    panels=(
        Panel(
            "Dividends",
            (
                Line("Trailing yield", "dividend_trailing_yield", "regular cash of a year over the price"),
                Line("Forward yield", "dividend_forward_yield", "latest x payments a year"),
                Line("Payments a year", "dividend_frequency", "from the spacing of the last five"),
                Line("Latest change", "dividend_change", "split-adjusted, specials apart"),
                Line("Growth", "dividend_growth", "a year, from the first payment to the latest"),
                Line("Years of rising payments", "dividend_streak"),
                Line("Special payments", "dividend_special", "last 90 days, of the price"),
            ),
        ),
    ),
    needs="dividends among the actions",
    why_missing=_why_missing,
)
