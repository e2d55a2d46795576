import doctest
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "data.md"


def test_the_snippets_of_the_data_page_run_as_printed(tmp_path, monkeypatch):
    table = next(block for block in PAGE.read_text().split("```\n") if block.startswith("Date,Open"))
    (tmp_path / "acme.csv").write_text(table)
    monkeypatch.chdir(tmp_path)
    outcome = doctest.testfile(str(PAGE), module_relative=False)
    assert outcome.attempted > 25
    assert outcome.failed == 0
