"""The parts of a tear sheet that are not figures, as HTML: each shows facts of the result and computes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING, Any, Final

from investiq.core.display import notes_list
from investiq.core.facts import ACCOUNT_CURRENCY, Fact, Unit, format_fact, format_value
from investiq.history.instants import aware
from investiq.reporting.passing import Handed
from investiq.reporting.wording import cautions, executive_summary, held_text, period_of

if TYPE_CHECKING:
    import pandas as pd

    from investiq.backtesting.result import BacktestResult

__all__ = [
    "cautions_list",
    "cost_totals",
    "handed",
    "head",
    "headlines",
    "metrics_table",
    "provenance",
    "several_symbols",
    "summary",
    "symbols_table",
    "trades_table",
]

# Of the columns of the tables that a tear sheet hands over.
_UNITS: Final = {
    "ts": "date",
    **dict.fromkeys(("entry_ts", "exit_ts"), "date"),
    **dict.fromkeys(("entry_price", "exit_price", "stop", "target"), "price"),
    **dict.fromkeys(("quantity", "exit_quantity"), "shares"),
    **dict.fromkeys(("pnl", "fees", "slippage", "impact", "dividends", "borrow", "mae_money", "mfe_money"), "money"),
    **dict.fromkeys(("equity", "cash"), "money"),
    **dict.fromkeys(("return", "mae", "mfe", "drawdown", "win_rate", "contribution", "weight"), "fraction"),
    **dict.fromkeys(("trades", "won"), "count"),
    "r_multiple": "ratio",
    "bars_held": "bars",
}
_COSTS: Final = ("Total fees", "Total slippage")
_HEADLINES: Final = (
    "Total return",
    "CAGR",
    "Sharpe ratio",
    "Max drawdown",
    "Volatility",
    "Exposure",
    "Win rate",
    "Profit factor",
)


def head(result: BacktestResult) -> str:
    """Return the title, the period and the data of the report, with the watermark of sample and synthetic data."""
    passports = result.panel.passports
    from_, calendars, currencies = (
        escape(", ".join(sorted({getattr(passport, name) for passport in passports})))
        for name in ("provider", "calendar", "currency")
    )
    mark = f'<span class="iq-mark">{escape(result.watermark)} DATA</span>' if result.watermark else ""
    first, last = period_of(result)
    return (
        f'<header class="iq-head"><div class="iq-kicker"><span>InvestIQ tear sheet</span>{mark}</div>'
        f"<h1>{escape(result.title)}</h1>"
        f"<p>{first} to {last} · {result.data.ts.size:,} bars ({escape(result.data.interval)}) · "
        f"{from_}, {calendars} sessions, prices in {currencies}</p>"
        f"<p>{format_value(result.options.initial_capital, 'money')} {ACCOUNT_CURRENCY} · "
        f"{escape(result.options.costs.describe())}</p></header>"
    )


def summary(result: BacktestResult) -> str:
    """Return the executive summary as paragraphs."""
    return f'<div class="iq-summary">{"".join(f"<p>{escape(text)}</p>" for text in executive_summary(result))}</div>'


def headlines(result: BacktestResult) -> list[Fact]:
    """Return the eight facts that a reader asks for first, in that order."""
    by_label = {fact.label: fact for fact in result.facts()}
    return [by_label[label] for label in _HEADLINES]


def cautions_list(result: BacktestResult) -> str:
    """Return every caution about data and method."""
    return notes_list(cautions(result))


def metrics_table(result: BacktestResult) -> str:
    """Return each metric of the strategy beside that of buying and holding, with its convention."""
    held = {fact.label: fact for fact in result.benchmark.facts()}
    rows = []
    for fact in result.facts():
        other = format_fact(held[fact.label]) if fact.label in held else ""
        remarks = "; ".join(part for part in (fact.convention, fact.note) if part)
        rows.append(
            f'<tr><td>{escape(fact.label)}</td><td class="iq-value">{escape(format_fact(fact))}</td>'
            f'<td class="iq-value">{escape(other)}</td><td class="iq-convention">{escape(remarks)}</td></tr>'
        )
    held_name = escape(f"Buy and hold {held_text(result)}")
    return (
        '<table class="iq-metrics"><thead><tr><th>Metric</th><th class="iq-value">Strategy</th>'
        f'<th class="iq-value">{held_name}</th><th>Convention and remarks (strategy)</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def several_symbols(result: BacktestResult) -> bool:
    """Return whether a page shows weights, and a table by symbol, in place of one price."""
    return len(result.prices.symbols) > 1


def symbols_table(result: BacktestResult) -> str:
    """Return what each of several symbols did; nothing for one, whose numbers are those of the run."""
    if not several_symbols(result):
        return ""
    columns: list[tuple[str, str, Unit]] = [
        ("trades", "Closed trades", "count"),
        ("win_rate", "Win rate", "fraction"),
        ("pnl", f"Net P&L ({ACCOUNT_CURRENCY})", "money"),
        ("contribution", "Contribution to return", "fraction"),
        ("fees", f"Fees ({ACCOUNT_CURRENCY})", "money"),
        ("dividends", f"Dividends ({ACCOUNT_CURRENCY})", "money"),
        ("weight", "Mean weight", "fraction"),
    ]
    titles = "".join(f'<th class="iq-value">{escape(title)}</th>' for _, title, _ in columns)
    lines = [
        f"<tr><td>{escape(str(symbol))}</td>"
        + "".join(f'<td class="iq-value">{escape(_cell(row[name], unit))}</td>' for name, _, unit in columns)
        + "</tr>"
        for symbol, row in result.by_symbol.iterrows()
    ]
    return (
        f'<div class="iq-scroll"><table class="iq-trades iq-symbols"><thead><tr><th>Symbol</th>{titles}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def trades_table(result: BacktestResult, ends: int = 20) -> str:
    """Return the round trips as a table: all of them, or the first and the last `ends`."""
    trades = result.trades
    prices = ", ".join(sorted({passport.currency for passport in result.panel.passports}))
    if trades.empty:
        return '<p class="iq-quiet">The strategy made no trade in this period.</p>'
    columns: list[tuple[str, str, Unit]] = [
        ("entry_ts", "Entry", "date"),
        ("entry_price", f"Entry price ({prices})", "price"),
        ("exit_ts", "Exit", "date"),
        ("exit_price", f"Exit price ({prices})", "price"),
        ("quantity", "Shares", "shares"),
        ("pnl", f"Net P&L ({ACCOUNT_CURRENCY})", "money"),
        ("return", "Return", "fraction"),
        ("fees", f"Fees ({ACCOUNT_CURRENCY})", "money"),
        ("slippage", f"Slippage ({ACCOUNT_CURRENCY})", "money"),
        ("bars_held", "Bars held", "count"),
    ]
    titles = "".join(f'<th class="iq-value">{escape(title)}</th>' for _, title, _ in columns)
    several, lines = several_symbols(result), []
    for number, row in enumerate(trades.to_dict("records"), start=1):
        cells = "".join(f'<td class="iq-value">{escape(_cell(row[name], unit))}</td>' for name, _, unit in columns)
        reason = "still open" if row["is_open"] else str(row["exit_reason"]).replace("_", " ")
        symbol = f"<td>{escape(row['symbol'])}</td>" if several else ""
        lines.append(f'<tr><td class="iq-value">{number}</td>{symbol}{cells}<td>{escape(reason)}</td></tr>')
    left_out = len(lines) - 2 * ends
    if left_out > 0:
        gap = f"{left_out:,} more round trips are in the saved result"
        lines = [
            *lines[:ends],
            f'<tr><td class="iq-gap" colspan="{len(columns) + 2 + several}">{gap}</td></tr>',
            *lines[-ends:],
        ]
    return (
        f'<div class="iq-scroll"><table class="iq-trades"><thead><tr><th class="iq-value">#</th>'
        f"{'<th>Symbol</th>' if several else ''}{titles}<th>Exit by</th>"
        f"</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def cost_totals(result: BacktestResult) -> str:
    """Return what trading cost, and by which model."""
    totals = [fact for fact in result.facts() if fact.label in _COSTS]
    return _statements(
        [*totals, Fact("Fills", len(result.fills), "count"), Fact("Model", result.options.costs.describe())]
    )


def provenance(result: BacktestResult) -> str:
    """Return where the numbers come from: data passport, options, conventions, trials, versions."""
    return _statements(result.provenance())


def handed(result: BacktestResult) -> Handed:
    """Return what the tear sheet hands to its maker: summary, headline numbers, cautions, metrics and round trips."""
    return Handed(
        title=f"Tear sheet: {result.title}",
        subject=result.subject,
        as_of=aware(max(bars.known_at[-1] for bars in result.panel)),
        summary=tuple(executive_summary(result)),
        numbers=tuple(headlines(result)),
        notes=cautions(result),
        tables={
            "Metrics": _metrics(result),
            "Round trips": result.trades,
            "Account": result.to_frame(),
            "By symbol": result.by_symbol,
        },
        units=_UNITS,
        manifest=result.manifest,
        watermark=result.watermark,
    )


def _metrics(result: BacktestResult) -> pd.DataFrame:
    import pandas as pd

    held = {fact.label: fact.value for fact in result.benchmark.facts()}
    columns = ("metric", "strategy", "buy_and_hold", "unit", "convention", "note")
    rows = [
        (fact.label, fact.value, held.get(fact.label, float("nan")), fact.unit, fact.convention, fact.note)
        for fact in result.facts()
    ]
    return pd.DataFrame(rows, columns=columns)


def _statements(facts: Iterable[Fact]) -> str:
    rows = "".join(f"<tr><th>{escape(fact.label)}</th><td>{escape(format_fact(fact))}</td></tr>" for fact in facts)
    return f'<table class="iq-statements"><tbody>{rows}</tbody></table>'


def _cell(value: Any, unit: Unit) -> str:
    missing = value != value
    return "" if missing else format_value(value, unit)
