"""Bars as traded over a split, in which a change of the share count looks like a movement of the price."""

from __future__ import annotations

from typing import Any

import numpy as np

from investiq.core.errors import DataError
from investiq.history.instants import label_text

__all__ = ["refuse_splits"]


def refuse_splits(bars: Any) -> None:
    """Refuse `Bars` or a `Panel` as traded whose split factor changes inside; whatever else passes.

    Raises
    ------
    DataError
        If `bars` are raw and hold a split.
    """
    factor = getattr(bars, "split_factor", None)
    if getattr(bars, "basis", "") != "raw" or factor is None or not factor.size:
        return
    # Beside one value, or NaN alone, there can be no change: quicker than to compare neighbours.
    if not np.fmin.reduce(factor, axis=None) < np.fmax.reduce(factor, axis=None):
        return
    rows = np.atleast_2d(factor)
    names = [bars.symbol] if factor.ndim == 1 else list(bars.symbols)
    split = {name: at for name, row in zip(names, rows, strict=True) if (at := _splits(row)).size}
    if not split:
        return
    name, at = next(iter(split.items()))
    others = f" (and {len(split) - 1} more of the panel)" if len(split) > 1 else ""
    raise DataError(
        f"{name} has {at.size} split{'s' if at.size > 1 else ''} inside these bars "
        f"(first {label_text(bars.ts[at[0]], bars.interval)}){others}, which would count as a movement of the price; "
        f"pass {'bars' if factor.ndim == 1 else 'panel'}.adjusted('total')"
    )


def _splits(factor: Any) -> Any:
    """Return the rows whose factor differs from the last one before."""
    known = np.flatnonzero(np.isfinite(factor))
    return known[1:][np.diff(factor[known]) != 0]
