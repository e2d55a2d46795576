"""What the columns of each topic hold, from values worked out by hand and from TA-Lib."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import talib

import investiq as iq
from investiq.core import calendar as calendars
from investiq.core import sessions as hours
from investiq.engines.scoring import percentile_rank
from investiq.engines.technical.engine import TechnicalEngine
from investiq.engines.technical.features import technical_features
from investiq.history.records import Records
from investiq.indicators.profiles import volume_profile

VOLUME_COLUMNS = ["volume", "volume_ratio", "volume_ratio_z", "volume_zscore", "obv_trend", "accumulation_distribution"]
VOLUME_COLUMNS += ["vwap_20", "vwap_position", "mfi_14", "divergence_quality", "volume_profile_poc"]


@pytest.fixture(scope="module")
def table(sample):
    return technical_features(iq.History.of(sample))


def last_of(history):
    return technical_features(history).iloc[-1]


def test_what_talib_also_computes_has_its_values(table, sample):
    high, low, close, volume = sample.high, sample.low, sample.close, sample.volume
    macd = talib.MACD(close, 12, 26, 9)[0]
    expected = {
        "sma_200": talib.SMA(close, 200),
        "ema_26": talib.EMA(close, 26),
        "macd": macd,
        "bb_upper": talib.BBANDS(close, 20)[0],
        "bb_lower": talib.BBANDS(close, 20)[2],
        "rsi": talib.RSI(close, 14),
        "atr_14": talib.ATR(high, low, close, 14),
        "adx": talib.ADX(high, low, close, 14),
        "plus_di": talib.PLUS_DI(high, low, close, 14),
        "mfi_14": talib.MFI(high, low, close, volume, 14),
        "roc_10": talib.ROCP(close, 10),
        "roc_20": talib.ROCP(close, 20),
    }
    for name, values in expected.items():
        # MACD and ADX begin by other conventions, which fade.
        np.testing.assert_allclose(table[name].iloc[400:], values[400:], rtol=1e-8, atol=1e-8, err_msg=name)


def test_rsi_is_wilders_and_reaches_100(history_of):
    # Trap: a first value dropped, a ceiling of 99.01. Row 14 is the first: 14 changes, +1 each but one of -1:
    # 100 * 13 / 14. Without a loss it is 100.
    close = 100 + np.r_[0, np.cumsum([1.0] * 13 + [-1.0])]
    rsi = technical_features(history_of(close))["rsi"]
    assert np.flatnonzero(rsi.notna()).tolist() == [14]
    assert rsi.iloc[14] == pytest.approx(100 * 13 / 14)
    assert last_of(history_of(100 + np.arange(20.0)))["rsi"] == 100.0


def test_macd_of_a_straight_line_is_seven_slopes(history_of):
    # Trap: with the slow average 14 bars late it would be 21. Lags of 5.5 and 12.5 bars differ by 7.
    table = technical_features(history_of(100 + 2 * np.arange(80.0)))
    assert table["macd"].iloc[-1] == pytest.approx(14.0)
    assert np.flatnonzero(table["macd_signal"].notna())[0] == 33  # 26 bars for the slow average, 9 for the signal


def test_rsi_bounds_are_half_the_regimes_and_half_the_series_own(table):
    # In each regime the other half of the bound, 2 * bound - level, is the tenth of the 252 values before.
    row = 3000
    levels = {1.0: (40, 80), -1.0: (20, 60), 0.0: (30, 70)}[table["trend"].iloc[row]]
    lower, upper = np.quantile(table["rsi"].iloc[row - 252 : row], (0.1, 0.9))
    assert table["rsi_lower_bound"].iloc[row] == pytest.approx((levels[0] + lower) / 2)
    assert table["rsi_upper_bound"].iloc[row] == pytest.approx((levels[1] + upper) / 2)
    mean = {side: group.mean() for side, group in table["rsi_lower_bound"].groupby(table["trend"])}
    assert mean[-1.0] < mean[0.0] < mean[1.0]


def test_moves_and_their_counts_by_hand(history_of):
    close = np.r_[np.full(20, 100.0), 101, 103, 102, 104, 110.0]
    opened = np.r_[np.full(20, 100.0), 101, 104, 103, 103, 111.0]
    last = last_of(history_of(close, open=opened, spread=2.0))
    assert last["roc_5"] == pytest.approx(0.1)
    assert last["roc_10"] == pytest.approx(0.1)
    assert last["roc_20"] == pytest.approx(0.1)
    assert last["rising_closes"] == 2  # 104 over 102, 110 over 104
    assert last["falling_bars"] == 2  # 102 from 103, 110 from 111; 104 rose from 103
    assert last["bar_return"] == pytest.approx(110 / 111 - 1)


def test_z_scores_and_ranks_are_of_the_trailing_year(table):
    row = 2000
    past = table["roc_20"].iloc[row - 252 : row]
    assert table["roc_20_z"].iloc[row] == pytest.approx((table["roc_20"].iloc[row] - past.mean()) / past.std())
    stretch = table["close"] / table["sma_50"] - 1
    assert table["sma_50_distance"].to_numpy() == pytest.approx(stretch.to_numpy(), nan_ok=True)
    assert np.flatnonzero(table["sma_50_distance_z"].notna())[0] == 49 + 60
    past = stretch.iloc[row - 252 : row]
    assert table["sma_50_distance_z"].iloc[row] == pytest.approx((stretch.iloc[row] - past.mean()) / past.std())
    rank = percentile_rank(np.round(table["roc_5"].to_numpy(), 9))
    np.testing.assert_array_equal(table["roc_5_percentile"], rank)


def test_volume_by_hand(history_of):
    # The last close is on the high of its bar and higher, volume triple: OBV rises by 3 above a mean of lower values.
    close = np.r_[np.full(59, 100.0), 104.0]
    last = last_of(history_of(close, spread=np.r_[np.full(59, 1.0), 0.0], volume=np.r_[np.full(59, 10.0), 30.0]))
    assert last["volume"] == 30
    assert last["volume_ratio"] == pytest.approx(30 / 11)  # the mean of nineteen 10 and one 30 is 11
    assert last["obv_trend"] == 1
    # Typical prices 100 and 104 on 190 and 30 shares.
    assert last["vwap_20"] == pytest.approx((190 * 100 + 30 * 104) / 220)
    assert last["vwap_position"] == pytest.approx(104 / last["vwap_20"] - 1)
    assert last["accumulation_distribution"] == 0.0  # closes in the middle, and a bar without a range


def test_bars_without_volume_say_so_and_do_not_warn(history_of, recwarn):
    history = history_of(100 + np.sin(np.arange(200.0)), volume=np.nan)
    table = technical_features(history)
    assert table[VOLUME_COLUMNS].isna().all(axis=None)
    assert table[["bar_return", "rsi", "support_distance"]].iloc[-1].notna().sum() >= 2
    signal = TechnicalEngine().explain(table.iloc[-1])
    assert {signal.missing[name] for name in VOLUME_COLUMNS} == {
        "no volume",
        "no volume, or the same in each of the 60 bars before",
    }
    assert "volume" not in signal.votes
    assert len(recwarn) == 0


def test_the_vwap_since_a_report_begins_with_the_bar_that_was_complete_after_it(sample):
    # Known at 22:00 UTC of the 10th bar's date, after its close: the 11th bar is the first. The first word on a period
    # counts, and what is only announced does not.
    bars = sample[:30]
    known = pd.DatetimeIndex(bars.known_at[[10, 15, 20]], tz="UTC") + pd.Timedelta("1h")
    ends = pd.to_datetime(["1998-12-31", "1998-12-31", "1999-03-31"], utc=True).as_unit("us").rename("ts")
    frame = pd.DataFrame({"eps_actual": [1.0, 1.1, np.nan], "known_at": known}, index=ends)
    reports = Records(
        kind="earnings", name="earnings:^GSPC", frame=frame, provider="test", source="", known_at_rule="", unit=""
    )
    table = technical_features(iq.History.of(bars, records=[reports]))
    paid = (bars.high + bars.low + bars.close) / 3
    expected = (paid[11:] * bars.volume[11:]).sum() / bars.volume[11:].sum()
    assert table["vwap_anchored"].iloc[-1] == pytest.approx(expected)
    assert np.flatnonzero(table["vwap_anchored"].notna())[0] == 11


def test_levels_are_those_of_confirmed_swings(history_of):
    # A trough at 90 (bar 45) and a peak at 110 (bar 50); the close 101 lies between, ATR from highs 0.5 away.
    close = np.r_[np.full(40, 100.0), 98, 96, 94, 92, 91, 90, 95, 100, 105, 108, 110, 108, 104, 101.0]
    table = technical_features(history_of(close))
    last = table.iloc[-1]
    assert (last["support"], last["resistance"]) == (89.5, 110.5)
    assert last["support_distance"] == pytest.approx((101 - 89.5) / last["atr_14"])
    # The peak is known two bars after it, at 104 (bar 52), not at 108.
    assert np.isnan(table["resistance"].iloc[51])
    assert table["resistance"].iloc[52] == 110.5
    # Pivots of the session before: high 104.5, low 103.5, close 104.
    assert (last["pivot"], last["pivot_r1"], last["pivot_s1"]) == (104.0, 104.5, 103.5)
    # Swing up from 89.5 to 110.5; 101 is nearest to 38.2 % given back: 110.5 - 0.382 * 21 = 102.478, or 50 %: 100.
    assert last["fibonacci_ratio"] != last["fibonacci_ratio"]  # below 60 bars there is none
    longer = last_of(history_of(np.r_[np.full(10, 100.0), close]))
    assert (longer["fibonacci_ratio"], longer["fibonacci_level"]) == (0.5, pytest.approx(100.0))
    assert longer["fibonacci_near_level"] == "50.0 %"  # 101 / 100 - 1 is within 1.5 %


def test_the_nearest_pivot_has_a_name(history_of):
    # Close 104 of the bar before with highs 0.5 away: P 104, R1 104.5. 104.1 is nearest to P, 110 to none.
    assert last_of(history_of(np.r_[np.full(30, 104.0), 104.1]))["near_pivot"] == "P"
    assert last_of(history_of(np.r_[np.full(30, 104.0), 104.5]))["near_pivot"] == "R1"
    assert last_of(history_of(np.r_[np.full(30, 104.0), 110.0]))["near_pivot"] == ""


def test_direction_and_strength_of_a_trend_are_two_numbers(table):
    row = table.iloc[3000]
    order = (row["close"] > row["sma_20"] > row["sma_50"]) - float(row["close"] < row["sma_20"] < row["sma_50"])
    assert row["trend_direction"] == (order + row["market_structure"]) / 2
    assert row["trend_strength"] == pytest.approx(min(row["adx"] / 50, 1))
    assert row["trend_strength_score"] == pytest.approx(row["trend_direction"] * row["trend_strength"])
    assert table["trend_direction"].min() == -1
    assert table["trend_direction"].max() == 1


def test_the_cloud_has_three_places(history_of):
    # A line 100 + t: the cloud under the last bar ends 26 bars ago, far below; a falling one far above.
    rise, fall = (technical_features(history_of(300 + side * np.arange(90.0))) for side in (1, -1))
    assert (rise["ichimoku_signal"].iloc[-1], fall["ichimoku_signal"].iloc[-1]) == (1, -1)
    assert np.flatnonzero(rise["ichimoku_signal"].notna())[0] == 77
    # Midpoints of 9, 26 and 52 bars of the line lag by 4, 12.5 and 25.5 bars, and the cloud by 26 more.
    assert rise["tenkan"].iloc[-1] == pytest.approx(389 - 4)
    assert rise["kijun"].iloc[-1] == pytest.approx(389 - 12.5)
    assert rise["cloud_top"].iloc[-1] == pytest.approx(389 - 26 - (4 + 12.5) / 2)
    assert rise["cloud_bottom"].iloc[-1] == pytest.approx(389 - 26 - 25.5)
    inside = last_of(history_of(np.r_[300 + np.arange(90.0), 345.0]))
    assert inside["cloud_bottom"] < 345 < inside["cloud_top"]
    assert inside["ichimoku_signal"] == 0


def test_a_candle_counts_only_against_the_move_before_it(history_of):
    # A white body around the black one before it: bullish after a fall, nothing after a rise.
    for side, expected in ((-1, 1.0), (1, 0.0)):
        start = 100 + side * np.arange(20.0)
        close = np.r_[start, start[-1] - 1, start[-1] + 3]
        opened = np.r_[start, start[-1], start[-1] - 2]
        last = last_of(history_of(close, open=opened, spread=6.0))
        assert last["candle_engulfing"] == 1.0  # five times the body it holds: counts as two, of two
        assert last["detected_patterns"] == "engulfing"
        assert last["candle_signal"] == expected


def test_relative_strength_is_joined_on_dates(sample):
    # The share doubles against a benchmark that lacks one session, in which nothing is known.
    bars, other = sample[:300], iq.load_bars("^IXIC")[:300]
    hole = dataclasses.replace(other, **{
        name: np.delete(getattr(other, name), 280)
        for name in ("ts", "open", "high", "low", "close", "volume", "known_at", "split_factor", "total_factor", "flags")
    })  # fmt: skip
    table = technical_features(iq.History.of(bars, benchmark=hole))
    assert np.flatnonzero(table["relative_strength_distance"].iloc[250:].isna()).tolist() == [30]
    ratio = np.delete(bars.close / other.close, 280)
    expected = ratio[-1] / ratio[-20:].mean() - 1
    assert table["relative_strength_distance"].iloc[-1] == pytest.approx(expected)
    assert table["relative_strength_rising"].iloc[-1] == (expected > 0)
    assert table["relative_strength_new_high"].iloc[-1] == (ratio[-1] > ratio[-252:-1].max())
    assert TechnicalEngine().explain(table.iloc[280]).missing["relative_strength_rising"].startswith("no benchmark")


def test_weeks_count_when_they_are_complete(table, sample):
    # 2018-12-31 is a Monday: its week is not complete, the last one ended on Friday, the 28th.
    weekly = table[["weekly_trend", "weekly_rsi", "weeks"]]
    assert weekly.loc["2018-12-31"].equals(weekly.loc["2018-12-28"].rename(weekly.loc["2018-12-31"].name))
    assert weekly.loc["2018-12-28", "weeks"].item() == weekly.loc["2018-12-27", "weeks"].item() + 1
    closes = pd.Series(sample.close, index=sample.index).resample("W-FRI").last().to_numpy()[:-1]
    assert table["weekly_rsi"].iloc[-1] == pytest.approx(talib.RSI(closes, 14)[-1])
    # Of the running week: 2506.85 after 2485.74 on the Friday before.
    assert table["weekly_change"].iloc[-1] == pytest.approx(2506.850098 / 2485.739990 - 1)


def test_weekly_bars_have_no_weeks_below_them(sample):
    from investiq.history.resample import resample

    table = technical_features(iq.History.of(resample(sample[:1000], "1w")))
    assert table[["weekly_trend", "weekly_rsi", "weeks", "weekly_change"]].isna().all(axis=None)
    missing = TechnicalEngine().explain(table.iloc[-1]).missing
    assert missing["weekly_rsi"] == "bars of a week or longer, or fewer than 15 completed weeks"


def test_after_a_year_nothing_is_missing_without_a_reason(history_of):
    # A fund with one price a day, one that never moves, and one without volume.
    moving, flat = 100 + np.sin(np.arange(400.0)), np.full(400, 50.0)
    for close, columns in ((moving, {"spread": 0.0}), (flat, {"spread": 0.0}), (moving, {"volume": np.nan})):
        missing = TechnicalEngine().explain(last_of(history_of(close, **columns))).missing
        assert all(missing.values()), [name for name, reason in missing.items() if not reason]
    missing = TechnicalEngine().explain(last_of(history_of(moving, spread=0.0))).missing
    assert {missing[name] for name in ("trend", "trend_slope", "rsi_lower_bound", "rsi_upper_bound")} == {
        "high and low of the bars are the same"
    }


def test_the_reasons_of_intraday_bars_are_theirs(intraday):
    # Three sessions and a half from a Tuesday on: no week is complete, and no timeframe of 4 hours or a day has 20 bars.
    silent = dataclasses.replace(intraday, volume=np.full(len(intraday), np.nan))
    for bars, words in ((intraday, ""), (silent, "a VWAP of the session needs intraday bars with volume")):
        missing = TechnicalEngine().explain(last_of(iq.History.of(bars[:91]))).missing
        assert missing["weeks"] == "bars of a week or longer, or no completed week"
        assert missing["weekly_rsi"] == "bars of a week or longer, or fewer than 15 completed weeks"
        assert missing["timeframe_alignment"] == "no intraday bars, or fewer than 20 completed ones of a timeframe"
        assert missing.get("vwap_session", "") == words


@pytest.fixture(scope="module")
def intraday():
    """Fifteen-minute bars of 60 sessions, a random walk."""
    ts = hours.expected_labels(
        "XNYS", calendars.session_dates("XNYS", *np.array(["2018-01-02", "2018-03-28"], "M8[us]")), "15min"
    )
    rng = np.random.default_rng(2)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.002, ts.size)))
    opened = np.r_[100.0, close[:-1]]
    ones = np.ones(ts.size)
    passport = dataclasses.replace(iq.load_bars("SYN001").passport, interval="15min")
    return iq.Bars(
        symbol="TEST", interval="15min", ts=ts, open=opened, close=close, volume=rng.uniform(1, 2, ts.size),
        high=np.maximum(opened, close) * 1.001, low=np.minimum(opened, close) * 0.999, split_factor=ones,
        total_factor=ones, known_at=calendars.known_at(ts, "15min", "XNYS"), passport=passport,
    )  # fmt: skip


def test_intraday_bars_have_a_vwap_of_their_session_and_the_alignment_of_their_frames(intraday):
    table = technical_features(iq.History.of(intraday))
    paid = (intraday.high + intraday.low + intraday.close) / 3 * intraday.volume
    # 26 bars a session: the last bar's average is that of the last 26.
    assert table["vwap_session"].iloc[-1] == pytest.approx(paid[-26:].sum() / intraday.volume[-26:].sum())
    assert table["vwap_position"].iloc[-1] == pytest.approx(intraday.close[-1] / table["vwap_session"].iloc[-1] - 1)
    # Frames of 15 minutes, 1 hour, 4 hours and a day; the trend of each from its own averages of completed bars.
    day = intraday.close[25::26]
    assert table["timeframe_up_share"].iloc[-1] in (0, 0.25, 0.5, 0.75, 1)
    share = table["timeframe_up_share"]
    np.testing.assert_allclose(table["timeframe_alignment"], 2 * np.abs(share - 0.5))
    quarter_up = intraday.close[-10:].mean() > intraday.close[-20:].mean()
    day_up = day[-10:].mean() > day[-20:].mean()
    assert 0.25 * (quarter_up + day_up) <= share.iloc[-1] <= 1 - 0.25 * (2 - quarter_up - day_up)
    assert set(table["best_timeframe"]) <= {"", "15min", "60min", "4h", "1d"}
    assert table["best_timeframe"].iloc[-1] != ""


def test_an_intraday_row_does_not_change_when_the_future_is_cut_off(intraday):
    history = iq.History.of(intraday)
    whole = technical_features(history)
    for row in (30, 500, 533, 999, len(intraday) - 1):
        past = technical_features(history.until(intraday.known_at[row])).iloc[-1]
        pd.testing.assert_series_equal(past, whole.iloc[row], rtol=1e-10, atol=1e-10, check_dtype=False)


def test_the_plain_rule_is_what_its_strategy_trades(table, sample):
    signals = iq.strategies.TrendCrossover().signals(sample)
    rule = table["rules_001"].to_numpy()
    assert [(each.bar, each.side) for each in signals] == [
        (bar, "buy" if rule[bar] > 0 else "sell") for bar in np.flatnonzero(np.nan_to_num(rule))
    ]
    assert len(signals) > 20
    strength = table["rules_001_strength"].to_numpy()
    assert [each.confidence for each in signals] == pytest.approx([strength[each.bar] for each in signals])


def test_columns_are_computed_with_the_windows_that_are_told(table, sample):
    prices = pd.DataFrame({"high": sample.high, "low": sample.low, "close": sample.close}, index=table.index)
    average_range = pd.Series(talib.ATR(sample.high, sample.low, sample.close, 14), index=table.index)
    expected = average_range / average_range.rolling(20).mean()
    np.testing.assert_allclose(table["atr_ratio"].iloc[60:], expected.iloc[60:], rtol=1e-8)
    balance = pd.Series(talib.OBV(sample.close, sample.volume), index=table.index)
    assert table["obv_trend"].iloc[20:].equals(np.sign(balance - balance.rolling(20).mean()).iloc[20:])
    np.testing.assert_array_equal(
        table["stochastic_percentile"], percentile_rank(np.round(table["stochastic_k"].to_numpy(), 9))
    )
    # The cloud that is drawn ahead: (tenkan + kijun) / 2 of today against the middle of today's 52 bars.
    middle = (prices["high"].rolling(52).max() + prices["low"].rolling(52).min()) / 2
    ahead = np.sign((table["tenkan"] + table["kijun"]) / 2 - middle)
    assert table["ichimoku_future"].iloc[52:].equals(ahead.iloc[52:])
    quality = (sample.volume > 1.2 * pd.Series(sample.volume).rolling(10).mean()).to_numpy().astype(float)
    quality += (table["support"].notna() | table["resistance"].notna()).to_numpy()
    np.testing.assert_array_equal(table["divergence_quality"].iloc[9:], quality[9:])


@pytest.mark.parametrize(
    ("cross", "line", "other"),
    [
        ("sma_20_50_cross", "sma_20", "sma_50"),
        ("macd_cross", "macd", "macd_signal"),
        ("tenkan_kijun_cross", "tenkan", "kijun"),
        ("stochastic_cross", "stochastic_k", "stochastic_d"),
    ],
)
def test_a_cross_is_up_where_the_line_comes_to_lie_above_the_other(table, cross, line, other):
    gap = (table[line] - table[other]).iloc[100:]
    side = np.sign(gap.where(gap.abs() > 1e-6)).ffill()  # equal is on the side where it was
    expected = side.where(side != side.shift(1), 0.0)
    assert table[cross].iloc[101:].equals(expected.iloc[1:])
    assert (expected.iloc[1:] != 0).sum() > 50


def test_the_weekly_trend_is_the_line_through_ten_completed_weeks(table, sample):
    frame = pd.DataFrame({"high": sample.high, "low": sample.low}, index=table.index)
    weeks = frame.resample("W-FRI").agg({"high": "max", "low": "min"})
    for friday in weeks.index[20:-1:7]:
        if friday not in table.index:
            continue
        last = weeks.loc[:friday].iloc[-10:]
        middle = last.mean(axis=1).to_numpy()
        slope = np.polyfit(np.arange(10.0), middle, 1)[0] / (last["high"] - last["low"]).mean()
        is_clear = abs(slope) > 0.1 and np.corrcoef(np.arange(10.0), middle)[0, 1] ** 2 >= 0.3
        assert table.loc[friday, "weekly_trend"] == (np.sign(slope) if is_clear else 0), friday


def test_divergences_have_the_side_of_their_second_swing(history_of):
    # Two rises with a fall between, the second slower and higher: the price peaks higher, its oscillators lower; and
    # the same upside down.
    up = np.r_[100 + np.sin(np.arange(60.0)) * 0.2, 100 + np.arange(1, 11) * 2.0, 120 - np.arange(1, 9) * 1.0]
    path = np.r_[up, 112 + np.arange(1, 26) * 0.4, 122 - np.arange(1, 7) * 1.0]
    for turn, side in ((1, -1), (-1, 1)):
        table = technical_features(history_of(200 + turn * (path - 100))).iloc[-6:]
        for name in ("rsi_divergence", "macd_divergence"):
            # The peak is six bars before the end, and known two bars after it or with the oscillator's.
            assert set(table[name]) == {0.0, float(side)}, name


def test_a_structure_counts_rising_and_falling_swings(table):
    rising, falling = table["rising_steps"], table["falling_steps"]
    most = np.maximum(rising, falling)
    expected = np.sign(rising - falling).where(most >= 3, 0.0).where(rising.notna())
    assert table["market_structure"].equals(expected)
    assert (table["market_structure"] != 0).mean() > 0.5
    order = np.where(table["close"] > table["sma_20"], 1, -1) + np.where(table["sma_20"] > table["sma_50"], 1, -1)
    expected = ((np.trunc(order / 2) + table["market_structure"]) / 2).iloc[60:]
    assert table["trend_direction"].iloc[60:].equals(expected)


def test_the_volume_profile_is_that_of_the_last_120_bars(table, sample):
    for row in (500, 1700, 4000):
        profile = volume_profile(sample[: row + 1], 120)
        found = table.iloc[row]
        assert found["volume_profile_poc"] == pytest.approx(profile.poc)
        assert found["volume_profile_low"] == pytest.approx(profile.value_area_low)
        assert found["volume_profile_high"] == pytest.approx(profile.value_area_high)


def test_a_squeeze_is_a_state_and_its_release_an_event(table):
    was_on = (table["keltner_squeeze"].shift(1) == 1) & (table["keltner_squeeze"] == 0)
    fired = table["squeeze_fired"].iloc[40:]
    expected = np.sign(table["squeeze_release_momentum"]).where(was_on, 0.0).iloc[40:]
    assert fired.equals(expected)
    # In average true ranges: a few, not fractions of a price.
    assert 0.5 < table["squeeze_release_momentum"].abs().median() < 5


def test_the_move_before_a_pattern_ends_before_its_first_bar(history_of):
    # A rise, a black bar that falls below the mean of ten, a white one that engulfs it: no fall came before the pair.
    start = 100 + np.arange(20.0)
    close = np.r_[start, 105.0, 121.0]
    last = last_of(history_of(close, open=np.r_[start, 119.0, 104.0], spread=20.0))
    assert last["candle_engulfing"] > 0
    assert last["candle_signal"] == 0
    # A doji after a fall is a mark without a side.
    last = last_of(history_of(200 - np.arange(30.0), spread=2.0))
    assert last["candle_doji"] == 0.5
    assert last["candle_signal"] == 0


def test_a_report_known_with_a_bar_begins_with_the_next_one(sample):
    bars = sample[:30]
    frame = pd.DataFrame(
        {"eps_actual": [1.0], "known_at": pd.DatetimeIndex(bars.known_at[[10]], tz="UTC")},
        index=pd.DatetimeIndex(["1998-12-31"], tz="UTC", name="ts").as_unit("us"),
    )
    reports = Records(
        kind="earnings", name="earnings:^GSPC", frame=frame, provider="test", source="", known_at_rule="", unit=""
    )
    table = technical_features(iq.History.of(bars, records=[reports]))
    assert np.flatnonzero(table["vwap_anchored"].notna())[0] == 11


def test_the_best_timeframe_is_the_one_whose_averages_are_farthest_apart(intraday):
    frames = ("15min", "60min", "4h", "1d")
    row = technical_features(iq.History.of(intraday)).iloc[-1]
    # Bars of 26 a session: an hour is four of them but for a half at the end, four hours are 16 and then 10.
    position = np.arange(len(intraday)) % 26
    ends = (
        np.full(len(intraday), True),
        (position % 4 == 3) | (position == 25),
        (position == 15) | (position == 25),
        position == 25,
    )
    closes = [intraday.close[each] for each in ends]
    apart = [(close[-10:].mean() - close[-20:].mean()) / close[-1] for close in closes]
    assert row["best_timeframe"] == frames[np.argmax(np.abs(apart))]
    assert row["timeframe_up_share"] == np.mean(np.array(apart) > 0)
