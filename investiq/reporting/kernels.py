"""The kernel that a report runs in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar, Final
from uuid import uuid4

from jupyter_client.manager import AsyncKernelManager
from jupyter_core.paths import jupyter_runtime_dir

__all__ = ["OfflineReportKernel", "ReportKernel"]

# Figures are stored as data, which the exporter draws, and no bar of progress stays on a page. Environment variables keep
# both settings out of every template.
_ENVIRONMENT: Final[dict[str, str]] = {"PLOTLY_RENDERER": "plotly_mimetype", "INVESTIQ_PROGRESS": "logged"}

# plotly imports nbformat, it jsonschema, and that an optional checker of addresses whose grammar takes 2 s to build.
_QUICK_START: Final = "--IPKernelApp.exec_lines=import sys; sys.modules['rfc3987_syntax'] = None"

# The path of a Unix socket ends at 104 bytes on macOS and at 108 on Linux.
_LONGEST_SOCKET: Final = 103


class ReportKernel(AsyncKernelManager):
    """A kernel on Unix sockets, where there are any, whose plotly stores figures as data.

    Over TCP any user of the machine can reach the ports, and ipykernel warns of
    it. The sockets lie in the user's own runtime folder: jupyter_client's default
    is a name relative to the working directory, which manager and kernel do not share.
    """

    environment: ClassVar[dict[str, str]] = _ENVIRONMENT

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        folder = Path(jupyter_runtime_dir())
        name = folder / f"investiq-{uuid4().hex[:12]}"
        if os.name == "posix" and len(os.fsencode(f"{name}-1")) <= _LONGEST_SOCKET:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.transport, self.ip = "ipc", str(name)

    # jupyter_client types the method by its blocking parent; the class is its asynchronous twin.
    async def start_kernel(self, **launch: Any) -> None:  # type: ignore[override]
        """Start the kernel with the settings of reports in its environment, and without the slowest of its imports."""
        launch["env"] = {**os.environ, **launch.get("env", {}), **self.environment}
        launch["extra_arguments"] = [*launch.get("extra_arguments", ()), _QUICK_START]
        await super().start_kernel(**launch)


class OfflineReportKernel(ReportKernel):
    """A kernel in which any connection beyond this machine is an error."""

    environment: ClassVar[dict[str, str]] = {**_ENVIRONMENT, "INVESTIQ_OFFLINE": "1"}
