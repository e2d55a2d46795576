import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from statsmodels.stats.outliers_influence import variance_inflation_factor

from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.metrics.regression import least_squares, newey_west_lags, variance_inflation

# The hand case: six returns of a strategy and of its market.
Y = np.array([0.02, 0.01, -0.01, 0.03, 0.0, 0.01])
M = np.array([0.01, 0.0, -0.02, 0.02, -0.01, 0.02])


@pytest.fixture(scope="module")
def factors():
    generator = np.random.default_rng(6)
    x = generator.standard_normal((300, 3)) / 100
    x[:, 2] += 0.8 * x[:, 0]
    noise = np.convolve(generator.standard_normal(304), np.ones(5) / 5, "valid") * (1 + 40 * np.abs(x[:, 0])) / 100
    return 0.001 + x @ [1.0, -0.5, 0.3] + noise, x


@pytest.mark.parametrize(("count", "lags"), [(100, 4), (252, 4), (504, 5), (1250, 7), (2520, 8)])
def test_customary_number_of_lags(count, lags):
    assert newey_west_lags(count) == lags


@pytest.mark.parametrize(
    ("options", "errors"),
    [
        ({"covariance": "classic"}, (0.0033072, 0.2165064)),
        ({"covariance": "white", "small_sample": False}, (0.0020954, 0.1891593)),
        ({"lags": 1, "small_sample": False}, (0.0019863, 0.1986281)),
        ({"lags": 1}, (0.0024327, 0.2432688)),
    ],
)
def test_standard_errors_of_the_hand_case(options, errors):
    # Means 0.01 and 1/300; sum of cross products 0.00105 over sum of squares 0.0014 - 6 / 300^2: beta 0.75.
    found = least_squares(Y, M, **options)
    assert found.coefficients == pytest.approx([0.0075, 0.75], rel=1e-12)
    assert found.standard_errors == pytest.approx(errors, abs=5e-8)


@pytest.mark.parametrize(("covariance", "kind"), [("hac", "HAC"), ("white", "HC1"), ("classic", "nonrobust")])
def test_every_number_agrees_with_statsmodels(factors, covariance, kind):
    y, x = factors
    found = least_squares(y, x, names=["a", "b", "c"], covariance=covariance)
    options = {"maxlags": newey_west_lags(300), "use_correction": True} if kind == "HAC" else None
    theirs = sm.OLS(y, sm.add_constant(x)).fit(cov_type=kind, cov_kwds=options, use_t=True)
    assert found.coefficients == pytest.approx(theirs.params, rel=1e-10)
    assert found.standard_errors == pytest.approx(theirs.bse, rel=1e-10)
    assert found.covariance == pytest.approx(theirs.cov_params(), rel=1e-9, abs=1e-18)
    assert found.t_values == pytest.approx(theirs.tvalues, rel=1e-9)
    assert found.p_values == pytest.approx(theirs.pvalues, rel=1e-8)
    assert np.column_stack(found.interval(0.9)) == pytest.approx(theirs.conf_int(0.1), rel=1e-9)
    assert found.r_squared == pytest.approx(theirs.rsquared, rel=1e-10)
    assert found.adjusted_r_squared == pytest.approx(theirs.rsquared_adj, rel=1e-10)
    assert found.residual_deviation == pytest.approx(np.sqrt(theirs.mse_resid), rel=1e-10)
    assert found.names == ("constant", "a", "b", "c")


def test_variance_inflation_agrees_with_statsmodels(factors):
    _, x = factors
    design = sm.add_constant(x)
    expected = [variance_inflation_factor(design, column) for column in (1, 2, 3)]
    assert variance_inflation(x) == pytest.approx(expected, rel=1e-9)


def test_a_strategy_that_never_moves_has_no_r_squared():
    found = least_squares(np.full(8, 0.0), np.arange(8) / 100)
    assert np.isnan(found.r_squared)
    assert found.coefficients == pytest.approx([0.0, 0.0], abs=1e-15)


def test_a_return_that_never_moves_has_no_r_squared_whatever_its_last_digit():
    # 0.003 less the mean of 300 of them is not 0 but some 1e-19.
    found = least_squares(np.full(300, 0.003), np.random.default_rng(1).standard_normal(300) / 100)
    assert np.isnan([found.r_squared, *found.t_values]).all()


def test_rounding_is_no_residual_and_proves_nothing():
    # Twice the benchmark: an alpha of 1e-17 over an error of 1e-19 is no t of 44.
    x = np.random.default_rng(0).standard_normal(300) / 100
    for y in (x, 2 * x, 2 * x + 0.001):
        found = least_squares(y, x)
        assert found.r_squared == 1.0
        assert (found.residuals == 0).all()
        assert np.isnan([*found.t_values, *found.p_values]).all()


@pytest.mark.parametrize(("level", "unit"), [(1e6, 1.0), (0.0, 1e-9), (0.0, 1e6)])
def test_the_level_and_the_unit_of_a_column_cost_no_digits(factors, level, unit):
    y, x = factors
    plain = least_squares(y, x)
    moved = least_squares(y, level + unit * x)
    assert moved.coefficients[1:] * unit == pytest.approx(plain.coefficients[1:], rel=1e-8)
    assert moved.standard_errors[1:] * unit == pytest.approx(plain.standard_errors[1:], rel=1e-8)


def test_the_fewest_rows_have_their_customary_lags():
    assert least_squares(np.array([0.01, 0.03, 0.02]), np.array([0.0, 0.01, 0.02])).lags == 1


def test_rows_that_cannot_be_regressed_are_refused(factors):
    y, x = factors
    with pytest.raises(DataError, match="y has 299 rows and x 300"):
        least_squares(y[1:], x)
    with pytest.raises(DataError, match="'copy' is constant or a combination of the others"):
        least_squares(y, np.column_stack([x[:, :2], x[:, 0] - x[:, 1]]), names=["a", "b", "copy"][::-1])
    for level in (0.0, 0.01, 0.003):  # the mean of 300 times 0.003 is another number in the last digit
        with pytest.raises(DataError, match="'x1' is constant"):
            least_squares(y, np.full(300, level))
    with pytest.raises(InsufficientDataError, match=r"needs 5 rows, received 4"):
        least_squares(y[:4], x[:4])
    with pytest.raises(DataError, match="x holds 1 NaN or infinite of 900"):
        least_squares(y, np.where(np.arange(900).reshape(300, 3) == 7, np.nan, x))
    with pytest.raises(DataError, match="2 names for 3 columns"):
        least_squares(y, x, names=["a", "b"])
    with pytest.raises(ConfigError, match="lags must be a whole number from 0 to 299, was 300"):
        least_squares(y, x, lags=300)
    with pytest.raises(ConfigError, match="was 'robust'"):
        least_squares(pd.Series(y), x, covariance="robust")
