"""The regimes that an analysis went through: how long each lasted, and what the bar after such a day returned."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from investiq.core import calendar

if TYPE_CHECKING:
    import pandas as pd

    from investiq.analysis.result import Analysis

__all__ = ["regime_shares", "regime_spells"]


def regime_spells(analysis: Analysis) -> pd.DataFrame:
    """Return one row for each stretch of bars in one regime, in time order.

    Columns: regime, first and last (labels of bars), bars. The last one goes on.

    Examples
    --------
    >>> import investiq as iq
    >>> spells = regime_spells(iq.analyze("^GSPC", as_of="2013-05-20"))
    >>> int(spells["bars"].sum()) == len(iq.load_bars("^GSPC", end="2013-05-20"))
    True
    """
    import pandas as pd

    regimes = analysis.table["regime"]
    words = regimes.to_numpy(dtype=object)
    starts = np.flatnonzero(np.concatenate(([True], words[1:] != words[:-1])))
    ends = np.append(starts[1:], words.size) - 1
    return pd.DataFrame(
        {
            "regime": words[starts],
            "first": regimes.index[starts],
            "last": regimes.index[ends],
            "bars": ends - starts + 1,
        }
    ).rename_axis("spell")


def regime_shares(analysis: Analysis) -> pd.DataFrame:
    """Return one row a regime, index `regime`: how often it was, and what followed.

    Columns: bars, share (fraction of the bars), mean_return (of the bar after one
    in the regime, times the periods of a year), volatility (annual, ddof 1), and
    observations (returns behind both). A regime is known at the close, so only
    the next bar can be traded on it. Fewer than two returns give NaN.
    """
    import pandas as pd

    bars = analysis.bars
    words = analysis.table["regime"].to_numpy(dtype=object)
    close = bars.adjusted("total").close
    after = np.append(close[1:] / close[:-1] - 1, math.nan)
    year = calendar.periods_per_year(bars.interval, bars.passport.calendar)
    rows = {}
    for regime in dict.fromkeys(words):
        is_in = words == regime
        known = after[is_in & np.isfinite(after)]
        rows[str(regime)] = {
            "bars": int(is_in.sum()),
            "share": float(is_in.mean()),
            "mean_return": float(known.mean()) * year if known.size > 1 else math.nan,
            "volatility": float(known.std(ddof=1)) * math.sqrt(year) if known.size > 1 else math.nan,
            "observations": int(known.size),
        }
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("regime")
    return frame.sort_values("bars", ascending=False)
