"""Names and places of report files."""

from __future__ import annotations

import pytest

from investiq.core.errors import ReportError
from investiq.reporting.files import file_name, require_writable, write_latest, write_text


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("^GSPC", "breakout", "2018-12-31"), "GSPC_breakout_2018-12-31"),
        (("BRK.B", "a/b\\c:d*e?"), "BRK.B_a-b-c-d-e"),
        (("../../etc/passwd",), "etc-passwd"),
        (("my_sheet",), "my_sheet"),
        (("CON",), "CON-report"),
        (("nul.x",), "nul.x-report"),
        (("Société Générale", " "), "Societe-Generale"),
        (("x" * 200,), "x" * 80),
    ],
)
def test_a_file_name_holds_only_what_every_system_accepts(words, name):
    assert file_name(*words) == name


def test_a_name_without_letters_or_digits_is_refused():
    with pytest.raises(ReportError, match="give a name with letters or digits"):
        file_name("^^", "/")


def test_a_folder_is_made_with_its_parents(tmp_path):
    folder = tmp_path / "a" / "b"
    assert require_writable(folder) == folder
    assert list(folder.iterdir()) == []


def test_a_place_that_is_a_file_is_refused_with_what_to_do(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportError, match=r"cannot write to .*file.*INVESTIQ_REPORTS_DIR"):
        require_writable(tmp_path / "file")


def test_a_text_replaces_the_old_one_and_leaves_no_partial_file(tmp_path):
    path = tmp_path / "page.html"
    path.write_text("old")
    write_text(path, "nouveau é")
    assert path.read_text(encoding="utf-8") == "nouveau é"
    assert list(tmp_path.iterdir()) == [path]


def test_a_target_that_cannot_be_replaced_is_told(tmp_path):
    (tmp_path / "page.html").mkdir()
    with pytest.raises(ReportError, match=r"cannot write .*page\.html"):
        write_text(tmp_path / "page.html", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_latest_leads_to_the_page_by_a_relative_address_and_escapes_the_title(tmp_path):
    latest = write_latest(tmp_path / "GSPC_breakout.html", "A <b> & c")
    assert latest.name == "latest.html"
    text = latest.read_text()
    assert 'content="0; url=GSPC_breakout.html"' in text
    assert "A &lt;b&gt; &amp; c" in text
    assert not latest.is_symlink()
