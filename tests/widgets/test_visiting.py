"""What an address may tell a page, and which addresses pages tell."""

from __future__ import annotations

import pytest

from investiq.widgets.visiting import address, link, read_query


@pytest.mark.parametrize(
    ("query", "read"),
    [
        ("symbol=%5EGSPC&strategy=Breakout", {"symbol": "^GSPC", "strategy": "Breakout"}),
        ("token=secret&symbol=A", {"symbol": "A"}),
        ("symbol=%00A", {}),
        ("__class__=x&a-b=y&symbol=A", {"symbol": "A"}),
        ("symbol=" + "A" * 201, {}),
        ("&".join(f"a{i}=1" for i in range(30)), {}),
        ("", {}),
    ],
)
def test_a_query_is_read_as_few_short_printable_parameters_without_the_token(query, read):
    assert read_query(query) == read


def test_an_address_carries_its_query_encoded(monkeypatch):
    monkeypatch.setenv("INVESTIQ_SERVED_APPS", "home,symbol_analysis")
    assert address("symbol_analysis", symbol="^GSPC & <b>") == "/symbol_analysis?symbol=%5EGSPC+%26+%3Cb%3E"
    assert address("home") == "/"


def test_a_page_that_is_not_served_has_no_address_and_no_link(monkeypatch):
    monkeypatch.setenv("INVESTIQ_SERVED_APPS", "home")
    assert address("symbol_analysis") == ""
    assert link("symbol_analysis", "<A>") == "&lt;A&gt;"
    assert link("home", "<A>") == '<a href="/">&lt;A&gt;</a>'
