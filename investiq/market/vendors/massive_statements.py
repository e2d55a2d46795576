"""Statements of Massive in canonical columns: one row a filing and period, amounts in their own currency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from investiq.core.notes import Note
from investiq.market.contract import Request
from investiq.market.vendors.reading import Field, Reading
from investiq.market.vendors.values import text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["statements"]

_PERIODS: Final = ("Q1", "Q2", "Q3", "Q4", "FY")
# Canonical column to the vendor's statement and item.
_ITEMS: Final = {
    "revenue": "income_statement/revenues",
    "cost_of_revenue": "income_statement/cost_of_revenue",
    "gross_profit": "income_statement/gross_profit",
    "operating_income": "income_statement/operating_income_loss",
    "pretax_income": "income_statement/income_loss_from_continuing_operations_before_tax",
    "tax_expense": "income_statement/income_tax_expense_benefit",
    "net_income": "income_statement/net_income_loss",
    "eps_basic": "income_statement/basic_earnings_per_share",
    "eps_diluted": "income_statement/diluted_earnings_per_share",
    "shares_basic": "income_statement/basic_average_shares",
    "shares_diluted": "income_statement/diluted_average_shares",
    "interest_expense": "income_statement/interest_expense_operating",
    "depreciation_amortization": "income_statement/depreciation_and_amortization",
    "selling_general_admin": "income_statement/selling_general_and_administrative_expenses",
    "total_assets": "balance_sheet/assets",
    "current_assets": "balance_sheet/current_assets",
    "cash": "balance_sheet/cash",
    "receivables": "balance_sheet/accounts_receivable",
    "inventory": "balance_sheet/inventory",
    "property_plant_equipment": "balance_sheet/fixed_assets",
    "total_liabilities": "balance_sheet/liabilities",
    "current_liabilities": "balance_sheet/current_liabilities",
    "accounts_payable": "balance_sheet/accounts_payable",
    "long_term_debt": "balance_sheet/long_term_debt",
    "shareholders_equity": "balance_sheet/equity_attributable_to_parent",
    "minority_interest": "balance_sheet/equity_attributable_to_noncontrolling_interest",
    "cash_flow_operating": "cash_flow_statement/net_cash_flow_from_operating_activities",
    "cash_flow_investing": "cash_flow_statement/net_cash_flow_from_investing_activities",
    "cash_flow_financing": "cash_flow_statement/net_cash_flow_from_financing_activities",
}


_FIELDS: Final = {
    "period_end": Field("end_date", "date"),
    "fiscal_period": Field("fiscal_period", "text"),
    "fiscal_year": Field("fiscal_year", "number"),
    "filed_at": Field("filing_date", "date"),
    "accepted_at": Field("acceptance_datetime", "instant"),
    "currency": Field("currency", "text"),
    "source_filing": Field("source_filing_url", "text"),
    **{column: Field(f"financials/{path}/value", "number") for column, path in _ITEMS.items()},
}


def statements(found: list[dict[str, Any]], request: Request) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    """Return quarters and fiscal years; trailing twelve months, a sum of others, are left out."""
    reading = Reading("statements", "massive", request.symbol)
    rows = []
    for filing in found:
        period = text(filing.get("fiscal_period"))
        if period in _PERIODS:
            rows.append({**filing, "currency": _currency(filing.get("financials") or {})})
        elif period != "TTM":
            reading.refuse("of no fiscal quarter or year")
    table = reading.table(rows, _FIELDS)
    table["fiscal_year"] = table["fiscal_year"].where(table["fiscal_year"] > 0)
    return table if request.limit is None else table.head(request.limit), reading.notes()


def _currency(given: dict[str, Any]) -> str | None:
    """Return the currency of the first amount that names one; per-share and share counts name other units."""
    for path in _ITEMS.values():
        statement, item = path.split("/")
        unit = text(((given.get(statement) or {}).get(item) or {}).get("unit"))
        if unit and len(unit) == 3:
            return unit.upper()
    return None
