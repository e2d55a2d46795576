"""What votes in the fundamental engine on the price: valuation, and what analysts say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from investiq.engines.fundamental.valuation import TIER_GROWTH
from investiq.engines.rules import FloatArray, Table, VoteRule, side
from investiq.engines.scoring import weight_of_z

__all__ = ["ANALYSTS", "PRICED"]

# Earnings multiples that count as high for a company's growth: below 10 %, to 25 %, above.
HIGH_PE: Final = np.array([30.0, 40.0, 60.0])


def _band(value: str, low: str, high: str) -> Callable[[Table], FloatArray]:
    return lambda t: side(t[value] < t[low], t[value] > t[high], 2)


def _earnings(t: Table) -> FloatArray:
    votes = side(t["pe_compared"] < t["pe_low"], t["pe_compared"] > t["pe_high"], 2)
    # The band of an unknown sector follows growth, and its bullish side weighs 3.
    return np.where((votes > 0) & (t["is_sector_known"] == 0), 3.0, votes)


def _fair_value(t: Table) -> FloatArray:
    z = t["price_to_fair_value_z_score"]
    votes = side(z < -0.6, z > 0.6)
    return np.where(votes == 0, 0.0, votes * weight_of_z(np.nan_to_num(z)))


def _yield(t: Table) -> FloatArray:
    return 2.0 * (t["fcf_yield"] > 0.06) - 1.0 * (t["fcf_yield"] < 0)


def _peg(t: Table) -> FloatArray:
    return 2.0 * (t["peg_ratio"] < 1.0) - 1.0 * (t["peg_ratio"] > 2.5)


def _quality_at_price(t: Table) -> FloatArray:
    high = HIGH_PE[np.searchsorted(TIER_GROWTH, np.nan_to_num(t["revenue_growth"]))]
    is_good = t["quality_score"] >= 4
    return 4.0 * (is_good & (t["pe_ratio"] < 0.75 * high)) + 2.0 * (
        is_good & (t["pe_ratio"] >= 0.75 * high) & (t["pe_ratio"] < 0.9 * high)
    )


def _growth_at_price(t: Table) -> FloatArray:
    votes = 3.0 * ((t["quality_score"] >= 3) & (t["revenue_growth"] > 0.15) & (t["peg_ratio"] < 1.5))
    return np.where(_quality_at_price(t) > 0, 0.0, votes)


def _target(t: Table) -> FloatArray:
    excess = t["analyst_upside"] - t["analyst_typical_upside"]
    votes = side(excess > 0.10, excess < -0.10, 2) + side(excess > 0.20, excess < -0.20)
    votes = np.where(t["analyst_price_to_low"] < 1, 2.0, votes)
    return np.where(t["analyst_price_to_high"] > 1, -3.0, votes)


def _changes(t: Table) -> FloatArray:
    net = t["analyst_net_changes"]
    return side(net >= 1, net <= -1) + side(net >= 3, net <= -3)


PRICED: Final[tuple[VoteRule, ...]] = (
    VoteRule(
        names=("Low P/E", "High P/E"),
        group="valuation",
        vote=_earnings,
        value="pe_compared",
        thresholds=(("pe_low",), ("pe_high",)),
        unit="ratio",
        texts=(
            "price {pe_compared} times earnings, below the sector's {pe_low}",
            "price {pe_compared} times earnings, above the sector's {pe_high}",
        ),
    ),
    VoteRule(
        names=("Low P/B", "High P/B"),
        group="valuation",
        vote=_band("pb_ratio", "pb_low", "pb_high"),
        value="pb_ratio",
        thresholds=(("pb_low",), ("pb_high",)),
        unit="ratio",
        texts=(
            "price {pb_ratio} times book, below the sector's {pb_low}",
            "price {pb_ratio} times book, above the sector's {pb_high}",
        ),
    ),
    VoteRule(
        names=("Low P/FFO", "High P/FFO"),
        group="valuation",
        vote=_band("p_ffo", "p_ffo_low", "p_ffo_high"),
        value="p_ffo",
        thresholds=(("p_ffo_low",), ("p_ffo_high",)),
        unit="ratio",
        texts=(
            "price about {p_ffo} times funds from operations, below {p_ffo_low}",
            "price about {p_ffo} times funds from operations, above {p_ffo_high}",
        ),
    ),
    VoteRule(
        names=("Low EV/EBITDA", "High EV/EBITDA"),
        group="valuation",
        vote=_band("ev_ebitda", "ev_ebitda_low", "ev_ebitda_high"),
        value="ev_ebitda",
        thresholds=(("ev_ebitda_low",), ("ev_ebitda_high",)),
        unit="ratio",
        texts=(
            "enterprise {ev_ebitda} times EBITDA, below the sector's {ev_ebitda_low}",
            "enterprise {ev_ebitda} times EBITDA, above the sector's {ev_ebitda_high}",
        ),
    ),
    VoteRule(
        names=("Low PEG", "High PEG"),
        group="valuation",
        vote=_peg,
        value="peg_ratio",
        thresholds=(1.0, 2.5),
        unit="ratio",
        texts=(
            "P/E {pe_ratio} against earnings growth {eps_growth_3y} a year",
            "P/E {pe_ratio} against earnings growth {eps_growth_3y} a year",
        ),
    ),
    VoteRule(
        names=("High FCF Yield", "Negative FCF Yield"),
        group="valuation",
        vote=_yield,
        value="fcf_yield",
        thresholds=(0.06, 0.0),
        unit="fraction",
        texts=("free cash flow {fcf_yield} of market value", "free cash flow {fcf_yield} of market value"),
    ),
    VoteRule(
        names=("Below Fair Value", "Above Fair Value"),
        group="valuation",
        vote=_fair_value,
        value="price_to_fair_value",
        thresholds=(0.82, 1.18),
        unit="ratio",
        texts=(
            "price {price_to_fair_value} of discounted cash flows {fair_value_estimate} a share, at {cost_of_equity} a year",
            "price {price_to_fair_value} of discounted cash flows {fair_value_estimate} a share, at {cost_of_equity} a year",
        ),
    ),
    VoteRule(
        names=("Undervalued Quality", ""),
        group="valuation",
        vote=_quality_at_price,
        value="quality_score",
        thresholds=(4.0, 4.0),
        unit="count",
        texts=("{quality_score} of 6 marks of quality at {pe_ratio} times earnings", ""),
    ),
    VoteRule(
        names=("Growth at a Reasonable Price", ""),
        group="valuation",
        vote=_growth_at_price,
        value="revenue_growth",
        thresholds=(0.15, 0.15),
        unit="fraction",
        texts=("revenue growth {revenue_growth} at PEG {peg_ratio}, {quality_score} of 6 marks of quality", ""),
    ),
)

# One group, blended with the score of all others and not among them.
ANALYSTS: Final[tuple[VoteRule, ...]] = (
    VoteRule(
        names=("Target Above Price", "Target Near or Below Price"),
        group="analyst",
        vote=_target,
        value="analyst_upside",
        thresholds=(("analyst_typical_upside",), ("analyst_typical_upside",)),
        unit="fraction",
        texts=(
            "target {analyst_target} lies {analyst_upside} from the price, a typical one {analyst_typical_upside}",
            "target {analyst_target} lies {analyst_upside} from the price, a typical one {analyst_typical_upside}",
        ),
    ),
    VoteRule(
        names=("Upgrades", "Downgrades"),
        group="analyst",
        vote=_changes,
        value="analyst_net_changes",
        thresholds=(1.0, -1.0),
        unit="count",
        texts=("{analyst_net_changes} net upgrades in 30 days", "{analyst_net_changes} net upgrades in 30 days"),
    ),
)
