"""A page on paper: its text layer, its figures, and the reason where there is no PDF."""

from __future__ import annotations

import pytest

from investiq.core.notes import Note
from investiq.reporting.pdf import print_page
from tests.reporting.pdf_text import Pdf


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "page.html"
    path.write_text("<p>one page</p>")
    return path


def reason(page, path):
    found = print_page(page, path)
    assert isinstance(found, Note)
    assert not path.exists()
    return found.text


def test_without_a_browser_there_is_a_reason_and_no_file(page, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("INVESTIQ_CHROMIUM", raising=False)
    assert "no PDF: no Chromium was found; install one or name it in INVESTIQ_CHROMIUM" in reason(
        page, tmp_path / "a.pdf"
    )


def test_a_browser_that_does_not_run_or_fails_is_named_in_the_reason(page, tmp_path, monkeypatch):
    monkeypatch.setenv("INVESTIQ_CHROMIUM", str(page))
    assert "INVESTIQ_CHROMIUM must be an executable file" in reason(page, tmp_path / "a.pdf")
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho cannot start >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("INVESTIQ_CHROMIUM", str(broken))
    assert reason(page, tmp_path / "a.pdf") == "no PDF: broken ended with code 3: cannot start"


@pytest.mark.browser
@pytest.mark.usefixtures("chromium")
def test_paper_is_a4_has_a_text_layer_and_the_figure_drawn_with_its_axes(made, tmp_path):
    pdf = Pdf(print_page(made.path, tmp_path / "report.pdf"))
    # 210 x 297 mm at 72 points an inch.
    assert {(round(width), round(height)) for width, height in pdf.sizes} == {(595, 842)}
    text = "".join(pdf.texts)
    assert "-0.075" in text
    # Ticks of the figure, which a script draws: its closes run from 9.25 to 11.5.
    assert "Dec27" in text or "Dec272018" in text
    assert "11" in text
    # Neither header nor footer: no address, and no title, which the page shows nowhere.
    assert "file:" not in text
    assert "Smallreport" not in text
