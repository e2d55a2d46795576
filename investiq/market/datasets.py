"""The canonical columns of every dataset: what an adapter returns, a schema checks and the store keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from investiq.market.contract import Dataset

__all__ = ["ALL_LAYOUTS", "LAYOUTS", "OWN_LAYOUTS", "AnyKind", "Column", "Layout", "OwnKind"]

# "instant": datetime64[us, UTC]; "date": datetime64[us, UTC] at 00:00; "text", "number" (float64, NaN where missing),
# "texts": text items joined by "|" (tickers, keywords).
ColumnType = Literal["instant", "date", "text", "number", "texts"]
# What engines read and no vendor serves: their rows say themselves when they became known.
OwnKind = Literal["analyst_targets", "analyst_ratings", "earnings_texts", "series"]
AnyKind = Dataset | OwnKind


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: its type, and whether a row without it is refused."""

    type: ColumnType
    required: bool = False


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The columns of a dataset.

    Attributes
    ----------
    columns : dict of str to Column
    label : str
        The column that becomes `ts`, the index of `Records`.
    key : tuple of str
        Columns that make a row the same fact; a second version of it is a revision.
    """

    columns: dict[str, Column]
    label: str
    key: tuple[str, ...]


def _columns(**types: str) -> dict[str, Column]:
    # A type that ends with "!" is required.
    return {
        name: Column(type=text.rstrip("!"), required=text.endswith("!"))  # type: ignore[arg-type]
        for name, text in types.items()
    }


LAYOUTS: Final[dict[Dataset, Layout]] = {
    "bars": Layout(
        columns=_columns(
            ts="instant!", open="number!", high="number!", low="number!", close="number!", volume="number",
            vwap="number", trades="number",
        ),
        label="ts",
        key=("ts",),
    ),
    # kind: as history.adjust.Action; cash per share as traded on the ex-date; declared_at: declaration date.
    "actions": Layout(
        columns=_columns(
            kind="text!", ex_date="date!", ratio="number", cash="number", currency="text", exchange_rate="number",
            declared_at="date", record_date="date", pay_date="date", frequency="number", id="text",
        ),
        label="ex_date",
        key=("kind", "ex_date", "id"),
    ),
    # Amounts in `currency`, not thousands; fiscal_period "Q1".."Q4" or "FY"; missing is NaN. Flows are those of the period,
    # a fourth quarter's not the year's. What is paid (capital_expenditure, dividends_paid, stock_repurchased, debt_repaid)
    # is positive; only the three cash flows have signs. Shares and amounts per share count splits before the filing.
    "statements": Layout(
        columns=_columns(
            period_end="date!", fiscal_period="text!", fiscal_year="number", filed_at="date", accepted_at="instant",
            form="text", currency="text", source_filing="text",
            revenue="number", cost_of_revenue="number", gross_profit="number", operating_income="number",
            pretax_income="number", tax_expense="number", net_income="number", eps_basic="number", eps_diluted="number",
            shares_basic="number", shares_diluted="number", interest_expense="number", depreciation_amortization="number",
            selling_general_admin="number",
            total_assets="number", current_assets="number", cash="number", receivables="number", inventory="number",
            property_plant_equipment="number", total_liabilities="number", current_liabilities="number",
            accounts_payable="number", short_term_debt="number", long_term_debt="number", total_debt="number",
            shareholders_equity="number", retained_earnings="number", preferred_equity="number",
            minority_interest="number",
            cash_flow_operating="number", cash_flow_investing="number", cash_flow_financing="number",
            capital_expenditure="number", dividends_paid="number", preferred_dividends="number",
            stock_issued="number", stock_repurchased="number", debt_issued="number", debt_repaid="number",
        ),
        label="period_end",
        key=("period_end", "fiscal_period", "source_filing"),
    ),
    # A past report or an announced one (eps_actual missing); estimate: the consensus before the report.
    "earnings": Layout(
        columns=_columns(
            period_end="date!", reported_at="instant", reported_date="date", fiscal_period="text", fiscal_year="number",
            eps_actual="number", eps_estimate="number", revenue_actual="number", revenue_estimate="number",
            currency="text",
        ),
        label="period_end",
        key=("period_end",),
    ),
    "news": Layout(
        columns=_columns(
            id="text!", title="text!", published_utc="instant!", first_seen_at="instant", publisher="text",
            author="text", url="text", description="text", keywords="texts", tickers="texts",
            vendor_sentiment="text",
        ),
        label="published_utc",
        key=("id",),
    ),
    # One row a contract, as of `ts`.
    "options": Layout(
        columns=_columns(
            ts="instant!", contract="text!", contract_type="text!", strike="number!", expiration="date!",
            bid="number", ask="number", last="number", volume="number", open_interest="number",
            implied_volatility="number", delta="number", gamma="number", theta="number", vega="number",
            underlying_price="number", shares_per_contract="number",
        ),
        label="ts",
        key=("ts", "contract"),
    ),
    # code: the transaction code of SEC Form 4 (P open-market purchase, S sale, A grant, M exercise, F tax, G gift, ...).
    # It gives the direction; shares and value have no sign, as on the form.
    "insiders": Layout(
        columns=_columns(
            filed_at="date", accepted_at="instant", transaction_date="date!", name="text!", title="text", code="text!",
            shares="number!", price="number", value="number", shares_after="number", is_planned="text", id="text",
        ),
        label="transaction_date",
        key=("transaction_date", "name", "code", "shares", "price", "id"),
    ),
    "short_interest": Layout(
        columns=_columns(
            settlement_date="date!", publication_date="date", short_interest="number!", average_daily_volume="number",
            days_to_cover="number", float_pct="number",
        ),
        label="settlement_date",
        key=("settlement_date",),
    ),
    # What a company says on the cover of a filing: shares_outstanding as traded on that day; float_shares: held by the public.
    "profile": Layout(
        columns=_columns(
            effective_date="date!", filed_at="date", accepted_at="instant", name="text", sector="text", industry="text",
            sic_code="text", sic_description="text", shares_outstanding="number", float_shares="number",
        ),
        label="effective_date",
        key=("effective_date",),
    ),
    # The newest prices of a symbol and how old each is; a price that is missing is NaN, never another one's.
    "snapshot": Layout(
        columns=_columns(
            symbol="text!", ts="instant!", last="number", last_at="instant", bid="number", ask="number",
            quote_at="instant", minute_close="number", minute_at="instant", day_open="number", day_high="number",
            day_low="number", day_close="number", day_volume="number", day_at="instant", previous_close="number",
            previous_date="date", currency="text",
        ),
        label="ts",
        key=("symbol", "ts"),
    ),
    "search": Layout(
        columns=_columns(
            symbol="text!", name="text", exchange="text", type="text", currency="text", is_active="text",
        ),
        label="symbol",
        key=("symbol",),
    ),
    "listing": Layout(
        columns=_columns(
            symbol="text!", name="text", exchange="text", type="text", currency="text", is_active="text",
            listed_at="date", delisted_at="date",
        ),
        label="symbol",
        # A symbol is given again to another share, and not every vendor knows when.
        key=("symbol", "is_active", "listed_at", "delisted_at"),
    ),
}  # fmt: skip

OWN_LAYOUTS: Final[dict[OwnKind, Layout]] = {
    # Per share of the day on which it became known; median_upside: of all companies then, as a fraction.
    "analyst_targets": Layout(
        columns=_columns(
            ts="date!", known_at="instant!", target="number!", high="number", low="number", contributors="number",
            median_upside="number",
        ),
        label="ts",
        key=("ts", "known_at"),
    ),
    # action: upgrade, downgrade, initiated or reiterated.
    "analyst_ratings": Layout(
        columns=_columns(ts="date!", known_at="instant!", firm="text!", action="text!", rating="text"),
        label="ts",
        key=("ts", "known_at", "firm"),
    ),
    "earnings_texts": Layout(
        columns=_columns(ts="date!", known_at="instant!", text="text!"),
        label="ts",
        key=("ts", "known_at", "text"),
    ),
    # The value of a day, such as a yield in percent; told again later, it is another row.
    "series": Layout(
        columns=_columns(ts="date!", value="number!", known_at="instant!"),
        label="ts",
        key=("ts", "known_at"),
    ),
}  # fmt: skip
ALL_LAYOUTS: Final[dict[AnyKind, Layout]] = LAYOUTS | OWN_LAYOUTS
