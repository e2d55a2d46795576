"""The import that is postponed happens when it is needed, and no sooner."""

import importlib
import importlib.util
import sys

import pytest

from investiq.runtime.postponing import postpone_address_grammar

PACKAGE = """
from pathlib import Path
Path(__file__).with_name("built").touch()
RULES = ("iri",)
def is_valid_syntax(rule, text):
    return (rule, text) == ("iri", "good")
"""


@pytest.fixture
def built(tmp_path, monkeypatch):
    """A package of the name that is slow to import, and the file that its import leaves."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "rfc3987_syntax", None)  # so that the end of the test restores what was there
    del sys.modules["rfc3987_syntax"]
    folder = tmp_path / "rfc3987_syntax"
    folder.mkdir()
    (folder / "__init__.py").write_text(PACKAGE)
    importlib.invalidate_caches()
    return folder / "built"


def test_the_grammar_of_addresses_is_built_at_the_first_address_which_it_judges(built):
    postpone_address_grammar()
    from rfc3987_syntax import is_valid_syntax

    assert importlib.util.find_spec("rfc3987_syntax") is not None
    assert not built.exists()
    assert is_valid_syntax("iri", "good")
    assert built.exists()
    assert not is_valid_syntax("iri", "bad")
    assert sys.modules["rfc3987_syntax"].__file__ == str(built.with_name("__init__.py"))


def test_whatever_else_is_asked_of_the_package_comes_from_the_package(built):
    postpone_address_grammar()
    from rfc3987_syntax import RULES

    assert RULES == ("iri",)


def test_a_package_that_was_imported_stays_as_it_is(built):
    there = importlib.import_module("rfc3987_syntax")
    postpone_address_grammar()
    assert sys.modules["rfc3987_syntax"] is there
