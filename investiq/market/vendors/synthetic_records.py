"""Records of invented companies by their kind, made once a symbol and kept while it is in use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from investiq.market.contract import Dataset
from investiq.market.vendors.synthetic_company import Company, stamps
from investiq.market.vendors.synthetic_events import earnings, insiders, report_times, short_interest, surprises
from investiq.market.vendors.synthetic_news import News, publish_news
from investiq.market.vendors.synthetic_options import Chains, list_options
from investiq.market.vendors.synthetic_profile import describe
from investiq.market.vendors.synthetic_statements import Filings, file_statements
from investiq.market.vendors.synthetic_traits import BusinessTruth

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RECORDS", "CompanyTruth", "Found", "records_of", "truth_of"]


class Found(NamedTuple):
    """A table in the columns of its dataset, and why it is empty where it is."""

    table: pd.DataFrame
    reason: str = ""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CompanyTruth:
    """What the generator knows about a company's records and no method may see.

    Prices come first and know nothing of any record: whatever predicts a return
    from these records has found chance. Revenue follows past prices, so that
    multiples stay within reason.

    Attributes
    ----------
    business : BusinessTruth
        Margins, growth, seasonality and habits.
    late, restated, red_flags : tuple of date
        Ends of the quarters that were filed late, corrected afterwards, and
        embellished (what a score of manipulation should find).
    given : Company
        Prices and actions that the records were made from.
    """

    business: BusinessTruth
    late: tuple[date, ...]
    restated: tuple[date, ...]
    red_flags: tuple[date, ...]
    given: Company

    @property
    def news(self) -> pd.DataFrame:
        """Label, event and origin of each article by its `id`; see `synthetic_news.News`."""
        return news_of(self.given).truth

    @property
    def options(self) -> pd.DataFrame:
        """True implied volatility, model price and unusual volume, row by row; see `synthetic_options.Chains`."""
        return chains_of(self.given).truth

    @property
    def surprises(self) -> pd.DataFrame:
        """When each quarter's results were told, and the surprise in standard deviations, by `period_end`."""
        import pandas as pd

        filings = filings_of(self.given)
        told = report_times(self.given, filings)
        ends = pd.DatetimeIndex([each.period_end for each in filings.quarters], tz="UTC", name="period_end")
        columns = {"reported_at": stamps(told), "surprise": surprises(self.given, told)}
        return pd.DataFrame(columns, index=ends.as_unit("us"))

    def __repr__(self) -> str:
        marks = f"{len(self.late)} late, {len(self.restated)} restated, {len(self.red_flags)} embellished quarters"
        return f"<CompanyTruth {self.business.kind}: {marks}>"


def records_of(company: Company, kind: Dataset) -> Found:
    """Return the records of one kind of a company, the same at every call."""
    return _MAKERS[kind](company)


@lru_cache(maxsize=32)
def filings_of(company: Company) -> Filings:
    """Return what a company files."""
    return file_statements(company)


def truth_of(company: Company) -> CompanyTruth:
    """Return what is true of a company's records."""
    filings = filings_of(company)
    return CompanyTruth(
        business=filings.business,
        late=filings.late,
        restated=filings.restated,
        red_flags=filings.red_flags,
        given=company,
    )


def _statements(company: Company) -> Found:
    return Found(filings_of(company).table, f"{company.symbol} files no statements")


def _earnings(company: Company) -> Found:
    return Found(earnings(company, filings_of(company)))


def _insiders(company: Company) -> Found:
    return Found(insiders(company))


def _short_interest(company: Company) -> Found:
    return Found(short_interest(company, filings_of(company)))


@lru_cache(maxsize=32)
def news_of(company: Company) -> News:
    """Return what is written about a company."""
    return publish_news(company, filings_of(company))


def _news(company: Company) -> Found:
    return Found(news_of(company).table)


# Chains are large: those of a few companies at a time.
@lru_cache(maxsize=4)
def chains_of(company: Company) -> Chains:
    """Return the options on a company's shares."""
    return list_options(company)


def _options(company: Company) -> Found:
    return Found(chains_of(company).table)


def _profile(company: Company) -> Found:
    return Found(describe(company, filings_of(company)))


_MAKERS: Final[dict[Dataset, Callable[[Company], Found]]] = {
    "statements": _statements,
    "earnings": _earnings,
    "insiders": _insiders,
    "short_interest": _short_interest,
    "news": _news,
    "options": _options,
    "profile": _profile,
}
RECORDS: Final = tuple(_MAKERS)
