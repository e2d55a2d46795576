"""Closes at which a portfolio is decided, by the exchange calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError

if TYPE_CHECKING:
    from investiq.history.panel import Panel

__all__ = ["Every", "decision_closes"]

Every = Literal["day", "week", "month"]


def decision_closes(panel: Panel, every: Every) -> NDArray[np.bool_]:
    """Return which closes are the last of their day, week or month.

    That a session is the last of its month is known from the calendar, without any
    later bar.

    Parameters
    ----------
    panel : Panel
        Of daily bars.
    every : {"day", "week", "month"}

    Returns
    -------
    ndarray of bool, shape (n_bars,)

    Raises
    ------
    DataError
        If the panel has no daily bars.

    Examples
    --------
    >>> import investiq as iq
    >>> panel = iq.load_panel(["SYN001", "SYN002"], start="2018-05-29", end="2018-06-01")
    >>> decision_closes(panel, "month").tolist()
    [False, False, True, False]
    """
    from investiq.core.sessions import next_session

    if panel.interval != "1d":
        raise DataError(f"a schedule by days needs daily bars, these are {panel.interval}")
    if every == "day":
        return np.ones(panel.ts.size, dtype=bool)
    days = panel.ts.astype("datetime64[D]")
    following = next_session(panel.passports[0].calendar, panel.ts).astype("datetime64[D]")
    if every == "month":
        last: NDArray[np.bool_] = following.astype("datetime64[M]") != days.astype("datetime64[M]")
        return last
    # 1970-01-01 was a Thursday: day 0 lies three days after its Monday.
    week = (days.astype(np.int64) + 3) // 7
    ends: NDArray[np.bool_] = (following.astype(np.int64) + 3) // 7 != week
    return ends
