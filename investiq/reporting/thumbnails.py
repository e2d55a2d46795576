"""Small pictures of report pages by the Chromium of the system; without one the index has none."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from investiq.core.errors import ConfigError

__all__ = ["FOLDER", "thumbnail", "thumbnail_path"]

FOLDER: Final = "thumbnails"
_TIMEOUT_S: Final = 60
# The head of a page, shrunk; Chromium makes no window, and no picture, narrower than 500.
_WINDOW: Final = "1000,750"
_SCALE: Final = 0.36
# Time that passes within the page while its figures are drawn; none of it is waited for.
_DRAWING_MS: Final = 5_000


def thumbnail_path(page: Path, folder: Path) -> Path:
    """Return where the picture of `page` as it is now lies in the reports folder."""
    about = f"{page.resolve().relative_to(folder.resolve()).as_posix()} {page.stat().st_mtime_ns}"
    return folder / FOLDER / f"{hashlib.sha256(about.encode()).hexdigest()[:16]}.png"


def thumbnail(page: Path, target: Path) -> str:
    """Take a picture of a page, and return an empty text; where there can be none, return why.

    Parameters
    ----------
    page : Path
    target : Path
        The ``.png`` to write.
    """
    from investiq.runtime.browser import find_chromium, headless_command

    try:
        browser = find_chromium()
    except ConfigError as error:
        return str(error)
    if browser is None:
        return "no Chromium was found; install one, or name it in INVESTIQ_CHROMIUM"
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}")
    with tempfile.TemporaryDirectory(prefix="investiq-picture-") as profile:
        command = headless_command(
            browser,
            profile,
            "--hide-scrollbars",
            f"--window-size={_WINDOW}",
            f"--force-device-scale-factor={_SCALE}",
            f"--virtual-time-budget={_DRAWING_MS}",
            f"--screenshot={draft}",
            page.resolve().as_uri(),
        )
        try:
            done = subprocess.run(command, capture_output=True, timeout=_TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired:
            return f"{browser.name} did not finish a picture within {_TIMEOUT_S} s"
        except OSError as error:
            return f"{browser} does not start: {error.strerror or error}"
    if done.returncode or not draft.is_file():
        return f"{browser.name} made no picture (code {done.returncode})"
    os.replace(draft, target)
    return ""
