"""W9: the likelihood of Kalman models and their maximum against statsmodels, GARCH fits against bare arch.

2,520 daily closes of the S&P 500 (2009 to 2018), logarithms. statsmodels runs as
it comes and with ``ssm.tolerance = 0``: by default it stops updating the variance
early, which is quicker and moves the likelihood. Checked before timing: the
likelihood equals that of the second to 1e-6, filtered levels to 1e-9, the fitted
likelihood is no lower than statsmodels', GARCH estimates are arch's to 1e-3.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

import investiq as iq
from benchmarks import common
from investiq.indicators.kalman_filters import local_level, local_linear_trend
from investiq.indicators.kalman_fitting import fit_local_level, fit_local_linear_trend
from investiq.indicators.state_space import Model, Variances, kalman_log_likelihood
from investiq.metrics.conditional_volatility import garch
from investiq.metrics.conventions import Convention

MODELS: dict[Model, tuple[str, str, Variances]] = {
    "local_level": ("local level", "llevel", Variances(observation=1e-5, level=9e-5)),
    "local_linear_trend": ("local linear trend", "lltrend", Variances(observation=1e-5, level=9e-5, slope=1e-9)),
}
FILTERS = {"local_level": local_level, "local_linear_trend": local_linear_trend}
FITS = {"local_level": fit_local_level, "local_linear_trend": fit_local_linear_trend}
DAILY = Convention(periods_per_year=252)


def parameters_of(variances: Variances, name: str) -> list[float]:
    """Return the variances in statsmodels' order."""
    every = [variances.observation, variances.level, variances.slope]
    return every[:2] if name == "llevel" else every


def kalman(prices: NDArray[np.float64], model: Model) -> list[str]:
    """Check and time one model: likelihood, filter with its columns, maximum likelihood."""
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    words, name, variances = MODELS[model]
    parameters, logs = parameters_of(variances, name), np.log(prices)
    loose = UnobservedComponents(logs, name, use_exact_diffuse=True)
    strict = UnobservedComponents(logs, name, use_exact_diffuse=True)
    strict.ssm.tolerance = 0

    value = kalman_log_likelihood(prices, variances, model=model)
    np.testing.assert_allclose(value, strict.loglike(parameters), atol=1e-6, err_msg=words)
    level = strict.filter(parameters).filtered_state[0]
    states = len(parameters) - 1
    found = FILTERS[model](prices, variances)
    np.testing.assert_allclose(np.log(found.level[states:]), level[states:], rtol=1e-9, err_msg=words)
    fitted = FITS[model](prices)

    def theirs() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return loose.fit(disp=False, maxiter=200, cov_type="none")

    gap = fitted.log_likelihood - strict.loglike(theirs().params)
    if gap < -1e-6:
        raise AssertionError(f"{words}: the fitted likelihood lies {-gap:g} below statsmodels'")
    steps: dict[str, dict[str, Callable[[], object]]] = {
        "likelihood": {
            "InvestIQ": lambda: kalman_log_likelihood(prices, variances, model=model),
            "statsmodels": lambda: loose.loglike(parameters),
            "statsmodels, tolerance 0": lambda: strict.loglike(parameters),
        },
        "filter": {
            "InvestIQ": lambda: FILTERS[model](prices, variances),
            "statsmodels": lambda: loose.filter(parameters),
        },
        "fit": {"InvestIQ": lambda: FITS[model](prices), "statsmodels": theirs},
    }
    parts = [f"### Kalman, {words}"]
    parts.append(
        f"Log-likelihood {value:.6f} on both sides at equal variances; fitted {fitted.log_likelihood:.4f}, "
        f"{gap:.4f} above statsmodels' own fit. statsmodels as it comes differs by {loose.loglike(parameters) - value:.1e}."
    )
    for step, peers in steps.items():
        timings = common.interleaved(peers, rounds=5 if step == "fit" else common.ROUNDS)
        common.save(f"w9_{model}_{step}", {peer: timing._asdict() for peer, timing in timings.items()})
        parts += [f"{step.capitalize()}:", common.markdown(timings, "InvestIQ")]
    return parts


def garch_fits(prices: NDArray[np.float64]) -> list[str]:
    """Check and time `garch` against arch called by hand on percents."""
    from arch import arch_model

    returns = prices[1:] / prices[:-1] - 1
    parts = ["### GARCH(1,1), 2,519 returns"]
    for distribution, name in (("normal", "normal"), ("student_t", "t")):

        def ours(distribution: Any = distribution) -> Any:
            fit = garch(returns, DAILY, distribution=distribution)
            fit.parameters["standard_error"].sum()
            return fit

        def theirs(name: str = name, tolerance: float = 1e-10) -> Any:
            process = arch_model(100 * returns, p=1, q=1, dist=name, rescale=False)
            fit = process.fit(disp="off", options={"ftol": tolerance})
            fit.std_err.sum()
            return fit

        expected = theirs().params.to_numpy()
        scale = np.ones(expected.size)
        scale[:2] = 0.01, 0.0001
        np.testing.assert_allclose(ours().parameters["estimate"], scale * expected, rtol=1e-3, err_msg=distribution)
        timings = common.interleaved(
            {"InvestIQ": ours, "arch, tolerance 1e-10": theirs, "arch as it comes": lambda: theirs(tolerance=1e-6)}
        )
        common.save(f"w9_garch_{distribution}", {peer: timing._asdict() for peer, timing in timings.items()})
        parts += [f"{distribution.replace('_', ' ').capitalize()}, standard errors included:"]
        parts.append(common.markdown(timings, "arch, tolerance 1e-10"))
    return parts


def main() -> str:
    """Check and time; return the report as Markdown."""
    prices = np.array(iq.load_bars("^GSPC", start="2008-12-26").adjusted().close)[-2520:]
    parts = ["## W9: Kalman filters and GARCH"]
    for model in MODELS:
        parts += kalman(prices, model)
    return "\n\n".join([*parts, *garch_fits(prices)])


if __name__ == "__main__":
    print(main())
