"""The commands of `investiq report`: what templates there are, and a report from one of them."""

from __future__ import annotations

import dataclasses
import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

import investiq as iq
from investiq.commands.schedules import schedules
from investiq.commands.shared import FOLDER, as_json_option, backtest_of, data_options, run_options, show
from investiq.commands.symbols import SymbolName
from investiq.printing import plain
from investiq.terminal import CommandGroup, command

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.shell_completion import CompletionItem

    from investiq.reporting.catalog import Template
    from investiq.reporting.making import Export
    from investiq.reporting.parameters import Parameter
    from investiq.reporting.report import Report

__all__ = ["report"]

_EXPORTS = ("html", "pdf", "xlsx", "csv", "notebook")
_FOLDER_HELP = "Where to write; by default the reports folder (investiq doctor shows it)."


@click.group(cls=CommandGroup)
def report() -> None:
    """Make reports."""


for _each in schedules.commands.values():
    report.add_command(_each)


class TemplateName(click.ParamType):  # type: ignore[type-arg]  # generic in the newest click only
    """The name of a report template; completed by the shell."""

    name = "template"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the names that begin with what was typed."""
        from click.shell_completion import CompletionItem

        from investiq.reporting.catalog import list_templates

        return [
            CompletionItem(each.name, help=each.purpose)
            for each in list_templates()
            if each.name.startswith(incomplete)
        ]


@command(report, "list")
@as_json_option
def list_(as_json: bool) -> None:
    """Show the report templates, and the parameters of each with unit, range and default."""
    from investiq.reporting.catalog import list_templates

    templates = list_templates()
    if as_json:
        click.echo(json.dumps([_as_dict(each) for each in templates], indent=2, ensure_ascii=False))
        return
    click.echo("\n\n".join(_as_text(each) for each in templates))


def _as_dict(template: Template) -> dict[str, Any]:
    return {
        "name": template.name,
        "title": template.title,
        "purpose": template.purpose,
        "parameters": [
            {name: plain(value) if name != "choices" else value for name, value in dataclasses.asdict(each).items()}
            for each in template.parameters
        ],
    }


def _as_text(template: Template) -> str:
    width = max(len(each.name) for each in template.parameters)
    lines = [f"  {each.name:<{width}}  {_told(each)}" for each in template.parameters]
    return "\n".join((template.name, f"  {template.purpose}", *lines))


def _told(parameter: Parameter) -> str:
    known = "; ".join(part for part in (parameter.unit, parameter.allowed) if part)
    default = (
        f"default {parameter.default!r}"
        if parameter.default != ""
        else "no default"
        if parameter.unit == "file"
        else ""
    )
    return f"{parameter.words} [{known}]{', ' + default if default else ''}"


@command(report, "run")
@click.argument("template", type=TemplateName())
@click.option(
    "--set",
    "values",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter of the template, such as symbol=^GSPC; may be repeated.",
)
@click.option(
    "--export",
    "exports",
    multiple=True,
    type=click.Choice(_EXPORTS),
    help="What to make beside page, notebook and manifest; may be repeated.",
)
@click.option("--folder", type=FOLDER, help=_FOLDER_HELP)
@click.option("--theme", type=click.Choice(("light", "dark")), default="light", show_default=True, help="Of the page.")
@as_json_option
def run(
    template: str, values: tuple[str, ...], exports: tuple[str, ...], folder: Path | None, theme: str, as_json: bool
) -> None:
    """Make the report of a TEMPLATE, whose parameters `investiq report list` shows.

    \b
    investiq report run tear_sheet --set result_file=breakout.iq --export pdf --export xlsx
    """  # noqa: D301  click reads \b: keep the example on its own line
    from investiq.reporting.catalog import find_template
    from investiq.reporting.symbol_check import require_symbols

    given = {"theme": theme, **_pairs(values)}
    chosen = find_template(template)
    parameters = chosen.read(given)
    # What was typed wrongly is no run, and has no place in the history.
    require_symbols(chosen, chosen.check(parameters))
    make = partial(
        iq.make_report, template, folder, exports=cast("tuple[Export, ...]", exports or ("html",)), **parameters
    )
    show(_made(template, parameters, make, folder), as_json)


def _pairs(texts: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        name = name.strip().replace("-", "_")
        if not (sign and name):
            raise click.UsageError(f"--set takes NAME=VALUE, such as symbol=^GSPC, was {text!r}")
        if name in found:
            raise click.UsageError(f"--set names {name} twice")
        found[name] = value
    return found


@command(report, "tear-sheet")
@click.argument("symbol", required=False, type=SymbolName())
@click.option(
    "--result", "saved", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A result saved as .iq."
)
@data_options
@run_options
@click.option("--folder", type=FOLDER, help=_FOLDER_HELP)
@as_json_option
def tear_sheet(symbol: str | None, saved: Path | None, folder: Path | None, as_json: bool, **options: Any) -> None:
    """Make the tear sheet of a backtest on SYMBOL, or of a saved result."""
    if (symbol is None) == (saved is None):
        raise click.UsageError("name either a SYMBOL to backtest or a saved result with --result FILE")
    result = backtest_of(symbol, options) if symbol is not None else iq.load_result(str(saved))
    given = {"symbol": symbol} if symbol is not None else {"result_file": str(saved)}
    show(_made("tear_sheet", given, partial(iq.tear_sheet, result, folder=folder), folder), as_json)


def _made(template: str, parameters: dict[str, Any], make: Callable[[], Report], folder: Path | None) -> Report:
    """Make a report, with its run in the history, and in the index if it lies in the reports folder."""
    from investiq.reporting.index import write_index
    from investiq.reporting.recording import made_and_recorded
    from investiq.runtime import clock

    try:
        return made_and_recorded(template, parameters, make, clock=clock.now)
    finally:
        if folder is None:
            write_index(pictures=False)
