"""Volatility that changes with time: GARCH models by maximum likelihood, through arch."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, get_args

import numpy as np

from investiq.core.errors import ConfigError, DataError, near_matches
from investiq.core.notes import Note
from investiq.metrics.conventions import Convention, convention_of
from investiq.metrics.garch_estimation import backcast, fitted, is_maximum, partial_moment
from investiq.metrics.garch_fit import (
    GarchDistribution,
    GarchFit,
    GarchMean,
    GarchModel,
    GarchStart,
    StandardErrors,
)
from investiq.metrics.inputs import Floats, returns_of
from investiq.metrics.origin import ends_of, frequency_notes
from investiq.metrics.tail import index_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["garch"]

# Hwang, S. and Valls Pereira, P. L. (2006), "Small sample properties of GARCH estimates and persistence", European
# Journal of Finance 12(6-7), 473-494: at least 500 observations for a GARCH(1,1).
RECOMMENDED_RETURNS: Final = 500
# Chosen: with fewer, arch's own start (a mean over the first 75) is most of the sample.
FEWEST_RETURNS: Final = 100
# A deviation below this share of the largest return is rounding.
_ROUNDING: Final = 1e-12
# An estimate so near to its bound lies on it.
_AT_BOUND: Final = 1e-6
# arch keeps the degrees of freedom between 2.05 and 500 (skewed: 300).
_MOST_DEGREES: Final = 299.0
_NAMES: Final = {
    "mu": "mean",
    "omega": "omega",
    "alpha[1]": "alpha",
    "gamma[1]": "gamma",
    "beta[1]": "beta",
    "nu": "degrees_of_freedom",
    "eta": "degrees_of_freedom",
    "lambda": "skew",
}


def garch(
    returns: Floats,
    convention: Convention,
    *,
    model: GarchModel = "garch",
    distribution: GarchDistribution = "normal",
    mean: GarchMean = "constant",
    start: GarchStart = "backcast",
    standard_errors: StandardErrors = "robust",
) -> GarchFit:
    """Fit a model of conditional volatility by (quasi) maximum likelihood.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN. Their scale does not
        matter: they are divided by their standard deviation for the fit, and the
        results are multiplied back.
    convention : Convention
        Its `periods_per_year` annualises.
    model : {"garch", "gjr", "egarch"}, default "garch"
        ``"garch"``: ``v[t] = omega + alpha e[t-1]^2 + beta v[t-1]`` [1]_. ``"gjr"``
        adds ``gamma e[t-1]^2`` after a fall [2]_. ``"egarch"``: ``ln v[t] = omega
        + alpha (|z| - sqrt(2/pi)) + gamma z + beta ln v[t-1]`` with the
        standardized residual z of the period before [3]_.
    distribution : {"normal", "student_t", "skewed_t"}, default "normal"
        Of the standardized residuals. With ``"normal"`` and robust errors the
        estimates are consistent whatever the distribution; ``"skewed_t"`` is Hansen's.
    mean : {"constant", "zero"}, default "constant"
    start : {"backcast", "sample_variance"}, default "backcast"
        The variance and squared residual before the first return: the mean of the
        first 75 squared residuals weighted by powers of 0.94 (arch's rule), or the
        mean of all (Bollerslev's, of most textbooks).
    standard_errors : {"robust", "classic"}, default "robust"
        Bollerslev and Wooldridge's sandwich, or the inverse Hessian, which is right
        only if the distribution is.

    Returns
    -------
    GarchFit
        With notes where the search did not converge, the model is not
        stationary or nearly not, an estimate lies on its bound, there are fewer than
        500 returns, or their times do not fit the declared periods of a year.

    Raises
    ------
    ConfigError
        If an option is unknown.
    DataError
        If `returns` holds NaN, or all are alike.
    InsufficientDataError
        If there are fewer than 100.

    Notes
    -----
    Fitted to fractions, arch warns of the scale and may report convergence where
    there is none: on the S&P 500 of 2009 to 2018 its likelihood then ends 6 below
    the maximum. Its default tolerance of 1e-6 leaves estimates at four digits; here
    it is 1e-10.

    Every value of `conditional_volatility` comes from parameters that have seen the
    whole sample. To forecast, fit to a training window and go on with
    `GarchFit.volatility_of`.

    References
    ----------
    .. [1] Bollerslev, T. (1986). "Generalized autoregressive conditional
       heteroskedasticity." Journal of Econometrics 31(3), 307-327.
    .. [2] Glosten, L., Jagannathan, R. and Runkle, D. (1993). Journal of Finance
       48(5), 1779-1801.
    .. [3] Nelson, D. B. (1991). Econometrica 59(2), 347-370.

    Examples
    --------
    >>> import investiq as iq
    >>> closes = iq.load_bars("^GSPC", start="2014").adjusted().frame["close"]
    >>> fit = garch(closes.pct_change().iloc[1:], Convention(periods_per_year=252), model="gjr")
    >>> fit.converged, fit.is_stationary, fit.forecast(5).shape
    (True, True, (5, 3))
    """
    convention_of(convention)
    _one_of("model", model, GarchModel)
    _one_of("distribution", distribution, GarchDistribution)
    _one_of("mean", mean, GarchMean)
    _one_of("start", start, GarchStart)
    _one_of("standard_errors", standard_errors, StandardErrors)
    values = returns_of(returns, least=FEWEST_RETURNS, purpose="a GARCH fit")
    size = float(values.std())
    if size <= _ROUNDING * float(np.abs(values).max()):
        raise DataError(
            f"all {values.size} returns are {values[0]:g}, so there is no volatility; pass returns that vary"
        )

    centre = float(values.mean()) if mean == "constant" else 0.0
    presample = float(np.mean((values - centre) ** 2)) if start == "sample_variance" else backcast(values - centre)
    found = fitted(values / size, model, distribution, mean, presample / size**2, standard_errors)
    table, at_bound = _table(found, model, size)
    shape = found.model.distribution
    own = found.params.to_numpy()[-shape.num_params :] if shape.num_params else np.empty(0)
    index = index_of(returns)
    fit = GarchFit(
        model=model,
        distribution=distribution,
        mean=mean,
        start=start,
        standard_errors=standard_errors,
        convention=convention,
        parameters=table,
        log_likelihood=float(found.loglikelihood) - values.size * math.log(size),
        presample=presample,
        negative_share=partial_moment(shape, 2, own),
        mean_absolute=-2.0 * partial_moment(shape, 1, own),
        converged=is_maximum(found),
        returns=values,
        index=index,
    )
    return _with_notes(fit, at_bound)


def _table(found: Any, model: GarchModel, size: float) -> tuple[pd.DataFrame, list[str]]:
    """Return the parameters for returns as fractions, and the names of those on a bound."""
    import pandas as pd
    from scipy.stats import norm

    names = [_NAMES[name] for name in found.params.index]
    raw = found.params.to_numpy()
    # Units of the returns enter the mean by `size`, omega by its square, and the logarithm of EGARCH by addition.
    jacobian = np.eye(raw.size)
    shift = np.zeros(raw.size)
    if "mean" in names:
        jacobian[names.index("mean"), names.index("mean")] = size
    omega = names.index("omega")
    if model == "egarch":
        jacobian[omega, names.index("beta")] = -math.log(size**2)
        shift[omega] = math.log(size**2)
    else:
        jacobian[omega, omega] = size**2
    estimates = jacobian @ raw + shift
    with np.errstate(all="ignore"):
        try:
            errors = np.sqrt(np.diag(jacobian @ found.param_cov.to_numpy() @ jacobian.T))
        except np.linalg.LinAlgError:
            errors = np.full(raw.size, np.nan)
        ratios = estimates / errors
    table = pd.DataFrame(
        {
            "estimate": estimates,
            "standard_error": errors,
            "t_statistic": ratios,
            "p_value": 2 * norm.sf(np.abs(ratios)),
        },
        index=pd.Index(names, name="parameter"),
    )
    return table, _at_bound(dict(zip(names, raw, strict=True)), model)


def _at_bound(raw: dict[str, float], model: GarchModel) -> list[str]:
    positive = () if model == "egarch" else ("omega", "alpha", "beta")
    found = [name for name in positive if raw[name] <= _AT_BOUND]
    if model == "gjr" and raw["alpha"] + raw["gamma"] <= _AT_BOUND:
        found.append("alpha + gamma")
    if raw.get("degrees_of_freedom", 0.0) >= _MOST_DEGREES:
        found.append("degrees_of_freedom")
    return found


def _with_notes(fit: GarchFit, at_bound: Iterable[str]) -> GarchFit:
    notes = []
    if not fit.converged:
        text = "The search for the maximum of the likelihood did not converge; take the estimates for nothing, or use ewma_volatility."
        notes.append(Note(code="garch_not_converged", text=text))
    if not fit.is_stationary:
        text = f"The persistence is {fit.persistence:.6f}: shocks do not fade and there is no long-run volatility."
        notes.append(Note(code="garch_not_stationary", text=text))
    if fit.is_nearly_integrated:
        text = (
            f"The persistence is {fit.persistence:.6f}, a half-life of {fit.half_life:,.0f} of {fit.returns.size:,} periods: "
            "the long-run volatility is badly determined; take the conditional volatility, or fit to a longer history."
        )
        notes.append(Note(code="garch_nearly_integrated", text=text))
    if named := list(at_bound):
        text = f"On its bound: {', '.join(named)}. The standard errors do not hold there."
        notes.append(Note(code="garch_at_bound", text=text))
    if wrong := int(fit.parameters["standard_error"].isna().sum()):
        text = (
            f"The curvature of the likelihood gives no standard error for {wrong} of {len(fit.parameters)} parameters."
        )
        notes.append(Note(code="garch_errors_undefined", text=text))
    if fit.returns.size < RECOMMENDED_RETURNS:
        text = f"Fitted to {fit.returns.size} returns; below {RECOMMENDED_RETURNS} the persistence is biased downwards."
        notes.append(Note(code="garch_few_returns", rows=int(fit.returns.size), text=text))
    ends = ends_of(fit.conditional_volatility)
    return replace(fit, notes=(*notes, *frequency_notes(ends, fit.convention)))


def _one_of(name: str, value: Any, choices: Any) -> None:
    known = get_args(choices)
    if value not in known:
        raise ConfigError(
            f"{name} must be {' or '.join(map(repr, known))}, was {value!r}{near_matches(str(value), known)}"
        )
