import dataclasses

import numpy as np
import pandas as pd
import pytest

from investiq.engines.fundamental.states import statement_states
from tests.engines.fundamental.conftest import priced, quarters, records_of


def states(rows, bars):
    return statement_states(records_of("statements", rows, "period_end"), bars)


def last(values):
    return values[-1, 0]


def test_a_trailing_year_is_the_sum_of_four_quarters(share):
    # 10 + 20 + 30 + 40 = 100 at the fourth filing; 20 + 30 + 40 + 60 = 150 at the fifth; nothing at the third.
    known = states(quarters(5, revenue=[10.0, 20.0, 30.0, 40.0, 60.0]), share)
    np.testing.assert_array_equal(known.trailing["revenue"][:, 0], [np.nan, np.nan, np.nan, 100.0, 150.0])
    # The year before, seen from the fifth filing, is that of the fourth.
    assert known.trailing["revenue"][4, 1] == 100.0
    np.testing.assert_array_equal(known.quarters["total_assets"][:, 0], [500.0] * 5)


def test_each_filing_makes_a_state_from_the_moment_it_was_known(share):
    known = states(quarters(3), share)
    assert list(known.known) == [
        np.datetime64(day) for day in ("2017-07-30T21:00", "2017-10-30T21:00", "2018-01-30T21:00")
    ]
    assert known.filed[-1] == (np.datetime64("2018-01-30") - np.datetime64("1970-01-01")).astype(int)
    assert list(known.count) == [1, 2, 3]


def test_a_missing_quarter_leaves_no_year_until_four_follow_each_other(share):
    rows = quarters(8)
    del rows[3]
    known = states(rows, share)
    # Seven filings: after the gap the year is whole again with the fourth quarter that follows it.
    np.testing.assert_array_equal(np.isnan(known.trailing["revenue"][:, 0]), [True] * 6 + [False])
    np.testing.assert_array_equal(known.quarters_known, [1, 2, 3, 1, 2, 3, 4])


def test_a_fourth_quarter_is_the_year_less_the_other_three(share):
    rows = quarters(4, revenue=[10.0, 20.0, 30.0, 40.0], total_assets=[500.0, 510.0, 520.0, 530.0])
    year = {**rows[3], "fiscal_period": "FY", "revenue": 105.0, "shares_basic": 11.0}
    known = states([*rows[:3], year], share)
    assert last(known.quarters["revenue"]) == 45.0  # 105 - 10 - 20 - 30
    assert last(known.trailing["revenue"]) == 105.0
    assert last(known.quarters["total_assets"]) == 530.0  # a balance is no sum
    assert last(known.quarters["shares_basic"]) == 11.0
    assert list(known.from_year) == [0, 0, 0, 1]


def test_a_fourth_quarter_of_its_own_stands_beside_its_year(share):
    rows = quarters(4, revenue=[10.0, 20.0, 30.0, 40.0])
    year = {**rows[3], "fiscal_period": "FY", "revenue": 105.0}
    known = states([*rows, year], share)
    assert last(known.quarters["revenue"]) == 40.0
    assert list(known.from_year) == [0, 0, 0, 0]


def test_without_all_three_quarters_the_year_itself_is_the_trailing_year(share):
    rows = quarters(4)
    year = {**rows[3], "fiscal_period": "FY", "revenue": 410.0}
    known = states([*rows[1:3], year], share)
    assert last(known.trailing["revenue"]) == 410.0
    assert np.isnan(last(known.quarters["revenue"]))


def test_a_restated_quarter_counts_from_the_day_it_was_restated(share):
    rows = quarters(4, revenue=[10.0, 20.0, 30.0, 40.0])
    again = {**rows[2], "revenue": 25.0, "known_at": pd.Timestamp("2018-03-15 21:00"), "form": "10-Q/A"}
    known = states([*rows, again], share)
    np.testing.assert_array_equal(known.trailing["revenue"][-2:, 0], [100.0, 95.0])
    # The newest period is not the restated one, and its age is not renewed.
    assert known.filed[-1] == known.filed[-2]


def test_a_quarter_filed_late_enters_at_its_place_among_the_periods(share):
    rows = quarters(4, revenue=[10.0, 20.0, 30.0, 40.0])
    rows[1]["known_at"] = pd.Timestamp("2018-05-01 21:00")
    known = states(rows, share)
    assert np.isnan(known.trailing["revenue"][2, 0])
    assert last(known.trailing["revenue"]) == 100.0
    assert known.quarters["revenue"][-1].tolist()[:4] == [40.0, 30.0, 20.0, 10.0]


def test_fiscal_quarters_of_twelve_and_sixteen_weeks_follow_each_other(share):
    ends = pd.to_datetime(["2016-11-20", "2017-02-12", "2017-05-07", "2017-09-03", "2017-11-26", "2018-02-18"])
    rows = quarters(6, revenue=[1.0, 2.0, 4.0, 8.0, 16.0, 32.0])
    for row, end in zip(rows, ends, strict=True):
        row |= {"period_end": end, "known_at": end + pd.Timedelta(days=20)}
    np.testing.assert_array_equal(states(rows, share).trailing["revenue"][3:, 0], [15.0, 30.0, 60.0])


def test_amounts_paid_count_without_their_sign(share):
    known = states(quarters(4, capital_expenditure=-8.0, dividends_paid=-3.0, tax_expense=-1.0), share)
    assert last(known.trailing["capital_expenditure"]) == 32.0
    assert last(known.trailing["dividends_paid"]) == 12.0
    assert last(known.trailing["tax_expense"]) == -4.0  # an income from tax


def test_periods_in_another_currency_than_the_newest_are_left_out(share):
    rows = quarters(5, currency=["EUR", "USD", "USD", "USD", "USD"])
    known = states(rows, share)
    assert known.currency == ("EUR", "USD", "USD", "USD", "USD")
    assert np.isnan(known.quarters["revenue"][-1, 4])
    assert np.isnan(known.trailing["revenue"][3, 0])


@pytest.mark.parametrize(
    ("filed", "expected"),
    [
        ("2018-02-14 22:00", 10.0),  # the evening before the ex-date: in old shares
        ("2018-02-15 13:00", 5.0),  # on the morning of the ex-date: in new ones
        ("2018-02-15 22:00", 5.0),
    ],
)
def test_shares_are_stated_after_the_splits_before_their_filing(sample, filed, expected):
    bars = priced(sample, 56.0, split=("2018-02-15", 2.0))
    rows = quarters(1)
    rows[0]["known_at"] = pd.Timestamp(filed)
    # In units of the first bar: 10 new shares are 5 old ones.
    assert last(states(rows, bars).quarters["shares_basic"]) == expected


def test_filings_before_the_first_bar_are_on_its_basis(share):
    bars = dataclasses.replace(share, split_factor=np.full(len(share), 1.0))
    assert last(states(quarters(1, last="2010-12-31"), bars).quarters["shares_basic"]) == 10.0
