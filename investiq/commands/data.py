"""``investiq data``: fetch, list, show, check, compare and search data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

import click

import investiq as iq
from investiq.commands.shared import FILE, as_json_option, bars_of, data_options
from investiq.commands.shared import show as show_result
from investiq.commands.symbols import SymbolName
from investiq.core.types import Interval
from investiq.printing import plain, table
from investiq.runtime import clock
from investiq.terminal import INTERRUPTED, CommandGroup, command

if TYPE_CHECKING:
    import pandas as pd

    from investiq.market.contract import Dataset

__all__ = ["data"]

# Exit codes of `investiq.terminal`: wrong data, and a vendor that failed.
_WRONG_DATA: Final = 3
_VENDOR_FAILED: Final = 6
_DATASETS: Final = (
    "bars", "actions", "statements", "earnings", "news", "options", "insiders", "short_interest", "profile"
)  # fmt: skip


@click.group(cls=CommandGroup)
def data() -> None:
    """Fetch, list, show, check, compare and search data."""


@command(data)
@click.argument("symbols", nargs=-1, type=SymbolName())
@click.option("--universe", metavar="NAME", help="Fetch every member of a universe; investiq data universe lists them.")
@click.option("--dataset", type=click.Choice(_DATASETS), default="bars", show_default=True, help="What to fetch.")
@click.option("--provider", metavar="NAME", help="Ask this vendor only, instead of the configured chain.")
@click.option("--start", metavar="DATE", help="First bar or record.")
@click.option("--end", metavar="DATE", help="Last bar or record.")
@click.option("--interval", type=click.Choice(get_args(Interval)), default="1d", show_default=True, help="Of bars.")
@click.option("--concurrency", type=click.IntRange(1, 100), default=100, show_default=True, help="Requests in flight.")
@click.option("--refresh", is_flag=True, help="Ask again for what is stored, to find corrections.")
@as_json_option
def fetch(symbols: tuple[str, ...], universe: str | None, dataset: Dataset, as_json: bool, **options: Any) -> None:
    """Fetch SYMBOLS from a vendor into the store; what is there and fresh is not asked for again.

    Ctrl-C keeps what was fetched; the same command goes on from there.
    """
    names = [*symbols, *(iq.load_universe(universe).symbols if universe else ())]
    if not names:
        raise click.UsageError("name at least one SYMBOL, or a universe with --universe NAME")
    report = iq.fetch(list(dict.fromkeys(names)), dataset, **options)
    show_result(report, as_json)
    if report.remaining:
        raise click.exceptions.Exit(INTERRUPTED)
    if any(line.status != "stale" for line in report.failures):
        raise click.exceptions.Exit(_VENDOR_FAILED)


@command(data, "list")
@as_json_option
def list_(as_json: bool) -> None:
    """List the symbols that can be loaded."""
    frame = iq.list_symbols()
    if as_json:
        rows = frame.reset_index().to_dict("records")
        click.echo(json.dumps([{key: plain(value) for key, value in row.items()} for row in rows], indent=2))
    else:
        # One line for the hundred invented shares: they differ in number and sector only.
        shares = frame["name"].str.startswith("synthetic share")
        click.echo(table(list(frame.columns), list(frame[~shares].itertuples(index=False))))
        if shares.any():
            symbols = frame.loc[shares, "symbol"]
            click.echo(f"{symbols.iloc[0]} to {symbols.iloc[-1]}: {len(symbols)} synthetic shares; --json lists each")


@command(data)
@click.argument("symbol", type=SymbolName())
@data_options
@click.option("--start", metavar="DATE", help="First bar.")
@click.option("--end", metavar="DATE", help="Last bar.")
@click.option("--as-of", metavar="TIME", help="Only bars known then, UTC; a date means its end.")
@click.option("--rows", type=click.IntRange(min=1), default=5, show_default=True, help="Bars to print, the newest.")
@as_json_option
def show(symbol: str, rows: int, as_json: bool, **options: Any) -> None:
    """Show the data passport of SYMBOL and its newest bars."""
    bars = bars_of(symbol, options)
    passport = bars.passport
    if as_json:
        records = bars.tail(rows).reset_index().to_dict("records")
        click.echo(
            json.dumps(
                {
                    "symbol": bars.symbol,
                    "watermark": passport.watermark,
                    "bars": len(bars),
                    "passport": dict(bars.describe()),
                    "notes": [note.text for note in passport.notes],
                    "newest": [{key: plain(value) for key, value in row.items()} for row in records],
                },
                indent=2,
                ensure_ascii=False,
            )
        )
        return
    click.echo(repr(bars))
    for label, value in bars.describe():
        click.echo(f"  {label:<16} {value}")
    for note in passport.notes:
        click.echo(f"  {'Note':<16} {note.text}")
    columns = ("open", "high", "low", "close", "volume", "known_at")
    newest = list(bars.tail(rows)[list(columns)].itertuples())
    click.echo(f"\n{table(('ts', *columns), newest)}\n\nall times are UTC")


@command(data)
@click.argument("symbols", nargs=-1, required=True, type=SymbolName())
@data_options
@click.option("--start", metavar="DATE", help="First bar.")
@click.option("--end", metavar="DATE", help="Last bar.")
@click.option("--html", type=FILE, help="Also write the report with its coverage map to this .html file.")
@as_json_option
def check(symbols: tuple[str, ...], html: Path | None, as_json: bool, **options: Any) -> None:
    """Check the quality of the bars of SYMBOLS; the exit code is 3 if they fail."""
    report = iq.check_bars([bars_of(symbol, options) for symbol in symbols])
    show_result(report, as_json, html=report.export(html) if html else None)
    if report.verdict == "fail":
        raise click.exceptions.Exit(_WRONG_DATA)


@command(data)
@click.argument("symbol", type=SymbolName())
@click.argument("before")
@click.argument("after", required=False)
@click.option("--provider", metavar="NAME", help="The vendor whose series is compared.")
@click.option("--interval", type=click.Choice(get_args(Interval)), default="1d", show_default=True, help="Of the bars.")
@as_json_option
def diff(symbol: str, before: str, after: str | None, as_json: bool, **options: Any) -> None:
    """Compare what the store held of SYMBOL at BEFORE with what it held at AFTER, by default now."""
    old = iq.load_bars(symbol, recorded_by=before, **options)
    new = iq.load_bars(symbol, recorded_by=after or clock.now(), **options)
    show_result(iq.compare_data(old, new), as_json)


@command(data)
@click.argument("query")
@click.option("--limit", type=click.IntRange(1, 50), default=20, show_default=True, help="Most rows to print.")
@click.option("--provider", metavar="NAME", help="Ask this vendor too.")
@as_json_option
def search(query: str, limit: int, provider: str | None, as_json: bool) -> None:
    """Search symbols by ticker or name: exact tickers first, then beginnings, then names."""
    _print_frame(iq.search_symbols(query, limit=limit, provider=provider), as_json, f"nothing is found for {query!r}")


@command(data)
@click.argument("name", required=False)
@click.option("--as-of", metavar="TIME", help="Members known then; needs point-in-time membership.")
@as_json_option
def universe(name: str | None, as_of: str | None, as_json: bool) -> None:
    """List the universes, or show the members of NAME; --json also tells the source of each list."""
    if name is None:
        columns = ("name", "label", "members", "point_in_time", "first", "last")
        _print_frame(iq.list_universes(), as_json, "there are no universes", columns)
    else:
        show_result(iq.load_universe(name, as_of=as_of), as_json)


def _print_frame(frame: pd.DataFrame, as_json: bool, nothing: str, columns: tuple[str, ...] = ()) -> None:
    if as_json:
        rows = [{key: plain(value) for key, value in row.items()} for row in frame.to_dict("records")]
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    elif frame.empty:
        click.echo(nothing)
    else:
        shown = frame[list(columns)] if columns else frame
        cells = [
            ["" if plain(value) in (None, "<NA>") else value for value in row] for row in shown.itertuples(index=False)
        ]
        click.echo(table(list(shown.columns), cells))
