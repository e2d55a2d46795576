import doctest
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference.md"


def test_the_snippets_of_the_reference_page_run_as_printed():
    outcome = doctest.testfile(str(PAGE), module_relative=False)
    assert outcome.attempted > 25
    assert outcome.failed == 0
