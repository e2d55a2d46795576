import pytest

from investiq.core.errors import DataError, InvestIQError, MissingDependencyError, UnknownSymbolError, near_matches


def test_near_matches_ignores_case_and_names_the_nearest_first():
    assert near_matches("gspc", ["^GSPC", "^IXIC"]) == "; did you mean '^GSPC'?"


def test_near_matches_is_empty_when_nothing_is_near():
    assert near_matches("ZZZZ", ["^GSPC", "^IXIC"]) == ""


def test_an_unknown_symbol_is_a_data_error_and_every_error_has_one_base():
    assert issubclass(UnknownSymbolError, DataError)
    assert issubclass(DataError, InvestIQError)


def test_a_missing_dependency_says_what_to_install():
    with pytest.raises(
        MissingDependencyError, match=r"needs the package 'quantstats'.*run: python -m pip install quantstats$"
    ):
        raise MissingDependencyError("quantstats", "research", "the quantstats sheet")
