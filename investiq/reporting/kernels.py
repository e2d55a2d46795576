"""The kernel that a report runs in."""

from __future__ import annotations

import os
from typing import Any, Final

from jupyter_client.manager import AsyncKernelManager
from jupyter_core.paths import jupyter_runtime_dir

__all__ = ["ReportKernel"]

# Figures are stored as data; the exporter draws them. An environment variable keeps the setting out of every template.
_RENDERER: Final = {"PLOTLY_RENDERER": "plotly_mimetype"}

# A Unix socket's path may hold 104 bytes on macOS and 108 on Linux; "/kernel-<uuid>-ipc-1" takes 50.
_LONGEST_FOLDER: Final = 104 - 51


def _transport() -> str:
    """Unix sockets where they exist and fit: nobody else can connect, and ipykernel does not warn about plain TCP."""
    return "ipc" if os.name == "posix" and len(os.fsencode(jupyter_runtime_dir())) <= _LONGEST_FOLDER else "tcp"


class ReportKernel(AsyncKernelManager):
    """A kernel on Unix sockets whose plotly stores figures as data."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"transport": _transport(), **options})

    # jupyter_client types the method by its blocking parent; the class is its asynchronous twin.
    async def start_kernel(self, **launch: Any) -> None:  # type: ignore[override]
        """Start the kernel with plotly's renderer set through its environment."""
        launch["env"] = {**os.environ, **launch.get("env", {}), **_RENDERER}
        await super().start_kernel(**launch)
