"""What compiles the kernels that the engines need ahead of their first use."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from investiq.core.compiling import is_ready
from investiq.indicators import warming

__all__: list[str] = []


def jobs() -> list[Callable[[], object]]:
    """Return what has yet to be compiled, or loaded from the disk cache, for an analysis."""
    from investiq.engines.scoring_kernels import trailing_places

    ranks = [] if is_ready(trailing_places) else [partial(trailing_places, np.zeros(3), 2, 1, np.zeros(1))]
    return [*warming.technical_jobs(), *ranks]
