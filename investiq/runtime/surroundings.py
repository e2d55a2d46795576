"""Where the code runs: a notebook's kernel or a terminal."""

from __future__ import annotations

import sys
from typing import TextIO

__all__ = ["in_notebook", "is_terminal"]


def in_notebook() -> bool:
    """Return whether a Jupyter kernel runs this code (a plain IPython shell is a terminal)."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None
    return shell is not None and getattr(shell, "kernel", None) is not None


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether a person watches `stream`."""
    return stream is not None and not stream.closed and stream.isatty()
