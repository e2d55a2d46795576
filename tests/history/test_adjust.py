from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from investiq.core.errors import DataError
from investiq.history.adjust import Action, forward_factors

# Nine sessions of XNYS in a row: 2024-03-01 is a Friday, no holiday in between.
SESSIONS = np.array(
    [
        "2024-03-01",
        "2024-03-04",
        "2024-03-05",
        "2024-03-06",
        "2024-03-07",
        "2024-03-08",
        "2024-03-11",
        "2024-03-12",
        "2024-03-13",
    ],
    dtype="datetime64[D]",
)


def day(number):
    return SESSIONS[number].astype(date)


def split(when, ratio):
    return Action(kind="split", ex_date=when, ratio=ratio)


def cash(when, amount, **more):
    return Action(kind="dividend", ex_date=when, cash=amount, **more)


def codes(factors):
    return [note.code for note in factors.notes]


def test_factors_follow_the_worked_example():
    # Row 1: 100 / 99. Row 2: x 4. Row 4: 25.5 / 20.4 = 1.25. Row 6: x 0.1.
    # Row 8: 3:2 first, p = 212 / 1.5 = 141.3333, then p / (p - 0.4).
    close = np.array([100.0, 102.0, 25.0, 25.5, 20.8, 21.0, 211.0, 212.0, 141.0])
    actions = [
        cash(day(8), 0.40),
        split(day(8), 1.5),
        split(day(6), 0.1),
        Action(kind="special_dividend", ex_date=day(4), cash=5.10),
        split(day(2), 4.0),
        cash(day(1), 1.00),
    ]
    factors = forward_factors(SESSIONS, close, actions)
    total = [1, 1.0101010101, 4.0404040404, 4.0404040404, 5.0505050505, 5.0505050505, 0.5050505051, 0.5050505051]
    assert factors.total_factor == pytest.approx([*total, 0.7597259253], abs=6e-11)
    assert factors.split_factor == pytest.approx([1, 1, 4, 4, 4, 4, 0.4, 0.4, 0.6], rel=1e-15)
    # The last column of the same example: what a vendor would serve, back-adjusted to the last price.
    back_adjusted = close * factors.total_factor / factors.total_factor[-1]
    vendor = [131.626415, 135.615094, 132.955975, 135.615094, 138.274214, 139.603774, 140.268553, 140.933333, 141.0]
    assert back_adjusted == pytest.approx(vendor, abs=6e-7)


def test_a_cash_only_step_is_one_over_one_minus_dividend_by_prior_close():
    factors = forward_factors(SESSIONS[:2], np.array([50.0, 49.0]), [cash(day(1), 2.0)])
    assert factors.total_factor[1] == pytest.approx(1 / (1 - 2.0 / 50.0), rel=1e-15)
    assert factors.split_factor.tolist() == [1.0, 1.0]


def test_without_actions_both_factors_are_one():
    factors = forward_factors(SESSIONS, np.arange(1.0, 10.0), [])
    assert factors.split_factor.tolist() == factors.total_factor.tolist() == [1.0] * 9
    assert factors.notes == ()


def test_an_ex_date_on_a_weekend_takes_effect_at_the_next_bar_and_says_so():
    saturday = date(2024, 3, 2)
    factors = forward_factors(SESSIONS[:3], np.array([10.0, 5.0, 5.0]), [split(saturday, 2.0)])
    assert factors.split_factor.tolist() == [1.0, 2.0, 2.0]
    assert codes(factors) == ["ex_date_moved"]


def test_an_ex_date_without_a_bar_takes_effect_at_the_next_bar():
    # No bar on 2024-03-05: the dividend is set against the close of the 4th, 20: 20 / 19.
    days = SESSIONS[[0, 1, 3]]
    factors = forward_factors(days, np.array([21.0, 20.0, 19.0]), [cash(day(2), 1.0)])
    assert factors.total_factor == pytest.approx([1.0, 1.0, 20 / 19], rel=1e-15)
    assert codes(factors) == []


def test_a_prior_close_is_carried_through_the_splits_between():
    # No close on rows 1 and 2: 100, halved by the split of row 1, meets the dividend of row 3: 50 / 49.
    close = np.array([100.0, np.nan, np.nan, 49.0])
    factors = forward_factors(SESSIONS[:4], close, [split(day(1), 2.0), cash(day(3), 1.0)])
    assert factors.total_factor == pytest.approx([1.0, 2.0, 2.0, 2 * 50 / 49], rel=1e-15)


def test_two_ex_dates_that_meet_at_one_bar_apply_in_their_order():
    # 1.00 off 20 leaves 19; then 2:1 leaves 9.5; then 0.5 off 9.5. F = 20/19 x 2 x 9.5/9.
    days = SESSIONS[[0, 4]]
    actions = [cash(day(1), 1.0), split(day(2), 2.0), cash(day(3), 0.5)]
    factors = forward_factors(days, np.array([20.0, 9.0]), actions)
    assert factors.total_factor[1] == pytest.approx(20 / 19 * 2 * 9.5 / 9, rel=1e-15)


def test_an_old_prior_close_is_noted():
    # Between 2024-03-01 and the ex-date of 2024-03-11 lie five sessions.
    days = SESSIONS[[0, 6]]
    factors = forward_factors(days, np.array([20.0, 19.0]), [cash(day(6), 1.0)])
    assert codes(factors) == ["old_prior_close"]
    near = forward_factors(SESSIONS[[1, 6]], np.array([20.0, 19.0]), [cash(day(6), 1.0)])
    assert codes(near) == []


def test_an_action_at_or_before_the_first_bar_is_ignored_and_counted():
    factors = forward_factors(SESSIONS, np.ones(9), [split(day(0), 2.0), split(date(2020, 1, 2), 3.0)])
    assert factors.split_factor.tolist() == [1.0] * 9
    assert [(note.code, note.rows) for note in factors.notes] == [("action_before_first_bar", 2)]


def test_an_action_after_the_last_bar_leaves_no_trace():
    factors = forward_factors(SESSIONS[:3], np.ones(3), [split(day(5), 2.0)])
    assert factors.total_factor.tolist() == [1.0] * 3
    assert factors.notes == ()


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (split(day(1), 0.0), "ratio is 0.0"),
        (split(day(1), -2.0), "ratio is -2.0"),
        (Action(kind="split", ex_date=day(1)), "ratio is None"),
        (cash(day(1), 0.0), "cash is 0.0"),
        (cash(day(1), float("nan")), "cash is nan"),
        (cash(day(1), 10.0), "the prior close is only 10"),
        (cash(day(1), 1.0, currency="EUR"), "declared in EUR without an exchange rate to USD"),
    ],
)
def test_an_impossible_action_is_not_applied_and_blocks(action, words):
    factors = forward_factors(SESSIONS[:2], np.array([10.0, 10.0]), [action])
    assert factors.total_factor.tolist() == factors.split_factor.tolist() == [1.0, 1.0]
    (note,) = factors.notes
    assert (note.code, note.severity) == ("action_not_applied", "error")
    assert words in note.text


def test_cash_without_any_earlier_close_is_not_applied():
    factors = forward_factors(SESSIONS[:3], np.array([np.nan, np.nan, 9.0]), [cash(day(1), 1.0)])
    assert factors.total_factor.tolist() == [1.0] * 3
    assert codes(factors) == ["action_not_applied"]


def test_a_refused_dividend_leaves_the_split_of_its_date_in_force():
    factors = forward_factors(SESSIONS[:2], np.array([10.0, 5.0]), [split(day(1), 2.0), cash(day(1), 5.0)])
    assert factors.split_factor.tolist() == factors.total_factor.tolist() == [1.0, 2.0]


def test_a_quarter_of_the_price_is_applied_and_flagged():
    # 25 of 100: 100 / 75.
    factors = forward_factors(SESSIONS[:2], np.array([100.0, 75.0]), [cash(day(1), 25.0)])
    assert factors.total_factor[1] == pytest.approx(4 / 3, rel=1e-15)
    assert codes(factors) == ["large_dividend"]
    below = forward_factors(SESSIONS[:2], np.array([100.0, 75.0]), [cash(day(1), 24.99)])
    assert codes(below) == []


def test_payments_of_one_date_are_summed():
    # 1.00 and 4.00 on one date act as 5.00: 100 / 95.
    actions = [cash(day(1), 1.0), Action(kind="special_dividend", ex_date=day(1), cash=4.0)]
    factors = forward_factors(SESSIONS[:2], np.array([100.0, 95.0]), actions)
    assert factors.total_factor[1] == pytest.approx(100 / 95, rel=1e-15)


def test_cash_in_another_currency_uses_the_rate_of_the_action():
    # EUR 2.00 at 1.10 USD per EUR is 2.20: 100 / 97.8.
    action = cash(day(1), 2.0, currency="EUR", exchange_rate=1.10)
    factors = forward_factors(SESSIONS[:2], np.array([100.0, 98.0]), [action])
    assert factors.total_factor[1] == pytest.approx(100 / 97.8, rel=1e-15)


def test_a_stock_dividend_is_a_split_of_one_plus_its_rate():
    factors = forward_factors(
        SESSIONS[:2], np.array([105.0, 100.0]), [Action(kind="stock_dividend", ex_date=day(1), ratio=0.05)]
    )
    assert factors.split_factor.tolist() == factors.total_factor.tolist() == [1.0, 1.05]


def test_a_spin_off_with_a_value_acts_as_cash_and_leaves_the_split_factor():
    factors = forward_factors(
        SESSIONS[:2], np.array([50.0, 40.0]), [Action(kind="spin_off", ex_date=day(1), cash=10.0)]
    )
    assert factors.total_factor[1] == pytest.approx(1.25, rel=1e-15)
    assert factors.split_factor[1] == 1.0


@pytest.mark.parametrize("kind", ["spin_off", "rights", "merger", "unit_split", "redemption"])
def test_what_no_factor_can_express_is_flagged_and_not_adjusted(kind):
    factors = forward_factors(SESSIONS[:2], np.array([50.0, 40.0]), [Action(kind=kind, ex_date=day(1))])
    assert factors.total_factor.tolist() == [1.0, 1.0]
    assert [(note.code, note.severity) for note in factors.notes] == [("action_unadjusted", "caution")]


def test_a_symbol_change_needs_no_factor():
    factors = forward_factors(SESSIONS[:2], np.ones(2), [Action(kind="symbol_change", ex_date=day(1))])
    assert factors.total_factor.tolist() == [1.0, 1.0]
    assert factors.notes == ()


def test_intraday_bars_of_the_ex_date_all_carry_its_factor():
    days = SESSIONS[[0, 0, 1, 1, 2, 2]]
    close = np.array([10.0, 20.0, 19.0, 18.0, 17.0, 16.0])
    factors = forward_factors(days, close, [cash(day(1), 1.0)])
    # The close before the ex-date is the last bar's of the day before, 20, not the bar's own 19.
    assert factors.total_factor == pytest.approx([1, 1, *[20 / 19] * 4], rel=1e-15)


def test_lengths_and_order_are_checked():
    with pytest.raises(DataError, match="one length"):
        forward_factors(SESSIONS, np.ones(3), [])
    with pytest.raises(DataError, match="ascend"):
        forward_factors(SESSIONS[::-1], np.ones(9), [split(day(1), 2.0)])


# Random histories: about 40 calendar days of which some have bars, some closes missing, actions on any day.


@st.composite
def histories(draw, missing=True):
    start = date(2024, 1, 2)
    offsets = sorted(draw(st.sets(st.integers(0, 60), min_size=4, max_size=40)))
    days = np.array([start + timedelta(days=number) for number in offsets], dtype="datetime64[D]")
    price = st.floats(5.0, 500.0, allow_nan=False)
    gaps = st.one_of(price, st.just(float("nan"))) if missing else price
    close = np.array([draw(price), *(draw(gaps) for _ in offsets[1:])])
    actions = []
    for _ in range(draw(st.integers(0, 6))):
        when = start + timedelta(days=draw(st.integers(-2, 64)))
        if draw(st.booleans()):
            actions.append(split(when, draw(st.sampled_from([4.0, 1.5, 0.1, 2.0, 1.05]))))
        else:
            actions.append(cash(when, draw(st.floats(0.01, 2.0))))
    return days, close, actions


@given(histories())
def test_every_prefix_leaves_the_factors_unchanged(history):
    days, close, actions = history
    full = forward_factors(days, close, actions)
    for cut in range(1, days.size):
        part = forward_factors(days[:cut], close[:cut], actions)
        assert np.array_equal(part.split_factor, full.split_factor[:cut])
        assert np.array_equal(part.total_factor, full.total_factor[:cut])


def applied(days, actions):
    """Yield (row, ratio, cash) per ex-date inside the series, in order: an independent reading of the rule."""
    for when in sorted({action.ex_date for action in actions}):
        here = [action for action in actions if action.ex_date == when]
        rows = [row for row in range(days.size) if days[row] >= np.datetime64(when)]
        if np.datetime64(when) <= days[0] or not rows:
            continue
        ratio = float(np.prod([action.ratio for action in here if action.kind == "split"]))
        yield rows[0], ratio, sum(action.cash for action in here if action.kind == "dividend")


@given(histories())
def test_adjusted_wealth_is_that_of_a_holder_who_counts_shares(history):
    # One share at the first close; each dividend buys shares at the ex price, each split multiplies them.
    days, close, actions = history
    factors = forward_factors(days, close, actions)
    assume("action_not_applied" not in codes(factors))
    shares, last, events = 1.0, close[0], list(applied(days, actions))
    for row in range(days.size):
        for at, ratio, amount in events:
            if at == row:
                shares, last = shares * ratio, last / ratio
                shares, last = shares + shares * amount / (last - amount), last - amount
        if np.isfinite(close[row]):
            last = close[row]
            assert close[row] * factors.total_factor[row] == pytest.approx(shares * last, rel=1e-12)


@given(histories(missing=False))
def test_scaled_to_the_last_price_it_is_the_back_adjusted_series(history):
    # The vendors' way, from the end backwards: prices before an ex-date x (1 - D k / C_prev) / k. Vendors define it
    # for one action at a time that sees a fresh close, so two ex-dates at one bar are left out.
    days, close, actions = history
    events = list(applied(days, actions))
    assume(len({row for row, _, _ in events}) == len(events))
    factors = forward_factors(days, close, actions)
    assume("action_not_applied" not in codes(factors))
    vendor = close.copy()
    for row, ratio, amount in reversed(events):
        vendor[:row] *= (1 - amount * ratio / close[row - 1]) / ratio
    assert close * factors.total_factor / factors.total_factor[-1] == pytest.approx(vendor, rel=1e-12)


def test_a_holders_return_is_the_adjusted_one_less_the_dividend_share():
    # r_hold = (20.80 + 5.10) / 25.50 - 1 = 1.568627 %; adjusted r_hold / (1 - 0.2) = 1.960784 %.
    close = np.array([25.50, 20.80])
    factors = forward_factors(SESSIONS[:2], close, [cash(day(1), 5.10)])
    adjusted = close * factors.total_factor
    assert adjusted[1] / adjusted[0] - 1 == pytest.approx(0.0196078431, abs=1e-10)
    assert (adjusted[1] / adjusted[0] - 1) * 0.8 == pytest.approx((20.80 + 5.10) / 25.50 - 1, rel=1e-12)


@given(histories(), st.randoms(use_true_random=False))
def test_the_order_in_which_actions_are_given_changes_nothing(history, random):
    days, close, actions = history
    shuffled = random.sample(actions, len(actions))
    first, again = forward_factors(days, close, actions), forward_factors(days, close, shuffled)
    # One date's ratios may be multiplied, and its payments added, in another order.
    assert again.split_factor == pytest.approx(first.split_factor, rel=1e-14)
    assert again.total_factor == pytest.approx(first.total_factor, rel=1e-14)


@given(histories(), st.floats(0.01, 2.0))
def test_a_corrected_action_changes_factors_from_its_ex_date_on_only(history, amount):
    days, close, actions = history
    assume(actions)
    changed = cash(actions[-1].ex_date, amount)
    before = days < np.datetime64(changed.ex_date)
    old = forward_factors(days, close, actions)
    new = forward_factors(days, close, [*actions[:-1], changed])
    assert np.array_equal(old.total_factor[before], new.total_factor[before])
    assert np.array_equal(old.split_factor[before], new.split_factor[before])


def test_a_dividend_without_a_rate_leaves_the_split_view_alone():
    # DATA-78g: 2:1 stands, EUR 1.00 without a rate does not, and an error says so.
    actions = [split(day(1), 2.0), cash(day(1), 1.0, currency="EUR")]
    factors = forward_factors(SESSIONS[:2], np.array([10.0, 4.5]), actions)
    assert factors.split_factor.tolist() == factors.total_factor.tolist() == [1.0, 2.0]
    assert [(note.code, note.severity) for note in factors.notes] == [("action_not_applied", "error")]
