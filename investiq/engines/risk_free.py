"""The risk-free rate that was known at each bar: one answer for all engines."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from investiq.engines.joining import known_counts, known_instants
from investiq.history.history import History
from investiq.history.records import Records

__all__ = ["CONSTANT_RATE", "RiskFree", "known_risk_free"]

FloatArray = NDArray[np.float64]

# Annual; a convention for work without a rate in the history.
CONSTANT_RATE: Final = 0.045
# Yields of three-month Treasury bills in percent: FRED's constant maturity, and the 13-week index.
_YIELDS: Final = ("DGS3MO", "^IRX")
# Ken French's factors come with the return of bills in each of their periods.
_FACTORS: Final = "FF3"
_CONSTANT: Final = f"constant: no {', '.join(_YIELDS)} or {_FACTORS} was known"
_PERCENT: Final = 100.0
# By the usual distance of two records they are of days or months. Weeks end in either of two months.
_DAILY_GAP, _DAYS = 4.0, 252.0
_MONTHLY_GAP, _MONTHS = 25.0, 12.0


class RiskFree(NamedTuple):
    """By bar: the annual rate as a fraction, and where it is from."""

    rate: FloatArray
    source: NDArray[np.str_]


class _Facts(NamedTuple):
    """Numbers in the order in which they became known, the newest day at each, with those instants."""

    numbers: FloatArray
    labels: NDArray[np.datetime64]
    known: NDArray[np.datetime64]


def known_risk_free(history: History) -> RiskFree:
    """Return the annual risk-free rate known at each bar of the main symbol, and its source.

    The first that was known by then of: the yield of three-month Treasury bills,
    ``"DGS3MO"``, then ``"^IRX"``, records or bars in percent; `risk_free` of the
    factor records ``"FF3"``, the return of a month (or a day) times 12 (or 252);
    0.045. The newest known stands until there is a newer one.

    Notes
    -----
    A yield or return of a day before one that is known already, such as an old one
    revised, is no news. Whether factors are of days or months tells the distance of
    their records, so the first is not used; those of weeks are not either.

    Examples
    --------
    >>> import investiq as iq
    >>> bars, factors = iq.load_bars("^GSPC"), iq.load_records("FF3")
    >>> rate, source = known_risk_free(iq.History.of(bars, records=[factors]))
    >>> round(float(rate[-1]), 4), str(source[-1])
    (0.0216, 'FF3')
    >>> rate, source = known_risk_free(iq.History.of(bars))
    >>> float(rate[-1]), str(source[-1])
    (0.045, 'constant: no DGS3MO, ^IRX or FF3 was known')
    """
    bars = history.bars()
    rate = np.full(len(bars), CONSTANT_RATE)
    source = np.full(len(bars), _CONSTANT)
    found = {name: _yields(history, name) for name in _YIELDS} | {_FACTORS: _bill_returns(history)}
    for name, facts in reversed(found.items()):
        counts = known_counts(bars, facts.known)
        known = counts > 0
        rate[known] = facts.numbers[counts[known] - 1]
        source[known] = name
    return RiskFree(rate, source)


def _yields(history: History, name: str) -> _Facts:
    if (records := history.tables.get(name)) is not None:
        frame = records.frame
        numbers = [each for each in frame.columns if frame[each].dtype.kind in "fiu"]
        facts = _newest(records, numbers[0]) if numbers else _NOTHING
        return facts._replace(numbers=facts.numbers / _PERCENT)
    if name in history.series and name != history.symbol:
        series = history.series[name]
        return _Facts(series.close / _PERCENT, series.ts, series.known_at)
    return _NOTHING


def _bill_returns(history: History) -> _Facts:
    records = history.tables.get(_FACTORS)
    if records is None or "risk_free" not in records.frame or records.frame["risk_free"].dtype.kind not in "fiu":
        return _NOTHING
    values, labels, known = _newest(records, "risk_free")
    gaps = np.diff(labels) / np.timedelta64(1, "D")
    # Of those known so far: no rate depends on a later record.
    usual = pd.Series(np.where(gaps > 0, gaps, np.nan)).expanding().median().to_numpy()
    per_year = np.where(usual >= _MONTHLY_GAP, _MONTHS, np.where(usual <= _DAILY_GAP, _DAYS, np.nan))
    annual = values[1:] * per_year / (_PERCENT if records.unit.startswith("percent") else 1.0)
    kept = np.isfinite(annual)
    return _Facts(annual[kept], labels[1:][kept], known[1:][kept])


def _newest(records: Records, column: str) -> _Facts:
    values = records.frame[column].to_numpy(dtype=float)
    known = known_instants(records)
    order = np.argsort(known, kind="stable")
    order = order[np.isfinite(values[order])]
    days = records.labels[order].astype(np.int64)
    order = order[days == np.maximum.accumulate(days)]
    return _Facts(values[order], records.labels[order], known[order])


_NOTHING: Final = _Facts(np.empty(0), np.empty(0, dtype="datetime64[us]"), np.empty(0, dtype="datetime64[us]"))
