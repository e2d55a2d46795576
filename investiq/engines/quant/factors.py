"""What a share's returns owe to market, size and value: Fama and French's factors, or funds in their place."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.engines.joining import closes_on, known_instants, series_of
from investiq.engines.quant.regression_kernel import trailing_regression
from investiq.engines.quant.returns import Sample, simple_returns
from investiq.engines.quant.seasonality import months_of
from investiq.engines.rules import FloatArray
from investiq.history.history import History
from investiq.history.records import Records
from investiq.metrics.regression import newey_west_lags

__all__ = ["factor_regression"]

_RECORDS: Final = "FF3"
_FACTORS: Final = ("market", "smb", "hml")
_DAYS: Final = 252
_MONTHS: Final = 60
_RATE: Final = "risk_free"
# By the usual distance of two records they are of days or months. Weeks end in either of two months.
_DAILY_SPACING: Final = np.timedelta64(4, "D")
_MONTHLY_SPACING: Final = np.timedelta64(25, "D")
# After this no newer factor is expected any more.
_STALE: Final = {"records": np.timedelta64(120, "D"), "proxies": np.timedelta64(15, "D")}
_NAMES: Final = (
    "factor_alpha",
    "factor_market_beta",
    "factor_size_beta",
    "factor_value_beta",
    "factor_alpha_error",
    "factor_market_error",
    "factor_size_error",
    "factor_value_error",
    "factor_r2",
    "factor_residual_vol",
)


class _Pairs(NamedTuple):
    """Excess returns with the factors of their period, and when the later of both became known."""

    excess: FloatArray
    factors: FloatArray
    period_end: NDArray[np.datetime64]
    known: NDArray[np.datetime64]
    window: int
    per_year: float
    is_proxy: bool


def factor_regression(history: History, sample: Sample) -> dict[str, FloatArray | NDArray[np.str_]]:
    """Return the regression on three factors, as far as they were known at each row.

    Ken French's records ``"FF3"`` where the history has them: over 60 months, or
    over 252 days if records and bars are daily. Otherwise funds in their place over
    252 bars: benchmark, small caps less benchmark, value less growth;
    `factor_is_proxy` is then 1. Alpha and the residual deviation are annual; errors
    are Newey and West's.
    """
    records = history.tables.get(_RECORDS)
    pairs = None if records is None else _of_records(history, sample, records)
    pairs = _of_funds(history, sample) if pairs is None else pairs
    rows = sample.rows
    if pairs is None or not pairs.excess.size:
        nothing = {name: np.full(rows, np.nan) for name in (*_NAMES, "factor_is_proxy")}
        return {**nothing, "factor_source": np.full(rows, "", dtype="U8")}
    design = np.vstack((np.ones(pairs.excess.size), pairs.factors))
    found = trailing_regression(design, pairs.excess, pairs.window, newey_west_lags(pairs.window))
    found[[0, 4]] *= pairs.per_year
    found[9] *= np.sqrt(pairs.per_year)
    bars = history.bars()
    place = np.searchsorted(pairs.known, bars.known_at, side="right")
    age = bars.ts - np.concatenate(([np.datetime64(0, "us")], pairs.period_end))[place]
    is_fresh = (place > 0) & (age <= _STALE["proxies" if pairs.is_proxy else "records"])
    spread = np.concatenate((np.full((len(_NAMES), 1), np.nan), found), axis=1)[:, place]
    spread[:, ~is_fresh] = np.nan
    has = np.isfinite(spread[0])
    return {
        **dict(zip(_NAMES, spread, strict=True)),
        "factor_is_proxy": np.where(has, float(pairs.is_proxy), np.nan),
        "factor_source": np.where(has, "proxy" if pairs.is_proxy else _RECORDS, ""),
    }


def _of_records(history: History, sample: Sample, records: Records) -> _Pairs | None:
    """Return the pairs with records, None where these lack a factor or are of other periods than the bars."""
    labels, known, frame = records.labels, known_instants(records), records.frame
    names = (*_FACTORS, _RATE)
    if labels.size < 2 or any(name not in frame or frame[name].dtype.kind not in "fiu" for name in names):
        return None
    # Of a period that was revised, what was known of it first.
    order = np.lexsort((known, labels))
    labels, known = labels[order], known[order]
    values = np.stack([frame[name].to_numpy(dtype=float)[order] for name in names])
    if records.unit.startswith("percent"):
        values /= 100
    factors, rate = values[:-1], values[-1]
    bars = history.bars()
    spacing = np.median(np.diff(labels))
    if spacing >= _MONTHLY_SPACING and bars.interval != "1w":
        months = months_of(sample.close, sample.months)
        number = labels.astype("datetime64[M]").astype(np.int64)
        _, mine, theirs = np.intersect1d(months.number, number, return_indices=True)
        returns, done = months.returns[mine], bars.known_at[months.known_row[mine]]
        ends = bars.ts[months.known_row[mine] - 1]
        window, per_year = _MONTHS, 12.0
    elif spacing <= _DAILY_SPACING and bars.interval == "1d":
        _, mine, theirs = np.intersect1d(bars.ts[1:], labels, return_indices=True)
        returns, done, ends = sample.returns[mine], bars.known_at[mine + 1], bars.ts[mine + 1]
        window, per_year = _DAYS, sample.periods_per_year
    else:
        return None
    excess, chosen = returns - rate[theirs], factors[:, theirs]
    available = np.maximum(done, known[theirs])
    complete = np.flatnonzero(np.isfinite(excess) & np.isfinite(chosen).all(axis=0))
    # A period that became known after a later one never enters: no window changes in its middle.
    in_order = available[complete] <= np.minimum.accumulate(available[complete][::-1])[::-1]
    kept = complete[in_order]
    return _Pairs(excess[kept], chosen[:, kept], ends[kept], available[kept], window, per_year, is_proxy=False)


def _of_funds(history: History, sample: Sample) -> _Pairs | None:
    bars = history.bars()
    funds = [series_of(history, role) for role in ("small_caps", "value", "growth")]
    closes = [None if fund is None else closes_on(bars, fund) for fund in funds]
    if not np.isfinite(sample.benchmark_close).any() or any(each is None for each in closes):
        return None
    market = simple_returns(sample.benchmark_close)
    small, value, growth = (simple_returns(each) for each in closes if each is not None)
    rate = sample.returns - sample.excess
    factors = np.stack((market - rate, small - market, value - growth))
    complete = np.isfinite(factors).all(axis=0)
    return _Pairs(
        sample.excess[complete],
        factors[:, complete],
        bars.ts[1:][complete],
        bars.known_at[1:][complete],
        _DAYS,
        sample.periods_per_year,
        is_proxy=True,
    )
