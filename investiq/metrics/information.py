"""Information coefficient: how scores across many names line up with the returns that followed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np

from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.core.notes import Note
from investiq.metrics.arrays import numbers
from investiq.metrics.information_result import InformationCoefficient
from investiq.metrics.inputs import FloatArray
from investiq.metrics.options import whole

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["information_coefficient"]

CorrelationMethod: TypeAlias = Literal["spearman", "pearson"]

# Two names always lie on a line.
FEWEST_NAMES: Final = 3
# The standard error of one date's coefficient is near 1 / sqrt(names): 0.14 at 50.
RECOMMENDED_NAMES: Final = 50
RECOMMENDED_DATES: Final = 50
# Values of a row that differ by less than this share of the largest are rounding.
_NO_VARIANCE: Final = 1e-12


def information_coefficient(
    scores: pd.DataFrame,
    returns: pd.DataFrame,
    *,
    horizon: int = 20,
    lag: int = 1,
    method: CorrelationMethod = "spearman",
    quantiles: int = 5,
    decay_horizons: tuple[int, ...] = (1, 5, 10, 20, 60),
) -> InformationCoefficient:
    """Return the correlation across names of scores with later returns, date by date [1]_.

    The score of date t is compared with the return compounded over the rows
    ``t + lag`` to ``t + lag + horizon - 1``. Dates are never pooled. Forward
    returns of neighbouring dates share ``horizon - 1`` periods, so the t
    statistic of the mean uses a Newey-West error with that many lags [2]_.

    Parameters
    ----------
    scores, returns : DataFrame of shape (n_dates, n_names)
        Scores known at the end of each date (more is better), and simple
        returns of each date's own period as fractions: row t is what was earned
        from t - 1 to t. Joined on dates and names; NaN where there is none, and
        a missing return makes each forward return over it missing.
    horizon : int, default 20
        Periods held.
    lag : int, default 1
        Periods between the score and the first return, 1 at least: a score of
        the close of t can earn the return of t + 1.
    method : {"spearman", "pearson"}
    quantiles : int, default 5
        Groups of names by score, equally large, for returns and turnover.
    decay_horizons : tuple of int
        Horizons at which the mean coefficient is told too.

    Returns
    -------
    InformationCoefficient
        Dates with fewer than 3 names, or with equal scores or returns, have no
        coefficient and are left out; a note counts them, and another the dates
        of scores that are no row of the returns (a month that ends on a Sunday).

    Raises
    ------
    ConfigError
        If `horizon`, `lag`, `quantiles` or `method` is out of range.
    DataError
        If the tables share no date or name, hold infinite values, an index
        descends, or the returns look like prices.
    InsufficientDataError
        If fewer than 2 dates have a coefficient.

    References
    ----------
    .. [1] Grinold, R. C. and Kahn, R. N. (2000). Active Portfolio Management,
       2nd ed. McGraw-Hill.
    .. [2] Newey, W. K. and West, K. D. (1987). "A simple, positive semi-definite,
       heteroskedasticity and autocorrelation consistent covariance matrix."
       Econometrica 55(3), 703-708.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.date_range("2024-01-01", periods=80, freq="B", tz="UTC")
    >>> generator = np.random.default_rng(0)
    >>> returns = pd.DataFrame(0.01 * generator.standard_normal((80, 60)), index=days)
    >>> noisy = returns.shift(-1) + 0.03 * generator.standard_normal((80, 60))
    >>> found = information_coefficient(noisy, returns, horizon=1)
    >>> found.dates, 0.2 < found.mean < 0.4, found.t_statistic > 10
    (79, True, True)
    """
    _refuse_options(horizon, lag, method, quantiles, decay_horizons)
    table, earned = _joined(scores, returns)
    values, paid = table.to_numpy(dtype=np.float64), earned.to_numpy(dtype=np.float64)
    forward = _forward_returns(paid, horizon, lag)
    coefficients, counts = _by_date(values, forward, method)
    has = np.isfinite(coefficients)
    if int(has.sum()) < 2:
        raise InsufficientDataError(
            f"an information coefficient needs 2 dates of {FEWEST_NAMES} names with scores and returns {horizon} "
            f"periods on, received {int(has.sum())} of {len(table)}"
        )
    found = coefficients[has]
    known = np.isfinite(forward)
    dates_known = known.any(axis=1)
    covered = (known & np.isfinite(values)).sum(axis=1)[dates_known] / known.sum(axis=1)[dates_known]
    means, turnover = _by_quantile(values, forward, quantiles)
    return InformationCoefficient(
        coefficients=_series(found, table.index[has]),
        names_per_date=float(np.mean(counts[has])),
        t_statistic=_hac_t(found, horizon - 1),
        coverage=float(covered.mean()),
        decay={each: _mean_coefficient(values, paid, each, lag, method) for each in decay_horizons},
        score_autocorrelation=_autocorrelation(values, method),
        quantile_returns=means,
        turnover=turnover,
        horizon=horizon,
        lag=lag,
        method=method,
        notes=_cautions(found.size, counts[has], int((dates_known & ~has).sum()), _strangers(scores, earned)),
    )


def _refuse_options(horizon: int, lag: int, method: str, quantiles: int, decay_horizons: tuple[int, ...]) -> None:
    whole("horizon", horizon, 1)
    if whole("lag", lag, 0) == 0:
        raise ConfigError(
            "lag must be at least 1 period, was 0: the return of a score's own period was earned before it was known"
        )
    if method not in ("spearman", "pearson"):
        raise ConfigError(f"method must be 'spearman' or 'pearson', was {method!r}")
    whole("quantiles", quantiles, 2)
    for each in decay_horizons:
        whole("each of decay_horizons", each, 1)


def _joined(scores: pd.DataFrame, returns: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return both on the names that both have and the dates of the returns; scores are NaN where they have none."""
    for name, each in (("scores", scores), ("returns", returns)):
        if getattr(each, "ndim", 0) != 2 or not hasattr(each, "columns"):
            raise DataError(f"{name} must be a DataFrame, a row a date and a column a name, was {type(each).__name__}")
        if not (each.index.is_monotonic_increasing and each.index.is_unique and each.columns.is_unique):
            raise DataError(f"the index of {name} must ascend without repeats, and each name come once")
        if infinite := int(np.isinf(numbers(name, each)).sum()):
            raise DataError(f"{name} holds {infinite} infinite of {each.size}; repair them first")
    if (getattr(scores.index, "tz", None) is None) != (getattr(returns.index, "tz", None) is None):
        raise DataError("one of the indexes of scores and returns has a zone and one has none; give both UTC")
    names = returns.columns.intersection(scores.columns)
    dates = int(returns.index.isin(scores.index).sum())
    if not len(names) or not dates:
        raise DataError(f"scores and returns share {len(names)} names and {dates} dates; both need the same labels")
    paid = returns[names]
    values = paid.to_numpy(dtype=np.float64)
    if (values < -1 - 1e-9).any():
        raise DataError(f"a return is {np.nanmin(values):g}, less than losing all; pass simple returns as fractions")
    with np.errstate(invalid="ignore"):
        priced = (np.isnan(values) | (values > 0)).all(axis=0) & (values > 1).any(axis=0)
    if priced.any():
        raise DataError(f"returns of {names[int(priced.argmax())]!r} look like prices; pass prices.pct_change()")
    # Rows of the returns count the periods, so a date without scores still passes.
    return scores.reindex(index=paid.index, columns=names), paid


def _forward_returns(returns: FloatArray, horizon: int, lag: int) -> FloatArray:
    """Return the compound of rows t + lag to t + lag + horizon - 1 at row t; NaN where any is missing."""
    forward = np.full_like(returns, np.nan)
    rows = len(returns) - lag - horizon + 1
    if rows > 0:
        grown = np.ones((rows, returns.shape[1]))
        for step in range(horizon):
            grown *= 1 + returns[lag + step : lag + step + rows]
        forward[:rows] = grown - 1
    return forward


def _by_date(scores: FloatArray, forward: FloatArray, method: str) -> tuple[FloatArray, FloatArray]:
    """Return the correlation across names of each row, NaN where there is none, and the names behind it."""
    both = np.isfinite(scores) & np.isfinite(forward)
    counts = both.sum(axis=1).astype(np.float64)
    x, y = np.where(both, scores, np.nan), np.where(both, forward, np.nan)
    if method == "spearman":
        from scipy.stats import rankdata

        x, y = (rankdata(each, axis=1, nan_policy="omit") for each in (x, y))
    coefficients = np.full(len(scores), np.nan)
    enough = counts >= FEWEST_NAMES
    x, y = x[enough], y[enough]
    if enough.any():
        x_off, y_off = (each - np.nanmean(each, axis=1, keepdims=True) for each in (x, y))
        scale = np.sqrt(np.nansum(x_off**2, axis=1) * np.nansum(y_off**2, axis=1))
        varies = np.ones(len(x), dtype=bool)
        for each in (x, y):
            spread = np.nanmax(each, axis=1) - np.nanmin(each, axis=1)
            varies &= spread > _NO_VARIANCE * np.nanmax(np.abs(each), axis=1)
        part = np.full(len(x), np.nan)
        np.divide(np.nansum(x_off * y_off, axis=1), scale, out=part, where=varies)
        coefficients[enough] = np.clip(part, -1.0, 1.0)
    return coefficients, counts


def _mean_coefficient(scores: FloatArray, returns: FloatArray, horizon: int, lag: int, method: str) -> float:
    found, _ = _by_date(scores, _forward_returns(returns, horizon, lag), method)
    found = found[np.isfinite(found)]
    return float(found.mean()) if found.size else math.nan


def _autocorrelation(scores: FloatArray, method: str) -> float:
    """Return the mean correlation across names of scores with those of the row before."""
    found, _ = _by_date(scores[1:], scores[:-1], method)
    found = found[np.isfinite(found)]
    return float(found.mean()) if found.size else math.nan


def _hac_t(values: FloatArray, lags: int) -> float:
    """Return mean over its Newey-West standard error (Bartlett, times n / (n - 1)); NaN where it is undefined."""
    count = values.size
    if count <= lags + 1:
        return math.nan
    off = values - values.mean()
    variance = float(off @ off)
    for lag in range(1, lags + 1):
        variance += 2 * (1 - lag / (lags + 1)) * float(off[lag:] @ off[:-lag])
    if variance <= _NO_VARIANCE * float(values @ values):
        return math.nan
    return float(values.mean() / math.sqrt(variance / (count * (count - 1))))


def _by_quantile(scores: FloatArray, forward: FloatArray, quantiles: int) -> tuple[tuple[float, ...], float]:
    """Return the mean forward return of each group by score, lowest first, and the turnover of the highest.

    Dates weigh equally. The turnover is the mean share of the names in the
    highest group of a date that were not in that of the date before.
    """
    sums, dates = np.zeros(quantiles), np.zeros(quantiles)
    changes: list[float] = []
    before: set[int] = set()
    for row, later in zip(scores, forward, strict=True):
        known = np.flatnonzero(np.isfinite(row))
        if known.size < quantiles:
            before = set()
            continue
        # Stable, so that equal scores are split by the order of the columns.
        ordered = known[np.argsort(row[known], kind="stable")]
        groups = np.array_split(ordered, quantiles)
        for place, members in enumerate(groups):
            paid = later[members]
            paid = paid[np.isfinite(paid)]
            if paid.size:
                sums[place] += paid.mean()
                dates[place] += 1
        top = set(groups[-1].tolist())
        if before:
            changes.append(len(top - before) / len(top))
        before = top
    means = np.divide(sums, dates, out=np.full(quantiles, np.nan), where=dates > 0)
    return tuple(float(each) for each in means), float(np.mean(changes)) if changes else math.nan


def _series(values: FloatArray, index: pd.Index) -> pd.Series[float]:
    import pandas as pd

    return pd.Series(values, index=index, name="ic")


def _strangers(scores: pd.DataFrame, returns: pd.DataFrame) -> int:
    """Return how many rows of the scores, within the span of the returns, have no row there."""
    inside = (scores.index >= returns.index[0]) & (scores.index <= returns.index[-1])
    return int((inside & ~scores.index.isin(returns.index)).sum())


def _cautions(dates: int, counts: FloatArray, left_out: int, strangers: int) -> tuple[Note, ...]:
    notes = []
    if strangers:
        text = (
            f"{strangers} date(s) of scores are no row of the returns and are left out; "
            "move each to the last session that it was known at"
        )
        notes.append(Note(code="scores_between_rows", text=text, rows=strangers))
    if (few := float(np.median(counts))) < RECOMMENDED_NAMES:
        text = f"{few:g} names on a median date; with fewer than {RECOMMENDED_NAMES} one date's coefficient is mostly noise"
        notes.append(Note(code="few_names", text=text))
    if dates < RECOMMENDED_DATES:
        text = f"{dates} dates; with fewer than {RECOMMENDED_DATES} the mean is a rough figure"
        notes.append(Note(code="few_dates", text=text))
    if left_out:
        text = (
            f"{left_out} date(s) with forward returns have fewer than {FEWEST_NAMES} names with both, or equal values, "
            "and no coefficient"
        )
        notes.append(Note(code="dates_left_out", text=text, rows=left_out))
    return tuple(notes)
