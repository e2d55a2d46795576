"""Finds the Chromium that prints pages, takes pictures and runs browser tests, and starts it without a window."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from investiq.core.errors import ConfigError
from investiq.runtime.settings import load_settings

__all__ = ["find_chromium", "headless_command"]

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find_chromium() -> Path | None:
    """Return the executable that ``INVESTIQ_CHROMIUM`` names, else the first of the usual names on the PATH, else None.

    Raises
    ------
    ConfigError
        If ``INVESTIQ_CHROMIUM`` names something that cannot be run.
    """
    chosen = load_settings().chromium
    if chosen is not None:
        if not (chosen.is_file() and os.access(chosen, os.X_OK)):
            raise ConfigError(f"INVESTIQ_CHROMIUM must be an executable file, was {chosen}; correct it or unset it")
        return chosen
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    return Path(found) if found else None


def headless_command(browser: Path, profile: str, *options: str) -> list[str]:
    """Return the command line of a browser without a window that fetches nothing by itself.

    Parameters
    ----------
    browser : Path
    profile : str
        A folder of its own for this run.
    *options : str
        What it is to do, the address last.
    """
    return [
        str(browser),
        "--headless",
        # Chromium's own sandbox does not start as root; the page is ours and may fetch nothing.
        *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
        "--disable-gpu",
        "--no-first-run",
        "--disable-extensions",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        f"--user-data-dir={profile}",
        *options,
    ]
