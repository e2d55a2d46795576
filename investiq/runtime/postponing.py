"""Postpones the slowest import that notebooks bring along until something needs it."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType
from typing import Any, Final

__all__ = ["postpone_address_grammar"]

_GRAMMAR: Final = "rfc3987_syntax"


def postpone_address_grammar() -> None:
    """Let the grammar of international addresses be built when the first one is checked.

    plotly and nbclient import nbformat, it jsonschema, and that a package which
    builds a grammar for two seconds on import. No notebook has a use for it. A
    stand-in takes its place, and gives way to the package at the first use.
    """
    if _GRAMMAR in sys.modules:
        return
    spec = importlib.util.find_spec(_GRAMMAR)
    if spec is None:
        return
    stand_in = ModuleType(_GRAMMAR)

    def real() -> Any:
        if sys.modules.get(_GRAMMAR) is stand_in:
            del sys.modules[_GRAMMAR]
        return importlib.import_module(_GRAMMAR)

    def is_valid_syntax(rule: str, text: str) -> Any:
        return real().is_valid_syntax(rule, text)

    def any_other(name: str) -> Any:
        if name.startswith("__"):  # what the import system looks for
            raise AttributeError(name)
        return getattr(real(), name)

    vars(stand_in).update(__spec__=spec, __getattr__=any_other, is_valid_syntax=is_valid_syntax)
    sys.modules[_GRAMMAR] = stand_in
