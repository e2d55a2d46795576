"""The documentation site: where links lead, what counts as a fault, and what the reference lists; nothing is built."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

import investiq as iq

ROOT = Path(__file__).resolve().parent.parent


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


docs_reference = script("docs_reference")
docs_pages = script("docs_pages")
check_docs = script("check_docs")
gallery = script("gallery")


def shown(markdown: str, source: str) -> str:
    return docs_pages.on_page_markdown(markdown, SimpleNamespace(file=SimpleNamespace(src_uri=source)), None, None)


@pytest.mark.parametrize(
    ("source", "written", "led_to"),
    [
        ("README.md", "data.md", "data.md"),
        ("README.md", "../README.md", "getting_started.md"),
        ("README.md", "../CHANGELOG.md", "changelog.md"),
        ("README.md", "adr/", "adr/index.md"),
        ("metrics/tail.md", "../fills.md#step-10", "../fills.md#step-10"),
        ("metrics/tail.md", "../../benchmarks/RESULTS.md", "../benchmarks.md"),
        ("trials.md", "../notebooks/08_overfitting.ipynb", "gallery/08_overfitting.html"),
        # This page is notebooks/README.md in the repository, one folder beside docs/.
        ("gallery.md", "../docs/images/gallery/01_first_look.webp", "images/gallery/01_first_look.webp"),
        ("gallery.md", "01_first_look.ipynb", "gallery/01_first_look.html"),
    ],
)
def test_a_link_that_is_right_in_the_repository_is_right_in_the_site(source, written, led_to):
    assert shown(f"see [this]({written}) now", source) == f"see [this]({led_to}) now"
    assert shown(f'<a href="{written}">', source) == f'<a href="{led_to}">'


@pytest.mark.parametrize("target", ["https://example.com/a.md", "#here", "mailto:desk@example.com"])
def test_a_link_to_the_same_page_or_to_another_machine_stays_as_written(target):
    assert shown(f"[this]({target})", "metrics/tail.md") == f"[this]({target})"


def test_footnotes_of_docstrings_become_lines_of_their_own():
    page = SimpleNamespace(file=SimpleNamespace(src_uri="api/metrics.md"))
    html = "<p>Lo's factor [1]_.</p><p>.. [1] Lo (2002). .. [2] Bacon (2008).</p>"
    expected = "<p>Lo's factor [1].</p><p>[1] Lo (2002).<br>[2] Bacon (2008).</p>"
    assert docs_pages.on_page_content(html, page, None, None) == expected


@pytest.fixture
def site(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "index.html").write_text(
        '<h2 id="top">A</h2><a href="deep/page.html#there">good</a><a href="deep/">its index</a>'
        '<a href="https://example.com/">may be followed</a><link rel="canonical" href="https://example.com/x">'
    )
    (tmp_path / "deep" / "index.html").write_text("<p>nothing</p>")
    (tmp_path / "deep" / "page.html").write_text('<p id="there">B</p><a href="../index.html#top">back</a>')
    return tmp_path


def test_a_site_whose_links_lead_somewhere_has_no_fault(site):
    assert check_docs.faults(site) == []


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ('<a href="gone.html">x</a>', "deep/bad.html: gone.html leads to no file"),
        ('<img src="../images/gone.png">', "deep/bad.html: ../images/gone.png leads to no file"),
        ('<a href="page.html#nowhere">x</a>', "deep/bad.html: page.html#nowhere leads to no such place in the page"),
        ('<a href="#nowhere">x</a>', "deep/bad.html: #nowhere leads to no such place in the page"),
        (
            '<script src="https://cdn.example.com/a.js"></script>',
            "deep/bad.html: https://cdn.example.com/a.js is loaded from another machine",
        ),
        ('<img src="//example.com/a.png">', "deep/bad.html: //example.com/a.png is loaded from another machine"),
        (
            '<link rel="stylesheet" href="https://fonts.example.com/a.css">',
            "deep/bad.html: https://fonts.example.com/a.css is loaded from another machine",
        ),
    ],
)
def test_each_fault_is_told_with_its_page(site, fault, told):
    (site / "deep" / "bad.html").write_text(fault)
    assert check_docs.faults(site) == [told]


def test_the_reference_lists_every_public_name_of_iq_on_one_page():
    listed = [entry.name for entries in docs_reference.by_topic().values() for entry in entries]
    assert sorted([*listed, *docs_reference.PACKAGES]) == sorted(iq.__all__)


def test_the_longest_beginning_of_a_module_decides_its_page():
    assert docs_reference.topic_of("backtesting.trials") == "luck"
    assert docs_reference.topic_of("backtesting.trade_reviewing") == "trades"
    assert docs_reference.topic_of("backtesting.sweeps") == "backtests"
    with pytest.raises(SystemExit, match=r"investiq\.unheard_of: add it to TOPICS"):
        docs_reference.topic_of("unheard_of")


def test_a_summary_is_the_first_sentence_without_footnotes():
    def measure():
        """Return a | b of ``returns`` [1]_. More
        follows.
        """

    measure.__module__ = "investiq.metrics.ratios"
    assert docs_reference.Entry(name="measure", value=measure).summary == r"Return a \| b of `returns`."


def test_the_index_of_the_notebooks_is_that_of_the_notebooks_as_they_are():
    assert (ROOT / "notebooks" / "README.md").read_text() == gallery.index()
    for entry in gallery.entries():
        assert (ROOT / "docs" / "images" / "gallery" / f"{entry.path.stem}.webp").stat().st_size > 0


def test_notebooks_open_with_question_data_and_answer_and_end_with_what_they_do_not_show():
    entries = gallery.entries()
    for place, entry in enumerate(entries):
        cells = ["".join(cell["source"]) for cell in gallery.read(entry.path)["cells"]]
        assert [cells[0].count(f"**{part}.**") for part in ("Question", "Data", "Answer")] == [1, 1, 1], entry.path.name
        assert cells[-1].startswith("## What this shows, and what it does not"), entry.path.name
        assert "would change our mind" in cells[-1], entry.path.name
        beside = [each.path.name for each in entries[max(place - 1, 0) : place + 2] if each != entry]
        links = re.findall(r"\]\((\d\d_\w+\.ipynb)\)", cells[-1].splitlines()[-1])
        assert links == beside, entry.path.name
