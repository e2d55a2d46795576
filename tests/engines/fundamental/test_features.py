import dataclasses

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.engines.fundamental.circumstances import Industry
from investiq.engines.fundamental.engine import FundamentalEngine
from investiq.engines.fundamental.features import FEATURES, MONEY, WORDS, fundamental_features, quality_score
from investiq.engines.fundamental.measuring import against_past
from investiq.engines.fundamental.sectors import SECTORS
from investiq.engines.fundamental.valuation import Market, discounted, fair_value
from tests.engines.fundamental.conftest import priced, quarters, records_of

LAST = "2018-06-29"


def row_of(history, day=LAST, sector=None):
    return fundamental_features(history, sector).loc[pd.Timestamp(day, tz="UTC")]


@pytest.fixture(scope="module")
def steady(history):
    """The company that stands still for five years, at a price of 56, as an industrial company."""
    return row_of(history(quarters(20)), sector="industrial")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # Ten shares at 56; 10.5 diluted; debt 150, cash 60; amounts of a year are four times a quarter's.
        ("market_cap", 560.0),
        ("eps", 56 / 10.5),
        ("pe_ratio", 10.5),
        ("pb_ratio", 2.8),
        ("enterprise_value", 650.0),
        ("ev_ebitda", 6.5),
        ("fcf_yield", 0.1),
        ("shareholder_yield", (12 + 12) / 560),
        ("implied_pe", 12 / 56 * 1.025 / (0.10 - 0.025)),
        # Times 0.79 over 1 + 0.3 of debt to equity.
        ("implied_ev_ebitda", 12 / 56 * 1.025 / 0.075 * 0.79 / (1 + 0.3 * 0.75)),
        ("cost_of_equity", 0.10),
        ("revenue", 400.0),
        ("ebitda", 100.0),
        ("free_cash_flow", 56.0),
        ("owners_cash_flow_per_share", 60 / 10.5),
        ("roe", 0.28),
        ("roa", 56 / 500),
        # 80 * (1 - 16/72) over 150 + 200 - (60 - 0.02 * 400)
        ("roic", 80 * 56 / 72 / 298),
        ("profit_margin", 0.14),
        ("gross_margin", 0.4),
        ("operating_margin", 0.2),
        ("dupont_asset_turnover", 0.8),
        ("dupont_equity_multiplier", 2.5),
        ("dupont_tax_burden", 56 / 72),
        ("dupont_interest_burden", 0.9),
        ("debt_to_equity", 0.75),
        ("liabilities_to_equity", 1.5),
        ("net_debt_to_ebitda", 0.9),
        ("interest_coverage", 10.0),
        ("current_ratio", 2.0),
        ("asset_coverage_ratio", 5 / 3),
        ("equity_to_assets", 0.4),
        ("working_capital_turnover", 4.0),
        ("days_sales_outstanding", 45.625),
        ("days_inventory", 365 * 40 / 240),
        ("days_payables", 45.625),
        ("cash_conversion_cycle", 365 * 40 / 240),
        ("payout_ratio", 12 / 56),
        ("fcf_payout_ratio", 12 / 56),
        ("net_repurchases", 12.0),
        ("buyback_intensity", 12 / 88),
        ("capital_raise_ratio", -24 / 300),
        ("debt_raise_ratio", 4 / 300),
        ("altman_z_score", 3.024),
        ("revenue_growth", 0.0),
        ("consecutive_growth_quarters", 0.0),
        ("quarters_known", 20.0),
        ("fields_present", 18.0),
        ("filing_age_days", 150.0),  # 2018-01-30 to 2018-06-29
        # Against a past that did not vary.
        ("roe_z_score", 0.0),
    ],
)
def test_a_measure_by_hand(steady, name, expected):
    assert steady[name] == pytest.approx(expected)


def test_three_and_five_steps_of_dupont_make_the_return_on_equity(steady):
    three = steady["dupont_net_margin"] * steady["dupont_asset_turnover"] * steady["dupont_equity_multiplier"]
    margin = steady["dupont_tax_burden"] * steady["dupont_interest_burden"] * steady["dupont_operating_margin"]
    five = margin * steady["dupont_asset_turnover"] * steady["dupont_equity_multiplier"]
    assert three == pytest.approx(steady["roe"])
    assert five == pytest.approx(steady["roe"])


def test_balances_are_averages_of_the_year_where_a_return_is_made(history):
    rows = quarters(8, shareholders_equity=[100.0] * 4 + [200.0] * 4, total_assets=[400.0] * 4 + [500.0] * 4)
    row = row_of(history(rows))
    assert row["roe"] == pytest.approx(56 / 150)
    assert row["roa"] == pytest.approx(56 / 450)
    assert row["dupont_equity_multiplier"] == pytest.approx(3.0)
    assert row["debt_to_equity"] == pytest.approx(0.75)  # of the newest balance sheet


def test_growth_by_hand(history):
    # Revenue 100 a quarter, then 104, 108, 110, 121: year on year 4, 8, 10, 21 %; 443 after 400.
    rows = quarters(8, revenue=[100.0] * 4 + [104.0, 108.0, 110.0, 121.0], net_income=[14.0] * 7 + [24.2])
    row = row_of(history(rows))
    assert row["revenue_growth"] == pytest.approx(43 / 400)
    assert row["revenue_acceleration"] == pytest.approx(0.11)
    assert row["margin_expansion_yoy"] == pytest.approx(0.20 - 0.14)
    assert row["consecutive_growth_quarters"] == 4


def test_seasons_are_no_growth(history):
    row = row_of(history(quarters(12, revenue=[50.0, 80.0, 90.0, 180.0] * 3)))
    assert row["revenue_growth"] == 0
    assert row["revenue_acceleration"] == pytest.approx(0)
    assert row["consecutive_growth_quarters"] == 0


def test_a_deviation_from_the_past_leaves_the_newest_year_out():
    # Mean 3 and squares 12 * 4 over 11 (ddof 1): (7 - 3) / 2.0889 = 1.9149. One that is older still does not count.
    series = np.array([[7.0] + [5.0, 1.0] * 6 + [1000.0]])
    assert against_past(series) == pytest.approx([4 / np.sqrt(48 / 11)])
    assert np.isnan(against_past(series[:, :8])[0])  # seven of the past
    assert not np.isnan(against_past(series[:, :9])[0])


def test_a_trailing_year_is_compared_with_trailing_years(history):
    # A return on equity of a single quarter is a quarter of the year's: against those every year would stand out.
    row = row_of(history(quarters(20, net_income=[14.0, 14.2] * 10)))
    assert abs(row["roe_z_score"]) < 2


def test_a_price_moves_the_multiples_and_not_the_business(history, sample):
    low, high = (row_of(history(quarters(20), bars=priced(sample, price))) for price in (28.0, 56.0))
    assert low["pe_ratio"] == pytest.approx(high["pe_ratio"] / 2)
    assert low["fcf_yield"] == pytest.approx(0.2)
    assert low["roe"] == high["roe"]
    assert low["ev_ebitda"] == pytest.approx((280 + 90) / 100)


def test_a_row_before_a_filing_does_not_see_it(history):
    rows = quarters(8, revenue=[100.0] * 7 + [200.0])
    rows[-1]["known_at"] = pd.Timestamp("2018-03-20 20:00")  # the close of that session, when its bar is known
    features = fundamental_features(history(rows))["revenue"]
    assert features["2018-03-19"].item() == 400.0
    assert features["2018-03-20"].item() == 500.0


def test_a_restatement_changes_rows_from_its_own_day_only(history):
    rows = quarters(8)
    again = {**rows[-1], "revenue": 90.0, "known_at": pd.Timestamp("2018-04-10 21:00")}
    plain, restated = (fundamental_features(history(each)) for each in (rows, [*rows, again]))
    pd.testing.assert_frame_equal(plain[:"2018-04-10"], restated[:"2018-04-10"])
    assert restated["revenue"]["2018-04-11"].item() == 390.0


def test_a_split_between_filing_and_price_changes_no_multiple(history, sample):
    whole = row_of(history(quarters(20)))
    split = row_of(history(quarters(20), bars=priced(sample, 56.0, split=("2018-03-15", 4.0))))
    for name in FEATURES:
        expected = whole[name] / 4 if name in MONEY else whole[name]
        assert split[name] == pytest.approx(expected, nan_ok=True), name


def test_a_split_between_two_filings_is_no_dilution(history, sample):
    # From the last quarter of 2017 on, filed in 2018, shares are four times as many: the split of January.
    rows = quarters(20, shares_basic=[10.0] * 19 + [40.0], shares_diluted=[10.5] * 19 + [42.0])
    row = row_of(history(rows, bars=priced(sample, 56.0, split=("2018-01-10", 4.0))))
    assert row["share_count_change"] == pytest.approx(0)
    assert row["piotroski_no_new_shares"] == 1
    assert row["market_cap"] == pytest.approx(560)
    assert row["pe_ratio"] == pytest.approx(10.5)


def test_negative_equity_has_no_ratios(history):
    row = row_of(history(quarters(20, shareholders_equity=-50.0)))
    names = ("roe", "debt_to_equity", "liabilities_to_equity", "pb_ratio", "dupont_equity_multiplier")
    assert row[list(names)].isna().all()
    told = FundamentalEngine().explain(row).missing
    assert {told[name] for name in names} == {"negative equity: the ratio has no meaning"}


def test_two_years_of_negative_equity_make_no_positive_average(history):
    row = row_of(history(quarters(8, shareholders_equity=[-50.0] * 4 + [200.0] * 4)))
    assert np.isnan(row["roe"])


def test_negative_earnings_have_no_multiple(history):
    row = row_of(history(quarters(20, net_income=-1.0)))
    names = ("pe_ratio", "peg_ratio", "quality_of_earnings", "payout_ratio")
    assert row[list(names)].isna().all()
    told = FundamentalEngine().explain(row).missing
    assert {told[name] for name in names} == {"negative earnings: the ratio has no meaning"}
    assert row["roe"] == pytest.approx(-4 / 200)
    assert row["earnings_yield"] == pytest.approx(-4 / 560)


def test_zero_denominators_leave_no_number(history):
    zero = dict.fromkeys(("revenue", "interest_expense", "current_liabilities", "total_liabilities"), 0.0)
    values = fundamental_features(history(quarters(20, **zero)))[list(FEATURES)]
    assert not np.isinf(values.to_numpy()).any()
    row = values.loc[pd.Timestamp(LAST, tz="UTC")]
    assert row[["profit_margin", "interest_coverage", "current_ratio", "asset_coverage_ratio"]].isna().all()


@pytest.mark.parametrize("sector", ["financial", "real_estate"])
def test_banks_and_property_have_neither_altman_nor_beneish(history, sector):
    row = row_of(history(quarters(20)), sector=sector)
    assert row[["altman_z_score", "beneish_m_score"]].isna().all()
    told = FundamentalEngine(sector).explain(row).missing
    assert told["altman_z_score"] == "Altman's score is not made for banks, property and utilities"
    assert told["beneish_m_score"] == "the M-score is not made for banks and property"


def test_utilities_have_beneish_and_no_altman(history):
    row = row_of(history(quarters(20)), sector="utilities")
    assert row[["altman_z_score", "altman_safe"]].isna().all()
    assert not np.isnan(row["beneish_m_score"])


def test_altman_without_shares_is_absent_and_no_distress(history):
    rows = quarters(20, shares_basic=np.nan, shares_diluted=np.nan)
    row = row_of(history(rows), sector="industrial")
    assert np.isnan(row["altman_z_score"])


def test_others_than_manufacturers_have_the_score_without_a_price(history):
    row = row_of(history(quarters(20)), sector="technology")
    assert row["altman_z_score"] == pytest.approx(3.8696)
    assert (row["altman_model"], row["altman_safe"], row["altman_distress"]) == ("Z''", 2.60, 1.10)


def test_statements_in_another_currency_are_not_divided_by_the_price(history):
    row = row_of(history(quarters(20, currency="EUR")))
    assert row[["pe_ratio", "market_cap", "fcf_yield", "fair_value_estimate"]].isna().all()
    assert row["roe"] == pytest.approx(0.28)
    signal = FundamentalEngine().explain(row)
    assert signal.missing["pe_ratio"] == "the statements are in another currency than the price"
    assert "OTHER CURRENCY" in signal.tags


def test_cyclical_sectors_are_compared_on_five_years_of_earnings(history):
    # Years of 56, 56, 56, 56 and 28: mean 50.4.
    rows = quarters(20, net_income=[14.0] * 16 + [7.0] * 4)
    energy, materials, other = (row_of(history(rows), sector=name) for name in ("energy", "materials", "industrial"))
    assert energy["pe_compared"] == materials["pe_compared"] == pytest.approx(56 * 10.5 / 50.4)
    assert other["pe_compared"] == energy["pe_ratio"] == pytest.approx(21.0)


def test_property_is_valued_on_funds_from_operations(history):
    row = row_of(history(quarters(20)), sector="Real Estate")
    assert row["p_ffo"] == pytest.approx(560 / (56 + 20))
    assert np.isnan(row["pe_low"])


@pytest.mark.parametrize(
    ("revenue", "expected"), [(100.0, (15, 30)), (112.0, (18, 40)), (130.0, (25, 60)), (np.nan, (15, 30))]
)
def test_of_an_unknown_sector_the_band_follows_growth(history, revenue, expected):
    row = row_of(history(quarters(8, revenue=[100.0] * 4 + [revenue] * 4)))
    assert (row["pe_low"], row["pe_high"]) == expected


def test_peg_is_on_three_years_of_earnings_growth(history):
    # 1.1 ** 3 = 1.331 times in three years: 10 % a year.
    rows = quarters(16, net_income=[10.0] * 4 + [12.0] * 8 + [13.31] * 4)
    row = row_of(history(rows))
    assert row["eps_growth_3y"] == pytest.approx(0.10)
    assert row["peg_ratio"] == pytest.approx(row["pe_ratio"] / 10)
    outside = row_of(history(quarters(16, net_income=[1.0] * 12 + [14.0] * 4)))
    assert np.isnan(outside["peg_ratio"])


def test_the_fair_value_is_the_sum_of_its_years(history, steady):
    # 60 / 10.5 a share, at 10 %; growth 0, then in six even steps to 2.5 %, of which the sixth is for ever.
    worth, flow = 0.0, 60 / 10.5
    for year in range(1, 11):
        flow *= 1 + (0.0 if year <= 5 else 0.025 * (year - 5) / 6)
        worth += flow / 1.1**year
    worth += flow * 1.025 / 0.075 / 1.1**10
    assert steady["fair_value_estimate"] == pytest.approx(worth)
    assert steady["price_to_fair_value_z_score"] == pytest.approx((56 / worth - 1) / 0.3)


def test_without_cash_for_owners_there_is_no_fair_value(history):
    row = row_of(history(quarters(20, cash_flow_operating=-22.0)))
    assert np.isnan(row["fair_value_estimate"])
    assert FundamentalEngine().explain(row).missing["fair_value_estimate"] == "no cash flow to owners to discount"


def test_the_yield_of_the_bill_is_the_one_known(history, share):
    bill = records_of(
        "series",
        [
            {"day": "2018-01-02", "value": 2.0, "known_at": "2018-01-03 21:00"},
            {"day": "2018-03-01", "value": 3.0, "known_at": "2018-03-05 21:01"},
        ],
        "day",
    )
    features = fundamental_features(history(quarters(8), dataclasses.replace(bill, name="DGS3MO")))
    assert features["risk_free_rate"]["2017-12-29"].item() == 0.045
    assert features["risk_free_rate"]["2018-03-05"].item() == 0.02
    assert features["risk_free_rate"]["2018-03-06"].item() == 0.03
    assert features["cost_of_equity"]["2018-03-06"].item() == pytest.approx(0.085)


def test_beta_is_drawn_to_one(sample):
    # Moves twice as large as the benchmark's: 1/3 + 2/3 * 2 = 1.667.
    market = sample.between("2013-01-02", "2018-12-31")
    close = 100 * (market.close / market.close[0]) ** 2
    prices = {"open": close, "high": close, "low": close, "close": close}
    bars = dataclasses.replace(market, symbol="SPX", **prices)
    table = records_of("statements", quarters(8), "period_end")
    features = fundamental_features(iq.History.of(bars, benchmark=market, records=[table]))
    assert features["equity_beta"].iloc[-1] == pytest.approx(5 / 3)
    assert features["equity_beta"].loc[:"2013-07-01"].eq(1.0).all()


def test_a_company_without_statements_has_no_features_but_a_reason(history):
    features = fundamental_features(history(None))
    engine = FundamentalEngine()
    assert features[list(FEATURES)].drop(columns="is_sector_known").isna().all(axis=None)
    signal = engine.explain(features.iloc[-1])
    assert (signal.reason, signal.label) == ("no statements in the history", None)
    assert np.isnan(signal.score)
    assert signal.missing["pe_ratio"] == "no statements in the history"
    assert signal.missing["analyst_target"] == "no analyst records"


def test_rows_before_the_first_year_say_what_they_wait_for(history):
    features = fundamental_features(history(quarters(8)))
    engine = FundamentalEngine()
    assert engine.explain(features.iloc[0]).reason == "no statement was known yet"
    two = features.loc[pd.Timestamp("2016-08-15", tz="UTC")]
    assert engine.explain(two).reason == "a trailing year needs 4 consecutive quarters, 2 are known"


def test_every_feature_has_a_column_and_no_other(history):
    features = fundamental_features(history(quarters(8)))
    assert list(features.columns) == ["known_at", "n_obs", *FEATURES, *WORDS]
    pd.testing.assert_index_equal(features.index, history(None).bars().index)


def test_preferred_owners_and_minorities_have_their_claims(history):
    row = row_of(history(quarters(20, preferred_equity=20.0, minority_interest=30.0, preferred_dividends=-1.0)))
    assert row["enterprise_value"] == pytest.approx(560 + 150 - 60 + 20 + 30)
    assert row["pb_ratio"] == pytest.approx(560 / 180)
    assert row["eps"] == pytest.approx(52 / 10.5)
    assert row["earnings_yield"] == pytest.approx(52 / 560)


def test_debt_is_the_sum_of_its_parts_where_the_total_is_not_stated(history):
    row = row_of(history(quarters(20, total_debt=np.nan)))
    assert row["debt_to_equity"] == pytest.approx(150 / 200)
    assert row["enterprise_value"] == pytest.approx(650)


def test_long_term_debt_alone_is_no_debt_and_says_which_item_is_missing(history):
    row = row_of(history(quarters(20, total_debt=np.nan, short_term_debt=np.nan)))
    names = ("debt_to_equity", "net_debt_to_ebitda", "enterprise_value", "ev_ebitda", "roic", "debt_to_equity_z_score")
    assert row[list(names)].isna().all()
    told = FundamentalEngine().explain(row).missing
    assert {told[name] for name in names} == {"not stated: total_debt (or short_term_debt)"}
    assert row["owners_cash_flow_per_share"] == pytest.approx(60 / 10.5)  # debt raised and repaid are stated


def test_an_item_that_is_not_stated_is_named(history):
    bare = row_of(history(quarters(20, capital_expenditure=np.nan, depreciation_amortization=np.nan)))
    told = FundamentalEngine().explain(bare).missing
    assert told["free_cash_flow"] == told["fcf_yield"] == "not stated: capital_expenditure"
    assert told["ev_ebitda"] == "not stated: depreciation_amortization"
    assert FundamentalEngine().explain(bare).words["not_stated"].split() == [
        "depreciation_amortization", "capital_expenditure", "preferred_dividends", "preferred_equity", "minority_interest",
    ]  # fmt: skip


def test_new_debt_is_the_change_of_what_is_owed_where_flows_are_not_stated(history):
    row = row_of(history(quarters(20, debt_issued=np.nan, total_debt=[150.0] * 16 + [160.0] * 4)))
    assert row["owners_cash_flow_per_share"] == pytest.approx((56 + 10) / 10.5)
    assert row["debt_raise_ratio"] == pytest.approx(10 / 300)


def test_other_items_stand_in_for_those_not_stated(history):
    row = row_of(history(quarters(20, gross_profit=np.nan, shares_basic=np.nan)))
    assert row["gross_margin"] == pytest.approx(0.4)
    assert row["market_cap"] == pytest.approx(56 * 10.5)


def test_return_on_capital_is_on_the_average_and_after_tax_of_at_most_35_percent(history):
    # Debt and equity less cash beyond 8: 298 after 198, mean 248; tax 9 of 18 counts as 35 %.
    row = row_of(history(quarters(8, shareholders_equity=[100.0] * 4 + [200.0] * 4, tax_expense=9.0)))
    assert row["roic"] == pytest.approx(80 * 0.65 / 248)


def test_the_operating_margin_is_compared_with_last_year_s_quarter(history):
    row = row_of(history(quarters(8, operating_income=[20.0, 21.0, 22.0, 23.0, 24.0, 25.0, 26.0, 30.0])))
    assert row["operating_margin_expansion_yoy"] == pytest.approx(0.30 - 0.23)


def test_a_dividend_is_covered_by_the_smaller_of_income_and_free_cash(history):
    row = row_of(history(quarters(8, capital_expenditure=17.0)))
    assert row["dividend_cover"] == pytest.approx(20 / 12)
    assert row_of(history(quarters(8, net_income=-1.0)))["dividend_cover"] == pytest.approx(-4 / 12)
    unpaid = row_of(history(quarters(8, dividends_paid=0.0)))
    assert np.isnan(unpaid["dividend_cover"])
    assert FundamentalEngine().explain(unpaid).missing["dividend_cover"] == "no dividend to cover"


def test_a_bank_has_no_enterprise_value_and_no_cash_flow_to_owners(history):
    row = row_of(history(quarters(20)), sector="financial")
    names = ("enterprise_value", "ev_ebitda", "fcf_yield", "owners_cash_flow_per_share", "fair_value_estimate")
    assert row[list(names)].isna().all()
    told = FundamentalEngine("financial").explain(row).missing
    assert {told[name] for name in names} == {"of a bank or insurer: money owed and held is its business"}
    assert row["pb_ratio"] == pytest.approx(2.8)


def bill_of(rate):
    known = [{"day": "2017-01-02", "value": 100 * rate, "known_at": "2017-01-03 21:00"}]
    return dataclasses.replace(records_of("series", known, "day"), name="DGS3MO")


def test_growth_for_ever_is_at_most_the_yield_of_the_bill(history):
    row = row_of(history(quarters(20), bill_of(0.01)))
    value = fair_value(row)
    assert (value.terminal_growth, value.discount_rate) == (0.01, pytest.approx(0.065))
    assert value.value == pytest.approx(row["fair_value_estimate"])
    assert value.table.loc[0.065, 0.01] == pytest.approx(row["fair_value_estimate"])


def test_a_value_beyond_the_forecast_is_withheld():
    state = {
        "owners_cash_flow": np.array([10.0]),
        "diluted_shares": np.array([1.0]),
        "revenue_growth": np.array([0.25]),
    }
    sectors = Industry(np.array([SECTORS.index("industrial")]), np.array([True]))
    for cost, is_given in ((0.0525, True), (0.045, False)):
        market = Market(np.array([100.0]), np.array([1.0]), np.array([0.025]), np.array([cost]))
        found = discounted(state, market, sectors)
        assert (found["fair_value_terminal_share"][0] <= 0.85) == is_given
        assert np.isnan(found["fair_value_estimate"][0]) != is_given


@pytest.mark.parametrize(("moves", "expected"), [(6.0, 2.0), (-3.0, 0.5)])
def test_beta_is_held_between_a_half_and_two(sample, moves, expected):
    market = sample.between("2013-01-02", "2018-12-31")
    close = 100 * (market.close / market.close[0]) ** moves
    prices = {"open": close, "high": close, "low": close, "close": close}
    table = records_of("statements", quarters(8), "period_end")
    bars = dataclasses.replace(market, symbol="SPX", **prices)
    features = fundamental_features(iq.History.of(bars, benchmark=market, records=[table]))
    assert features["equity_beta"].iloc[-1] == expected


MARKS = {
    "roe": 0.10, "roe_z_score": 0.6, "profit_margin": 0.10, "profit_margin_z_score": 0.6, "revenue_growth": 0.01,
    "revenue_growth_z_score": 0.6, "operating_cash_flow": 1.0, "roic": 0.11, "debt_to_equity": 9.0,
    "debt_to_equity_z_score": -0.1,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 6),
        ({"roe_z_score": 0.4}, 5),
        ({"roe_z_score": np.nan}, 5),  # without a past: above 12 %
        ({"roe_z_score": np.nan, "roe": 0.13}, 6),
        ({"roe": -0.01}, 5),  # the smallest of its losses
        ({"revenue_growth_z_score": np.nan, "revenue_growth": 0.06}, 6),
        ({"operating_cash_flow": 0.0}, 5),
        ({"roic": 0.10}, 5),
        ({"debt_to_equity_z_score": 0.1}, 5),
        ({"debt_to_equity_z_score": np.nan}, 5),
        ({"debt_to_equity_z_score": np.nan, "debt_to_equity": 1.4}, 6),
        ({"roic": np.nan, "operating_cash_flow": np.nan}, 4),
        ({"roic": np.nan, "operating_cash_flow": np.nan, "roe": np.nan, "roe_z_score": np.nan}, np.nan),
    ],
)
def test_marks_of_quality_by_hand(changes, expected):
    columns = {name: np.array([value]) for name, value in (MARKS | changes).items()}
    assert quality_score(columns)[0] == pytest.approx(expected, nan_ok=True)
