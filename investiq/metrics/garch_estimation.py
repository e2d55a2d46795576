"""The likelihood of a GARCH model at its maximum: the door to arch."""

from __future__ import annotations

import math
import warnings
from typing import Any, Final

import numpy as np

from investiq.metrics.garch_fit import GarchDistribution, GarchMean, GarchModel, StandardErrors
from investiq.metrics.inputs import FloatArray

__all__: list[str] = []

# Change of the mean log-likelihood at which the search ends; the second is arch's, tried where the first is out of reach.
_TOLERANCES: Final = (1e-10, 1e-6)
# Where a search from arch's start fails, one from these: usual values for daily returns of unit variance.
_USUAL: Final[dict[GarchModel, tuple[float, ...]]] = {
    "garch": (0.05, 0.05, 0.9),
    "gjr": (0.05, 0.03, 0.04, 0.9),
    "egarch": (0.0, 0.1, 0.0, 0.95),
}
_USUAL_SHAPE: Final[dict[GarchDistribution, tuple[float, ...]]] = {
    "normal": (),
    "student_t": (8.0,),
    "skewed_t": (8.0, 0.0),
}
# A constant volatility is a special case of each model, so a likelihood this much below that of one is no maximum.
_SLACK: Final = 1.0
_MOST_STEPS: Final = 500


def backcast(residuals: FloatArray) -> float:
    """Return the mean of the first 75 squared residuals, weighted by powers of 0.94 (arch's rule)."""
    first = residuals[:75]
    weights = 0.94 ** np.arange(first.size)
    return float(first**2 @ weights / weights.sum())


def fitted(
    values: FloatArray,
    model: GarchModel,
    distribution: GarchDistribution,
    mean: GarchMean,
    presample: float,
    standard_errors: StandardErrors,
) -> Any:
    """Return arch's result for returns of unit variance."""
    from arch.univariate import EGARCH, GARCH, ConstantMean, Normal, SkewStudent, StudentsT, ZeroMean

    process = (ConstantMean if mean == "constant" else ZeroMean)(values, rescale=False)
    process.volatility = EGARCH(p=1, o=1, q=1) if model == "egarch" else GARCH(p=1, o=int(model == "gjr"), q=1)
    process.distribution = {"normal": Normal, "student_t": StudentsT, "skewed_t": SkewStudent}[distribution]()
    searches: list[tuple[float, Any]] = [(tolerance, None) for tolerance in _TOLERANCES]
    centre = (float(values.mean()),) if mean == "constant" else ()
    searches += [(_TOLERANCES[0], np.array([*centre, *_USUAL[model], *_USUAL_SHAPE[distribution]]))]
    ends = []
    # arch leaves a filter of its own among the warnings' filters.
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        for tolerance, usual in searches:
            end = process.fit(
                disp="off",
                show_warning=False,
                cov_type=standard_errors,
                backcast=presample,
                starting_values=usual,
                options={"ftol": tolerance, "maxiter": _MOST_STEPS},
            )
            if is_maximum(end):
                return end
            ends.append(end)
    return max(ends, key=lambda each: each.loglikelihood if math.isfinite(each.loglikelihood) else -math.inf)


def partial_moment(shape: Any, order: int, own: FloatArray) -> float:
    """Return the moment of the standardized residual below zero; NaN where estimates have run away."""
    with np.errstate(all="ignore"):
        return float(shape.partial_moment(order, 0.0, own))


def is_maximum(found: Any) -> bool:
    """Return whether arch reports convergence, and not below the likelihood of a constant volatility."""
    constant = -0.5 * found.nobs * (math.log(2 * math.pi) + 1)  # of returns of unit variance
    is_finite = bool(np.isfinite(found.params.to_numpy()).all())
    return found.convergence_flag == 0 and is_finite and found.loglikelihood >= constant - _SLACK
