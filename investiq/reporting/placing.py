"""Where the files of a report lie while it is made, and how they come to their place: whole, and the page last."""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

from investiq.reporting.files import replacing

__all__ = ["put_in_place", "workshop"]

_MARK: Final = ".making-"

# A run on another machine is over after a day: a cell may take ten minutes.
_OVER_AFTER_S: Final = 86_400


@contextmanager
def workshop(folder: Path) -> Iterator[Path]:
    """Give a hidden folder within `folder` to make a report in; remove it, and those of runs that were killed."""
    for left in folder.glob(f"{_MARK}*"):
        if _is_over(left):
            shutil.rmtree(left, ignore_errors=True)
    work = folder / f"{_MARK}{os.getpid()}-{uuid4().hex[:6]}-{socket.gethostname()}"
    work.mkdir()
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def put_in_place(made: Mapping[str, Path], folder: Path, stem: str, optional: tuple[str, ...]) -> dict[str, Path]:
    """Move what was made to `folder`, each file in one step, and remove what an older run left of the optional kinds.

    A report is many files and a file system moves one at a time. The page goes
    last: it holds all that it shows, so that after a kill on the way the old page
    stands whole, beside files of the new run, which the next one replaces.

    Parameters
    ----------
    made : mapping of str to Path
        By the ending of the name, such as ``".html"``; a folder by ``"_tables"``.
    folder : Path
    stem : str
        Begins each name.
    optional : tuple of str
        Endings that a run may leave out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for ending in optional:
        if ending not in made:
            _remove(folder / f"{stem}{ending}")
    placed = {}
    for ending in sorted(made, key=lambda each: each == ".html"):
        placed[ending] = folder / f"{stem}{ending}"
        _move(made[ending], placed[ending])
    return placed


def _move(source: Path, target: Path) -> None:
    if not source.is_dir():
        # `replacing` words the errors; the source is the partial file.
        with replacing(target, source):
            return
    target.mkdir(exist_ok=True)
    names = {each.name for each in source.iterdir()}
    for each in sorted(source.iterdir()):
        with replacing(target / each.name, each):
            pass
    for old in target.iterdir():
        if old.name not in names:
            old.unlink()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _is_over(work: Path) -> bool:
    """Return whether the process that made a folder is gone."""
    pid, _, host = work.name.removeprefix(_MARK).split("-", 2)
    # On Windows, signal 0 would end the process.
    if host == socket.gethostname() and os.name == "posix":
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            pass
    try:
        return time.time() - work.stat().st_mtime > _OVER_AFTER_S
    except FileNotFoundError:
        return False
