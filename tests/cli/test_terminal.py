import json

import click
import pytest
from click.testing import CliRunner

from investiq.core import errors
from investiq.terminal import CommandGroup, FloatOrNone, command


def _failing(error):
    @click.group(cls=CommandGroup)
    @click.option("--debug", is_flag=True)
    def group(debug):
        pass

    @command(group)
    def work():
        raise error

    return group


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.DataError("bad rows"), 3),
        (errors.InsufficientDataError("too few"), 3),
        (errors.UnknownSymbolError("unknown symbol 'X'"), 3),
        (errors.StaleDataError("old"), 3),
        (errors.ConfigError("out of range"), 4),
        (errors.MissingDependencyError("voila", "notebook", "the dashboard"), 5),
        (ModuleNotFoundError("No module named 'voila'", name="voila.app"), 5),
        (errors.VendorError("timeout"), 6),
        (errors.OfflineError("offline"), 6),
        (errors.ReportError("no room"), 7),
    ],
)
def test_each_kind_of_error_is_one_line_with_its_own_exit_code(error, code):
    outcome = CliRunner().invoke(_failing(error), ["work"])
    assert outcome.exit_code == code
    assert outcome.stdout == ""
    assert outcome.stderr.count("\n") == 1
    assert outcome.stderr.startswith("error: ")


def test_a_missing_package_is_told_with_the_command_that_installs_it():
    outcome = CliRunner().invoke(_failing(ModuleNotFoundError("No module named 'voila'", name="voila.app")), ["work"])
    assert outcome.stderr == (
        "error: the package 'voila' is not installed; with InvestIQ's own Python "
        "(.venv/bin/python after make setup) run: python -m pip install voila\n"
    )


def test_a_missing_module_of_our_own_is_a_fault_not_a_missing_package():
    outcome = CliRunner().invoke(
        _failing(ModuleNotFoundError("No module named 'investiq.x'", name="investiq.x")), ["work"]
    )
    assert outcome.exit_code == 1


def test_an_unexpected_error_is_told_without_traceback_and_names_debug():
    outcome = CliRunner().invoke(_failing(ZeroDivisionError("division by zero")), ["work"])
    assert outcome.exit_code == 1
    assert outcome.stderr == (
        "error: ZeroDivisionError: division by zero\n"
        "this is a fault of InvestIQ; run the command with --debug to see where it happened\n"
    )


@pytest.mark.parametrize("arguments", [["--debug", "work"], ["work", "--debug"]])
def test_debug_shows_where_it_happened_and_keeps_the_exit_code(arguments):
    outcome = CliRunner().invoke(_failing(errors.DataError("bad rows")), arguments)
    assert outcome.exit_code == 3
    assert "Traceback (most recent call last)" in outcome.stderr
    assert "in work\n    raise error" in outcome.stderr
    assert outcome.stderr.endswith("error: bad rows\n")


def test_an_interrupt_ends_with_130():
    outcome = CliRunner().invoke(_failing(KeyboardInterrupt()), ["work"])
    assert outcome.exit_code == 130
    assert outcome.stderr == "interrupted\n"


def test_a_file_that_cannot_be_written_is_named():
    outcome = CliRunner().invoke(_failing(PermissionError(13, "Permission denied", "/srv/x.iq")), ["work"])
    assert outcome.exit_code == 1
    assert outcome.stderr.startswith("error: /srv/x.iq: Permission denied\n")


def test_a_wrong_setting_stops_a_command_before_it_works(monkeypatch):
    monkeypatch.setenv("INVESTIQ_LOG_LEVEL", "LOUD")
    outcome = CliRunner().invoke(_failing(ZeroDivisionError()), ["work"])
    assert outcome.exit_code == 4
    assert outcome.stderr.startswith("error: INVESTIQ_LOG_LEVEL must be DEBUG, INFO")


def test_log_lines_of_a_command_bear_one_run_id(monkeypatch, tmp_path):
    monkeypatch.setenv("INVESTIQ_LOG_LEVEL", "INFO")
    monkeypatch.setenv("INVESTIQ_LOG_FORMAT", "json")
    monkeypatch.setenv("INVESTIQ_LOG_FILE", str(tmp_path / "log"))
    CliRunner().invoke(_failing(errors.DataError("bad rows")), ["work"], prog_name="investiq")
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [line["event"] for line in lines] == ["started", "failed: bad rows", "ended"]
    assert len({line["run_id"] for line in lines}) == 1
    assert {line["command"] for line in lines} == {"investiq work"}


@pytest.mark.parametrize(("text", "value"), [("1", 1.0), ("1e-6", 1e-6), ("none", None), ("None", None)])
def test_a_number_or_none_is_read(text, value):
    assert FloatOrNone().convert(text, None, None) == value


def test_neither_a_number_nor_none_is_refused():
    with pytest.raises(click.BadParameter, match="'few' is neither a number nor 'none'"):
        FloatOrNone().convert("few", None, None)
