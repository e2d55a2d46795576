"""The shell states where the numbers come from, and escapes what it is given."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

import investiq as iq
from investiq.widgets import shell

PACKAGE = Path(iq.__file__).parent


@pytest.fixture(scope="module")
def bars():
    return iq.load_bars("^GSPC", start="2018-12-01")


def test_the_provenance_bar_states_provider_basis_time_period_fingerprint_and_mode(bars):
    strip = shell.provenance_bar(bars)
    # The last session of 2018 closed at 16:00 in New York, 21:00 UTC; December 2018 had 19 sessions.
    for part in ("sample", "as traded", "2018-12-31 21:00 UTC", "2018-12-03 to 2018-12-31, 19 bars", "no orders"):
        assert part in strip
    assert bars.fingerprint[:12] in strip


def test_without_bars_the_provenance_bar_says_that_there_are_none():
    assert "none yet" in shell.provenance_bar(None)


def test_without_bars_the_provenance_bar_names_what_failed_escaped():
    assert "none: no data for &#x27;&lt;b&gt;&#x27;" in shell.provenance_bar(None, problem="no data for '<b>'")


def test_a_symbol_from_outside_is_escaped(bars):
    strip = shell.provenance_bar(replace(bars, symbol="<b>EVIL</b>"))
    assert "<b>EVIL" not in strip
    assert "&lt;b&gt;EVIL" in strip


def test_sample_data_are_marked_in_the_header():
    assert "SAMPLE DATA" in shell.header("Symbol analysis", watermark="SAMPLE")
    assert "SYNTHETIC DATA" in shell.header("Symbol analysis", watermark="SYNTHETIC")
    assert "iq-watermark" not in shell.header("Symbol analysis")


def test_the_header_shows_the_mode():
    assert "RESEARCH" in shell.header("Symbol analysis")
    assert "PAPER" in shell.header("Symbol analysis", mode="paper")


def test_the_app_name_is_escaped():
    assert "<i>" not in shell.header("<i>app</i>")


def test_the_stylesheet_and_the_page_template_refer_to_nothing_outside():
    folder = PACKAGE / "widgets" / "share"
    for path in (each for each in folder.rglob("*") if each.is_file()):
        assert not re.search(r"https?://|//cdn|@import|url\(", path.read_text(encoding="utf-8")), path


def luminance(colour):
    """Relative luminance of WCAG 2.2: linear light weighted 0.2126, 0.7152, 0.0722."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


PAIRS = [
    ("text", "surface"),
    ("text", "ground"),
    ("text", "note"),
    ("text", "field"),
    ("muted", "surface"),
    ("muted", "ground"),
    ("muted", "note"),
    ("head-ink", "head"),
    ("head-ink", "head-2"),
    ("head-muted", "head"),
    ("head-muted", "head-2"),
    ("mark-ink", "mark"),
    ("up", "surface"),
    ("down", "surface"),
    ("link", "surface"),
    ("accent-ink", "accent"),
    ("accent-ink", "accent-hover"),
    ("warn", "warn-ground"),
    ("warn", "surface"),
    ("error", "error-ground"),
    ("error", "surface"),
]


def colours(theme):
    """The variables of one theme, as the stylesheet states them."""
    blocks = re.findall(r":root(\.iq-dark)?, [^{]*\{([^}]*)\}", shell.stylesheet())
    [own] = [body for mark, body in blocks if bool(mark) is (theme == "dark")]
    return dict(re.findall(r"--iq-([\w-]+): (#[0-9a-f]{6})\b", own))


def contrast(first, second):
    """Contrast ratio of WCAG 2.2."""
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_text_stands_out_from_its_ground_as_wcag_aa_asks(ink, ground, theme):
    # 4.5 to 1 for text of normal size.
    own = colours(theme)
    assert contrast(own[ink], own[ground]) >= 4.5


def test_no_rule_writes_in_a_colour_whose_contrast_is_not_tested():
    screen = shell.stylesheet().partition("@media print")[0]
    used = set(re.findall(r"[{;\s]color: var\(--iq-([\w-]+)\)", screen))
    assert used - {ink for ink, _ in PAIRS} == set()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("mark", "ground"), [("focus", "surface"), ("focus", "ground"), ("field-border", "surface"), ("mark", "head")]
)
def test_edges_of_fields_and_the_focus_stand_out_as_wcag_aa_asks(mark, ground, theme):
    # 3 to 1 for parts of controls that are not text.
    own = colours(theme)
    assert contrast(own[mark], own[ground]) >= 3.0


def test_both_themes_name_the_same_colours():
    assert set(colours("light")) == set(colours("dark"))


def test_no_rule_outside_of_the_two_themes_and_of_paper_names_a_colour():
    screen = shell.stylesheet().partition("@media print")[0]
    rules = re.sub(r":root[^{]*\{[^}]*\}", "", screen)
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?![^{]*\{)", rules) == []


def test_links_lead_to_the_apps_of_this_server_and_the_present_one_is_marked(monkeypatch):
    monkeypatch.setenv("INVESTIQ_SERVED_APPS", "backtest_lab,home,symbol_analysis,zeta_desk")
    found = re.findall(r'<a href="([^"]*)"( aria-current="page")?>([^<]*)</a>', shell.navigation("symbol_analysis"))
    # Home first, the known ones in their order, then one's own.
    assert [(place, words) for place, _, words in found] == [
        ("/", "Home"),
        ("/symbol_analysis", "Symbol"),
        ("/backtest_lab", "Backtest lab"),
        ("/zeta_desk", "Zeta desk"),
    ]
    assert [words for _, current, words in found if current] == ["Symbol"]


def test_a_notebook_has_no_links_to_other_pages(monkeypatch):
    monkeypatch.delenv("INVESTIQ_SERVED_APPS", raising=False)
    assert shell.navigation("home") == ""
    assert "<nav" not in shell.header("Home", app_name="home")
