import dataclasses

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.history.records import Records

# One quarter of a company that stands still; a year of it: revenue 400, net income 56, operating income 80, EBITDA 100.
STEADY = {
    "revenue": 100.0, "cost_of_revenue": 60.0, "gross_profit": 40.0, "operating_income": 20.0, "pretax_income": 18.0,
    "tax_expense": 4.0, "net_income": 14.0, "interest_expense": 2.0, "depreciation_amortization": 5.0,
    "selling_general_admin": 10.0, "cash_flow_operating": 22.0, "cash_flow_investing": -8.0,
    "cash_flow_financing": -6.0, "capital_expenditure": 8.0, "dividends_paid": 3.0, "stock_issued": 1.0,
    "stock_repurchased": 4.0, "debt_issued": 5.0, "debt_repaid": 4.0,
    "total_assets": 500.0, "current_assets": 200.0, "cash": 60.0, "receivables": 50.0, "inventory": 40.0,
    "property_plant_equipment": 220.0, "total_liabilities": 300.0, "current_liabilities": 100.0,
    "accounts_payable": 30.0, "short_term_debt": 40.0, "long_term_debt": 110.0, "total_debt": 150.0,
    "shareholders_equity": 200.0, "retained_earnings": 120.0,
    "shares_basic": 10.0, "shares_diluted": 10.5,
}  # fmt: skip


def utc(stamps):
    return pd.to_datetime(list(stamps), utc=True).as_unit("us")


def records_of(kind, rows, label, name="SPX"):
    """Records from dicts with `label` and `known_at`."""
    frame = pd.DataFrame(rows)
    frame["known_at"] = utc(frame["known_at"])
    frame.index = pd.DatetimeIndex(utc(frame.pop(label)), name="ts")
    return Records(
        kind=kind, name=f"{kind}:{name}", frame=frame.sort_index(kind="stable"), provider="test", source="test",
        known_at_rule="test", unit="USD",
    )  # fmt: skip


def quarters(count, last="2017-12-31", lag=30, **changes):
    """Rows of `count` steady quarters up to `last`, filed `lag` days after; a change is a value, or one per quarter."""
    ends = pd.date_range(end=last, periods=count, freq="QE")
    rows = []
    for place, end in enumerate(ends):
        items = {name: value[place] if isinstance(value, (list, tuple)) else value for name, value in changes.items()}
        known = end + pd.Timedelta(days=lag, hours=21)
        row = {"period_end": end, "fiscal_period": f"Q{(end.month - 1) // 3 + 1}", "known_at": known}
        rows.append({**row, **STEADY, **items})
    return rows


@pytest.fixture(scope="session")
def share(sample):
    """Bars from 2013 to 2018 at a price of 56, without splits."""
    return priced(sample, 56.0)


def priced(sample, price, split=None):
    bars = sample.between("2013-01-02", "2018-12-31")
    close = np.full(len(bars), float(price))
    factor = np.ones(len(bars))
    if split is not None:
        day, ratio = split
        factor[bars.ts >= np.datetime64(day)] = ratio
    close = close / factor
    return dataclasses.replace(
        bars, symbol="SPX", open=close, high=close, low=close, close=close, split_factor=factor, total_factor=factor,
    )  # fmt: skip


@pytest.fixture(scope="session")
def history(share):
    """Return a maker of histories from rows of statements and other records."""

    def make(rows, *others, bars=share, benchmark=None):
        tables = [records_of("statements", rows, "period_end"), *others] if rows is not None else others
        return iq.History.of(bars, benchmark=benchmark, records=tables)

    return make
