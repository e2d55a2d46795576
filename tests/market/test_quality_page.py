import doctest
from pathlib import Path

from investiq.market.quality_checks import CHECKS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "quality.md"


def test_the_snippets_of_the_quality_page_run_as_printed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome = doctest.testfile(str(PAGE), module_relative=False)
    assert outcome.attempted > 25
    assert outcome.failed == 0


def test_every_check_is_explained_with_its_severity():
    rows = [line.split("|") for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    told = {name.strip(" `"): row[2].strip() for row in rows for name in row[1].split(",")}
    assert {name: check.severity for name, check in CHECKS.items()} == {name: told.get(name) for name in CHECKS}
