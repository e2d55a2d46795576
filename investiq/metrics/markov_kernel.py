"""Compiled passes over a chain of hidden states, each with a normal distribution of its own.

`transition[i, j]` is the probability of state j after state i. Before the first
value the states have the distribution that the chain has in the long run, as in
Hamilton (1989), Econometrica 57(2), 357-384.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from investiq.core.compiling import jit

if TYPE_CHECKING:
    from investiq.metrics.inputs import FloatArray

__all__: list[str] = []


@jit
def long_run(transition: FloatArray) -> FloatArray:
    """Return the long-run distribution of a chain by elimination without subtractions (Grassmann, Taksar, Heyman 1985)."""
    states = transition.shape[0]
    rates = transition.copy()
    for last in range(states - 1, 0, -1):
        leaving = 0.0
        for j in range(last):
            leaving += rates[last, j]
        for i in range(last):
            rates[i, last] /= leaving
            for j in range(last):
                rates[i, j] += rates[i, last] * rates[last, j]
    shares = np.ones(states)
    total = 1.0
    for j in range(1, states):
        share = 0.0
        for i in range(j):
            share += shares[i] * rates[i, j]
        shares[j] = share
        total += share
    return shares / total


@jit
def filter_pass(
    values: FloatArray, means: FloatArray, variances: FloatArray, transition: FloatArray, filtered: FloatArray
) -> float:
    """Return the log-likelihood; fill `filtered`, shape (n, states), unless it has no rows.

    ``filtered[t]`` is the distribution of the state at t given the values up to t.
    """
    states = means.size
    keeps = filtered.shape[0] > 0
    belief = long_run(transition)
    weights = np.empty(states)
    constants = -0.5 * np.log(2.0 * np.pi * variances)
    total = 0.0
    for t in range(values.size):
        most = -np.inf
        for j in range(states):
            deviation = values[t] - means[j]
            weights[j] = constants[j] - 0.5 * deviation * deviation / variances[j]
            most = max(most, weights[j])
        density = 0.0
        for j in range(states):
            weights[j] = belief[j] * np.exp(weights[j] - most)
            density += weights[j]
        total += most + np.log(density)
        for j in range(states):
            weights[j] /= density
            if keeps:
                filtered[t, j] = weights[j]
        for j in range(states):
            belief[j] = 0.0
            for i in range(states):
                belief[j] += weights[i] * transition[i, j]
    return total


@jit
def expectations(
    values: FloatArray, means: FloatArray, variances: FloatArray, transition: FloatArray
) -> tuple[float, FloatArray, FloatArray, FloatArray]:
    """Return the log-likelihood and what is expected of the states given all values (Kim 1994, J. Econometrics 60, 1-22).

    Returns
    -------
    tuple
        Log-likelihood; `moves`, the expected number of moves from state to state,
        shape (states, states); `sums`, shape (3, states): expected number of values,
        and their sum and sum of squares about the state's mean; `first`, the
        distribution of the first state.
    """
    count, states = values.size, means.size
    filtered = np.empty((count, states))
    reached = filter_pass(values, means, variances, transition, filtered)
    moves, sums = np.zeros((states, states)), np.zeros((3, states))
    later, smoothed = np.empty(states), filtered[count - 1].copy()
    for t in range(count - 1, -1, -1):
        if t < count - 1:
            for j in range(states):
                expected = 0.0
                for i in range(states):
                    expected += filtered[t, i] * transition[i, j]
                later[j] = smoothed[j] / expected if expected > 0 else 0.0
            for i in range(states):
                share = 0.0
                for j in range(states):
                    joint = filtered[t, i] * transition[i, j] * later[j]
                    moves[i, j] += joint
                    share += joint
                smoothed[i] = share
        for j in range(states):
            deviation = values[t] - means[j]
            sums[0, j] += smoothed[j]
            sums[1, j] += smoothed[j] * deviation
            sums[2, j] += smoothed[j] * deviation * deviation
    return reached, moves, sums, smoothed
