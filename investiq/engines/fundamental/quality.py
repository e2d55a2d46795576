"""Composite scores of statements: Piotroski's nine points, Altman's Z, Beneish's M, and accruals."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.engines.fundamental.measuring import FloatArray, against_past, average, ratio
from investiq.engines.fundamental.states import States, ago

__all__ = [
    "ALTMAN_Z",
    "ALTMAN_Z2",
    "BENEISH_FLAG",
    "PIOTROSKI",
    "Piotroski",
    "Zones",
    "altman_z",
    "altman_z2",
    "beneish_m",
    "cash_quality",
    "manipulation",
    "piotroski",
]


class Zones(NamedTuple):
    """A score above `safe` is safe, one below `distress` in distress."""

    safe: float
    distress: float


ALTMAN_Z: Final = Zones(2.99, 1.81)
ALTMAN_Z2: Final = Zones(2.60, 1.10)
# Beneish (1999): above it, more likely a manipulator at his cost of errors of 20 to 30 to 1.
BENEISH_FLAG: Final = -1.78
# The nine points, in the order of Piotroski (2000).
PIOTROSKI: Final = (
    "profitable", "cash_positive", "roa_up", "cash_over_earnings", "debt_down", "liquidity_up", "no_new_shares",
    "margin_up", "turnover_up",
)  # fmt: skip
# Below this many known points there is no score: the seven of common screens.
PIOTROSKI_LEAST: Final = 7


def altman_z(
    working_capital: FloatArray,
    retained_earnings: FloatArray,
    ebit: FloatArray,
    market_value: FloatArray,
    sales: FloatArray,
    total_liabilities: FloatArray,
    total_assets: FloatArray,
) -> FloatArray:
    """Return Altman's Z of manufacturers, from amounts in one currency.

    ``1.2 WC/TA + 1.4 RE/TA + 3.3 EBIT/TA + 0.6 MVE/TL + 1.0 Sales/TA`` [1]_.

    Returns
    -------
    ndarray
        Above 2.99 safe, below 1.81 in distress; NaN without assets or liabilities.

    References
    ----------
    .. [1] Altman, E. I. (1968). "Financial ratios, discriminant analysis and the
       prediction of corporate bankruptcy." Journal of Finance 23(4), 589-609.

    Examples
    --------
    >>> amounts = (np.array([value]) for value in (20.0, 30.0, 15.0, 120.0, 110.0, 60.0, 100.0))
    >>> altman_z(*amounts).round(3)
    array([3.455])
    """
    on_assets = 1.2 * working_capital + 1.4 * retained_earnings + 3.3 * ebit + sales
    return ratio(on_assets, total_assets) + 0.6 * ratio(market_value, total_liabilities)


def altman_z2(
    working_capital: FloatArray,
    retained_earnings: FloatArray,
    ebit: FloatArray,
    equity: FloatArray,
    total_liabilities: FloatArray,
    total_assets: FloatArray,
) -> FloatArray:
    """Return Altman's Z'' of companies that do not manufacture, from amounts in one currency.

    ``6.56 WC/TA + 3.26 RE/TA + 6.72 EBIT/TA + 1.05 book equity/TL``; above 2.60
    safe, below 1.10 in distress (Altman 2000, "Predicting financial distress of companies").

    Examples
    --------
    >>> amounts = (np.array([value]) for value in (20.0, 30.0, 15.0, 40.0, 60.0, 100.0))
    >>> altman_z2(*amounts).round(3)
    array([3.998])
    """
    on_assets = 6.56 * working_capital + 3.26 * retained_earnings + 6.72 * ebit
    return ratio(on_assets, total_assets) + 1.05 * ratio(equity, total_liabilities)


def beneish_m(
    *,
    dsri: FloatArray,
    gmi: FloatArray,
    aqi: FloatArray,
    sgi: FloatArray,
    depi: FloatArray,
    sgai: FloatArray,
    tata: FloatArray,
    lvgi: FloatArray,
) -> FloatArray:
    """Return Beneish's M of eight indices; above -1.78 the accounts look manipulated.

    Parameters
    ----------
    dsri, sgi, aqi, sgai, lvgi : ndarray
        This year over last: days of sales in receivables, sales, soft assets
        in total assets, selling and administrative costs in sales, leverage.
    gmi, depi : ndarray
        Last year over this: gross margin, rate of depreciation.
    tata : ndarray
        Net income less operating cash flow, over total assets.

    References
    ----------
    .. [1] Beneish, M. D. (1999). "The detection of earnings manipulation."
       Financial Analysts Journal 55(5), 24-36.
    """
    rising = 0.920 * dsri + 0.528 * gmi + 0.404 * aqi + 0.892 * sgi + 0.115 * depi + 4.679 * tata
    return -4.84 + rising - 0.172 * sgai - 0.327 * lvgi


class Piotroski(NamedTuple):
    """Piotroski's score: its points (1, 0, NaN where unknown), their sum, how many are known, and the sum scaled to nine."""

    points: dict[str, FloatArray]
    total: FloatArray
    known: FloatArray
    score: FloatArray


def piotroski(states: States) -> Piotroski:
    """Return the F-score of each state, trailing year against the year before it [1]_.

    Returns on assets, cash flow and turnover are scaled by total assets at the
    beginning of their year, so that three balance sheets are needed; debt by the
    average assets of its year. "No new shares" means that the share count, on one
    split basis, did not grow.

    Returns
    -------
    Piotroski
        Arrays of shape (n_states,). The score is NaN with fewer than seven known points.

    References
    ----------
    .. [1] Piotroski, J. D. (2000). "Value investing: the use of historical financial
       statement information to separate winners from losers." Journal of
       Accounting Research 38, 1-41.
    """
    year, end = states.trailing, states.quarters
    beginning = ago(end["total_assets"], 4)
    roa, cash_return = ratio(year["net_income"], beginning), ratio(year["cash_flow_operating"], beginning)
    debt = ratio(end["long_term_debt"], average(end["total_assets"]))
    liquidity = ratio(end["current_assets"], end["current_liabilities"])
    margin = ratio(gross_profit(states), year["revenue"])
    turnover = ratio(year["revenue"], beginning)
    shares = share_count(states)
    points = {
        "profitable": _exceeds(roa[:, 0], 0.0),
        "cash_positive": _exceeds(cash_return[:, 0], 0.0),
        "roa_up": _exceeds(*_years(roa)),
        "cash_over_earnings": _exceeds(cash_return[:, 0], roa[:, 0]),
        "debt_down": _exceeds(*_years(-debt)),
        "liquidity_up": _exceeds(*_years(liquidity)),
        # Rounding of split factors is no issue of shares.
        "no_new_shares": 1 - _exceeds(shares[:, 0], shares[:, 4] * (1 + 1e-9)),
        "margin_up": _exceeds(*_years(margin)),
        "turnover_up": _exceeds(*_years(turnover)),
    }
    stacked = np.stack([points[name] for name in PIOTROSKI])
    known = (~np.isnan(stacked)).sum(axis=0).astype(float)
    total = np.nansum(stacked, axis=0)
    score = np.where(known >= PIOTROSKI_LEAST, total * 9 / np.maximum(known, 1), np.nan)
    return Piotroski(points, total, known, score)


def manipulation(states: States) -> FloatArray:
    """Return Beneish's M of each state, trailing year against the year before it, shape (n_states,)."""
    year, end = states.trailing, states.quarters
    sales, assets = year["revenue"], end["total_assets"]
    days = ratio(end["receivables"], sales)
    margin = ratio(gross_profit(states), sales)
    soft = 1 - ratio(end["current_assets"] + end["property_plant_equipment"], assets)
    fall = year["depreciation_amortization"]
    depreciation = ratio(fall, fall + end["property_plant_equipment"])
    overhead = ratio(year["selling_general_admin"], sales)
    leverage = ratio(end["current_liabilities"] + end["long_term_debt"], assets)
    return beneish_m(
        dsri=_index(days),
        gmi=_index(margin, over_this_year=True),
        aqi=_index(soft),
        sgi=_index(sales),
        depi=_index(depreciation, over_this_year=True),
        sgai=_index(overhead),
        tata=ratio(year["net_income"] - year["cash_flow_operating"], assets)[:, 0],
        lvgi=_index(leverage),
    )


def cash_quality(states: States) -> dict[str, FloatArray]:
    """Return accruals and cash behind earnings of each state, shape (n_states,).

    The accrual ratio is net income less operating cash flow over average assets
    (Sloan 1996); the quality of earnings is operating cash flow over net income,
    without meaning where that is not positive.
    """
    year = states.trailing
    accruals = ratio(year["net_income"] - year["cash_flow_operating"], average(states.quarters["total_assets"]))
    return {
        "quality_of_earnings": ratio(year["cash_flow_operating"], year["net_income"])[:, 0],
        "accrual_ratio": accruals[:, 0],
        "accrual_ratio_z_score": against_past(accruals),
    }


def gross_profit(states: States) -> FloatArray:
    """Return the gross profit of trailing years; revenue less its cost where it is not stated."""
    year = states.trailing
    return np.where(np.isnan(year["gross_profit"]), year["revenue"] - year["cost_of_revenue"], year["gross_profit"])


def share_count(states: States, kind: str = "shares_basic") -> FloatArray:
    """Return shares by quarter on the basis of the first bar; the other count where this one is not stated."""
    other = "shares_diluted" if kind == "shares_basic" else "shares_basic"
    return np.where(np.isnan(states.quarters[kind]), states.quarters[other], states.quarters[kind])


def _exceeds(value: FloatArray, other: FloatArray | float) -> FloatArray:
    unknown: NDArray[np.bool_] = np.isnan(value) | np.isnan(other)
    return np.where(unknown, np.nan, (value > other).astype(float))


def _years(series: FloatArray) -> tuple[FloatArray, FloatArray]:
    return series[:, 0], series[:, 4]


def _index(series: FloatArray, *, over_this_year: bool = False) -> FloatArray:
    this, last = _years(series)
    return ratio(last, this) if over_this_year else ratio(this, last)
