"""The documents: links lead somewhere, and nothing refers to a machine."""

from __future__ import annotations

import doctest
import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FAMILIES = sorted(path for family in ("indicators", "metrics") for path in (ROOT / "docs" / family).glob("*.md"))
BACKTESTER = [
    ROOT / "docs" / f"{name}.md"
    for name in (
        "audit",
        "explaining_fills",
        "getting_started",
        "interop",
        "portfolios",
        "strategies",
        "sweeps",
        "trade_review",
        "trials",
        "validation",
    )
]
ENGINES = [
    ROOT / "docs" / f"{name}.md"
    for name in (
        "analysis",
        "data_overview",
        "fundamental",
        "market",
        "quant",
        "regimes",
        "sentiment",
        "supplementary",
        "technical",
    )
]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "data").glob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_of_a_page_leads_to_a_file(page):
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
    local = [target for target in targets if not re.match(r"[a-z]+:", target)]
    missing = [target for target in local if not (page.parent / target).exists()]
    assert not missing


@pytest.mark.parametrize("page", FAMILIES, ids=lambda page: str(page.relative_to(ROOT / "docs")))
def test_the_snippets_of_a_family_page_run_and_it_shows_a_figure(page):
    outcome = doctest.testfile(str(page), module_relative=False)
    assert outcome.attempted
    assert not outcome.failed
    assert re.search(r"!\[[^\]]+\]\(../images/\w+\.png\)", page.read_text())


@pytest.mark.parametrize("page", [*BACKTESTER, *ENGINES], ids=lambda page: page.stem)
def test_the_snippets_of_a_page_run_and_it_shows_a_figure(page):
    outcome = doctest.testfile(str(page), module_relative=False)
    assert outcome.attempted
    assert not outcome.failed
    assert re.search(r"!\[[^\]]+\]\(images/\w+\.png\)", page.read_text())


def test_report_templates_and_voila_apps_are_stored_without_outputs():
    notebooks = [*(ROOT / "reports" / "templates").glob("*.ipynb"), *(ROOT / "voila_apps").glob("*.ipynb")]
    assert notebooks
    for path in notebooks:
        for cell in json.loads(path.read_text())["cells"]:
            assert not cell.get("outputs"), path.name
            assert cell.get("execution_count") is None, path.name


def test_example_notebooks_keep_their_outputs():
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    assert notebooks
    for path in notebooks:
        code = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
        assert any(cell["outputs"] for cell in code), path.name
        assert any("nbval-check-output" in cell["metadata"].get("tags", []) for cell in code), path.name
        for cell in code:
            assert len("".join(cell["source"]).splitlines()) <= 15, path.name


def test_no_committed_text_names_a_home_folder():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.suffix not in {".png", ".parquet", ".iq"} and path.exists():
            found = re.search(r"/(?:home|Users|root)/[a-z][\w.-]*/", path.read_text(errors="replace"))
            assert not found, f"{name}: {found[0] if found else ''}"
