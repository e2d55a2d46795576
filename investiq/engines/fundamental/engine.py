"""The fundamental engine: what was filed about the company, and what the price says beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from investiq.engines.base import Engine, Line, Panel
from investiq.engines.fundamental.features import FEATURES, FIELDS, WORDS, fundamental_features
from investiq.engines.fundamental.missing import LEAST_QUARTERS, not_ready, reasons
from investiq.engines.fundamental.sectors import checked
from investiq.engines.fundamental.signals import BUSINESS
from investiq.engines.fundamental.signals_priced import ANALYSTS, PRICED
from investiq.engines.rules import FloatArray, Table
from investiq.engines.scoring import GROUP_CAP, combine_votes
from investiq.history.history import History

__all__ = ["ENGINE_SHARE", "FundamentalEngine"]

# Of the blend with analysts, where there are any.
ENGINE_SHARE: Final = 0.70
# One group alone reaches 50, as everywhere.
_CONSENSUS_SCORE: Final = 50.0
# Days since the newest filing, and what the confidence is worth then.
_STALE_DAYS: Final = (100.0, 200.0)
_STALE: Final = np.array([1.0, 0.9, 0.7])


class FundamentalEngine(Engine):
    """Quality, growth, leverage, valuation and capital return, from statements as they were known.

    Parameters
    ----------
    sector : str, optional
        One of `sectors.SECTORS` or a provider's name for one. By default that of the
        history's records ``"profile"``, without them ``"unknown"``.

    Raises
    ------
    DataError
        If no sector is called so.

    Notes
    -----
    Confidence is ``0.6 * 0.8`` (five signals or more; 0.6 from three, else 0.4) ``+ 0.4
    * the share of 18 items that the statements hold``, at most 0.95; times 0.9 when
    the newest statement became known more than 100 days ago, 0.7 beyond 200. It is
    raw: no calibrated probability. Where analysts are known their vote is a score
    of its own, of at most 50 either way, and counts 30 % of the whole.

    Examples
    --------
    >>> import investiq as iq
    >>> bars, statements = iq.load_bars("SYN001"), iq.load_records("SYN001", "statements")
    >>> engine = FundamentalEngine(sector="technology")
    >>> features = engine.features(iq.History.of(bars, records=[statements]))
    >>> signal = engine.explain(features.iloc[-1])
    >>> str(signal.evidence[0].known), signal.words["sector"]
    ('2019-10-29', 'technology')
    """

    name = "fundamental"
    version = "1"
    units = FEATURES
    words = WORDS
    rules = (*PRICED, *BUSINESS, *ANALYSTS)
    panels = (
        Panel(
            "Valuation",
            (
                Line("P/E", "pe_ratio", "price over earnings per diluted share of a year"),
                Line("P/E compared", "pe_compared", "energy and materials on five years' mean earnings"),
                Line("P/B", "pb_ratio"),
                Line("PEG", "peg_ratio", "on three years' earnings growth"),
                Line("EV/EBITDA", "ev_ebitda"),
                Line("Free cash flow yield", "fcf_yield"),
                Line("Shareholder yield", "shareholder_yield", "dividends and net buybacks"),
                Line("Discounted cash flows per share", "fair_value_estimate", "two stages with a fade, to owners"),
                Line("Cost of equity", "cost_of_equity", "risk-free rate plus beta times 5.5 %"),
            ),
        ),
        Panel(
            "Business",
            (
                Line("Revenue, trailing year", "revenue"),
                Line("Revenue growth", "revenue_growth"),
                Line("Net margin", "profit_margin"),
                Line("Return on equity", "roe", "on average equity"),
                Line("Return on capital", "roic", "after tax; less cash beyond 2 % of sales"),
                Line("Piotroski's points, of nine", "piotroski_f_score", "scaled where some are unknown"),
                Line("Altman's score", "altman_z_score", "Z of manufacturers, Z'' of others; 1968 and 2000"),
                Line("Beneish's M-score", "beneish_m_score", "above -1.78 the accounts look embellished"),
                Line("Debt to equity", "debt_to_equity", "interest-bearing"),
                Line("Interest coverage", "interest_coverage"),
                Line("Payout", "payout_ratio"),
                Line("Age of the newest statement", "filing_age_days"),
                Line(
                    "Quarters worked out of a year", "quarters_from_year", "year less the other three, of the last four"
                ),
            ),
        ),
    )

    def __init__(self, sector: str | None = None) -> None:
        self.sector = None if sector is None else checked(sector)

    def features(self, history: History) -> pd.DataFrame:
        """Return the causal table of features, see `fundamental_features`."""
        return fundamental_features(history, self.sector)

    def is_ready(self, table: Table) -> NDArray[np.bool_]:
        """Return the rows at which a trailing year is known."""
        ready: NDArray[np.bool_] = (table["quarters_known"] >= LEAST_QUARTERS) | ~np.isnan(table["revenue"])
        return ready

    def why_not_ready(self, row: Mapping[str, Any]) -> str:
        """Return why a row has no score."""
        return not_ready(row)

    def why_missing(self, row: Mapping[str, Any]) -> dict[str, str]:
        """Return the reason for each feature of a row without a value."""
        return reasons(row)

    def combine(self, votes: Mapping[str, FloatArray], table: Table) -> FloatArray:
        """Return the score of the groups, blended with the analysts' where there are any."""
        own = combine_votes({group: vote for group, vote in votes.items() if group != "analyst"})
        consensus = votes["analyst"] / GROUP_CAP * _CONSENSUS_SCORE
        is_known = ~np.isnan(table["analyst_upside"]) | ~np.isnan(table["analyst_net_changes"])
        return np.where(is_known, ENGINE_SHARE * own + (1 - ENGINE_SHARE) * consensus, own)

    def confidence(self, table: Table, agreeing: FloatArray, count: NDArray[np.int64]) -> FloatArray:
        """Return the raw confidence of each row, see the notes of the class."""
        evidence = np.array([0.4, 0.6, 0.8])[np.searchsorted((3, 5), count, side="right")]
        raw = np.minimum(0.6 * evidence + 0.4 * table["fields_present"] / FIELDS, 0.95)
        stale = _STALE[np.searchsorted(_STALE_DAYS, table["filing_age_days"])]
        return np.where(np.isnan(table["filing_age_days"]), np.nan, raw * stale)

    def tags(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        """Return what limits the statements of a row."""
        marks = {
            "STALE STATEMENTS": row["filing_age_days"] > _STALE_DAYS[0],
            "QUARTER FROM FULL YEAR": row["quarters_from_year"] > 0,
            "SECTOR UNKNOWN": row["sector"] == "unknown",
            "OTHER CURRENCY": row["is_price_currency"] == 0,
        }
        return tuple(mark for mark, applies in marks.items() if applies)
