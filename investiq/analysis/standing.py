"""Where each symbol of a group stands: returns over windows, rank, distance from its high, its last session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from investiq.analysis.breadth import AVERAGES, YEAR, new_extremes
from investiq.core.facts import Unit
from investiq.indicators.trend import sma
from investiq.indicators.volatility import historical_volatility

if TYPE_CHECKING:
    import pandas as pd

    from investiq.history.panel import Panel

__all__ = ["STANDING_UNITS", "VOLATILITY_WINDOW", "WEIGHTS", "WINDOWS", "momentum", "standing", "window_return"]

FloatArray = NDArray[np.float64]

# Sessions of each window of returns.
WINDOWS: Final[Mapping[str, int]] = {"1d": 1, "1w": 5, "1m": 21, "3m": 63, "1y": 252}
# Of momentum: what came last counts least, as one day is mostly noise.
WEIGHTS: Final[Mapping[str, float]] = {"1d": 0.1, "1w": 0.3, "1m": 0.6}
VOLATILITY_WINDOW: Final = 20

STANDING_UNITS: Final[Mapping[str, Unit]] = {
    "rank": "count",
    "momentum": "fraction",
    "relative_strength": "points",
    **dict.fromkeys(WINDOWS, "fraction"),
    "drawdown": "fraction",
    "volatility": "fraction",
    "close": "price",
    "last_session": "date",
    "sessions_behind": "sessions",
    "bars": "bars",
}


def standing(panel: Panel, sectors: Mapping[str, str], *, periods_per_year: float) -> pd.DataFrame:
    """Return where each symbol of a panel stands at its own last bar.

    Parameters
    ----------
    panel : Panel
        Daily bars as traded of one group, cut at the time of knowledge.
    sectors : mapping of str to str
        Empty where a symbol has none.
    periods_per_year : float
        Of the volatility.

    Returns
    -------
    DataFrame
        Index `symbol`, the strongest first and those behind the group's last
        session last. A return over k sessions goes from the close k sessions of
        the group before the symbol's last bar to that bar; NaN where it has no bar
        on either. `rank` is among those that are not behind.
    """
    import pandas as pd

    close = panel.adjusted("total").close
    rows = [_row(panel.ts, prices) for prices in close]
    frame = pd.DataFrame(rows, index=pd.Index(panel.symbols, name="symbol"))
    last = [int(np.flatnonzero(~np.isnan(prices))[-1]) for prices in close]
    at = (np.arange(len(last)), last)
    for name, window in zip(("above_50", "above_200"), AVERAGES, strict=True):
        average = np.asarray(sma(close, window))[at]
        frame[name] = np.where(np.isnan(average), "n/a", np.where(close[at] > average, "yes", "no"))
    highs, lows, known = (each[at] for each in new_extremes(close))
    frame["year_extreme"] = np.select([~known, highs, lows], ["n/a", "new high", "new low"], "none")
    frame["volatility"] = np.asarray(
        historical_volatility(close, VOLATILITY_WINDOW, periods_per_year=periods_per_year)
    )[at]
    frame["close"] = panel.close[at]
    frame["currency"] = [passport.currency for passport in panel.passports]
    frame["sector"] = [sectors.get(symbol, "") for symbol in panel.symbols]
    frame["momentum"] = momentum(frame)
    fresh = frame["sessions_behind"] == 0
    frame["rank"] = frame["momentum"].where(fresh).rank(ascending=False, method="min")
    frame["is_fresh"] = fresh
    return frame.sort_values(["is_fresh", "rank"], ascending=[False, True], kind="stable")


def momentum(returns: pd.DataFrame) -> pd.Series[float]:
    """Return 10 % of the return of a day, 30 % of a week's and 60 % of a month's; NaN where one is missing."""
    found: pd.Series[float] = sum(weight * returns[name] for name, weight in WEIGHTS.items())  # type: ignore[assignment]
    return found


def _row(ts: NDArray[np.datetime64], prices: FloatArray) -> dict[str, object]:
    here = np.flatnonzero(~np.isnan(prices))
    last = int(here[-1])
    year = prices[here[-YEAR:]]
    return {
        **{name: window_return(prices, last, sessions) for name, sessions in WINDOWS.items()},
        "drawdown": float(prices[last] / year.max() - 1),
        "last_session": ts[last],
        "sessions_behind": ts.size - 1 - last,
        "bars": here.size,
    }


def window_return(prices: FloatArray, last: int, sessions: int) -> float:
    """Return the return of the `sessions` up to the row `last`, NaN without a bar on both ends.

    Examples
    --------
    >>> (
    ...     round(window_return(np.array([100.0, np.nan, 110.0]), 2, 2), 4),
    ...     window_return(np.array([100.0, np.nan, 110.0]), 2, 1),
    ... )
    (0.1, nan)
    """
    return float(prices[last] / prices[last - sessions] - 1) if last >= sessions else float("nan")
