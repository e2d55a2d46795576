"""What the symbol page is asked for, the analyses it keeps for the session, and its cards: no widget here."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from investiq.core.errors import DataError
from investiq.core.facts import Fact
from investiq.core.types import BASIS_WORDS

if TYPE_CHECKING:
    import investiq as iq
    from investiq.analysis.result import Analysis

__all__ = ["Session", "SymbolRequest", "card_facts", "symbol_of"]

# Between a symbol and its name in the list of the search.
SEPARATOR: Final = " — "
_MOST_KEPT: Final = 8


def symbol_of(text: str) -> str:
    """Return the symbol in what was typed or picked.

    Examples
    --------
    >>> symbol_of("^IXIC — Nasdaq Composite index"), symbol_of(" syn001 ")
    ('^IXIC', 'SYN001')
    """
    return text.partition(SEPARATOR)[0].strip().upper()


@dataclass(frozen=True, kw_only=True)
class SymbolRequest:
    """What the controls said when the button was pressed.

    Attributes
    ----------
    symbol : str
    years : int, optional
        Calendar years up to the last bar; None: all.
    as_of : date, optional
        Last day of knowledge; None: the newest.
    """

    symbol: str
    years: int | None
    as_of: date | None

    def load(self) -> iq.Bars:
        """Return the bars that were known, of the years asked for.

        Raises
        ------
        UnknownSymbolError, VendorError
            If there are none of the symbol.
        DataError
            If none was known on that day.
        """
        import numpy as np

        import investiq as iq

        whole = iq.load_bars(self.symbol)
        bars = whole if self.as_of is None else whole.until(self.as_of.isoformat())
        if not len(bars):
            first = f"the first bar is of {whole.ts[0].astype('datetime64[D]')}" if len(whole) else "there are none"
            raise DataError(
                f"{self.symbol}: no bar was known on {self.as_of}; {first}; choose a later day, or clear the field"
            )
        if self.years is None:
            return bars
        first_month = bars.ts[-1].astype("datetime64[M]") - np.timedelta64(12 * self.years, "M")
        days_in = bars.ts[-1].astype("datetime64[D]") - bars.ts[-1].astype("datetime64[M]").astype("datetime64[D]")
        return bars.between(start=first_month.astype("datetime64[D]") + days_in)


class Session:
    """The analyses of one page, kept by the data they are of: a symbol seen before is there at once.

    Attributes
    ----------
    computed : int
        How many analyses were computed.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[SymbolRequest, str], Analysis] = OrderedDict()
        self.computed = 0

    def find(self, request: SymbolRequest, bars: iq.Bars) -> Analysis | None:
        """Return the analysis of a request if these very bars were analysed for it."""
        key = (request, bars.fingerprint)
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def analyze(self, request: SymbolRequest, bars: iq.Bars) -> Analysis:
        """Return the analysis, of the session where it is kept there."""
        import investiq as iq

        found = self.find(request, bars)
        if found is None:
            as_of = None if request.as_of is None else request.as_of.isoformat()
            found = iq.analyze(bars, as_of=as_of)
            self.computed += 1
            self._kept[request, bars.fingerprint] = found
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return found


def card_facts(analysis: Analysis) -> list[Fact]:
    """Return what the symbol is and the numbers that stand out; what is not known says why."""
    bars, passport = analysis.bars, analysis.bars.passport
    basis = f"{analysis.bar}, {BASIS_WORDS[passport.price_basis]}, {passport.currency}"
    adjusted = bars.adjusted("total").close
    change = float(adjusted[-1] / adjusted[-2] - 1) if len(bars) > 1 else math.nan
    capital = float(analysis.table["market_cap"].iloc[-1])
    profile = analysis.history.find_records("profile")
    newest = profile.frame.iloc[-1] if profile is not None and len(profile) else None
    named = {fact.label: fact for fact in analysis.facts()}
    no_company = "no profile or statements of a company in the history"
    company = [
        Fact("Company", str(newest["name"]), "", f"{newest['sector']}, {newest['industry']}")
        if newest is not None
        else Fact("Company", math.nan, "", "", no_company),
        Fact("Market cap", capital, "amount", f"{passport.currency}, shares as last filed", "" if capital == capital else no_company),
    ]  # fmt: skip
    return [
        Fact("Close", float(bars.close[-1]), "price", basis),
        Fact("Change", change, "fraction", "of the bar, total return", "" if change == change else "one bar only"),
        *company,
        Fact("Score", analysis.score, "score", analysis.label or "", "" if analysis.label else "no engine speaks"),
        named["Confidence"],
        named["Conviction"],
        named["Market regime"],
    ]
