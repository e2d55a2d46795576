import dataclasses
from datetime import date

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.engines.supplementary.dividends import TOPIC, dividend_features
from investiq.history.adjust import Action
from investiq.history.records import Records


def payment(day, cash, kind="dividend"):
    return Action(kind=kind, ex_date=date.fromisoformat(day), cash=cash)


def history(sample, actions, price=100.0, split=None, records=()):
    size = 1000
    still = np.full(size, price)
    factor = np.ones(size) if split is None else split
    bars = dataclasses.replace(
        sample[:size],
        open=still / factor, high=still / factor, low=still / factor, close=still / factor,
        split_factor=factor, total_factor=factor, actions=tuple(actions),
        passport=dataclasses.replace(sample.passport, currency="USD"),
    )  # fmt: skip
    return iq.History.of(bars, records=records)


def at(history, day):
    found, index = dividend_features(history), history.bars().index
    row = index.get_loc(pd.Timestamp(day, tz="UTC"))
    return {name: float(values[row]) for name, values in found.items()}


# Quarterly from March 1999: three years of 0.50, 0.55 and 0.60, and a first payment of the fourth.
RISING = [
    payment(f"{year}-{month:02}-10", cash)
    for year, cash in ((1999, 0.50), (2000, 0.55), (2001, 0.60))
    for month in (3, 6, 9, 12)
]


def test_yields_are_a_years_payments_and_four_times_the_latest(sample):
    row = at(history(sample, RISING), "2001-12-31")
    assert row["dividend_trailing_yield"] == pytest.approx(4 * 0.60 / 100)
    row = at(history(sample, RISING), "2001-03-12")
    assert row["dividend_trailing_yield"] == pytest.approx((0.60 + 3 * 0.55) / 100)
    assert row["dividend_forward_yield"] == pytest.approx(4 * 0.60 / 100)
    assert row["dividend_frequency"] == 4


def test_a_payment_counts_from_its_ex_date(sample):
    before, on = (at(history(sample, RISING), day) for day in ("2000-03-09", "2000-03-10"))
    assert before["dividend_change"] == pytest.approx(0.0)
    assert on["dividend_change"] == pytest.approx(0.55 / 0.50 - 1)
    assert on["dividend_days_since"] == pytest.approx(21 / 24, abs=0.01)  # the close, 21:00 UTC


def test_growth_is_yearly_between_the_dates(sample):
    # From 1999-03-10 to 2001-12-10 are 1,006 days: (0.60 / 0.50) ** (365.25 / 1006) - 1 = 6.84 %.
    row = at(history(sample, RISING), "2001-12-31")
    assert row["dividend_growth"] == pytest.approx(0.0684, abs=5e-5)
    assert row["dividend_streak"] == 2
    assert np.isnan(at(history(sample, RISING), "2000-09-29")["dividend_streak"])


def test_specials_stay_apart_and_add_two_points_for_ninety_days(sample):
    paid = history(sample, [*RISING, payment("2001-10-01", 5.0, "special_dividend")])
    soon, late = at(paid, "2001-12-28"), at(paid, "2001-12-31")
    assert soon["dividend_special"] == pytest.approx(0.05)
    assert late["dividend_special"] == 0.0  # 91 days
    assert soon["dividend_trailing_yield"] == pytest.approx(0.024)
    special = TOPIC.adjustments[1]
    assert special.amount({name: np.array([value]) for name, value in soon.items()})[0] == 0.02


def test_a_split_between_payment_and_price_changes_no_yield(sample):
    split = np.ones(1000)
    split[600:] = 4.0  # 2001-05-22: the price falls to 25
    dates = sample.ts[:1000].astype("datetime64[D]").astype(object)
    actions = [
        dataclasses.replace(each, cash=each.cash / (4.0 if each.ex_date >= dates[600] else 1.0)) for each in RISING
    ]
    row = at(history(sample, actions, split=split), "2001-07-31")
    assert row["dividend_trailing_yield"] == pytest.approx((2 * 0.60 + 2 * 0.55) / 100)
    assert row["dividend_change"] == pytest.approx(0.0)


def amount(**changes):
    quiet = {
        "dividend_change": 0.0,
        "dividend_change_z": np.nan,
        "dividend_days_since": 10.0,
        "dividend_is_overdue": 0.0,
        "dividend_frequency": 4.0,
    }
    return float(TOPIC.adjustments[0].amount({name: np.array([value]) for name, value in (quiet | changes).items()})[0])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 0.0),
        ({"dividend_change": 0.101}, 0.02),
        ({"dividend_change": 0.099}, 0.0),
        ({"dividend_change": -0.101}, -0.03),
        ({"dividend_change": 0.05, "dividend_change_z": 1.51}, 0.02),
        ({"dividend_change": 0.2, "dividend_change_z": 1.5}, 0.0),
        ({"dividend_change": -0.01, "dividend_change_z": -1.51}, -0.03),
        ({"dividend_change": 0.01, "dividend_change_z": -1.51}, 0.0),  # a smaller raise than usual is no cut
        ({"dividend_change": 0.5, "dividend_days_since": 91.0}, 0.0),
        ({"dividend_is_overdue": 1.0, "dividend_days_since": 140.0}, -0.05),
        ({"dividend_days_since": np.nan, "dividend_is_overdue": np.nan, "dividend_change": np.nan}, 0.0),
    ],
)
def test_changes_adjust_by_their_place_or_by_ten_percent(changes, expected):
    assert amount(**changes) == pytest.approx(expected)


def test_a_suspended_dividend_is_one_that_does_not_come(sample):
    stopped = history(sample, RISING[:8])  # the last on 2000-12-10
    # One and a half quarters of 91.3 days are 137 days: 2001-04-26.
    assert at(stopped, "2001-04-25")["dividend_is_overdue"] == 0
    late = at(stopped, "2001-04-27")
    assert late["dividend_is_overdue"] == 1
    assert np.isnan(late["dividend_forward_yield"])
    assert at(stopped, "2002-01-31")["dividend_trailing_yield"] == 0.0


def test_a_company_that_never_paid_says_so(sample):
    row = at(history(sample, []), "2001-12-31")
    assert all(np.isnan(value) for value in row.values())
    assert TOPIC.why_missing(row)["dividend_forward_yield"] == "no regular dividend known"


def test_declared_payments_are_seen_from_their_ex_date_not_before(sample):
    days = pd.DatetimeIndex(["1999-06-10", "1999-09-10"], tz="UTC", name="ts").as_unit("us")
    declared = pd.DatetimeIndex(["1999-05-01", "1999-08-01"], tz="UTC").as_unit("us")
    values = {"kind": "dividend", "cash": [0.5, 0.6], "currency": "USD", "exchange_rate": np.nan, "known_at": declared}
    frame = pd.DataFrame(values, index=days)
    records = Records(
        kind="actions", name="actions:^GSPC", frame=frame, provider="test", source="", known_at_rule="", unit="USD"
    )
    given = history(sample, [], records=[records])
    assert np.isnan(at(given, "1999-09-09")["dividend_change"])
    assert at(given, "1999-09-10")["dividend_change"] == pytest.approx(0.2)


def declared(sample, rows):
    """A history whose payments are records: ex-date, cash, currency, exchange rate."""
    days, cash, currency, rate = zip(*rows, strict=True)
    index = pd.DatetimeIndex(days, tz="UTC", name="ts").as_unit("us")
    values = {"kind": "dividend", "cash": cash, "currency": currency, "exchange_rate": rate, "known_at": index}
    frame = pd.DataFrame(values, index=index)
    records = Records(
        kind="actions", name="actions:^GSPC", frame=frame, provider="test", source="", known_at_rule="", unit="USD"
    )
    return history(sample, [], records=[records])


def test_payments_of_one_ex_date_are_one_and_what_is_there_twice_counts_once(sample):
    rows = [(each.ex_date, each.cash * part, "USD", np.nan) for each in RISING for part in (0.25, 0.75, 0.75)]
    assert at(declared(sample, rows), "2001-12-31") == pytest.approx(
        at(history(sample, RISING), "2001-12-31"), nan_ok=True
    )


def test_cash_of_another_currency_is_exchanged_or_left_out(sample):
    rows = [(each.ex_date, each.cash / 1.25, "EUR", 1.25) for each in RISING]
    given = at(declared(sample, rows), "2001-12-31")
    assert given["dividend_trailing_yield"] == pytest.approx(4 * 0.60 / 100)
    rows[-1] = (*rows[-1][:3], np.nan)  # no rate for December
    assert at(declared(sample, rows), "2001-12-31")["dividend_days_since"] > 100
    foreign = [dataclasses.replace(each, currency="EUR", exchange_rate=2.0) for each in RISING]
    assert at(history(sample, foreign), "2001-12-31")["dividend_trailing_yield"] == pytest.approx(8 * 0.60 / 100)


def test_rounding_is_no_change(sample):
    cash = [0.3, 0.1 + 0.2] * 6  # they differ by 6e-17
    paid = history(sample, [dataclasses.replace(each, cash=value) for each, value in zip(RISING, cash, strict=False)])
    row = at(paid, "2001-12-31")
    assert row["dividend_change"] != 0
    assert np.isnan(row["dividend_change_z"])
    assert amount(**row) == 0.0
    assert amount(dividend_change=1e-16, dividend_change_z=3.0) == 0.0


def test_a_suspension_counts_for_ninety_days(sample):
    stopped = history(sample, RISING[:8])  # overdue from 2001-04-26, 137 days after 2000-12-10
    assert amount(**at(stopped, "2001-07-24")) == -0.05
    assert amount(**at(stopped, "2001-07-26")) == 0.0


def test_level_payments_are_no_streak(sample):
    level = [dataclasses.replace(each, cash=0.5) for each in RISING]
    assert at(history(sample, level), "2001-12-31")["dividend_streak"] == 0


def test_the_place_of_a_change_is_among_those_before_it(sample):
    # Changes of 1 % and 3 % in turn, ten of them, then 6 %: mean 2 %, deviation sqrt(10 / 9) %.
    cash = 0.5 * np.cumprod(np.append(1.0, 1 + np.array([0.01, 0.03] * 5 + [0.06])))
    paid = [dataclasses.replace(each, cash=float(value)) for each, value in zip(RISING, cash, strict=True)]
    row = at(history(sample, paid), "2001-12-31")
    assert row["dividend_change_z"] == pytest.approx((0.06 - 0.02) / (0.01 * np.sqrt(10 / 9)))
    assert amount(**row) == 0.02
