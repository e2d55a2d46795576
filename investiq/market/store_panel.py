"""Many stored series into one `Panel`: decoded, cut and laid into place once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from investiq.history.instants import When
from investiq.history.panel import Panel
from investiq.market.series import SeriesKey
from investiq.market.store_reading import read_bars

__all__ = ["read_panel"]


def read_panel(
    root: Path,
    keys: Sequence[SeriesKey],
    start: When | None,
    end: When | None,
    as_of: np.datetime64 | None,
    recorded_by: np.datetime64 | None,
) -> Panel:
    """Return a `Panel`; see `store.Store.panel`."""
    return Panel.of([read_bars(root, key, start, end, as_of, recorded_by) for key in keys])
