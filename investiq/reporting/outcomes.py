"""The outcome of a run as a message: what was made, what failed where and why, or which data were too old."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Final

from investiq.notify.message import Message
from investiq.reporting.run_history import Run

__all__ = ["WORDS", "message_of"]

# What each status means to a reader.
WORDS: Final = {
    "running": "is being made",
    "done": "is ready",
    "failed": "FAILED",
    "stale": "was NOT MADE: its data are too old",
    "interrupted": "was INTERRUPTED",
    "missed": "was MISSED",
}


def message_of(run: Run) -> Message:
    """Return what is delivered of a run that has ended."""
    name = run.schedule or run.template
    told = run.title if run.status == "done" and run.title else name
    mark = f" [{run.watermark}]" if run.watermark else ""
    facts = {
        "Report": name,
        "Template": run.template,
        "Subject": run.subject,
        "As of": _moment(run.as_of),
        "Due": _moment(run.due_at),
        "Ended": _moment(run.finished_at),
        "Attempt": str(run.attempt),
        "Failed cell": "" if run.failed_cell is None else str(run.failed_cell),
        "Page": run.page or "",
        "Data": f"{run.watermark}: not for decisions" if run.watermark else "",
    }
    return Message(
        key=run.id,
        headline=f"{told}{mark} {WORDS[run.status]}",
        paragraphs=tuple(filter(None, (*run.summary, run.reason))),
        facts={label: value for label, value in facts.items() if value},
        payload=_payload(run),
        page=_existing(run.page),
        pdf=_existing(run.files.get("PDF")),
        others=tuple(path for label in ("Workbook", "Tables") if (path := _existing(run.files.get(label))) is not None),
    )


def _payload(run: Run) -> dict[str, Any]:
    return {
        "event": f"report.{run.status}",
        "run": run.id,
        "report": run.schedule,
        "template": run.template,
        "parameters": dict(run.parameters),
        "status": run.status,
        "attempt": run.attempt,
        "title": run.title,
        "subject": run.subject,
        "summary": list(run.summary),
        "watermark": run.watermark,
        "as_of": _iso(run.as_of),
        "due_at": _iso(run.due_at),
        "started_at": _iso(run.started_at),
        "finished_at": _iso(run.finished_at),
        "reason": run.reason,
        "failed_cell": run.failed_cell,
        "page": Path(run.page).name if run.page else None,
    }


def _existing(path: str | None) -> Path | None:
    return Path(path) if path and Path(path).exists() else None


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else ""
