"""A page on paper: A4 by the Chromium of the system, which draws the figures at the width of the paper."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Final

from investiq.core.errors import ConfigError
from investiq.core.notes import Note

__all__ = ["print_page"]

_TIMEOUT_S: Final = 120

# Time that passes within the page while its figures are drawn; none of it is waited for.
_DRAWING_MS: Final = 10_000


def print_page(page: Path, path: Path) -> Path | Note:
    """Print a self-contained page to a PDF file; without a browser, or where it fails, return the reason.

    The report does not depend on it: the page itself prints from any browser.
    """
    from investiq.runtime.browser import find_chromium, headless_command

    try:
        browser = find_chromium()
    except ConfigError as error:
        return _none(str(error))
    if browser is None:
        return _none(
            "no Chromium was found; install one or name it in INVESTIQ_CHROMIUM, or print the page from a browser"
        )
    with tempfile.TemporaryDirectory(prefix="investiq-print-") as profile:
        command = headless_command(
            browser,
            profile,
            f"--virtual-time-budget={_DRAWING_MS}",
            "--no-pdf-header-footer",
            f"--print-to-pdf={path}",
            page.resolve().as_uri(),
        )
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                encoding="utf-8",
                errors="replace",
                timeout=_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return _none(f"{browser.name} did not finish within {_TIMEOUT_S} s")
        except OSError as error:
            return _none(f"{browser} does not start: {error.strerror or error}")
    if done.returncode or not path.is_file() or not path.stat().st_size:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        return _none(f"{browser.name} ended with code {done.returncode}: {said[-1] if said else 'it said nothing'}")
    return path


def _none(reason: str) -> Note:
    return Note(code="no_pdf", text=f"no PDF: {reason}")
