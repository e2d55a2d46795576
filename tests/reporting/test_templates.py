"""Report templates: papermill reads their parameters, and they show without computing."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import nbformat
import papermill
import pytest

from investiq.core.errors import ReportError
from investiq.reporting import catalog
from investiq.reporting.catalog import find_template, list_templates, read_template

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "reports" / "templates").glob("*.ipynb"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_our_reader_and_papermill_find_the_same_parameters_types_and_words(path):
    read = papermill.inspect_notebook(str(path))
    template = read_template(path)
    assert list(read) == [each.name for each in template.parameters]
    for each in template.parameters:
        assert read[each.name]["inferred_type_name"].split(" ")[0] == each.kind
        assert read[each.name]["help"].endswith(each.words)
        assert ast.literal_eval(read[each.name]["default"]) == each.default


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
    assert find_template("tear_sheet").path == ROOT / "reports" / "templates" / "tear_sheet.ipynb"
    assert [each.name for each in list_templates()] == [path.stem for path in TEMPLATES]


def test_an_installed_package_runs_the_template_that_it_carries(tmp_path, monkeypatch):
    inside = tmp_path / "site-packages" / "investiq" / "reporting"
    (inside / "templates").mkdir(parents=True)
    (inside / "templates" / "tear_sheet.ipynb").write_bytes((ROOT / "reports/templates/tear_sheet.ipynb").read_bytes())
    monkeypatch.setattr(catalog, "__file__", str(inside / "catalog.py"))
    assert find_template("tear_sheet").path == inside / "templates" / "tear_sheet.ipynb"


def test_an_unknown_template_name_is_refused_with_those_there_are():
    with pytest.raises(
        ReportError, match=r"no report template is called 'tearsheet'; did you mean 'tear_sheet'.*there are: "
    ):
        find_template("tearsheet")


def template_of(path, *cells):
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_markdown_cell("# Daily\n\nWhat happened. And more."), *cells]
    nbformat.write(notebook, path)
    return path


def parameters(source):
    return nbformat.v4.new_code_cell(source, metadata={"tags": ["parameters"]})


THEME = 'theme: str = "light"  # [light | dark] of the page'


def test_a_template_tells_its_title_and_its_purpose_in_one_sentence(tmp_path):
    template = read_template(template_of(tmp_path / "daily.ipynb", parameters(THEME)))
    assert (template.name, template.title, template.purpose) == ("daily", "Daily", "What happened.")


def test_a_line_that_breaks_the_grammar_is_refused_with_its_cell_and_line(tmp_path):
    path = template_of(tmp_path / "daily.ipynb", parameters(f"{THEME}\nwindow: int = 20  # bars"))
    with pytest.raises(
        ReportError, match=r"cell 2, line 2 of daily\.ipynb: 'window: int = 20  # bars' does not follow"
    ):
        read_template(path)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([], "must have one cell tagged 'parameters', has 0"),
        ([parameters(THEME), parameters(THEME)], "has 2"),
        ([parameters(f"{THEME}\n{THEME}")], "line 2 of daily.ipynb: theme is declared twice"),
        ([parameters("n: int = 1  # [bars] length")], "cell 2 of daily.ipynb must declare `theme`"),
    ],
)
def test_a_template_without_one_whole_cell_of_parameters_is_refused(tmp_path, cells, message):
    with pytest.raises(ReportError, match=message):
        read_template(template_of(tmp_path / "daily.ipynb", *cells))


def test_values_are_checked_together_and_what_is_not_given_is_the_default(tmp_path):
    lines = f"rate: float = 5.0  # [bps; 0 to 10] cost\nword: str = ''  # [text] any\n{THEME}"
    template = read_template(template_of(tmp_path / "daily.ipynb", parameters(lines)))
    assert template.check({"rate": 2}) == {"rate": 2.0, "word": "", "theme": "light"}
    assert template.read({"rate": "2.5", "word": " x"}) == {"rate": 2.5, "word": " x"}
    for refuse in (template.check, template.read):
        with pytest.raises(
            ReportError, match=r"daily has no parameter 'rat'; did you mean 'rate'.*are rate, word, theme"
        ):
            refuse({"rat": "1"})


def test_the_wheel_carries_the_templates_where_the_package_looks_for_them():
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert "reports/templates" in build["only-include"]
    assert build["sources"]["reports/templates"] == "investiq/reporting/templates"
