"""Widgets for notebooks and Voila apps, loaded on first use."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from investiq.widgets.backtest_lab import BacktestLab
    from investiq.widgets.data_quality import DataQuality
    from investiq.widgets.home import Home
    from investiq.widgets.live import live
    from investiq.widgets.market_overview import MarketOverview
    from investiq.widgets.serving import serve
    from investiq.widgets.symbol_analysis import SymbolAnalysis
    from investiq.widgets.trade_review import TradeReview

_HOMES: Final[dict[str, str]] = {
    "BacktestLab": "investiq.widgets.backtest_lab",
    "DataQuality": "investiq.widgets.data_quality",
    "Home": "investiq.widgets.home",
    "MarketOverview": "investiq.widgets.market_overview",
    "SymbolAnalysis": "investiq.widgets.symbol_analysis",
    "TradeReview": "investiq.widgets.trade_review",
    "live": "investiq.widgets.live",
    "serve": "investiq.widgets.serving",
}

__all__ = ["BacktestLab", "DataQuality", "Home", "MarketOverview", "SymbolAnalysis", "TradeReview", "live", "serve"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'investiq.widgets' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
