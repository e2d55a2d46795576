"""Butterworth against scipy and a plain recursion; the filters side by side."""

import numpy as np
import pandas as pd
import pytest
from scipy import signal

from investiq.core.errors import ConfigError
from investiq.indicators.filters import butterworth, signal_frame
from investiq.indicators.kalman_filters import local_linear_trend
from investiq.indicators.state_space import Variances
from investiq.indicators.trend import ema


@pytest.fixture(scope="module")
def walk():
    """300 steps of a level whose slope wanders, with noise."""
    rng = np.random.default_rng(5)
    slope = np.cumsum(rng.normal(0, 0.14, 300))
    return np.cumsum(slope + rng.normal(0, 0.63, 300)) + rng.normal(0, 1.22, 300)


def test_butterworth_is_scipys_filter_and_a_plain_recursion(walk):
    b, a = signal.butter(2, 0.2)
    direct, _ = signal.lfilter(b, a, walk, zi=signal.lfilter_zi(b, a) * walk[0])
    # As if the price had been the first one for ever: both earlier values in and out are walk[0].
    prices, plain = [walk[0], walk[0], *walk], [walk[0], walk[0]]
    for t in range(2, len(prices)):
        moving = b[0] * prices[t] + b[1] * prices[t - 1] + b[2] * prices[t - 2]
        plain.append(moving - a[1] * plain[t - 1] - a[2] * plain[t - 2])
    found = butterworth(walk, order=2, cutoff=0.2)
    np.testing.assert_allclose(found, direct, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(found, plain[2:], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("order", "cutoff"), [(1, 0.3), (2, 0.2), (4, 0.1), (8, 0.02)])
def test_butterworth_keeps_a_constant_and_follows_a_line_by_its_stated_lag(order, cutoff):
    np.testing.assert_allclose(butterworth(np.full(50, 71.3), order, cutoff), 71.3, rtol=1e-9)
    lag = 1 / (2 * np.sin(np.pi / (2 * order)) * np.tan(np.pi * cutoff / 2))
    line = np.arange(4000.0)
    assert butterworth(line, order, cutoff)[-1] == pytest.approx(line[-1] - lag, abs=1e-4)
    # The same lag as scipy's group delay at frequency 0.
    _, delay = signal.group_delay(signal.butter(1, cutoff), w=[1e-6])
    assert delay[0] == pytest.approx(1 / (2 * np.tan(np.pi * cutoff / 2)), rel=1e-6)


@pytest.mark.parametrize("order", [1, 2, 3, 7, 12])
def test_the_sections_are_scipys_to_twelve_digits(walk, order):
    prices = walk + 1_000
    sections = signal.butter(order, 0.05, output="sos")
    start = signal.sosfilt_zi(sections) * prices[0]
    np.testing.assert_allclose(
        butterworth(prices, order, 0.05), signal.sosfilt(sections, prices, zi=start)[0], rtol=1e-12
    )


def test_half_of_the_power_passes_at_the_cutoff():
    # Cutoff 0.2 of Nyquist is a period of 10 bars; the amplitude falls to sqrt(1/2).
    wave = np.sin(2 * np.pi * np.arange(2000) / 10)
    assert np.std(butterworth(wave)[1000:]) / np.std(wave[1000:]) == pytest.approx(0.5**0.5, rel=1e-9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"order": 0}, "order must be a whole number from 1 to 12, was 0"),
        ({"order": 2.0}, "order must be a whole number from 1 to 12, was 2.0"),
        ({"order": 13}, "order must be a whole number from 1 to 12, was 13"),
        ({"cutoff": 1.0}, r"cutoff must lie in \(0, 1\) of the Nyquist frequency, was 1.0; .*2 / period"),
        ({"cutoff": 0}, "cutoff must lie in"),
        ({"cutoff": float("nan")}, "cutoff must lie in"),
        ({"cutoff": "0.2"}, "cutoff must lie in"),
    ],
)
def test_butterworth_refuses_what_it_cannot_design(arguments, message):
    with pytest.raises(ConfigError, match=message):
        butterworth(np.arange(9.0), **arguments)


def test_a_signal_frame_holds_the_filters_side_by_side(split_share):
    frame = signal_frame(split_share, Variances(observation=1e-4, level=3e-4, slope=1e-6), window=30, cutoff=0.3)
    trend = local_linear_trend(split_share["close"], Variances(observation=1e-4, level=3e-4, slope=1e-6), window=30)
    expected = pd.DataFrame(
        {
            "filtered_price": trend["level"],
            "velocity": trend["slope"],
            "uncertainty": trend["uncertainty"],
            "innovation_z": trend["innovation_z"],
            "butterworth_price": butterworth(split_share["close"], cutoff=0.3),
            "ema_price": ema(split_share["close"], 10),
        }
    )
    pd.testing.assert_frame_equal(frame, expected)
