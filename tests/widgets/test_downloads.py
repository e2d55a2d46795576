"""A file is made at the click, handed over once, and what fails is told."""

from __future__ import annotations

import base64
import re

import pytest

from investiq.core.errors import DataError
from investiq.widgets.downloads import CSV, download_button, file_name


@pytest.fixture
def sent(monkeypatch):
    """What the carrier showed the browser, in order."""
    import ipywidgets as W

    shown = []

    def build(*arguments, **options):
        button = download_button(*arguments, **options)
        carrier = next(each for each in button.children if isinstance(each, W.Output))
        carrier.observe(lambda change: shown.append(change["new"]), names="outputs")
        return button, shown

    return build


def test_nothing_is_made_before_the_click(sent):
    made = []
    button, shown = sent("a.csv", lambda: made.append(1) or b"x")
    assert (made, shown) == ([], [])
    button.button.click()
    assert made == [1]


def test_the_click_hands_over_name_type_and_content_and_keeps_no_copy(sent):
    button, shown = sent("^GSPC trades.csv", lambda: "entry,exit\n1.5,\u20ac".encode(), CSV)
    button.button.click()
    code = shown[0][0]["data"]["application/javascript"]
    content = re.search(r'atob\("([^"]+)"\)', code)[1]
    assert base64.b64decode(content).decode() == "entry,exit\n1.5,\u20ac"
    assert '"text/csv"' in code
    assert '"GSPC_trades.csv"' in code
    assert shown[-1] == ()
    assert button.state == "ok"


def test_what_fails_is_told_beside_the_button_and_the_button_stays_usable(sent):
    def fail():
        raise DataError("no trades; run first")

    button, shown = sent("a.csv", fail)
    button.button.click()
    assert (shown, button.state, button.problem) == ([], "error", "no trades; run first")
    assert not button.button.disabled


def test_a_file_too_large_for_the_page_is_refused(sent):
    button, shown = sent("a.csv", lambda: bytes(20_000_001))
    button.button.click()
    assert shown == []
    assert "at most 20 MB" in button.problem


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b\\c", "</script>"])
def test_a_name_from_outside_is_one_plain_file_name(name):
    assert re.fullmatch(r"[\w][\w.-]*", file_name(name))
