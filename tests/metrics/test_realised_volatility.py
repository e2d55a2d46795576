"""Volatility without a model: arithmetic by hand, arch, and simulated truth."""

import math

import numpy as np
import pandas as pd
import pytest
from arch.univariate import EWMAVariance

import investiq as iq
from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.metrics.conventions import Convention
from investiq.metrics.realised_volatility import (
    close_to_close_volatility,
    ewma_volatility,
    garman_klass_volatility,
    parkinson_volatility,
    rogers_satchell_volatility,
    yang_zhang_volatility,
)

PER_PERIOD = Convention(periods_per_year=1)
DAILY = Convention(periods_per_year=252)
RANGES = [parkinson_volatility, garman_klass_volatility, rogers_satchell_volatility, yang_zhang_volatility]


def bars_of(*rows):
    """Bars whose prices have the given logarithms: open, high, low, close."""
    return pd.DataFrame(np.exp(np.array(rows)), columns=["open", "high", "low", "close"])


# Of the two bars: ranges 0.03 and 0.05, bodies 0.01 and -0.02.
TWO = bars_of([0.00, 0.02, -0.01, 0.01], [0.03, 0.04, -0.01, 0.01])


def test_weights_of_the_exponential_average_worked_by_hand():
    # Squares 1, 4, 9 (1e-4) with decay 1/2: weights 1/4, 1/2, 1 over 7/4, so (1/4 + 2 + 9) / (7/4) = 45/7.
    returns = np.array([0.01, -0.02, 0.03])
    np.testing.assert_allclose(
        ewma_volatility(returns, PER_PERIOD, 0.5) ** 2, [1e-4, (0.5 + 4) / 1.5 * 1e-4, 45 / 7 * 1e-4]
    )
    # From the first square: 1, 1/2 + 2 = 2.5, 1.25 + 4.5 = 5.75.
    np.testing.assert_allclose(
        ewma_volatility(returns, PER_PERIOD, 0.5, start="first_square") ** 2, [1e-4, 2.5e-4, 5.75e-4]
    )


def test_the_exponential_average_is_archs_one_row_earlier():
    returns = 0.01 * np.random.default_rng(1).standard_normal(300)
    variances = np.empty(300)
    EWMAVariance(0.94).compute_variance(np.empty(0), returns, variances, returns[0] ** 2, np.tile([0.0, 1.0], (300, 1)))
    found = ewma_volatility(returns, PER_PERIOD, start="first_square")
    np.testing.assert_allclose(found[:-1] ** 2, variances[1:], rtol=1e-10)


def test_the_exponential_average_keeps_the_index_and_annualises():
    days = pd.date_range("2024-01-02", periods=3, tz="UTC", name="ts")
    returns = pd.Series([0.01, -0.02, 0.03], index=days)
    found = ewma_volatility(returns, DAILY)
    assert found.index.equals(days) and found.name == "ewma_volatility"
    np.testing.assert_allclose(found, math.sqrt(252) * ewma_volatility(returns.to_numpy(), PER_PERIOD))
    # Known with its return: a later one changes nothing.
    assert ewma_volatility(returns.iloc[:2], DAILY).iloc[-1] == found.iloc[1]


def test_the_exponential_average_refuses_what_it_cannot_use():
    for decay in (0, 1, 1.5, math.nan):
        with pytest.raises(ConfigError, match=r"decay must lie in \(0, 1\)"):
            ewma_volatility(np.array([0.01, 0.02]), DAILY, decay)
    with pytest.raises(ConfigError, match="start must be"):
        ewma_volatility(np.array([0.01, 0.02]), DAILY, start="zero")
    with pytest.raises(InsufficientDataError, match="needs 1 returns, received 0"):
        ewma_volatility(np.array([]), DAILY)
    with pytest.raises(DataError, match="NaN"):
        ewma_volatility(np.array([0.01, np.nan]), DAILY)


def test_parkinson_worked_by_hand():
    # (0.03^2 + 0.05^2) / 2 = 0.0017, over 4 ln 2.
    assert parkinson_volatility(TWO, PER_PERIOD) ** 2 == pytest.approx(0.0017 / (4 * math.log(2)))


def test_garman_klass_worked_by_hand():
    # Half of 0.0017, less (2 ln 2 - 1) times (0.01^2 + 0.02^2) / 2 = 0.00025.
    expected = 0.00085 - (2 * math.log(2) - 1) * 0.00025
    assert garman_klass_volatility(TWO, PER_PERIOD) ** 2 == pytest.approx(expected)


def test_rogers_satchell_worked_by_hand():
    # 0.01 * 0.02 + -0.02 * -0.01 = 0.0004 and 0.03 * 0.01 + -0.02 * -0.04 = 0.0011, so 0.00075.
    assert rogers_satchell_volatility(TWO, PER_PERIOD) ** 2 == pytest.approx(0.00075)


def test_yang_zhang_worked_by_hand():
    # The first bar only gives its close, 0.01. Then overnight 0.02 and -0.02 (variance 0.0008), bodies -0.02 and 0.03
    # (variance 0.00125), Rogers-Satchell 0.0011 and 0.01 * 0.04 + -0.04 * -0.01 = 0.0008, so 0.00095;
    # k = 0.34 / (1.34 + 3 / 1).
    three = bars_of([0.00, 0.02, -0.01, 0.01], [0.03, 0.04, -0.01, 0.01], [-0.01, 0.03, -0.02, 0.02])
    k = 0.34 / 4.34
    expected = 0.0008 + k * 0.00125 + (1 - k) * 0.00095
    assert yang_zhang_volatility(three, PER_PERIOD) ** 2 == pytest.approx(expected)


def test_close_to_close_is_the_deviation_of_log_returns():
    # Log returns 0.02 and -0.04: mean -0.01, deviations 0.03 twice, over ddof 1 or 0.
    bars = bars_of([0, 0, 0, 0], [0.02, 0.02, 0.02, 0.02], [-0.02, -0.02, -0.02, -0.02])
    assert close_to_close_volatility(bars, PER_PERIOD) == pytest.approx(math.sqrt(0.0018))
    population = Convention(periods_per_year=1, ddof=0)
    assert close_to_close_volatility(bars, population) == pytest.approx(0.03)


def test_every_measure_finds_the_volatility_of_a_simulated_day():
    # 2,000 days of 400 steps of a driftless walk, 20 % a year, without a night. The range of 400 steps is some 3 % short.
    steps = np.random.default_rng(2).normal(0, 0.2 / math.sqrt(252 * 400), (2000, 400))
    path = np.cumsum(steps, axis=1) + np.r_[0, np.cumsum(steps.sum(axis=1))[:-1]][:, None]
    opened = np.r_[0, path[:-1, -1]]
    inside = np.column_stack([opened, path])
    bars = bars_of(*zip(opened, inside.max(axis=1), inside.min(axis=1), path[:, -1], strict=True))
    assert close_to_close_volatility(bars, DAILY) == pytest.approx(0.2, rel=0.04)
    for measure in RANGES:
        assert measure(bars, DAILY) == pytest.approx(0.2, rel=0.06), measure.__name__


def test_a_drift_moves_parkinson_but_not_rogers_satchell():
    # A straight rise of 1 % a bar has no volatility; its range says 1 % / sqrt(4 ln 2).
    rise = bars_of(*[[t / 100, (t + 1) / 100, t / 100, (t + 1) / 100] for t in range(5)])
    assert rogers_satchell_volatility(rise, PER_PERIOD) == pytest.approx(0, abs=1e-9)
    assert yang_zhang_volatility(rise, PER_PERIOD) == pytest.approx(0, abs=1e-9)
    assert parkinson_volatility(rise, PER_PERIOD) == pytest.approx(0.01 / math.sqrt(4 * math.log(2)))


def test_bars_and_their_frame_give_the_same_number():
    bars = iq.load_bars("^GSPC", start="2018").adjusted()
    for measure in (*RANGES, close_to_close_volatility):
        assert measure(bars, DAILY) == measure(bars.frame, DAILY)
        assert measure(bars, DAILY) == pytest.approx(math.sqrt(252) * measure(bars, PER_PERIOD))


@pytest.mark.parametrize(
    ("measure", "least"),
    [(close_to_close_volatility, 3), (parkinson_volatility, 1), (yang_zhang_volatility, 3)],
)
def test_too_few_bars_are_refused(measure, least):
    with pytest.raises(InsufficientDataError, match=f"needs {least} bars, received {least - 1}"):
        measure(bars_of(*[[0, 0.1, -0.1, 0]] * 3).iloc[: least - 1], DAILY)


@pytest.mark.parametrize("measure", [*RANGES, close_to_close_volatility])
def test_prices_that_cannot_be_are_refused(measure):
    three = pd.concat([TWO, TWO], ignore_index=True)
    with pytest.raises(DataError, match="high holds 1 NaN or infinite of 4"):
        measure(three.assign(high=three["high"].where(three.index != 1)), DAILY)
    with pytest.raises(DataError, match=r"low holds 4 prices <= 0"):
        measure(three.assign(low=0.0), DAILY)
    with pytest.raises(DataError, match=r"2 bars have an open or a close outside of low to high"):
        measure(three.assign(high=three["high"].where(three.index > 1, 0.995)), DAILY)
    with pytest.raises(DataError, match=r"DataFrame lacks open, low"):
        measure(three[["high", "close"]], DAILY)


@pytest.mark.parametrize("measure", [close_to_close_volatility, yang_zhang_volatility])
def test_a_split_of_bars_as_traded_is_no_volatility(measure):
    bars = iq.load_bars("SYN001", start="2018-01-02")
    halved = np.where(np.arange(len(bars)) >= 7, 0.5, 1.0)
    prices = {name: getattr(bars, name) * halved for name in ("open", "high", "low", "close")}
    split = bars._derived(**prices, split_factor=bars.split_factor / halved, total_factor=bars.total_factor / halved)
    with pytest.raises(
        DataError, match=r"SYN001 has 1 split inside these bars \(first 2018-01-11\).*adjusted\('total'\)"
    ):
        measure(split, DAILY)
    assert measure(split.adjusted("split"), DAILY) == pytest.approx(measure(bars.adjusted("split"), DAILY), rel=1e-12)
