import dataclasses

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.engines.technical.features import FEATURES, MONEY, WORDS, technical_features
from investiq.engines.technical.inputs import crosses
from investiq.history.records import Records

SCALE_FREE = [name for name in FEATURES if name not in MONEY and name != "volume"]
# Missing wherever the history has no benchmark, no earnings, no intraday bars, or the price no level on that side.
NEEDING = (
    *("relative_strength", "vwap_anchored", "vwap_session", "timeframe_"),
    *("support", "resistance", "volume_profile_support", "volume_profile_resistance", "fibonacci_"),
)


@pytest.fixture(scope="module")
def table(sample):
    return technical_features(iq.History.of(sample))


def test_the_table_is_indexed_like_the_bars_and_says_when_each_row_was_known(table, sample):
    assert table.index.equals(sample.index)
    assert list(table.columns) == ["known_at", "n_obs", *FEATURES, *WORDS]
    assert table["known_at"].dt.tz_convert(None).to_numpy().tolist() == sample.known_at.tolist()
    assert table["n_obs"].iloc[[0, -1]].to_list() == [1, 5031]


def test_only_the_head_is_missing(table):
    # The longest wait is the cross of the 200-bar average, which needs two of its values.
    always = [name for name in FEATURES if not name.startswith(NEEDING)]
    assert len(always) > 90
    assert table[always].iloc[200:].notna().all(axis=None)


# Golden and death crosses of the S&P 500 as the financial press reported them.
@pytest.mark.parametrize(
    ("session", "side"),
    [
        ("2007-12-21", -1),
        ("2009-06-23", 1),
        ("2010-07-02", -1),
        ("2010-10-22", 1),
        ("2011-08-12", -1),
        ("2012-01-31", 1),
        ("2015-08-28", -1),
        ("2015-12-21", 1),
        ("2016-01-11", -1),
        ("2016-04-25", 1),
        ("2018-12-07", -1),
    ],
)
def test_the_crosses_of_50_and_200_days_are_those_that_were_reported(table, session, side):
    assert table["sma_50_200_cross"].loc[session] == side


def test_no_other_golden_or_death_cross_happens_from_2007_on(table):
    assert (table["sma_50_200_cross"].loc["2007":] != 0).sum() == 11


def test_splits_and_dividends_are_no_moves(table, sample, split_sample):
    # The same company with other share counts: ratios and events are equal, money is divided by the row's factor.
    split = technical_features(iq.History.of(split_sample))
    np.testing.assert_allclose(split[SCALE_FREE], table[SCALE_FREE], rtol=1e-8, atol=1e-8)
    money = split[list(MONEY)].to_numpy() * split_sample.total_factor[:, np.newaxis]
    np.testing.assert_allclose(money, table[list(MONEY)], rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(split["close"], split_sample.close, rtol=1e-14)
    np.testing.assert_array_equal(split["volume"], split_sample.volume)
    assert split[list(WORDS)].equals(table[list(WORDS)])


@pytest.mark.parametrize("name", ["sample", "split_sample"])
def test_a_row_does_not_change_when_the_future_is_cut_off(name, request):
    bars = request.getfixturevalue(name)
    history = iq.History.of(bars)
    whole = technical_features(history)
    for row in (0, 12, 49, 61, 199, 200, 399, 400, 700, 1500, 3077, 5030):
        past = technical_features(history.until(bars.known_at[row])).iloc[-1]
        assert past["known_at"] == whole["known_at"].iloc[row]
        np.testing.assert_allclose(
            past[list(FEATURES)].to_numpy(dtype=float),
            whole[list(FEATURES)].iloc[row].to_numpy(dtype=float),
            rtol=1e-10,
            atol=1e-10,
        )
        assert past[list(WORDS)].to_list() == whole[list(WORDS)].iloc[row].to_list()


def test_a_straight_rise_has_the_features_of_a_line(history_of):
    # close = 100 + t, high and low half a point away.
    last = technical_features(history_of(100 + np.arange(120.0))).iloc[-1]
    assert last["close"] == 219.0
    assert last["sma_20"] == pytest.approx(219 - 9.5)
    assert last["sma_50"] == pytest.approx(219 - 24.5)
    assert np.isnan(last["sma_200"])
    assert last["macd"] == pytest.approx(7.0)  # the averages lag by 5.5 and 12.5 bars
    assert last["macd_histogram"] == pytest.approx(0.0, abs=1e-9)
    assert last["rsi"] == 100.0
    # 20 numbers in a row have the variance (400 - 1) / 12; the band is 4 deviations wide.
    assert last["bb_width"] == pytest.approx(4 * np.sqrt(399 / 12) / 209.5)
    # Highest high 219.5, lowest low of 14 bars 205.5.
    assert last["stochastic_k"] == pytest.approx(100 * 13.5 / 14)
    # True range: high 0.5 above and previous close 1 below: 1.5. One constant over another is 1.
    assert last["atr_14"] == pytest.approx(1.5)
    assert last["atr_ratio"] == pytest.approx(1.0)
    assert last["adx"] == pytest.approx(100.0)
    assert last["plus_di"] == pytest.approx(100 / 1.5)
    assert last["trend_slope"] == pytest.approx(1.0)  # one point a bar over a range of one point
    assert last["trend_r2"] == pytest.approx(1.0)
    assert last["trend"] == 1
    # A value that never changes lies in the middle of its past.
    ranks = last[["rsi_percentile", "stochastic_percentile", "adx_percentile", "atr_ratio_percentile"]]
    assert ranks.to_list() == [0.5] * 4
    assert last[["sma_20_50_cross", "macd_cross", "stochastic_cross"]].to_list() == [0.0] * 3


def test_a_flat_price_has_no_trend_no_cross_and_no_side(history_of):
    last = technical_features(history_of(np.full(300, 0.1), spread=0.01)).iloc[-1]
    assert last["rsi"] == 50.0
    assert last["bb_percent_b"] == 0.5
    assert last["stochastic_k"] == pytest.approx(50.0)
    assert last["trend"] == 0
    whole = technical_features(history_of(np.full(300, 0.1), spread=0.01))
    crossed = whole[["sma_20_50_cross", "sma_50_200_cross", "macd_cross", "stochastic_cross"]]
    assert (crossed.fillna(0) == 0).all(axis=None)


def test_a_line_through_noise_is_no_trend(history_of):
    # The slope passes a tenth of the range, but the line explains 0.4**2 * 399 / 12 = 5.3 of a variance of 25 + 5.3 or so.
    zigzag = 200 + 0.4 * np.arange(60) + 5.0 * np.where(np.arange(60) % 2, 1, -1)
    last = technical_features(history_of(zigzag)).iloc[-1]
    assert last["trend_slope"] > 0.1
    assert last["trend_r2"] < 0.3
    assert last["trend"] == 0


def test_a_touch_that_turns_back_is_no_cross():
    side = crosses(np.array([-1.0, 0.0, -2.0, 0.0, 3.0, 1e-13, -1.0]), np.ones(7))
    assert side == pytest.approx([np.nan, 0, 0, 0, 1, 0, -1], nan_ok=True)


def test_a_history_of_one_bar_has_a_row(sample):
    row = technical_features(iq.History.of(sample[:1]))
    assert row.shape == (1, 2 + len(FEATURES) + len(WORDS))
    assert pd.isna(row["rsi"].iloc[0])


def test_a_row_with_benchmark_reports_and_missing_days_does_not_change_either(split_sample):
    keep = np.ones(900, dtype=bool)
    keep[[300, 301, 412, 640]] = False
    names = ("ts", "open", "high", "low", "close", "volume", "known_at", "split_factor", "total_factor", "flags")
    share = dataclasses.replace(split_sample[:900], **{name: getattr(split_sample, name)[:900][keep] for name in names})
    ends = pd.date_range("1999-03-31", periods=12, freq="QE", tz="UTC").as_unit("us").rename("ts")
    # Two periods are told again three months later.
    frame = pd.DataFrame({"eps_actual": 1.0, "known_at": ends + pd.Timedelta("31D 20h")}, index=ends)
    again = frame.iloc[[3, 6]].assign(known_at=lambda each: each["known_at"] + pd.Timedelta("90D"))
    records = Records(
        kind="earnings",
        name="earnings",
        frame=pd.concat([frame, again]).sort_values("known_at"),
        provider="test",
        source="",
        known_at_rule="",
        unit="",
    )
    history = iq.History.of(share, benchmark=iq.load_bars("^IXIC"), records=[records])
    whole = technical_features(history)
    assert whole[["vwap_anchored", "relative_strength_distance"]].iloc[-1].notna().all()
    for row in (0, 30, 84, 85, 150, 299, 300, 411, 420, 638, 697, 800):
        past = technical_features(history.until(share.known_at[row])).iloc[-1]
        pd.testing.assert_series_equal(past, whole.iloc[row], rtol=1e-10, atol=1e-10, check_dtype=False)
