import numpy as np
import pytest

from investiq.engines.fundamental.quality import altman_z, altman_z2, beneish_m, cash_quality, manipulation, piotroski
from investiq.engines.fundamental.states import statement_states
from tests.engines.fundamental.conftest import quarters, records_of

# The third year against two steady ones: every point of Piotroski is earned.
BETTER = {
    "net_income": 15.0, "long_term_debt": 100.0, "current_assets": 220.0, "revenue": 104.0, "gross_profit": 44.0,
}  # fmt: skip
ALL = {
    "profitable", "cash_positive", "roa_up", "cash_over_earnings", "debt_down", "liquidity_up", "no_new_shares",
    "margin_up", "turnover_up",
}  # fmt: skip


def third_year(share, **items):
    rows = quarters(12)
    for row in rows[8:]:
        row |= BETTER | items
    return statement_states(records_of("statements", rows, "period_end"), share)


def earned(score):
    return {name for name, points in score.points.items() if points[-1] == 1}


def test_nine_points_by_hand(share):
    # Return on beginning assets 60/500 after 56/500; cash 88/500 above it; debt 100/500 after 110/500; 220/100 after
    # 200/100; as many shares; margin 44/104 after 40/100; turnover 416/500 after 400/500.
    score = piotroski(third_year(share))
    assert earned(score) == ALL
    assert (score.score[-1], score.known[-1], score.total[-1]) == (9, 9, 9)


@pytest.mark.parametrize(
    ("items", "lost"),
    [
        ({"net_income": -1.0}, {"profitable", "roa_up"}),
        ({"net_income": 14.0}, {"roa_up"}),
        ({"cash_flow_operating": -1.0}, {"cash_positive", "cash_over_earnings"}),
        ({"cash_flow_operating": 15.0}, {"cash_over_earnings"}),
        ({"long_term_debt": 110.0}, {"debt_down"}),
        ({"current_assets": 200.0}, {"liquidity_up"}),
        ({"shares_basic": 10.1}, {"no_new_shares"}),
        ({"gross_profit": 41.0}, {"margin_up"}),
        ({"revenue": 100.0}, {"turnover_up"}),
    ],
)
def test_each_point_is_lost_for_its_own_reason(share, items, lost):
    score = piotroski(third_year(share, **items))
    assert earned(score) == ALL - lost
    assert score.score[-1] == 9 - len(lost)


def test_returns_are_scaled_by_the_assets_that_a_year_began_with(share):
    # The second year ends with 600: 60/600 = 0.100 after 56/500 = 0.112, although assets end at 400.
    rows = quarters(12, total_assets=[500.0] * 4 + [500.0] * 3 + [600.0] + [400.0] * 4)
    for row in rows[8:]:
        row |= BETTER
    score = piotroski(statement_states(records_of("statements", rows, "period_end"), share))
    assert {"roa_up", "turnover_up"}.isdisjoint(earned(score))


def test_debt_is_scaled_by_the_average_assets_of_its_year(share):
    # 110 of 510 after 110 of 650, although of the assets at the end it fell from 110/500 to 110/520.
    rows = quarters(12, total_assets=[500.0] * 3 + [800.0] + [500.0] * 7 + [520.0])
    score = piotroski(statement_states(records_of("statements", rows, "period_end"), share))
    assert score.points["debt_down"][-1] == 0


def test_missing_points_scale_the_others_and_too_few_give_no_score(share):
    score = piotroski(third_year(share, current_assets=np.nan))
    assert (score.known[-1], score.total[-1], score.score[-1]) == (8, 8, 9)
    score = piotroski(third_year(share, current_assets=np.nan, long_term_debt=np.nan, net_income=14.0))
    assert (score.known[-1], score.total[-1], score.score[-1]) == (7, 6, 6 * 9 / 7)
    few = {"current_assets": np.nan, "long_term_debt": np.nan, "gross_profit": np.nan, "cost_of_revenue": np.nan}
    score = piotroski(third_year(share, **few))
    assert score.known[-1] == 6
    assert np.isnan(score.score[-1])


def test_three_balance_sheets_are_needed(share):
    rows = quarters(8)
    score = piotroski(statement_states(records_of("statements", rows, "period_end"), share))
    assert np.isnan(score.points["roa_up"][-1])
    assert np.isnan(score.points["turnover_up"][-1])
    assert score.points["liquidity_up"][-1] == 0  # two suffice


def test_altman_by_hand_with_his_coefficients_of_1968():
    # 1.2*0.2 + 1.4*0.24 + 3.3*0.16 + 0.6*560/300 + 1.0*0.8 = 0.24 + 0.336 + 0.528 + 1.12 + 0.8 = 3.024
    amounts = (np.array([value]) for value in (100.0, 120.0, 80.0, 560.0, 400.0, 300.0, 500.0))
    assert altman_z(*amounts) == pytest.approx([3.024])


def test_altman_reproduces_the_group_means_of_1968():
    # Table 1 of Altman (1968), in percent: means of 33 bankrupt and 33 other firms. X5 enters as a ratio.
    bankrupt = (-6.1, -62.6, -31.8, 40.1, 150.0)
    others = (41.4, 35.5, 15.3, 247.7, 190.0)
    # 1.2*-0.061 + 1.4*-0.626 + 3.3*-0.318 + 0.6*0.401 + 1.5 = -0.2584
    # 1.2*0.414 + 1.4*0.355 + 3.3*0.153 + 0.6*2.477 + 1.9 = 4.8849
    for (x1, x2, x3, x4, x5), expected in ((bankrupt, -0.2584), (others, 4.8849)):
        amounts = (np.array([value]) for value in (x1, x2, x3, x4, x5, 100.0, 100.0))
        assert altman_z(*amounts) == pytest.approx([expected], abs=1e-9)


def test_altman_of_those_who_do_not_manufacture_by_hand():
    # 6.56*0.2 + 3.26*0.24 + 6.72*0.16 + 1.05*200/300 = 1.312 + 0.7824 + 1.0752 + 0.7 = 3.8696
    amounts = (np.array([value]) for value in (100.0, 120.0, 80.0, 200.0, 300.0, 500.0))
    assert altman_z2(*amounts) == pytest.approx([3.8696])


@pytest.mark.parametrize(
    ("means", "expected"),
    [
        # Means of manipulators and of others in Beneish (1999), table 2. By hand:
        # -4.84 + 1.3478 + 0.629904 + 0.506616 + 1.433444 + 0.123855 - 0.179052 + 0.145049 - 0.363297 = -1.195681
        ((1.465, 1.193, 1.254, 1.607, 1.077, 1.041, 0.031, 1.111), -1.195681),
        # -4.84 + 0.94852 + 0.535392 + 0.419756 + 1.011528 + 0.115115 - 0.181288 + 0.084222 - 0.339099 = -2.245854
        ((1.031, 1.014, 1.039, 1.134, 1.001, 1.054, 0.018, 1.037), -2.245854),
    ],
)
def test_beneish_tells_the_mean_manipulator_from_the_mean_of_others(means, expected):
    names = ("dsri", "gmi", "aqi", "sgi", "depi", "sgai", "tata", "lvgi")
    score = beneish_m(**{name: np.array([value]) for name, value in zip(names, means, strict=True)})
    assert score == pytest.approx([expected], abs=1e-6)
    assert (score[0] > -1.78) == (expected > -1.78)


def test_beneish_by_hand_from_statements(share):
    # Of a year: receivables 75 of 480 after 50 of 400: 0.15625/0.125 = 1.25. Margin 0.40 after 0.35: of last over this
    # 0.40/0.35. Soft assets 1 - (180 + 200)/500 = 0.24 after 1 - 420/500 = 0.16: 1.5. Sales 1.2. Depreciation 20/240
    # after 16/216: of last over this. Overhead 60/480 = 0.125 after 0.10: 1.25. Accruals (56 - 16)/500 = 0.08.
    # Leverage (120 + 110)/500 after 210/500.
    rows = quarters(8)
    for row in rows[4:]:
        row |= {
            "receivables": 75.0, "revenue": 120.0, "gross_profit": 42.0, "current_assets": 180.0,
            "property_plant_equipment": 200.0, "depreciation_amortization": 4.0, "selling_general_admin": 15.0,
            "cash_flow_operating": 4.0, "current_liabilities": 120.0,
        }  # fmt: skip
    known = statement_states(records_of("statements", rows, "period_end"), share)
    depreciation = (20 / 240) / (16 / 216)
    expected = (
        -4.84 + 0.920 * 1.25 + 0.528 * 0.40 / 0.35 + 0.404 * 1.5 + 0.892 * 1.2 + 0.115 * depreciation
        - 0.172 * 1.25 + 4.679 * 0.08 - 0.327 * 230 / 210
    )  # fmt: skip
    assert manipulation(known)[-1] == pytest.approx(expected)


def test_accruals_of_beneish_are_of_the_assets_at_the_end(share):
    # Soft assets 0.16 after 30/450; leverage 0.42 after 210/450; accruals (56 - 88)/500; all else stands still.
    rows = quarters(8, total_assets=[450.0] * 4 + [500.0] * 4)
    expected = -4.84 + 0.920 + 0.528 + 0.404 * 0.16 * 15 + 0.892 + 0.115 - 0.172 - 4.679 * 0.064 - 0.327 * 0.9
    known = statement_states(records_of("statements", rows, "period_end"), share)
    assert manipulation(known)[-1] == pytest.approx(expected)


def test_accruals_and_cash_behind_earnings_by_hand(share):
    # (56 - 88) / average of 500 and 400; 88/56.
    rows = quarters(8, total_assets=[400.0] * 4 + [500.0] * 4)
    measures = cash_quality(statement_states(records_of("statements", rows, "period_end"), share))
    assert measures["accrual_ratio"][-1] == pytest.approx(-32 / 450)
    assert measures["quality_of_earnings"][-1] == pytest.approx(88 / 56)


def test_cash_behind_a_loss_has_no_meaning(share):
    known = statement_states(records_of("statements", quarters(4, net_income=-1.0), "period_end"), share)
    assert np.isnan(cash_quality(known)["quality_of_earnings"][-1])
