"""The one upward door: results reach what draws and exports them by name, without importing it."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["draw", "export"]

_DRAW: Final = ("investiq.figures.drawing", "draw")
_EXPORT: Final = ("investiq.reporting.exporting", "export")


def draw(result: Any, **options: Any) -> go.Figure:
    """Return the figure of `result`."""
    module, name = _DRAW
    return getattr(importlib.import_module(module), name)(result, **options)


def export(result: Any, path: Path) -> Path:
    """Write `result` to `path`; the suffix decides the format."""
    module, name = _EXPORT
    written: Path = getattr(importlib.import_module(module), name)(result, path)
    return written
