"""The index page of a folder of reports: all of them with search and pictures, and how the last runs ended."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from investiq.reporting.files import require_writable, write_text
from investiq.reporting.outcomes import WORDS
from investiq.reporting.run_history import Run, report_runs
from investiq.reporting.thumbnails import FOLDER, thumbnail, thumbnail_path
from investiq.runtime import clock

__all__ = ["NAME", "Entry", "found_reports", "index_html", "write_index"]

NAME: Final = "index.html"
_RUNS_SHOWN: Final = 12
_log = logging.getLogger(__name__)

_SEARCH: Final = """
const box = document.querySelector('input'), none = document.querySelector('#none');
const items = [...document.querySelectorAll('[data-words]')];
const look = () => {
  const words = box.value.toLowerCase().split(/\\s+/).filter(Boolean);
  for (const item of items) item.hidden = !words.every(word => item.dataset.words.includes(word));
  none.hidden = items.some(item => !item.hidden);
};
box.addEventListener('input', look);
look();
"""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A report in the folder, as its manifest describes it."""

    page: Path
    title: str
    template: str
    subject: str
    as_of: datetime
    summary: str
    watermark: str | None
    picture: Path | None = None


def write_index(folder: Path | None = None, *, pictures: bool = True) -> Path:
    """Write ``index.html`` of a folder of reports anew, in one step, and return it.

    Parameters
    ----------
    folder : Path, optional
        By default the reports folder.
    pictures : bool, default True
        Whether to take pictures of pages that have none; it takes seconds each.

    Raises
    ------
    ReportError
        If the folder cannot be written to.
    """
    from investiq.runtime.paths import reports_dir

    chosen = require_writable(reports_dir() if folder is None else folder)
    entries = found_reports(chosen)
    reason = _take_pictures(_newest(entries), chosen) if pictures else ""
    if reason:
        _log.warning("the index has no pictures: %s", reason)
    entries = [_pictured(each, chosen) for each in entries]
    _prune(entries, chosen)
    return write_text(chosen / NAME, index_html(entries, report_runs(limit=200), chosen))


def found_reports(folder: Path) -> list[Entry]:
    """Return the reports of a folder, the newest day of knowledge first."""
    # What is being made lies in a hidden folder beside its place; `iq.tear_sheet` writes into the folder itself.
    dated = (path for path in folder.glob("*/*/*.json") if not path.parent.name.startswith("."))
    found = map(_entry, (*dated, *folder.glob("*.json")))
    return sorted(filter(None, found), key=lambda each: (each.as_of, each.title), reverse=True)


def _entry(manifest: Path) -> Entry | None:
    page = manifest.with_suffix(".html")
    try:
        values: Any = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # being written, or not ours
        return None
    if not isinstance(values, dict) or values.get("format") != "investiq-report" or not page.is_file():
        return None
    return Entry(
        page=page,
        title=values["title"],
        template=values["template"],
        subject=values["subject"],
        as_of=datetime.fromisoformat(values["as_of"]),
        summary=next(iter(values["summary"]), ""),
        watermark=values["watermark"],
    )


def _newest(entries: Iterable[Entry]) -> list[Entry]:
    """Return of each template and subject the newest report."""
    first: dict[tuple[str, str], Entry] = {}
    for each in entries:
        first.setdefault((each.template, each.subject), each)
    return list(first.values())


def _take_pictures(entries: Iterable[Entry], folder: Path) -> str:
    for each in entries:
        target = thumbnail_path(each.page, folder)
        if not target.exists() and (reason := thumbnail(each.page, target)):
            return reason
    return ""


def _pictured(entry: Entry, folder: Path) -> Entry:
    picture = thumbnail_path(entry.page, folder)
    return Entry(**{**vars(entry), "picture": picture}) if picture.exists() else entry


def _prune(entries: Iterable[Entry], folder: Path) -> None:
    kept = {each.picture for each in entries}
    for picture in (folder / FOLDER).glob("*.png"):
        if picture not in kept:
            picture.unlink(missing_ok=True)


def index_html(entries: Sequence[Entry], runs: Sequence[Run], folder: Path) -> str:
    """Return the page: cards of the newest reports, the last runs, and the older reports."""
    newest = _newest(entries)
    older = [each for each in entries if each not in newest]
    style = (Path(__file__).with_name("index.css")).read_text(encoding="utf-8")
    cards = "".join(_card(each, folder) for each in newest)
    rows = "".join(_older(each, folder) for each in older)
    parts = [
        f'<section class="grid">{cards}</section>' if cards else "<p>No report has been made yet: investiq report list.</p>",
        _runs_table(_last_runs(runs), folder),
        _table("Older reports", ("As of", "Report", "Subject", ""), rows) if rows else "",
    ]  # fmt: skip
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>InvestIQ reports</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{style}</style></head><body><main>'
        f"<header><div><h1>Reports</h1><p class=quiet>{len(entries)} report{'' if len(entries) == 1 else 's'}, as of {clock.now():%Y-%m-%d %H:%M} UTC</p></div>"
        '<input type="search" placeholder="Search title, subject, date, status" aria-label="Search reports"></header>'
        f'{"".join(parts)}<p id="none" class="quiet" hidden>Nothing fits the search.</p></main>'
        f"<script>{_SEARCH}</script></body></html>\n"
    )


def _last_runs(runs: Iterable[Run]) -> list[Run]:
    """Return the last run of each schedule, and of each template run by hand, newest first."""
    first: dict[tuple[str | None, str], Run] = {}
    for run in runs:
        first.setdefault((run.schedule, run.template), run)
    return list(first.values())[:_RUNS_SHOWN]


def _card(entry: Entry, folder: Path) -> str:
    mark = f' <span class="mark">{escape(entry.watermark)}</span>' if entry.watermark else ""
    picture = (
        f'<img loading="lazy" alt="" src="{_link(entry.picture, folder)}">'
        if entry.picture
        else '<div class="empty"></div>'
    )
    return (
        f'<a class="card" href="{_link(entry.page, folder)}" {_words(entry)}>{picture}<div class="words">'
        f'<b>{escape(entry.title)}</b><span class="quiet">{escape(entry.template)} · {escape(entry.subject)} · '
        f'{entry.as_of:%Y-%m-%d}</span>{mark}<span class="line">{escape(entry.summary)}</span></div></a>'
    )


def _older(entry: Entry, folder: Path) -> str:
    mark = f'<span class="mark">{escape(entry.watermark)}</span>' if entry.watermark else ""
    return (
        f'<tr {_words(entry)}><td class="when">{entry.as_of:%Y-%m-%d}</td>'
        f'<td><a href="{_link(entry.page, folder)}">{escape(entry.title)}</a></td><td>{escape(entry.subject)}</td><td>{mark}</td></tr>'
    )


def _runs_table(runs: Sequence[Run], folder: Path) -> str:
    rows = []
    for run in runs:
        good = run.status in ("done", "running")
        words = escape(WORDS[run.status])
        page = Path(run.page) if run.page else None
        if page is not None and page.is_file() and page.is_relative_to(folder):
            words = f'<a href="{_link(page, folder)}">{words}</a>'
        told = run.reason or (run.summary[0] if run.summary else "")
        name = run.schedule or f"{run.template}, by hand"
        rows.append(
            f'<tr data-words="{escape(f"{name} {run.status} {told}".lower(), quote=True)}">'
            f'<td class="when">{run.started_at:%Y-%m-%d %H:%M}</td><td>{escape(name)}</td>'
            f"<td{'' if good else ' class=bad'}>{'' if good else '▲ '}{words}</td><td>{escape(told)}</td></tr>"
        )
    return _table("Last runs", ("Began (UTC)", "Report", "Outcome", ""), "".join(rows)) if rows else ""


def _table(title: str, head: Iterable[str], rows: str) -> str:
    cells = "".join(f"<th>{each}</th>" for each in head)
    return (
        f'<h2>{title}</h2><div class="scroll"><table><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _words(entry: Entry) -> str:
    text = (
        f"{entry.title} {entry.template} {entry.subject} {entry.as_of:%Y-%m-%d} {entry.watermark or ''} {entry.summary}"
    )
    return f'data-words="{escape(text.lower(), quote=True)}"'


def _link(path: Path, folder: Path) -> str:
    return quote(Path(os.path.relpath(path, folder)).as_posix())
