"""The manners of the command line: exit codes, errors in one line, parameter types."""

from __future__ import annotations

import dataclasses
import errno
import functools
import logging
import os
import sys
import time
import traceback
import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from investiq.core.errors import (
    ConfigError,
    DataError,
    InvestIQError,
    MissingDependencyError,
    ReportError,
    VendorError,
    install_advice,
    near_matches,
)

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from investiq.strategies.base import Strategy

__all__ = ["EXIT_CODES", "CommandGroup", "FloatOrNone", "StrategyName", "command", "make_strategy"]

# What a script can tell apart, in the order of the test; docs/cli.md lists the same.
EXIT_CODES: Final[tuple[tuple[type[InvestIQError], int], ...]] = (
    (DataError, 3),
    (ConfigError, 4),
    (MissingDependencyError, 5),
    (VendorError, 6),
    (ReportError, 7),
)
UNEXPECTED: Final = 1
INTERRUPTED: Final = 130  # 128 + SIGINT, as a shell reports it
BROKEN_PIPE: Final = 141  # 128 + SIGPIPE


class CommandGroup(click.Group):
    """A group whose errors are one line each, with the exit code of their kind."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; no traceback reaches a user who did not ask for one."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            ctx.exit(INTERRUPTED)
        except BrokenPipeError:
            # Whoever read the output has seen enough; nothing may be flushed to it at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(BROKEN_PIPE)
        except Exception as error:  # noqa: BLE001  the outermost border: what got here is told, not hidden
            code, message = _verdict(error)
            if ctx.find_root().params.get("debug") or ctx.find_root().meta.get("investiq.debug"):
                click.echo(traceback.format_exc(), err=True, nl=False)
            elif code == UNEXPECTED:
                message += "\nthis is a fault of InvestIQ; run the command with --debug to see where it happened"
            click.echo(f"error: {message}", err=True)
            ctx.exit(code)


def _verdict(error: Exception) -> tuple[int, str]:
    for kind, code in EXIT_CODES:
        if isinstance(error, kind):
            return code, str(error)
    if isinstance(error, ModuleNotFoundError) and (error.name or "").split(".")[0] != "investiq":
        package = (error.name or "").split(".")[0]
        return 5, f"the package {package!r} is not installed; {install_advice(package)}"
    if isinstance(error, OSError) and error.errno in (
        errno.EACCES,
        errno.EROFS,
        errno.ENOSPC,
        errno.EISDIR,
        errno.ENOENT,
    ):
        return UNEXPECTED, f"{error.filename}: {error.strerror}"
    if isinstance(error, InvestIQError):
        return UNEXPECTED, str(error)
    return UNEXPECTED, f"{type(error).__name__}: {error}"


def command(group: click.Group, name: str | None = None) -> Callable[[Callable[..., Any]], click.Command]:
    """Return a decorator that adds a command with ``--debug``, whose log lines bear one `run_id`."""

    def decorate(function: Callable[..., Any]) -> click.Command:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            from investiq.runtime.logging import configure_logging, log_context

            configure_logging()
            log = logging.getLogger("investiq.cli")
            with log_context(run_id=uuid.uuid4().hex[:8], command=click.get_current_context().command_path):
                begin = time.perf_counter()
                log.info("started")
                try:
                    return function(*args, **kwargs)
                except BaseException as error:
                    log.info("failed: %s", error, extra={"error": type(error).__name__})
                    raise
                finally:
                    log.info("ended", extra={"seconds": f"{time.perf_counter() - begin:.1f}"})

        def remember(ctx: click.Context, _: click.Parameter, value: bool) -> None:
            if value:
                ctx.find_root().meta["investiq.debug"] = True

        debug = click.option(
            "--debug", is_flag=True, expose_value=False, callback=remember, help="Show where an error happened."
        )
        return group.command(name)(debug(run))

    return decorate


class FloatOrNone(click.ParamType):  # type: ignore[type-arg]  # generic in the newest click only
    """A number, or the word ``none``."""

    name = "number|none"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | None:
        """Return the number, or None."""
        if value is None or isinstance(value, float):
            return value
        if str(value).casefold() == "none":
            return None
        try:
            return float(value)
        except ValueError:
            self.fail(f"{value!r} is neither a number nor 'none'", param, ctx)


class StrategyName(click.ParamType):  # type: ignore[type-arg]  # as above
    """The name of a strategy, such as ``breakout``; completed by the shell."""

    name = "strategy"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name if there is such a strategy."""
        known = _strategies()
        if value not in known:
            self.fail(
                f"unknown strategy {value!r}; there are {', '.join(known)}{near_matches(value, known)}", param, ctx
            )
        return str(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the names that begin with what was typed."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(name) for name in _strategies() if name.startswith(incomplete)]


def _strategies() -> dict[str, type[Strategy]]:
    """Return the strategies of one symbol that can be made without parameters, by their names here."""
    from investiq.strategies.base import PanelStrategy, Strategy
    from investiq.strategies.rebuilding import built_in

    found = {}
    for name, kind in sorted(built_in().items()):
        fields = dataclasses.fields(kind)
        is_ready = all(
            each.default is not dataclasses.MISSING or each.default_factory is not dataclasses.MISSING
            for each in fields
        )
        if is_ready and issubclass(kind, Strategy) and not issubclass(kind, PanelStrategy):
            found[_snake(name)] = kind
    return found


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def make_strategy(name: str, parameters: Sequence[str]) -> Strategy:
    """Return the strategy called `name` with ``name=value`` parameters, typed by its fields.

    Raises
    ------
    click.BadParameter
        If a parameter is not of the form, not known, or of another type.
    ConfigError
        If the strategy refuses the values.
    """
    from typing import get_type_hints

    cls = _strategies()[name]
    hints = get_type_hints(cls)
    fields = [field.name for field in dataclasses.fields(cls)]
    values: dict[str, Any] = {}
    for text in parameters:
        key, sign, value = text.partition("=")
        key = key.strip().replace("-", "_")
        if not sign:
            raise click.BadParameter(f"{text!r} must have the form name=value", param_hint="'--param'")
        if key not in fields:
            there_are = f"its parameters are {', '.join(fields)}" if fields else "it has no parameters"
            raise click.BadParameter(
                f"{name} has no parameter {key!r}; {there_are}{near_matches(key, fields)}", param_hint="'--param'"
            )
        values[key] = _parse(key, value.strip(), hints[key])
    return cls(**values)


def _parse(key: str, text: str, kind: Any) -> Any:
    readers: dict[Any, tuple[Callable[[str], Any], str]] = {
        int: (int, "a whole number"),
        float: (float, "a number"),
        bool: (lambda word: {"true": True, "false": False}[word.casefold()], "true or false"),
        str: (str, "a word"),
    }
    reader, expected = readers[kind]
    try:
        return reader(text)
    except (ValueError, KeyError):
        raise click.BadParameter(f"{key} must be {expected}, was {text!r}", param_hint="'--param'") from None
