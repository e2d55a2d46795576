"""Returns and factors of the same periods: by date, or by month where both have one row a month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

import numpy as np

from investiq.core.errors import DataError
from investiq.history.records import Records
from investiq.metrics.inputs import FloatArray, returns_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Aligned", "align_factors"]

Rule: TypeAlias = Literal["month", "date"]

# Rows of one series for each of the other's between the same dates; more are another frequency.
_ALIKE: Final = 1.5


class Aligned(NamedTuple):
    """Returns, factors and risk-free returns of the same periods.

    Attributes
    ----------
    ts : DatetimeIndex
        As the returns are stamped.
    returns : ndarray of shape (n_periods,)
    factors : ndarray of shape (n_periods, n_factors)
    names : tuple of str
    risk_free : ndarray of shape (n_periods,) or None
        Where the factors have such a column.
    rule : {"month", "date"}
    left_out : int
        Returns without factors.
    gaps : int
        Returns that follow a month without one, where the rule is ``"month"``.
    """

    ts: pd.DatetimeIndex
    returns: FloatArray
    factors: FloatArray
    names: tuple[str, ...]
    risk_free: FloatArray | None
    rule: Rule
    left_out: int
    gaps: int


def align_factors(returns: pd.Series[float], factors: pd.DataFrame | Records, risk_free: str) -> Aligned:
    """Join returns and factors on their periods; see `investiq.metrics.factors.factor_model`."""
    import pandas as pd

    table = factors.frame.drop(columns="known_at") if isinstance(factors, Records) else factors
    if not isinstance(table, pd.DataFrame) or not len(table.columns):
        raise DataError(f"factors must be Records or a DataFrame with a column a factor, was {type(factors).__name__}")
    if not isinstance(returns, pd.Series):
        raise DataError(
            f"returns are joined to factors by time: pass a Series indexed by time, was {type(returns).__name__}"
        )
    for name, index in (("returns", returns.index), ("factors", table.index)):
        if not isinstance(index, pd.DatetimeIndex):
            raise DataError(f"{name} are joined by time, their index is {index.dtype}; index them by time")
        if not (index.is_monotonic_increasing and index.is_unique):
            raise DataError(f"the index of {name} must ascend without duplicates; sort it and drop repeated times")
    returns_of(returns)
    stamps, factor_stamps = pd.DatetimeIndex(returns.index), pd.DatetimeIndex(table.index)
    days, factor_days = _dates(stamps), _dates(factor_stamps)
    months, factor_months = (each.astype("datetime64[M]") for each in (days, factor_days))
    rule: Rule = "month" if _once_each(months) and _once_each(factor_months) else "date"
    keys, factor_keys = (months, factor_months) if rule == "month" else (days, factor_days)
    for name, each in (("returns", keys), ("factors", factor_keys)):
        if not _once_each(each):
            raise DataError(f"{name} have more than one row on a date; aggregate them to one row a day first")
    _refuse_other_frequency(keys, factor_keys)
    common, rows, factor_rows = np.intersect1d(keys, factor_keys, assume_unique=True, return_indices=True)
    if not common.size:
        raise DataError(f"returns ({_span(keys)}) and factors ({_span(factor_keys)}) have no {rule} in common")
    chosen = table.iloc[factor_rows]
    names = tuple(str(each) for each in table.columns if each != risk_free)
    if not names:
        raise DataError(f"factors hold only {risk_free!r}: there is no factor to regress on")
    values = {str(each): returns_of(chosen[each], name=f"factor {each!r}") for each in table.columns}
    return Aligned(
        ts=stamps[rows],
        returns=np.asarray(returns.iloc[rows], dtype=np.float64),
        factors=np.column_stack([values[each] for each in names]),
        names=names,
        risk_free=values.get(risk_free),
        rule=rule,
        left_out=len(returns) - common.size,
        gaps=int((np.diff(months) > np.timedelta64(1, "M")).sum()) if rule == "month" else 0,
    )


def _dates(index: pd.DatetimeIndex) -> np.ndarray:
    """Return the dates of an index as its own zone shows them."""
    dates: np.ndarray = index.tz_localize(None).to_numpy().astype("datetime64[D]")
    return dates


def _once_each(keys: np.ndarray) -> bool:
    return bool((np.diff(keys) > np.timedelta64(0)).all())


def _refuse_other_frequency(keys: np.ndarray, others: np.ndarray) -> None:
    """Refuse monthly factors for daily returns and the like: a date in common would join unlike spans."""
    first, last = max(keys[0], others[0]), min(keys[-1], others[-1])
    inside, outside = (int(((each >= first) & (each <= last)).sum()) for each in (keys, others))
    if min(inside, outside) and max(inside, outside) > _ALIKE * min(inside, outside) + 1:
        raise DataError(
            f"between {first} and {last} there are {inside} returns and {outside} rows of factors: they differ in frequency; "
            "compound the finer ones first, as in (1 + returns).resample('ME').prod() - 1 for months"
        )


def _span(keys: np.ndarray) -> str:
    return f"{keys[0]} to {keys[-1]}"
