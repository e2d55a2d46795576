"""Splits as vendors report them: which of them are none, and what they did to prices."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["action_table", "is_spin_off_factor", "later_ratio"]

# 203:200 is a stock dividend of 1.5 %; the factors that vendors enter for spin-offs have three free digits (1281:1000).
_LARGEST_TERM: Final = 200


def is_spin_off_factor(ratio: float) -> bool:
    """Return whether a "split" is most likely a price factor that a vendor entered for a spin-off.

    Examples
    --------
    >>> is_spin_off_factor(1.281), is_spin_off_factor(1.5), is_spin_off_factor(1.05), is_spin_off_factor(0.0333)
    (True, False, False, False)
    """
    if not 1 < ratio < 2:
        return False
    nearest = Fraction(ratio).limit_denominator(_LARGEST_TERM)
    return abs(float(nearest) / ratio - 1) > 1e-6


def later_ratio(
    days: NDArray[np.datetime64], ex_dates: NDArray[np.datetime64], ratios: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return, for each day, the product of the ratios of all splits with an ex-date after it.

    A price that a vendor adjusted for splits, times this, is the price as traded.

    Parameters
    ----------
    days, ex_dates : ndarray of datetime64, shapes (n_days,) and (n_splits,)
    ratios : ndarray of float64, shape (n_splits,)
        New shares per old.

    Examples
    --------
    >>> days = np.array(["2020-08-28", "2020-08-31"], dtype="datetime64[D]")
    >>> later_ratio(days, np.array(["2020-08-31"], dtype="datetime64[D]"), np.array([4.0])).tolist()
    [4.0, 1.0]
    """
    order = np.argsort(ex_dates, kind="stable")
    # Entry i is the product of the ratios from the i-th split on; past the last it is 1.
    onward = np.append(np.multiply.accumulate(ratios[order][::-1])[::-1], 1.0)
    result: NDArray[np.float64] = onward[np.searchsorted(ex_dates[order], days, side="right")]
    return result


def action_table(splits: pd.DataFrame, dividends: pd.DataFrame, currency: str) -> pd.DataFrame:
    """Return canonical actions, by ex-date.

    Parameters
    ----------
    splits : DataFrame
        Columns `ex_date` and `ratio`. A spin-off factor becomes a spin-off of
        unknown value, which is flagged and not adjusted for.
    dividends : DataFrame
        Columns `ex_date` and `cash`, per share as traded on the ex-date, and
        `currency` where the vendor names one for each payment.
    currency : str
        Of cash for which none is named.
    """
    import pandas as pd

    odd = splits["ratio"].map(is_spin_off_factor).astype(bool)
    named = dividends["currency"] if "currency" in dividends else pd.Series(index=dividends.index, dtype="str")
    tables = [
        splits.assign(
            kind=np.where(odd, "spin_off", "split"),
            id=splits["ratio"].map("price factor {:g}".format).astype("str").where(odd),
            ratio=splits["ratio"].where(~odd),
            cash=np.nan,
            currency=currency,
        ),
        dividends.assign(kind="dividend", id=None, ratio=np.nan, currency=named.fillna(currency)),
    ]
    columns = {
        "kind": "str", "ex_date": "datetime64[us, UTC]", "ratio": "float64", "cash": "float64", "currency": "str", "id": "str",
    }  # fmt: skip
    found = pd.concat([table[list(columns)].astype(columns) for table in tables], ignore_index=True)
    return found.sort_values("ex_date", kind="stable", ignore_index=True)
