import dataclasses
import json
import os
import re
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import click
import pytest

import investiq as iq
from investiq import terminal
from investiq.cli import main
from investiq.core.facts import format_fact
from investiq.execution.costs import Costs
from investiq.execution.options import RunOptions
from investiq.reporting.sheets import Report

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs" / "cli.md").read_text()

QUICK = ("--start", "2017", "--end", "2018")


def _commands(group, path=()):
    for name, each in group.commands.items():
        if isinstance(each, click.Group):
            yield from _commands(each, (*path, name))
        else:
            yield " ".join((*path, name)), each


def test_the_docs_name_every_command_and_no_other():
    documented = {
        re.sub(r"( \[?[A-Z]+\]?)+$", "", text) for text in re.findall(r"^\| `investiq ([^`]*)` \|", DOCS, re.MULTILINE)
    }
    assert documented == {name for name, _ in _commands(main)}


def test_the_docs_name_every_exit_code():
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", DOCS, re.MULTILINE)}
    codes = {code for _, code in terminal.EXIT_CODES}
    # 0 done, 1 unexpected, 2 click's usage error.
    assert documented == codes | {0, 1, 2, terminal.INTERRUPTED, terminal.BROKEN_PIPE}


@pytest.mark.parametrize(
    ("name", "each"), list(_commands(main)), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_command_explains_itself(name, each, run):
    assert run(*name.split(), "--help").exit_code == 0
    assert each.help
    for parameter in each.params:
        assert isinstance(parameter, click.Argument) or parameter.help, parameter.name


def test_the_defaults_are_those_of_the_run_options():
    stated = {parameter.name: parameter.default for parameter in main.commands["backtest"].params}
    options, costs = RunOptions(), Costs()
    assert stated["weight"] == options.weight
    assert stated["initial_capital"] == options.initial_capital
    assert float(stated["lot"]) == options.lot
    assert stated["commission_rate"] == costs.commission_rate
    assert stated["slippage_bps"] == costs.slippage_bps
    # Neither has a default on the command line.
    assert options.stop_loss is options.take_profit is None


def test_version(run):
    assert run("--version").output == f"investiq, version {iq.__version__}\n"


# -- data


def test_data_list_names_the_sample_series(run):
    output = run("data", "list").output
    assert "^GSPC" in output
    assert "^IXIC" in output


def test_data_list_as_json_is_a_list_of_rows(run):
    rows = json.loads(run("data", "list", "--json").output)
    assert "^GSPC" in {row["symbol"] for row in rows}


def test_data_show_states_the_passport_and_the_newest_bars(run):
    output = run("data", "show", "^GSPC", "--rows", 2).output
    assert "[SAMPLE]" in output
    assert "SHA-256" in output
    # The last two sessions of 2018 and the close of 31 December, as published by S&P: 2,506.85.
    assert "2018-12-28" in output
    assert "2,506.85" in output


def test_data_show_as_json(run):
    found = json.loads(run("data", "show", "^GSPC", "--start", "2018-12-31", "--json").output)
    assert found["watermark"] == "SAMPLE"
    assert found["bars"] == 1
    assert found["newest"][0]["close"] == pytest.approx(2506.85, abs=0.005)
    assert found["newest"][0]["known_at"] == "2018-12-31T21:00:00+00:00"


# -- data check, diff, search and universe


def test_data_check_passes_clean_bars_and_fails_a_bad_print(run, tmp_path):
    clean = run("data", "check", "SYN002", "--json")
    assert clean.exit_code == 0
    assert next(fact for fact in json.loads(clean.output)["facts"] if fact["label"] == "Verdict")["value"] == "pass"
    rows = ["date,open,high,low,close,volume"]
    for day in iq.load_bars("SYN002", start="2016", end="2016-12").frame.itertuples():
        # One print 60 % too high that is gone the next day.
        bad = 1.6 if day.Index.strftime("%Y-%m-%d") == "2016-09-14" else 1.0
        rows.append(f"{day.Index:%Y-%m-%d},{day.open},{day.high * bad},{day.low},{day.close * bad},{day.volume}")
    path = tmp_path / "bad.csv"
    path.write_text("\n".join(rows))
    page = tmp_path / "quality.html"
    outcome = run("data", "check", "BAD", "--file", path, "--price-basis", "as_traded", "--html", page)
    assert outcome.exit_code == 3
    assert "2016-09-14" in outcome.output
    assert "2016-09-14" in page.read_text()


def test_data_search_ranks_the_exact_ticker_first(run):
    rows = json.loads(run("data", "search", "syn001", "--json").output)
    assert rows[0]["symbol"] == "SYN001"
    assert run("data", "search", "zzzzzz").output == "nothing is found for 'zzzzzz'\n"


def test_data_universe_lists_and_shows_members_with_their_bias(run):
    assert "dow30" in run("data", "universe").output
    shown = run("data", "universe", "sectors").output
    assert "XLK" in shown
    assert "survivorship bias" in shown
    outcome = run("data", "universe", "nope")
    assert outcome.exit_code == 3
    assert "there is no universe 'nope'" in outcome.stderr


def test_symbols_are_completed_from_what_is_there(run):
    command = main.commands["data"].commands["show"]
    symbol = next(each for each in command.params if each.name == "symbol")
    items = symbol.type.shell_complete(click.Context(command), symbol, "syn00")
    assert [item.value for item in items] == [f"SYN00{number}" for number in range(1, 10)]


# -- errors


@pytest.mark.parametrize("words", [("data", "show"), ("analyze",), ("backtest",)])
def test_an_unknown_symbol_is_told_with_its_neighbour(words, run):
    outcome = run(*words, "GSPC")
    assert outcome.exit_code == 3
    assert outcome.stderr.startswith("error: no offline data for 'GSPC'")
    assert "did you mean '^GSPC'?" in outcome.stderr
    assert outcome.stderr.count("\n") == 1


def test_reversed_dates_are_refused(run):
    outcome = run("backtest", "^GSPC", "--start", "2018", "--end", "2014")
    assert outcome.exit_code == 3
    assert "start 2018 lies after end 2014" in outcome.stderr


def test_a_date_that_is_none_is_refused(run):
    outcome = run("data", "show", "^GSPC", "--start", "yesterday")
    assert outcome.exit_code == 3
    assert "'yesterday' is not a time" in outcome.stderr


def test_an_unknown_strategy_is_told_with_its_neighbour(run):
    outcome = run("backtest", "^GSPC", "-s", "breakot")
    assert outcome.exit_code == 2
    told = " ".join(outcome.stderr.split())
    assert "unknown strategy 'breakot'; there are breakout, buy_and_hold, crossover, donchian_trend, " in told
    assert "did you mean 'breakout'?" in told


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "entry_windw=5",
            "breakout has no parameter 'entry_windw'; its parameters are entry_window, exit_window; did you mean 'entry_window'",
        ),
        ("entry_window=soon", "entry_window must be a whole number, was 'soon'"),
        ("entry_window=5.5", "entry_window must be a whole number, was '5.5'"),
        ("entry_window", "'entry_window' must have the form name=value"),
    ],
)
def test_a_parameter_is_checked_by_name_and_type(text, complaint, run):
    outcome = run("backtest", "^GSPC", "-s", "breakout", "-p", text)
    assert outcome.exit_code == 2
    assert complaint in " ".join(outcome.stderr.split())


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("-s", "crossover", "-p", "fast=50", "-p", "slow=20"), "fast"),
        (("--initial-capital", "-1"), "initial_capital must be a positive amount, was -1"),
        (("--weight", "2"), "weight must lie in (0, 1]"),
        (("--commission-rate", "5"), "commission_rate must lie in [0, 1)"),
        (("--stop-loss", "5"), "stop_loss must lie in (0, 1)"),
    ],
)
def test_a_value_out_of_range_is_told(arguments, complaint, run):
    outcome = run("backtest", "^GSPC", *QUICK, *arguments)
    assert outcome.exit_code == 4
    assert complaint in outcome.stderr
    assert outcome.stderr.count("\n") == 1


def test_a_report_folder_that_cannot_be_written_is_told_before_the_work(run, tmp_path):
    (tmp_path / "file").touch()
    outcome = run("report", "tear-sheet", "^GSPC", *QUICK, "--folder", tmp_path / "file" / "reports")
    assert outcome.exit_code == 7
    assert "cannot write to" in outcome.stderr


@pytest.mark.parametrize("arguments", [(), ("^GSPC", "--result", "saved.iq")])
def test_a_tear_sheet_needs_a_symbol_or_a_saved_result(arguments, run, tmp_path):
    (tmp_path / "saved.iq").touch()
    outcome = run("report", "tear-sheet", *arguments)
    assert outcome.exit_code == 2
    assert "either a SYMBOL to backtest or a saved result" in outcome.stderr


def test_a_missing_extra_is_told_with_the_command_that_installs_it():
    # None in sys.modules makes the import fail as if the package were not there.
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    code = (
        "import sys; sys.modules['voila'] = None\n"
        "from investiq.cli import main\n"
        f"main(['dashboard', '--no-browser', '--port', '{port}'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 5, done.stderr
    assert re.fullmatch(r"error: .*'voila[^']*'.*run: python -m pip install voila\n", done.stderr)


# -- work


def test_analyze_prints_the_facts_of_the_analysis(run, tmp_path):
    page = tmp_path / "view.html"
    found = json.loads(run("analyze", "^GSPC", "--as-of", "2017-06-30", "--html", page, "--json").output)
    view = iq.analyze("^GSPC", as_of="2017-06-30")
    assert [fact["text"] for fact in found["facts"]] == [format_fact(fact) for fact in view.facts()]
    assert found["watermark"] == "SAMPLE"
    assert found["html"] == str(page)
    assert page.read_text().startswith("<!doctype html>")


def test_analyze_prints_the_text_of_the_analysis_in_full(run):
    outcome = run("analyze", "^GSPC", "--full")
    assert outcome.exit_code == 0
    assert outcome.output == f"{iq.analyze('^GSPC')}\n"


def test_analyze_prints_first_what_is_read_first_in_the_words_of_the_full_text(run):
    outcome = run("analyze", "^GSPC", "--as-of", "2019-02-01")
    assert outcome.exit_code == 0
    view = iq.analyze("^GSPC", as_of="2019-02-01")
    printed = outcome.output.splitlines()
    stale = next(note.text for note in view.notes if note.code == "stale")
    assert printed[:3] == [f"{view.title}  [SAMPLE]", view.headline, f"  ! {stale}"]
    assert printed[3].split(maxsplit=2) == ["In", "words", view.recommendation]
    titles = [line.strip().split(",")[0].split(" at the")[0] for before, line in pairwise(printed) if not before]
    assert titles[:4] == ["Engines", "Horizons", "Strongest evidence", "Without a value"]
    assert set(printed[4:-1]) <= set(str(view).splitlines())
    assert "--full" in printed[-1]
    assert len(printed) < 80


def test_backtest_prints_the_facts_of_the_backtest(run):
    arguments = (
        "-s",
        "breakout",
        "-p",
        "entry_window=40",
        "-p",
        "exit-window=10",
        *QUICK,
        "--weight",
        "1",
        "--lot",
        "none",
    )
    found = json.loads(run("backtest", "^GSPC", *arguments, "--slippage-bps", "0", "--json").output)
    result = iq.backtest(
        iq.strategies.Breakout(entry_window=40, exit_window=10),
        iq.load_bars("^GSPC", start="2017", end="2018"),
        costs=iq.Costs(commission_rate=0.001, slippage_bps=0),
        weight=1.0,
        lot=None,
    )
    assert found["kind"] == "backtest"
    assert found["title"] == result.title
    assert [(fact["label"], fact["text"]) for fact in found["facts"]] == [
        (fact.label, format_fact(fact)) for fact in result.facts()
    ]


def test_backtest_saves_a_result_that_can_be_loaded(run, tmp_path):
    file = tmp_path / "breakout.iq"
    outcome = run("backtest", "^GSPC", *QUICK, "--weight", "1", "--lot", "none", "--save", file)
    assert outcome.exit_code == 0, outcome.output
    assert outcome.output.endswith(f"save: {file}\n")
    loaded = iq.load_result(file)
    assert outcome.output.startswith(str(loaded))


def test_a_tear_sheet_is_made_of_a_saved_result(run, tmp_path, monkeypatch):
    # The demo below makes a real one; here only what is handed over and printed.
    made = []

    def tear_sheet(result, folder):
        made.append((result.title, folder))
        return Report(
            title="Tear sheet",
            template="tear_sheet",
            parameters={},
            subject="^GSPC",
            as_of=datetime(2018, 12, 31, 21, tzinfo=UTC),
            path=tmp_path / "a.html",
            notebook=tmp_path / "a.ipynb",
            manifest_file=tmp_path / "a.json",
            result_file=tmp_path / "a.iq",
            quantstats=None,
            latest=tmp_path / "latest.html",
            seconds=1.5,
            watermark="SAMPLE",
        )

    monkeypatch.setattr(iq, "tear_sheet", tear_sheet, raising=False)
    for name in ("a.html", "a.ipynb", "a.json", "a.iq"):
        (tmp_path / name).touch()
    file = tmp_path / "breakout.iq"
    title = run("backtest", "^GSPC", *QUICK, "--save", file).stdout.split("  [SAMPLE]")[0]
    outcome = run("report", "tear-sheet", "--result", file, "--folder", tmp_path / "reports", "--json")
    assert outcome.exit_code == 0, outcome.output
    assert made == [(title, tmp_path / "reports")]
    report = json.loads(outcome.stdout)
    assert (report["kind"], report["watermark"]) == ("report", "SAMPLE")
    assert {"label": "Page", "value": str(tmp_path / "a.html")}.items() <= report["facts"][0].items()


def test_the_demo_does_the_main_job_and_says_where_the_page_is(run, tmp_path):
    outcome = run("demo", "--folder", tmp_path)
    assert outcome.exit_code == 0, outcome.output
    text = outcome.stdout
    for step in ("1. Load ^GSPC", "2. Analyse it", "3. Backtest", "4. Write the tear sheet", "Marked SAMPLE", "Next:"):
        assert step in text
    (page,) = re.findall(r"^ +(\S+\.html)$", text, re.MULTILINE)
    assert Path(page).parent == tmp_path
    assert Path(page).stat().st_size > 100_000
    # Buy and hold, decided at the close of 2014-01-02, from the open of 2014-01-03 (1833.209961 in the source file) to
    # the close of 2018-12-31 (2506.850098), with 0.1 % commission and 5 bps slippage on either side:
    # 2506.850098 * 0.9995 * 0.999 / (1833.209961 * 1.0005 * 1.001) - 1 = 0.36337.
    assert re.search(r"Total return +-?[\d.]+ % +36\.34 %", text)


def test_the_docs_name_every_strategy_that_the_commands_take():
    named = DOCS.split("`--strategy` takes ")[1].split(". Their parameters")[0]
    documented = set(re.findall(r"`(\w+)`", named))
    assert documented == {item.value for item in terminal.StrategyName().shell_complete(None, None, "")}


def test_the_strategies_are_completed():
    names = {item.value for item in terminal.StrategyName().shell_complete(None, None, "b")}
    assert names == {"breakout", "buy_and_hold"}


@pytest.mark.parametrize(
    ("arguments", "called"),
    [
        ((), (None, 8866, True)),
        (("symbol_analysis", "--port", "9000", "--no-browser"), ("symbol_analysis", 9000, False)),
    ],
)
def test_dashboard_serves_what_was_asked(arguments, called, run, monkeypatch):
    from investiq.widgets import serving

    calls = []
    monkeypatch.setattr(serving, "serve", lambda app, port, open_browser: calls.append((app, port, open_browser)))
    assert run("dashboard", *arguments).exit_code == 0
    assert calls == [called]


def test_dashboard_takes_its_port_from_the_setting(run, monkeypatch):
    from investiq.widgets import serving

    ports = []
    monkeypatch.setattr(serving, "serve", lambda app, port, open_browser: ports.append(port))
    monkeypatch.setenv("INVESTIQ_DASHBOARD_PORT", "9001")
    run("dashboard")
    assert ports == [9001]


def test_an_unknown_dashboard_is_refused(run):
    outcome = run("dashboard", "symbol_analysys", "--no-browser")
    assert outcome.exit_code == 4
    assert "symbol_analysis" in outcome.stderr


# -- a real process


def _start(*arguments, **options):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("INVESTIQ_")}
    command = [sys.executable, "-m", "investiq", *arguments]
    return subprocess.Popen(
        command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, **options
    )


def test_a_real_process_prints_and_ends_with_its_code():
    process = _start("data", "show", "NOSUCH")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (3, "")
    assert err.startswith("error: no offline data for 'NOSUCH'")


def test_a_reader_that_goes_away_ends_it_quietly():
    process = _start("data", "show", "^GSPC", "--rows", "5031")
    process.stdout.readline()
    process.stdout.close()
    error = process.stderr.read()
    assert process.wait(timeout=60) == 141
    assert error == ""
    process.stderr.close()


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to another process")
def test_an_interrupt_ends_it_with_130():
    process = _start("demo")
    assert process.stdout.readline().startswith("InvestIQ")
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert error == "interrupted\n"


def test_parameters_of_every_type_are_read():
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Sample:
        window: int
        level: float
        strict: bool

    terminal_names = {"sample": Sample}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(terminal, "_strategies", lambda: terminal_names)
        made = terminal.make_strategy("sample", ["window=3", "level=0.5", "strict=true"])
        assert made == Sample(window=3, level=0.5, strict=True)
        with pytest.raises(click.BadParameter, match="strict must be true or false, was '1'"):
            terminal.make_strategy("sample", ["strict=1"])


def test_screen_prints_what_matches(run):
    outcome = run("screen", "^GSPC", "^IXIC", "--where", "rsi < 60", "--as-of", "2013-05-20")
    assert outcome.exit_code == 0
    assert outcome.output == f"{iq.screen(['^GSPC', '^IXIC'], where='rsi < 60', as_of='2013-05-20')}\n"


def test_screen_takes_a_universe_by_its_name(run):
    found = json.loads(run("screen", "dow30", "--as-of", "2018-12-31", "--json").output)
    assert found["title"] == "Screen of dow30: 0 of 0 match"  # the sample has none of these shares


def test_a_wrong_condition_is_told_on_one_line(run):
    outcome = run("screen", "^GSPC", "--where", "scor > 1")
    assert outcome.exit_code == 3
    assert "where names 'scor', which is no column of the analysis; did you mean 'score'" in outcome.stderr
