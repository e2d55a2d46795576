"""Quarterly accounts of an invented company: three statements that agree to the dollar, quarter after quarter."""

from __future__ import annotations

from datetime import date
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.market.vendors.synthetic_company import Company
from investiq.market.vendors.synthetic_traits import BusinessTruth

__all__ = ["Quarter", "quarters_of"]

# Share of the gap between revenue and what the market value implies that a quarter closes: multiples stay within reason
# although prices know nothing of the accounts. Only past prices enter, so nothing here says where they go.
_FOLLOWS_PRICE: Final = 0.15
_REVENUE_NOISE, _MARGIN_NOISE = 0.03, 0.008
_MARGIN_MEMORY: Final = 0.7
_TAX_RATE: Final = 0.22
_BORROWING_RATE: Final = 0.05
# Plant over annual revenue, and the share of it that wears out in a quarter.
_PLANT: Final = 0.4
_WEAR: Final = 0.025
_GOODWILL: Final = 0.15
# Cash over annual revenue: below the first a company borrows, above the second it repays and buys back shares.
_LEAST_CASH, _MOST_CASH = 0.05, 0.20
# Debt over annual revenue that a company keeps, and the most of a quarter's income that it spends on its own shares.
_KEPT_DEBT, _MOST_BOUGHT = 0.15, 0.6
# Assets of a bank over annual revenue, and the part of them that equity carries.
_BANK_ASSETS, _BANK_EQUITY = 14.0, 0.11
# Invented sales on credit in a flagged year, and the slower wear that goes with them.
_FLAGGED_DAYS, _FLAGGED_WEAR = 1.8, 0.7
_DAYS: Final = 91.25


class Quarter(NamedTuple):
    """One fiscal quarter: its labels, the amounts by column, and shares in units of the first bar."""

    period_end: date
    fiscal_year: int
    fiscal_quarter: int
    amounts: dict[str, float]
    shares: float
    average_shares: float


class _State(NamedTuple):
    """The balance sheet that a quarter begins with."""

    cash: float
    receivables: float
    inventory: float
    plant: float
    goodwill: float
    payables: float
    short_debt: float
    long_debt: float
    deposits: float
    paid_in: float
    retained: float


class _Flows(NamedTuple):
    """What a quarter does to the balance sheet apart from financing."""

    income: dict[str, float]
    net_income: float
    depreciation: float
    capital_expenditure: float
    receivables: float
    inventory: float
    payables: float


def quarters_of(
    company: Company, business: BusinessTruth, period_ends: NDArray[np.datetime64], rng: np.random.Generator
) -> list[Quarter]:
    """Return the accounts of each period end (datetime64[D], ends of calendar quarters)."""
    shares = company.first_shares
    value = company.close[0] * shares
    level = np.log(value * business.sales_to_price / 4)
    state = _opening(business, 4 * float(np.exp(level)))
    paid, margin, found = _dividends_by_quarter(company), 0.0, []
    shocks = rng.standard_normal((period_ends.size, 2)).tolist()
    for end, row, (shock, turn) in zip(period_ends, company.rows_at(period_ends), shocks, strict=True):
        day: date = end.astype(object)
        is_listed = end >= company.ts[0].astype("datetime64[D]")
        price = company.close[row] * company.split_factor[row] if is_listed else company.close[0]
        gap = np.log(price * shares * business.sales_to_price / 4) - level
        level += business.growth / 4 + _FOLLOWS_PRICE * gap + _REVENUE_NOISE * shock
        margin = _MARGIN_MEMORY * margin + _MARGIN_NOISE * turn
        revenue = _whole(float(np.exp(level)) * business.seasonality[(day.month - 1) // 3])
        year = day.year + (day.month > business.year_end)
        flows = _flows(business, state, revenue, margin, year in business.red_flag_years)
        dividends = float(np.rint(paid.get((day.year, (day.month - 1) // 3), 0.0) * shares))
        state, amounts, bought = _close(business, state, flows, dividends, 4 * float(np.exp(level)))
        shares_after = float(np.rint(shares - bought / price))
        quarter = ((day.month - business.year_end - 1) % 12) // 3 + 1
        found.append(Quarter(day, year, quarter, amounts, shares_after, (shares + shares_after) / 2))
        shares = shares_after
    return found


def _dividends_by_quarter(company: Company) -> dict[tuple[int, int], float]:
    """Return the cash of each calendar quarter per share of the first bar's units."""
    found: dict[tuple[int, int], float] = {}
    rows = company.rows_at(np.array([action.ex_date for action in company.actions], dtype="datetime64[D]"))
    for action, row in zip(company.actions, rows, strict=True):
        if action.cash:
            each = action.cash * float(company.split_factor[row])
            quarter = (action.ex_date.year, (action.ex_date.month - 1) // 3)
            found[quarter] = found.get(quarter, 0.0) + each
    return found


def _opening(business: BusinessTruth, annual: float) -> _State:
    revenue = annual / 4
    if business.kind == "financial":
        assets, equity = _whole(_BANK_ASSETS * annual), _whole(_BANK_ASSETS * _BANK_EQUITY * annual)
        cash, plant, debt = _whole(0.08 * assets), _whole(0.01 * assets), _whole(0.08 * assets)
        loans = assets - cash - plant
        return _State(
            cash, loans, 0.0, plant, 0.0, 0.0, 0.0, debt, assets - equity - debt, _whole(equity / 3),
            equity - _whole(equity / 3),
        )  # fmt: skip
    cost = revenue * (1 - business.gross_margin)
    cash, plant, goodwill = _whole(0.1 * annual), _whole(_PLANT * annual), _whole(_GOODWILL * annual)
    receivables = _whole(revenue * business.days_receivable / _DAYS)
    inventory, payables = _whole(cost * business.days_inventory / _DAYS), _whole(cost * business.days_payable / _DAYS)
    assets = cash + plant + goodwill + receivables + inventory
    debt_share = 1.1 if business.kind == "loss_maker" else 0.25
    short_debt, long_debt = _whole(0.2 * debt_share * assets), _whole(0.8 * debt_share * assets)
    equity = assets - payables - short_debt - long_debt
    paid_in = _whole(0.3 * assets)
    return _State(
        cash, receivables, inventory, plant, goodwill, payables, short_debt, long_debt, 0.0, paid_in, equity - paid_in
    )


def _flows(business: BusinessTruth, state: _State, revenue: float, margin: float, is_flagged: bool) -> _Flows:
    """Return the income statement of a quarter, its investment and what it leaves in working capital."""
    is_bank = business.kind == "financial"
    wear = _WEAR * (_FLAGGED_WEAR if is_flagged else 1.0)
    depreciation = _whole(wear * state.plant)
    debt = state.short_debt + state.long_debt
    interest = _whole(0.25 * revenue) if is_bank else _whole(_BORROWING_RATE / 4 * debt)
    before_tax = business.net_margin / (1 - _TAX_RATE) if business.net_margin > 0 else business.net_margin
    if is_bank:
        gross = revenue
        income = {"revenue": revenue}
        overhead = _whole(revenue * (0.75 - before_tax - margin)) - depreciation
    else:
        cost = _whole(revenue * (1 - business.gross_margin - margin))
        gross = revenue - cost
        income = {"revenue": revenue, "cost_of_revenue": cost, "gross_profit": gross}
        # Overhead is what leaves the usual margin after a usual load of debt.
        usual = _PLANT * 4 * _WEAR + 0.02
        overhead = _whole(revenue * (business.gross_margin - before_tax - usual))
    operating = gross - overhead - depreciation
    pretax = operating - interest
    tax = _whole(_TAX_RATE * max(pretax, 0.0))
    if not is_bank:
        income["operating_income"] = operating
    income |= {
        "selling_general_admin": overhead, "depreciation_amortization": depreciation, "interest_expense": interest,
        "pretax_income": pretax, "tax_expense": tax, "net_income": pretax - tax,
    }  # fmt: skip
    if is_bank:
        loans = _whole((_BANK_ASSETS * 0.91) * 4 * revenue * 0.1 + 0.9 * state.receivables)
        return _Flows(income, pretax - tax, depreciation, depreciation, loans, 0.0, 0.0)
    days = business.days_receivable * (_FLAGGED_DAYS if is_flagged else 1.0)
    spent = _whole(max(0.0, _WEAR * state.plant + 0.1 * (_PLANT * 4 * revenue - state.plant)))
    return _Flows(
        income,
        pretax - tax,
        depreciation,
        spent,
        _whole(revenue * days / _DAYS),
        _whole(income["cost_of_revenue"] * business.days_inventory / _DAYS),
        _whole(income["cost_of_revenue"] * business.days_payable / _DAYS),
    )


def _close(
    business: BusinessTruth, state: _State, flows: _Flows, dividends: float, annual: float
) -> tuple[_State, dict[str, float], float]:
    """Return the next balance sheet, the amounts of the quarter, and what was paid for shares net of new ones."""
    is_bank = business.kind == "financial"
    lent = flows.receivables - state.receivables if is_bank else 0.0
    taken = flows.payables - state.payables - (flows.inventory - state.inventory)
    operating = flows.net_income + flows.depreciation
    operating += 0.0 if is_bank else taken - (flows.receivables - state.receivables)
    investing = -flows.capital_expenditure - lent
    deposits = _whole(0.9 * lent) if is_bank else 0.0
    before = state.cash + operating + investing + deposits - dividends
    scale = annual if not is_bank else 10 * annual
    lack, spare = max(0.0, _LEAST_CASH * scale - before), max(0.0, before - _MOST_CASH * scale)
    # A loss maker whose lenders are tired sells shares for half of what it lacks.
    issued_stock = _whole(0.5 * lack) if business.kind == "loss_maker" else 0.0
    issued_debt = _whole(lack) - issued_stock
    repaid = _whole(min(0.5 * spare, max(0.0, state.long_debt - _KEPT_DEBT * scale)))
    repurchased = _whole(max(0.0, min(spare - repaid, _MOST_BOUGHT * max(flows.net_income, 0.0))))
    financing = deposits + issued_debt - repaid + issued_stock - repurchased - dividends
    after = _State(
        cash=state.cash + operating + investing + financing,
        receivables=flows.receivables,
        inventory=flows.inventory,
        plant=state.plant + flows.capital_expenditure - flows.depreciation,
        goodwill=state.goodwill,
        payables=flows.payables,
        short_debt=state.short_debt,
        long_debt=state.long_debt + issued_debt - repaid,
        deposits=state.deposits + deposits,
        paid_in=state.paid_in + issued_stock - repurchased,
        retained=state.retained + flows.net_income - dividends,
    )
    cash_flows = {
        "cash_flow_operating": operating, "cash_flow_investing": investing, "cash_flow_financing": financing,
        "capital_expenditure": flows.capital_expenditure, "dividends_paid": dividends, "stock_issued": issued_stock,
        "stock_repurchased": repurchased, "debt_issued": issued_debt, "debt_repaid": repaid,
        "preferred_dividends": 0.0,
    }  # fmt: skip
    return after, flows.income | _balance(after, is_bank) | cash_flows, repurchased - issued_stock


def _balance(state: _State, is_bank: bool) -> dict[str, float]:
    current_assets = state.cash + state.receivables + state.inventory
    current_liabilities = state.payables + state.short_debt
    debt = state.short_debt + state.long_debt
    found = {
        "total_assets": current_assets + state.plant + state.goodwill, "cash": state.cash,
        "property_plant_equipment": state.plant,
        "total_liabilities": state.payables + debt + state.deposits, "long_term_debt": state.long_debt,
        "short_term_debt": state.short_debt, "total_debt": debt,
        "shareholders_equity": state.paid_in + state.retained, "retained_earnings": state.retained,
        "preferred_equity": 0.0, "minority_interest": 0.0,
    }  # fmt: skip
    if is_bank:  # an unclassified balance sheet: nothing is current
        return found
    return found | {
        "current_assets": current_assets, "receivables": state.receivables, "inventory": state.inventory,
        "current_liabilities": current_liabilities, "accounts_payable": state.payables,
    }  # fmt: skip


def _whole(amount: float) -> float:
    """Return an amount in whole thousands of dollars: sums of such are exact."""
    return round(amount / 1_000) * 1_000.0
