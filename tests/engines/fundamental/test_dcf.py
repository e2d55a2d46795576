import numpy as np
import pytest

from investiq.core.errors import ConfigError, DataError
from investiq.engines.fundamental.dcf import cost_of_equity, dcf, present_value


def test_two_years_by_hand():
    # 10 % growth at 10 %: each year is worth one. After it 1.21 a year without growth: 12.1 in two years, 10 now.
    value = dcf(3.0, growth=0.10, discount_rate=0.10, terminal_growth=0.0, years=2, fade_years=0)
    assert value.value == pytest.approx(3 * 12)
    assert value.terminal_share == pytest.approx(10 / 12)


def test_a_fade_by_hand():
    # 1.1, then half way to nothing 1.155: 1 + 1.155/1.21; for ever 11.55/1.21.
    value = dcf(1.0, growth=0.10, discount_rate=0.10, terminal_growth=0.0, years=1, fade_years=1)
    assert value.value == pytest.approx(1 + 1.155 / 1.21 + 11.55 / 1.21)
    assert value.forecast["growth"].tolist() == pytest.approx([0.10, 0.05])
    assert value.forecast["cash_flow"].tolist() == pytest.approx([1.1, 1.155])


def test_growth_for_ever_is_the_formula_of_gordon():
    # 5 * 1.02 / (0.09 - 0.02), however the years are split.
    value = dcf(5.0, growth=0.02, discount_rate=0.09, terminal_growth=0.02)
    assert value.value == pytest.approx(5 * 1.02 / 0.07)


def test_debt_is_taken_off_the_value_of_the_whole():
    assert dcf(5.0, 0.02, 0.09, terminal_growth=0.02, net_debt=20.0).value == pytest.approx(5.1 / 0.07 - 20)


def test_the_table_holds_the_value_at_its_centre_and_falls_with_the_rate():
    value = dcf(5.0, growth=0.08, discount_rate=0.10, net_debt=7.0)
    table = value.table
    assert table.index.tolist() == [0.09, 0.10, 0.11]
    assert table.columns.tolist() == [0.02, 0.025, 0.03]
    assert table.loc[0.10, 0.025] == pytest.approx(value.value)
    assert (np.diff(table, axis=0) < 0).all()
    assert (np.diff(table, axis=1) > 0).all()
    corner = dcf(5.0, 0.08, 0.09, terminal_growth=0.03, net_debt=7.0)
    assert table.loc[0.09, 0.03] == pytest.approx(corner.value)


def test_a_value_that_lies_beyond_the_forecast_is_withheld():
    value = dcf(1.0, growth=0.25, discount_rate=0.05, terminal_growth=0.025)
    assert np.isnan(value.value)
    assert value.terminal_share > 0.85
    assert value.reason.endswith("of the value lies beyond the forecast, at most 85 % may")


def test_a_loss_has_no_value():
    value = dcf(-1.0, growth=0.05, discount_rate=0.10)
    assert np.isnan(value.value)
    assert value.reason == "the cash flow of the last year is not positive (-1.00 per share)"


def test_a_share_is_not_worth_less_than_nothing():
    # 5.1 / 0.07 = 72.86 a share, and more debt than that; at 8 % it is 85.
    value = dcf(5.0, 0.02, 0.09, terminal_growth=0.02, net_debt=80.0)
    assert np.isnan(value.value)
    assert value.reason == "net debt of 80.00 per share exceeds the cash flows of 72.86"
    assert value.table.loc[0.08, 0.02] == pytest.approx(5)
    assert np.isnan(value.table.loc[0.09, 0.02])


def test_rates_that_make_no_sum_are_refused():
    with pytest.raises(ConfigError, match=r"must lie below discount_rate 0\.03, was 0\.03"):
        dcf(1.0, growth=0.05, discount_rate=0.03, terminal_growth=0.03)
    with pytest.raises(ConfigError, match="years >= 1"):
        dcf(1.0, growth=0.05, discount_rate=0.10, years=0)
    with pytest.raises(DataError, match="must be numbers"):
        dcf(float("nan"), growth=0.05, discount_rate=0.10)


def test_rows_are_valued_as_alone():
    growth, rate = np.array([-0.05, 0.10, 0.25]), np.array([0.08, 0.10, 0.12])
    together = present_value(growth, rate, np.array([0.01, 0.02, 0.025]))
    for place, (g, r, end) in enumerate(zip(growth, rate, (0.01, 0.02, 0.025), strict=True)):
        assert together.value[place] == pytest.approx(float(present_value(g, r, end).value))


def test_the_return_that_owners_demand():
    assert cost_of_equity(0.045, beta=1.2) == 0.111
