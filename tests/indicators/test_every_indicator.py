"""Laws that every public indicator obeys: a new one joins by being in its module's `__all__`."""

import importlib
import inspect
import pkgutil

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import investiq.indicators
from investiq.core.errors import ConfigError, DataError

PREFIXES = 12


def public_indicators():
    for module in pkgutil.iter_modules(investiq.indicators.__path__):
        home = importlib.import_module(f"investiq.indicators.{module.name}")
        yield from (getattr(home, name) for name in home.__all__)


INDICATORS = sorted(public_indicators(), key=lambda function: function.__name__)
every_indicator = pytest.mark.parametrize("indicator", INDICATORS, ids=lambda function: function.__name__)


def first_argument(indicator, frame):
    """What the indicator reads of the bars, by the name of its first parameter."""
    name = next(iter(inspect.signature(indicator).parameters))
    return frame if name == "bars" else frame[name]


def as_frame(result):
    return result.to_frame() if isinstance(result, pd.Series) else result


def assert_causal(indicator, frame, rows):
    whole = as_frame(indicator(first_argument(indicator, frame)))
    assert whole.index.equals(frame.index)
    for row in rows:
        past = as_frame(indicator(first_argument(indicator, frame.iloc[: row + 1])))
        np.testing.assert_allclose(past.iloc[-1], whole.iloc[row], rtol=1e-10, atol=1e-10, err_msg=f"row {row}")


def sampled_rows(size):
    """Rows at the start, where the windows fill, and anywhere after."""
    rng = np.random.default_rng(size)
    return np.r_[
        rng.choice(60, 5, replace=False), rng.choice(np.arange(60, size), PREFIXES - 6, replace=False), size - 1
    ]


def test_the_walk_finds_the_indicators():
    assert {"sma", "ema", "rsi", "macd", "bollinger", "atr", "adx", "donchian"} <= {f.__name__ for f in INDICATORS}


@every_indicator
def test_a_value_does_not_change_when_the_future_is_cut_off(indicator, sample):
    assert_causal(indicator, sample.frame, sampled_rows(len(sample)))


@every_indicator
def test_a_value_does_not_change_across_gaps_and_a_split(indicator, gapped):
    assert_causal(indicator, gapped, sampled_rows(len(gapped)))


@every_indicator
@given(
    moves=st.lists(st.sampled_from([-0.05, -0.01, 0.0, 0.0, 0.01, 0.05, np.nan]), min_size=70, max_size=110),
    cut=st.integers(0, 69),
)
def test_a_value_does_not_change_on_any_path(indicator, moves, cut):
    moves = np.array(moves)
    close = np.where(np.isnan(moves), np.nan, 50 * np.exp(np.nancumsum(moves)))
    frame = pd.DataFrame({"open": close, "high": close * 1.01, "low": close * 0.99, "close": close, "volume": 1000.0})
    assert_causal(indicator, frame, [cut])


@every_indicator
def test_a_gap_never_empties_what_follows(indicator, split_share, gapped):
    missing = gapped["close"].isna()
    result = as_frame(indicator(first_argument(indicator, gapped)))
    assert result[missing].isna().all(axis=None)
    assert result.iloc[-1].notna().all()
    without = as_frame(indicator(first_argument(indicator, split_share[~missing])))
    pd.testing.assert_frame_equal(result[~missing], without, rtol=1e-10)


@every_indicator
def test_arrays_give_the_same_values_as_labelled_data(indicator, sample):
    argument = first_argument(indicator, sample.frame)
    labelled = as_frame(indicator(argument))
    arrays = indicator(argument.to_numpy() if isinstance(argument, pd.Series) else sample)
    columns = arrays if isinstance(arrays, tuple) else (arrays,)
    assert all(type(column) is np.ndarray for column in columns)
    np.testing.assert_array_equal(np.column_stack(columns), labelled)
    if isinstance(arrays, tuple):
        assert list(arrays._fields) == list(labelled.columns)


@every_indicator
@pytest.mark.parametrize("size", [0, 1, 2, 13])
def test_a_short_series_gives_nan_and_no_error(indicator, split_share, size):
    result = as_frame(indicator(first_argument(indicator, split_share.iloc[:size])))
    assert result.shape[0] == size
    assert result.iloc[:1].isna().all(axis=None)


@every_indicator
def test_the_input_is_left_as_it_was(indicator, gapped):
    before = gapped.copy()
    indicator(first_argument(indicator, gapped))
    pd.testing.assert_frame_equal(gapped, before)


@every_indicator
@pytest.mark.parametrize("window", [0, -3, 2.0, True, "20", None, 1_000_000])
def test_a_window_that_is_no_number_of_bars_is_refused(indicator, split_share, window):
    name = "window" if "window" in inspect.signature(indicator).parameters else "slow"
    with pytest.raises(ConfigError, match=f"{name} must be a whole number of bars from"):
        indicator(first_argument(indicator, split_share), **{name: window})


@every_indicator
def test_what_is_no_price_is_refused_with_advice(indicator):
    with pytest.raises(DataError, match=r"must be .*(Series|Bars)"):
        indicator([1.0, 2.0, 3.0])
