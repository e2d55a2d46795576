import numpy as np
import pandas as pd
import pytest

from investiq.core.errors import ConfigError
from investiq.indicators.ichimoku_cloud import ichimoku


def rising(count):
    """High one above the number of the row, low one below."""
    price = pd.Series(np.arange(float(count)))
    return pd.DataFrame({"high": price + 1, "low": price - 1, "close": price})


def test_lines_on_a_straight_rise():
    # A midpoint of n bars lags a line by (n - 1) / 2: 4, 12.5, 25.5. Cloud of row 100 under row 126.
    last = ichimoku(rising(127)).iloc[-1]
    assert last["tenkan"] == 126 - 4
    assert last["kijun"] == 126 - 12.5
    assert last["span_a"] == 100 - (4 + 12.5) / 2
    assert last["span_b"] == 100 - 25.5
    assert last["future_a"] == 126 - (4 + 12.5) / 2
    assert last["future_b"] == 126 - 25.5


@pytest.mark.parametrize(("displacement", "needed"), [(26, 78), (25, 77)])
def test_a_whole_cloud_needs_its_windows_and_the_displacement(displacement, needed):
    assert ichimoku(rising(needed), displacement=displacement).iloc[-1].notna().all()
    assert ichimoku(rising(needed - 1), displacement=displacement)["span_b"].isna().all()


def test_no_line_has_a_value_before_its_window_is_full():
    first = ichimoku(rising(100)).apply(pd.Series.first_valid_index)
    assert first.to_dict() == {
        "tenkan": 8,
        "kijun": 25,
        "span_a": 25 + 26,
        "span_b": 51 + 26,
        "future_a": 25,
        "future_b": 51,
    }


def test_lines_agree_with_pandas(split_share):
    def midpoint(window):
        return (split_share["high"].rolling(window).max() + split_share["low"].rolling(window).min()) / 2

    expected = pd.DataFrame(
        {
            "tenkan": midpoint(9),
            "kijun": midpoint(26),
            "span_a": ((midpoint(9) + midpoint(26)) / 2).shift(26),
            "span_b": midpoint(52).shift(26),
            "future_a": (midpoint(9) + midpoint(26)) / 2,
            "future_b": midpoint(52),
        }
    )
    pd.testing.assert_frame_equal(ichimoku(split_share), expected, rtol=1e-13)


def test_the_cloud_drawn_ahead_is_the_one_that_arrives(split_share):
    lines = ichimoku(split_share, displacement=10)
    pd.testing.assert_series_equal(lines["future_a"].shift(10), lines["span_a"], check_names=False)
    pd.testing.assert_series_equal(lines["future_b"].shift(10), lines["span_b"], check_names=False)


def test_the_lagging_line_of_charts_is_no_column(split_share):
    assert "chikou" not in ichimoku(split_share)


def test_windows_that_do_not_ascend_are_refused():
    with pytest.raises(ConfigError, match="must ascend, were 26, 9 and 52"):
        ichimoku(rising(100), tenkan=26, kijun=9)
    with pytest.raises(ConfigError, match="displacement must be a whole number of bars from 1"):
        ichimoku(rising(100), displacement=0)
