import dataclasses

import numpy as np
import pytest
from scipy import stats

import investiq as iq
from investiq.engines.supplementary.correlations import TOPIC, correlation_features


@pytest.fixture(scope="module")
def pair():
    return iq.load_bars("SYN001"), iq.load_bars("SYN-MKT")


def test_correlation_band_and_beta_are_scipys(pair):
    share, market = pair
    found = correlation_features(iq.History.of(share, benchmark=market))
    x, y = (each.adjusted("total").close for each in pair)
    for row in (90, 1000, 2514):
        of_x, of_y = (np.diff(each[row - 90 : row + 1]) / each[row - 90 : row] for each in (x, y))
        fit = stats.pearsonr(of_x, of_y)
        band = fit.confidence_interval(0.95)
        assert found["correlation_market"][row] == pytest.approx(fit.statistic, abs=1e-10)
        assert found["correlation_market_lower"][row] == pytest.approx(band.low, abs=1e-9)
        assert found["correlation_market_upper"][row] == pytest.approx(band.high, abs=1e-9)
        assert found["correlation_beta_market"][row] == pytest.approx(stats.linregress(of_y, of_x).slope, abs=1e-9)
        assert found["correlation_diversification"][row] == pytest.approx(1 - fit.statistic**2, abs=1e-9)
        short = stats.pearsonr(of_x[-30:], of_y[-30:]).statistic
        assert found["correlation_market_short"][row] == pytest.approx(short, abs=1e-10)
    assert np.isnan(found["correlation_market"][89])
    assert np.isfinite(found["correlation_market_short"][30])


def test_the_true_loading_of_a_share_lies_within_the_noise(pair):
    share, market = pair
    truth = iq.synthetic_truth("SYN001").loadings["market"]
    betas = correlation_features(iq.History.of(share, benchmark=market))["correlation_beta_market"][90::90]
    error = betas.std(ddof=1) / np.sqrt(betas.size)
    assert abs(betas.mean() - truth) < 3 * error


def test_a_benchmark_has_no_correlation_with_itself(pair):
    _, market = pair
    found = correlation_features(iq.History.of(market, benchmark=market))
    assert np.isnan(found["correlation_market"]).all()
    row = {name: values[-1] for name, values in found.items()}
    assert TOPIC.why_missing(row)["correlation_small_caps"].startswith("no series of small caps")


def test_each_average_has_its_own_column(pair):
    share, market = pair
    small = dataclasses.replace(market, symbol="IWM")
    found = correlation_features(iq.History.of(share, small, benchmark=market))
    np.testing.assert_array_equal(found["correlation_small_caps"], found["correlation_market"])
    assert np.isnan(found["correlation_nasdaq"]).all()
