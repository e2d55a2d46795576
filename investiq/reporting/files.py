"""Files of reports: names that every system accepts, checks before work, and replacement in one step."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Final

from investiq.core.errors import ConfigError, ReportError
from investiq.runtime.paths import writable

__all__ = ["file_name", "replacing", "require_writable", "sibling", "write_latest", "write_text"]

# Windows keeps these names for devices, with any suffix.
_RESERVED: Final = re.compile(r"^(con|prn|aux|nul|com[0-9]|lpt[0-9])$", re.IGNORECASE)
_LONGEST_NAME: Final = 80


def file_name(*words: object) -> str:
    """Join `words` to a file name without suffix that Linux, macOS and Windows accept.

    Letters (without accents), digits, dots, hyphens and underscores stay; each
    run of other characters becomes one hyphen; words are joined by underscores.

    Raises
    ------
    ReportError
        If no letter or digit is left.

    Examples
    --------
    >>> file_name("^GSPC", "Breakout(55, 20)", "2018-12-31")
    'GSPC_Breakout-55-20_2018-12-31'
    """
    plain = (unicodedata.normalize("NFKD", str(word)).encode("ascii", "ignore").decode() for word in words)
    parts = [re.sub(r"[^A-Za-z0-9._]+", "-", word).strip("-.") for word in plain]
    name = "_".join(part for part in parts if part)[:_LONGEST_NAME].rstrip("-._")
    if not name:
        raise ReportError(f"no file name can be made of {words!r}; give a name with letters or digits")
    return f"{name}-report" if _RESERVED.match(name.split(".")[0]) else name


def require_writable(folder: Path) -> Path:
    """Make `folder` if needed and write a probe into it, before any work is done.

    Raises
    ------
    ReportError
        If the folder cannot be made or written to.
    """
    try:
        return writable(folder, "folder= or INVESTIQ_REPORTS_DIR")
    except ConfigError as error:
        raise ReportError(str(error)) from error


def sibling(path: Path, mark: str) -> Path:
    """Return the path beside `path` with `mark` before its suffix.

    Examples
    --------
    >>> sibling(Path("daily.ipynb"), "partial").name
    'daily.partial.ipynb'
    """
    return path.with_name(f"{path.stem}.{mark}{path.suffix}")


@contextmanager
def replacing(path: Path, partial: Path | None = None) -> Iterator[Path]:
    """Give a partial path to write to; put it in place in one step, so that no reader sees half a file.

    Parameters
    ----------
    path : Path
    partial : Path, optional
        On the same file system; by default a sibling of `path`.

    Raises
    ------
    ReportError
        If the file cannot be written or replaced; the old one stays and no
        partial one is left.
    """
    partial = partial or sibling(path, "partial")
    try:
        yield partial
        os.replace(partial, path)
    except OSError as error:
        raise ReportError(
            f"cannot write {path}: {error.strerror or error}; close it elsewhere or choose another"
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> Path:
    """Write `text` as UTF-8 in one step."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")
    return path


def write_latest(page: Path, title: str, folder: Path | None = None) -> Path:
    """Point ``latest.html`` of `folder`, by default that of `page`, to the page, which lies in it or below.

    A page of one redirect instead of a symbolic link, which Windows allows to
    administrators only, and instead of a copy, which would take megabytes.
    """
    folder = folder or page.parent
    target, words = escape(page.relative_to(folder).as_posix(), quote=True), escape(title)
    return write_text(
        folder / "latest.html",
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="refresh" content="0; url={target}"><title>{words}</title></head>'
        f'<body><p>The latest report is <a href="{target}">{words}</a>.</p></body></html>\n',
    )
