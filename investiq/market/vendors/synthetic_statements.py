"""Statements of an invented company as it files them: quarters and years, some late, some corrected later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.market.vendors.synthetic_accounts import Quarter, quarters_of
from investiq.market.vendors.synthetic_company import Company, local_time, next_session, utc_dates
from investiq.market.vendors.synthetic_traits import NO_STATEMENTS, BusinessTruth, business_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DILUTION", "PUBLIC_SHARE", "Filing", "Filings", "file_statements", "shares_on"]

# Days from the period's end to the filing: of a quarter, of a year, and what a late filer adds.
_QUARTERLY, _YEARLY, _LATER = (25, 41), (40, 60), (20, 61)
_USUALLY_LATE, _OFTEN_LATE = 0.02, 0.4
# Quarters of accounts before the first bar, so that a year of them is known when trading begins.
_QUARTERS_BEFORE: Final = 9
# Fiscal years with a correction, and the share of a second quarter's revenue that belonged to the third.
_RESTATED_YEARS: Final = (2013, 2017)
_RESTATED_SHARE: Final = 0.06
_AMENDED_AFTER: Final = 30
DILUTION: Final = 1.02
# Part of the shares that the public holds.
PUBLIC_SHARE: Final = 0.9
_LEVELS: Final = (
    "total_assets", "cash", "property_plant_equipment", "total_liabilities", "long_term_debt", "short_term_debt",
    "total_debt", "shareholders_equity", "retained_earnings", "preferred_equity", "minority_interest",
    "current_assets", "receivables", "inventory", "current_liabilities", "accounts_payable",
)  # fmt: skip


class Filing(NamedTuple):
    """One period in one filing."""

    period: Quarter
    fiscal_period: str
    form: str
    filed: np.datetime64
    accepted_minutes: float
    source: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Filings:
    """What a company files, and what is true of it.

    Attributes
    ----------
    table : DataFrame
        In the columns of the dataset ``"statements"``, without rows for the company that files nothing.
    business : BusinessTruth
    quarters : tuple of Quarter
        As first filed.
    reported : mapping of date to datetime64[us]
        Acceptance of the first filing of each period.
    due : Filing or None
        The next report, which the records end before; None once the share is delisted.
    late, restated, red_flags : tuple of date
        Ends of the quarters that were filed late, corrected, and embellished.
    """

    table: pd.DataFrame
    business: BusinessTruth
    quarters: tuple[Quarter, ...]
    reported: dict[date, np.datetime64]
    due: Filing | None
    late: tuple[date, ...]
    restated: tuple[date, ...]
    red_flags: tuple[date, ...]


def file_statements(company: Company) -> Filings:
    """Return every filing of a company up to the last session of its bars."""
    rng = company.draws("statements")
    rng.uniform()  # taken by `Company.first_shares`
    business = business_of(company, rng)
    ends = _period_ends(company)
    quarters = quarters_of(company, business, ends, rng)
    is_year_end = np.array([quarter.fiscal_quarter == 4 for quarter in quarters])
    lags = np.where(is_year_end, rng.integers(*_YEARLY, ends.size), rng.integers(*_QUARTERLY, ends.size))
    is_late = rng.random(ends.size) < (_OFTEN_LATE if business.late else _USUALLY_LATE)
    filed = next_session(ends + lags + is_late * rng.integers(*_LATER, ends.size))
    # Two in three after the close, the others before the open.
    minutes = np.where(
        rng.random(ends.size) < 0.67, rng.uniform(965, 1_080, ends.size), rng.uniform(370, 560, ends.size)
    )
    first = _first_filings(company.symbol, quarters, filed, minutes)
    amended = _amendments(company.symbol, first, business) if business.restates else []
    last = company.ts[-1].astype("datetime64[D]")
    filings = [each for each in (*first, *amended) if each.filed <= last]
    table = _table(company, filings)
    seen = {each.period.period_end for each in filings}
    kept = [quarter for quarter in quarters if quarter.period_end in seen]
    flagged = [each.period_end for each in kept if each.fiscal_year in business.red_flag_years]
    accepted = table["accepted_at"].dt.tz_convert(None).to_numpy().astype("datetime64[us]")
    reported: dict[date, np.datetime64] = {}
    for each, moment in zip(filings, accepted, strict=True):
        reported.setdefault(each.period.period_end, moment)
    return Filings(
        table=table.head(0) if company.number == NO_STATEMENTS else table,
        business=business,
        quarters=tuple(kept),
        reported=reported,
        due=next((each for each in first if each.filed > last), None) if company.is_listed else None,
        late=tuple(end.astype(object) for end in ends[is_late] if end.astype(object) in seen),
        restated=tuple(sorted({each.period.period_end for each in filings if each.form.endswith("/A")})),
        red_flags=tuple(flagged),
    )


def shares_on(company: Company, quarters: Sequence[Quarter], days: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Return the shares outstanding on each day, as traded then: those of the last quarter that had ended."""
    ends = np.array([each.period_end for each in quarters], dtype="datetime64[D]")
    counts = np.array([company.first_shares, *(each.shares for each in quarters)])
    rows = company.rows_at(days)
    found = counts[np.searchsorted(ends, days.astype("datetime64[D]"), side="right")] * company.split_factor[rows]
    return np.rint(found)


def _period_ends(company: Company) -> NDArray[np.datetime64]:
    first, last = (int(each) // 3 for each in company.ts[[0, -1]].astype("datetime64[M]").astype(np.int64))
    after = np.datetime64(0, "M") + 3 * np.arange(first - _QUARTERS_BEFORE + 1, last + 2)
    ends = after.astype("datetime64[D]") - 1
    found: NDArray[np.datetime64] = ends[ends <= company.ts[-1].astype("datetime64[D]")]
    return found


def _first_filings(
    symbol: str, quarters: Sequence[Quarter], filed: NDArray[np.datetime64], minutes: NDArray[np.float64]
) -> list[Filing]:
    found = []
    for row, (quarter, day, minute) in enumerate(zip(quarters, filed, minutes.tolist(), strict=True)):
        form = "10-K" if quarter.fiscal_quarter == 4 else "10-Q"
        source = f"{symbol}-{quarter.period_end:%Y%m%d}-{form}"
        found.append(Filing(quarter, f"Q{quarter.fiscal_quarter}", form, day, minute, source))
        if quarter.fiscal_quarter == 4 and row >= 3:
            found.append(Filing(_year(quarters[row - 3 : row + 1]), "FY", form, day, minute, source))
    return found


def _year(quarters: Sequence[Quarter]) -> Quarter:
    """Return four quarters as one fiscal year: flows added up, the balance sheet of the last."""
    last = quarters[-1]
    flows = {name: sum(each.amounts[name] for each in quarters) for name in last.amounts if name not in _LEVELS}
    average = sum(each.average_shares for each in quarters) / 4
    return last._replace(amounts=last.amounts | flows, average_shares=average)


def _amendments(symbol: str, first: Sequence[Filing], business: BusinessTruth) -> list[Filing]:
    """Return corrections of second and third quarters, filed a month after the third one's report.

    Sales of the second quarter that belonged to the third move there: cash and
    the fiscal year are as they were.
    """
    by_label = {(each.period.fiscal_year, each.fiscal_period): each for each in first}
    found = []
    for year in _RESTATED_YEARS:
        second, third = by_label.get((year, "Q2")), by_label.get((year, "Q3"))
        if second is None or third is None:
            continue
        amount = round(_RESTATED_SHARE * second.period.amounts["revenue"] / 1_000) * 1_000.0
        day = next_session(np.array([third.filed + _AMENDED_AFTER]))[0]
        for filing, earned, owed in ((second, -amount, -amount), (third, amount, 0.0)):
            changed = filing.period._replace(amounts=_moved(filing.period.amounts, earned, owed))
            source = f"{symbol}-{changed.period_end:%Y%m%d}-10-Q/A"
            found.append(filing._replace(period=changed, form="10-Q/A", filed=day, source=source))
    return found


def _moved(amounts: dict[str, float], earned: float, owed: float) -> dict[str, float]:
    """Return amounts with `earned` more of untaxed revenue, and `owed` more of receivables and equity at the end."""
    profits = {"revenue", "gross_profit", "operating_income", "pretax_income", "net_income"}
    levels = {"receivables", "current_assets", "total_assets", "shareholders_equity", "retained_earnings"}
    return {
        name: value + (earned if name in profits else 0.0) + (owed if name in levels else 0.0)
        for name, value in amounts.items()
    }


def _table(company: Company, filings: Sequence[Filing]) -> pd.DataFrame:
    import pandas as pd

    filed = np.array([each.filed for each in filings], dtype="datetime64[D]")
    ends = np.array([each.period.period_end for each in filings], dtype="datetime64[D]")
    # A split before the filing counts in it, as the accounting rules have it.
    units = company.split_factor[company.rows_at(filed)]
    units[filed < company.ts[0].astype("datetime64[D]")] = 1.0
    basic = np.rint(units * [each.period.average_shares for each in filings])
    amounts = pd.DataFrame([each.period.amounts for each in filings])
    income = amounts["net_income"].to_numpy()
    diluted = np.where(income > 0, np.rint(DILUTION * basic), basic)
    labels = {
        "period_end": utc_dates(ends),
        "fiscal_period": [each.fiscal_period for each in filings],
        "fiscal_year": np.array([each.period.fiscal_year for each in filings], dtype=float),
        "filed_at": utc_dates(filed),
        "accepted_at": local_time(filed, np.array([each.accepted_minutes for each in filings])),
        "form": [each.form for each in filings],
        "currency": "USD",
        "source_filing": [each.source for each in filings],
    }
    per_share = {"eps_basic": (income / basic).round(2), "eps_diluted": (income / diluted).round(2)}
    return pd.DataFrame({**labels, **amounts, **per_share, "shares_basic": basic, "shares_diluted": diluted})
