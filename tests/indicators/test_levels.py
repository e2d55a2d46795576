import numpy as np
import pandas as pd
import pytest

from investiq.core.errors import DataError
from investiq.indicators.levels import donchian

BARS = pd.DataFrame({"high": [5.0, 7, 6, 4, 9], "low": [3.0, 4, 2, 3, 5], "close": [4.0, 6, 3, 4, 8]})


def test_the_channel_holds_the_current_bar():
    channel = donchian(BARS, 2)
    assert channel["upper"].to_list() == pytest.approx([np.nan, 7, 7, 6, 9], nan_ok=True)
    assert channel["lower"].to_list() == pytest.approx([np.nan, 3, 2, 2, 3], nan_ok=True)
    assert channel["middle"].to_list() == pytest.approx([np.nan, 5, 4.5, 4, 6], nan_ok=True)


def test_a_breakout_looks_at_the_channel_of_the_bars_before():
    channel = donchian(BARS, 2, exclude_current=True)
    assert channel["upper"].to_list() == pytest.approx([np.nan, np.nan, 7, 7, 6], nan_ok=True)
    assert channel["lower"].to_list() == pytest.approx([np.nan, np.nan, 3, 2, 2], nan_ok=True)
    assert (BARS["close"] > channel["upper"]).to_list() == [False, False, False, False, True]


def test_a_channel_of_one_bar_is_that_bar():
    assert donchian(BARS, 1)["upper"].to_list() == BARS["high"].to_list()


def test_a_channel_needs_highs_and_lows():
    with pytest.raises(DataError, match="Series lacks high, low"):
        donchian(BARS["close"])
