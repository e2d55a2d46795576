"""Earnings reports, insiders' transactions and short interest of an invented company: none of them tells what prices do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from investiq.core import calendar
from investiq.core.errors import ConfigError
from investiq.market.vendors.synthetic_company import Company, local_time, next_session, stamps, utc_dates
from investiq.market.vendors.synthetic_statements import DILUTION, PUBLIC_SHARE, Filings, shares_on

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["HEAVILY_SHORTED", "earnings", "insiders", "report_times", "short_interest", "surprises"]

# Standard deviations of the surprise in earnings and revenue, and the mean by which companies beat their analysts.
_EPS_SURPRISE, _REVENUE_SURPRISE, _BEATS = 0.07, 0.02, 0.01
_NO_CONSENSUS: Final = 0.04
_DRIFT_SESSIONS: Final = 20
# Transactions a year, and how often each code of Form 4 is the reason.
_TRADES_A_YEAR: Final = 14
_CODES: Final = {"S": 0.36, "P": 0.12, "A": 0.20, "M": 0.15, "F": 0.12, "G": 0.05}
_PLANNED: Final = 0.4
_TITLES: Final = (
    "Chief Executive Officer",
    "Chief Financial Officer",
    "General Counsel",
    "Director",
    "Director",
    "10% Owner",
)
_FIRST_NAMES: Final = ("Alder", "Brenna", "Corvin", "Delphine", "Emeric", "Fenna", "Garrick", "Hesper", "Ivo", "Junia")
_LAST_NAMES: Final = (
    "Ashgrove",
    "Bellweather",
    "Crannock",
    "Dunmarrow",
    "Elderfen",
    "Fairlough",
    "Greywick",
    "Holloway",
)
# Of each twenty-five the tenth has a quarter of its float sold short.
HEAVILY_SHORTED: Final = (25, 10)
_PUBLISHED_AFTER: Final = 7


def report_times(company: Company, filings: Filings) -> NDArray[np.datetime64]:
    """Return when each quarter's results were told, up to six days before the filing and never after it."""
    rng = company.draws("earnings")
    count = len(filings.quarters)
    filed = np.array([filings.reported[each.period_end] for each in filings.quarters], dtype="datetime64[us]")
    days = next_session(filed.astype("datetime64[D]") - rng.integers(0, 7, count).astype("timedelta64[D]"))
    minutes = np.where(rng.random(count) < 0.6, rng.uniform(962, 990, count), rng.uniform(390, 510, count))
    told = local_time(days, minutes).tz_localize(None).to_numpy().astype("datetime64[us]")
    found: NDArray[np.datetime64] = np.minimum(told, filed)
    return found


def surprises(company: Company, told: NDArray[np.datetime64], drift: float = 0.0) -> NDArray[np.float64]:
    """Return standard surprises (mean 0, variance 1) of the reports told at `told`, shape (n_reports,).

    Parameters
    ----------
    drift : float, default 0.0
        Correlation of the surprise with the standardised log return of the 20
        sessions after the report: the drift of prices after reports. 0.0 has
        none.
    """
    if not -1 < drift < 1:
        raise ConfigError(f"drift must lie in (-1, 1), was {drift}")
    noise = company.draws("surprises").standard_normal(told.size)
    if drift == 0.0:
        return noise
    held = np.log(company.close * company.split_factor)
    first = np.searchsorted(company.known_at, told)
    after = held[np.minimum(first + _DRIFT_SESSIONS, held.size - 1)] - held[np.minimum(first, held.size - 1)]
    found: NDArray[np.float64] = drift * (after - after.mean()) / after.std() + np.sqrt(1 - drift**2) * noise
    return found


def earnings(company: Company, filings: Filings, drift: float = 0.0) -> pd.DataFrame:
    """Return reports with the consensus before them, and the next one, announced with its consensus only."""
    import pandas as pd

    told = report_times(company, filings)
    rng = company.draws("consensus")
    due = filings.due
    quarters = [*filings.quarters, *(() if due is None else (due.period,))]
    day_told = told.astype("datetime64[D]")
    days = day_told if due is None else np.append(day_told, due.filed)
    count, net = len(quarters), np.array([each.amounts["net_income"] for each in quarters])
    units = company.split_factor[company.rows_at(days)]
    shares = units * [each.average_shares for each in quarters] * np.where(net > 0, DILUTION, 1.0)
    eps, revenue = (net / shares).round(2), np.array([each.amounts["revenue"] for each in quarters])
    standard = np.append(surprises(company, told, drift), rng.standard_normal(count - told.size))
    estimate = (eps - np.maximum(np.abs(eps), 0.05) * (_BEATS + _EPS_SURPRISE * standard)).round(2)
    has_none = rng.random(count) < _NO_CONSENSUS
    revenue_estimate = np.rint(revenue / (1 + _REVENUE_SURPRISE * rng.standard_normal(count)) / 1e5) * 1e5
    is_told = np.arange(count) < told.size
    moments = np.full(count, np.datetime64("NaT", "us"))
    moments[is_told] = told
    return pd.DataFrame(
        {
            "period_end": utc_dates(np.array([each.period_end for each in quarters], dtype="datetime64[D]")),
            "reported_at": stamps(moments),
            "reported_date": utc_dates(days),
            "fiscal_period": [f"Q{each.fiscal_quarter}" for each in quarters],
            "fiscal_year": np.array([each.fiscal_year for each in quarters], dtype=float),
            "eps_actual": np.where(is_told, eps, np.nan),
            "eps_estimate": np.where(has_none, np.nan, estimate),
            "revenue_actual": np.where(is_told, revenue, np.nan),
            "revenue_estimate": np.where(has_none, np.nan, revenue_estimate),
            "currency": "USD",
        }
    )


def insiders(company: Company) -> pd.DataFrame:
    """Return the transactions of six insiders, each filed one or two sessions later."""
    import pandas as pd

    rng = company.draws("insiders")
    sessions = company.ts.size
    count = int(rng.poisson(_TRADES_A_YEAR * sessions / 252))
    # The last sessions have none: their filings would come after the records end.
    rows = np.sort(rng.integers(0, max(sessions - 3, 1), count))
    names = _names(rng)
    who = rng.integers(0, len(names), count)
    codes = rng.choice(list(_CODES), count, p=list(_CODES.values()))
    units = company.split_factor[rows]
    sizes, held = np.empty(count), np.exp(rng.normal(11.0, 1.0, len(names)))
    after = np.empty(count)
    fractions, grants = rng.uniform(0.02, 0.25, count), rng.uniform(500, 8_000, count)
    for row, (person, code) in enumerate(zip(who.tolist(), codes.tolist(), strict=True)):
        sizes[row] = grants[row] if code in ("A", "M") else fractions[row] * held[person]
        held[person] += sizes[row] if code in ("A", "M", "P") else -sizes[row]
        after[row] = held[person]
    market = company.close[rows] * np.exp(0.003 * rng.standard_normal(count))
    strike = market * rng.uniform(0.3, 0.8, count)
    price = np.select([np.isin(codes, ("A", "G")), codes == "M"], [np.zeros(count), strike], market).round(2)
    shares = np.maximum(np.rint(sizes * units), 1.0)
    days = company.ts[rows]
    filed = company.ts[rows + rng.integers(1, 3, count)].astype("datetime64[D]")
    planned = (codes == "S") & (rng.random(count) < _PLANNED)
    return pd.DataFrame(
        {
            "filed_at": utc_dates(filed),
            "accepted_at": local_time(filed, rng.uniform(990, 1_305, count)),
            "transaction_date": utc_dates(days),
            "name": [names[person] for person in who],
            "title": [_TITLES[person] for person in who],
            "code": codes,
            "shares": shares,
            "price": price,
            "value": (shares * price).round(2),
            "shares_after": np.rint(after * units),
            "is_planned": np.where(planned, "true", "false"),
            "id": [f"{company.symbol}-4-{row:05}" for row in range(count)],
        }
    )


def _names(rng: np.random.Generator) -> list[str]:
    first, last = (rng.choice(each, len(_TITLES), replace=False) for each in (_FIRST_NAMES, _LAST_NAMES))
    return [f"{given} {family}" for given, family in zip(first, last, strict=True)]


def short_interest(company: Company, filings: Filings) -> pd.DataFrame:
    """Return the shares sold short twice a month, published seven sessions after settlement."""
    import pandas as pd

    rng = company.draws("short_interest")
    rows = _settlement_rows(company)
    level = 0.25 if company.number % HEAVILY_SHORTED[0] == HEAVILY_SHORTED[1] else rng.uniform(0.01, 0.07)
    shocks, log_share = rng.standard_normal(rows.size), np.empty(rows.size)
    now = 0.0
    for row, shock in enumerate(shocks.tolist()):
        now = 0.95 * now + 0.1 * shock
        log_share[row] = now
    days = company.ts[rows]
    floated = PUBLIC_SHARE * shares_on(company, filings.quarters, days)
    shorted = np.rint(np.minimum(level * np.exp(log_share), 0.6) * floated)
    total = np.concatenate([[0.0], np.cumsum(company.volume)])
    since = np.concatenate([[0], rows[:-1] + 1])
    volume = np.rint((total[rows + 1] - total[since]) / (rows + 1 - since))
    published = _sessions_later(days, _PUBLISHED_AFTER)
    table = pd.DataFrame(
        {
            "settlement_date": utc_dates(days),
            "publication_date": utc_dates(published),
            "short_interest": shorted,
            "average_daily_volume": volume,
            "days_to_cover": np.maximum(shorted / volume, 1.0).round(2),
            "float_pct": (shorted / floated).round(6),
        }
    )
    told: pd.DataFrame = table[published <= company.ts[-1].astype("datetime64[D]")]
    return told.reset_index(drop=True)


def _settlement_rows(company: Company) -> NDArray[np.intp]:
    """Return the last session on or before each 15th, and the last one of each month."""
    days = company.ts.astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    half = 2 * months.astype(np.int64) + ((days - months.astype("datetime64[D]")).astype(np.int64) >= 15)
    # The half month that the data end in is not over.
    return np.flatnonzero(np.diff(half) != 0)


def _sessions_later(days: NDArray[np.datetime64], count: int) -> NDArray[np.datetime64]:
    first, last = days.min(), days.max() + np.timedelta64(30, "D")
    sessions = calendar.session_dates("XNYS", first, last).astype("datetime64[D]")
    found: NDArray[np.datetime64] = sessions[np.searchsorted(sessions, days.astype("datetime64[D]")) + count]
    return found
