"""``investiq trials``: search the ledger, judge a study, annotate."""

from __future__ import annotations

import json
from typing import Any, Final

import click

import investiq as iq
from investiq.commands.shared import as_json_option, show
from investiq.printing import plain, table
from investiq.terminal import CommandGroup, command

__all__ = ["trials"]

_LISTED: Final = ("id", "study", "trial", "kind", "cells", "runs", "sharpe", "total_return", "created_at")


@click.group(cls=CommandGroup)
def trials() -> None:
    """Search the ledger of trials, judge a study, annotate."""


@command(trials, "list")
@click.argument("study", required=False)
@click.option("--strategy", metavar="NAME", help="Class of the strategy, such as Crossover.")
@click.option("--symbol", metavar="SYMBOL", help="Only trials that traded it.")
@click.option("--kind", metavar="KIND", help="backtest, sweep, walk_forward, fold or cross_validation.")
@click.option("--since", metavar="DATE", help="First run then or later.")
@click.option("--until", metavar="DATE", help="First run then or earlier.")
@click.option("--tag", metavar="WORD", help="Only trials with this tag.")
@click.option("--sort", metavar="NAME", default="created_at", show_default=True, help="Largest or newest first.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Most rows.")
@as_json_option
def list_(study: str | None, as_json: bool, **options: Any) -> None:
    """List the trials of STUDY, or of all studies."""
    found = iq.trials(study, **options)
    rows = [{name: getattr(entry, "text" if name == "trial" else name) for name in _LISTED} for entry in found.entries]
    if as_json:
        click.echo(json.dumps([{name: plain(value) for name, value in row.items()} for row in rows], indent=2))
    elif rows:
        cells = [[str(value) if isinstance(value, int) else value for value in row.values()] for row in rows]
        click.echo(table(_LISTED, cells))
    else:
        click.echo("the ledger has no such trial")


@command(trials)
@as_json_option
def studies(as_json: bool) -> None:
    """List the studies with the number of their trials."""
    found = iq.trials()
    counts = {study: sum(entry.cells for entry in found.entries if entry.study == study) for study in found.studies}
    if as_json:
        click.echo(json.dumps([{"study": study, "trials": count} for study, count in counts.items()], indent=2))
    elif counts:
        click.echo(table(("study", "trials"), [(study, str(count)) for study, count in counts.items()]))
    else:
        click.echo("the ledger is empty; each backtest writes a row")


@command(trials)
@click.argument("study")
@as_json_option
def evidence(study: str, as_json: bool) -> None:
    """Judge the best trial of STUDY: deflated Sharpe ratio, PBO, minimum lengths."""
    show(iq.trials(study).evidence(), as_json)


@command(trials, "show")
@click.argument("trial")
@as_json_option
def show_(trial: str, as_json: bool) -> None:
    """Show all that the ledger holds of TRIAL, an id or the beginning of one."""
    from investiq.backtesting.trials import get_trial

    found = get_trial(trial)
    values = {name: getattr(found, name) for name in found.__dataclass_fields__}
    if as_json:
        click.echo(json.dumps({name: _plain(value) for name, value in values.items()}, indent=2, ensure_ascii=False))
        return
    for name, value in values.items():
        text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value
        click.echo(f"{name:<14} {', '.join(map(str, text)) if isinstance(text, tuple) else text}")


@command(trials)
@click.argument("trial")
@click.option("--note", default="", help="A sentence.")
@click.option("--tag", "tags", multiple=True, metavar="WORD", help="May be repeated.")
def annotate(trial: str, note: str, tags: tuple[str, ...]) -> None:
    """Write a note or tags beside TRIAL; trials themselves are never changed or deleted."""
    found = iq.annotate_trial(trial, note=note, tags=tags)
    click.echo(f"{found.id} {found.text}: {len(found.notes)} notes, tags {', '.join(found.tags) or 'none'}")


def _plain(value: Any) -> Any:
    return value if isinstance(value, (dict, tuple)) else plain(value)
