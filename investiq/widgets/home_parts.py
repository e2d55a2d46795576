"""What the first page shows, as HTML whose values are escaped."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Final

from investiq.core.facts import format_value
from investiq.widgets.shell import APP_WORDS, words_of
from investiq.widgets.visiting import address, link, served

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from investiq.backtesting.trials import Trial
    from investiq.runtime.settings import Settings

__all__ = ["RECENT", "data_table", "key_rows", "page_cards", "report_rows", "search_form", "trial_rows"]

RECENT: Final = 6
_NAMED: Final = 8
# One line each; an app of one's own shows its name alone.
_LINES: Final = {
    "market_overview": "Regime, breadth and movers of what is loaded.",
    "symbol_analysis": "One symbol: score with its evidence, price, risk, and the company behind it.",
    "backtest_lab": "A strategy on a symbol: run, sweep, walk forward, resample, count the trials.",
    "trade_review": "Each trade of a backtest in its bars, with notes and tags kept beside it.",
    "data_quality": "Coverage, passports and quarantine of the data.",
}


def page_cards() -> str:
    """Return one card per app that this server offers, or how to serve them."""
    names = [name for name in served() if name != "home"]
    if not names:
        return (
            '<div class="iq-message" role="status"><b>One page alone.</b>'
            "investiq dashboard serves all pages and links them.</div>"
        )
    ordered = sorted(names, key=lambda name: list(APP_WORDS).index(name) if name in APP_WORDS else len(APP_WORDS))
    cards = "".join(
        f'<a class="iq-page-card" href="{escape(address(name))}"><b>{escape(words_of(name))}</b>'
        f"<span>{escape(_LINES.get(name, ''))}</span></a>"
        for name in ordered
    )
    return f'<div class="iq-page-cards">{cards}</div>'


def search_form(symbols: Sequence[str]) -> str:
    """Return a form that opens the symbol page at its own address."""
    where = address("symbol_analysis")
    if not where:
        return '<span class="iq-quiet">iq.widgets.SymbolAnalysis("^GSPC") opens the symbol page in a notebook.</span>'
    options = "".join(f'<option value="{escape(symbol)}">' for symbol in symbols)
    return (
        f'<form class="iq-search" action="{escape(where)}" method="get"><label for="iq-search">Symbol</label>'
        '<input id="iq-search" name="symbol" list="iq-symbols" required maxlength="40" autocomplete="off" '
        f'placeholder="^GSPC or SYN001"><datalist id="iq-symbols">{options}</datalist>'
        '<button class="iq-run" type="submit">Analyze</button></form>'
    )


def data_table(known: pd.DataFrame) -> str:
    """Return what `iq.list_symbols` found, one row per provider and kind."""
    rows = []
    for (provider, kind), group in known.groupby(["provider", "kind"], sort=True):
        names = list(dict.fromkeys(group["symbol"]))
        shown = [link("symbol_analysis", name, symbol=name) if kind == "bars" else escape(name) for name in names]
        more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
        # Dates do not break over two lines.
        period = f'<span class="iq-nowrap">{group["first"].min():%Y-%m-%d} to {group["last"].max():%Y-%m-%d}</span>'
        rows.append(
            [escape(str(provider)), escape(str(kind)), f"{len(names):,}", period, ", ".join(shown[:_NAMED]) + more]
        )
    return _table(("Provider", "Kind", "Series", "Period", "Which"), rows, {2})


def trial_rows(trials: Sequence[Trial]) -> str:
    """Return the newest trials as a table; "" where there is none."""
    rows = [
        [
            f"{trial.created_at:%Y-%m-%d %H:%M} UTC",
            escape(words_of(trial.kind)),
            escape(trial.strategy),
            ", ".join(link("symbol_analysis", symbol, symbol=symbol) for symbol in trial.symbols[:3]),
            *(format_value(value, "fraction") for value in (trial.total_return, trial.max_drawdown)),
            f"{trial.cells:,}",
        ]
        for trial in trials
    ]
    heads = ("First run", "Kind", "Strategy", "Symbols", "Total return, net", "Max drawdown", "Variants")
    return _table(heads, rows, {4, 5, 6}) if rows else ""


def report_rows(folder: Path) -> str:
    """Return the newest report pages of `folder` as a table; "" where there is none."""
    found = folder.rglob("*.html") if folder.is_dir() else ()
    pages = [path for path in found if path.name not in ("latest.html", "index.html")]
    newest = sorted(((path.stat().st_mtime, path) for path in pages), reverse=True)[:RECENT]
    rows = [[f"{datetime.fromtimestamp(made, UTC):%Y-%m-%d %H:%M} UTC", _report(path, folder)] for made, path in newest]
    from investiq.runtime.paths import project_root

    root = project_root()
    shown = folder.relative_to(root) if root and folder.is_relative_to(root) else folder
    place = f'<p class="iq-quiet">in {escape(str(shown))}</p>'
    return _table(("Made", "File"), rows, set()) + place if rows else ""


def _report(path: Path, folder: Path) -> str:
    failed = '<span class="iq-state-fail">✕ failed</span> ' if path.name.endswith(".failed.html") else ""
    return failed + escape(str(path.relative_to(folder)))


def key_rows(settings: Settings) -> str:
    """Return which keys of vendors are set; a value is never read."""
    names = [name for name in type(settings).model_fields if name.endswith(("_api_key", "_key_id"))]
    rows = [
        [
            escape(words_of(name.rsplit("_", 2)[0])),
            "✓ set" if getattr(settings, name) is not None else '<span class="iq-quiet">not set</span>',
            f"<code>INVESTIQ_{name.upper()}</code>",
        ]
        for name in names
    ]
    offline = (
        "Offline: no vendor is asked." if settings.offline else "Without a key the sample and synthetic data serve."
    )
    return _table(("Vendor", "Key", "Setting"), rows, set()) + f'<p class="iq-quiet">{offline}</p>'


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], numbers: set[int]) -> str:
    """Return a table; cells are HTML, columns in `numbers` are aligned right."""
    sides = ['class="iq-n"' if column in numbers else "" for column in range(len(heads))]
    head = "".join(f'<th scope="col" {side}>{escape(words)}</th>' for words, side in zip(heads, sides, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td {side}>{cell}</td>" for cell, side in zip(row, sides, strict=True)) + "</tr>"
        for row in rows
    )
    return (
        '<div class="iq-scroll" tabindex="0"><table class="iq-table"><thead><tr>'
        f"{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
