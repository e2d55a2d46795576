"""Where returns come from: a regression on factors, and what each adds to the mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from investiq.core.errors import ConfigError
from investiq.core.notes import Note, merge_notes
from investiq.history.records import Records
from investiq.metrics.conventions import Convention, ProfileName, declared_convention
from investiq.metrics.factor_alignment import Aligned, align_factors
from investiq.metrics.factor_result import FactorModel
from investiq.metrics.inputs import FloatArray, instants_of
from investiq.metrics.origin import frequency_notes, origin
from investiq.metrics.refusals import refuse_other_kinds
from investiq.metrics.regression import least_squares, variance_inflation

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["factor_model"]

# Five years of months; below, errors of betas near 0.5 are usual.
RECOMMENDED_PERIODS: Final = 60
# Customary bounds: Marquardt (1970) for inflation; Belsley, Kuh and Welsch (1980) for the condition number.
_INFLATED: Final = 10.0
_ILL_CONDITIONED: Final = 30.0


def factor_model(
    returns: pd.Series[float],
    factors: pd.DataFrame | Records,
    *,
    convention: Convention | ProfileName | None = None,
    periods_per_year: float | None = None,
    lags: int | None = None,
    risk_free: str = "risk_free",
    confidence: float = 0.95,
) -> FactorModel:
    """Return the regression of returns on factors, with HAC errors, and what each factor adds [1]_ [2]_.

    ``r - rf = alpha + sum(beta_k factor_k) + e`` by least squares; errors of
    Newey and West with the factor n / (n - k). The mean excess return is exactly
    alpha plus each beta times its factor's mean.

    Parameters
    ----------
    returns : Series of shape (n_periods,)
        Simple returns per period as fractions, indexed by time, without NaN.
    factors : DataFrame or Records
        A column a factor, each an excess return or a difference of returns, as
        fractions per period, such as ``iq.load_records("FF3")``. Joined by
        calendar month where both have at most one row a month, whichever day
        stamps it; by date otherwise.
    convention : Convention or {"investiq", "quantstats", "empyrical", "bacon"}, optional
        Its `periods_per_year` must be that of the returns: 12 for months. Its
        risk-free rate counts only where the factors have no column of it. By
        default ``"investiq"``.
    periods_per_year : float
        Needed unless a `Convention` is passed.
    lags : int, optional
        By default `newey_west_lags` of the periods.
    risk_free : str, default "risk_free"
        Column of `factors` with the risk-free return of each period.
    confidence : float, default 0.95
        Of the intervals.

    Returns
    -------
    FactorModel

    Raises
    ------
    ConfigError
        If the periods of a year are not declared, or are given twice, or
        `risk_free` is no name of a column.
    DataError
        If there is NaN, a row twice on a date, no period in common, rows of
        unlike frequency, or a factor that the others make up.
    InsufficientDataError
        If there are not more periods than coefficients. Below 60 the result
        carries a caution.

    References
    ----------
    .. [1] Fama, E. F. and French, K. R. (1993). "Common risk factors in the
       returns on stocks and bonds." Journal of Financial Economics 33(1), 3-56.
    .. [2] Newey, W. K. and West, K. D. (1987). Econometrica 55(3), 703-708.

    Examples
    --------
    >>> import investiq as iq
    >>> monthly = iq.load_bars("^IXIC").frame["close"].resample("ME").last().pct_change().iloc[1:]
    >>> model = factor_model(monthly, iq.load_records("FF3"), periods_per_year=12)
    >>> dict(zip(model.factors, model.betas.round(2).tolist(), strict=True))
    {'market': 1.24, 'smb': 0.33, 'hml': -0.6}
    """
    refuse_other_kinds("returns", returns)
    convention = declared_convention(convention, periods_per_year)
    if not isinstance(risk_free, str):
        raise ConfigError(
            f"risk_free names a column of the factors, was {risk_free!r}; an annual rate goes into the convention: "
            "iq.Convention(periods_per_year=12, risk_free=0.02)"
        )
    joined = align_factors(returns, factors, risk_free)
    year = convention.periods_per_year
    if joined.risk_free is None:
        rate = np.full(joined.returns.size, convention.risk_free_per_period)
        rate_source = f"{convention.risk_free * 100:g} % a year, constant: the factors have no column {risk_free!r}"
    else:
        rate, rate_source = joined.risk_free, f"column {risk_free!r} of the factors"
    fit = least_squares(joined.returns - rate, joined.factors, names=joined.names, lags=lags)
    low, high = fit.interval(confidence)
    inflation = variance_inflation(joined.factors)
    standardised = (joined.factors - joined.factors.mean(axis=0)) / joined.factors.std(axis=0)
    condition = float(np.linalg.cond(standardised))
    ends = instants_of(joined.returns, joined.ts)
    return FactorModel(
        factors=joined.names,
        alpha=float(fit.coefficients[0]) * year,
        alpha_error=float(fit.standard_errors[0]) * year,
        alpha_low=float(low[0]) * year,
        alpha_high=float(high[0]) * year,
        beta_low=low[1:],
        beta_high=high[1:],
        confidence=confidence,
        contributions=fit.coefficients[1:] * joined.factors.mean(axis=0) * year,
        mean_excess=float((joined.returns - rate).mean()) * year,
        mean_risk_free=float(rate.mean()) * year,
        inflation=inflation,
        condition_number=condition,
        regression=fit,
        ts=joined.ts,
        rule=joined.rule,
        convention=convention,
        risk_free_source=rate_source,
        source=f"{factors.name}: {factors.source}" if isinstance(factors, Records) else "a table that was passed",
        fingerprint=origin(joined.returns, ends)[1],
        notes=merge_notes(
            _cautions(joined, inflation, condition, factors), frequency_notes(ends, convention), _notes_of(factors)
        ),
    )


def _notes_of(factors: pd.DataFrame | Records) -> tuple[Note, ...]:
    return factors.notes if isinstance(factors, Records) else ()


def _cautions(
    joined: Aligned, inflation: FloatArray, condition: float, factors: pd.DataFrame | Records
) -> tuple[Note, ...]:
    notes = []
    count = joined.returns.size
    if count < RECOMMENDED_PERIODS:
        text = f"{count} periods: fewer than {RECOMMENDED_PERIODS}, alpha and betas are very uncertain"
        notes.append(Note(code="few_periods", text=text, rows=count))
    if joined.left_out:
        text = f"{joined.left_out} of {count + joined.left_out} returns have no factors of their {joined.rule} and are left out"
        notes.append(Note(code="returns_without_factors", text=text, rows=joined.left_out))
    if joined.gaps:
        text = f"{joined.gaps} return(s) follow a month without one: if they span it, they do not fit the factors of their own month"
        notes.append(Note(code="months_without_returns", text=text, rows=joined.gaps))
    if (inflation > _INFLATED).any() or condition > _ILL_CONDITIONED:
        worst = joined.names[int(np.argmax(inflation))]
        text = (
            f"the factors say much the same: inflation up to {inflation.max():.1f} ({worst}), condition number "
            f"{condition:.1f}; the betas apart are uncertain, their sum is not"
        )
        notes.append(Note(code="collinear_factors", text=text))
    if isinstance(factors, Records):
        text = f"factors become known after their period ({factors.known_at_rule}): this explains the past, it decides nothing"
        notes.append(Note(code="known_later", text=text, severity="info"))
    return tuple(notes)
