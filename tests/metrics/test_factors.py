import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import investiq as iq
from investiq.core.errors import DataError, InsufficientDataError
from investiq.metrics.conventions import Convention
from investiq.metrics.factors import factor_model

MONTHLY = Convention(periods_per_year=12)
DAILY = Convention(periods_per_year=252, risk_free=0.03)
DAILY_FREE = Convention(periods_per_year=252)


@pytest.fixture(scope="module")
def french():
    return iq.load_records("FF3")


@pytest.fixture(scope="module")
def index_months():
    return iq.load_bars("^IXIC").frame["close"].resample("ME").last().pct_change().iloc[1:]


@pytest.fixture
def table():
    generator = np.random.default_rng(3)
    days = pd.date_range("2020-01-01", periods=300, tz="UTC")
    factors = pd.DataFrame(generator.standard_normal((300, 2)) / 100, index=days, columns=["market", "size"])
    returns = 0.0004 + factors @ [0.9, 0.4] + generator.standard_normal(300) / 500
    return returns, factors


def test_the_model_of_an_index_agrees_with_statsmodels(french, index_months):
    model = factor_model(index_months, french, convention=MONTHLY)
    frame = french.frame.loc["1999-02":"2018-11"]
    y = index_months.loc[:"2018-11"].to_numpy() - frame["risk_free"].to_numpy()
    design = sm.add_constant(frame[["market", "smb", "hml"]].to_numpy())
    theirs = sm.OLS(y, design).fit(cov_type="HAC", cov_kwds={"maxlags": 4, "use_correction": True}, use_t=True)
    table = model.to_frame()
    assert table["coefficient"].to_numpy() == pytest.approx(theirs.params, rel=1e-9)
    assert table["standard_error"].to_numpy() == pytest.approx(theirs.bse, rel=1e-9)
    assert table[["low", "high"]].to_numpy() == pytest.approx(theirs.conf_int(0.05), rel=1e-9)
    assert table["p"].to_numpy() == pytest.approx(theirs.pvalues, rel=1e-6, abs=1e-12)
    assert (model.r_squared, model.adjusted_r_squared) == pytest.approx((theirs.rsquared, theirs.rsquared_adj))
    assert (model.alpha, model.alpha_error) == pytest.approx((theirs.params[0] * 12, theirs.bse[0] * 12))
    assert (model.alpha_low, model.alpha_high) == pytest.approx(tuple(theirs.conf_int(0.05)[0] * 12))
    assert model.residual_risk == pytest.approx(np.sqrt(theirs.mse_resid * 12))
    assert model.regression.count == 238


def test_alpha_and_the_contributions_add_up_to_the_mean_excess_return(french, index_months):
    model = factor_model(index_months, french, convention=MONTHLY)
    frame = french.frame.loc["1999-02":"2018-11"]
    excess = index_months.loc[:"2018-11"].to_numpy() - frame["risk_free"].to_numpy()
    assert model.alpha + model.contributions.sum() == pytest.approx(excess.mean() * 12, rel=1e-9)
    assert model.mean_excess == pytest.approx(excess.mean() * 12, rel=1e-12)
    assert model.contributions[0] == pytest.approx(model.betas[0] * frame["market"].mean() * 12, rel=1e-9)
    assert model.mean_risk_free == pytest.approx(frame["risk_free"].mean() * 12, rel=1e-12)


def test_a_month_is_one_month_whichever_day_stamps_it(french, index_months):
    expected = factor_model(index_months, french, convention=MONTHLY).to_frame()
    first_days = index_months.set_axis(index_months.index.tz_localize(None).to_period("M").to_timestamp())
    assert expected.equals(factor_model(first_days, french, convention=MONTHLY).to_frame())
    # The last instant of a month in New York is the first day of the next in UTC: its own zone decides.
    evenings = index_months.index.tz_localize(None).tz_localize("America/New_York") + pd.Timedelta(hours=23)
    assert expected.equals(factor_model(index_months.set_axis(evenings), french, convention=MONTHLY).to_frame())


def test_daily_factors_are_joined_by_date(table):
    returns, factors = table
    model = factor_model(returns.iloc[30:], factors.iloc[:-20], convention=DAILY)
    assert model.rule == "date"
    assert model.regression.count == 250
    assert model.betas == pytest.approx([0.9, 0.4], abs=0.06)
    assert any("20 of 270 returns have no factors" in note.text for note in model.notes)


def test_the_risk_free_return_comes_from_its_column_or_else_from_the_convention(table):
    returns, factors = table
    per_day = 1.03 ** (1 / 252) - 1
    constant = factor_model(returns, factors, convention=DAILY)
    dated = factor_model(returns, factors.assign(risk_free=per_day), convention=Convention(periods_per_year=252))
    assert dated.factors == ("market", "size")
    assert dated.alpha == pytest.approx(constant.alpha, rel=1e-9)
    assert constant.mean_excess == pytest.approx((returns.mean() - per_day) * 252, rel=1e-9)
    assert "3 % a year, constant" in str(constant)
    assert "column 'risk_free' of the factors" in str(dated)


def test_factors_that_say_the_same_are_named(table):
    returns, factors = table
    twin = factors["market"] + np.random.default_rng(1).standard_normal(300) / 5000
    model = factor_model(returns, factors.assign(twin=twin), convention=DAILY)
    r = np.corrcoef(np.column_stack([factors, twin]).T)
    assert model.inflation == pytest.approx(np.diag(np.linalg.inv(r)), rel=1e-6)
    assert any(note.code == "collinear_factors" for note in model.notes)
    assert not any(note.code == "collinear_factors" for note in factor_model(returns, factors, convention=DAILY).notes)
    with pytest.raises(DataError, match=r"'twin' is constant or a combination|'market' is constant or a combination"):
        factor_model(returns, factors.assign(twin=2 * factors["market"]), convention=DAILY)


def test_a_month_without_a_return_and_a_short_record_carry_cautions(french, index_months):
    model = factor_model(index_months.iloc[:50].drop(index_months.index[10]), french, convention=MONTHLY)
    codes = {note.code for note in model.notes}
    assert {"months_without_returns", "few_periods", "known_later"} <= codes
    assert "months_without_returns" not in {
        note.code for note in factor_model(index_months, french, convention=MONTHLY).notes
    }


def test_the_result_shows_its_numbers(french, index_months):
    model = factor_model(index_months, french, convention=MONTHLY, confidence=0.9)
    text = str(model)
    assert factor_model(index_months, french, convention=MONTHLY, lags=2).regression.lags == 2
    low, high = model.regression.interval(0.9)
    assert (model.alpha_low, model.alpha_high) == (low[0] * 12, high[0] * 12)
    assert np.array_equal([model.beta_low, model.beta_high], [low[1:], high[1:]])
    assert model.title == "Factor model on market, smb, hml, 1999-02 to 2018-11"
    assert "90 % interval" in text
    assert "joined by calendar month" in text
    assert "Newey-West (Bartlett), 4 lags" in text
    assert model.to_frame().loc["alpha", "contribution"] == model.alpha


def test_returns_made_of_the_factors_leave_nothing_to_test_and_say_why(table):
    _, factors = table
    facts = {fact.label: fact for fact in factor_model(factors @ [0.9, 0.4], factors, convention=DAILY_FREE).facts()}
    assert np.isnan(facts["t of alpha"].value)
    assert facts["t of alpha"].note.startswith("the residuals are zero")
    assert (facts["Adjusted R-squared"].value, facts["Adjusted R-squared"].note) == (1.0, "")
    still = factor_model(0 * factors["market"], factors, convention=DAILY_FREE).facts()
    assert [fact.note for fact in still if "R-squared" in fact.label] == ["no return moves"] * 2


def test_rows_of_unlike_frequency_are_refused(french, table):
    days = iq.load_bars("^GSPC", start="2010").frame["close"].pct_change().iloc[1:]
    with pytest.raises(DataError, match=r"differ in frequency; compound the finer ones first"):
        factor_model(days, french, convention=MONTHLY)
    returns, factors = table
    with pytest.raises(DataError, match="differ in frequency"):
        factor_model(returns.iloc[::7], factors, convention=DAILY)


def test_tables_that_cannot_be_joined_are_refused(french, table):
    returns, factors = table
    with pytest.raises(DataError, match="have no date in common"):
        factor_model(returns.iloc[:100], factors.iloc[150:], convention=DAILY)
    with pytest.raises(DataError, match="more than one row on a date"):
        factor_model(returns, pd.concat([factors, factors.shift(6, freq="h")]).sort_index(), convention=DAILY)
    with pytest.raises(DataError, match="pass a Series indexed by time, was ndarray"):
        factor_model(returns.to_numpy(), factors, convention=DAILY)
    with pytest.raises(DataError, match="index them by time"):
        factor_model(returns.reset_index(drop=True), factors, convention=DAILY)
    with pytest.raises(DataError, match="no factor to regress on"):
        factor_model(returns, factors[[]].assign(risk_free=0.0), convention=DAILY)
    with pytest.raises(DataError, match=r"factor 'market'.*NaN"):
        factor_model(
            returns, factors.assign(market=factors["market"].where(factors.index != factors.index[7])), convention=DAILY
        )
    with pytest.raises(DataError, match="must ascend"):
        factor_model(returns.iloc[::-1], factors, convention=DAILY)
    with pytest.raises(InsufficientDataError, match="needs 4 rows, received 3"):
        factor_model(returns.iloc[:3], factors, convention=DAILY)
