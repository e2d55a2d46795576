"""The risk radar: each axis by hand, and what a missing input does."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from investiq.analysis.radar import Holding, risk_radar
from investiq.core.errors import DataError


def a_view(**changes):
    """An analysis with one bar of everything that the radar reads."""
    row = {
        "beta": 1.25,
        "correlation_market": -0.6,
        "volatility": 0.35,
        "atr_14": 2.75,
        "close": 100.0,
        "earnings_days_to_next": math.nan,
        "earnings_days_to_expected": 5.0,
        "total_articles": 27.5,
        **{name: value for name, value in changes.items() if name not in ("volume", "currency", "tones")},
    }
    tones = changes.get("tones", [50.0, -50.0])
    table = pd.DataFrame([row] * len(tones)).assign(normalized_score=tones)
    volume = np.full(20, changes.get("volume", 1e6))
    bars = SimpleNamespace(volume=volume, passport=SimpleNamespace(currency=changes.get("currency", "USD")))
    return SimpleNamespace(
        symbol="AAA",
        bar="2020-01-02",
        watermark=None,
        bars=bars,
        table=table,
        history=SimpleNamespace(benchmark="MKT"),
        engines={"sentiment": SimpleNamespace(confidence=0.75)},
    )


def score(name, holding=None, **changes):
    return {axis.name: axis for axis in risk_radar(a_view(**changes), holding).axes}[name].score


def test_the_market_axis_is_half_beta_and_half_correlation():
    # 50 x (1.25 - 0.5) / 1.5 = 25, and 50 x 0.6 = 30.
    assert score("market") == pytest.approx(55)


def test_a_beta_outside_its_bounds_counts_as_the_bound():
    # Above 2 it is 50 + 30, below 0.5 it is 0 + 30.
    assert score("market", beta=3.0) == pytest.approx(80)
    assert score("market", beta=-1.0) == pytest.approx(30)


def test_the_volatility_axis_weighs_volatility_and_range():
    # 60 x (0.35 - 0.10) / 0.50 = 30, and 40 x (0.0275 - 0.005) / 0.045 = 20.
    assert score("volatility") == pytest.approx(50)


@pytest.mark.parametrize(("volume", "expected"), [(1e7, 0), (1e6, 50), (1e5, 100), (1e3, 100)])
def test_the_liquidity_axis_falls_with_the_digits_of_the_volume(volume, expected):
    # 100 x (7 - log10 of the volume) / 2, held to 0 and 100.
    assert score("liquidity", volume=volume) == pytest.approx(expected)


@pytest.mark.parametrize(("days", "expected"), [(3.0, 60), (5.0, 45), (14.0, 30), (14.5, 20)])
def test_the_event_axis_rises_as_a_report_comes_near(days, expected):
    assert score("event", earnings_days_to_expected=days) == expected


def test_an_announced_report_comes_before_an_expected_one():
    # Announced in 2 days: 20 + 40; expected in 5 would have been 20 + 25.
    assert score("event", earnings_days_to_next=2.0) == 60


def test_the_concentration_axis_is_of_weight_sector_and_positions():
    # 40 x (0.135 - 0.02) / 0.23 = 20, 30 x (0.30 - 0.10) / 0.40 = 15, 30 x (20 - 15) / 15 = 10.
    assert score("concentration", Holding(weight=0.135, sector_weight=0.30, positions=15)) == pytest.approx(45)


def test_the_sentiment_axis_is_of_spread_confidence_and_articles():
    # Tones of +-0.5 have a deviation of sqrt(0.5) = 0.7071 with ddof 1: 40 x 0.7071 = 28.28;
    # 40 x (1 - 0.75) = 10; 20 x (50 - 27.5) / 45 = 10.
    assert score("sentiment") == pytest.approx(48.284, abs=1e-3)


def test_a_missing_input_leaves_the_axis_empty_with_a_reason():
    radar = risk_radar(a_view(beta=math.nan, currency="index points"))
    missing = {axis.name: axis.reason for axis in radar.axes if math.isnan(axis.score)}
    assert set(missing) == {"market", "liquidity", "concentration"}
    assert "index" in missing["liquidity"]
    assert all(missing.values())


def test_the_whole_is_the_mean_of_the_known_axes_by_weight():
    # Volatility 50 x 0.25 and event 45 x 0.15, over 0.40: 48.125.
    radar = risk_radar(a_view(beta=math.nan, currency="index points", total_articles=math.nan))
    assert [axis.name for axis in radar.known] == ["volatility", "event"]
    assert radar.score == pytest.approx(48.125)
    assert radar.level == "elevated"


def test_an_axis_far_above_its_target_is_a_caution():
    # Event 60 against 40 is 20 above; market 55 against 50 is only 5 above.
    notes = [note.text for note in risk_radar(a_view(earnings_days_to_expected=1.0)).notes]
    assert any(text.startswith("event: 60 is 20 above its target of 40") for text in notes)
    assert not any(text.startswith("market") for text in notes)


def test_text_and_frame_state_the_same_scores():
    radar = risk_radar(a_view())
    assert radar.to_frame().loc["market", "score"] == pytest.approx(55)
    assert "55.0" in str(radar)


def test_a_holding_in_percent_is_refused():
    with pytest.raises(DataError, match="weight must lie in"):
        Holding(weight=5, sector_weight=0.1, positions=3)
    with pytest.raises(DataError, match="positions must be at least 1"):
        Holding(weight=0.05, sector_weight=0.1, positions=0)
