"""Finds the Chromium that browser tests and screenshots drive."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from investiq.core.errors import ConfigError
from investiq.runtime.settings import load_settings

__all__ = ["find_chromium"]

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
