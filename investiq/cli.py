"""The command line: each command parses, calls one public function and prints what it returned."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import click

import investiq as iq
from investiq.core.types import Interval, PriceBasis
from investiq.printing import plain, result_to_json, table
from investiq.terminal import CommandGroup, FloatOrNone, StrategyName, command, make_strategy

if TYPE_CHECKING:
    from investiq.core.result import Result
    from investiq.history.bars import Bars
    from investiq.reporting.sheets import Report

__all__ = ["main"]

_Function = TypeVar("_Function", bound=Callable[..., Any])
_OF_A_FILE = ("timezone", "date_format", "calendar", "currency", "actions")
_FILE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(iq.__version__, prog_name="investiq")
@click.option("--debug", is_flag=True, help="Show where an error happened.")
def main(debug: bool) -> None:
    """InvestIQ: a research workbench for stocks whose numbers can be defended.

    Everything runs offline on the sample data that come with it; begin with
    "investiq demo", or "investiq data list".
    """


_as_json = click.option("--json", "as_json", is_flag=True, help="Print the same facts as one JSON object.")


def _data_options(function: _Function) -> _Function:
    """Add the options that say where the bars of SYMBOL come from."""
    options = [
        click.option(
            "--file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help="Read SYMBOL from this CSV or Parquet file of yours; needs --price-basis.",
        ),
        click.option("--price-basis", type=click.Choice(get_args(PriceBasis)), help="What the prices of --file are."),
        click.option("--interval", type=click.Choice(get_args(Interval)), default="1d", show_default=True, help="Of --file."),
        click.option("--timezone", metavar="ZONE", help="Of naive intraday stamps in --file, such as America/New_York."),
        click.option("--date-format", metavar="FORMAT", help="Of stamps in --file that are not ISO 8601, such as %m/%d/%Y."),
        click.option("--calendar", metavar="CODE", help="Exchange calendar of --file, by default XNYS; 24/7 never closes."),
        click.option("--currency", metavar="CODE", help="Of the prices in --file, by default USD."),
        click.option("--actions", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Splits and dividends of --file, CSV or Parquet."),
        click.option("--column", "columns", multiple=True, metavar="NAME=COLUMN", help="Where --file names a column otherwise, such as close=Last; may be repeated."),
    ]  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


def _bars(symbol: str, options: dict[str, Any]) -> Bars:
    """Return the bars that the options of `_data_options`, and start and end where a command has them, ask for."""
    start, end = options.get("start"), options.get("end")
    if options["file"] is None:
        foreign = [name for name in ("price_basis", *_OF_A_FILE, "columns") if options[name]]
        if foreign:
            word = foreign[0].removesuffix("s" if foreign[0] == "columns" else "").replace("_", "-")
            raise click.UsageError(f"--{word} describes a file of yours: name it with --file")
        return iq.load_bars(symbol, start=start, end=end, interval=options["interval"])
    if options["price_basis"] is None:
        raise click.UsageError(f"--file needs --price-basis, one of {', '.join(get_args(PriceBasis))}")
    bars = iq.read_bars(
        symbol,
        options["file"],
        price_basis=options["price_basis"],
        interval=options["interval"],
        columns=_columns(options["columns"]),
        **{name: options[name] for name in _OF_A_FILE if options[name] is not None},
    )
    return bars if start is None and end is None else bars.between(start, end)


def _columns(given: tuple[str, ...]) -> dict[str, str] | None:
    pairs = [text.partition("=") for text in given]
    for name, sign, column in pairs:
        if not (name and sign and column):
            raise click.UsageError(f"--column takes NAME=COLUMN, such as close=Last, was {name + sign + column!r}")
    return {name: column for name, _, column in pairs} or None


def _run_options(function: _Function) -> _Function:
    """Add the options of a backtest, with the defaults of `iq.backtest`."""
    options = [
        click.option("--strategy", "-s", type=StrategyName(), default="breakout", show_default=True, help="Its name."),
        click.option(
            "--param", "-p", "parameters", multiple=True, metavar="NAME=VALUE",
            help="A parameter of the strategy, such as entry_window=55; may be repeated.",
        ),
        click.option("--start", metavar="DATE", help="First bar, such as 2014 or 2014-03-31."),
        click.option("--end", metavar="DATE", help="Last bar."),
        click.option("--weight", type=float, default=0.10, show_default=True, help="Share of equity per entry, in (0, 1]."),
        click.option(
            "--lot", type=FloatOrNone(), default="1", show_default=True,
            help="Quantities are floored to it; none for fractions of a share.",
        ),
        click.option("--initial-capital", type=float, default=100_000.0, show_default=True, help="Starting cash, USD."),
        click.option(
            "--commission-rate", type=float, default=0.001, show_default=True, help="Share of the traded value, per fill."
        ),
        click.option(
            "--slippage-bps", type=float, default=5.0, show_default=True, help="Against you on market and stop fills."
        ),
        click.option("--stop-loss", type=float, help="Distance below the entry as a fraction (0.05 is 5 %)."),
        click.option("--take-profit", type=float, help="Distance above the entry as a fraction."),
    ]  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


def _backtest(symbol: str, options: dict[str, Any]) -> Any:
    strategy = make_strategy(options["strategy"], options["parameters"])
    costs = iq.Costs(commission_rate=options["commission_rate"], slippage_bps=options["slippage_bps"])
    return iq.backtest(
        strategy,
        _bars(symbol, options),
        costs=costs,
        weight=options["weight"],
        lot=options["lot"],
        initial_capital=options["initial_capital"],
        stop_loss=options["stop_loss"],
        take_profit=options["take_profit"],
    )


def _show(result: Result | Report, as_json: bool, **files: Path | None) -> None:
    written = {name: path for name, path in files.items() if path is not None}
    if as_json:
        click.echo(result_to_json(result, **{name: str(path) for name, path in written.items()}))
        return
    click.echo(str(result))
    for name, path in written.items():
        click.echo(f"\n{name}: {path}")


@command(main)
@click.argument("symbol")
@_data_options
@click.option("--as-of", metavar="TIME", help="Use only what was known then, UTC; a date means its end.")
@click.option("--html", type=_FILE, help="Also write facts and figure to this .html file.")
@_as_json
def analyze(symbol: str, as_of: str | None, html: Path | None, as_json: bool, **options: Any) -> None:
    """Analyse SYMBOL: score, confidence and the evidence behind them."""
    result = iq.analyze(_bars(symbol, options), as_of=as_of)
    _show(result, as_json, html=result.export(html) if html else None)


@command(main)
@click.argument("symbol")
@_data_options
@_run_options
@click.option("--save", type=_FILE, help="Also write the whole result to this .iq file.")
@_as_json
def backtest(symbol: str, save: Path | None, as_json: bool, **options: Any) -> None:
    """Backtest a strategy on SYMBOL with costs.

    \b
    investiq backtest ^GSPC -s breakout -p entry_window=55 -p exit_window=20 --start 2014 --weight 1 --lot none
    """  # noqa: D301  click reads \b: keep the example on its own line
    result = _backtest(symbol, options)
    if save:
        result.save(save)
    _show(result, as_json, save=save)


@main.group()
def report() -> None:
    """Make reports."""


@command(report, "tear-sheet")
@click.argument("symbol", required=False)
@click.option(
    "--result", "saved", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A result saved as .iq."
)
@_data_options
@_run_options
@click.option(
    "--folder", type=_FOLDER, help="Where to write; by default the reports folder (investiq doctor shows it)."
)
@_as_json
def tear_sheet(symbol: str | None, saved: Path | None, folder: Path | None, as_json: bool, **options: Any) -> None:
    """Make the tear sheet of a backtest on SYMBOL, or of a saved result."""
    if (symbol is None) == (saved is None):
        raise click.UsageError("name either a SYMBOL to backtest or a saved result with --result FILE")
    result = _backtest(symbol, options) if symbol is not None else iq.load_result(str(saved))
    _show(iq.tear_sheet(result, folder=folder), as_json)


@main.group()
def data() -> None:
    """List and show the data that are there."""


@command(data, "list")
@_as_json
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
@_data_options
@click.option("--start", metavar="DATE", help="First bar.")
@click.option("--end", metavar="DATE", help="Last bar.")
@click.option("--rows", type=click.IntRange(min=1), default=5, show_default=True, help="Bars to print, the newest.")
@_as_json
def show(symbol: str, rows: int, as_json: bool, **options: Any) -> None:
    """Show the data passport of SYMBOL and its newest bars."""
    bars = _bars(symbol, options)
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


@command(main)
@click.argument("app", required=False)
@click.option("--port", type=click.IntRange(1, 65535), help="On 127.0.0.1; by default INVESTIQ_DASHBOARD_PORT, 8866.")
@click.option("--no-browser", is_flag=True, help="Print the address instead of opening it.")
def dashboard(app: str | None, port: int | None, no_browser: bool) -> None:
    """Serve a dashboard on this machine, with a token: APP, by default symbol_analysis."""
    from investiq.runtime.settings import load_settings
    from investiq.widgets.serving import serve

    serve(app, port=port or load_settings().dashboard_port, open_browser=not no_browser)


# Not by `command`, which stops at a setting that cannot be read: that is what the doctor is asked about.
@main.command()
@_as_json
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
@click.option("--folder", type=_FOLDER, help="Where to write the report; by default the reports folder.")
def demo(folder: Path | None) -> None:
    """Run the main job on the sample data: analysis, backtest, tear sheet."""
    from investiq.demo import run_demo

    run_demo(click.echo, folder)
