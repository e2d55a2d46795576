"""Where files live: the checkout one works in, or the user's own folders."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from investiq.core.errors import ConfigError

__all__ = [
    "data_dir",
    "env_file",
    "log_dir",
    "project_root",
    "reports_dir",
    "results_dir",
    "user_data_dir",
    "writable",
]


def _working_folders() -> list[Path]:
    """Return the working directory and those above it; none if it was deleted meanwhile."""
    try:
        here = Path.cwd()
    except FileNotFoundError:
        return []
    return [here, *here.parents]


def project_root() -> Path | None:
    """Return the InvestIQ checkout that the working directory lies in, or None."""
    for folder in _working_folders():
        if (folder / "pyproject.toml").is_file() and (folder / "investiq" / "__init__.py").is_file():
            return folder
    return None


def env_file() -> Path | None:
    """Return the ``.env`` file: that of the working directory, else that of the checkout, else None."""
    for folder in (*_working_folders()[:1], project_root()):
        if folder is not None and (folder / ".env").is_file():
            return folder / ".env"
    return None


def user_data_dir() -> Path:
    """Return the user's own folder for InvestIQ, by the habit of the system."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "investiq"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "investiq"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "investiq"


def data_dir() -> Path:
    """Return the data folder: ``INVESTIQ_DATA_DIR``, else ``data/cache`` of the checkout, else the user's own."""
    from investiq.runtime.settings import load_settings

    if (chosen := load_settings().data_dir) is not None:
        return chosen
    root = project_root()
    return root / "data" / "cache" if root else user_data_dir() / "data"


def reports_dir() -> Path:
    """Return the folder of reports: ``INVESTIQ_REPORTS_DIR``, else ``reports/output`` of the checkout, else the user's own."""
    from investiq.runtime.settings import load_settings

    if (chosen := load_settings().reports_dir) is not None:
        return chosen
    root = project_root()
    return root / "reports" / "output" if root else user_data_dir() / "reports"


def results_dir() -> Path:
    """Return the folder in which pages keep saved results (``.iq``), inside the data folder."""
    return data_dir() / "results"


def log_dir() -> Path:
    """Return the folder of the log files that notebooks write, inside the data folder."""
    return data_dir() / "logs"


def writable(folder: Path, variable: str) -> Path:
    """Create `folder` where needed, prove that a file can be written in it, and return it.

    Parameters
    ----------
    folder : Path
    variable : str
        The setting that chooses it, named in the error.

    Raises
    ------
    ConfigError
        If the folder cannot be made or written to.
    """
    import tempfile

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ConfigError(
            f"cannot write to {folder}: {error.strerror or error}; allow writing there, or choose another folder with {variable}"
        ) from error
    return folder
