"""The manifest of a report: what it was made of and what it found, as the JSON file beside the page and the block within it."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from investiq.core.errors import ReportError
from investiq.reporting.frames import fingerprints

if TYPE_CHECKING:
    from investiq.reporting.catalog import Template
    from investiq.reporting.passing import Handed

__all__ = ["code_commit", "describe", "digest_of", "embedded", "file_sha256", "read_manifest"]

_FORMAT: Final = "investiq-report"
_VERSION: Final = 1
_BLOCK: Final = re.compile(r'<script type="application/json" id="investiq-manifest">(.*?)</script>', re.DOTALL)


def describe(
    template: Template,
    parameters: Mapping[str, Any],
    files: Mapping[str, str],
    handed: Handed,
    *,
    started_at: datetime,
    notebook_s: float,
) -> dict[str, Any]:
    """Return the manifest of a report that succeeded, as plain values.

    Parameters
    ----------
    template : Template
    parameters : mapping
        As injected into the notebook.
    files : mapping of str to str
        SHA-256 of each file that a parameter names, by the parameter.
    handed : Handed
    started_at : datetime
        Aware, UTC.
    notebook_s : float
        Time of kernel and cells, in seconds.
    """
    told = handed.to_dict()
    tables = {each["title"]: _described(each["columns"]) for each in told.pop("tables")}
    return {
        "format": _FORMAT,
        "version": _VERSION,
        "status": "ok",
        "template": template.name,
        "template_sha256": file_sha256(template.path),
        "parameters": dict(parameters),
        "files": dict(files),
        "theme": parameters["theme"],
        "started_at": started_at.isoformat(),
        "seconds": {"notebook": round(notebook_s, 3)},
        "commit": code_commit(),
        **told,
        "tables": tables,
    }


def _described(columns: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    by_column = fingerprints(columns)
    rows = len(columns[0]["values"]) if columns else 0
    whole = hashlib.sha256(json.dumps(by_column, ensure_ascii=False).encode()).hexdigest()
    return {"rows": rows, "sha256": whole, "columns": by_column}


def digest_of(parameters: Mapping[str, Any], files: Mapping[str, str]) -> str:
    """Return eight letters for all parameters; a file counts by what is in it."""
    text = json.dumps({**parameters, **files}, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def embedded(manifest: Mapping[str, Any]) -> str:
    """Return the manifest as the block of a page that programs read."""
    # A script element ends at the first "</", whatever surrounds it.
    text = json.dumps(manifest, ensure_ascii=False).replace("</", "<\\/")
    return f'<script type="application/json" id="investiq-manifest">{text}</script>'


def read_manifest(path: Path) -> dict[str, Any]:
    """Return the manifest in a report's page or in the ``.json`` file beside it.

    Raises
    ------
    ReportError
        If the file cannot be read, holds no manifest of a report, is damaged,
        or was written by a newer version of InvestIQ.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ReportError(f"cannot read the report {path}: {error}") from error
    if path.suffix.lower() != ".json":
        blocks = _BLOCK.findall(text)
        if len(blocks) != 1:
            raise ReportError(
                f"{path.name} holds {len(blocks)} blocks called investiq-manifest, expected one; name the page of a report, "
                "or the .json file beside it"
            )
        text = blocks[0]
    try:
        manifest = json.loads(text)
    except ValueError as error:
        raise ReportError(
            f"the manifest in {path.name} is damaged: {error}; name another copy of the report"
        ) from error
    if not isinstance(manifest, dict) or manifest.get("format") != _FORMAT:
        raise ReportError(
            f"{path.name} holds no manifest of a report; name the page of one, or the .json file beside it"
        )
    if manifest.get("version") != _VERSION:
        raise ReportError(
            f"{path.name} was written with version {manifest.get('version')!r} of the manifest, this InvestIQ reads "
            f"{_VERSION}: update InvestIQ"
        )
    missing = _NEEDED - manifest.keys()
    if missing:
        raise ReportError(f"the manifest in {path.name} is damaged: it lacks {', '.join(sorted(missing))}")
    return manifest


_NEEDED: Final = frozenset(
    {"template", "template_sha256", "parameters", "files", "as_of", "numbers", "tables", "manifest", "title", "commit"}
)


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def code_commit() -> str | None:
    """Return the commit of the checkout that this code runs from, ``+`` if files of it differ; None outside one."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None

    def git(*words: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(root), *words], capture_output=True, text=True, timeout=10, check=True, encoding="utf-8"
        )
        return done.stdout.strip()

    try:
        commit = git("rev-parse", "HEAD")
        changed = git("status", "--porcelain", "--untracked-files=no", "--", "investiq", "reports/templates")
    except (OSError, subprocess.SubprocessError):
        return None
    return f"{commit}+" if changed else commit
