import numpy as np
import pandas as pd
import pytest

from investiq.market.vendors.splits import action_table, is_spin_off_factor, later_ratio


@pytest.mark.parametrize("ratio", [2.0, 3.0, 4.0, 1.5, 1.25, 1.05, 1.02, 1.015, 0.1, 0.0333, 0.05, 10.0, 20.0, 1.1])
def test_splits_and_stock_dividends_are_no_spin_offs(ratio):
    assert not is_spin_off_factor(ratio)


@pytest.mark.parametrize("ratio", [1.281, 1.046, 1.054, 1.324])
def test_a_factor_with_three_free_digits_is_a_spin_off(ratio):
    assert is_spin_off_factor(ratio)


def days(*texts):
    return np.array(texts, dtype="datetime64[D]")


def test_a_price_is_multiplied_by_all_later_splits_and_by_none_of_its_own_day():
    # 4:1 on the 3rd and 1:10 on the 5th: before both 0.4, between them 0.1, from the second on 1.
    found = later_ratio(
        days("2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"), days("2024-01-05", "2024-01-03"), np.array([0.1, 4.0])
    )  # fmt: skip
    assert found == pytest.approx([0.4, 0.1, 0.1, 1.0], rel=1e-12)


def test_without_splits_nothing_changes():
    assert later_ratio(days("2024-01-02"), days(), np.array([])).tolist() == [1.0]


def stamped(**columns):
    dates = pd.to_datetime(columns.pop("ex_date"), utc=True).as_unit("us")
    return pd.DataFrame({"ex_date": dates, **columns})


def test_actions_are_ordered_and_typed():
    table = action_table(
        stamped(ex_date=["2024-03-05"], ratio=[4.0]), stamped(ex_date=["2024-03-01"], cash=[0.5]), currency="USD"
    )
    assert table["kind"].tolist() == ["dividend", "split"]
    assert [str(dtype) for dtype in table.dtypes] == [
        "str", "datetime64[us, UTC]", "float64", "float64", "str", "str",
    ]  # fmt: skip


def test_the_currency_of_a_payment_goes_before_that_of_the_prices():
    paid = stamped(ex_date=["2024-03-01", "2024-06-01"], cash=[0.5, 0.6], currency=["EUR", None])
    table = action_table(stamped(ex_date=[], ratio=np.array([])), paid, currency="USD")
    assert table["currency"].tolist() == ["EUR", "USD"]


def test_no_actions_are_a_typed_table_without_rows():
    empty = stamped(ex_date=[], cash=np.array([]))
    assert action_table(stamped(ex_date=[], ratio=np.array([])), empty, currency="USD").empty
