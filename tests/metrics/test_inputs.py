"""What every metric refuses before it computes."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from investiq import load_bars
from investiq.core.errors import DataError, InsufficientDataError
from investiq.metrics.inputs import equity_values, name_of, paired, returns_of
from investiq.metrics.trades import win_rate

DAYS = pd.date_range("2024-01-02", periods=6, freq="B", tz="UTC")


@pytest.fixture
def daily():
    return pd.Series([0.01, -0.02, 0.0, 0.03, -0.01, 0.02], index=DAYS)


def test_returns_come_back_as_they_are(daily):
    np.testing.assert_array_equal(returns_of(daily), daily.to_numpy())
    np.testing.assert_array_equal(returns_of([0.5, -1.0]), [0.5, -1.0])  # type: ignore[arg-type]


def test_a_return_of_minus_one_hundred_percent_is_one():
    assert returns_of(np.array([0.1, -1.0]))[1] == -1.0


def test_one_return_above_one_hundred_percent_among_losses_is_a_return():
    assert returns_of(np.array([0.1, -0.5, 1.5, -0.2])).size == 4


def test_a_good_trader_of_a_few_years_has_not_passed_prices():
    assert returns_of(np.array([0.4, 1.2, 0.3])).size == 3


@pytest.mark.parametrize("prices", [[101.0, 102.5, 101.7], [1.0, 1.02, 0.97, 1.1], [2500.0]])
def test_prices_passed_for_returns_are_named(prices):
    with pytest.raises(DataError, match=r"look like prices or wealth.*pass prices\.pct_change\(\)\.iloc\[1:\]"):
        returns_of(np.array(prices))


def test_percents_that_lose_more_than_everything_are_named():
    with pytest.raises(DataError, match=r"the lowest is -1\.8, a return of -180 %; percents are divided by 100"):
        returns_of(np.array([0.4, -1.8, 0.9]))


def test_percents_without_such_a_loss_are_known_by_their_size():
    # 4 of 30 beyond 100 %, the others between -0.9 and 0.9.
    values = np.concatenate(([1.5, 2.1, 1.2, 1.1], np.tile([-0.9, 0.9], 13)))
    with pytest.raises(DataError, match="look like percents: 4 of 30 are beyond"):
        returns_of(values)


def test_one_in_twenty_beyond_one_hundred_percent_may_be_a_return_and_two_are_percents():
    values = np.concatenate(([1.5], np.tile([-0.9, 0.9], 10)[:19]))
    assert returns_of(values).size == 20
    with pytest.raises(DataError, match="look like percents: 2 of 20"):
        returns_of(np.concatenate((values[:-1], [1.2])))


def test_a_wealth_curve_that_never_rises_above_its_opening_is_not_returns():
    with pytest.raises(DataError, match="look like prices or wealth: 4 of 4 are positive and the largest is 1,"):
        returns_of(np.array([1.0, 0.98, 0.99, 0.97]))


def test_a_loss_of_a_little_more_than_everything_is_refused_and_rounding_is_not():
    assert returns_of(np.array([0.1, -1.0 - 1e-12])).size == 2
    with pytest.raises(DataError, match="lose more than everything"):
        returns_of(np.array([0.1, -1.001]))


def test_words_are_no_numbers():
    with pytest.raises(DataError, match="pnl must be numbers in one dimension"):
        win_rate(np.array(["won", "lost"]))  # type: ignore[arg-type]


def test_leading_gaps_come_with_their_count_and_cure(daily):
    daily.iloc[:2] = np.nan
    with pytest.raises(
        DataError, match=r"2 NaN of 6, in the first 2 rows \(as pct_change leaves them\); pass returns\.iloc\[2:\]"
    ):
        returns_of(daily)
    daily.iloc[1] = 0.0
    with pytest.raises(
        DataError, match=r"1 NaN of 6, in the first row \(as pct_change leaves it\); pass returns\.iloc\[1:\]"
    ):
        returns_of(daily)
    with pytest.raises(DataError, match=r"pass benchmark\[1:\]"):
        returns_of(daily.to_numpy(), "benchmark")


def test_a_gap_within_is_told_with_its_place(daily):
    daily.iloc[[3, 5]] = np.nan
    with pytest.raises(DataError, match="2 NaN of 6, the first at row 3"):
        returns_of(daily)


def test_infinite_returns_are_told_apart_from_missing_ones():
    with pytest.raises(DataError, match="1 infinite of 3, the first at row 1: a price of zero"):
        returns_of(np.array([0.1, np.inf, 0.2]))
    with pytest.raises(DataError, match="1 NaN and 1 infinite of 3"):
        returns_of(np.array([0.1, np.inf, np.nan]))


def test_nothing_but_gaps_is_said_so():
    with pytest.raises(DataError, match="nothing but 3 NaN: there is no return among 3"):
        returns_of(np.full(3, np.nan))


def test_too_few_are_told_with_needed_and_received():
    with pytest.raises(InsufficientDataError, match="skewness needs 3 returns, received 2"):
        returns_of(np.array([0.1, 0.2]), least=3, purpose="skewness")
    with pytest.raises(InsufficientDataError, match="needs 1 returns, received 0"):
        returns_of(np.array([]))


def test_other_shapes_and_kinds_are_refused(daily):
    with pytest.raises(DataError, match="2 dimensions, expected 1"):
        returns_of(daily.to_numpy()[None])
    with pytest.raises(DataError, match="must be numbers"):
        returns_of(np.array(["a", "b"]))  # type: ignore[arg-type]
    with pytest.raises(DataError, match="must ascend"):
        returns_of(daily[::-1])


def test_pairs_are_joined_by_time_and_never_by_position(daily):
    other = pd.Series([0.5, 0.4, 0.3], index=DAYS[[5, 1, 3]]).sort_index()
    mine, theirs = paired(daily, other)
    np.testing.assert_array_equal(mine, [-0.02, 0.03, 0.02])
    np.testing.assert_array_equal(theirs, [0.4, 0.3, 0.5])


def test_pairs_in_different_zones_meet_at_the_same_instant(daily):
    mine, theirs = paired(daily, daily.tz_convert("America/New_York"))
    np.testing.assert_array_equal(mine, theirs)


def test_arrays_pair_by_position_only_if_equally_long():
    assert paired(np.array([0.1, 0.2]), np.array([0.0, 0.1]))[1][1] == 0.1
    with pytest.raises(DataError, match="returns has 2 values and benchmark 1"):
        paired(np.array([0.1, 0.2]), np.array([0.0]))


def test_pairs_that_cannot_meet_are_refused(daily):
    with pytest.raises(DataError, match="no time in common"):
        paired(daily, daily.shift(30, freq="D"))
    with pytest.raises(DataError, match="give both UTC"):
        paired(daily, daily.tz_localize(None))
    with pytest.raises(DataError, match="returns has no times"):
        paired(daily.to_numpy(), daily)
    with pytest.raises(DataError, match="benchmark has no times"):
        paired(daily, daily.to_numpy())
    with pytest.raises(DataError, match="benchmark is indexed by int64"):
        paired(daily, daily.reset_index(drop=True))
    with pytest.raises(DataError, match=r"benchmark has the time 2024-01-02 .* twice"):
        paired(daily, pd.concat([daily.iloc[:1], daily]))


def test_gaps_outside_the_common_times_do_not_matter_and_inside_they_do(daily):
    gappy = daily.copy()
    gappy.iloc[0] = np.nan
    assert paired(daily.iloc[1:], gappy)[0].size == 5
    with pytest.raises(DataError, match="benchmark holds 1 NaN"):
        paired(daily, gappy)


def test_too_few_common_periods_are_told(daily):
    with pytest.raises(InsufficientDataError, match="beta needs 3 periods that fund and index share, received 2"):
        paired(daily, daily.iloc[:2], ("fund", "index"), least=3, purpose="beta")


def test_a_time_that_comes_twice_is_told_with_its_row(daily):
    # The index ascends, but row 2 repeats the time of row 1, 2024-01-03.
    doubled = daily.iloc[[0, 1, 1, 2, 3]]
    cure = r"\.index\.duplicated\(\)\]"
    for refusing in (returns_of, lambda series: paired(series, daily)):
        with pytest.raises(DataError, match=rf"returns has the time {DAYS[1]:%Y-%m-%d} .*again at row 2.*{cure}"):
            refusing(doubled)


def test_times_that_descend_are_told_with_the_first_row(daily):
    shuffled = daily.iloc[[0, 2, 1, 3]]
    for refusing in (returns_of, lambda series: paired(daily, series, ("mine", "returns"))):
        with pytest.raises(DataError, match=r"returns must ascend: row 2 .*pass returns\.sort_index\(\)"):
            refusing(shuffled)


def test_labels_that_are_no_times_may_repeat():
    assert returns_of(pd.Series([0.1, 0.2], index=[7, 7])).size == 2


def test_messages_about_one_series_are_in_the_singular():
    prices = np.array([100.0, 101.0, 102.0])
    with pytest.raises(DataError, match=r"^benchmark looks like prices"):
        returns_of(prices, "benchmark")
    with pytest.raises(DataError, match=r"^factor 'market' loses more"):
        returns_of(np.array([0.1, -1.5]), "factor 'market'")
    with pytest.raises(DataError, match=r"^benchmark looks like percents"):
        returns_of(np.array([-0.9, 1.5, 1.2] + [0.1] * 20), "benchmark")


def test_whatever_holds_the_series_is_answered_with_the_series():
    trades = pd.DataFrame({"entry": [1.0], "pnl": [2.0]})
    with pytest.raises(DataError, match=r"pnl .*was DataFrame: pass one column, such as result\.trades\['pnl'\]"):
        win_rate(trades)  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"pass one column, such as frame\['close'\]"):
        returns_of(pd.DataFrame({"close": [0.1]}))  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"pass returns, such as bars\.adjusted\(\)\.frame\['close'\]\.pct_change"):
        returns_of(load_bars("^GSPC", start="2018"))  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"pass result\.returns, with convention="):
        returns_of(SimpleNamespace(returns=[0.1]))  # type: ignore[arg-type]
    with pytest.raises(DataError, match="benchmark must be a series of returns, was the string 'SPY'"):
        paired(np.array([0.1]), "SPY")  # type: ignore[arg-type]


def test_a_series_whose_labels_are_words_of_ours_is_a_series():
    assert returns_of(pd.Series([0.1, 0.2], index=["adjusted", "returns"])).size == 2


def test_returns_passed_for_equity_are_refused_with_the_cure():
    # 0.02 opens above zero, -0.01 is the second of three points.
    with pytest.raises(
        DataError, match=r"below zero at point 1 of 3 \(-0\.01\): .*pass iq\.metrics\.wealth\(returns\)"
    ):
        equity_values(np.array([0.02, -0.01, 0.03]))
    with pytest.raises(DataError, match=r"opens at -0\.01; .*iq\.metrics\.wealth"):
        equity_values(np.array([-0.01, 0.02]))


def test_an_account_may_end_below_zero():
    np.testing.assert_array_equal(equity_values(np.array([100.0, 0.0, -5.0])), [100.0, 0.0, -5.0])


def test_a_known_account_may_fall_into_debt_and_recover():
    np.testing.assert_array_equal(equity_values(np.array([9.0, -1.0, 2.0]), is_account=True), [9.0, -1.0, 2.0])


def test_returns_are_named_by_their_symbol_and_not_by_the_column_of_prices():
    names = [name_of(pd.Series([0.01], name=name)) for name in ("fund", "close", "Adj Close", None)]
    assert names == ["fund", "returns", "returns", "returns"]
    assert name_of(np.array([0.01])) == "returns"
