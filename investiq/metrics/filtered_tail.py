"""Value at risk that knows today's volatility: historical simulation of returns filtered by a GARCH model."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from investiq.core.notes import Note
from investiq.metrics.conditional_volatility import garch
from investiq.metrics.conventions import Convention, convention_of
from investiq.metrics.garch_fit import GarchDistribution, GarchFit, GarchModel
from investiq.metrics.inputs import Floats, returns_of
from investiq.metrics.options import whole
from investiq.metrics.tail import TailEdge, index_of, tail_share, worst_mean

__all__ = [
    "FilteredForecasts",
    "filtered_expected_shortfall",
    "filtered_value_at_risk",
    "rolling_filtered_value_at_risk",
]


def filtered_value_at_risk(fit: GarchFit, confidence: float = 0.95) -> float:
    """Return the value at risk of the period after the last return, by filtered historical simulation [1]_.

    ``-(mean + s q)``: s is the volatility that the model expects of the next
    period, q the ``1 - confidence`` quantile of the standardized residuals
    (linear between two). The past gives the shape of the tail, the model its
    scale of today.

    Parameters
    ----------
    fit : GarchFit
        Made by `garch`.
    confidence : float, default 0.95
        Level in (0, 1).

    Returns
    -------
    float
        Loss of the next period as a fraction; positive means money lost.

    Raises
    ------
    ConfigError
        If `confidence` is outside [0.5, 1).
    InsufficientDataError
        If there are fewer than ``1 / (1 - confidence)`` residuals.

    References
    ----------
    .. [1] Barone-Adesi, G., Giannopoulos, K. and Vosper, L. (1999). "VaR without
       correlations for portfolios of derivative securities." Journal of Futures
       Markets 19(5), 583-602.

    Examples
    --------
    >>> import investiq as iq
    >>> closes = iq.load_bars("^GSPC", start="2007", end="2008").adjusted().frame["close"]
    >>> fit = garch(closes.pct_change().iloc[1:], Convention(periods_per_year=252))
    >>> filtered_value_at_risk(fit, 0.99) > filtered_value_at_risk(fit, 0.95) > 0
    True
    """
    share = tail_share(confidence, fit.returns.size, "filtered value at risk")
    return -(_mean_of(fit) + fit.next_volatility * float(np.quantile(fit.standardized_residuals, share)))


def filtered_expected_shortfall(fit: GarchFit, confidence: float = 0.95, *, edge: TailEdge = "weighted") -> float:
    """Return the expected shortfall of the period after the last return, by filtered historical simulation.

    ``-mean + s m``, m being the mean of the worst standardized residuals; see
    `filtered_value_at_risk`, and `expected_shortfall` for `edge`.

    Parameters
    ----------
    fit : GarchFit
        Made by `garch`.
    confidence : float, default 0.95
    edge : {"weighted", "ceil", "beyond_var"}

    Returns
    -------
    float
        Loss of the next period as a fraction; positive means money lost.

    Raises
    ------
    ConfigError, InsufficientDataError
        As `filtered_value_at_risk`.
    """
    share = tail_share(confidence, fit.returns.size, "filtered expected shortfall")
    worst = worst_mean(np.asarray(-fit.standardized_residuals, dtype=np.float64), share, edge)
    return fit.next_volatility * worst - _mean_of(fit)


class FilteredForecasts(NamedTuple):
    """Forecasts of the value at risk, row by row.

    Attributes
    ----------
    value_at_risk : ndarray or Series of shape (n_periods,)
        Loss per period, positive; NaN in the first `window` rows.
    notes : tuple of Note
        What limits the fits behind the forecasts, such as a search that did not
        converge: each once, with the number of rows that rest on such a fit.
    """

    value_at_risk: Floats
    notes: tuple[Note, ...]


def rolling_filtered_value_at_risk(
    returns: Floats,
    convention: Convention,
    confidence: float = 0.95,
    *,
    window: int = 1000,
    refit_every: int = 250,
    model: GarchModel = "garch",
    distribution: GarchDistribution = "normal",
) -> FilteredForecasts:
    """Return the one-period-ahead filtered value at risk: row t is forecast from the returns before t.

    The model is fitted anew every `refit_every` rows to all returns so far;
    between, its volatility goes on with each return. The quantile is that of
    the last `window` standardized residuals under the newest fit.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN.
    convention : Convention
    confidence : float, default 0.95
    window : int, default 1000
        Returns of the first fit, and residuals behind each quantile.
    refit_every : int, default 250
        Rows between two fits. A fit takes some tenths of a second.
    model : {"garch", "gjr", "egarch"}
    distribution : {"normal", "student_t", "skewed_t"}
        Of the likelihood; the tail always comes from the residuals.

    Returns
    -------
    FilteredForecasts
        Rows behind a fit that did not converge keep its forecast, and a note
        says how many they are. A row is NaN, which a note tells too, where its
        volatility or that of a residual in the pool came out at 0 or infinity.

    Raises
    ------
    ConfigError
        If an option is out of range.
    DataError
        If `returns` holds NaN.
    InsufficientDataError
        If there is no return, or `window` is below 100 or ``1 / (1 - confidence)``.
    """
    convention_of(convention)
    values = returns_of(returns, least=1, purpose="rolling value at risk")
    whole("window", window, 1)
    whole("refit_every", refit_every, 1)
    share = tail_share(confidence, window, "rolling filtered value at risk, in its window,")
    found = np.full(values.size, np.nan)
    fits: list[tuple[GarchFit, int]] = []
    for start in range(window, values.size, refit_every):
        stop = min(start + refit_every, values.size)
        fit = garch(values[:start], convention, model=model, distribution=distribution)
        fits.append((fit, stop - start))
        mean = _mean_of(fit)
        # Row t of the volatility rests on the returns before t.
        volatility = fit.volatility_of(values[:stop])[:stop]
        # Estimates of a failed search may give a volatility of 0 or infinity: those rows have no forecast.
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            residuals = (values[:stop] - mean) / volatility
            pools = np.lib.stride_tricks.sliding_window_view(residuals[start - window : stop - 1], window)
            risk = -(mean + volatility[start:stop] * np.quantile(pools, share, axis=1))
        is_known = np.isfinite(pools).all(axis=1) & np.isfinite(risk)
        found[start:stop] = np.where(is_known, risk, np.nan)
    notes = (*_notes_of(fits), *_missing_note(int(np.isnan(found[window:]).sum())))
    index = index_of(returns)
    if index is None:
        return FilteredForecasts(found, notes)
    import pandas as pd

    return FilteredForecasts(pd.Series(found, index=index, name="value_at_risk"), notes)


def _notes_of(fits: list[tuple[GarchFit, int]]) -> tuple[Note, ...]:
    """Return each kind of note of the fits once, with the fits that have it and the rows they forecast."""
    noted: dict[str, list[tuple[Note, int]]] = {}
    for fit, rows in fits:
        for note in fit.notes:
            noted.setdefault(note.code, []).append((note, rows))
    return tuple(
        Note(
            code=code,
            text=f"{len(group)} of {len(fits)} fits, the first: {group[0][0].text}",
            rows=sum(rows for _, rows in group),
            severity=group[0][0].severity,
        )
        for code, group in noted.items()
    )


def _missing_note(rows: int) -> tuple[Note, ...]:
    if not rows:
        return ()
    text = f"{rows} row(s) have no forecast: the fit gives a volatility of 0 or infinity; lengthen the window"
    return (Note(code="volatility_undefined", text=text, rows=rows),)


def _mean_of(fit: GarchFit) -> float:
    return float(fit.parameters["estimate"].get("mean", 0.0))
