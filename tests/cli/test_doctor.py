import importlib.metadata
import json
import socket
import sys

import pytest

from investiq import doctor
from investiq.core import compiling


def _by_name(checks):
    return {check.name: check for check in checks}


def test_a_sound_installation_passes(run):
    outcome = run("doctor")
    assert outcome.exit_code == 0, outcome.output
    assert "PROBLEM" not in outcome.output
    for group in ("installed", "configured", "reachable", "writable", "working"):
        assert f"\n{group}\n" in f"\n{outcome.output}"


def test_json_states_the_same_checks(run):
    report = json.loads(run("doctor", "--json").output)
    assert report["sound"] is True
    assert {"group", "name", "status", "found", "advice"} == set(report["checks"][0])
    # 5,031 sessions from 1999-01-04 to 2018-12-31, the length of the series that arch documents.
    sample = next(check for check in report["checks"] if check["name"] == "sample data")
    assert sample["found"].startswith("^GSPC, 5,031 daily bars to 2018-12-31")


def test_a_folder_that_cannot_be_written_is_a_problem_with_advice(run, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("INVESTIQ_REPORTS_DIR", str(tmp_path / "file" / "reports"))
    outcome = run("doctor")
    assert outcome.exit_code == 1
    check = _by_name(doctor.examine())["reports"]
    assert check.status == "problem"
    assert "choose another folder with INVESTIQ_REPORTS_DIR" in check.advice


def test_a_setting_that_cannot_be_read_is_told_and_ends_the_examination(run, monkeypatch):
    monkeypatch.setenv("INVESTIQ_DASHBOARD_PORT", "http")
    checks = list(doctor.examine())
    assert checks[-1].status == "problem"
    assert "INVESTIQ_DASHBOARD_PORT must be a whole number" in checks[-1].found
    outcome = run("doctor")
    assert outcome.exit_code == 1
    assert "PROBLEM  settings" in outcome.stdout


def test_a_misspelt_variable_is_noted_with_its_neighbour(monkeypatch):
    monkeypatch.setenv("INVESTIQ_LOGLEVEL", "DEBUG")
    check = _by_name(doctor.examine())["INVESTIQ_LOGLEVEL"]
    assert check.status == "note"
    assert "did you mean 'INVESTIQ_LOG_LEVEL'" in check.advice


def test_chosen_settings_are_shown(monkeypatch):
    monkeypatch.setenv("INVESTIQ_OFFLINE", "1")
    checks = _by_name(doctor.examine())
    assert checks["settings"].found == "offline = True"
    assert "connections beyond this machine are refused" in checks["network"].found


def test_a_port_in_use_is_noted(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setenv("INVESTIQ_DASHBOARD_PORT", str(port))
        check = _by_name(doctor.examine())[f"port {port}"]
    assert check.status == "note"
    assert "--port" in check.advice


def test_a_missing_package_of_an_extra_is_a_note_and_a_required_one_a_problem(monkeypatch):
    real = importlib.metadata.version

    def version(name):
        if name in ("voila", "plotly"):
            raise importlib.metadata.PackageNotFoundError(name)
        return "1.0" if name == "numpy" else real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    checks = _by_name(doctor.examine())
    assert checks["extra notebook"].status == "note"
    assert checks["extra notebook"].found == "voila missing"
    assert "run: python -m pip install voila" in checks["extra notebook"].advice
    assert checks["required packages"].status == "problem"
    assert "plotly missing" in checks["required packages"].found
    assert "numpy 1.0 instead of >=2.4" in checks["required packages"].found


def test_a_broken_ta_lib_is_a_problem(monkeypatch):
    monkeypatch.setitem(sys.modules, "talib", None)
    check = _by_name(doctor.examine())["TA-Lib"]
    assert check.status == "problem"
    assert "pip install" in check.advice


def test_a_missing_chromium_is_noted_only(monkeypatch):
    monkeypatch.setenv("PATH", "")
    check = _by_name(doctor.examine())["Chromium"]
    assert check.status == "note"
    assert "make setup-browser" in check.advice


@pytest.mark.parametrize("reason", ["", "the folder cannot be written"])
def test_the_state_of_the_compiled_code_is_told(reason, tmp_path, monkeypatch):
    state = compiling.CacheState(folder=None if reason else tmp_path, reason=reason)
    monkeypatch.setattr(compiling, "cache_state", lambda: state)
    check = _by_name(doctor.examine())["compiled code"]
    assert check.status == "note"
    assert check.advice == (reason or "the first run compiles for some seconds; investiq warmup does it ahead of time")


def test_lines_stay_inside_the_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    check = doctor.Check(group="working", name="x", status="note", found="word " * 60, advice="advice " * 30)
    assert max(map(len, doctor.as_text(check).splitlines())) <= 80
