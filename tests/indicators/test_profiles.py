import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.indicators.profiles import rolling_volume_profile, volume_profile


def flat_bars(prices, volumes, low=0.0, high=10.0):
    """Bars at one price each, within a first bar without volume that spans low to high."""
    rows = [
        (high, low, low, 0.0),
        *((price, price, price, volume) for price, volume in zip(prices, volumes, strict=True)),
    ]
    return pd.DataFrame(rows, columns=["high", "low", "close", "volume"])


def spread_by_overlap(bars, edges):
    """The same volumes from the overlap of each bar with each bucket, as a matrix."""
    high, low, volume = (bars[name].to_numpy()[:, None] for name in ("high", "low", "volume"))
    overlap = np.clip(np.minimum(high, edges[1:]) - np.maximum(low, edges[:-1]), 0, None)
    return (overlap / (high - low) * volume).sum(axis=0)


def test_a_bar_spreads_its_volume_evenly_over_its_range():
    # 40 shares from 10 to 14: 10 a bucket; 20 from 11 to 12: all in the second; 6 from 12.5 to 13.5: 3 and 3.
    bars = pd.DataFrame({"high": [14.0, 12, 13.5], "low": [10.0, 11, 12.5], "close": 12.0, "volume": [40.0, 20, 6]})
    profile = volume_profile(bars, buckets=4, window=3)
    assert profile.edges.tolist() == [10, 11, 12, 13, 14]
    assert profile.volumes.tolist() == pytest.approx([10, 30, 13, 13])


def test_volumes_agree_with_the_overlap_of_each_bar(split_share):
    profile = volume_profile(split_share, buckets=20, window=120)
    last = split_share.iloc[-120:]
    assert (profile.edges[0], profile.edges[-1]) == pytest.approx((last["low"].min(), last["high"].max()))
    np.testing.assert_allclose(profile.volumes, spread_by_overlap(last, profile.edges), rtol=1e-9)
    assert profile.volumes.sum() == pytest.approx(last["volume"].sum())


def test_a_bar_at_one_price_lies_in_one_bucket_and_the_top_in_the_last():
    # Buckets of 2 from 0 to 10; a price on an edge belongs to the bucket above it.
    profile = volume_profile(flat_bars([2.0, 5.0, 10.0], [1, 2, 4]), buckets=5, window=4)
    assert profile.volumes.tolist() == [0, 1, 2, 0, 4]


def test_the_value_area_grows_towards_the_fuller_neighbour():
    # 70 % of 100 is 70. From 40: above 20 > below 15 -> 60; below 15 > above 5 -> 75.
    profile = volume_profile(flat_bars([1.0, 3, 5, 7, 9], [20, 15, 40, 20, 5]), buckets=5, window=6)
    assert profile.poc == 5
    assert (profile.value_area_low, profile.value_area_high) == (2, 8)


def test_the_value_area_stops_at_exactly_seventy_percent():
    profile = volume_profile(flat_bars([1.0, 3, 5, 7, 9], [10, 10, 40, 30, 10]), buckets=5, window=6)
    assert (profile.value_area_low, profile.value_area_high) == (4, 8)


def test_the_value_area_takes_the_lower_of_two_equal_neighbours():
    profile = volume_profile(flat_bars([1.0, 3, 5, 7, 9], [0, 20, 60, 20, 0]), buckets=5, window=6)
    assert (profile.value_area_low, profile.value_area_high) == (2, 6)


def test_the_value_area_grows_on_one_side_where_the_other_has_ended():
    # From 35 at the bottom: 30, then 20 are above; nothing is below.
    profile = volume_profile(flat_bars([1.0, 3, 5, 7, 9], [35, 30, 20, 10, 5]), buckets=5, window=6)
    assert (profile.poc, profile.value_area_low, profile.value_area_high) == (1, 0, 6)
    mirrored = volume_profile(flat_bars([1.0, 3, 5, 7, 9], [5, 10, 20, 30, 35]), buckets=5, window=6)
    assert (mirrored.poc, mirrored.value_area_low, mirrored.value_area_high) == (9, 4, 10)


def test_of_several_fullest_buckets_the_one_nearest_to_the_middle_controls():
    assert volume_profile(flat_bars([1.0, 3, 7], [30, 30, 5]), buckets=5, window=4).poc == 3
    # One bucket from the middle on either side: the lower.
    assert volume_profile(flat_bars([3.0, 7], [30, 30]), buckets=5, window=3).poc == 3


def test_bars_of_one_shape_control_the_middle_whatever_the_rounding():
    # Every bucket holds the same but for the last digits.
    bars = pd.DataFrame({"high": 10.3, "low": 10.1, "close": 10.2, "volume": np.full(50, 1e9 / 7)})
    assert volume_profile(bars, buckets=7, window=50).poc == pytest.approx(10.2)


def test_rounding_decides_between_no_two_buckets():
    # 0.1 + 0.2 is 0.30000000000000004, more than 0.3 and the same volume.
    assert volume_profile(flat_bars([1.0, 1, 5], [0.1, 0.2, 0.3]), buckets=5, window=4).poc == 5
    profile = volume_profile(flat_bars([3.0, 7, 7, 5], [0.3, 0.1, 0.2, 1.0]), buckets=5, window=5)
    assert (profile.value_area_low, profile.value_area_high) == (2, 6)


def test_support_is_the_fullest_bucket_below_the_close_and_resistance_above():
    # Centres 1, 3, 5, 7, 9; the close of 5.5 lies in the third, whose centre is below it.
    bars = flat_bars([1.0, 3, 5, 7, 9, 5.5], [30, 5, 8, 5, 20, 0])
    levels = rolling_volume_profile(bars, window=7, buckets=5).iloc[-1]
    assert (levels["support"], levels["resistance"]) == (1, 9)


def test_the_nearer_of_equal_levels_counts():
    bars = flat_bars([1.0, 3, 7, 9, 5], [20, 20, 20, 20, 0])
    levels = rolling_volume_profile(bars, window=6, buckets=5).iloc[-1]
    assert (levels["support"], levels["resistance"]) == (3, 7)


def test_a_side_without_volume_has_no_level():
    levels = rolling_volume_profile(flat_bars([7.0, 3, 3], [5, 4, 0]), window=4, buckets=5).iloc[-1]
    # The close is at the centre of its own bucket, which is on neither side.
    assert np.isnan(levels["support"])
    assert levels["resistance"] == 7


def test_every_row_is_the_profile_of_its_own_window(split_share):
    rows = rolling_volume_profile(split_share, window=60, buckets=12)
    for row in (59, 60, 233, 399):
        alone = volume_profile(split_share.iloc[: row + 1], buckets=12, window=60)
        found = rows.iloc[row][["poc", "value_area_low", "value_area_high"]].to_list()
        assert found == pytest.approx([alone.poc, alone.value_area_low, alone.value_area_high], rel=1e-12)


def test_the_value_area_holds_its_share_and_none_of_its_edges_is_spare(split_share):
    for end in range(130, 400, 30):
        profile = volume_profile(split_share.iloc[:end])
        table = profile.to_frame()
        inside = table.loc[table["in_value_area"], "volume"]
        assert profile.value_area_low < profile.poc < profile.value_area_high
        assert inside.sum() >= 0.7 * table["volume"].sum()
        assert inside.sum() - max(inside.iloc[0], inside.iloc[-1]) < 0.7 * table["volume"].sum()


def test_a_price_that_stood_still_is_its_own_point_of_control():
    bars = pd.DataFrame({"high": 5.0, "low": 5.0, "close": 5.0, "volume": np.full(4, 3.0)})
    assert rolling_volume_profile(bars, window=4).iloc[-1].to_list() == pytest.approx(
        [5, 5, 5, np.nan, np.nan], nan_ok=True
    )
    with pytest.raises(DataError, match="the last 4 bars stand at one price"):
        volume_profile(bars, window=4)


def test_a_window_without_a_trade_has_no_profile():
    bars = flat_bars([1.0, 3, 5], [0, 0, 0])
    assert rolling_volume_profile(bars, window=4).isna().all(axis=None)
    with pytest.raises(DataError, match="the last 4 bars traded nothing"):
        volume_profile(bars, window=4)


def test_too_few_bars_are_refused_with_both_numbers(split_share):
    gapped = split_share.iloc[:121].copy()
    gapped.iloc[[3, 4]] = np.nan
    with pytest.raises(InsufficientDataError, match="120 bars received 119"):
        volume_profile(gapped)


@pytest.mark.parametrize("buckets", [1, 0, 2.0, True, "20", None, 10_001])
def test_buckets_that_are_no_whole_number_are_refused(split_share, buckets):
    for function in (volume_profile, rolling_volume_profile):
        with pytest.raises(ConfigError, match="buckets must be a whole number from 2 to 10,000"):
            function(split_share, buckets=buckets)


def test_a_panel_is_refused_as_one_profile(panel):
    with pytest.raises(DataError, match=r"describes one symbol.*panel\.bars\(symbol\)"):
        volume_profile(panel)


def test_the_window_comes_second_and_the_volume_is_told_without_rounding():
    # Sixty sixtieths of a trillion, spread over 20 buckets: the sum is 1 trillion but for the last digits.
    bars = pd.DataFrame({"high": 21.0, "low": 1.0, "close": 5.0, "volume": np.full(70, 1e12 / 60)})
    profile = volume_profile(bars, 60)
    assert (profile.window, profile.volumes.size) == (60, 20)
    assert "  1,000,000,000,000  of the window" in str(profile)


def test_a_profile_states_its_data_and_levels():
    profile = volume_profile(iq.load_bars("SYN001").adjusted())
    text = str(profile)
    assert profile.title == "Volume profile of SYN001, 120 bars"
    assert "[SYNTHETIC]" in text
    assert "20 equal buckets" in text
    assert {fact.label for fact in profile.facts()} >= {"Point of control", "Value area low", "Value area high"}
    assert any(fact.label == "SHA-256" for fact in profile.provenance())
