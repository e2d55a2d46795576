"""The command line: each command parses, calls one public function and prints what it returned."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

import investiq as iq
from investiq.commands.data import data
from investiq.commands.report import report
from investiq.commands.shared import FILE, FOLDER, as_json_option, backtest_of, bars_of, data_options, run_options, show
from investiq.commands.symbols import SymbolName
from investiq.commands.trials import trials
from investiq.core.errors import ConfigError, DataError, ReportError
from investiq.printing import plain, result_to_json
from investiq.terminal import CommandGroup, command

if TYPE_CHECKING:
    from investiq.backtesting.replay_report import ReplayReport
    from investiq.reporting.replay_findings import ReportReplay

__all__ = ["main"]

# Of `replay`: a script tells a number that moved from a file that cannot be used.
_MOVED: Final = 1
_UNUSABLE: Final = 2


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(iq.__version__, prog_name="investiq")
@click.option("--debug", is_flag=True, help="Show where an error happened.")
def main(debug: bool) -> None:
    """InvestIQ: a research workbench for stocks whose numbers can be defended.

    Everything runs offline on the sample data that come with it; begin with
    "investiq demo", or "investiq data list".
    """


@command(main)
@click.argument("symbol", type=SymbolName())
@data_options
@click.option("--as-of", metavar="TIME", help="Use only what was known then, UTC; a date means its end.")
@click.option("--html", type=FILE, help="Also write facts and figure to this .html file.")
@click.option("--full", is_flag=True, help="Print every fact, signal and figure, with the provenance.")
@as_json_option
def analyze(symbol: str, as_of: str | None, html: Path | None, full: bool, as_json: bool, **options: Any) -> None:
    """Analyse SYMBOL: score, confidence and the evidence behind them."""
    result = iq.analyze(bars_of(symbol, options), as_of=as_of)
    brief = None if full else f"{result.brief()}\n\n  --full prints every fact, signal and figure, with the provenance"
    show(result, as_json, text=brief, html=result.export(html) if html else None)


@command(main)
@click.argument("universe", nargs=-1, required=True, type=SymbolName())
@click.option("--where", metavar="CONDITION", help="On columns of the analysis, such as 'score > 30 and rsi < 70'.")
@click.option("--as-of", metavar="TIME", help="Use only what was known then, UTC; a date means its end.")
@click.option(
    "--workers",
    type=click.Choice(("one", "processes")),
    default="one",
    show_default=True,
    help="Analyse in this process, or on every core.",
)
@click.option("--html", type=FILE, help="Also write facts and figure to this .html file.")
@as_json_option
def screen(
    universe: tuple[str, ...], where: str | None, as_of: str | None, workers: str, html: Path | None, as_json: bool
) -> None:
    """Analyse every symbol of UNIVERSE, a name of `investiq data universe` or symbols, and show those that match.

    \b
    investiq screen SYN001 SYN002 SYN003 --where "score > 10 and confidence > 0.4"
    """  # noqa: D301  click reads \b: keep the example on its own line
    from investiq.market.universes import is_universe

    chosen = universe[0] if len(universe) == 1 and is_universe(universe[0]) else universe
    result = iq.screen(chosen, where=where, as_of=as_of, executor=None if workers == "one" else workers)
    show(result, as_json, html=result.export(html) if html else None)


@command(main)
@click.argument("symbol", type=SymbolName())
@data_options
@run_options
@click.option("--save", type=FILE, help="Also write the whole result to this .iq file.")
@as_json_option
def backtest(symbol: str, save: Path | None, as_json: bool, **options: Any) -> None:
    """Backtest a strategy on SYMBOL with costs.

    \b
    investiq backtest ^GSPC -s breakout -p entry_window=55 -p exit_window=20 --start 2014 --weight 1 --lot none
    """  # noqa: D301  click reads \b: keep the example on its own line
    result = backtest_of(symbol, options)
    if save:
        result.save(save)
    show(result, as_json, save=save)


main.add_command(data)
main.add_command(trials)


@command(main)
@click.argument("file", type=FILE)
@click.option("--stored", is_flag=True, help="Of a saved result: use the bars in the file only; load none.")
@as_json_option
def replay(file: Path, stored: bool, as_json: bool) -> None:
    """Run a saved result (.iq) or a report (.html, .json) again: which number moved, and why.

    The exit code is 0 where none moved, 1 where one did, 2 where the file cannot be used.
    """
    is_report = file.suffix.lower() in (".html", ".json")
    if is_report and stored:
        raise click.UsageError("--stored is for a saved result: a report holds no bars")
    found: ReplayReport | ReportReplay
    try:
        found = iq.replay_report(file) if is_report else iq.replay(file, data="stored" if stored else "reload")
    except (ConfigError, DataError, ReportError) as error:
        click.echo(f"error: {error}", err=True)
        raise click.exceptions.Exit(_UNUSABLE) from None
    if as_json:
        moved = [{name: plain(value) for name, value in each._asdict().items()} for each in found.moved]
        click.echo(result_to_json(found, moved=moved))
    else:
        show(found, as_json)
    if found.moved:
        raise click.exceptions.Exit(_MOVED)


main.add_command(report)


@command(main)
@click.argument("app", required=False)
@click.option("--port", type=click.IntRange(1, 65535), help="On 127.0.0.1; by default INVESTIQ_DASHBOARD_PORT, 8866.")
@click.option("--no-browser", is_flag=True, help="Print the address instead of opening it.")
def dashboard(app: str | None, port: int | None, no_browser: bool) -> None:
    """Serve the dashboards on this machine, with a token, and open APP, by default their home page."""
    from investiq.runtime.settings import load_settings
    from investiq.widgets.serving import serve

    serve(app, port=port or load_settings().dashboard_port, open_browser=not no_browser)


# Not by `command`, which stops at a setting that cannot be read: that is what the doctor is asked about.
@main.command()
@as_json_option
def doctor(as_json: bool) -> None:
    """Examine the installation: what is missing, and what to do about it."""
    from investiq import doctor as examination

    checks, group = [], ""
    for check in examination.examine():
        checks.append(check)
        if not as_json:
            if check.group != group:
                group = check.group
                click.echo(group)
            click.echo(examination.as_text(check))
    sound = examination.is_sound(checks)
    if as_json:
        click.echo(json.dumps(examination.as_dict(checks), indent=2))
    else:
        click.echo(
            "\nall that is required is there" if sound else "\nsomething that is required is missing: see PROBLEM above"
        )
    if not sound:
        raise click.exceptions.Exit(1)


@command(main)
def warmup() -> None:
    """Compile the kernels now, so that the first backtest does not wait for it."""
    from investiq.demo import warm_up

    seconds = warm_up()
    click.echo(f"compiled and kept on disk in {seconds:.1f} s")


@command(main)
@click.option("--folder", type=FOLDER, help="Where to write the report; by default the reports folder.")
def demo(folder: Path | None) -> None:
    """Run the main job on the sample data: analysis, backtest, tear sheet."""
    from investiq.demo import run_demo
    from investiq.reporting.index import write_index

    run_demo(click.echo, folder)
    if folder is None:
        write_index(pictures=False)
