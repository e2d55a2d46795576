import numpy as np
import pandas as pd
import pytest
import talib
import talib.abstract

from investiq.core.errors import ConfigError
from investiq.indicators.candles import TALIB_PATTERNS, CandlePatterns, candle_patterns

# Against their own trend in colour, so that the march patterns stay out.
FALL = [(close - 1, close + 0.5, close - 1.5, close) for close in range(30, 20, -1)]  # closes 30 to 21
RISE = [(close + 1, close + 1.5, close - 0.5, close) for close in range(12, 22)]  # closes 12 to 21


def last(*candles, before=FALL):
    """The patterns at the last of the candles (open, high, low, close), those that are there."""
    frame = pd.DataFrame([*before, *candles], columns=["open", "high", "low", "close"], dtype=float)
    found = candle_patterns(frame).iloc[-1]
    assert found.notna().all()
    return found[found != 0].to_dict()


def test_a_doji_has_a_body_below_a_tenth_of_its_range():
    # Range 10, both shadows long; body 0.9, then exactly a tenth of 8 (0.5 and 5 are exact in binary).
    assert last((20, 25, 15, 20.9)) == {"doji": 0.5}
    assert last((20, 22.5, 17.5, 20.5)) == {}


def test_a_doji_takes_no_side():
    assert last((20, 25, 15, 20.9)) == last((20.9, 25, 15, 20)) == {"doji": 0.5}


def test_a_hammer_hangs_below_after_a_fall():
    # Body 1 of range 4.25, lower shadow 3, upper 0.25: min(3, 5) / 5.
    assert last((20, 21.25, 17, 21)) == {"hammer": pytest.approx(0.6)}
    assert last((21, 21.25, 17, 20)) == {"hammer": pytest.approx(0.6)}


def test_the_same_shape_after_a_rise_is_a_hanging_man():
    assert last((20, 21.25, 17, 21), before=RISE) == {"hanging_man": pytest.approx(-0.6)}


def test_a_shadow_counts_up_to_five_bodies():
    # Body 1 of range 8.25: shadow 7.
    assert last((20, 21.25, 13, 21)) == {"hammer": 1.0}


@pytest.mark.parametrize(
    "candle",
    [
        (20, 25.5, 12, 24),  # lower shadow of exactly two bodies: 8 of 4
        (20, 21.5, 17, 21),  # upper shadow of exactly half a body
        (20, 21.1, 17.9, 21),  # body 1 of range 3.2 is not below 0.3
    ],
)
def test_a_near_miss_is_no_hammer(candle):
    assert last(candle) == {}


def test_a_hammer_with_no_body_is_a_doji():
    assert last((21, 21.25, 17, 21)) == {"doji": 0.5}


def test_an_inverted_hammer_stands_above_after_a_fall():
    assert last((20, 24, 19.75, 21)) == {"inverted_hammer": pytest.approx(0.6)}
    assert last((21, 25.25, 19.75, 20)) == {"inverted_hammer": pytest.approx(0.85)}


@pytest.mark.parametrize(
    "candle",
    [
        (20, 32, 18.5, 24),  # upper shadow of exactly two bodies: 8 of 4
        (20, 24, 19.5, 21),  # lower shadow of exactly half a body
        (20, 23.1, 19.9, 21),  # body 1 of range 3.2 is not below 0.3
    ],
)
def test_a_near_miss_is_no_inverted_hammer(candle):
    assert last(candle) == {}


def test_the_same_shape_after_a_rise_is_a_shooting_star():
    assert last((20, 24, 19.75, 21), before=RISE) == {"shooting_star": pytest.approx(-0.6)}


def test_without_a_trend_a_hammer_is_neither():
    flat = [(20, 20.5, 19.5, 20.25)] * 10
    assert last((20, 21.25, 17, 21), before=flat) == {}


def test_the_trend_is_that_before_the_bar_not_the_bar_itself():
    # The hammer closes at 30, above all ten closes before it: the fall came first all the same.
    assert last((29, 30.25, 26, 30)) == {"hammer": pytest.approx(0.6)}


@pytest.mark.parametrize(
    ("candle", "strength"),
    [
        ((19, 22.5, 18.5, 22.25), 0.8125),  # body 3.25 over 2
        ((18, 23.5, 17.5, 23), 1.0),  # body 5: more than twice
        ((19.5, 22.5, 19, 22.5), 0.75),  # one edge shared
    ],
)
def test_a_white_body_engulfs_a_black_one(candle, strength):
    # Black from 21.5 down to 19.5, body 2.
    assert last((21.5, 22, 19, 19.5), candle) == {"engulfing": pytest.approx(strength)}


def test_a_black_body_engulfs_a_white_one():
    assert last((19.5, 22, 19, 21.5), (22, 22.5, 18, 19)) == {"engulfing": pytest.approx(-0.75)}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((21.5, 22, 19, 19.5), (19.5, 22, 19, 21.5)),  # the same body
        ((21.5, 22, 19, 19.5), (19.6, 23, 19, 22.5)),  # the lower edge stays free
        ((19.5, 22, 19, 21.5), (19, 22.5, 18.5, 22.25)),  # white in white
        ((20, 22, 18, 20), (19, 22, 18.5, 21.5)),  # nothing to engulf
    ],
)
def test_a_near_miss_is_no_engulfing(first, second):
    assert "engulfing" not in last(first, second)


def test_a_piercing_line_wins_back_more_than_half():
    # Black 22 to 18 (low 17.5); open 17, close 21: (21 - 18) / 4.
    assert last((22, 22.5, 17.5, 18), (17, 21.5, 16.5, 21)) == {"piercing": pytest.approx(0.75)}


@pytest.mark.parametrize(
    "second",
    [
        (17.5, 21.5, 16.5, 21),  # opens at the low, not below
        (17, 21.5, 16.5, 20),  # closes at the middle
        (17, 22.5, 16.5, 22),  # closes at the open: it engulfs
    ],
)
def test_a_near_miss_is_no_piercing_line(second):
    assert "piercing" not in last((22, 22.5, 17.5, 18), second)


def test_a_dark_cloud_takes_back_more_than_half():
    # White 18 to 22 (high 22.5); open 23, close 19: (19 - 22) / 4.
    assert last((18, 22.5, 17.5, 22), (23, 23.5, 18.5, 19)) == {"dark_cloud": pytest.approx(-0.75)}


@pytest.mark.parametrize("second", [(22.5, 23.5, 18.5, 19), (23, 23.5, 18.5, 20), (23, 23.5, 17.5, 18)])
def test_a_near_miss_is_no_dark_cloud(second):
    assert "dark_cloud" not in last((18, 22.5, 17.5, 22), second)


def test_a_morning_star_turns_up_around_a_small_body():
    # Black 24 to 20; a body of 1 < 0.3 x 4; white, closing above 22.
    assert last((24, 24.5, 19.5, 20), (19, 20.25, 18, 20), (20.5, 23, 20, 22.5))["morning_star"] == 0.8


@pytest.mark.parametrize(
    ("second", "third"),
    [
        ((18.75, 20.25, 18, 20), (20.5, 23, 20, 22.5)),  # a body of 1.25 is not below 0.3 x 4
        ((19, 20.25, 18, 20), (20.5, 23, 20, 22)),  # closes at the middle
        ((19, 20.25, 18, 20), (23, 23.5, 22, 22.5)),  # black
    ],
)
def test_a_near_miss_is_no_morning_star(second, third):
    assert "morning_star" not in last((24, 24.5, 19.5, 20), second, third)


def test_a_middle_body_of_exactly_three_tenths_is_no_star():
    assert "morning_star" not in last((30, 30.5, 19.5, 20), (19, 22.25, 18, 22), (20.5, 29, 20, 28))
    assert "morning_star" in last((30, 30.5, 19.5, 20), (19, 22.25, 18, 21.75), (20.5, 29, 20, 28))


def test_a_star_needs_a_first_body_of_the_other_side():
    assert "morning_star" not in last((20, 24.5, 19.5, 24), (24.5, 25, 24, 24.75), (23, 25.5, 22.5, 25))


def test_an_evening_star_turns_down_around_a_small_body():
    assert last((20, 24.5, 19.5, 24), (24, 26, 23.75, 25), (23.5, 24, 21, 21.5))["evening_star"] == -0.8


SOLDIERS = [(20, 22.25, 19.75, 22), (21, 23.25, 20.75, 23), (22, 24.25, 21.75, 24)]
CROWS = [(24, 24.25, 21.75, 22), (23, 23.25, 20.75, 21), (22, 22.25, 19.75, 20)]


def test_three_white_soldiers_march_up():
    assert last(*SOLDIERS) == {"three_white_soldiers": 0.8}


def test_three_black_crows_come_down():
    assert last(*CROWS) == {"three_black_crows": -0.8}


@pytest.mark.parametrize(
    ("row", "candle"),
    [
        (2, (23.5, 24.25, 21.75, 24)),  # opens above the body before
        (2, (20.5, 24.25, 20.25, 24)),  # opens below it
        (2, (22, 24.25, 21.75, 23)),  # closes no higher
        (2, (22.5, 24.25, 20.75, 21.5)),  # black
        (0, (22.5, 22.75, 19.75, 20)),  # the first is black
    ],
)
def test_a_near_miss_is_no_march(row, candle):
    candles = list(SOLDIERS)
    candles[row] = candle
    assert "three_white_soldiers" not in last(*candles)
    mirror = [(44 - o, 44 - low, 44 - high, 44 - close) for o, high, low, close in candles]
    assert "three_black_crows" not in last(*mirror)


def test_the_second_of_a_march_opens_inside_the_first():
    assert "three_white_soldiers" not in last(SOLDIERS[0], (22.25, 23.25, 22, 23), (22.5, 24.25, 22.25, 24))
    # Both edges of the body are inside it.
    assert "three_white_soldiers" in last(SOLDIERS[0], (22, 23.25, 21.75, 23), (22, 24.25, 21.75, 24))


def test_a_mirrored_market_shows_mirrored_patterns(split_share):
    prices = split_share[["open", "high", "low", "close"]]
    mirror = 2000 - prices.rename(columns={"high": "low", "low": "high"})
    plain, mirrored = candle_patterns(prices), candle_patterns(mirror)
    twins = {
        "hammer": "shooting_star",
        "inverted_hammer": "hanging_man",
        "piercing": "dark_cloud",
        "morning_star": "evening_star",
        "three_white_soldiers": "three_black_crows",
        "engulfing": "engulfing",
    }
    for one, other in twins.items():
        assert (plain[one] != 0).sum() > 0
        np.testing.assert_allclose(mirrored[other], -plain[one], rtol=1e-6, err_msg=one)
        np.testing.assert_allclose(mirrored[one], -plain[other], rtol=1e-6, err_msg=other)
    np.testing.assert_array_equal(mirrored["doji"], plain["doji"])


def test_bars_at_one_price_show_no_pattern():
    frame = pd.DataFrame({"open": 5.0, "high": 5.0, "low": 5.0, "close": np.full(20, 5.0)})
    assert (candle_patterns(frame).iloc[-1] == 0).all()


def test_a_pattern_is_unknown_until_its_bars_are_there(split_share):
    first = candle_patterns(split_share).apply(pd.Series.first_valid_index)
    rows = {name: split_share.index.get_loc(stamp) for name, stamp in first.items()}
    trend = dict.fromkeys(("hammer", "hanging_man", "inverted_hammer", "shooting_star"), 10)
    two = dict.fromkeys(("engulfing", "piercing", "dark_cloud"), 1)
    three = dict.fromkeys(("morning_star", "evening_star", "three_white_soldiers", "three_black_crows"), 2)
    assert rows == {"doji": 0, **trend, **two, **three}


def test_strengths_stay_between_minus_one_and_one(sample):
    values = np.column_stack(candle_patterns(sample))
    assert np.nanmin(values) >= -1
    assert np.nanmax(values) <= 1


def test_what_talib_says_can_be_asked_for(sample):
    patterns = candle_patterns(sample.frame, definition="talib")
    prices = [getattr(sample, name) for name in ("open", "high", "low", "close")]
    assert len(TALIB_PATTERNS) == len(CandlePatterns._fields)
    fired = 0
    for name, (function, _) in zip(CandlePatterns._fields, TALIB_PATTERNS, strict=True):
        expected = getattr(talib, function)(*prices)
        fired += bool(expected.any())
        known = talib.abstract.Function(function).lookback
        assert patterns[name].iloc[:known].isna().all()
        np.testing.assert_array_equal(patterns[name].iloc[known:] * 100, expected[known:], err_msg=name)
    assert fired >= 11


def test_engulfing_agrees_with_talib_where_both_bars_have_bodies(sample):
    ours, theirs = candle_patterns(sample.frame), candle_patterns(sample.frame, definition="talib")
    body = sample.close != sample.open
    both = body & np.append(False, body[:-1])
    both[:2] = False  # TA-Lib starts at the third bar
    np.testing.assert_array_equal(np.sign(ours["engulfing"])[both], np.sign(theirs["engulfing"])[both])


@pytest.mark.parametrize("pattern", ["piercing", "dark_cloud"])
def test_what_pierces_for_talib_pierces_here(sample, pattern):
    # TA-Lib asks for long bodies on top of the same shape.
    ours, theirs = candle_patterns(sample.frame)[pattern], candle_patterns(sample.frame, definition="talib")[pattern]
    fires = theirs.fillna(0) != 0
    assert fires.sum() > 5
    assert (np.sign(ours[fires]) == np.sign(theirs[fires])).all()


def test_an_unknown_definition_is_refused(sample):
    with pytest.raises(ConfigError, match="definition must be 'investiq' or 'talib', was 'nison'"):
        candle_patterns(sample, definition="nison")
