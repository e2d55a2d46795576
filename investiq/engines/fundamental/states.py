"""What was known of a company's statements: one state for each instant at which a filing became known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from investiq.engines.joining import known_counts, known_instants
from investiq.history.bars import Bars
from investiq.history.records import Records

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BALANCES", "FLOWS", "QUARTERS", "SHARES", "States", "ago", "four", "split_factors_at", "statement_states"]

FloatArray = NDArray[np.float64]

# Quarters seen from each state: twelve trailing years of four, the year before the first of them, and a year of balances.
QUARTERS: Final = 24
_DAYS_A_QUARTER: Final = 365.25 / 4
_DAY: Final = np.timedelta64(1, "D")

# Sums over a period; those paid or raised count without their sign, which differs between sources.
_AMOUNTS: Final = (
    "interest_expense", "capital_expenditure", "dividends_paid", "preferred_dividends", "stock_issued",
    "stock_repurchased", "debt_issued", "debt_repaid",
)  # fmt: skip
FLOWS: Final = (
    "revenue", "cost_of_revenue", "gross_profit", "operating_income", "pretax_income", "tax_expense", "net_income",
    "depreciation_amortization", "selling_general_admin", "cash_flow_operating", "cash_flow_investing",
    "cash_flow_financing", *_AMOUNTS,
)  # fmt: skip
# Values at the end of a period.
BALANCES: Final = (
    "total_assets", "current_assets", "cash", "receivables", "inventory", "property_plant_equipment",
    "total_liabilities", "current_liabilities", "accounts_payable", "short_term_debt", "long_term_debt", "total_debt",
    "shareholders_equity", "retained_earnings", "preferred_equity", "minority_interest",
)  # fmt: skip
SHARES: Final = ("shares_basic", "shares_diluted")
_FIELDS: Final = (*FLOWS, *BALANCES, *SHARES)


@dataclass(frozen=True, kw_only=True, eq=False)
class States:
    """Statements as they were known, one state per instant at which something was filed.

    Attributes
    ----------
    known : ndarray of datetime64[us], shape (n_states,)
        When each state began, ascending.
    quarters : mapping of str to ndarray of shape (n_states, 24)
        Each item by quarter, the newest in column 0 and one calendar quarter
        further back in each next; NaN where none was known. Each period in the
        version known last. Shares are on the split basis of the first bar.
    years : mapping of str to ndarray of shape (n_states, 24)
        Flows of the fiscal year that ended with the quarter of each column.
    from_year : ndarray of shape (n_states,)
        Quarters among the newest four for which a year stood in: year less its other three.
    filed : ndarray of shape (n_states,)
        Day on which the newest period became known, in days since 1970.
    period_end : ndarray of shape (n_states,)
        Its last day, in days since 1970.
    count : ndarray of shape (n_states,)
        Filed statements known.
    currency : tuple of str, length n_states
        Of the newest period, empty where the source names none.
    """

    known: NDArray[np.datetime64]
    quarters: dict[str, FloatArray]
    years: dict[str, FloatArray]
    from_year: FloatArray
    filed: FloatArray
    period_end: FloatArray
    count: FloatArray
    currency: tuple[str, ...]

    @cached_property
    def quarters_known(self) -> FloatArray:
        """Consecutive quarters known, counted back from the newest, by whether net income or revenue is known."""
        is_known = ~np.isnan(self.quarters["net_income"]) | ~np.isnan(self.quarters["revenue"])
        known: FloatArray = np.cumprod(is_known, axis=1).sum(axis=1).astype(float)
        return known

    @cached_property
    def trailing(self) -> dict[str, FloatArray]:
        """Sums of four consecutive quarters ending with each column, shape (n_states, 24); else the fiscal year's own."""
        return {name: np.where(np.isnan(total := four(self.quarters[name])), self.years[name], total) for name in FLOWS}

    def rows(self, main: Bars) -> NDArray[np.int64]:
        """Return the state known at each bar, -1 before the first, shape (n_bars,)."""
        return known_counts(main, self.known) - 1


def four(values: FloatArray) -> FloatArray:
    """Return the sum of each column and the three older ones, NaN unless all four are known.

    Examples
    --------
    >>> four(np.array([[4.0, 3.0, 2.0, 1.0, np.nan]]))
    array([[10., nan, nan, nan, nan]])
    """
    total = np.full(values.shape, np.nan)
    total[:, :-3] = values[:, :-3] + values[:, 1:-2] + values[:, 2:-1] + values[:, 3:]
    return total


def ago(values: FloatArray, quarters: int) -> FloatArray:
    """Return each column's value so many quarters earlier.

    Examples
    --------
    >>> ago(np.array([[3.0, 2.0, 1.0]]), 2)
    array([[ 1., nan, nan]])
    """
    earlier = np.full(values.shape, np.nan)
    earlier[:, :-quarters] = values[:, quarters:]
    return earlier


def statement_states(records: Records, main: Bars) -> States:
    """Return the states of a company's statements.

    Parameters
    ----------
    records : Records
        Of kind ``"statements"``, with any of the columns of that dataset; rows of
        one period filed again are its versions.
    main : Bars
        The company's share. A filing states its share counts after the splits of
        its own day and before later ones, so that they are brought to the basis
        of the first bar by that day's split factor.

    Returns
    -------
    States

    Notes
    -----
    A quarter without figures of its own, usually the fourth, is its fiscal year
    less the three other quarters where those are known. Periods in another
    currency than the newest one's are left out.
    """
    frame = records.frame
    arrival = np.argsort(known_instants(records), kind="stable")
    known = known_instants(records)[arrival]
    ends = records.labels[arrival].astype("datetime64[D]").astype(float)
    is_year = (frame["fiscal_period"] == "FY").to_numpy(dtype=bool)[arrival]
    moments, first = np.unique(known, return_index=True)
    beginning = np.searchsorted(moments, known)
    newest = np.maximum.accumulate(ends)[np.append(first[1:], len(known)) - 1] if len(known) else ends
    places = _places(beginning, ends, newest, is_year)
    currency = _currency(frame, arrival)
    newest_row = np.where(places[0][:, 0] >= 0, places[0][:, 0], places[1][:, 0])
    for place in places:
        stated, newest_one = currency[place], currency[newest_row][:, np.newaxis]
        place[(stated != newest_one) & (stated != "") & (newest_one != "")] = -1

    values = _values(frame, arrival)
    shares = [_FIELDS.index(name) for name in SHARES]
    values[shares, :-1] /= split_factors_at(main, known)
    quarters, years = (values[:, place] for place in places)
    flows = len(FLOWS)
    derived = np.full(quarters[:flows].shape, np.nan)
    derived[..., :-3] = (
        years[:flows, :, :-3] - quarters[:flows, :, 1:-2] - quarters[:flows, :, 2:-1] - quarters[:flows, :, 3:]
    )
    is_derived = (np.isnan(quarters[:flows]) & ~np.isnan(derived)).any(axis=0)
    filled = np.concatenate((derived, years[flows:]))
    quarters = np.where(np.isnan(quarters), filled, quarters)
    return States(
        known=moments,
        quarters=dict(zip(_FIELDS, quarters, strict=True)),
        years=dict(zip(FLOWS, years, strict=False)),
        from_year=is_derived[:, :4].sum(axis=1).astype(float),
        filed=known[newest_row].astype("datetime64[D]").astype(float) if len(known) else newest,
        period_end=newest,
        count=np.searchsorted(known, moments, side="right").astype(float),
        currency=tuple(currency[newest_row]),
    )


def _places(
    beginning: NDArray[np.int64], ends: FloatArray, newest: FloatArray, is_year: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the row behind each state and quarter, of quarters and of years, -1 for none."""
    states = np.arange(newest.size)
    places = (np.full((newest.size, QUARTERS), -1), np.full((newest.size, QUARTERS), -1))
    # Fiscal quarters of 12 to 16 weeks never stray by half a quarter from the calendar's.
    back = np.rint((newest[:, np.newaxis] - ends) / _DAYS_A_QUARTER).astype(np.int64)
    for row, start in enumerate(beginning):
        seen = states[start:][back[start:, row] < QUARTERS]
        places[int(is_year[row])][seen, back[seen, row]] = row
    return places


def _values(frame: pd.DataFrame, arrival: NDArray[np.int64]) -> FloatArray:
    """Return items by row in order of arrival, with a row of NaN at the end for what is not known."""
    values = np.full((len(_FIELDS), arrival.size + 1), np.nan)
    values[:, :-1] = frame.reindex(columns=list(_FIELDS)).to_numpy(dtype=float)[arrival].T
    unsigned = [_FIELDS.index(name) for name in _AMOUNTS]
    values[unsigned] = np.abs(values[unsigned])
    return values


def _currency(frame: pd.DataFrame, arrival: NDArray[np.int64]) -> NDArray[np.object_]:
    names = np.full(arrival.size + 1, "", dtype=object)
    if "currency" in frame:
        names[:-1] = frame["currency"].fillna("").to_numpy(dtype=object)[arrival]
    return names


def split_factors_at(main: Bars, known: NDArray[np.datetime64]) -> FloatArray:
    """Return the split factor of the day on which each record became known, 1.0 before the first bar."""
    if not len(main):
        return np.ones(known.size)
    # The first row that sees it; the record is of that row's day, or of the evening before.
    first = np.minimum(np.searchsorted(main.known_at, known), len(main) - 1)
    before = np.where(main.ts[first] <= known, first, first - 1)
    return np.where(before >= 0, main.split_factor[before], 1.0)
