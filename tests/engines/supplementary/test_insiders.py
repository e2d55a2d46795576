import dataclasses

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.engines.supplementary.engine import SupplementaryView
from investiq.engines.supplementary.insiders import TOPIC, insider_features
from investiq.history.records import Records


@pytest.fixture(scope="module")
def bars():
    """A year of the sample whose price is 10 and whose volume is 100,000: a day's dollar volume is 1,000,000."""
    sample = iq.load_bars("^GSPC", start="2016")
    ten = np.full(len(sample), 10.0)
    return dataclasses.replace(sample, open=ten, high=ten, low=ten, close=ten, volume=ten * 10_000)


def filings(*rows):
    """From (filed, name, title, code, shares, price, changes)."""
    frame = pd.DataFrame(
        [
            {"known_at": f"{filed} 22:00", "name": name, "title": title, "code": code, "shares": float(shares)}
            | {"price": float(price), "value": shares * price, "is_planned": "false", "day": filed}
            | (changes[0] if changes else {})
            for filed, name, title, code, shares, price, *changes in rows
        ]
    )
    frame["known_at"] = pd.to_datetime(frame["known_at"], utc=True).dt.as_unit("us")
    frame.index = pd.DatetimeIndex(pd.to_datetime(frame.pop("day"), utc=True).dt.as_unit("us"), name="ts")
    return Records(
        kind="insiders", name="insiders", frame=frame.sort_index(), provider="test", source="by hand",
        known_at_rule="acceptance", unit="USD",
    )  # fmt: skip


def at(bars, day, *rows):
    table = pd.DataFrame(insider_features(iq.History.of(bars, records=[filings(*rows)])), index=bars.index)
    return table.loc[day]


def test_awards_exercises_taxes_and_gifts_are_no_signals(bars):
    row = at(
        bars,
        "2018-06-05",
        ("2018-06-04", "Ann", "Director", "P", 100, 10),
        *[("2018-06-04", "Bob", "CEO", code, 9_000, 10) for code in "AMFGD"],
    )
    assert (row["insider_buys"], row["insider_sells"], row["insider_net_value"]) == (1, 0, 1_000)


def test_net_value_is_weighted_by_title(bars):
    # 3 * 1,000 (CEO) + 2 * 500 (vice president) + 1.5 * 200 (director) + 0.5 * 400 (owner) - 1 * 700 (other) = 3,800
    # of 1,000,000 a day; unweighted 1,000 + 500 + 200 + 400 - 700 = 1,400.
    row = at(
        bars,
        "2018-06-05",
        ("2018-06-04", "Ann", "President and CEO", "P", 100, 10),
        ("2018-06-04", "Bob", "Vice President, Sales", "P", 50, 10),
        ("2018-06-04", "Cat", "Director", "P", 20, 10),
        ("2018-06-04", "Dan", "10% Owner", "P", 40, 10),
        ("2018-06-04", "Eve", "Trustee", "S", 70, 10),
    )
    assert row["insider_net_value"] == 1_400
    assert row["insider_net_share"] == pytest.approx(0.0038)
    assert (row["insider_buys"], row["insider_sells"], row["insider_buyers"]) == (4, 1, 4)
    assert row["insider_executive_buys"] == 1  # a vice president is no executive


@pytest.mark.parametrize(
    ("title", "weight", "is_executive"),
    [
        ("Chief Executive Officer", 3, True),
        ("CFO", 3, True),
        ("Chairman of the Board", 3, True),
        ("COO", 2, True),
        ("Chief Legal Officer", 2, True),
        ("President, Europe", 2, True),
        ("EVP and General Counsel", 2, False),
        ("Senior Vice President", 2, False),
        ("Director", 1.5, False),
        ("10% Owner", 0.5, False),
        ("Beneficial Owner", 0.5, False),
        ("", 1, False),
    ],
)
def test_a_title_decides_weight_and_rank(bars, title, weight, is_executive):
    row = at(bars, "2018-06-05", ("2018-06-04", "Ann", title, "P", 100, 10))
    assert row["insider_net_share"] == pytest.approx(weight * 1_000 / 1_000_000)
    assert row["insider_executive_buys"] == is_executive


def test_trades_of_a_person_on_a_day_are_one(bars):
    row = at(
        bars,
        "2018-06-05",
        ("2018-06-04", "Ann", "Director", "P", 100, 10),
        ("2018-06-04", "Ann", "Director", "P", 60, 10),
        ("2018-06-04", "Ann", "Director", "S", 10, 10),
        ("2018-06-04", "Bob", "Director", "P", 40, 10),
        ("2018-06-04", "Bob", "Director", "S", 40, 10),  # cancels
    )
    assert (row["insider_buys"], row["insider_sells"], row["insider_net_value"]) == (1, 0, 1_500)


def test_planned_trades_are_left_out(bars):
    planned = ("2018-06-04", "Ann", "CEO", "S", 9_000, 10, {"is_planned": "true"})
    row = at(bars, "2018-06-05", planned, ("2018-06-04", "Bob", "Director", "S", 10, 10))
    assert (row["insider_sells"], row["insider_net_value"]) == (1, -100)


def test_a_trade_counts_from_its_filing_for_ninety_days(bars):
    # Filed on Monday the 4th after the close, at 22:00: known at the close of the 5th. Ninety days on, on 2 September
    # at 22:00, it is gone; the sessions around are 31 August and 4 September.
    trade = ("2018-06-04", "Ann", "Director", "P", 100, 10)
    early = ("2018-01-02", "Bob", "Director", "P", 100, 10)
    assert at(bars, "2018-06-04", early, trade)["insider_buys"] == 0
    assert at(bars, "2018-06-05", early, trade)["insider_buys"] == 1
    assert at(bars, "2018-08-31", early, trade)["insider_buys"] == 1
    after = at(bars, "2018-09-04", early, trade)
    assert (after["insider_buys"], after["insider_buyers"], after["insider_net_value"]) == (0, 0, 0)
    assert np.isnan(after["insider_buy_share"])
    assert np.isnan(at(bars, "2018-06-04", trade)["insider_buys"])  # nothing was ever filed: unknown, not 0


def test_one_person_buying_again_is_one_buyer_until_the_last_purchase_is_ninety_days_old(bars):
    rows = [
        ("2018-03-01", "Ann", "Director", "P", 100, 10),
        ("2018-05-01", "Ann", "Director", "P", 100, 10),
        ("2018-05-01", "Bob", "Director", "P", 100, 10),
    ]
    assert at(bars, "2018-05-02", *rows)[["insider_buys", "insider_buyers"]].to_list() == [3, 2]
    assert at(bars, "2018-06-15", *rows)[["insider_buys", "insider_buyers"]].to_list() == [2, 2]


def test_a_trade_in_the_month_of_three_years_before_is_a_habit(bars):
    rows = [(f"{year}-06-04", "Ann", "Director", "S", 100, 10) for year in (2015, 2016, 2017, 2018)]
    assert at(bars, "2017-06-06", *rows)["insider_sells"] == 1
    assert at(bars, "2018-06-06", *rows)["insider_sells"] == 0
    one_missing = [row for row in rows if row[0] != "2016-06-04"]
    assert at(bars, "2018-06-06", *one_missing)["insider_sells"] == 1


def test_a_trade_of_the_past_that_is_filed_later_makes_no_habit_yet(bars):
    rows = [(f"{year}-06-04", "Ann", "Director", "S", 100, 10) for year in (2015, 2017, 2018)]
    late = ("2016-06-06", "Ann", "Director", "S", 100, 10, {"known_at": "2018-07-02 22:00"})
    assert at(bars, "2018-06-06", *rows, late)["insider_sells"] == 1


BUYERS = [("2018-06-04", name, "Director", "P", 10, 10) for name in ("Ann", "Bob", "Cat")]


@pytest.mark.parametrize(
    ("rows", "amount", "tags"),
    [
        # 1.5 * 667 = 1,000.5 is more than 0.1 % of 1,000,000; 1.5 * 660 is not.
        ([("2018-06-04", "Ann", "Director", "P", 66.7, 10)], 0.04, ()),
        ([("2018-06-04", "Ann", "Director", "P", 66.0, 10)], 0.0, ()),
        (BUYERS, 0.04, ("CLUSTER BUYING",)),
        (BUYERS[:2], 0.0, ()),
        # Ann sells 102 net: 1.5 * (1,020 + 1,120 + 1,120) = 4,890 is below 0.5 %; 1.5 * 3,590 = 5,385 is above it, with
        # 3 sales against 1 purchase; 2 against 1 are not more than twice as many.
        ([("2018-06-04", n, "Director", "S", 112, 10) for n in ("Ann", "Bob", "Cat")] + BUYERS[:1], 0.0, ()),
        ([("2018-06-04", n, "Director", "S", 120, 10) for n in ("Ann", "Bob", "Cat")] + [("2018-06-04", "Eve", "Director", "P", 1, 10)], -0.03, ()),
        ([("2018-06-04", n, "Director", "S", 200, 10) for n in ("Ann", "Bob")] + [("2018-06-04", "Eve", "Director", "P", 1, 10)], 0.0, ()),
        ([("2018-06-04", n, "COO", "P", 10, 10) for n in ("Ann", "Bob")], 0.03, ("EXECUTIVES BUY",)),
    ],
)  # fmt: skip
def test_what_insiders_add_to_the_confidence(bars, rows, amount, tags):
    view = SupplementaryView((TOPIC,))
    features = view.features(iq.History.of(bars, records=[filings(*rows)]))
    signal = view.explain(features.loc["2018-06-05"])
    assert signal.directional == amount
    assert signal.tags == tags
    assert signal.metrics["insider_signal"] == np.sign(amount)


def test_the_panel_compares_with_the_three_years_before(bars):
    # Before: 4 purchases, 8 sales, odds 1/2. Now 2 purchases and 1 sale: odds 2, more than twice as many.
    before = [(f"2016-{month:02}-05", f"P{month}", "Director", "P", 1, 10) for month in range(1, 5)]
    before += [(f"2017-{month:02}-05", f"S{month}", "Director", "S", 1, 10) for month in range(1, 9)]
    now = [
        ("2018-06-04", "Ann", "", "P", 1, 10),
        ("2018-06-04", "Bob", "", "P", 1, 10),
        ("2018-06-04", "Cat", "", "S", 1, 10),
    ]
    row = at(bars, "2018-06-05", *before, *now)
    assert row["insider_buy_share"] == pytest.approx(2 / 3)
    assert row["insider_base_share"] == pytest.approx(4 / 12)
    assert row["insider_activity"] == "Strongly Bullish"
    assert at(bars, "2018-06-05", *before, *now[1:])["insider_activity"] == "Bullish"  # 1 to 1 is just twice as many
    assert at(bars, "2018-06-05", *before, now[2])["insider_activity"] == "Strongly Bearish"
    assert at(bars, "2018-06-05", *now)["insider_activity"] == ""  # no base


def test_a_trade_without_a_price_counts_but_has_no_value(bars):
    row = at(bars, "2018-06-05", ("2018-06-04", "Ann", "Director", "P", 100, np.nan))
    assert (row["insider_buys"], row["insider_net_value"]) == (1, 0)
