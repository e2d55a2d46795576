"""Options that several commands share: where bars come from, how a backtest runs, and how a result is printed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import click

import investiq as iq
from investiq.core.types import Interval, PriceBasis
from investiq.printing import result_to_json
from investiq.terminal import FloatOrNone, StrategyName, make_strategy

if TYPE_CHECKING:
    from investiq.backtesting.result import BacktestResult
    from investiq.core.result import Result
    from investiq.history.bars import Bars
    from investiq.reporting.report import Report

__all__ = [
    "FILE",
    "FOLDER",
    "as_json_option",
    "backtest_of",
    "bars_of",
    "data_options",
    "run_options",
    "show",
]

_Function = TypeVar("_Function", bound=Callable[..., Any])
_OF_A_FILE = ("timezone", "date_format", "calendar", "currency", "actions")
FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print the same facts as one JSON object.")


def data_options(function: _Function) -> _Function:
    """Add the options that say where the bars of SYMBOL come from."""
    options = [
        click.option("--provider", metavar="NAME", help="Load SYMBOL from this provider; by default the first configured that has it."),
        click.option("--recorded-by", metavar="TIME", help="Read what the store had received by then, UTC."),
        click.option(
            "--file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help="Read SYMBOL from this CSV or Parquet file of yours; needs --price-basis.",
        ),
        click.option("--price-basis", type=click.Choice(get_args(PriceBasis)), help="What the prices of --file are."),
        click.option("--interval", type=click.Choice(get_args(Interval)), default="1d", show_default=True, help="Length of a bar."),
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


def bars_of(symbol: str, options: dict[str, Any]) -> Bars:
    """Return the bars that the options of `data_options`, and start and end where a command has them, ask for."""
    start, end = options.get("start"), options.get("end")
    if options["file"] is None:
        foreign = [name for name in ("price_basis", *_OF_A_FILE, "columns") if options[name]]
        if foreign:
            word = foreign[0].removesuffix("s" if foreign[0] == "columns" else "").replace("_", "-")
            raise click.UsageError(f"--{word} describes a file of yours: name it with --file")
        return iq.load_bars(
            symbol,
            start=start,
            end=end,
            provider=options["provider"],
            interval=options["interval"],
            as_of=options.get("as_of"),
            recorded_by=options["recorded_by"],
        )
    if foreign := [name for name in ("provider", "recorded_by") if options[name]]:
        raise click.UsageError(f"--{foreign[0].replace('_', '-')} is for the data of a vendor, not for a --file")
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
    if options.get("as_of") is not None:
        bars = bars.until(options["as_of"])
    return bars if start is None and end is None else bars.between(start, end)


def _columns(given: tuple[str, ...]) -> dict[str, str] | None:
    pairs = [text.partition("=") for text in given]
    for name, sign, column in pairs:
        if not (name and sign and column):
            raise click.UsageError(f"--column takes NAME=COLUMN, such as close=Last, was {name + sign + column!r}")
    return {name: column for name, _, column in pairs} or None


def show(result: Result | Report, as_json: bool, *, text: str | None = None, **files: Path | None) -> None:
    """Print a result as text (or another `text` of it) or as JSON, and the files that were written."""
    written = {name: path for name, path in files.items() if path is not None}
    if as_json:
        click.echo(result_to_json(result, **{name: str(path) for name, path in written.items()}))
        return
    click.echo(str(result) if text is None else text)
    for name, path in written.items():
        click.echo(f"\n{name}: {path}")


def run_options(function: _Function) -> _Function:
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
        click.option(
            "--quality", type=click.Choice(("no_errors", "pass", "any")), default="no_errors", show_default=True,
            help="What the bars must pass: no errors, the whole quality report, or anything.",
        ),
    ]  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


def backtest_of(symbol: str, options: dict[str, Any]) -> BacktestResult:
    """Return the backtest that the options of `run_options` and `data_options` ask for."""
    strategy = make_strategy(options["strategy"], options["parameters"])
    costs = iq.Costs(commission_rate=options["commission_rate"], slippage_bps=options["slippage_bps"])
    return iq.backtest(
        strategy,
        bars_of(symbol, options),
        costs=costs,
        weight=options["weight"],
        lot=options["lot"],
        initial_capital=options["initial_capital"],
        stop_loss=options["stop_loss"],
        take_profit=options["take_profit"],
        quality=options["quality"],
    )
