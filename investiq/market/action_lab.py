"""The corporate-action lab: a vendor's adjusted series against raw prices times our factors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError
from investiq.core.types import BASIS_WORDS
from investiq.history.bars import Bars
from investiq.market.action_causes import Events, causes_of
from investiq.market.action_report import ActionLab, Step

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check_actions"]

FloatArray = NDArray[np.float64]

# More are not printed by any vendor that rounds.
_MOST_DECIMALS: Final = 6
# Half a unit in the last place of a 32-bit number, in which some vendors keep their prices.
_SINGLE: Final = 2.0**-24
_DOUBLE: Final = 1e-12


def check_actions(
    bars: Bars, adjusted: Bars | pd.DataFrame | pd.Series[float], *, decimals: int | None = None
) -> ActionLab:
    """Compare a vendor's adjusted closes with raw prices times the factors of our actions.

    Parameters
    ----------
    bars : Bars
        Daily, as traded, with their actions.
    adjusted : Bars, DataFrame or Series
        The vendor's split- and dividend-adjusted closes: a column ``close`` with
        the dates as index or in ``ts``, or a Series by date. Evidence only.
    decimals : int, optional
        Printed by the vendor; by default read off the numbers.

    Returns
    -------
    ActionLab
        Every date on which a factor moves, and for each disagreement the causes
        tried, each by recomputing the step.

    Raises
    ------
    DataError
        If the bars are not daily or not as traded, or fewer than two days are in both.

    Notes
    -----
    The vendor's step is (A_t / A_{t-1}) / (C_t / C_{t-1}), with A its adjusted
    and C the raw close; ours is F_t / F_{t-1}. A printed A is known to half a
    unit u of its last digit, so a step is known to u/A_t + u/A_{t-1} of itself.

    Examples
    --------
    >>> import investiq as iq
    >>> bars = iq.load_bars("SYN001")
    >>> vendor = bars.adjusted().frame["close"] / bars.total_factor[-1]
    >>> len(check_actions(bars, vendor).disagreements)
    0
    """
    if bars.interval != "1d" or bars.basis != "raw" or bars.passport.price_basis not in ("as_traded", "unsplit"):
        raise DataError(
            f"{bars.symbol}: the lab compares daily bars as traded, these are {bars.interval} bars, "
            f"{BASIS_WORDS[bars.passport.price_basis]}, basis {bars.basis}; load the raw series"
        )
    days, vendor = _vendor_closes(adjusted)
    common, own_rows, rows = np.intersect1d(bars.ts.astype("datetime64[D]"), days, return_indices=True)
    if common.size < 2:
        raise DataError(f"{bars.symbol}: {common.size} day(s) are in both series; the comparison needs two at least")
    vendor, raw, factor = vendor[rows], bars.close[own_rows], bars.total_factor[own_rows]
    unit, digits = _unit(vendor, decimals)
    relative = unit / vendor
    events = Events(
        days=common,
        prior=np.append(np.nan, raw[:-1]),
        ours=_steps(factor),
        vendor=_steps(vendor / raw),
        tolerance=np.append(0.0, relative[1:] + relative[:-1]) + _DOUBLE,
        later=bars.split_factor[-1] / bars.split_factor[own_rows],
        actions=_actions_by_row(bars, common),
        currency=bars.passport.currency,
    )
    ours = raw * factor / (raw[-1] * factor[-1])
    return ActionLab(
        bars=bars,
        days=common,
        difference=vendor / vendor[-1] / ours - 1,
        band=relative + relative[-1] + _DOUBLE,
        steps=tuple(_compared(events)),
        digits=digits,
    )


def _vendor_closes(adjusted: Any) -> tuple[NDArray[np.datetime64], FloatArray]:
    """Return the dates and closes of a vendor's adjusted series."""
    import pandas as pd

    if isinstance(adjusted, Bars):
        return adjusted.ts.astype("datetime64[D]"), adjusted.close
    if not isinstance(adjusted, (pd.DataFrame, pd.Series)):
        raise DataError(f"adjusted must be Bars, a DataFrame or a Series, was {type(adjusted).__name__}")
    if isinstance(adjusted, pd.DataFrame):
        if "close" not in adjusted.columns:
            raise DataError(f"adjusted has no column 'close'; it has {', '.join(map(str, adjusted.columns))}")
        adjusted = adjusted.set_index("ts")["close"] if "ts" in adjusted.columns else adjusted["close"]
    index = pd.DatetimeIndex(adjusted.index)
    days = (index.tz_localize(None) if index.tz is not None else index).to_numpy().astype("datetime64[D]")
    values = adjusted.to_numpy(dtype=float)
    known = np.isfinite(values) & (values > 0)
    days, values = days[known], values[known]
    if np.unique(days).size != days.size:
        raise DataError("adjusted holds a date more than once; keep one close a session")
    return days, values


def _unit(values: FloatArray, decimals: int | None) -> tuple[FloatArray, str]:
    """Return half a unit of the last digit of each value, and how that was found in words."""
    if decimals is None:
        decimals = next((places for places in range(_MOST_DECIMALS + 1) if _fits(values, places)), None)
    if decimals is not None:
        return np.full(values.size, 0.5 * 10.0**-decimals), f"within half a unit of the vendor's {decimals} decimals"
    if (values.astype(np.float32).astype(float) == values).all():
        return values * _SINGLE, "within the rounding of 32-bit numbers"
    return values * _DOUBLE, "the vendor's closes are not rounded: equal to 1e-12"


def _fits(values: FloatArray, places: int) -> bool:
    return bool(np.abs(np.round(values, places) - values).max() <= _DOUBLE * values.max())


def _steps(factor: FloatArray) -> FloatArray:
    return np.append(1.0, factor[1:] / factor[:-1])


def _actions_by_row(bars: Bars, days: NDArray[np.datetime64]) -> list[tuple[Any, ...]]:
    """Return the actions that take effect at each compared day: those since the day before it."""
    held: list[list[Any]] = [[] for _ in range(days.size)]
    for action in bars.actions:
        row = int(np.searchsorted(days, np.datetime64(action.ex_date, "D"), side="left"))
        if 0 < row < days.size and action.kind != "symbol_change":
            held[row].append(action)
    return [tuple(each) for each in held]


def _compared(events: Events) -> list[Step]:
    """Return the rows at which a factor of ours or the vendor's moves."""
    differs = np.abs(events.vendor / events.ours - 1) > events.tolerance
    moves = (events.ours != 1.0) | differs | np.array([bool(each) for each in events.actions])
    moves[0] = False
    return [
        Step(
            day=events.days[row],
            prior_close=float(events.prior[row]),
            ours=float(events.ours[row]),
            vendor=float(events.vendor[row]),
            tolerance=float(events.tolerance[row]),
            kinds=", ".join(action.kind for action in events.actions[row]) or "none known",
            causes=causes_of(events, int(row)) if differs[row] else (),
        )
        for row in np.flatnonzero(moves)
    ]
