import dataclasses

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import investiq as iq
from investiq.engines.supplementary.pairs import joint_returns, rolling_correlation, rolling_regression


@pytest.fixture(scope="module")
def returns():
    rng = np.random.default_rng(5)
    x = rng.normal(0.0, 0.01, (2, 300))
    return 0.7 * x[0] - 0.4 * x[1] + rng.normal(0, 0.005, 300), x


def test_each_window_has_pandas_correlation(returns):
    y, x = returns
    expected = pd.Series(y).rolling(90).corr(pd.Series(x[0])).to_numpy()[89:]
    np.testing.assert_allclose(rolling_correlation(y, x[0], 90), expected, atol=1e-10)


@pytest.mark.parametrize("window", [0, 100, 210])
def test_slopes_and_errors_are_those_of_statsmodels(returns, window):
    y, x = returns
    slopes, errors = rolling_regression(y, x, 90)
    rows = slice(window, window + 90)
    fit = sm.OLS(y[rows], sm.add_constant(x[:, rows].T)).fit()
    np.testing.assert_allclose(slopes[:, window], fit.params[1:], rtol=1e-9)
    np.testing.assert_allclose(errors[:, window], fit.bse[1:], rtol=1e-9)


def test_a_series_that_does_not_vary_has_no_correlation_and_no_slope():
    y = np.random.default_rng(1).normal(size=40)
    still = np.full(40, 0.001)
    assert np.isnan(rolling_correlation(y, still, 20)).all()
    assert np.isnan(rolling_regression(y, still[np.newaxis], 20)[0]).all()


def test_regressors_that_move_as_one_have_no_slopes():
    x = np.random.default_rng(2).normal(size=40)
    slopes, errors = rolling_regression(x, np.stack([x, 2 * x]), 20)
    assert np.isnan(slopes).all()
    assert np.isnan(errors).all()


def test_returns_are_those_between_common_dates_and_count_from_the_second():
    main = iq.load_bars("SYN001", start="2012")[:6]
    other = iq.load_bars("SYN-MKT", start="2012")[:6]
    kept = [0, 1, 3, 4, 5]  # the other has no bar on the third date
    gap = dataclasses.replace(
        other,
        **{
            name: getattr(other, name)[kept]
            for name in (
                "ts",
                "known_at",
                "open",
                "high",
                "low",
                "close",
                "volume",
                "split_factor",
                "total_factor",
                "flags",
            )
        },
    )
    joint = joint_returns(main, gap)
    own, theirs = main.adjusted("total").close, other.close
    assert joint.main.tolist() == pytest.approx(
        [own[1] / own[0] - 1, own[3] / own[1] - 1, own[4] / own[3] - 1, own[5] / own[4] - 1]
    )
    assert joint.others[0][1] == pytest.approx(theirs[3] / theirs[1] - 1)
    assert joint.known.tolist() == [0, 1, 1, 2, 3, 4]


def test_a_row_sees_the_newest_window_that_it_knows():
    main, other = (iq.load_bars(name, start="2012")[:8] for name in ("SYN001", "SYN-MKT"))
    joint = joint_returns(main, other)
    values = np.array([1.0, 2.0, 3.0, 4.0, 5.0])  # of windows of 3 among 7 returns
    assert joint.at_rows(values, 3)[3:].tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert np.isnan(joint.at_rows(values, 3)[:3]).all()


def test_what_ended_ten_bars_ago_has_nothing_in_common_with_today():
    main, other = (iq.load_bars(name, start="2012")[:40] for name in ("SYN001", "SYN-MKT"))
    joint = joint_returns(main, other[:20])
    assert joint.is_fresh.tolist() == [True] * 29 + [False] * 11  # row 29 is the tenth without a common date
    seen = joint.at_rows(np.arange(15.0), 5)  # of 19 returns
    assert seen[28] == 14.0
    assert np.isnan(seen[29:]).all()
