import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.engines.technical.engine import TechnicalEngine
from investiq.engines.technical.features import FEATURES, MONEY, WORDS

ENGINE = TechnicalEngine()


@pytest.fixture(scope="module")
def quiet():
    """One row at which no signal fires: everything stands in the middle, and every level is a tenth away."""
    money = (name for name in MONEY if not name.startswith("macd"))
    below = ("bb_lower", "cloud_bottom", "support", "pivot_s1", "volume_profile_support", "fibonacci_level")
    above = ("bb_upper", "cloud_top", "resistance", "pivot_r1", "volume_profile_resistance")
    values = {
        **dict.fromkeys(FEATURES, 0.0),
        **dict.fromkeys(money, 100.0),
        **dict.fromkeys(below, 90.0),
        **dict.fromkeys(above, 110.0),
        **dict.fromkeys((name for name in FEATURES if name.endswith("_percentile")), 0.5),
        **dict.fromkeys(("support_distance", "resistance_distance"), 5.0),
        **dict.fromkeys(("rsi", "mfi_14", "stochastic_k", "stochastic_d", "weekly_rsi"), 50.0),
        "rsi_lower_bound": 30.0,
        "rsi_upper_bound": 70.0,
        "bb_percent_b": 0.5,
        "adx": 25.0,
        "weeks": 100.0,
        "fibonacci_distance": 0.1,
        "rising_closes": 1.0,
        **dict.fromkeys(WORDS, ""),
    }
    head = {"known_at": pd.Timestamp("2020-01-02 21:00", tz="UTC"), "n_obs": 300}
    return pd.Series(head | values, name=pd.Timestamp("2020-01-02", tz="UTC"))


def says(row, **changes):
    return ENGINE.explain(pd.Series({**row, **changes}, name=row.name))


def fired(signal):
    return {each.name: each.direction * each.weight for each in signal.evidence}


def test_a_quiet_row_is_neutral_with_low_confidence(quiet):
    signal = says(quiet)
    assert (signal.score, signal.label, signal.confidence, signal.reason) == (0.0, "Neutral", 0.3, "no signal")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"close": 101.0, "bb_upper": 120.0, "sma_200": 101.0}, {"Price Above MAs": 2}),
        ({"close": 99.0, "sma_200": 99.0}, {"Price Below MAs": -2}),
        ({"close": 99.0, "sma_20": 98.0, "sma_200": 99.0}, {}),  # above one, below the other
        ({"sma_200": 99.0}, {"Above SMA-200": 2}),
        ({"sma_200": 101.0}, {"Below SMA-200": -2}),
        ({"sma_200": np.nan}, {}),
        ({"sma_20_50_cross": 1.0, "volume_ratio_z": 0.51}, {"SMA 20/50 Cross Up": 4}),
        ({"sma_20_50_cross": -1.0, "volume_ratio_z": np.nan}, {"SMA 20/50 Cross Down": -4}),
        ({"sma_20_50_cross": 1.0, "volume_ratio_z": 0.5}, {"SMA 20/50 Cross Up": 2}),  # low volume halves it
        ({"sma_50_200_cross": 1.0, "volume_ratio_z": 0.51}, {"Golden Cross": 4}),
        ({"sma_50_200_cross": -1.0, "volume_ratio_z": -3.0}, {"Death Cross": -2}),  # weaker, not bullish
        ({"macd_cross": 1.0}, {"MACD Cross Up": 3}),
        ({"macd_cross": -1.0}, {"MACD Cross Down": -3}),
        ({"adx_percentile": 0.76, "plus_di": 30.0, "minus_di": 20.0}, {"Strong Trend Up": 3}),
        ({"adx_percentile": 0.76, "plus_di": 20.0, "minus_di": 30.0}, {"Strong Trend Down": -3}),
        ({"adx_percentile": 0.99, "adx": 19.9, "plus_di": 30.0}, {}),  # a percentile cannot call a trend at ADX 19.9
        ({"adx_percentile": 0.75, "plus_di": 30.0}, {}),
        ({"trend": 1.0}, {"Uptrend": 2}),
        ({"trend": -1.0}, {"Downtrend": -2}),
        ({"ichimoku_signal": 1.0}, {"Above Ichimoku Cloud": 2}),
        ({"ichimoku_signal": -1.0}, {"Below Ichimoku Cloud": -2}),
        ({"ichimoku_future": 1.0}, {"Future Cloud Up": 1}),
        ({"ichimoku_future": -1.0}, {"Future Cloud Down": -1}),
        ({"tenkan_kijun_cross": 1.0}, {"Tenkan/Kijun Cross Up": 3}),
        ({"tenkan_kijun_cross": -1.0}, {"Tenkan/Kijun Cross Down": -3}),
        ({"trend": 1.0, "weekly_trend": 1.0}, {"Uptrend": 2, "Weekly Confirms Uptrend": 3}),
        ({"trend": -1.0, "weekly_trend": -1.0}, {"Downtrend": -2, "Weekly Confirms Downtrend": -3}),
        ({"trend": 1.0, "weekly_trend": -1.0}, {"Uptrend": 2, "Weekly Contradicts Uptrend": -2}),
        ({"trend": -1.0, "weekly_trend": 1.0}, {"Downtrend": -2, "Weekly Contradicts Downtrend": 2}),
        ({"weekly_trend": 1.0}, {}),  # says nothing without a daily trend
        ({"trend": 1.0, "weekly_trend": 1.0, "weeks": 19.0}, {"Uptrend": 2}),
        ({"trend": 1.0, "weekly_trend": 1.0, "weeks": 20.0, "n_obs": 59}, {"Uptrend": 2}),
        ({"trend": 1.0, "weekly_trend": 1.0, "weeks": 20.0, "n_obs": 60}, {"Uptrend": 2, "Weekly Confirms Uptrend": 3}),
        ({"rsi": 30.0, "rsi_percentile": 0.001}, {}),  # low for its year, but not below the bound
        ({"rsi": 29.9, "rsi_percentile": 0.009}, {"Deeply Oversold (Adaptive)": 3}),
        ({"rsi": 29.9, "rsi_percentile": 0.01}, {"Oversold": 2}),
        ({"rsi": 70.0}, {}),
        ({"rsi": 70.1}, {"Overbought": -2}),
        ({"rsi": 70.1, "rsi_upper_bound": np.nan}, {}),
        ({"bb_lower": 101.0}, {"Below Lower Band": 1}),
        ({"bb_upper": 99.0}, {"Above Upper Band": -1}),
        ({"bb_lower": 101.0, "rsi": 29.0}, {"Below Lower Band, Confirmed": 2, "Oversold": 2}),
        ({"bb_lower": 101.0, "rsi": 71.0}, {"Below Lower Band": 1, "Overbought": -2}),
        ({"bb_upper": 99.0, "rsi": 71.0}, {"Above Upper Band, Confirmed": -2, "Overbought": -2}),
        ({"bb_lower": 101.0, "mfi_14": 19.9}, {"Below Lower Band, Confirmed": 2}),
        ({"bb_lower": 101.0, "mfi_14": 20.0}, {"Below Lower Band": 1}),
        ({"bb_upper": 99.0, "mfi_14": 80.1}, {"Above Upper Band, Confirmed": -2}),
        ({"mfi_14": 5.0}, {}),  # confirms, and says nothing alone
        ({"stochastic_percentile": 0.14}, {"Stochastic Low": 2}),
        ({"stochastic_percentile": 0.15}, {}),
        ({"stochastic_percentile": 0.85}, {}),
        ({"stochastic_percentile": 0.86}, {"Stochastic High": -2}),
        ({"roc_20_z": -2.1, "roc_20": -0.1, "roc_10": -0.1, "rsi_percentile": 0.39}, {"Oversold Bounce Setup": 3}),
        ({"roc_20_z": -2.1, "roc_20": -0.1, "roc_10": -0.1, "rsi_percentile": 0.40}, {}),
        ({"roc_20_z": -2.0, "roc_20": -0.1, "roc_10": -0.1, "rsi_percentile": 0.39}, {}),
        (
            {"roc_20_z": -2.1, "roc_20": -0.1, "roc_10": -0.1, "rsi_percentile": 0.39, "rising_closes": 0.0},
            {"Deep Oversold": 2},
        ),
        (
            {"roc_20_z": 2.1, "roc_20": 0.1, "roc_10": 0.1, "rsi_percentile": 0.61, "falling_bars": 2.0},
            {"Overbought Pullback": -3},
        ),
        ({"roc_20_z": 2.1, "roc_20": 0.1, "roc_10": 0.1, "rsi_percentile": 0.61, "falling_bars": 1.0}, {}),
        ({"roc_20_z": 2.1, "roc_20": 0.1, "roc_10": 0.1, "rsi_percentile": 0.60, "falling_bars": 3.0}, {}),
        ({"roc_20_z": 2.1, "roc_20": 0.1, "roc_10": 0.039}, {"Momentum Decelerating": -2}),
        ({"roc_20_z": 2.1, "roc_20": 0.1, "roc_10": 0.041}, {}),
        ({"roc_20_z": -2.1, "roc_20": -0.1, "roc_10": -0.039}, {"Selling Pressure Easing": 2}),
        ({"roc_20_z": -2.1, "roc_20": -0.1, "roc_10": -0.041}, {}),
        ({"sma_50_distance_z": -2.1}, {"Far Below SMA-50": 3}),
        ({"sma_50_distance_z": -2.0}, {"Stretched Below SMA-50": 2}),
        ({"sma_50_distance_z": -1.5}, {}),
        ({"sma_50_distance_z": 1.6}, {"Stretched Above SMA-50": -2}),
        ({"sma_50_distance_z": 2.1}, {"Far Above SMA-50": -3}),
        ({"volume_zscore": 2.1, "bar_return": 0.01}, {"Volume Spike Up": 2}),
        ({"volume_zscore": 2.1, "bar_return": -0.01}, {"Volume Spike Down": -2}),
        ({"volume_zscore": 2.1}, {}),  # a bar without a side
        ({"volume_zscore": 2.0, "bar_return": 0.01}, {}),
        ({"obv_trend": 1.0, "roc_20": 0.01}, {"OBV Confirms Rise": 2}),
        ({"obv_trend": -1.0, "roc_20": -0.01}, {"OBV Confirms Fall": -2}),
        ({"obv_trend": -1.0, "roc_20": 0.01}, {"OBV Divergence Warning": -2}),
        ({"obv_trend": 1.0, "roc_20": -0.01}, {"OBV Rises Against Price": 2}),
        ({"obv_trend": 1.0}, {}),
        ({"accumulation_distribution": 0.051}, {"Accumulation": 2}),
        ({"accumulation_distribution": 0.05}, {}),
        ({"accumulation_distribution": -0.05}, {}),
        ({"accumulation_distribution": -0.051}, {"Distribution": -2}),
        ({"vwap_position": 0.0051}, {"Above VWAP": 1}),
        ({"vwap_position": 0.005}, {}),
        ({"vwap_position": -0.0051}, {"Below VWAP": -1}),
        ({"support_distance": 0.5}, {"Near Support": 2}),
        ({"support_distance": 0.51}, {}),
        ({"resistance_distance": 0.5}, {"Near Resistance": -2}),
        ({"resistance_distance": np.nan}, {}),
        ({"market_structure": 1.0}, {"Higher Highs and Lows": 2}),
        ({"market_structure": -1.0}, {"Lower Highs and Lows": -2}),
        ({"fibonacci_distance": 0.015}, {"Fibonacci Support": 1}),
        ({"fibonacci_distance": -0.015}, {"Fibonacci Resistance": -1}),
        ({"fibonacci_distance": 0.0151}, {}),
        ({"fibonacci_distance": -0.01, "trend": 1.0}, {"Fibonacci Support": 1, "Uptrend": 2}),
        ({"fibonacci_distance": 0.01, "trend": -1.0}, {"Fibonacci Resistance": -1, "Downtrend": -2}),
        ({"volume_profile_support": 97.1}, {"Near Volume Support": 2}),  # 100 / 97.1 = 1.0299
        ({"volume_profile_support": 97.0}, {}),  # 1.0309
        ({"volume_profile_resistance": 103.0}, {"Near Volume Resistance": -2}),  # 0.9709
        ({"volume_profile_resistance": 103.1}, {}),  # 0.9699
        ({"pivot_s1": 99.6}, {"Near Pivot S1": 2}),  # 1.0040
        ({"pivot_s1": 99.4}, {}),  # 1.0060
        ({"pivot_r1": 100.4}, {"Near Pivot R1": -2}),
        ({"pivot": 100.0}, {}),  # the pivot itself is neutral
        ({"rsi_divergence": 1.0}, {"RSI Bullish Divergence": 3}),
        ({"rsi_divergence": -1.0, "divergence_quality": 2.0}, {"RSI Bearish Divergence": -3}),  # one event, one vote
        ({"macd_divergence": 1.0}, {"MACD Bullish Divergence": 3}),
        ({"macd_divergence": -1.0}, {"MACD Bearish Divergence": -3}),
        ({"candle_signal": 0.8}, {"Bullish Candles": 0.8}),
        ({"candle_signal": -1.0}, {"Bearish Candles": -1}),
        ({"squeeze_fired": 1.0}, {"Squeeze Fired Up": 2}),
        ({"squeeze_fired": -1.0}, {"Squeeze Fired Down": -2}),
        ({"relative_strength_distance": 0.01}, {"Outperforming": 2}),
        ({"relative_strength_distance": -0.01}, {"Underperforming": -2}),
        ({"relative_strength_distance": np.nan}, {}),
        ({"relative_strength_new_high": 1.0}, {"Relative Strength New High": 2}),
        ({"atr_ratio": 3.0, "atr_ratio_percentile": 0.99, "bb_width": 0.4}, {}),  # volatility has no direction
        ({"keltner_squeeze": 1.0}, {}),
        ({"stochastic_cross": 1.0, "roc_5_percentile": 0.99, "rules_001": 1.0, "timeframe_up_share": 1.0}, {}),
    ],
)
def test_a_signal_fires_at_its_threshold_with_its_weight(quiet, changes, expected):
    assert fired(says(quiet, **changes)) == expected


def test_a_score_by_hand_with_both_groups(quiet):
    # Trend: below both averages -2, death cross -4, down -2: capped at -4. Mean reversion: oversold +2.
    # Score = 100 * (-4 + 2) / 6 * 2 / 3 = -22.2. Confidence = 0.55 * 4/6 + 0.30 * 0.9 + 0.15 * 4/15.
    signal = says(quiet, close=99.0, sma_200=99.0, sma_50_200_cross=-1.0, volume_ratio_z=1.0, trend=-1.0, rsi=29.0)
    assert signal.votes == {"trend": -4.0, "mean reversion": 2.0}
    assert signal.score == pytest.approx(-200 / 9)
    assert signal.label == "Weak Sell"
    assert signal.confidence == pytest.approx(0.55 * 4 / 6 + 0.27 + 0.04)
    assert signal.reason == "- Death Cross, - Price Below MAs, - Downtrend, + Oversold"


def test_signals_that_cancel_within_a_group_leave_the_verdict_to_the_other(quiet):
    # Trend: +2 and -2; mean reversion +2 alone: 100 * 1 / 2. Agreement is complete, three signals fired.
    signal = says(quiet, sma_200=99.0, trend=-1.0, rsi=29.0)
    assert signal.votes == {"trend": 0.0, "mean reversion": 2.0}
    assert signal.score == 50.0
    assert signal.confidence == pytest.approx(0.55 + 0.27 + 0.03)


def test_votes_that_cancel_altogether_are_neutral(quiet):
    # No vote is left to agree: half. 0.55 * 0.5 + 0.27 + 0.15 * 2/15.
    signal = says(quiet, sma_200=99.0, trend=-1.0)
    assert (signal.score, signal.label) == (0.0, "Neutral")
    assert signal.confidence == pytest.approx(0.275 + 0.27 + 0.02)


@pytest.mark.parametrize(
    ("known", "quality"), [(50, 0.65), (99, 0.65), (100, 0.8), (199, 0.8), (200, 0.9), (9_000, 0.9)]
)
def test_confidence_grows_with_the_bars_known(quiet, known, quality):
    assert says(quiet, n_obs=known, trend=1.0).confidence == pytest.approx(0.55 + 0.30 * quality + 0.01)


def test_fewer_than_fifty_bars_give_no_score_but_a_reason(quiet):
    signal = says(quiet, n_obs=49, trend=1.0)
    assert np.isnan(signal.score)
    assert np.isnan(signal.confidence)
    assert (signal.label, signal.evidence) == (None, ())
    assert signal.reason == "the technical engine needs 50 bars, 49 are known"


def test_evidence_states_value_threshold_and_words(quiet):
    signal = says(quiet, close=95.0, sma_20=97.0, sma_200=95.0, rsi=21.4, rsi_percentile=0.15)
    below, oversold = signal.evidence
    assert (below.value, below.threshold, below.unit) == (95.0, 97.0, "price")  # the average last passed
    assert below.text == "close 95.00 below SMA-20 97.00 and SMA-50 100.00"
    assert (oversold.value, oversold.threshold, oversold.unit) == (21.4, 30.0, "score")
    assert oversold.text == "RSI(14) 21.4, bound 30.0, rank 15.00 % in its trailing 252 bars"


def test_missing_features_are_named_and_do_not_vote(quiet):
    signal = says(quiet, sma_200=np.nan, sma_50_200_cross=np.nan, trend=1.0)
    assert list(signal.missing) == ["sma_200", "sma_50_200_cross"]
    assert fired(signal) == {"Uptrend": 2}


def test_what_does_not_vote_is_a_tag(quiet):
    assert says(quiet).tags == ()
    loud = {"roc_5_percentile": 0.91, "atr_ratio_percentile": 0.86, "keltner_squeeze": 1.0, "rules_001": -1.0}
    assert says(quiet, **loud).tags == (
        "Volatility Expanding",
        "Strong 5-Bar Momentum",
        "Keltner Squeeze",
        "Rule 001 Sells",
    )
    assert says(quiet, roc_5_percentile=0.09, atr_ratio_percentile=0.14).tags == (
        "Volatility Contracting",
        "Weak 5-Bar Momentum",
    )
    assert says(quiet, roc_5_percentile=0.9, atr_ratio_percentile=0.85).tags == ()


def test_evidence_of_different_groups_reads_the_row(quiet):
    texts = {each.name: each.text for each in says(quiet, pivot_s1=99.8, trend=1.0, weekly_trend=-1.0).evidence}
    assert texts["Near Pivot S1"] == "close 100.00 near S1 99.80 of the session before"
    assert texts["Weekly Contradicts Uptrend"] == (
        "daily trend 1, weekly trend -1 over 10 completed weeks, weekly RSI(14) 50.0"
    )


def test_the_reason_of_a_missing_value_is_told_once_enough_bars_are_known(quiet):
    gone = dict.fromkeys(("volume", "volume_ratio", "relative_strength_rising", "support", "sma_200"), np.nan)
    assert says(quiet, **gone).missing == {
        "sma_200": "",
        "volume": "no volume",
        "volume_ratio": "no volume",
        "support": "no swing low of the last 30 bars lies below the close",
        "relative_strength_rising": "no benchmark, no bar of it on this date, or too few dates in common",
    }
    assert says(quiet, n_obs=50, **gone, volume_ratio_z=np.nan).missing["volume_ratio_z"] == ""


def test_a_straight_rise_scores_its_groups(history_of):
    # close = 100 + t on volume that never changes, highs and lows half a point away, the open at the close, 220 bars.
    # Trend: far above every average, a rising line in days and weeks, above a rising cloud: capped at 4.
    # Volume: OBV rises with the price +2; the money flow is 0, every close in the middle of its bar; 319 lies 3.1 %
    # above the mean of the last 20: +1. Structure: a line has no swings; nothing is retraced: the close 319 stands
    # 4.5 % above the first level, 319.5 - 0.236 * 60 = 305.3; S1 of the bar before is 317.5, 0.47 % away: +2, and
    # R1 318.5 is 0.16 % away: -2, which cancel. Each price of the last 120 bars was traded alike, so that the
    # volume below the close is nearest in the highest of 20 buckets, 313.5 to 319.5, at 316.5: 0.8 % away, +2.
    # RSI 100 lies above (80 + 100) / 2, the bound of an uptrend and the tenth of its past: -2.
    history = history_of(100 + np.arange(220.0), volume=1000.0)
    signal = ENGINE.explain(ENGINE.features(history).iloc[-1])
    assert fired(signal) == {
        "Price Above MAs": 2,
        "Above SMA-200": 2,
        "Uptrend": 2,
        "Above Ichimoku Cloud": 2,
        "Future Cloud Up": 1,
        "Weekly Confirms Uptrend": 3,
        "OBV Confirms Rise": 2,
        "Above VWAP": 1,
        "Near Volume Support": 2,
        "Overbought": -2,
    }


@pytest.fixture(scope="module", params=["sample", "split_sample"])
def scored(request):
    bars = request.getfixturevalue(request.param)
    features = ENGINE.features(iq.History.of(bars))
    return bars, features, ENGINE.score(features)


ROWS = (10, 48, 49, 60, 199, 201, 399, 400, 700, 1500, 3077, 5030)


def test_a_score_does_not_change_when_the_future_is_cut_off(scored):
    bars, _, scores = scored
    for row in ROWS:
        past = ENGINE.score(ENGINE.features(iq.History.of(bars).until(bars.known_at[row])))
        np.testing.assert_allclose(past.iloc[-1], scores.iloc[row], rtol=1e-10, err_msg=f"row {row}")


def test_a_single_row_is_scored_and_explained_as_in_the_whole_table(scored):
    _, features, scores = scored
    for row in ROWS:
        np.testing.assert_array_equal(ENGINE.score(features.iloc[[row]]).iloc[0], scores.iloc[row])
        signal = ENGINE.explain(features.iloc[row])
        np.testing.assert_array_equal([signal.score, signal.confidence], scores.iloc[row, :2])
        assert len(signal.evidence) == (scores["signal_count"].iloc[row] if row >= 49 else 0)
        assert signal.as_of == features["known_at"].iloc[row]


def test_the_evidence_adds_up_to_the_votes(scored):
    _, features, _ = scored
    for row in ROWS[2:]:
        signal = ENGINE.explain(features.iloc[row])
        for group, vote in signal.votes.items():
            net = sum(each.direction * each.weight for each in signal.evidence if each.group == group)
            assert vote == max(-4, min(4, net))


def test_a_split_changes_no_score(sample, split_sample):
    whole, split = (ENGINE.score(ENGINE.features(iq.History.of(bars))) for bars in (sample, split_sample))
    pd.testing.assert_frame_equal(whole, split, rtol=1e-9)
