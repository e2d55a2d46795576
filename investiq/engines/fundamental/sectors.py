"""The sector of a company, and the multiples that count as cheap and rich in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np

from investiq.core.errors import DataError

__all__ = ["BANDS", "BANDS_AS_OF", "SECTORS", "Bands", "Sector", "is_manufacturer", "sector_of_sic", "sector_of_text"]

Sector = Literal[
    "technology",
    "communication",
    "consumer_discretionary",
    "consumer_staples",
    "healthcare",
    "financial",
    "industrial",
    "energy",
    "materials",
    "utilities",
    "real_estate",
    "unknown",
]
SECTORS: Final[tuple[Sector, ...]] = get_args(Sector)

# What providers and the synthetic shares call them, without spaces and case.
_TEXTS: Final[dict[str, Sector]] = {
    **{name.replace("_", ""): name for name in SECTORS},
    "tech": "technology",
    "informationtechnology": "technology",
    "communicationservices": "communication",
    "telecommunications": "communication",
    "telecommunicationservices": "communication",
    "telecom": "communication",
    "consumercyclical": "consumer_discretionary",
    "retail": "consumer_discretionary",
    "consumerdefensive": "consumer_staples",
    "staples": "consumer_staples",
    "health": "healthcare",
    "finance": "financial",
    "financials": "financial",
    "financialservices": "financial",
    "industrials": "industrial",
    "material": "materials",
    "basicmaterials": "materials",
    "utility": "utilities",
}

# The twelve industries of Fama and French by SIC code (Kenneth French's data library, "Siccodes12"), each under our name;
# their "Other" is split by division of the SIC manual, real estate and its trusts are taken out of "Money". First match counts.
_RANGES: Final[tuple[tuple[Sector, tuple[tuple[int, int], ...]], ...]] = (
    ("real_estate", ((6500, 6599), (6798, 6798))),
    (
        "consumer_staples",
        ((100, 999), (2000, 2399), (2700, 2749), (2770, 2799), (3100, 3199), (3940, 3989)),
    ),
    (
        "consumer_discretionary",
        (
            (2500, 2519), (2590, 2599), (3630, 3659), (3710, 3711), (3714, 3714), (3716, 3716), (3750, 3751),
            (3792, 3792), (3900, 3939), (3990, 3999),
        ),
    ),
    (
        "industrial",
        (
            (2520, 2589), (2600, 2699), (2750, 2769), (3000, 3099), (3200, 3569), (3580, 3629), (3700, 3709),
            (3712, 3713), (3715, 3715), (3717, 3749), (3752, 3791), (3793, 3799), (3830, 3839), (3860, 3899),
        ),
    ),
    ("energy", ((1200, 1399), (2900, 2999))),
    ("materials", ((2800, 2829), (2840, 2899))),
    ("technology", ((3570, 3579), (3660, 3692), (3694, 3699), (3810, 3829), (7370, 7379))),
    ("communication", ((4800, 4899),)),
    ("utilities", ((4900, 4949),)),
    ("consumer_discretionary", ((5000, 5999), (7200, 7299), (7600, 7699))),
    ("healthcare", ((2830, 2839), (3693, 3693), (3840, 3859), (8000, 8099))),
    ("financial", ((6000, 6999),)),
    ("materials", ((1000, 1199), (1400, 1499), (2400, 2499))),
    ("industrial", ((1500, 1799), (4000, 4799), (4950, 4999))),
    ("consumer_discretionary", ((7000, 7099), (7800, 7999))),
)  # fmt: skip
# Division D of the SIC manual.
_MANUFACTURING: Final = (2000, 3999)
# Without a code, the sectors whose companies mostly manufacture.
_MANUFACTURERS: Final[tuple[Sector, ...]] = ("industrial", "materials")


def sector_of_text(text: str) -> Sector:
    """Return the sector that a provider names, ``"unknown"`` for a name that is not known.

    Examples
    --------
    >>> sector_of_text("Consumer Cyclical"), sector_of_text("SYN-TECH"), sector_of_text("Shoes")
    ('consumer_discretionary', 'technology', 'unknown')
    """
    return _TEXTS.get(re.sub(r"[^a-z]", "", text.lower().removeprefix("syn-")), "unknown")


def sector_of_sic(code: float) -> Sector:
    """Return the sector of a four-digit SIC code, ``"unknown"`` where its industry belongs to none.

    Examples
    --------
    >>> sector_of_sic(3571), sector_of_sic(2834), sector_of_sic(6798), sector_of_sic(float("nan"))
    ('technology', 'healthcare', 'real_estate', 'unknown')
    """
    return next(
        (sector for sector, ranges in _RANGES if any(low <= code <= high for low, high in ranges)),
        "unknown",
    )


def is_manufacturer(sector: Sector, sic_code: float) -> bool:
    """Return whether a company manufactures: by its SIC code, without one by its sector.

    Examples
    --------
    >>> is_manufacturer("technology", 3571), is_manufacturer("technology", float("nan"))
    (True, False)
    """
    if np.isnan(sic_code):
        return sector in _MANUFACTURERS
    return _MANUFACTURING[0] <= sic_code <= _MANUFACTURING[1]


def checked(sector: str) -> Sector:
    """Return a sector by its name or a provider's.

    Raises
    ------
    DataError
        If nothing is called so.
    """
    found = sector_of_text(sector)
    if found == "unknown" and sector != "unknown":
        raise DataError(f"no sector is called {sector!r}; known are {', '.join(SECTORS)}")
    return found


@dataclass(frozen=True, kw_only=True)
class Bands:
    """Multiples of a sector: below `low` cheap, above `high` rich; NaN where the sector does not use one.

    Attributes
    ----------
    pe, ev_ebitda : (low, high)
    debt_to_equity : float
        Above it, much debt; below a third of it, little.
    pb, p_ffo : (low, high)
        Price to book of banks and insurers, price to funds from operations of property companies.
    """

    pe: tuple[float, float] = (np.nan, np.nan)
    debt_to_equity: float = np.nan
    ev_ebitda: tuple[float, float] = (np.nan, np.nan)
    pb: tuple[float, float] = (np.nan, np.nan)
    p_ffo: tuple[float, float] = (np.nan, np.nan)


# Choices of this product and not estimates: where a multiple begins to look cheap or rich for its sector. Dated, to be changed with the date.
BANDS_AS_OF: Final = "2026-01-01"
BANDS: Final[dict[Sector, Bands]] = {
    "technology": Bands(pe=(18, 40), debt_to_equity=1.0, ev_ebitda=(12, 25)),
    "communication": Bands(pe=(12, 25), debt_to_equity=1.5, ev_ebitda=(7, 14)),
    "consumer_discretionary": Bands(pe=(12, 30), debt_to_equity=1.5, ev_ebitda=(8, 16)),
    "consumer_staples": Bands(pe=(15, 28), debt_to_equity=1.5, ev_ebitda=(9, 17)),
    "healthcare": Bands(pe=(15, 35), debt_to_equity=1.0, ev_ebitda=(10, 20)),
    "financial": Bands(pe=(9, 18), pb=(0.8, 1.8)),
    "industrial": Bands(pe=(14, 28), debt_to_equity=1.5, ev_ebitda=(9, 16)),
    "energy": Bands(pe=(8, 18), debt_to_equity=1.0, ev_ebitda=(4, 9)),
    "materials": Bands(pe=(10, 22), debt_to_equity=1.0, ev_ebitda=(6, 12)),
    "utilities": Bands(pe=(13, 22), debt_to_equity=2.0, ev_ebitda=(8, 14)),
    "real_estate": Bands(debt_to_equity=2.0, ev_ebitda=(14, 24), p_ffo=(12, 22)),
    "unknown": Bands(pe=(15, 30), debt_to_equity=1.5, ev_ebitda=(8, 16)),
}
