"""Whether the symbols of a report come from anywhere, as far as that can be known without asking a vendor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from investiq.reporting.catalog import Template

__all__ = ["require_symbols"]


def require_symbols(template: Template, values: Mapping[str, Any]) -> None:
    """Refuse a symbol that neither ships with the installation, nor is stored, nor has a vendor to be asked.

    Raises
    ------
    UnknownSymbolError
        As `iq.load_bars` raises it, with fewer words.
    DataError
        If it is a series without bars.
    """
    for parameter in template.parameters:
        if parameter.unit == "symbol" and values[parameter.name]:
            _require(values[parameter.name])


def _require(symbol: str) -> None:
    from investiq.market import bundled
    from investiq.market.routing import chain
    from investiq.market.store import open_store

    if symbol in bundled.HOMES or chain() or any(open_store().keys("bars", None, symbol)):
        return
    bundled.served(symbol, None, "; the key of a vendor loads others (docs/data.md)")
