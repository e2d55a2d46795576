import dataclasses

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.engines.fundamental.engine import FundamentalEngine
from investiq.engines.fundamental.features import FEATURES, WORDS
from tests.engines.fundamental.conftest import quarters, records_of

ENGINE = FundamentalEngine()


@pytest.fixture(scope="module")
def quiet():
    """A row with a trailing year of which nothing else is known: no signal fires."""
    values = dict.fromkeys(FEATURES, np.nan) | {
        "statement_count": 20.0, "quarters_known": 20.0, "filing_age_days": 30.0, "filing_day": 17_532.0,
        "fields_present": 18.0, "is_sector_known": 1.0, "is_price_currency": 1.0, "quarters_from_year": 0.0,
        "pe_low": 15.0, "pe_high": 30.0, "ev_ebitda_low": 8.0, "ev_ebitda_high": 16.0, "debt_to_equity_low": 0.5, "debt_to_equity_limit": 1.5,
    }  # fmt: skip
    head = {"known_at": pd.Timestamp("2018-02-01 21:00", tz="UTC"), "n_obs": 1_000}
    words = {**dict.fromkeys(WORDS, ""), "sector": "industrial"}
    return pd.Series(head | values | words, name=pd.Timestamp("2018-02-01", tz="UTC"))


def says(row, **changes):
    return ENGINE.explain(pd.Series({**row, **changes}, name=row.name))


def fired(signal):
    return {each.name: each.direction * each.weight for each in signal.evidence}


def points(score, known=9.0):
    return {"piotroski_f_score": score, "piotroski_points": score * known / 9, "piotroski_known": known}


QUALITY = {"quality_score": 4.0, "pe_ratio": 20.0, "revenue_growth": 0.0, "revenue_growth_z_score": 0.0}
ALTMAN = {"altman_safe": 2.99, "altman_distress": 1.81}
DIVIDEND = {"payout_ratio": 0.5, "fcf_payout_ratio": 0.5}
TARGET = {"analyst_typical_upside": 0.15, "analyst_price_to_high": 0.8, "analyst_price_to_low": 1.2}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"pe_compared": 14.9}, {"Low P/E": 2}),
        ({"pe_compared": 14.9, "is_sector_known": 0.0}, {"Low P/E": 3}),
        ({"pe_compared": 15.0}, {}),
        ({"pe_compared": 30.1}, {"High P/E": -2}),
        ({"pb_ratio": 0.7, "pb_low": 0.8, "pb_high": 1.8}, {"Low P/B": 2}),
        ({"pb_ratio": 0.7}, {}),  # no bounds: not a bank
        ({"p_ffo": 23.0, "p_ffo_low": 12.0, "p_ffo_high": 22.0}, {"High P/FFO": -2}),
        ({"ev_ebitda": 7.9}, {"Low EV/EBITDA": 2}),
        ({"ev_ebitda": 16.1}, {"High EV/EBITDA": -2}),
        ({"peg_ratio": 0.9}, {"Low PEG": 2}),
        ({"peg_ratio": 2.6}, {"High PEG": -1}),
        ({"fcf_yield": 0.061}, {"High FCF Yield": 2}),
        ({"fcf_yield": 0.06}, {}),
        ({"fcf_yield": -0.001}, {"Negative FCF Yield": -1}),
        ({"price_to_fair_value_z_score": -0.7}, {"Below Fair Value": 1}),
        ({"price_to_fair_value_z_score": -1.6}, {"Below Fair Value": 3}),
        ({"price_to_fair_value_z_score": 2.6}, {"Above Fair Value": -4}),
        ({"price_to_fair_value_z_score": 0.6}, {}),
        (QUALITY, {"Undervalued Quality": 4}),  # 20 below 0.75 * 30
        (QUALITY | {"pe_ratio": 26.0}, {"Undervalued Quality": 2}),
        (QUALITY | {"pe_ratio": 27.0}, {}),
        (QUALITY | {"pe_ratio": 27.0, "revenue_growth": 0.12}, {"Undervalued Quality": 4}),  # below 0.75 * 40
        (QUALITY | {"quality_score": 3.0}, {}),
        (
            QUALITY | {"quality_score": 3.0, "revenue_growth": 0.16, "peg_ratio": 1.4},
            {"Growth at a Reasonable Price": 3},
        ),
        (QUALITY | {"quality_score": 3.0, "revenue_growth": 0.16, "peg_ratio": 1.5}, {}),
        (QUALITY | {"quality_score": 3.0, "revenue_growth": 0.16}, {}),
        ({"roe": 0.20, "roe_z_score": 1.1}, {"Return on Equity Above Its Past": 2}),
        ({"roe": 0.20, "roe_z_score": -2.6}, {"Return on Equity Below Its Past": -4}),
        ({"roe": 0.20, "roe_z_score": 0.9}, {}),
        ({"roe": -0.05, "roe_z_score": 3.0}, {}),  # a smaller loss is no return
        ({"profit_margin": -0.01, "profit_margin_z_score": 1.6}, {}),
        ({"profit_margin": 0.01, "profit_margin_z_score": 1.6}, {"Profit Margin Above Its Past": 3}),
        ({"gross_margin": 0.60, "gross_margin_z_score": -2.6}, {"Gross Margin Below Its Past": -4}),
        ({"operating_margin": -0.01, "operating_margin_z_score": 1.6}, {}),
        ({"operating_margin": -0.01, "operating_margin_z_score": -1.6}, {"Operating Margin Below Its Past": -3}),
        ({"roe": 0.13}, {"High Return on Equity": 3}),
        ({"roe": 0.02}, {"Low Return on Equity": -2}),
        ({"profit_margin": 0.21, "gross_margin": 0.51, "operating_margin": 0.21},
         {"High Profit Margin": 3, "High Gross Margin": 2, "High Operating Margin": 2}),
        ({"profit_margin": 0.04, "gross_margin": 0.19, "operating_margin": 0.04},
         {"Low Profit Margin": -2, "Low Gross Margin": -2, "Low Operating Margin": -2}),
        ({"operating_cash_flow": 1.0}, {"Cash From Operations": 2}),
        ({"operating_cash_flow": -1.0, "free_cash_flow": -2.0}, {"Cash Drain in Operations": -3, "No Free Cash Flow": -2}),
        ({"operating_cash_flow": 1.0, "free_cash_flow": -2.0}, {"Cash From Operations": 2, "No Free Cash Flow": -1}),
        ({"free_cash_flow": 1.0}, {"Free Cash Flow": 2}),
        ({"roic": 0.16}, {"High Return on Capital": 2}),
        ({"roic": 0.04}, {"Low Return on Capital": -2}),
        (points(8.0), {"Strong F-Score": 3}),
        (points(7.0), {"Strong F-Score": 1}),
        (points(5.0), {}),
        (points(3.0), {}),
        (points(2.0), {"Weak F-Score": -2}),
        (points(9 * 6 / 7, 7.0), {"Strong F-Score": 3}),  # six of seven
        (points(9 * 5 / 7, 7.0), {"Strong F-Score": 1}),
        ({"quality_of_earnings": 1.1}, {"Earnings Backed by Cash": 2}),
        ({"quality_of_earnings": 0.4}, {"Earnings Without Cash": -2}),
        ({"quality_of_earnings": 0.4} | points(8.0), {"Strong F-Score": 3}),  # the points hold it already
        ({"quality_of_earnings": 0.4} | points(4.0), {"Earnings Without Cash": -2}),
        ({"accrual_ratio": 0.11}, {"High Accruals": -2}),
        ({"accrual_ratio": -0.06}, {"Negative Accruals": 1}),
        ({"accrual_ratio": -0.02}, {}),
        ({"accrual_ratio": -0.06, "quality_of_earnings": 1.1}, {"Earnings Backed by Cash": 2}),
        ({"beneish_m_score": -1.77}, {"Accounts Look Embellished": -2}),
        ({"beneish_m_score": -1.79}, {}),
        ({"working_capital_turnover": 4.1}, {"Quick Working Capital": 1}),
        ({"working_capital_turnover": 1.4}, {"Slow Working Capital": -1}),
        ({"revenue_growth": 0.09}, {"Revenue Grows": 3}),
        ({"revenue_growth": -0.04}, {"Revenue Shrinks": -3}),
        ({"revenue_growth": 0.01, "revenue_growth_z_score": 1.6}, {"Revenue Growth Above Its Past": 3}),
        ({"revenue_growth": -0.048, "revenue_growth_z_score": 2.45}, {}),  # it falls more slowly, and falls
        ({"revenue_growth": 0.07, "revenue_growth_z_score": -1.6}, {"Revenue Growth Below Its Past": -3}),
        ({"revenue_growth": 0.09, "revenue_growth_z_score": -1.6}, {}),  # good by itself
        ({"revenue_acceleration": 0.01, "revenue_acceleration_z_score": 1.1}, {"Revenue Acceleration Above Its Past": 2}),
        ({"revenue_acceleration": -0.01, "revenue_acceleration_z_score": 1.1}, {}),
        ({"revenue_acceleration": -0.01, "revenue_acceleration_z_score": -1.1}, {"Revenue Acceleration Below Its Past": -2}),
        ({"revenue_acceleration": 0.01, "revenue_acceleration_z_score": -1.1}, {}),
        ({"margin_expansion_yoy": 0.01, "margin_expansion_yoy_z_score": 1.1}, {"Margin Expansion Above Its Past": 2}),
        ({"margin_expansion_yoy": -0.01, "margin_expansion_yoy_z_score": 1.1}, {}),
        ({"margin_expansion_yoy": -0.01, "margin_expansion_yoy_z_score": -1.1}, {"Margin Expansion Below Its Past": -2}),
        ({"margin_expansion_yoy": 0.01, "margin_expansion_yoy_z_score": -1.1}, {}),
        ({"revenue_acceleration": 0.03}, {"Growth Speeds Up": 2}),
        ({"revenue_acceleration": -0.06}, {"Growth Slows": -2}),
        ({"margin_expansion_yoy": 0.021}, {"Margin Widens": 2}),
        ({"margin_expansion_yoy": -0.031}, {"Margin Narrows": -2}),
        ({"consecutive_growth_quarters": 4.0}, {"A Year of Growth": 2}),
        ({"consecutive_growth_quarters": 3.0}, {}),
        ({"debt_to_equity": 1.6}, {"Much Debt": -2}),
        ({"debt_to_equity": 0.49}, {"Little Debt": 1}),
        ({"debt_to_equity": 0.51}, {}),
        ({"debt_to_equity": 1.6, "debt_to_equity_z_score": 1.6}, {"Debt to Equity Above Its Past": -3}),
        ({"debt_to_equity": 1.0, "debt_to_equity_z_score": -1.1}, {"Debt to Equity Below Its Past": 2}),
        ({"debt_to_equity": 1.6, "debt_to_equity_z_score": -2.6}, {"Much Debt": -2}),  # less than ever, and too much
        ({"debt_to_equity": 0.4, "debt_to_equity_z_score": 2.6}, {"Little Debt": 1}),
        ({"debt_to_equity": 0.6, "debt_to_equity_z_score": 1.4}, {}),
        ({"debt_to_equity": 9.0, "debt_to_equity_z_score": 1.6, "debt_to_equity_low": np.nan,
          "debt_to_equity_limit": np.nan},
         {"Debt to Equity Above Its Past": -3}),
        ({"shareholders_equity": -1.0}, {"Negative Equity": -3}),
        ({"equity_to_assets": 0.05}, {}),
        ({"equity_to_assets": 0.05, "pb_low": 0.8, "pb_high": 1.8}, {"Thin Equity": -2}),
        ({"interest_coverage": 1.4}, {"Interest Hardly Covered": -3}),
        ({"interest_coverage": 8.1}, {"Interest Well Covered": 1}),
        ({"current_ratio": 1.6}, {"Liquid": 2}),
        ({"current_ratio": 0.9}, {"Illiquid": -2}),
        (ALTMAN | {"altman_z_score": 3.0}, {"Altman Safe": 2}),
        (ALTMAN | {"altman_z_score": 2.5}, {}),  # grey
        (ALTMAN | {"altman_z_score": 1.8}, {"Altman Distress": -3}),
        ({"buyback_intensity": 0.51}, {"Buybacks": 2}),
        ({"buyback_intensity": 0.26}, {"Buybacks": 1}),
        ({"buyback_intensity": 0.1, "buyback_intensity_z_score": 1.1}, {"Buybacks Above Their Past": 2}),
        ({"buyback_intensity": -0.1, "buyback_intensity_z_score": 1.1}, {}),  # shares are issued, fewer than before
        ({"share_count_change": -0.03}, {"Fewer Shares": 1}),
        ({"share_count_change": -0.03, "buyback_intensity": 0.3}, {"Buybacks": 1}),
        ({"share_count_change": 0.06}, {"Dilution": -2}),
        ({"capital_raise_ratio": 0.11}, {"Raises Capital": -2}),
        ({"capital_raise_ratio": 0.11, "operating_cash_flow": -1.0, "free_cash_flow": np.nan},
         {"Raises Capital": -3, "Cash Drain in Operations": -3}),
        (DIVIDEND | {"dividend_cover": 1.7}, {"Dividend Covered": 1}),  # a payout of 59 %
        (DIVIDEND | {"dividend_cover": 1.66}, {}),
        (DIVIDEND | {"dividend_cover": 1.7, "fcf_payout_ratio": np.nan}, {}),  # of one of the two nothing is known
        (DIVIDEND | {"dividend_cover": 0.99, "fcf_payout_ratio": np.nan}, {"Dividend Not Covered": -2}),
        (DIVIDEND | {"dividend_cover": 1.0}, {}),
        (DIVIDEND | {"dividend_cover": -0.1, "payout_ratio": np.nan}, {"Dividend Not Covered": -2}),
        (DIVIDEND | {"dividend_cover": np.nan}, {}),
        (TARGET | {"analyst_upside": 0.36}, {"Target Above Price": 3}),
        (TARGET | {"analyst_upside": 0.26}, {"Target Above Price": 2}),
        (TARGET | {"analyst_upside": 0.20}, {}),  # above the price, as always
        (TARGET | {"analyst_upside": 0.04}, {"Target Near or Below Price": -2}),
        (TARGET | {"analyst_upside": -0.06}, {"Target Near or Below Price": -3}),
        (TARGET | {"analyst_upside": 0.2, "analyst_price_to_high": 1.1}, {"Target Near or Below Price": -3}),
        (TARGET | {"analyst_upside": 0.2, "analyst_price_to_low": 0.9}, {"Target Above Price": 2}),
        ({"analyst_net_changes": 3.0}, {"Upgrades": 2}),
        ({"analyst_net_changes": 1.0}, {"Upgrades": 1}),
        ({"analyst_net_changes": -3.0}, {"Downgrades": -2}),
    ],
)  # fmt: skip
def test_a_rule_fires_at_its_threshold_with_its_weight(quiet, changes, expected):
    assert fired(says(quiet, **changes)) == expected


def test_nothing_known_beside_the_year_is_neutral(quiet):
    signal = says(quiet)
    assert (signal.score, signal.label, signal.reason) == (0.0, "Neutral", "no signal")


def test_a_score_by_hand(quiet):
    # Valuation +2, quality +3 +2 = 5 cut to 4, leverage -3: 100 * 3/9 * 3/4 = 25.
    signal = says(quiet, ev_ebitda=7.0, roe=0.2, roic=0.2, shareholders_equity=-1.0)
    assert signal.votes == {"valuation": 2.0, "quality": 4.0, "leverage": -3.0}
    assert signal.score == pytest.approx(25.0)


def test_analysts_are_blended_and_do_not_vote_among_the_groups(quiet):
    # Own: valuation alone, 50. Analysts -2 of 4: -25. 0.7 * 50 + 0.3 * -25 = 27.5.
    signal = says(quiet, ev_ebitda=7.0, **TARGET, analyst_upside=0.04)
    assert signal.score == pytest.approx(27.5)
    # Analysts that are known and say nothing temper the rest: 0.7 * 50.
    assert says(quiet, ev_ebitda=7.0, **TARGET, analyst_upside=0.2).score == pytest.approx(35.0)


@pytest.mark.parametrize(("age", "factor"), [(0.0, 1.0), (100.0, 1.0), (101.0, 0.9), (200.0, 0.9), (201.0, 0.7)])
def test_confidence_falls_with_the_age_of_the_statements(quiet, age, factor):
    # One signal: 0.6 * 0.4 + 0.4 * 18/18.
    assert says(quiet, roic=0.2, filing_age_days=age).confidence == pytest.approx(0.64 * factor)


@pytest.mark.parametrize(("present", "count", "expected"), [(9.0, 1, 0.44), (18.0, 3, 0.76), (18.0, 5, 0.88)])
def test_confidence_grows_with_signals_and_items(quiet, present, count, expected):
    voices = dict([("roic", 0.2), ("roe", 0.2), ("current_ratio", 2.0), ("ev_ebitda", 7.0), ("peg_ratio", 0.5)][:count])
    assert says(quiet, fields_present=present, **voices).confidence == pytest.approx(expected)


def test_evidence_bears_the_day_of_its_filing(quiet):
    business, priced = says(quiet, roe=0.2, ev_ebitda=7.0).evidence
    assert business.known == np.datetime64("2018-01-01")
    assert business.text == "return on average equity 20.00 %"
    assert priced.known is None
    assert (priced.value, priced.threshold) == (7.0, 8.0)


def test_limits_of_the_statements_are_tags(quiet):
    marks = says(quiet, filing_age_days=120.0, quarters_from_year=1.0, sector="unknown").tags
    assert marks == ("STALE STATEMENTS", "QUARTER FROM FULL YEAR", "SECTOR UNKNOWN")
    assert says(quiet).tags == ()


def of_symbol(symbol, sector=None):
    """Bars, statements, a profile known late, ratings and targets of a synthetic share."""
    bars = iq.load_bars(symbol)
    profile = [{"day": "2014-03-03", "known_at": "2014-03-03 21:30", "sector": sector or "technology"}]
    targets = [
        {"day": day, "known_at": f"{day} 12:00", "target": 20.0, "high": 30.0, "low": 10.0, "contributors": 5.0}
        for day in ("2013-05-01", "2016-08-01")
    ]
    ratings = [
        {"day": day, "known_at": f"{day} 12:00", "firm": day, "action": "upgrade", "rating": "Buy"}
        for day in ("2013-05-01", "2016-08-01")
    ]
    records = [
        iq.load_records(symbol, "statements"),
        *(
            dataclasses.replace(records_of(kind, rows, "day"), name=f"{kind}:{symbol}")
            for kind, rows in (("profile", profile), ("analyst_targets", targets), ("analyst_ratings", ratings))
        ),
    ]
    return iq.History.of(bars, benchmark=iq.load_bars("SYN-MKT"), records=records)


# Split 4 for 1; late filings; corrected quarters; losses and negative equity.
@pytest.mark.parametrize("symbol", ["SYN001", "SYN007", "SYN008", "SYN005"])
def test_no_row_changes_when_the_future_is_cut_off(symbol):
    source = of_symbol(symbol)
    whole = ENGINE.features(source)
    scores = ENGINE.score(whole)
    bars = source.bars()
    for row in (0, 70, 500, 700, 760, 1049, 1050, 1400, 1655, 1660, 2100, 2400):
        past = ENGINE.features(source.until(bars.known_at[row]))
        pd.testing.assert_series_equal(past.iloc[-1], whole.iloc[row], rtol=1e-10, atol=0)
        np.testing.assert_allclose(ENGINE.score(past).iloc[-1], scores.iloc[row], rtol=1e-10)


def test_the_audit_finds_no_look_ahead():
    report = iq.audit(ENGINE.features, of_symbol("SYN008"), prefixes=6)
    assert report.verdict == "point in time", str(report)


def test_known_traits_of_synthetic_companies_are_recovered():
    for symbol in ("SYN001", "SYN002", "SYN009"):
        bars, statements = iq.load_bars(symbol), iq.load_records(symbol, "statements")
        features = ENGINE.features(iq.History.of(bars, records=[statements]))
        truth = iq.synthetic_truth(symbol).company
        business = truth.business
        # Every dollar of profit is taxed at 22 %; margins and days move around their levels.
        assert features["dupont_tax_burden"].median() == pytest.approx(0.78, abs=0.01)
        assert features["gross_margin"].mean() == pytest.approx(business.gross_margin, abs=0.01)
        assert features["days_inventory"].mean() == pytest.approx(business.days_inventory, rel=0.1)


def test_a_company_of_synthetic_losses_has_reasons_for_ratios():
    bars, statements = iq.load_bars("SYN005"), iq.load_records("SYN005", "statements")
    features = ENGINE.features(iq.History.of(bars, records=[statements]))
    last = features.iloc[-1]
    told = ENGINE.explain(last).missing
    assert last["shareholders_equity"] < 0
    assert told["roe"] == "negative equity: the ratio has no meaning"
    assert told["pe_ratio"] == "negative earnings: the ratio has no meaning"
    assert (features["pe_ratio"].dropna() > 0).all()


def test_the_score_of_a_quarter_from_the_year_is_that_of_the_quarter_itself(history):
    rows = quarters(20)
    year = {**rows[-1], "fiscal_period": "FY", **{name: 4 * rows[-1][name] for name in ("revenue", "net_income")}}
    flows = {name: 4 * rows[-1][name] for name in rows[-1] if name in {
        "cost_of_revenue", "gross_profit", "operating_income", "pretax_income", "tax_expense", "interest_expense",
        "depreciation_amortization", "selling_general_admin", "cash_flow_operating", "cash_flow_investing",
        "cash_flow_financing", "capital_expenditure", "dividends_paid", "stock_issued", "stock_repurchased",
        "debt_issued", "debt_repaid",
    }}  # fmt: skip
    plain, derived = (ENGINE.features(history(each)) for each in (rows, [*rows[:-1], year | flows]))
    pd.testing.assert_frame_equal(ENGINE.score(plain), ENGINE.score(derived))
    assert ENGINE.explain(derived.iloc[-1]).tags[0:2] == ("STALE STATEMENTS", "QUARTER FROM FULL YEAR")


def test_invented_sales_of_a_synthetic_company_are_seen_in_their_year_alone():
    # SYN009 invents sales on credit in 2015; the trailing years that hold it end within 2015 and 2016.
    bars, statements = iq.load_bars("SYN009"), iq.load_records("SYN009", "statements")
    features = ENGINE.features(iq.History.of(bars, records=[statements]))
    assert iq.synthetic_truth("SYN009").company.business.red_flag_years == (2015,)
    flagged = features.index[features["beneish_m_score"] > -1.78].year
    assert set(flagged) == {2015, 2016}
