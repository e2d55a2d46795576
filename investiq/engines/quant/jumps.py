"""Days whose move stands out from those before it."""

from __future__ import annotations

from typing import Final

import numpy as np

from investiq.engines.quant.returns import Sample
from investiq.engines.quant.tail_kernel import trailing_scores
from investiq.engines.quant.windows import after_first, quotient, trailing_sum
from investiq.engines.rules import FloatArray

__all__ = ["jumps"]

WINDOW: Final = 252
_SCALE_WINDOW: Final = 60
_THRESHOLD: Final = 3.0


def jumps(sample: Sample) -> dict[str, FloatArray]:
    """Return today's robust score, and the jumps of the last 252 returns: their number, share and size per day.

    A jump is 3 robust deviations (1.4826 times the median absolute deviation of
    the 60 returns before) from their median, as ``metrics.jumps.jump_days``.
    """
    returns = sample.returns
    score = trailing_scores(returns, _SCALE_WINDOW)
    is_jump = (np.abs(np.nan_to_num(score)) >= _THRESHOLD).astype(float)
    judged = trailing_sum(np.isfinite(score).astype(float), WINDOW)
    judged[: WINDOW + _SCALE_WINDOW - 1] = np.nan
    count = trailing_sum(is_jump, WINDOW)
    size = np.maximum(trailing_sum(is_jump * np.abs(returns), WINDOW), 0.0)
    some = judged > 0
    columns = {
        "jump_score": score,
        "jump_days": np.where(some, count, np.nan),
        "jump_share": quotient(count, judged, some),
        "jump_intensity": quotient(size, judged, some),
    }
    return {name: after_first(values) for name, values in columns.items()}
