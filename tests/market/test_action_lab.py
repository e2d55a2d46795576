"""Published adjusted series rebuilt from raw prices and events, and each cause of a disagreement recognised."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.core import calendar
from investiq.core.errors import DataError
from investiq.history.adjust import Action
from investiq.market.action_causes import holding_step
from investiq.market.action_lab import check_actions
from investiq.market.building import build_bars


def bars_of(days, close, actions=(), **more):
    ts = np.array(days, dtype="datetime64[us]")
    prices = np.asarray(close, dtype=float)
    columns = dict.fromkeys(("open", "high", "low", "close"), prices) | {"volume": np.full(ts.size, 1e6)}
    return build_bars(
        symbol="TEST", provider="test", provenance="file", interval="1d", calendar_name="XNYS", ts=ts,
        known_at=calendar.known_at(ts, "1d", "XNYS"), columns=columns, price_basis=more.pop("price_basis", "as_traded"),
        known_at_rule="close", source="test", actions=actions, **more,
    )  # fmt: skip


def series(days, close):
    return pd.Series(close, index=pd.DatetimeIndex(days, tz="UTC"), dtype=float)


def split(day, ratio):
    return Action(kind="split", ex_date=date.fromisoformat(day), ratio=ratio)


def cash(day, amount, **more):
    return Action(kind="dividend", ex_date=date.fromisoformat(day), cash=amount, **more)


# Yahoo's help page "What is the adjusted close?", in the version with the prices of Microsoft of February 2003.
MSFT_DAYS = ["2003-02-13", "2003-02-14", "2003-02-18", "2003-02-19"]
MSFT_RAW = [46.99, 48.30, 24.96, 24.53]
MSFT_ADJUSTED = [23.42, 24.07, 24.88, 24.53]
MSFT_ACTIONS = (split("2003-02-18", 2.0), cash("2003-02-19", 0.08))


def test_the_published_example_of_a_split_and_a_dividend_is_rebuilt_to_the_cent():
    bars = bars_of(MSFT_DAYS, MSFT_RAW, MSFT_ACTIONS)
    ours = bars.close * bars.total_factor / bars.total_factor[-1]
    assert np.round(ours, 2).tolist() == MSFT_ADJUSTED
    lab = check_actions(bars, series(MSFT_DAYS, MSFT_ADJUSTED))
    assert [(str(step.day), step.agrees) for step in lab.steps] == [("2003-02-18", True), ("2003-02-19", True)]
    # 0.08 of 24.96 is 0.32 %, half a cent on both sides of the step 0.04 %: the digits show it.
    assert all(step.is_telling for step in lab.steps)


def test_the_multipliers_of_the_same_page_are_the_inverse_steps():
    # 0.08 of 24.96, 2.40 of 16.51 and 1.25 of 51.20, printed there with four decimals.
    steps = [holding_step(1.0, *terms) for terms in ((0.08, 24.96), (2.40, 16.51), (1.25, 51.20))]
    assert [round(1 / step, 4) for step in steps] == [0.9968, 0.8546, 0.9756]


# Oracle in 2014, dividends of 0.12, adjusted to the dividend of January 2015 as well: rows around the ex-dates from Yahoo's
# file as kept in the test data of backtrader (datas/orcl-2014.txt), close and adjusted close.
ORCL = {
    "2014-01-02": (37.84, 37.28), "2014-01-03": (37.62, 37.18), "2014-04-03": (40.37, 39.90), "2014-04-04": (39.98, 39.63),
    "2014-07-03": (41.34, 40.98), "2014-07-07": (40.89, 40.65), "2014-10-03": (38.89, 38.67), "2014-10-06": (39.08, 38.97),
    "2014-12-31": (44.97, 44.85),
}  # fmt: skip
ORCL_ACTIONS = tuple(cash(day, 0.12) for day in ("2014-01-03", "2014-04-04", "2014-07-07", "2014-10-06"))


def test_a_year_of_real_dividends_is_rebuilt_within_the_vendors_rounding():
    days, raw, adjusted = list(ORCL), *zip(*ORCL.values(), strict=True)
    bars = bars_of(days, raw, ORCL_ACTIONS)
    # The file goes on to the ex-date of 2015-01-02 (0.12 on 44.97), one more step for every row.
    later = 1 - 0.12 / 44.97
    ours = bars.close * bars.total_factor / bars.total_factor[-1] * later
    # The vendor rounds its multipliers as well as its closes: seven of nine to the cent, 40.655 and 38.976 a cent lower.
    cents = np.round(100 * (np.round(ours, 2) - np.array(adjusted)))
    assert cents.tolist() == [0, 0, 0, 0, 0, 1, 0, 1, 0]
    lab = check_actions(bars, series(days, adjusted))
    assert (len(lab.steps), len(lab.disagreements)) == (4, 0)
    assert (np.abs(lab.difference) <= lab.band).all()


# Coca-Cola in 1997, four dividends of 0.14, adjusted with six decimals: rows around the ex-dates from Yahoo's file as kept in
# the test data of backtrader (datas/daily-KO.csv).
KO = {
    "1997-03-11": (62.0, 19.370183), "1997-03-12": (61.0, 19.100891), "1997-06-10": (68.375, 21.41022),
    "1997-06-11": (68.375, 21.454148), "1997-09-10": (57.625, 18.081101), "1997-09-11": (56.125, 17.653333),
    "1997-11-25": (64.125, 20.169621), "1997-11-26": (62.375, 19.66211),
}  # fmt: skip
KO_ACTIONS = tuple(cash(day, 0.14) for day in ("1997-03-12", "1997-06-11", "1997-09-11", "1997-11-26"))


def test_real_dividends_are_rebuilt_to_six_decimals():
    days, raw, adjusted = list(KO), *zip(*KO.values(), strict=True)
    bars = bars_of(days, raw, KO_ACTIONS)
    # Anchored at the last printed value: half a unit of each row and of the anchor are 1.05e-6; one row needs 1.15e-6.
    ours = bars.close * bars.total_factor / bars.total_factor[-1] * (adjusted[-1] / raw[-1])
    assert np.abs(ours - np.array(adjusted)).max() < 1.2e-6
    lab = check_actions(bars, series(days, adjusted))
    assert [step.agrees for step in lab.steps] == [True] * 4
    assert "6 decimals" in lab.digits
    # By hand: 62 / 61.86 = 1.00226318; printed 19.100891 / 61 over 19.370183 / 62.
    assert lab.steps[0].ours == pytest.approx(62 / 61.86, rel=1e-15)
    assert lab.steps[0].vendor == pytest.approx((19.100891 / 61) / (19.370183 / 62), rel=1e-15)


# Ten sessions from 2024-03-01 on; the prices fall by what is paid.
DAYS = [
    "2024-03-01", "2024-03-04", "2024-03-05", "2024-03-06", "2024-03-07", "2024-03-08", "2024-03-11", "2024-03-12",
    "2024-03-13", "2024-03-14",
]  # fmt: skip
RAW = np.array([100.0, 101.0, 102.0, 100.0, 99.0, 101.0, 50.0, 51.0, 52.0, 51.5])


def vendor_of(actions, decimals=4, raw=RAW):
    """Return the back-adjusted series of a vendor who knows `actions`, worked backwards as vendors do."""
    adjusted = raw.copy()
    for action in sorted(actions, key=lambda each: each.ex_date, reverse=True):
        row = DAYS.index(str(action.ex_date))
        if action.kind == "split":
            adjusted[:row] /= action.ratio
        else:
            adjusted[:row] *= 1 - action.cash / raw[row - 1]
    return series(DAYS, np.round(adjusted, decimals))


SPLIT, PAID = split("2024-03-11", 2.0), cash("2024-03-05", 1.00)


def best(lab):
    return [(str(row.ex_date)[:10], row.cause) for row in lab.to_frame().itertuples() if not row.agrees]


def test_a_vendor_who_knows_the_same_agrees():
    lab = check_actions(bars_of(DAYS, RAW, (SPLIT, PAID)), vendor_of((SPLIT, PAID)))
    assert lab.disagreements == ()
    assert [step.kinds for step in lab.steps] == ["dividend", "split"]
    assert np.abs(lab.difference).max() < lab.band.min()


def test_an_action_that_we_miss_is_named_with_its_amount():
    lab = check_actions(bars_of(DAYS, RAW, (SPLIT,)), vendor_of((SPLIT, PAID)))
    assert best(lab) == [("2024-03-05", "action_missing")]
    assert "cash of 1 a share" in lab.to_frame().query("~agrees")["evidence"].iloc[0]


def test_a_split_that_we_miss_is_named_with_its_ratio():
    lab = check_actions(bars_of(DAYS, RAW, (PAID,)), vendor_of((SPLIT, PAID)))
    assert best(lab) == [("2024-03-11", "action_missing")]
    assert "2 new shares for one" in lab.to_frame().query("~agrees")["evidence"].iloc[0]


def test_an_action_that_the_vendor_misses_is_named():
    lab = check_actions(bars_of(DAYS, RAW, (SPLIT, PAID)), vendor_of((SPLIT,)))
    assert best(lab) == [("2024-03-05", "action_left_out")]


def test_a_moved_ex_date_is_recognised_from_both_sides():
    lab = check_actions(bars_of(DAYS, RAW, (SPLIT, PAID)), vendor_of((SPLIT, cash("2024-03-07", 1.00))))
    assert best(lab) == [("2024-03-05", "ex_date_moved"), ("2024-03-07", "ex_date_moved")]
    evidence = lab.to_frame().query("~agrees")["evidence"].tolist()
    assert "2024-03-07" in evidence[0]
    assert "2024-03-05" in evidence[1]


def test_cash_split_adjusted_to_today_is_recognised_as_the_other_share_basis():
    # The vendor halves the dividend for the later 2:1 and forgets to halve the price.
    lab = check_actions(bars_of(DAYS, RAW, (SPLIT, PAID)), vendor_of((SPLIT, cash("2024-03-05", 0.50))))
    assert best(lab) == [("2024-03-05", "share_basis")]
    assert "D / 2" in lab.to_frame().query("~agrees")["evidence"].iloc[0]


def test_cash_before_the_split_of_its_own_day_is_recognised():
    # 2:1 and 0.50 after it: the prior close of 101 leaves 50.5. Counted before the split, 0.50 is 0.25 after it.
    both = (SPLIT, cash("2024-03-11", 0.50))
    wrong = RAW.copy()
    wrong[:6] *= (1 - 0.25 * 2 / 101) / 2
    lab = check_actions(bars_of(DAYS, RAW, both), series(DAYS, np.round(wrong, 4)))
    assert best(lab) == [("2024-03-11", "share_basis")]
    assert "D / k" in lab.to_frame().query("~agrees")["evidence"].iloc[0]


def test_cash_that_was_not_converted_is_recognised():
    euros = cash("2024-03-05", 1.00, currency="EUR", exchange_rate=1.10)
    lab = check_actions(bars_of(DAYS, RAW, (SPLIT, euros)), vendor_of((SPLIT, PAID)))
    assert best(lab) == [("2024-03-05", "currency")]
    assert "1 EUR taken as USD" in lab.to_frame().query("~agrees")["evidence"].iloc[0]


def test_a_rate_that_we_lacked_is_read_off_the_vendors_step():
    euros = cash("2024-03-05", 1.00, currency="EUR")
    lab = check_actions(bars_of(DAYS, RAW, (SPLIT, euros)), vendor_of((SPLIT, cash("2024-03-05", 1.10))))
    assert best(lab) == [("2024-03-05", "currency")]
    assert "implies 1.1 USD a EUR" in lab.to_frame().query("~agrees")["evidence"].iloc[0]


def test_a_multiplier_rounded_to_three_decimals_is_recognised():
    # 1 - 1 / 101 = 0.990099; with three decimals 0.99.
    rounded = RAW.copy()
    rounded[:2] *= 0.990
    lab = check_actions(bars_of(DAYS, RAW, (PAID,)), series(DAYS, np.round(rounded, 6)))
    assert best(lab) == [("2024-03-05", "rounded_factor")]
    assert "rounded to 3 decimals, 0.99" in lab.to_frame().query("~agrees")["evidence"].iloc[0]


def test_a_spin_off_counted_as_a_split_is_recognised():
    # One share of the new company for four old ones, worth 10 a share of the parent: cash-like for us, 1.25:1 for the vendor.
    spin = Action(kind="spin_off", ex_date=date(2024, 3, 5), ratio=0.25, cash=10.0)
    lab = check_actions(bars_of(DAYS, RAW, (spin,)), vendor_of((split("2024-03-05", 1.25),)))
    assert best(lab) == [("2024-03-05", "spin_off_as_split")]


def test_what_no_cause_explains_is_called_unexplained():
    odd = RAW.copy()
    odd[:2] *= 1.0123
    lab = check_actions(bars_of(DAYS, RAW), series(DAYS, np.round(odd, 4)))
    assert best(lab) == [("2024-03-05", "unexplained")]


def test_every_cause_that_was_tried_is_kept_with_its_step():
    lab = check_actions(bars_of(DAYS, RAW, (SPLIT, PAID)), vendor_of((SPLIT, cash("2024-03-05", 0.50))))
    tried = lab.causes_frame()
    assert {"action_left_out", "share_basis", "rounded_factor"} <= set(tried["cause"])
    assert tried["fits"].iloc[0]
    # 101 / 100.5 by hand fits and stands first; 101 / 99 for twice the cash does not.
    assert tried.set_index("cause").loc["share_basis", "step"].tolist() == pytest.approx([101 / 100.5, 101 / 99])


def test_a_step_below_the_digits_is_said_to_be_untold():
    # 0.01 of 100 with whole dollars printed.
    lab = check_actions(bars_of(DAYS[:5], RAW[:5], (cash("2024-03-05", 0.01),)), series(DAYS[:5], RAW[:5]), decimals=0)
    assert [(step.agrees, step.is_telling) for step in lab.steps] == [(True, False)]
    assert {fact.label: fact.value for fact in lab.facts()}["Not told by the digits"] == 1


def test_numbers_of_thirty_two_bits_are_recognised_as_such():
    vendor = vendor_of((SPLIT, PAID), decimals=15).astype(np.float32).astype(float)
    lab = check_actions(bars_of(DAYS, RAW, (SPLIT, PAID)), vendor)
    assert lab.digits == "within the rounding of 32-bit numbers"
    assert lab.disagreements == ()


@pytest.mark.parametrize("number", [1, 2, 3, 10, 37])
def test_a_back_adjusted_oracle_of_ten_years_agrees_to_the_last_digit(number):
    # Splits, quarterly and special dividends of the generator, worked backwards; unrounded, so equal to 1e-12 a step.
    bars = iq.load_bars(f"SYN{number:03}")
    vendor, days = bars.close.copy(), bars.ts.astype("datetime64[D]")
    for day in sorted({action.ex_date for action in bars.actions}, reverse=True):
        row = int(np.searchsorted(days, np.datetime64(day)))
        here = [action for action in bars.actions if action.ex_date == day]
        ratio = float(np.prod([action.ratio for action in here if action.kind == "split"]))
        paid = sum(action.cash for action in here if action.cash)
        vendor[:row] *= (1 - paid * ratio / bars.close[row - 1]) / ratio
    lab = check_actions(bars, series(days.astype("datetime64[us]"), vendor))
    assert lab.disagreements == ()
    assert len(lab.steps) == len({action.ex_date for action in bars.actions})
    assert np.abs(lab.difference).max() < 1e-12


def test_a_table_with_ts_and_bars_of_the_vendor_are_read_too():
    bars = bars_of(DAYS, RAW, (SPLIT, PAID))
    vendor = vendor_of((SPLIT, PAID))
    framed = pd.DataFrame({"ts": vendor.index, "close": vendor.to_numpy()})
    assert check_actions(bars, framed).disagreements == ()
    assert check_actions(bars, bars_of(DAYS, vendor.to_numpy(), price_basis="vendor_total")).disagreements == ()


def test_what_cannot_be_compared_is_refused():
    bars = bars_of(DAYS, RAW, (SPLIT, PAID))
    with pytest.raises(DataError, match="basis total; load the raw series"):
        check_actions(bars.adjusted(), vendor_of(()))
    with pytest.raises(DataError, match="split- and dividend-adjusted by the vendor"):
        check_actions(bars_of(DAYS, RAW, price_basis="vendor_total"), vendor_of(()))
    with pytest.raises(DataError, match=r"0 day\(s\) are in both series"):
        check_actions(bars, series(["1999-01-04"], [1.0]))
    with pytest.raises(DataError, match="no column 'close'"):
        check_actions(bars, pd.DataFrame({"price": [1.0]}))
    with pytest.raises(DataError, match="more than once"):
        check_actions(bars, series([DAYS[0], DAYS[0]], [1.0, 1.0]))
    with pytest.raises(DataError, match="was list"):
        check_actions(bars, [1.0])


def test_every_form_states_the_disagreement():
    lab = check_actions(bars_of(DAYS, RAW, (SPLIT, PAID)), vendor_of((SPLIT, cash("2024-03-05", 0.50))))
    for form in (str(lab), lab._repr_html_()):
        assert "share_basis" in form
        assert "2024-03-05" in form
        assert "1.010101" not in form or "1.004975" in form
    assert lab.to_frame()["agrees"].tolist() == [False, True]
