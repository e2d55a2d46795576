"""What compiles the kernels of the quant engine ahead of their first use."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from investiq.core.compiling import is_ready

__all__ = ["quant_jobs"]


def quant_jobs() -> list[Callable[[], object]]:
    """Return what has yet to be compiled, or loaded from the disk cache, for the quant engine."""
    from investiq.engines.quant import garch_likelihood, regression_kernel, tail_kernel
    from investiq.metrics import garch_kernel

    values = np.array([1.0, 2.0, 3.0, 2.0, 1.0])
    calls = (
        (tail_kernel.trailing_tails, values, 4, 0.25, 1.5),
        (tail_kernel.trailing_falls, values, 4),
        (tail_kernel.trailing_scores, values, 4),
        (regression_kernel.trailing_regression, np.stack((np.ones(5), values)), values, 4, 1),
        (garch_likelihood.student_likelihood, values, 0.0, 0.1, 0.1, 0.8, 8.0, 1.0),
        (garch_kernel.linear_variances, values, 0.1, 0.1, 0.0, 0.8, 1.0),
    )
    return [partial(kernel, *arguments) for kernel, *arguments in calls if not is_ready(kernel)]
