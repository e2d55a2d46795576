"""What an invented company says of itself on the cover of each filing: its line of business and its shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from investiq.market.vendors.synthetic_company import Company, stamps, utc_dates
from investiq.market.vendors.synthetic_statements import PUBLIC_SHARE, Filings, shares_on

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["describe"]


class _Line(NamedTuple):
    sector: str
    industry: str
    sic_code: str
    sic_description: str


# Standard industrial classification of each sector's companies, and the sector in the words of vendors.
_LINES: Final = {
    "TECH": _Line("Technology", "Software", "7372", "Services-Prepackaged Software"),
    "HEALTH": _Line("Healthcare", "Drug Manufacturers", "2834", "Pharmaceutical Preparations"),
    "FINANCE": _Line("Financial Services", "Banks", "6022", "State Commercial Banks"),
    "ENERGY": _Line("Energy", "Oil & Gas Exploration", "1311", "Crude Petroleum & Natural Gas"),
    "RETAIL": _Line("Consumer Cyclical", "Department Stores", "5331", "Retail-Variety Stores"),
    "STAPLES": _Line("Consumer Defensive", "Packaged Foods", "2000", "Food and Kindred Products"),
    "UTILITY": _Line("Utilities", "Regulated Electric", "4911", "Electric Services"),
    "MATERIAL": _Line("Basic Materials", "Chemicals", "2821", "Plastic Materials, Synth Resins & Nonvulcan Elastomers"),
}


def describe(company: Company, filings: Filings) -> pd.DataFrame:
    """Return one row a filing day, in the columns of the dataset ``"profile"``."""
    import pandas as pd

    accepted = np.unique(np.array(list(filings.reported.values()), dtype="datetime64[us]"))
    days = pd.DatetimeIndex(accepted, tz="UTC").tz_convert("America/New_York").tz_localize(None).to_numpy()
    filed, first = np.unique(days.astype("datetime64[D]"), return_index=True)
    shares = shares_on(company, filings.quarters, filed)
    line = _LINES[company.sector.removeprefix("SYN-")]
    return pd.DataFrame(
        {
            "effective_date": utc_dates(filed),
            "filed_at": utc_dates(filed),
            "accepted_at": stamps(accepted[first]),
            "name": f"{company.symbol} Corp",
            **line._asdict(),
            "shares_outstanding": shares,
            "float_shares": np.rint(PUBLIC_SHARE * shares),
        }
    )
