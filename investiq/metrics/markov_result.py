"""The result of a Markov switching fit: what its states are, how long they last, and which one it is now."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np

from investiq.core.facts import Fact, Table, format_value
from investiq.core.notes import Note
from investiq.core.result import Result
from investiq.metrics.inputs import FloatArray, Floats, returns_of
from investiq.metrics.origin import ends_of, origin

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MarkovSwitching"]

# In the order of their variance.
_NAMES: Final = {
    2: ("low_volatility", "high_volatility"),
    3: ("low_volatility", "middle_volatility", "high_volatility"),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Switching:
    """Parameters of returns that switch between states, which stand in the order of their variance.

    Attributes
    ----------
    means, variances : ndarray of shape (n_states,)
        Of the returns of each state, per period.
    transition : ndarray of shape (n_states, n_states)
        ``transition[i, j]`` is the probability of state j after state i.
    log_likelihood : float
    converged : bool
    """

    means: FloatArray
    variances: FloatArray
    transition: FloatArray
    log_likelihood: float
    converged: bool

    @property
    def volatilities(self) -> FloatArray:
        """Standard deviation of each state, per period."""
        return np.sqrt(self.variances)

    @property
    def durations(self) -> FloatArray:
        """Periods for which each state lasts on average: ``1 / (1 - p[j, j])``."""
        leaving = self.transition.sum(axis=1) - np.diag(self.transition)
        with np.errstate(divide="ignore"):
            return np.asarray(1 / leaving)

    @property
    def shares(self) -> FloatArray:
        """Share of time that each state has in the long run."""
        from investiq.metrics.markov_kernel import long_run

        return np.asarray(long_run(self.transition))

    def filter(self, values: FloatArray) -> FloatArray:
        """Return the probability of each state given the values up to each row, shape (n_periods, n_states).

        Before the first value the states have their long-run shares.
        """
        from investiq.metrics.markov_kernel import filter_pass

        filtered = np.empty((values.size, self.means.size))
        filter_pass(np.ascontiguousarray(values), self.means, self.variances, self.transition, filtered)
        return filtered


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class MarkovSwitching(Result):
    """Returns that switch between hidden states; made by `markov_switching`.

    Attributes
    ----------
    parameters : Switching
    returns : ndarray of shape (n_periods,)
    index : Index or None
        Of the returns, where they were a Series.
    notes : tuple of Note
    """

    kind: ClassVar[str] = "markov_switching"
    parameters: Switching
    returns: FloatArray
    index: pd.Index | None
    notes: tuple[Note, ...] = ()

    @property
    def title(self) -> str:
        """One line that names the model."""
        return f"Markov switching of {self.returns.size:,} returns, {len(self.names)} states"

    @property
    def names(self) -> tuple[str, ...]:
        """The states, from the calmest to the wildest."""
        return _NAMES[self.parameters.means.size]

    @property
    def filtered(self) -> pd.DataFrame:
        """Probability of each state given the returns up to each row; the parameters have seen all of them."""
        return self.filter(self.returns, self.index)

    @property
    def bic_gain(self) -> float:
        """By how much the Bayesian information criterion is better than that of one normal distribution."""
        values, states = self.returns, self.parameters.means.size
        single = -0.5 * values.size * (math.log(2 * math.pi * float(values.var())) + 1)
        extra = states * 2 + states * (states - 1) - 2
        return 2 * (self.parameters.log_likelihood - single) - extra * math.log(values.size)

    def filter(self, returns: Floats, index: pd.Index | None = None) -> pd.DataFrame:
        """Return the probability of each state given the returns up to each row, under these parameters.

        For returns that begin with those of the fit and go on, the rows behind it
        are out of its sample.

        Parameters
        ----------
        returns : ndarray or Series of shape (n_periods,)
        index : Index, optional
            Of the rows, by default that of `returns`.

        Returns
        -------
        DataFrame of shape (n_periods, n_states)
            One column a state, in the order of `names`.
        """
        import pandas as pd

        filtered = self.parameters.filter(returns_of(returns))
        rows = getattr(returns, "index", None) if index is None and hasattr(returns, "iloc") else index
        return pd.DataFrame(filtered, columns=list(self.names), index=rows)

    def facts(self) -> list[Fact]:
        """Return the states with their shares and durations, the state now, and the fit."""
        shown = []
        own = self.parameters
        for name, volatility, duration, share in zip(
            self.names, own.volatilities, own.durations, own.shares, strict=True
        ):
            words = name.replace("_", " ").capitalize()
            note = f"{format_value(float(share), 'fraction')} of the time, lasting {duration:,.0f} periods on average"
            shown.append(Fact(words, float(volatility), "fraction", "standard deviation per period", note))
        last = float(own.filter(self.returns)[-1, -1])
        return [
            *shown,
            Fact("High volatility now", last, "fraction", "probability given all returns"),
            Fact("Against one state", self.bic_gain, "ratio", "gain in the Bayesian information criterion"),
            Fact("Log-likelihood", own.log_likelihood, "ratio", "of returns as fractions"),
            Fact("Converged", "yes" if own.converged else "no"),
        ]

    def tables(self) -> list[Table]:
        """Return means, deviations and the probabilities of moving from state to state."""
        own = self.parameters
        rows = tuple(
            (
                name.replace("_", " "),
                format_value(float(own.means[i]), "fraction"),
                format_value(float(own.volatilities[i]), "fraction"),
                *(f"{float(chance):.4f}" for chance in own.transition[i]),
            )
            for i, name in enumerate(self.names)
        )
        columns = ("State", "Mean", "Deviation", *(f"to {name.replace('_', ' ')}" for name in self.names))
        return [Table("States, per period", columns, rows, numbers=columns[1:])]

    def provenance(self) -> list[Fact]:
        """Return period, fingerprint and the choices behind the numbers."""
        import pandas as pd

        series = pd.Series(self.returns, index=self.index)
        return [
            *origin(self.returns, ends_of(series)),
            Fact("Model", "normal in each state, mean and variance of its own; constant transition probabilities"),
            Fact("Before the first return", "long-run distribution of the chain"),
            Fact("Probabilities", "filtered: of returns up to each row; the parameters have seen all"),
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a return: return, the probability of each state, and the likeliest state."""
        frame = self.filtered
        likeliest = np.array(self.names)[frame.to_numpy().argmax(axis=1)]
        frame.insert(0, "return", self.returns)
        return frame.assign(state=likeliest)
