"""Is it luck? The tests of a Sharpe ratio, and of the search that found it, in one call."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from investiq.core.errors import DataError, InsufficientDataError
from investiq.core.facts import Unit
from investiq.core.notes import Note, merge_notes
from investiq.metrics.assessment import Assessment, Check
from investiq.metrics.bootstrap import bootstrap_sharpe_interval
from investiq.metrics.conventions import Convention, ProfileName, declared_convention
from investiq.metrics.deflation import DeflatedSharpe, deflated_sharpe_ratio, minimum_backtest_length
from investiq.metrics.inputs import Floats
from investiq.metrics.overfitting import probability_of_backtest_overfitting
from investiq.metrics.overfitting_result import Overfitting
from investiq.metrics.refusals import refuse_other_kinds
from investiq.metrics.sharpe_inference import sharpe_error_from_moments, sharpe_moments, sharpe_p_value
from investiq.metrics.snooping import superior_predictive_ability
from investiq.metrics.snooping_result import Snooping
from investiq.metrics.snooping_sample import Benchmark
from investiq.metrics.track_record import minimum_track_record_length_from_moments, probabilistic_sharpe_ratio
from investiq.metrics.trial_counting import EffectiveTrials, effective_trials, trial_sharpe_variance
from investiq.metrics.trial_matrix import TrialReturns

__all__ = ["assess"]

# Of every probability: Bailey and Lopez de Prado (2012, 2014).
CONFIDENCE: Final = 0.95
# Bailey, Borwein, Lopez de Prado and Zhu (2017), definition 1: a selection overfits if the trial that is best in
# sample is expected below the median out of sample.
OVERFIT_FROM: Final = 0.5
SIGNIFICANT_BELOW: Final = 0.05


def assess(
    returns: Floats,
    trials: TrialReturns | None = None,
    *,
    convention: Convention | ProfileName | None = None,
    periods_per_year: float | None = None,
    risk_free: float = 0.0,
    benchmark: Benchmark = None,
    draws: int = 2_000,
    seed: int = 0,
) -> Assessment:
    """Judge whether the Sharpe ratio of a strategy can be told from luck.

    Five checks: the bootstrap interval of the ratio lies above zero; the
    probabilistic Sharpe ratio exceeds 95 %; and, given the returns of every
    variant that was tried, the deflated Sharpe ratio exceeds 95 %, the
    probability of backtest overfitting is below one half, and the best of all
    trials beats the benchmark at 5 % (Hansen's SPA test). Without the trials
    nobody can tell: the verdict is then never better than ``"trials_not_counted"``.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period of the strategy that was chosen, after costs,
        as fractions, without NaN.
    trials : ndarray or DataFrame of shape (n_periods, n_trials), optional
        Returns of every variant that was tried over the same periods, the
        chosen one and the failed ones included.
    convention : Convention or {"investiq", "quantstats", "empyrical", "bacon"}, optional
        Its `periods_per_year`, `risk_free` and `ddof` are used; by default ``"investiq"``.
    periods_per_year : float
        252 for daily bars, 52, 12: needed unless a `Convention` is passed.
    risk_free : float, default 0.0
        Annual, as a fraction; for a profile's name.
    benchmark : float, ndarray or Series of shape (n_periods,), optional
        What the best trial must beat in the SPA test, per period; None is the
        risk-free return. The other checks compare with the risk-free return.
    draws : int, default 2000
        Of each bootstrap.
    seed : int, default 0

    Returns
    -------
    Assessment

    Raises
    ------
    ConfigError
        If `draws` or `seed` is out of range, or the periods of a year are not
        declared, or are given twice.
    DataError
        If returns are NaN, infinite or look like prices, or `trials` or
        `benchmark` covers other periods.
    InsufficientDataError
        If the Sharpe ratio or its interval is undefined on so few returns.

    References
    ----------
    See `bootstrap_sharpe_interval`, `probabilistic_sharpe_ratio`,
    `deflated_sharpe_ratio`, `probability_of_backtest_overfitting` and
    `superior_predictive_ability`.

    Examples
    --------
    >>> noise = 0.01 * np.random.default_rng(8).standard_normal((1000, 20))
    >>> best = noise[:, noise.mean(axis=0).argmax()]
    >>> assess(best, noise, periods_per_year=252).verdict
    'luck_not_excluded'
    """
    refuse_other_kinds("returns", returns)
    _refuse_no_table(trials)
    convention = declared_convention(convention, periods_per_year, risk_free)
    interval = bootstrap_sharpe_interval(returns, convention, draws=draws, seed=seed)
    moments = sharpe_moments(returns, convention)
    shape = {"skewness": moments.skewness, "kurtosis": moments.kurtosis}
    error = sharpe_error_from_moments(moments.sharpe, moments.observations, **shape)
    probabilistic = probabilistic_sharpe_ratio(returns, convention)
    needed = math.inf
    if moments.sharpe > 0:
        needed = minimum_track_record_length_from_moments(moments.sharpe, confidence=CONFIDENCE, **shape)
    effective, deflated, overfitting, snooping = None, None, None, None
    notes, reasons = interval.notes, {}
    if trials is not None:
        notes = merge_notes(notes, _belongs(returns, trials))
        effective, deflated, reasons["deflated"] = _deflated(returns, trials, convention)
        overfitting, reasons["overfitting"] = _overfitting(trials)
        target = convention.risk_free_per_period if benchmark is None else benchmark
        snooping, reasons["snooping"] = _snooping(trials, target, draws, seed)
        notes = merge_notes(notes, *(found.notes for found in (overfitting, snooping) if found is not None))
    years = math.nan
    if effective is not None and moments.sharpe > 0:
        years = minimum_backtest_length(effective.number, interval.estimate)
    return Assessment(
        interval=interval,
        moments=moments,
        standard_error=error * math.sqrt(convention.periods_per_year),
        p_value=sharpe_p_value(returns, convention, alternative="greater"),
        probabilistic=probabilistic,
        track_record=needed,
        effective=effective,
        deflated=deflated,
        backtest_years=years,
        overfitting=overfitting,
        snooping=snooping,
        checks=(
            _check(
                "Sharpe interval",
                interval.low,
                "ratio",
                f"lower bound of {interval.confidence * 100:g} % above 0",
                _positive,
            ),
            _check(
                "Probabilistic Sharpe ratio", probabilistic, "fraction", f"above {CONFIDENCE * 100:g} %", _convincing
            ),
            *_checks_of_search(deflated, overfitting, snooping, reasons),
        ),
        convention=convention,
        notes=notes,
    )


def _checks_of_search(
    deflated: DeflatedSharpe | None, overfitting: Overfitting | None, snooping: Snooping | None, reasons: dict[str, str]
) -> tuple[Check, ...]:
    missing = "trials not passed"
    return (
        _check(
            "Deflated Sharpe ratio",
            None if deflated is None else deflated.probability,
            "fraction",
            f"above {CONFIDENCE * 100:g} %",
            _convincing,
            reasons.get("deflated", missing),
        ),
        _check(
            "Probability of overfitting",
            None if overfitting is None else overfitting.pbo,
            "fraction",
            f"below {OVERFIT_FROM * 100:g} %",
            lambda pbo: pbo < OVERFIT_FROM,
            reasons.get("overfitting", missing),
        ),
        _check(
            "Superior predictive ability",
            None if snooping is None else snooping.p_value,
            "p_value",
            f"p-value below {SIGNIFICANT_BELOW:g}",
            lambda p_value: p_value < SIGNIFICANT_BELOW,
            reasons.get("snooping", missing),
        ),
    )


def _check(
    name: str, value: float | None, unit: Unit, rule: str, passes: Callable[[float], bool], reason: str = ""
) -> Check:
    if value is None:
        return Check(name=name, value=math.nan, unit=unit, rule=rule, passed=None, reason=reason)
    return Check(name=name, value=value, unit=unit, rule=rule, passed=passes(value))


def _positive(value: float) -> bool:
    return value > 0


def _convincing(probability: float) -> bool:
    return probability > CONFIDENCE


def _refuse_no_table(trials: Any) -> None:
    if trials is not None and np.ndim(trials) != 2:
        found = (
            f"the number {trials}"
            if np.ndim(trials) == 0
            else f"a {type(trials).__name__} of {np.ndim(trials)} dimension"
        )
        raise DataError(
            f"trials must be a table of returns, one row a period and one column a variant that was tried, was {found}; "
            "where only their number is known, pass it to deflated_sharpe_ratio"
        )


def _belongs(returns: Floats, trials: TrialReturns) -> tuple[Note, ...]:
    """Refuse trials over other periods; return a note if the chosen strategy is not among them."""
    if len(returns) != len(trials):
        raise DataError(
            f"returns has {len(returns):,} periods and trials {len(trials):,}; pass all variants over the same periods"
        )
    mine, theirs = getattr(returns, "index", None), getattr(trials, "index", None)
    if mine is not None and theirs is not None and not mine.equals(theirs):
        raise DataError("returns and trials have different indexes; pass all variants over the same periods")
    gaps = np.abs(np.asarray(trials, dtype=np.float64) - np.asarray(returns, dtype=np.float64)[:, None])
    if gaps.max(axis=0).min() <= 1e-12:
        return ()
    text = "the chosen returns are none of the trials: a search that leaves out its winner is counted too low"
    return (Note(code="chosen_not_among_trials", text=text),)


def _deflated(
    returns: Floats, trials: TrialReturns, convention: Convention
) -> tuple[EffectiveTrials | None, DeflatedSharpe | None, str]:
    try:
        effective = effective_trials(trials)
        variance = trial_sharpe_variance(trials, convention) if effective.trials > 1 else 0.0
        found = deflated_sharpe_ratio(returns, convention, trials=effective.number, sharpe_variance=variance)
    except InsufficientDataError as reason:
        return None, None, str(reason)
    return effective, found, ""


def _overfitting(trials: TrialReturns) -> tuple[Overfitting | None, str]:
    try:
        return probability_of_backtest_overfitting(trials), ""
    except InsufficientDataError as reason:
        return None, str(reason)


def _snooping(trials: TrialReturns, benchmark: Benchmark, draws: int, seed: int) -> tuple[Snooping | None, str]:
    try:
        return superior_predictive_ability(trials, benchmark, draws=draws, seed=seed), ""
    except InsufficientDataError as reason:
        return None, str(reason)
