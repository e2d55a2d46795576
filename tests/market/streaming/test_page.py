import doctest
from pathlib import Path

PAGE = Path(__file__).resolve().parents[3] / "docs" / "streaming.md"


def test_the_snippets_of_the_page_about_streams_run_as_printed():
    outcome = doctest.testfile(str(PAGE), module_relative=False)
    assert outcome.attempted >= 3
    assert outcome.failed == 0
