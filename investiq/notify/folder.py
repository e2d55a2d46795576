"""Delivery into a folder: copies, each put in place in one step."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from investiq.notify.message import DeliveryError, Message

__all__ = ["copy_to_folder"]


def copy_to_folder(message: Message, address: str) -> None:
    """Copy the page and its files into a folder; without a page, write the message as ``KEY.txt``.

    Raises
    ------
    DeliveryError
        If the folder cannot be written to, or a file of the report is gone.
    """
    folder = Path(address).expanduser()
    files = [each for each in (message.page, message.pdf, *message.others) if each is not None]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in files:
            _copy(file, folder / file.name)
        if message.page is None:
            (folder / f"{message.key}.txt").write_text(message.text(), encoding="utf-8")
    except OSError as error:
        raise DeliveryError(
            f"cannot copy to {folder}: {error.strerror or error} ({error.filename}); allow writing there", may_pass=True
        ) from error


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        target.mkdir(exist_ok=True)
        for each in sorted(source.iterdir()):
            _copy(each, target / each.name)
        return
    draft = target.with_name(f".{target.name}.partial")
    try:
        shutil.copyfile(source, draft)
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)
