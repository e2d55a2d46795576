import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.engines.technical.engine import TechnicalEngine
from investiq.engines.technical.features import FEATURES

ENGINE = TechnicalEngine()


@pytest.fixture(scope="module")
def quiet():
    """One row at which no signal fires: everything stands in the middle."""
    values = {
        **dict.fromkeys(FEATURES, 0.0),
        **dict.fromkeys(("close", "sma_20", "sma_50", "sma_200", "ema_12", "ema_26"), 100.0),
        "bb_lower": 90.0,
        "bb_upper": 110.0,
        "bb_percent_b": 0.5,
        **dict.fromkeys(("rsi_percentile", "stochastic_percentile", "adx_percentile", "atr_ratio_percentile"), 0.5),
        **dict.fromkeys(("rsi", "stochastic_k", "stochastic_d"), 50.0),
        "adx": 25.0,
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
        ({"sma_20_50_cross": 1.0}, {"SMA 20/50 Cross Up": 4}),
        ({"sma_20_50_cross": -1.0}, {"SMA 20/50 Cross Down": -4}),
        ({"sma_50_200_cross": 1.0}, {"Golden Cross": 4}),
        ({"sma_50_200_cross": -1.0}, {"Death Cross": -4}),
        ({"macd_cross": 1.0}, {"MACD Cross Up": 3}),
        ({"macd_cross": -1.0}, {"MACD Cross Down": -3}),
        ({"adx_percentile": 0.76, "plus_di": 30.0, "minus_di": 20.0}, {"Strong Trend Up": 3}),
        ({"adx_percentile": 0.76, "plus_di": 20.0, "minus_di": 30.0}, {"Strong Trend Down": -3}),
        ({"adx_percentile": 0.99, "adx": 19.9, "plus_di": 30.0}, {}),  # a percentile cannot call a trend at ADX 19.9
        ({"adx_percentile": 0.75, "plus_di": 30.0}, {}),
        ({"trend": 1.0}, {"Uptrend": 2}),
        ({"trend": -1.0}, {"Downtrend": -2}),
        ({"rsi_percentile": 0.09}, {"Deeply Oversold": 3}),
        ({"rsi_percentile": 0.10}, {"Oversold": 2}),
        ({"rsi_percentile": 0.20}, {}),
        ({"rsi_percentile": 0.90}, {}),
        ({"rsi_percentile": 0.91}, {"Overbought": -2}),
        ({"bb_lower": 101.0}, {"Below Lower Band": 1}),
        ({"bb_upper": 99.0}, {"Above Upper Band": -1}),
        ({"bb_lower": 101.0, "rsi_percentile": 0.15}, {"Below Lower Band, RSI Agrees": 2, "Oversold": 2}),
        ({"bb_lower": 101.0, "rsi_percentile": 0.95}, {"Below Lower Band": 1, "Overbought": -2}),
        ({"bb_upper": 99.0, "rsi_percentile": 0.95}, {"Above Upper Band, RSI Agrees": -2, "Overbought": -2}),
        ({"stochastic_percentile": 0.14}, {"Stochastic Low": 2}),
        ({"stochastic_percentile": 0.15}, {}),
        ({"stochastic_percentile": 0.85}, {}),
        ({"stochastic_percentile": 0.86}, {"Stochastic High": -2}),
        ({"atr_ratio": 3.0, "atr_ratio_percentile": 0.99, "bb_width": 0.4}, {}),  # volatility has no direction
        ({"stochastic_cross": 1.0}, {}),
    ],
)
def test_a_signal_fires_at_its_threshold_with_its_weight(quiet, changes, expected):
    assert fired(says(quiet, **changes)) == expected


def test_a_score_by_hand_with_both_groups(quiet):
    # Trend: below both averages -2, death cross -4, down -2: capped at -4. Mean reversion: oversold +2.
    # Score = 100 * (-4 + 2) / 6 * 2 / 3 = -22.2. Confidence = 0.55 * 4/6 + 0.30 * 0.9 + 0.15 * 4/15.
    signal = says(quiet, close=99.0, sma_200=99.0, sma_50_200_cross=-1.0, trend=-1.0, rsi_percentile=0.15)
    assert signal.votes == {"trend": -4.0, "mean reversion": 2.0}
    assert signal.score == pytest.approx(-200 / 9)
    assert signal.label == "Weak Sell"
    assert signal.confidence == pytest.approx(0.55 * 4 / 6 + 0.27 + 0.04)
    assert signal.reason == "- Death Cross, - Price Below MAs, - Downtrend, + Oversold"


def test_signals_that_cancel_within_a_group_leave_the_verdict_to_the_other(quiet):
    # Trend: +2 and -2; mean reversion +2 alone: 100 * 1 / 2. Agreement is complete, three signals fired.
    signal = says(quiet, sma_200=99.0, trend=-1.0, rsi_percentile=0.15)
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
    signal = says(quiet, close=95.0, sma_20=97.0, sma_200=95.0, rsi=31.4, rsi_percentile=0.15)
    below, oversold = signal.evidence
    assert (below.value, below.threshold, below.unit) == (95.0, 97.0, "price")  # the average last passed
    assert below.text == "close 95.00 below SMA-20 97.00 and SMA-50 100.00"
    assert (oversold.value, oversold.threshold, oversold.unit) == (0.15, 0.20, "fraction")
    assert oversold.text == "RSI(14) 31.4, rank 15.00 % in its trailing 252 bars"


def test_missing_features_are_named_and_do_not_vote(quiet):
    signal = says(quiet, sma_200=np.nan, sma_50_200_cross=np.nan, trend=1.0)
    assert list(signal.missing) == ["sma_200", "sma_50_200_cross"]
    assert fired(signal) == {"Uptrend": 2}


def test_a_straight_rise_scores_one_group(history_of):
    # 220 bars: above both averages +2, above the 200-bar average +2, uptrend +2, capped at 4. Nothing else fires:
    # RSI, ADX and %K do not change, so they rank in the middle. 100 * 1 / 2, confidence 0.55 + 0.27 + 0.15 * 3/15.
    history = history_of(100 + np.arange(220.0))
    features = ENGINE.features(history)
    signal = ENGINE.explain(features.iloc[-1])
    assert fired(signal) == {"Price Above MAs": 2, "Above SMA-200": 2, "Uptrend": 2}
    assert signal.votes == {"trend": 4.0}
    assert (signal.score, signal.label) == (50.0, "Buy")
    assert signal.confidence == pytest.approx(0.55 + 0.27 + 0.03)
    scores = ENGINE.score(features)
    assert scores["score"].isna().sum() == 49
    assert scores["score"].iloc[49:].to_list() == [50.0] * 171


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
