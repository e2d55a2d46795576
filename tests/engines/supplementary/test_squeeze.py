import dataclasses

import numpy as np
import pytest

import investiq as iq
from investiq.engines.supplementary import short_interest, smart_money, squeeze, volatility_proxy
from investiq.engines.supplementary.engine import SupplementaryView
from investiq.engines.supplementary.squeeze import squeeze_features

VIEW = SupplementaryView((volatility_proxy.TOPIC, short_interest.TOPIC, squeeze.TOPIC))


def last(sample, close, volume):
    flat = {name: np.asarray(close, dtype=float) for name in ("open", "high", "low", "close")}
    bars = dataclasses.replace(sample[: len(close)], **flat, volume=np.asarray(volume, dtype=float))
    return {name: values[-1] for name, values in squeeze_features(iq.History.of(bars)).items()}


def test_the_parts_of_a_quiet_price_with_a_burst_of_volume(sample):
    # 19 days of 100 and one of 400: mean 115, spike 400/115 - 1 = 2.478, times 15 is cut at 15. Last five: mean 160,
    # 160/115 = 1.3913, less 0.8, times 25 = 14.78. No move: bands of width 0, 20; no momentum.
    found = last(sample, [50.0] * 40, [100.0] * 39 + [400.0])
    assert found["squeeze_volume_spike"] == 15.0
    assert found["squeeze_volume_trend"] == pytest.approx((160 / 115 - 0.8) * 25)
    assert found["squeeze_bands"] == 20.0
    assert found["squeeze_momentum"] == 0.0


def test_a_small_spike_is_in_proportion(sample):
    # 20 days: 19 of 100 and one of 120: mean 101; 120/101 - 1 = 0.198, times 15. Five days: 104/101.
    found = last(sample, [50.0] * 40, [100.0] * 39 + [120.0])
    assert found["squeeze_volume_spike"] == pytest.approx((120 / 101 - 1) * 15)
    assert found["squeeze_volume_trend"] == pytest.approx((104 / 101 - 0.8) * 25)


@pytest.mark.parametrize(("gain", "points"), [(0.04, 8.0), (0.15, 20.0), (-0.04, 0.0)])
def test_momentum_earns_two_points_a_per_cent_of_a_rise(sample, gain, points):
    close = np.concatenate([np.full(20, 100.0), np.linspace(100, 100 * (1 + gain), 21)])
    assert last(sample, close, [100.0] * 41)["squeeze_momentum"] == pytest.approx(points)


@pytest.mark.parametrize(("half", "points"), [(0.9, 11.0), (1.1, 3.2), (1.4, 0.8), (1.6, 0.0), (0.3, 17.0)])
def test_narrow_bands_earn_points(sample, half, points):
    # Closes that alternate by `half` around 100 have a population deviation of `half`; the bands are 4 of them wide:
    # 0.036 earns 20 - 250 * 0.036 = 11, 0.044 earns (0.06 - 0.044) * 200 = 3.2, 0.012 earns 17.
    close = 100 + half * np.where(np.arange(40) % 2, 1.0, -1.0)
    assert last(sample, close, [100.0] * 40)["squeeze_bands"] == pytest.approx(points)


def test_an_rsi_of_100_earns_15(sample):
    assert last(sample, 100 + np.arange(40.0), [100.0] * 40)["squeeze_rsi"] == pytest.approx(15.0)


def test_pressure_is_the_sum_of_its_parts_and_risk_adds_short_interest():
    history = iq.History.of(iq.load_bars("SYN001"), records=[iq.load_records("SYN001", "short_interest")])
    table = VIEW.features(history)
    names = ("volume_spike", "volume_trend", "momentum", "compression", "bands", "rsi")
    parts = table[[f"squeeze_{name}" for name in names]].sum(axis=1, skipna=False)
    assert table["squeeze_pressure"].to_numpy() == pytest.approx(parts.to_numpy(), nan_ok=True)
    known = table.dropna(subset=["squeeze_pressure", "short_percentile"])
    assert len(known) > 2_000
    expected = 0.5 * known["squeeze_pressure"] + 0.5 * 100 * known["short_percentile"]
    assert known["squeeze_risk"].to_numpy() == pytest.approx(expected.to_numpy())
    compression = 15 * (1 - known["volatility_historical_percentile"])
    assert known["squeeze_compression"].to_numpy() == pytest.approx(compression.to_numpy())
    assert known["squeeze_pressure"].between(0, 100).all()
    high, low = known["squeeze_pressure"] >= 70, known["squeeze_pressure"] < 40
    assert set(known["squeeze_level"][low]) == {"Low"}
    assert set(known["squeeze_level"][~low & ~high]) == {"Moderate"}
    assert (known["squeeze_level"][high] == "High").all()


def test_a_series_without_volume_has_no_pressure_and_says_why(sample):
    silent = dataclasses.replace(sample, volume=np.full(len(sample), np.nan))
    signal = VIEW.explain(VIEW.features(iq.History.of(silent)).iloc[-1])
    assert np.isnan(signal.metrics["squeeze_pressure"])
    assert signal.missing["squeeze_pressure"] == "no volume of 20 bars"
    assert signal.words["squeeze_level"] == ""
    assert signal.absent == {"short interest": "needs short interest; nothing is known at this time"}


PARTS = ("insider_signal", "options_skew_percentile", "options_put_call_interest_percentile", "smart_money_flow")


def composite(*values):
    table = {name: np.array([value]) for name, value in zip(PARTS, values, strict=True)}
    found = smart_money.TOPIC.composite(table)
    return found["smart_money_score"][0], found["smart_money_band"][0], found["smart_money_parts"][0]


@pytest.mark.parametrize(
    ("values", "score", "band"),
    [
        ((1.0, 0.1, 0.2, 0.4), 0.7, "Strong Accumulation"),  # (1 + 0.8 + 0.6 + 0.4) / 4
        ((1.0, 0.3, 0.5, 0.2), 0.4, "Accumulation"),  # (1 + 0.4 + 0 + 0.2) / 4
        ((0.0, 0.5, 0.5, 1.0), 0.25, "Neutral"),  # on the cut
        ((-1.0, 0.7, 0.5, -0.2), -0.4, "Distribution"),
        ((-1.0, 0.9, 0.8, -0.4), -0.7, "Strong Distribution"),
        ((np.nan, np.nan, 0.1, 0.2), 0.5, "Accumulation"),  # (0.8 + 0.2) / 2
        ((np.nan, np.nan, np.nan, 0.9), np.nan, ""),  # one part is no composite
    ],
)
def test_smart_money_is_the_mean_of_its_signed_parts(values, score, band):
    found = composite(*values)
    assert found[0] == pytest.approx(score, nan_ok=True)
    assert found[1:] == (band, np.isfinite(values).sum())


def test_smart_money_adds_no_adjustment_of_its_own():
    assert smart_money.TOPIC.adjustments == ()


def test_the_proxy_speaks_only_where_implied_volatility_has_no_rank():
    (proxy,) = volatility_proxy.TOPIC.adjustments
    table = {
        "volatility_historical_percentile": np.array([0.19, 0.20, 0.80, 0.81, np.nan, 0.9]),
        "options_iv_percentile": np.array([np.nan, np.nan, np.nan, np.nan, np.nan, 0.5]),
    }
    assert proxy.amount(table).tolist() == [0.02, 0.0, 0.0, -0.02, 0.0, 0.0]
    assert proxy.amount({"volatility_historical_percentile": np.array([0.9])}).tolist() == [
        -0.02
    ]  # without the options
