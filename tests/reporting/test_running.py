"""A report is whole or it is not there: papermill runs on small notebooks."""

from __future__ import annotations

import json

import nbformat
import pytest

from investiq.core.errors import ReportError
from investiq.reporting import kernels, running
from investiq.reporting.files import write_latest
from investiq.reporting.running import FailedCellError, run_notebook

PARAMETERS = "window: int = 20  # bars\nrate: float = 0.001  # fraction\nname: str = 'x'\nfree = [1, 2]"


@pytest.fixture
def make_template(tmp_path):
    def make(*cells, name="template.ipynb"):
        notebook = nbformat.v4.new_notebook()
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook.metadata.language_info = {"name": "python"}
        first = nbformat.v4.new_code_cell(PARAMETERS)
        first.metadata.tags = ["parameters"]
        notebook.cells = [first, *(nbformat.v4.new_code_cell(cell) for cell in cells)]
        path = tmp_path / name
        nbformat.write(notebook, path)
        return path

    return make


def test_a_run_injects_its_parameters_keeps_the_notebook_and_tells_its_progress(make_template, tmp_path):
    template = make_template("print(window + 1, name)")
    calls = []
    run = run_notebook(
        template, tmp_path / "out" / "daily.ipynb", {"window": 41, "name": "é"}, progress=lambda: calls.append(1)
    )
    # The file, and no partial one beside it.
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["daily.ipynb"]
    notebook = nbformat.read(run.notebook, as_version=4)
    assert notebook.cells[-1].outputs[0].text == "42 é\n"
    # parameters, injected parameters, print
    assert run.cells == 3
    assert len(calls) == 3


def test_figures_are_stored_as_data_and_no_bar_of_progress_stays_without_a_setting_in_the_template(
    make_template, tmp_path
):
    # Work of more than half a second draws a bar in any other notebook.
    long = "import time\nfrom investiq.runtime.progress import progress\nwith progress(2, 'folds') as advance:\n    time.sleep(0.6)\n    advance()"
    template = make_template(long, "import plotly.graph_objects as go\ngo.Figure(go.Scatter(y=[1, 2, window]))")
    run = run_notebook(template, tmp_path / "figure.ipynb", {})
    cells = nbformat.read(run.notebook, as_version=4).cells
    assert cells[-2].outputs == []
    assert [list(output.data) for output in cells[-1].outputs] == [["application/vnd.plotly.v1+json"]]


def test_a_failing_cell_is_named_rendered_and_leaves_the_last_good_report_and_its_latest(make_template, tmp_path):
    folder = tmp_path / "out"
    output = folder / "daily.ipynb"
    folder.mkdir()
    output.write_text("the good notebook")
    page = folder / "daily.html"
    page.write_text("the good page")
    write_latest(page, "Daily")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    bad = make_template("ratio = 1 / 2", "# the losing step\nratio / (window - 20)", "never = 1", name="bad.ipynb")
    with pytest.raises(
        FailedCellError,
        match=r"cell 4 of 5 of daily\.ipynb failed \('the losing step'\): ZeroDivisionError: .*; "
        r"see .*daily\.failed\.html; latest\.html still leads to the last good report",
    ) as caught:
        run_notebook(bad, output, {"window": 20})
    error = caught.value
    assert (error.cell, error.cells, error.label, error.ename) == (4, 5, "the losing step", "ZeroDivisionError")
    assert "division by zero" in error.evalue
    assert error.page == folder / "daily.failed.html"

    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"daily.failed.ipynb", "daily.failed.html"}
    failed = after["daily.failed.html"].decode()
    assert "This report failed" in failed
    assert "cell 4 of 5" in failed
    assert "ZeroDivisionError" in failed

    # The next success takes the failure away.
    run_notebook(make_template("1"), output, {})
    assert {path.name for path in folder.iterdir()} == set(before)


def test_a_cell_that_takes_too_long_fails_the_report_with_the_limit(make_template, tmp_path):
    template = make_template("import time\ntime.sleep(30)")
    with pytest.raises(ReportError, match=r"cell 2 of 2 .*did not finish within 1 s"):
        run_notebook(template, tmp_path / "slow.ipynb", {}, cell_timeout_s=1)
    assert not (tmp_path / "slow.partial.ipynb").exists()
    assert (tmp_path / "slow.failed.html").exists()


def test_a_kernel_that_dies_fails_the_report_at_its_cell(make_template, tmp_path):
    template = make_template("import os\nos._exit(1)")
    with pytest.raises(ReportError, match=r"cell 2 of 2 .*its kernel died"):
        run_notebook(template, tmp_path / "dead.ipynb", {})
    assert "its kernel died" in (tmp_path / "dead.failed.html").read_text()


def test_a_kernel_that_does_not_start_is_told_and_leaves_no_socket(make_template, tmp_path, monkeypatch):
    monkeypatch.setattr(running, "_START_TIMEOUT_S", 1)
    monkeypatch.setattr(kernels, "_QUICK_START", "--IPKernelApp.exec_lines=import time; time.sleep(30)")
    with pytest.raises(ReportError, match=r"late\.ipynb failed before its first cell: Kernel didn't respond"):
        run_notebook(make_template("1"), tmp_path / "late.ipynb", {})
    assert not list(tmp_path.glob("kernel-*"))


def test_a_missing_template_is_refused(tmp_path):
    with pytest.raises(ReportError, match="no report template at"):
        run_notebook(tmp_path / "none.ipynb", tmp_path / "out.ipynb", {})


def test_a_folder_that_is_a_file_is_refused_before_any_cell_runs(make_template, tmp_path):
    marker = tmp_path / "ran"
    template = make_template(f"open({json.dumps(str(marker))}, 'w')")
    (tmp_path / "taken").write_text("")
    with pytest.raises(ReportError, match=r"cannot write to .*taken"):
        run_notebook(template, tmp_path / "taken" / "out.ipynb", {})
    assert not marker.exists()
