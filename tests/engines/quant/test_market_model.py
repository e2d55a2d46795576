import dataclasses

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import investiq as iq
from investiq.engines.quant.conditional_volatility import conditional_volatility
from investiq.engines.quant.engine import QuantEngine
from investiq.engines.quant.factors import factor_regression
from investiq.engines.quant.features import FEATURES, quant_features
from investiq.engines.quant.jumps import jumps
from investiq.engines.quant.market_model import market_model
from investiq.engines.quant.ratios import reward
from investiq.engines.quant.returns import sample_of
from investiq.history.records import Records
from investiq.metrics.conventions import Convention
from investiq.metrics.factors import factor_model
from investiq.metrics.market_model import capm
from investiq.metrics.regression import least_squares

RATE = 0.045 / 252
CONSTANT = "constant: no DGS3MO, ^IRX or FF3 was known"


@pytest.fixture(scope="module")
def pair():
    return iq.load_bars("^IXIC")[-1600:], iq.load_bars("^GSPC")[-1600:]


@pytest.fixture(scope="module")
def table(pair):
    return quant_features(iq.History.of(pair[0], benchmark=pair[1], records=[iq.load_records("FF3")]))


def returns_of(bars):
    close = bars.adjusted("total").close
    return pd.Series(close[1:] / close[:-1] - 1, index=bars.index[1:])


def bills_of(bars):
    """The bill of the factors as known at each close, a twelfth of a year's for a month, by return of a day."""
    at = pd.DataFrame({"at": pd.DatetimeIndex(bars.known_at[1:], tz="UTC")})
    month = pd.merge_asof(at, iq.load_records("FF3").frame, left_on="at", right_on="known_at")["risk_free"]
    return 12 * month.to_numpy() / 252


def thinned(bars, kept):
    names = ("ts", "open", "high", "low", "close", "volume", "known_at", "split_factor", "total_factor", "flags")
    return dataclasses.replace(bars, **{name: getattr(bars, name)[kept] for name in names})


@pytest.mark.parametrize("row", [300, 900, 1599])
def test_beta_is_that_of_the_metric_and_of_statsmodels(pair, table, row):
    mine, theirs = (returns_of(bars).iloc[row - 252 : row] for bars in pair)
    bills = bills_of(pair[0])[row - 252 : row]
    found = capm(mine - bills, theirs - bills, Convention(periods_per_year=252))
    last = table.iloc[row]
    assert last["beta"] == pytest.approx(found.beta, rel=1e-9)
    assert last["beta_standard_error"] == pytest.approx(found.beta_error, rel=1e-8)
    assert last["beta_r2"] == pytest.approx(found.r_squared, rel=1e-8)
    assert last["beta_blume"] == pytest.approx(0.67 * found.beta + 0.33)
    assert last["low_vol_factor_ratio"] == pytest.approx(mine.std() / theirs.std(), rel=1e-9)
    fitted = sm.OLS((mine - bills).to_numpy(), sm.add_constant((theirs - bills).to_numpy())).fit(
        cov_type="HAC", cov_kwds={"maxlags": 4, "use_correction": True}
    )
    assert last["beta_standard_error"] == pytest.approx(fitted.bse[1], rel=1e-4)


def test_the_change_of_beta_is_tested_as_chow_did(pair, table):
    mine, theirs = (returns_of(bars).iloc[-120:].to_numpy() - bills_of(bars)[-120:] for bars in pair)
    halves = [sm.OLS(mine[part], sm.add_constant(theirs[part])).fit() for part in (slice(60), slice(60, 120))]
    one = sm.OLS(mine, sm.add_constant(theirs)).fit()
    apart = halves[0].ssr + halves[1].ssr
    f = (one.ssr - apart) / 2 / (apart / 116)
    last = table.iloc[-1]
    assert last["beta_stability_shift"] == pytest.approx(halves[1].params[1] - halves[0].params[1], rel=1e-8)
    from scipy.stats import f as f_distribution

    assert last["beta_stability_p"] == pytest.approx(f_distribution.sf(f, 2, 116), rel=1e-6)


def test_a_benchmark_with_fewer_dates_is_joined_by_date(pair):
    # Every seventh day without a bar: a day counts where both have it and the day before.
    mine, theirs = pair
    kept = np.arange(1600) % 7 != 3
    table = quant_features(iq.History.of(mine, benchmark=thinned(theirs, kept)))
    both = kept[1:] & kept[:-1]
    at = np.flatnonzero(both)[-252:]
    x, y = returns_of(theirs).to_numpy()[at], returns_of(mine).to_numpy()[at]
    assert table["beta"].iloc[-1] == pytest.approx(np.cov(x, y)[0, 1] / np.var(x, ddof=1), rel=1e-9)


def test_a_benchmark_that_has_ended_gives_no_beta_after_ten_bars(pair):
    mine, theirs = pair
    table = quant_features(iq.History.of(mine, benchmark=theirs[:1000]))
    assert np.isfinite(table["beta"].iloc[999 + 10])
    assert np.isnan(table["beta"].iloc[999 + 11])


def test_monthly_factors_enter_when_they_are_published(pair, table):
    # The factors of November 2018 were known on 30 December: the last row has the 60 months to November, the one of
    # 28 December those to October.
    close = pd.Series(pair[0].adjusted("total").close, index=pair[0].index)
    monthly = close.resample("ME").last().pct_change()
    factors = iq.load_records("FF3")
    for row, end in ((-1, "2018-11"), (-2, "2018-10")):
        found = factor_model(monthly.loc[:end].iloc[-60:], factors, periods_per_year=12)
        last = table.iloc[row]
        names = ("factor_market_beta", "factor_size_beta", "factor_value_beta")
        assert [last[name] for name in names] == pytest.approx(list(found.betas), rel=1e-8)
        assert last["factor_alpha"] == pytest.approx(found.alpha, rel=1e-6)
        assert last["factor_alpha_error"] == pytest.approx(found.alpha_error, rel=1e-6)
        assert last["factor_r2"] == pytest.approx(found.regression.r_squared, rel=1e-8)
        assert (last["factor_is_proxy"], last["factor_source"]) == (0.0, "FF3")


def factors_of(frame, unit="fraction per month"):
    return dataclasses.replace(iq.load_records("FF3"), frame=frame, unit=unit)


FACTORS = ["factor_alpha", "factor_market_beta", "factor_size_beta", "factor_value_beta", "factor_r2"]


def test_factors_in_percent_are_taken_as_percent(pair, table):
    # As Ken French publishes them.
    frame = iq.load_records("FF3").frame
    numbers = frame.columns.drop("known_at")
    percent = factors_of(frame.assign(**{name: 100 * frame[name] for name in numbers}), "percent per month")
    found = quant_features(iq.History.of(pair[0], benchmark=pair[1], records=[percent])).iloc[-1]
    np.testing.assert_allclose(found[FACTORS].astype(float), table[FACTORS].iloc[-1].astype(float), rtol=1e-9)


def test_a_revised_factor_counts_as_it_was_known_first(pair, table):
    frame = iq.load_records("FF3").frame
    later = frame.iloc[-30:-3].assign(market=5.0, known_at=frame["known_at"].iloc[-2])
    both = pd.concat([later, frame]).sort_index(kind="stable")
    found = quant_features(iq.History.of(pair[0], benchmark=pair[1], records=[factors_of(both)]))
    np.testing.assert_array_equal(found[FACTORS], table[FACTORS])


@pytest.mark.parametrize("change", ["without a column", "words in a column", "none"])
def test_records_that_are_no_factors_leave_a_reason(pair, change):
    frame = iq.load_records("FF3").frame
    frame = {
        "without a column": lambda: frame.drop(columns="hml"),
        "words in a column": lambda: frame.assign(risk_free="n/a"),
        "none": lambda: frame.iloc[:0],
    }[change]()
    row = quant_features(iq.History.of(pair[0][:400], records=[factors_of(frame)])).iloc[-1]
    assert (row["factor_source"], np.isnan(row["factor_alpha"])) == ("", True)
    assert "numbers market, smb, hml and risk_free" in QuantEngine().explain(row).missing["factor_alpha"]


@pytest.mark.parametrize(("interval", "every"), [("1d", 5), ("1w", 1), ("1w", 21)])
def test_factors_of_other_periods_than_the_bars_are_not_used(pair, interval, every):
    # A weekly factor has no daily return to go with, and the last close of a month of weeks is not the month's.
    bars = pair[0] if interval == "1d" else pair[0].resampled(interval)
    labels = pair[0].index[::every]
    values = np.random.default_rng(0).normal(0, 0.01, (labels.size, 4))
    frame = pd.DataFrame(values, index=labels, columns=["market", "smb", "hml", "risk_free"])
    found = quant_features(iq.History.of(bars, records=[factors_of(frame.assign(known_at=labels))]))
    assert (found["factor_source"] == "").all()


def test_daily_factors_are_regressed_over_252_days(pair):
    mine = pair[0]
    rng = np.random.default_rng(0)
    own = returns_of(mine)
    market = own.to_numpy() + rng.normal(0, 0.004, own.size)
    frame = pd.DataFrame(
        {
            "market": market,
            "smb": rng.normal(0, 0.01, own.size),
            "hml": rng.normal(0, 0.01, own.size),
            "risk_free": 1e-4,
        },
        index=own.index,
    )
    frame = frame.assign(known_at=frame.index + pd.Timedelta("10D"))
    found = quant_features(iq.History.of(mine, records=[factors_of(frame, "fraction per day")])).iloc[-1]
    # The newest factor known at the last close.
    last = int((frame["known_at"] <= mine.frame["known_at"].iloc[-1]).sum())
    at = slice(last - 252, last)
    assert last < own.size
    fit = least_squares(own.to_numpy()[at] - 1e-4, frame[["market", "smb", "hml"]].to_numpy()[at])
    assert found["factor_market_beta"] == pytest.approx(fit.coefficients[1], rel=1e-9)
    assert found["factor_alpha"] == pytest.approx(252 * fit.coefficients[0], rel=1e-7)
    assert found["factor_source"] == "FF3"


def test_factors_known_out_of_order_or_before_their_period_keep_the_truncation_law(pair):
    mine = pair[0][:900]
    rng = np.random.default_rng(3)
    lags = pd.to_timedelta(
        np.where(rng.random(900) < 0.1, rng.integers(20, 90, 900), rng.integers(-3, 2, 900)), unit="D"
    )
    frame = pd.DataFrame(rng.normal(0, 0.01, (900, 4)), index=mine.index, columns=["market", "smb", "hml", "risk_free"])
    history = iq.History.of(mine, records=[factors_of(frame.assign(known_at=mine.index + lags))])
    columns = [name for name in FEATURES if name.startswith("factor_")]
    whole = factor_regression(history, sample_of(history))
    for row in range(300, 900, 20):
        past = history.until(mine.known_at[row])
        found = factor_regression(past, sample_of(past))
        np.testing.assert_allclose([found[n][-1] for n in columns], [whole[n][row] for n in columns], rtol=1e-10)


def test_funds_in_the_place_of_factors_are_called_proxies(pair):
    mine, market = pair
    rng = np.random.default_rng(0)

    def fund(symbol):
        level = market.close * np.exp(np.cumsum(rng.normal(0, 0.003, 1600)))
        prices = {"open": level, "high": level * 1.01, "low": level * 0.99, "close": level}
        return dataclasses.replace(market, symbol=symbol, **prices)

    small, value, growth = (fund(name) for name in ("IWM", "IWD", "IWF"))
    table = quant_features(iq.History.of(mine, small, value, growth, benchmark=market))
    r = {bars.symbol: returns_of(bars).to_numpy()[-252:] for bars in (mine, small, value, growth, market)}
    design = np.column_stack((r["^GSPC"] - RATE, r["IWM"] - r["^GSPC"], r["IWD"] - r["IWF"]))
    found = least_squares(r["^IXIC"] - RATE, design)
    last = table.iloc[-1]
    assert last["factor_size_beta"] == pytest.approx(found.coefficients[2], rel=1e-7)
    assert last["factor_value_error"] == pytest.approx(found.standard_errors[3], rel=1e-7)
    assert last["factor_residual_vol"] == pytest.approx(found.residual_deviation * np.sqrt(252), rel=1e-8)
    assert (last["factor_is_proxy"], last["factor_source"]) == (1.0, "proxy")


def test_a_yield_in_percent_counts_from_the_day_it_was_known(pair):
    mine = pair[0][:400]
    known = mine.index[[100, 200]]
    frame = pd.DataFrame({"close": [2.0, 5.0], "known_at": known + pd.Timedelta("30h")}, index=known)
    yields = Records(
        kind="series",
        name="DGS3MO",
        frame=frame,
        provider="made up",
        source="",
        known_at_rule="30 hours later",
        unit="percent",
    )
    table = quant_features(iq.History.of(mine, records=[yields]))
    # 30 hours after midnight is past the close of that session, and before that of the next.
    assert table["quant_risk_free_rate"].iloc[[100, 101, 200, 201]].to_list() == [0.045, 0.02, 0.02, 0.05]
    assert table["risk_free_source"].iloc[[100, 101]].to_list() == [CONSTANT, "DGS3MO"]


def yields_of(values, labels, known):
    frame = pd.DataFrame({"close": values, "known_at": known}, index=labels)
    origin = {"provider": "made up", "source": "", "known_at_rule": "given", "unit": "percent"}
    return Records(kind="series", name="DGS3MO", frame=frame, **origin)


def test_an_old_yield_revised_is_not_the_newest(pair):
    # The yield of row 100 is revised after that of row 150 was known.
    mine = pair[0][:400]
    at = mine.index
    yields = yields_of([2.0, 9.0, 3.0], at[[100, 100, 150]], at[[101, 300, 151]])
    table = quant_features(iq.History.of(mine, records=[yields]))
    assert table["quant_risk_free_rate"].iloc[[101, 151, 399]].to_list() == [0.02, 0.03, 0.03]


def test_yields_in_words_leave_the_constant_rate(pair):
    mine = pair[0][:100]
    yields = yields_of(["n/a", "n/a"], mine.index[:2], mine.index[:2])
    table = quant_features(iq.History.of(mine, records=[yields]))
    assert (table["quant_risk_free_rate"].iloc[-1], table["risk_free_source"].iloc[-1]) == (0.045, CONSTANT)


def test_a_return_is_set_against_the_rate_known_at_its_own_close(pair):
    mine = pair[0][:100]
    yields = yields_of([2.52], mine.index[[50]], mine.index[[50]])
    sample = sample_of(iq.History.of(mine, records=[yields]))
    # Return 49 is of row 50: 0.0252 / 252 a day from there on.
    assert sample.returns[48:51] - sample.excess[48:51] == pytest.approx([RATE, 1e-4, 1e-4])


def test_the_constant_maturity_yield_goes_before_the_index_of_bills(pair):
    mine = pair[0][:100]
    yields = yields_of([2.0, 3.0], mine.index[:2], mine.index[:2])
    both = [dataclasses.replace(yields, name="^IRX", frame=yields.frame.assign(close=7.0)), yields]
    table = quant_features(iq.History.of(mine, records=both))
    assert (table["quant_risk_free_rate"].iloc[-1], table["risk_free_source"].iloc[-1]) == (0.03, "DGS3MO")


def test_factors_that_have_ended_are_used_for_120_days_and_funds_for_15(pair):
    mine, market = pair[0][:900], pair[1][:900]
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(rng.normal(0, 0.01, (500, 4)), mine.index[:500], ["market", "smb", "hml", "risk_free"])
    records = factors_of(frame.assign(known_at=frame.index))

    def fund(symbol):
        close = market.close[:500] * np.exp(np.cumsum(rng.normal(0, 0.003, 500)))
        return dataclasses.replace(
            market[:500], symbol=symbol, open=close, high=close * 1.01, low=close * 0.99, close=close
        )

    funds = [fund(name) for name in ("IWM", "IWD", "IWF")]
    for history, days in (
        (iq.History.of(mine, records=[records]), 120),
        (iq.History.of(mine, *funds, benchmark=market), 15),
    ):
        source = pd.Series(factor_regression(history, sample_of(history))["factor_source"], index=mine.index)
        age = mine.index - mine.index[499]
        assert (source[(age > pd.Timedelta(0)) & (age <= pd.Timedelta(days=days))] != "").all()
        assert (source[age > pd.Timedelta(days=days)] == "").all()


def test_the_betas_of_synthetic_shares_are_recovered():
    # 4 shares by some 9 windows without overlap: half of the errors lie within 0.67 standard errors of the truth.
    market = iq.load_bars("SYN-MKT")
    apart = []
    for symbol in ("SYN001", "SYN002", "SYN003", "SYN004"):
        found = market_model(sample_of(iq.History.of(iq.load_bars(symbol), benchmark=market)))
        beta, error = found["beta"][252::252], found["beta_standard_error"][252::252]
        apart.append((beta - iq.synthetic_truth(symbol).loadings["market"]) / error)
    z = np.concatenate(apart)
    assert 0.4 < np.median(np.abs(z)) < 1.2
    assert abs(z.mean()) < 0.7


def test_the_volatility_of_a_synthetic_index_is_followed():
    # The generator knows the deviation of each day; fits of 1,000 returns cannot follow it without error.
    bars = iq.load_bars("SYN-MKT")
    sample = sample_of(iq.History.of(bars))
    found = conditional_volatility(sample.returns, sample.months, 252)
    own = found["garch_is_ewma"][:-1] == 0
    forecast = found["garch_forecast_vol"][:-1][own] / np.sqrt(252)
    true = iq.synthetic_truth("SYN-MKT").frame["sigma"].to_numpy()[1:][own]
    assert np.corrcoef(forecast, true)[0, 1] > 0.9
    assert np.median(forecast / true) == pytest.approx(1.0, abs=0.1)


def test_the_drift_of_a_synthetic_walk_is_recovered():
    # Sharpe ratios of years without overlap; each has an error near 1, the mean of n of them 1 / sqrt(n).
    bars = iq.load_bars("SYN-GBM")
    model = iq.synthetic_truth("SYN-GBM").model
    found = reward(sample_of(iq.History.of(bars)))["sharpe_ratio_year"][252::252]
    expected = (model.drift - 0.045) / model.volatility
    assert found.mean() == pytest.approx(expected, abs=2.5 / np.sqrt(found.size))


def test_planted_jumps_are_found():
    # Moves of 8 deviations among normal ones, of which 0.3 % pass 3: 5 of 252, and one or two by chance.
    rng = np.random.default_rng(4)
    bars = iq.load_bars("^GSPC")[:401]
    returns = rng.normal(0, 0.01, 400)
    planted = [160, 200, 250, 310, 390]
    returns[planted] = np.array([0.08, -0.08, 0.08, -0.08, -0.08])
    close = 100 * np.concatenate(([1.0], np.cumprod(1 + returns)))
    prices = {"open": close, "high": close * 1.001, "low": close * 0.999, "close": close}
    found = jumps(sample_of(iq.History.of(dataclasses.replace(bars, **prices))))
    assert (np.abs(found["jump_score"][np.array(planted) + 1]) > 5).all()
    assert 5 <= found["jump_days"][-1] <= 9
    assert found["jump_intensity"][-1] >= 5 * 0.08 / 252
