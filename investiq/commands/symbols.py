"""Symbols as arguments of a command, completed by the tab key."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

__all__ = ["SymbolName"]


class SymbolName(click.ParamType[str]):
    """A symbol as it is typed; completion offers those that are there without a network."""

    name = "symbol"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the symbols of the sample, the invented shares and the store that begin like `incomplete`."""
        from investiq.market.store import open_store
        from investiq.market.vendors import sample, synthetic

        known = [*sample.BAR_SYMBOLS, *synthetic.SYMBOLS, *(key.symbol for key in open_store().keys("bars"))]
        start = incomplete.upper()
        return [CompletionItem(symbol) for symbol in dict.fromkeys(known) if symbol.startswith(start)]
