"""``investiq data``: fetch, list, show, check, compare and search data."""

from __future__ import annotations

import json
from typing import Any

import click

import investiq as iq
from investiq.commands.shared import as_json_option, bars_of, data_options
from investiq.printing import plain, table
from investiq.terminal import CommandGroup, command

__all__ = ["data"]


@click.group(cls=CommandGroup)
def data() -> None:
    """List and show the data that are there."""


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
@click.argument("symbol")
@data_options
@click.option("--start", metavar="DATE", help="First bar.")
@click.option("--end", metavar="DATE", help="Last bar.")
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
