"""Widgets for notebooks and Voila apps, loaded on first use."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from investiq.widgets.live import live
    from investiq.widgets.serving import serve
    from investiq.widgets.symbol_analysis import SymbolAnalysis

_HOMES: Final[dict[str, str]] = {
    "SymbolAnalysis": "investiq.widgets.symbol_analysis",
    "live": "investiq.widgets.live",
    "serve": "investiq.widgets.serving",
}

__all__ = ["SymbolAnalysis", "live", "serve"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'investiq.widgets' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
