"""Value at risk and expected shortfall of a return series, reported as positive losses."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.metrics.inputs import FloatArray, Floats, returns_of
from investiq.metrics.options import loss_level, whole

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["expected_shortfall", "rolling_value_at_risk", "value_at_risk"]

TailMethod: TypeAlias = Literal["historical", "gaussian", "cornish_fisher"]
TailEdge: TypeAlias = Literal["weighted", "ceil", "beyond_var"]

_METHODS: Final = ("historical", "gaussian", "cornish_fisher")
_EDGES: Final = ("weighted", "ceil", "beyond_var")
# 100 * (1 - 0.95) is 5.000000000000004 in binary: a share of observations is exact to so many decimals.
_DECIMALS: Final = 9
# A share below this is rounding of 1.
_LEAST_SHARE: Final = 1e-12
# A skewness and an excess kurtosis need four returns.
_FEWEST_FOR_MOMENTS: Final = 4


def value_at_risk(returns: Floats, confidence: float = 0.95, *, method: TailMethod = "historical") -> float:
    """Return the loss of one period that is exceeded with probability ``1 - confidence``.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN.
    confidence : float, default 0.95
        Level in (0, 1).
    method : {"historical", "gaussian", "cornish_fisher"}
        ``"historical"`` is minus the ``1 - confidence`` quantile, interpolated
        linearly between two returns (numpy's and empyrical's rule; the quantile
        itself says nothing beyond the worst return). ``"gaussian"`` is
        ``-(mean + z sd)`` with the normal quantile z and ddof 1 (quantstats').
        ``"cornish_fisher"`` corrects z for skewness S and excess kurtosis K
        (population moments) [1]_:
        ``z + (z^2 - 1) S/6 + (z^3 - 3z) K/24 - (2z^3 - 5z) S^2/36``.

    Returns
    -------
    float
        Loss per period as a fraction; positive means money lost. Not
        annualised.

    Raises
    ------
    ConfigError
        If `confidence` is outside [0.5, 1), or `method` is unknown.
    DataError
        If `returns` holds NaN; or, with ``"cornish_fisher"``, if skewness and
        kurtosis lie outside the domain where the corrected quantile rises with
        the probability [2]_: the number would be no quantile.
    InsufficientDataError
        If there are too few returns: for ``"historical"`` fewer than
        ``1 / (1 - confidence)``, for ``"gaussian"`` 2, for ``"cornish_fisher"`` 4.

    References
    ----------
    .. [1] Favre, L. and Galeano, J.-A. (2002). "Mean-modified value-at-risk
       optimization with hedge funds." Journal of Alternative Investments 5(2).
    .. [2] Maillard, D. (2012). "A user's guide to the Cornish Fisher expansion."
       SSRN 1997178.

    Examples
    --------
    >>> losing = np.array([-0.04, -0.02, 0.0, 0.01, 0.03])
    >>> round(value_at_risk(losing, confidence=0.75), 12)
    0.02
    >>> round(value_at_risk(losing, confidence=0.95, method="gaussian"), 4)
    0.0484
    """
    values, share = _checked(returns, confidence, method, "value at risk")
    if method == "historical":
        return float(-np.quantile(values, share))
    return float(_moment_loss(values[np.newaxis], share, method, shortfall=False)[0])


def expected_shortfall(
    returns: Floats, confidence: float = 0.95, *, method: TailMethod = "historical", edge: TailEdge = "weighted"
) -> float:
    """Return the expected shortfall (CVaR): the mean loss of the worst ``1 - confidence`` share of outcomes.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN.
    confidence : float, default 0.95
        Level in (0, 1). 0.95 averages the worst 5 % of periods.
    method : {"historical", "gaussian", "cornish_fisher"}
        As in `value_at_risk`. Gaussian: ``-mean + sd phi(z) / (1 - confidence)``
        (quantstats' default). Cornish-Fisher: the mean of its quantiles over
        the tail, in closed form [2]_.
    edge : {"weighted", "ceil", "beyond_var"}
        What the historical tail does when ``n (1 - confidence)`` is not a whole
        number of returns. ``"weighted"``, the default, counts the one on the
        edge for the fraction left: the exact expected shortfall of the
        empirical distribution, which moves smoothly with n and with the level
        [1]_ (skfolio, Riskfolio). ``"ceil"`` averages that one in full: the
        worst ``ceil(n (1 - confidence))``. ``"beyond_var"`` averages the
        returns at or beyond the historical value at risk: the worst
        ``floor((n - 1) (1 - confidence)) + 1`` (empyrical, pyfolio, and
        quantstats with ``method="historical"``). All agree on a whole number,
        as on 100 returns at 95 %.

    Returns
    -------
    float
        Loss per period as a fraction; positive means money lost. Not
        annualised: tail losses do not scale with the square root of time.

    Raises
    ------
    ConfigError, DataError, InsufficientDataError
        As `value_at_risk`; ConfigError also if `edge` is unknown.

    References
    ----------
    .. [1] Acerbi, C. and Tasche, D. (2002). "On the coherence of expected
       shortfall." Journal of Banking & Finance 26(7), 1487-1503.
    .. [2] Maillard, D. (2012). "A user's guide to the Cornish Fisher expansion."
       SSRN 1997178.

    Examples
    --------
    >>> expected_shortfall(np.array([-0.5, 0.25, -0.25, 0.5]), confidence=0.5)
    0.375
    """
    values, share = _checked(returns, confidence, method, "expected shortfall")
    if edge not in _EDGES:
        raise ConfigError(f"edge must be {_or(_EDGES)}, was {edge!r}")
    if method == "historical":
        return worst_mean(-values, share, edge)
    return float(_moment_loss(values[np.newaxis], share, method, shortfall=True)[0])


@overload
def rolling_value_at_risk(
    returns: FloatArray, window: int = 250, confidence: float = 0.95, *, method: TailMethod = "historical"
) -> FloatArray: ...
@overload
def rolling_value_at_risk(
    returns: pd.Series[float], window: int = 250, confidence: float = 0.95, *, method: TailMethod = "historical"
) -> pd.Series[float]: ...
def rolling_value_at_risk(
    returns: Floats, window: int = 250, confidence: float = 0.95, *, method: TailMethod = "historical"
) -> Floats:
    """Return the one-period-ahead value at risk: row t is forecast from the `window` returns before t.

    The return of row t itself is not used, so the series can be tested against
    the returns row by row (see `var_backtest`).

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN.
    window : int, default 250
        Number of returns behind each forecast.
    confidence, method
        As in `value_at_risk`.

    Returns
    -------
    ndarray or Series of shape (n_periods,)
        Loss per period, positive; NaN in the first `window` rows. Shorter than
        `window`, all NaN.

    Raises
    ------
    ConfigError, DataError, InsufficientDataError
        As `value_at_risk`, `window` being the number of returns; DataError for
        ``"cornish_fisher"`` if any window lies outside its domain.

    Examples
    --------
    >>> rolling_value_at_risk(np.array([-0.01, 0.02, -0.03, 0.01]), window=2, confidence=0.5)
    array([   nan,    nan, -0.005,  0.005])
    """
    values = returns_of(returns, least=0, purpose="rolling value at risk")
    share = _share(confidence, method)
    whole("window", window, 1)
    _enough(window, share, method, "rolling value at risk", "a window of")
    found = np.full(values.size, np.nan)
    if values.size > window:
        windows = np.lib.stride_tricks.sliding_window_view(values[:-1], window)
        if method == "historical":
            found[window:] = -np.quantile(windows, share, axis=1)
        else:
            found[window:] = _moment_loss(windows, share, method, shortfall=False)
    index = index_of(returns)
    if index is None:
        return found
    import pandas as pd

    return pd.Series(found, index=index, name="value_at_risk")


def index_of(values: Floats) -> pd.Index | None:
    """Return the index of a Series; None for an array or a list, whose `index` is a method."""
    return getattr(values, "index", None) if hasattr(values, "iloc") else None


def worst_mean(losses: FloatArray, share: float, edge: TailEdge) -> float:
    """Return the mean of the largest `share` of losses; see `expected_shortfall` for `edge`."""
    size = round(losses.size * share, _DECIMALS)
    worst_first = np.sort(losses)[::-1]
    if edge == "weighted":
        whole = int(size)
        total = worst_first[:whole].sum()
        if whole < losses.size:
            total += (size - whole) * worst_first[whole]
        return float(total / size)
    count = math.ceil(size) if edge == "ceil" else int(round((losses.size - 1) * share, _DECIMALS)) + 1
    return float(worst_first[:count].mean())


def tail_share(confidence: float, count: int, purpose: str) -> float:
    """Return ``1 - confidence``, refused if it is less than one of `count` observations."""
    share = _share(confidence, "historical")
    _enough(count, share, "historical", f"{purpose} at {confidence:.4g}", "received")
    return share


def in_cornish_fisher_domain(skewness: FloatArray | float, excess_kurtosis: FloatArray | float) -> NDArray[np.bool_]:
    """Return whether the Cornish-Fisher quantile rises with the probability everywhere (Maillard 2012).

    Its derivative, ``z^2 (K/8 - S^2/6) + z S/3 + 1 - K/8 + 5 S^2/36``, must not
    be negative for any z.
    """
    skew, kurt = np.asarray(skewness), np.asarray(excess_kurtosis)
    square, constant = kurt / 8 - skew**2 / 6, 1 - kurt / 8 + 5 * skew**2 / 36
    return np.asarray((square >= 0) & (constant >= 0) & ((skew / 3) ** 2 <= 4 * square * constant))


def _moment_loss(windows: FloatArray, share: float, method: TailMethod, *, shortfall: bool) -> FloatArray:
    """Return the loss of each row of returns from its moments."""
    from scipy.stats import norm

    z = float(norm.ppf(share))
    mean, spread = windows.mean(axis=1), windows.std(axis=1, ddof=1)
    # The mean of a normal tail, in standard deviations below the mean.
    tail = float(norm.pdf(z)) / share
    if method == "gaussian":
        return np.asarray(-mean + spread * (tail if shortfall else -z))
    skew, kurt = _shape(windows)
    if shortfall:
        depth = tail * (1 + z * skew / 6 + (z**2 - 1) * kurt / 24 + (1 - 2 * z**2) * skew**2 / 36)
    else:
        depth = -(z + (z**2 - 1) * skew / 6 + (z**3 - 3 * z) * kurt / 24 - (2 * z**3 - 5 * z) * skew**2 / 36)
    return np.asarray(-mean + spread * depth)


def _shape(windows: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return population skewness and excess kurtosis of each row, refused outside the Cornish-Fisher domain."""
    centred = windows - windows.mean(axis=1, keepdims=True)
    variance = (centred**2).mean(axis=1)
    if (variance == 0).any():
        raise DataError("all returns are equal: their skewness is undefined; use method='historical'")
    skew = (centred**3).mean(axis=1) / variance**1.5
    kurt = (centred**4).mean(axis=1) / variance**2 - 3
    outside = ~in_cornish_fisher_domain(skew, kurt)
    if outside.any():
        first = int(np.argmax(outside))
        where = "" if len(windows) == 1 else f" in {int(outside.sum())} of {len(windows)} windows, the first with"
        raise DataError(
            f"the Cornish-Fisher quantile does not rise with the probability{where} skewness {skew[first]:.2f} and "
            f"excess kurtosis {kurt[first]:.2f} (Maillard 2012), so it is no quantile; use method='historical' or "
            "filtered_value_at_risk"
        )
    return skew, kurt


def _checked(returns: Floats, confidence: float, method: TailMethod, purpose: str) -> tuple[FloatArray, float]:
    """Return the returns, and the share of the tail."""
    share = _share(confidence, method)
    values = returns_of(returns, least=0, purpose=purpose)
    _enough(values.size, share, method, f"{purpose} at {confidence:.4g}", "received")
    return values, share


def _share(confidence: float, method: TailMethod) -> float:
    if 1 - loss_level(confidence) < _LEAST_SHARE:
        raise ConfigError(f"confidence must lie in [0.5, 1), was {confidence}: nothing is left of the tail")
    if method not in _METHODS:
        raise ConfigError(f"method must be {_or(_METHODS)}, was {method!r}")
    return round(1 - confidence, 15)


def _enough(count: int, share: float, method: TailMethod, purpose: str, received: str) -> None:
    if method == "historical":
        needed = math.ceil(round(1 / share, _DECIMALS))
    else:
        needed = 2 if method == "gaussian" else _FEWEST_FOR_MOMENTS
    if count < needed:
        raise InsufficientDataError(f"{purpose} ({method}) needs {needed} returns, {received} {count}")


def _or(names: tuple[str, ...]) -> str:
    return " or ".join(repr(name) for name in names)
