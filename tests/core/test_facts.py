import math
from datetime import UTC, date, datetime

import pytest

from investiq.core.facts import Fact, format_fact, format_value


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.1234, "fraction", "12.34 %"),
        (-0.5, "fraction", "-50.00 %"),
        (1.234, "ratio", "1.23"),
        (1234567.891, "money", "1,234,567.89"),
        (3_963_007_000.0, "amount", "3.96 bn"),
        (-1_234_567.0, "amount", "-1.23 m"),
        (2.5e12, "amount", "2.50 tn"),
        (999_994.0, "amount", "999.99 k"),
        (999_995.0, "amount", "1.00 m"),
        (12.345, "amount", "12.35"),
        (-0.001, "amount", "0.00"),
        (math.nan, "amount", "n/a"),
        (5031, "bars", "5,031 bars"),
        (12.5, "bars", "12.5 bars"),
        (104.166666, "shares", "104.166666"),
        (500.0, "shares", "500"),
        (5.0, "bps", "5.0 bps"),
        (date(2018, 12, 31), "date", "2018-12-31"),
        (datetime(2018, 12, 31, 21, tzinfo=UTC), "time", "2018-12-31 21:00 UTC"),
        ("Crossover", "", "Crossover"),
        (True, "", "True"),
        (None, "ratio", "n/a"),
        (math.inf, "ratio", "infinite"),
        (0.2602, "points", "+26.0 points"),
        (-0.0345, "points", "-3.5 points"),
        (-1e-9, "points", "0.0 points"),
        (math.nan, "points", "n/a"),
        (2.59e-15, "fraction", "0.00 %"),
        (-2.59e-15, "fraction", "0.00 %"),
        (-0.004, "ratio", "0.00"),
        (-0.0, "", "0"),
        (-0.0, "count", "0"),
        (-0.3, "count", "-0.3"),
        (-0.01, "ratio", "-0.01"),
        (0.00006, "p_value", "0.0001"),
        (0.00004, "p_value", "< 0.0001"),
        (0.0, "p_value", "< 0.0001"),
        (1.0, "p_value", "1.0000"),
    ],
)
def test_a_value_is_shown_with_its_unit(value, unit, shown):
    assert format_value(value, unit) == shown


def test_money_of_an_account_names_its_currency():
    assert format_fact(Fact("Total fees", 1234.5, "money")) == "1,234.50 USD"
    assert format_fact(Fact("Average win", math.nan, "money", note="no winning trade")) == "n/a"


def test_a_missing_value_is_never_shown_as_zero():
    assert format_fact(Fact("Profit factor", math.nan, "ratio", note="no losing trade")) == "n/a"
