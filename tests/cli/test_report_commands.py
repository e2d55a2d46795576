"""`investiq report list | run` and `investiq replay` of a page, up to where a kernel would start."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

import investiq as iq
from investiq.cli import main
from investiq.reporting.replay_findings import ReplayedNumber, ReplayedTable, ReportReplay
from investiq.reporting.run_history import report_runs


@pytest.fixture
def run():
    def invoke(*words):
        return CliRunner().invoke(main, [str(word) for word in words])

    return invoke


def test_the_list_tells_each_template_its_purpose_and_its_parameters_with_units(run):
    text = run("report", "list").stdout
    part = text[text.index("tear_sheet") :].split("\n\n")[0]
    assert "A backtest beside buying and holding" in part
    assert "result_file  a backtest saved with result.save(...) [file], no default" in part
    assert "theme        of the page [light | dark], default 'light'" in part


def test_the_list_as_json_has_types_ranges_and_choices(run):
    [sheet] = [each for each in json.loads(run("report", "list", "--json").stdout) if each["name"] == "tear_sheet"]
    [file, theme] = sheet["parameters"]
    assert (file["kind"], file["unit"], file["low"]) == ("str", "file", None)
    assert theme["choices"] == ["light", "dark"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("tearsheet",), 4, "no report template is called 'tearsheet'; did you mean 'tear_sheet'"),
        (("tear_sheet", "--set", "result=a.iq"), 4, "no parameter 'result'; did you mean 'result_file'"),
        (
            ("tear_sheet", "--set", "result-file=gone.iq"),
            4,
            "result_file must name a file that is there, was 'gone.iq'",
        ),
        (("tear_sheet",), 4, "the template tear_sheet needs result_file"),
        (("symbol_analysis", "--set", "theme=drak"), 4, "theme must be one of light, dark, was 'drak'"),
        (("symbol_analysis", "--set", "as_of=soon"), 4, "as_of must be a date such as '2018-12-31', was 'soon'"),
        (("walk_forward", "--set", "train_sessions=many"), 4, "train_sessions must be a whole number"),
        (("walk_forward", "--set", "slippage_bps=1e9"), 4, "slippage_bps must be"),
        (("symbol_analysis", "--set", "symbol=NOPE"), 3, "no offline data for 'NOPE'; available without keys are"),
        (("tear_sheet", "--set", "theme"), 2, "--set takes NAME=VALUE, such as symbol=^GSPC, was 'theme'"),
        (("tear_sheet", "--set", "theme=dark", "--set", "theme=light"), 2, "--set names theme twice"),
        (("tear_sheet", "--export", "docx"), 2, "docx"),
    ],
)
def test_a_report_that_cannot_be_made_is_refused_before_any_kernel(run, tmp_path, words, code, message):
    before = report_runs()
    outcome = run("report", "run", *words, "--folder", tmp_path / "reports")
    assert outcome.exit_code == code
    assert message in outcome.stderr
    assert len(outcome.stderr) < 500
    assert not (tmp_path / "reports").exists()
    assert report_runs() == before


def test_a_page_that_is_no_report_is_refused_with_the_exit_code_of_replay(run, tmp_path):
    (tmp_path / "page.html").write_text("<p>no report</p>")
    outcome = run("replay", tmp_path / "page.html")
    assert outcome.exit_code == 2
    assert "page.html holds 0 blocks called investiq-manifest" in outcome.stderr
    assert run("replay", tmp_path / "page.html", "--stored").exit_code == 2


@pytest.mark.parametrize(("present", "code"), [(0.25, 0), (0.26, 1)])
def test_a_replayed_report_ends_with_one_where_a_number_moved(run, tmp_path, monkeypatch, present, code):
    found = ReportReplay(
        source=tmp_path / "page.html",
        subject="Small",
        watermark_of=None,
        numbers=(ReplayedNumber("Total", "fraction", 0.25, present),),
        compared_tables=(ReplayedTable("Closes", 3, 3, (), 0),),
        conditions=(),
    )
    monkeypatch.setitem(vars(iq), "replay_report", lambda path: found)
    outcome = run("replay", tmp_path / "page.html", "--json")
    assert outcome.exit_code == code
    moved = json.loads(outcome.stdout)["moved"]
    assert moved == [{"label": "Total", "unit": "fraction", "published": 0.25, "present": 0.26}][:code]
