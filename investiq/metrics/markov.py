"""Markov switching: returns drawn from one of two or three states, of which none is ever seen."""

from __future__ import annotations

from typing import Final

from investiq.core.errors import ConfigError
from investiq.core.notes import Note
from investiq.metrics.inputs import FloatArray, Floats, returns_of
from investiq.metrics.markov_fitting import LEAST_VARIANCE, fit_switching
from investiq.metrics.markov_result import MarkovSwitching, Switching
from investiq.metrics.tail import index_of

__all__ = ["markov_switching"]

# Chosen on simulated returns of two states whose deviations are 0.7 % and 1.8 %, see the tests: with 1,000 the
# estimated deviations lie within 8 % of the truth in 20 of 20; with 250 a state is at times seen once or not at all.
RECOMMENDED_RETURNS: Final = 1_000
FEWEST_RETURNS: Final = 100


def markov_switching(returns: Floats, states: int = 2) -> MarkovSwitching:
    """Fit returns whose mean and variance switch with a hidden Markov chain [1]_.

    In state j a return is normal with mean ``mu[j]`` and variance ``v[j]``; from one
    period to the next the state stays or changes with fixed probabilities.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN.
    states : {2, 3}, default 2

    Returns
    -------
    MarkovSwitching
        States in the order of their variance, with notes where there are fewer than
        1,000 returns, a state is hardly ever left, or its variance lies on its bound.

    Raises
    ------
    ConfigError
        If `states` is neither 2 nor 3.
    DataError
        If `returns` holds NaN, or all are alike.
    InsufficientDataError
        If there are fewer than 100.

    Notes
    -----
    Expectation and maximisation from two starts, then a quasi-Newton search from the
    better end: the steps of the first treat the state before the first return as
    free, while the likelihood gives it the long-run distribution of the chain.

    `MarkovSwitching.filtered` is the probability of each state given the returns up
    to then, under parameters that have seen all of them. To know the state as it
    could be known, fit to returns before and go on with `MarkovSwitching.filter`.

    References
    ----------
    .. [1] Hamilton, J. D. (1989). "A new approach to the economic analysis of
       nonstationary time series and the business cycle." Econometrica 57(2), 357-384.

    Examples
    --------
    >>> import investiq as iq
    >>> closes = iq.load_bars("^GSPC", start="2007", end="2010").adjusted().frame["close"]
    >>> fit = markov_switching(closes.pct_change().iloc[1:])
    >>> fit.names, (100 * fit.parameters.volatilities).round(1)
    (('low_volatility', 'high_volatility'), array([1.1, 3.1]))
    >>> fit.filtered["high_volatility"].loc["2008-10-01":"2008-10-31"].min() > 0.9
    True
    """
    if isinstance(states, bool) or states not in (2, 3):
        raise ConfigError(f"states must be 2 or 3, was {states!r}")
    values = returns_of(returns, least=FEWEST_RETURNS, purpose="a Markov switching fit")
    parameters = fit_switching(values, states)
    return MarkovSwitching(
        parameters=parameters,
        returns=values,
        index=index_of(returns),
        notes=tuple(_notes(parameters, values)),
    )


def _notes(parameters: Switching, values: FloatArray) -> list[Note]:
    notes = []
    if not parameters.converged:
        notes.append(
            Note(
                code="markov_not_converged",
                text="The search for the parameters ended at its limit of steps; the likelihood may not be at its maximum.",
            )
        )
    if (longest := float(parameters.durations.max())) > values.size:
        notes.append(
            Note(
                code="markov_state_not_left",
                text=f"A state lasts {longest:,.0f} periods on average, longer than the {values.size:,} returns: "
                "what looks like a regime may be a single break, and its way back is a guess.",
            )
        )
    if parameters.variances[0] <= 1.001 * LEAST_VARIANCE * float(values.var()):
        notes.append(
            Note(
                code="markov_variance_at_bound",
                text="The variance of the calmest state lies on its lower bound: it gathers returns that are all alike.",
            )
        )
    if values.size < RECOMMENDED_RETURNS:
        notes.append(
            Note(
                code="markov_few_returns",
                rows=values.size,
                text=f"Fitted to {values.size} returns; below {RECOMMENDED_RETURNS:,} a state is seen too rarely.",
            )
        )
    return notes
