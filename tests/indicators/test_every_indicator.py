"""Laws that every public indicator obeys: a new one joins by being in its module's `__all__`.

What an indicator needs beyond that stands in the tables below.
"""

import importlib
import inspect
import pkgutil

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import investiq as iq
import investiq.indicators
from investiq.core.errors import ConfigError, DataError
from investiq.indicators.state_space import Variances

PREFIXES = 12

# Arguments without a default, by indicator, as a function of the bars (a DataFrame): a Series
# that it returns is cut with the bars, and handed over as an array where they are arrays.
EXTRA = {
    **dict.fromkeys(
        ("local_level", "local_linear_trend", "signal_frame"),
        lambda frame: {"variances": Variances(observation=1e-5, level=1e-4)},
    ),
    "divergence": lambda frame: {"oscillator": frame["volume"]},
    "relative_strength": lambda frame: {"benchmark": frame["open"]},
    "historical_volatility": lambda frame: {"periods_per_year": 252},
    "anchored_vwap": lambda frame: {"anchor": ["2000-03-10", "2009-03-09", "2015-02-02", "2016-01-04"]},
}
# Columns of events: they may be NaN in any row, the last included.
SPARSE = {
    *("divergence", "macd_divergence", "rsi_divergence", "support_resistance", "swing_points"),
    "rolling_volume_profile",
}
# Indicators that have a value at the first bar.
FROM_THE_FIRST_BAR = {
    "accumulation_distribution",
    "butterworth",
    "candle_patterns",
    "obv",
    "relative_strength",
    "signal_frame",
}
# Public functions that return no series, such as a likelihood.
NO_SERIES = {"fit_local_level", "fit_local_linear_trend", "kalman_log_likelihood", "volume_profile"}
# Refuses daily bars; its laws stand in its own test.
INTRADAY_ONLY = {"session_vwap"}
# Take Bars alone, for their calendar and known times; their laws stand in their own test.
BARS_ONLY = {"feature_table", "on_timeframe", "timeframe_alignment"}
# The parameter that takes a number of bars, where it is not `window`; None if there is none.
WINDOW_PARAMETER = {
    "accumulation_distribution": None,
    "anchored_vwap": None,
    "butterworth": None,
    "candle_patterns": "trend_window",
    "floor_pivots": None,
    "ichimoku": "span_b",
    "true_range": None,
    "macd": "slow",
    "obv": None,
    "swing_points": "left",
}


def public_indicators():
    for module in pkgutil.iter_modules(investiq.indicators.__path__):
        home = importlib.import_module(f"investiq.indicators.{module.name}")
        for name in home.__all__:
            if inspect.isfunction(public := getattr(home, name)) and name not in NO_SERIES | INTRADAY_ONLY | BARS_ONLY:
                yield public


INDICATORS = sorted(public_indicators(), key=lambda function: function.__name__)
every_indicator = pytest.mark.parametrize("indicator", INDICATORS, ids=lambda function: function.__name__)


def name_of_first(indicator):
    """The name of the first parameter: `bars`, or the column that it takes."""
    return next(iter(inspect.signature(indicator).parameters))


def extra_arguments(indicator, frame):
    return EXTRA[indicator.__name__](frame) if indicator.__name__ in EXTRA else {}


def on_frame(indicator, frame, **arguments):
    """What the indicator says of labelled bars, as a DataFrame."""
    name = name_of_first(indicator)
    result = indicator(frame if name == "bars" else frame[name], **extra_arguments(indicator, frame), **arguments)
    return result.to_frame() if isinstance(result, pd.Series) else result


def as_columns(result):
    return result if isinstance(result, tuple) else (result,)


def refusal(indicator, frame):
    """What an indicator, an intraday one included, says against a frame, whichever way it takes it."""
    name = name_of_first(indicator)
    with pytest.raises(DataError) as raised:
        indicator(frame if name == "bars" else frame[name], **extra_arguments(indicator, frame))
    return str(raised.value)


def assert_causal(indicator, frame, rows):
    whole = on_frame(indicator, frame)
    assert whole.index.equals(frame.index)
    for row in rows:
        past = on_frame(indicator, frame.iloc[: row + 1])
        np.testing.assert_allclose(past.iloc[-1], whole.iloc[row], rtol=1e-10, atol=1e-10, err_msg=f"row {row}")


def sampled_rows(size):
    """Rows at the start, where the windows fill, and anywhere after."""
    rng = np.random.default_rng(size)
    return np.r_[
        rng.choice(60, 5, replace=False), rng.choice(np.arange(60, size), PREFIXES - 6, replace=False), size - 1
    ]


def test_the_walk_finds_the_indicators():
    assert {"sma", "ema", "rsi", "macd", "bollinger", "atr", "adx", "donchian"} <= {f.__name__ for f in INDICATORS}


def test_no_two_indicators_share_a_name():
    names = [indicator.__name__ for indicator in INDICATORS]
    assert len(set(names)) == len(names)


def test_the_tables_name_indicators_that_exist():
    known = {indicator.__name__ for indicator in INDICATORS}
    assert (EXTRA.keys() | SPARSE | FROM_THE_FIRST_BAR | WINDOW_PARAMETER.keys()) <= known


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
    frame = pd.DataFrame(
        {
            "open": np.where(np.isnan(moves), np.nan, close * np.exp(-moves / 2)),
            "high": close * 1.03,
            "low": close * 0.97,
            "close": close,
            "volume": 1000.0 + 100 * (np.arange(moves.size) % 7),
        },
        index=pd.date_range("2015-01-05", periods=moves.size, freq="B", tz="UTC", name="ts"),
    )
    assert_causal(indicator, frame, [cut])


@every_indicator
def test_a_gap_never_empties_what_follows(indicator, split_share, gapped):
    missing = gapped["close"].isna()
    result = on_frame(indicator, gapped)
    assert result[missing].isna().all(axis=None)
    if indicator.__name__ not in SPARSE:
        assert result.iloc[-1].notna().all()
    without = on_frame(indicator, split_share[~missing])
    pd.testing.assert_frame_equal(result[~missing], without, rtol=1e-10)


@every_indicator
def test_arrays_give_the_same_values_as_labelled_data(indicator, sample):
    name, frame = name_of_first(indicator), sample.frame
    labelled = on_frame(indicator, frame)
    extra = {
        key: value.to_numpy() if isinstance(value, pd.Series) else value
        for key, value in extra_arguments(indicator, frame).items()
    }
    arrays = indicator(sample if name == "bars" else getattr(sample, name), **extra)
    assert all(type(column) is np.ndarray for column in as_columns(arrays))
    np.testing.assert_array_equal(np.column_stack(as_columns(arrays)), labelled)
    if isinstance(arrays, tuple):
        assert list(arrays._fields) == list(labelled.columns)


@every_indicator
def test_a_row_of_a_panel_has_the_values_that_it_has_alone(indicator, panel):
    name = name_of_first(indicator)
    frames = [panel.frame(row) for row in range(len(panel.close))]
    extras = [extra_arguments(indicator, frame) for frame in frames]
    extra = {
        key: np.vstack([each[key] for each in extras]) if isinstance(value, pd.Series) else value
        for key, value in extras[0].items()
    }
    result = as_columns(indicator(panel if name == "bars" else getattr(panel, name), **extra))
    assert all(type(column) is np.ndarray and column.shape == panel.close.shape for column in result)
    for row in (0, 1, 2, 57, len(frames) - 1):
        alone = on_frame(indicator, frames[row])
        np.testing.assert_array_equal(np.column_stack([column[row] for column in result]), alone, err_msg=f"row {row}")


@every_indicator
@pytest.mark.parametrize("size", [0, 1, 2, 13])
def test_a_short_series_gives_nan_and_no_error(indicator, split_share, size):
    result = on_frame(indicator, split_share.iloc[:size])
    assert result.shape[0] == size
    if indicator.__name__ not in FROM_THE_FIRST_BAR:
        assert result.iloc[:1].isna().all(axis=None)


@every_indicator
def test_the_input_is_left_as_it_was(indicator, gapped):
    before = gapped.copy()
    on_frame(indicator, gapped)
    pd.testing.assert_frame_equal(gapped, before)


@pytest.mark.parametrize("window", [0, -3, 2.0, True, "20", None, 1_000_000])
@pytest.mark.parametrize(
    ("indicator", "name"),
    [
        pytest.param(indicator, name, id=indicator.__name__)
        for indicator in INDICATORS
        if (name := WINDOW_PARAMETER.get(indicator.__name__, "window")) is not None
    ],
)
def test_a_window_that_is_no_number_of_bars_is_refused(indicator, name, split_share, window):
    with pytest.raises(ConfigError, match=f"{name} must be a whole number of bars from"):
        on_frame(indicator, split_share, **{name: window})


@every_indicator
def test_rows_that_go_back_in_time_are_refused(indicator, split_share):
    swapped = split_share.iloc[[*range(200), 201, 200, *range(202, 400)]]
    for wrong in (split_share[::-1], swapped, split_share.reset_index(drop=True)[::-1]):
        assert "must ascend, oldest first" in refusal(indicator, wrong)
    # 2015-01-05 and 200 business days are 2015-10-12; in the swapped rows it comes after the day that follows it.
    assert "2015-10-12 00:00:00+00:00 in row 201 comes after 2015-10-13" in refusal(indicator, swapped)


@every_indicator
def test_labels_that_occur_twice_are_refused(indicator, split_share):
    twice = split_share.iloc[[0, 1, 1, *range(2, 400)]]
    assert "1 labels more than once, first 2015-01-06 00:00:00+00:00 in row 2" in refusal(indicator, twice)


@every_indicator
@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinite_values_are_refused_and_are_no_gaps(indicator, split_share, value):
    name = name_of_first(indicator)
    wrong = split_share.copy()
    wrong.iloc[[7, 90], wrong.columns.get_loc("close" if name == "bars" else name)] = value
    if value < 0 and name == "volume":
        assert "volume holds 2 values below 0, first -inf in row 7" in refusal(indicator, wrong)
    else:
        assert f"holds 2 infinite values, first {value} in row 7" in refusal(indicator, wrong)


@every_indicator
def test_bars_as_traded_over_a_split_are_refused(indicator):
    bars = iq.load_bars("SYN003")
    assert np.ptp(bars.split_factor) > 0
    extra = extra_arguments(indicator, bars.frame)
    for source in (bars, iq.Panel.of([iq.load_bars("SYN001", end="2011"), bars])):
        with pytest.raises(DataError, match=r"SYN003 has \d splits? inside these bars \(first 20.*adjusted\('total'\)"):
            indicator(source, **extra)


@pytest.mark.parametrize(
    "indicator",
    [each for each in INDICATORS if name_of_first(each) != "bars"],
    ids=lambda function: function.__name__,
)
def test_what_has_the_column_is_taken_for_it(indicator, sample, panel):
    name, frame = name_of_first(indicator), sample.frame
    extra = extra_arguments(indicator, frame)
    of_frame, of_column = (indicator(each, **extra) for each in (frame, frame[name]))
    assert type(of_frame) is type(of_column)
    assert of_frame.equals(of_column)
    arrays = {key: value.to_numpy() if isinstance(value, pd.Series) else value for key, value in extra.items()}
    of_bars, of_array = (as_columns(indicator(each, **arrays)) for each in (sample, getattr(sample, name)))
    np.testing.assert_array_equal(of_bars, of_array)
    rows = {key: panel.volume if isinstance(value, np.ndarray) else value for key, value in arrays.items()}
    of_panel, of_rows = (as_columns(indicator(each, **rows)) for each in (panel, getattr(panel, name)))
    np.testing.assert_array_equal(of_panel, of_rows)


@every_indicator
def test_what_is_no_price_is_refused_with_advice(indicator, split_share):
    with pytest.raises(DataError, match=r"must be .*(Series|Bars)"):
        indicator([1.0, 2.0, 3.0], **extra_arguments(indicator, split_share))


@every_indicator
def test_a_wide_frame_is_refused_with_what_to_pass(indicator, split_share):
    wide = pd.concat({"A": split_share, "B": split_share}, axis=1).swaplevel(axis=1)
    name = name_of_first(indicator)
    with pytest.raises(DataError, match=r"must be one column, was a DataFrame of shape \(400, 2\)"):
        indicator(wide if name == "bars" else wide[name], **extra_arguments(indicator, split_share))
