"""Report templates: papermill reads their parameters, and they show without computing."""

from __future__ import annotations

import ast
from pathlib import Path

import nbformat
import papermill
import pytest

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
