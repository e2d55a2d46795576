"""`iq.replay_report`: what moved, the cause, and pages that cannot be replayed."""

from __future__ import annotations

import json
import shutil

import pytest

import investiq as iq
from investiq.core.errors import ReportError
from investiq.reporting import manifests
from tests.reporting.conftest import SMALL, write_small_template


@pytest.fixture
def copied(made, tmp_path):
    """The report in another folder, as after a move."""
    shutil.copytree(made.path.parent, tmp_path / "moved")
    return tmp_path / "moved" / made.path.name


def rewrite(page, change):
    """Change the manifest in a page."""
    manifest = manifests.read_manifest(page)
    change(manifest)
    text = page.read_text(encoding="utf-8")
    old = manifests._BLOCK.search(text).group()
    page.write_text(text.replace(old, manifests.embedded(manifest)), encoding="utf-8")
    return page


def test_a_report_that_was_moved_comes_out_the_same(small, copied):
    found = iq.replay_report(copied)
    assert found.verdict == "unchanged"
    assert [each.label for each in found.numbers] == ["Total", "Gap"]
    assert [each.title for each in found.compared_tables] == ["Closes", "Closes: by day/hour"]
    assert found.cause == ""
    assert {each.name: each.is_same for each in found.conditions if each.name != "commit"} == dict.fromkeys(
        ("template", "code", "packages", "python", "data"), True
    )
    assert found.title == "Replay of Small report: unchanged"


def test_a_number_that_moved_by_less_than_is_shown_is_told_in_full(small, copied):
    path = copied.with_suffix(".json")
    manifest = json.loads(path.read_text("utf-8"))
    manifest["numbers"][0]["value"] = -0.07500001
    path.write_text(json.dumps(manifest), "utf-8")
    found = iq.replay_report(path)
    assert [each.label for each in found.moved] == ["Total"]
    assert found.tables()[0].rows == (("Total", "-0.07500001", "-0.075"),)


def test_what_moved_is_told_by_number_table_column_and_row_with_its_cause(copied, tmp_path, monkeypatch):
    # The template of today adds a cent to the second close and takes the first day of three away.
    edited = SMALL[0] + '\ntold["total"] = -0.08\ntable = table.iloc[1:].assign(close=[11.51, 9.25])'
    folder = write_small_template(tmp_path / "edited", cells=(edited, *SMALL[1:]))
    monkeypatch.setattr("investiq.reporting.catalog._paths", lambda: {"small": folder / "small.ipynb"})
    found = iq.replay_report(copied.with_suffix(".json"))
    assert found.verdict == "moved"
    assert [(each.label, each.published, each.present) for each in found.numbers if each.is_moved] == [
        ("Total", -0.075, -0.08)
    ]
    [table, other] = found.compared_tables
    assert (table.rows_published, table.rows_present, table.rows_moved) == (3, 2, 3)
    # "=1+1" three times is not "=1+1" twice.
    assert table.columns_moved == ("day", "close", "change", "word")
    assert other.columns_moved == ("close", "change", "word")
    assert "template" in found.cause
    text = str(found)
    for words in ("-7.50 %", "-8.00 %", "Tables that moved", "edited since"):
        assert words in text
        assert words in found._repr_html_()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda manifest: manifest.update(version=2),
            "written with version 2 of the manifest, this InvestIQ reads 1: update",
        ),
        (lambda manifest: manifest.pop("numbers"), "is damaged: it lacks numbers"),
        (lambda manifest: manifest.update(format="other"), "holds no manifest of a report"),
        (lambda manifest: manifest["files"].update(source_file="0" * 64), "is not the file that the report read"),
        (
            lambda manifest: manifest["parameters"].update(source_file="gone.json"),
            r"read gone\.json, which is not beside",
        ),
        (
            lambda manifest: manifest.update(template="smal"),
            "no report template is called 'smal'; did you mean 'small'",
        ),
        (lambda manifest: manifest["parameters"].update(pause=601), "pause must be .* 0 to 600, was 601"),
    ],
)
def test_a_manifest_that_cannot_be_run_again_is_refused_in_words(small, copied, change, message):
    with pytest.raises(ReportError, match=message):
        iq.replay_report(rewrite(copied, change))


def test_a_page_without_a_manifest_or_with_half_of_one_is_refused(copied, tmp_path):
    text = copied.read_text(encoding="utf-8")
    block = manifests._BLOCK.search(text).group(1)
    plain = tmp_path / "plain.html"
    plain.write_text(text.replace("investiq-manifest", "other"), encoding="utf-8")
    with pytest.raises(ReportError, match=r"plain\.html holds 0 blocks called investiq-manifest, expected one"):
        iq.replay_report(plain)
    plain.write_text(text.replace(block, block[: len(block) // 2]), encoding="utf-8")
    with pytest.raises(ReportError, match=r"the manifest in plain\.html is damaged"):
        iq.replay_report(plain)
    with pytest.raises(ReportError, match="cannot read the report"):
        iq.replay_report(tmp_path / "gone.html")
    (tmp_path / "list.json").write_text(json.dumps([1]))
    with pytest.raises(ReportError, match="holds no manifest of a report"):
        iq.replay_report(tmp_path / "list.json")


def test_a_manifest_cannot_end_the_block_that_holds_it():
    text = manifests.embedded({"title": "</script><b>"})
    assert text.count("</script>") == 1
    assert json.loads(manifests._BLOCK.search(text).group(1)) == {"title": "</script><b>"}
