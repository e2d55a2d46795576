"""How much is written about a symbol, against what is usual for it."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from investiq.engines.rules import FloatArray
from investiq.engines.sentiment.articles import InstantArray

__all__ = ["BASELINE_DAYS", "buzz"]

# The symbol's own daily counts of two months; above their 98th percentile the attention is abnormal.
BASELINE_DAYS: Final = 60
_ABNORMAL: Final = 0.98
_LEAST_ARTICLES: Final = 3
_DAY: Final = np.timedelta64(24, "h")


def buzz(usable: InstantArray, decisions: InstantArray) -> dict[str, FloatArray]:
    """Return the attention of the last 24 hours at each decision time.

    Parameters
    ----------
    usable : ndarray of datetime64[us], shape (n_articles,)
        Ascending.
    decisions : ndarray of datetime64[us], shape (n_rows,)

    Returns
    -------
    dict of str to ndarray of shape (n_rows,)
        `buzz_ratio`, articles of the last 24 hours over the usual daily number (at
        least 0.5), `buzz_z_score`, their difference over its root (at least 1), and
        `abnormal_buzz`, 1 where there are at least 3 articles and more than the
        98th percentile. The usual is that of the 60 UTC days before the one in
        which the 24 hours begin; NaN until 60 days are covered by news.

    Notes
    -----
    Counts of news vary more than Poisson's law allows, so the percentile decides
    and not the z-score. With 60 days it is exceeded by chance on some 3 % of days.
    """
    recent = (np.searchsorted(usable, decisions, "right") - np.searchsorted(usable, decisions - _DAY, "right")) * 1.0
    mean, limit = _usual(usable, decisions)
    is_known = ~np.isnan(mean)
    return {
        "buzz_ratio": np.where(is_known, recent / np.maximum(mean, 0.5), np.nan),
        "buzz_z_score": np.where(is_known, (recent - mean) / np.maximum(np.sqrt(mean), 1), np.nan),
        "abnormal_buzz": np.where(is_known, (recent > limit) & (recent >= _LEAST_ARTICLES), np.nan),
    }


def _usual(usable: InstantArray, decisions: InstantArray) -> tuple[FloatArray, FloatArray]:
    """Return mean and 98th percentile of the daily counts before each decision time's 24 hours."""
    missing = np.full(decisions.size, np.nan)
    if not usable.size or not decisions.size:
        return missing, missing
    first = usable[0].astype("datetime64[D]")
    # The day in which the 24 hours begin is partly theirs; those before it are whole. So is not the first day.
    days = ((decisions - _DAY).astype("datetime64[D]") - first).astype(np.int64) - 1
    if days.max() < BASELINE_DAYS:
        return missing, missing
    places = (usable.astype("datetime64[D]") - first).astype(np.int64)
    counts = np.bincount(places[places <= days.max()], minlength=days.max() + 1)[1:].astype(float)
    windows = sliding_window_view(counts, BASELINE_DAYS)
    high = np.quantile(windows, _ABNORMAL, axis=1)
    is_covered = days >= BASELINE_DAYS
    place = days[is_covered] - BASELINE_DAYS
    mean, limit = missing.copy(), missing.copy()
    mean[is_covered], limit[is_covered] = windows.mean(axis=1)[place], high[place]
    return mean, limit
