"""Rotation: what a symbol did beyond the market and beyond its own sector in the last 20 bars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from investiq.core.facts import Unit
from investiq.engines.base import Line, Panel
from investiq.engines.joining import closes_on, series_of
from investiq.engines.rules import FloatArray
from investiq.engines.scoring import percentile_rank
from investiq.engines.supplementary.pairs import trailing_return
from investiq.engines.supplementary.topics import Topic
from investiq.history.bars import Bars
from investiq.history.history import History

__all__ = ["SECTOR_FUNDS", "TOPIC", "rotation_features"]

WINDOW: Final = 20
# Ranks of the excess in its own trailing 252, and the plain bound until 60 are known.
HIGH_RANK: Final = 0.80
LOW_RANK: Final = 0.20
PLAIN_BOUND: Final = 0.05
# The funds whose prices stand for a sector: they show relative returns, not flows of money.
SECTOR_FUNDS: Final[dict[str, str]] = {
    "technology": "XLK",
    "communication": "XLC",
    "consumer_discretionary": "XLY",
    "consumer_staples": "XLP",
    "healthcare": "XLV",
    "financial": "XLF",
    "industrial": "XLI",
    "energy": "XLE",
    "materials": "XLB",
    "utilities": "XLU",
    "real_estate": "XLRE",
}

UNITS: Final[dict[str, Unit]] = {
    "sector_excess_return": "fraction",
    "sector_excess_rank": "fraction",
    "sector_rotation": "",
    "sector_fund_excess_return": "fraction",
}


def rotation_features(history: History) -> dict[str, FloatArray]:
    """Return the 20-bar return beyond the market's, its rank, and the return beyond the sector's fund.

    Returns
    -------
    dict of str to ndarray of shape (n_bars,)
        ``sector_excess_return`` against the market, ``sector_fund_excess_return``
        against the one sector fund that the history holds; both on dates that both
        have, NaN without. ``sector_rotation``: 1 outperforming (rank above 0.80, or
        more than 5 % until 60 are known), -1 underperforming, else 0.
    """
    main = history.bars()
    funds = [name for name in SECTOR_FUNDS.values() if name in history.series and name != history.symbol]
    excess = _excess(main, series_of(history, "market"))
    rank = percentile_rank(excess)
    is_plain = np.isnan(rank)
    above = np.where(is_plain, excess > PLAIN_BOUND, rank > HIGH_RANK)
    below = np.where(is_plain, excess < -PLAIN_BOUND, rank < LOW_RANK)
    return {
        "sector_excess_return": excess,
        "sector_excess_rank": rank,
        "sector_rotation": np.where(np.isnan(excess), np.nan, above.astype(float) - below),
        # Several funds would make it a guess which one is the symbol's own.
        "sector_fund_excess_return": _excess(main, history.series[funds[0]] if len(funds) == 1 else None),
    }


def _excess(main: Bars, other: Bars | None) -> FloatArray:
    excess = np.full(len(main), np.nan)
    if other is None:
        return excess
    theirs = closes_on(main, other)
    common = np.isfinite(theirs)
    own = main.adjusted("total").close[common]
    excess[common] = trailing_return(own, WINDOW) - trailing_return(theirs[common], WINDOW)
    return excess


def _tags(row: Mapping[str, Any]) -> tuple[str, ...]:
    return {1.0: ("OUTPERFORMING THE MARKET",), -1.0: ("UNDERPERFORMING THE MARKET",)}.get(row["sector_rotation"], ())


def _why_missing(row: Mapping[str, Any]) -> dict[str, str]:
    few = f"fewer than {WINDOW + 1} common dates"
    return {
        "sector_excess_return": f"no bar of the benchmark on this date, or {few}",
        "sector_excess_rank": "fewer than 60 excess returns before this one",
        "sector_rotation": "no excess return",
        "sector_fund_excess_return": f"no sector fund in the history or several of them, or {few}",
    }


TOPIC: Final = Topic(
    name="rotation",
    units=UNITS,
    features=rotation_features,
    panels=(
        Panel(
            "Against the market",
            (
                Line("20-bar return beyond the market", "sector_excess_return", "common dates", "sector_excess_rank"),
                Line("20-bar return beyond the sector fund", "sector_fund_excess_return", "prices, not flows of money"),
            ),
        ),
    ),
    needs="a benchmark that is not the symbol itself",
    tags=_tags,
    why_missing=_why_missing,
)
