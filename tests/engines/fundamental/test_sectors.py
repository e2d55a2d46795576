import dataclasses

import numpy as np
import pytest

from investiq.core.errors import DataError
from investiq.engines.fundamental.circumstances import industry
from investiq.engines.fundamental.engine import FundamentalEngine
from investiq.engines.fundamental.sectors import BANDS, SECTORS, is_manufacturer, sector_of_sic, sector_of_text
from tests.engines.fundamental.conftest import records_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Information Technology", "technology"),
        ("Financial Services", "financial"),
        ("Basic Materials", "materials"),
        ("Consumer Defensive", "consumer_staples"),
        ("Real Estate", "real_estate"),
        ("real_estate", "real_estate"),
        ("SYN-RETAIL", "consumer_discretionary"),
        ("SYN-UTILITY", "utilities"),
        ("Soil Science", "unknown"),  # no part of a word makes it energy
        ("", "unknown"),
    ],
)
def test_a_provider_s_word_names_one_of_eleven_sectors(text, expected):
    assert sector_of_text(text) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        # From Kenneth French's definitions of twelve industries.
        (2086, "consumer_staples"),  # NoDur: soft drinks
        (3711, "consumer_discretionary"),  # Durbl: cars
        (3728, "industrial"),  # Manuf: aircraft parts
        (1311, "energy"),
        (2911, "energy"),
        (2821, "materials"),  # Chems
        (3674, "technology"),  # BusEq: semiconductors
        (7372, "technology"),  # software
        (4813, "communication"),
        (4911, "utilities"),
        (5411, "consumer_discretionary"),  # Shops
        (2834, "healthcare"),  # drugs, cut out of chemicals
        (6021, "financial"),
        (6798, "real_estate"),
        (8742, "unknown"),
    ],
)
def test_a_sic_code_belongs_to_its_industry(code, expected):
    assert sector_of_sic(code) == expected


def test_who_manufactures_is_told_by_the_code_before_the_sector():
    assert is_manufacturer("industrial", np.nan)
    assert not is_manufacturer("industrial", 4011)
    assert is_manufacturer("healthcare", 2834)
    assert not is_manufacturer("unknown", np.nan)


def test_every_sector_has_bands_that_are_in_order():
    assert set(BANDS) == set(SECTORS)
    for each in BANDS.values():
        for low, high in (each.pe, each.ev_ebitda, each.pb, each.p_ffo):
            assert np.isnan(low) == np.isnan(high)
            assert np.isnan(low) or low < high


def test_the_sector_is_that_of_the_profile_known_at_each_bar(history):
    rows = [
        {"day": "2014-01-02", "known_at": "2014-01-02 21:00", "sector": "Industrials", "sic_code": np.nan},
        {"day": "2016-01-04", "known_at": "2016-01-04 23:00", "sector": "conglomerate", "sic_code": 7372.0},
    ]
    profile = dataclasses.replace(records_of("profile", rows, "day"), name="profile:SPX")
    found = industry(history(None, profile))
    names = np.array(SECTORS)[found.sector]
    bars = history(None).bars()
    at = {
        day: names[np.searchsorted(bars.ts, np.datetime64(day))] for day in ("2013-12-31", "2014-01-02", "2016-01-05")
    }
    assert at == {"2013-12-31": "unknown", "2014-01-02": "industrial", "2016-01-05": "technology"}
    assert names[np.searchsorted(bars.ts, np.datetime64("2016-01-04"))] == "industrial"
    assert set(np.array(SECTORS)[industry(history(None, profile), "energy").sector]) == {"energy"}


def test_a_sector_that_nobody_knows_is_refused():
    with pytest.raises(DataError, match="no sector is called 'shoes'; known are technology"):
        FundamentalEngine("shoes")
