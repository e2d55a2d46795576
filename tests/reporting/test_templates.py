"""Report templates: papermill reads their parameters, and they show without computing."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import nbformat
import papermill
import pytest

from investiq.reporting import running
from investiq.reporting.running import template_path

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "reports" / "templates").glob("*.ipynb"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_papermill_reads_every_parameter_with_its_type(path):
    [cell] = [cell for cell in nbformat.read(path, as_version=4).cells if "parameters" in cell.metadata.get("tags", ())]
    written = [statement.target.id for statement in ast.parse(cell.source).body]
    read = papermill.inspect_notebook(str(path))
    assert list(read) == written
    assert {parameter["inferred_type_name"] for parameter in read.values()} <= {"str", "int", "float", "bool"}
    assert all(parameter["help"] for parameter in read.values())


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_shows_and_never_computes(path):
    code = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert max(source.count("\n") + 1 for source in code) <= 15
    tree = ast.parse("\n".join(code))
    arithmetic = [node for node in ast.walk(tree) if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Add)]
    assert arithmetic == []
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)} | {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    assert {module.split(".")[0] for module in modules} <= {"investiq", "IPython"}


def test_a_checkout_runs_the_template_of_its_own_folder():
    assert template_path("tear_sheet") == ROOT / "reports" / "templates" / "tear_sheet.ipynb"


def test_an_installed_package_runs_the_template_that_it_carries(tmp_path, monkeypatch):
    inside = tmp_path / "site-packages" / "investiq" / "reporting"
    (inside / "templates").mkdir(parents=True)
    (inside / "templates" / "tear_sheet.ipynb").write_bytes((ROOT / "reports/templates/tear_sheet.ipynb").read_bytes())
    monkeypatch.setattr(running, "__file__", str(inside / "running.py"))
    assert template_path("tear_sheet") == inside / "templates" / "tear_sheet.ipynb"


def test_the_wheel_carries_the_templates_where_the_package_looks_for_them():
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert "reports/templates" in build["only-include"]
    assert build["sources"]["reports/templates"] == "investiq/reporting/templates"
