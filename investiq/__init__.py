"""InvestIQ: a research workbench for stocks whose numbers can be defended.

The public names load on first use, so that ``import investiq`` costs nothing.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any, Final

__version__ = "0.1.0"

if TYPE_CHECKING:
    from investiq import figures, indicators, metrics, strategies, widgets
    from investiq.analysis.analyzing import analyze
    from investiq.analysis.closing import daily_close
    from investiq.analysis.radar import risk_radar
    from investiq.analysis.screening import screen
    from investiq.analysis.surveying import market_overview
    from investiq.auditing.leaks import audit
    from investiq.backtesting.comparing import compare_runs
    from investiq.backtesting.engine import backtest
    from investiq.backtesting.monte_carlo import monte_carlo
    from investiq.backtesting.replaying import replay
    from investiq.backtesting.result import load_result
    from investiq.backtesting.strategy_comparing import compare_strategies
    from investiq.backtesting.sweeps import sweep
    from investiq.backtesting.trade_annotating import annotate_trade, trade_notes
    from investiq.backtesting.trade_outcomes import review_trades
    from investiq.backtesting.trade_reviewing import review_trade
    from investiq.backtesting.trials import annotate_trial, open_holdout, trials
    from investiq.backtesting.validating import cross_validate, walk_forward
    from investiq.core.errors import InvestIQError
    from investiq.core.orders import Signal
    from investiq.execution.costs import Costs, MarketImpact, PerShareFees
    from investiq.execution.options import RegimeSizing, RunOptions
    from investiq.execution.presets import preset
    from investiq.history.bars import Bars
    from investiq.history.history import History
    from investiq.history.panel import Panel
    from investiq.interop.cross_checking import cross_check
    from investiq.interop.pyfolio import to_pyfolio
    from investiq.interop.quantstats import to_quantstats
    from investiq.interop.vectorbt import to_vectorbt
    from investiq.interop.vectorbt_accounts import from_vectorbt
    from investiq.interop.vectorbt_parity import compare_with_vectorbt
    from investiq.market.action_lab import check_actions
    from investiq.market.bulk import fetch, fetch_async
    from investiq.market.bundled import list_symbols, synthetic_truth
    from investiq.market.comparing import compare_data
    from investiq.market.histories import load_history
    from investiq.market.instruments import list_ticker_changes, ticker_now, ticker_on
    from investiq.market.loading import load_bars
    from investiq.market.panel_loading import load_panel
    from investiq.market.quality import check_bars
    from investiq.market.quotes import quote
    from investiq.market.record_loading import load_records
    from investiq.market.reference import list_tickers, search_symbols
    from investiq.market.streaming.opening import stream_bars
    from investiq.market.streaming.sources.playback import Playback
    from investiq.market.surveying import data_overview
    from investiq.market.trailing import price_changes
    from investiq.market.universes import list_universes, load_universe, read_universe
    from investiq.market.validating import compare_sources
    from investiq.market.vendors.files import read_bars
    from investiq.market.vendors.record_files import read_records
    from investiq.metrics.assessing import assess
    from investiq.metrics.conventions import Convention
    from investiq.metrics.correlation import correlate
    from investiq.metrics.factors import factor_model
    from investiq.metrics.measuring import measure
    from investiq.reporting.replaying import replay_report
    from investiq.reporting.sheets import make_report, tear_sheet

_HOMES: Final[dict[str, str]] = {
    "Bars": "investiq.history.bars",
    "Convention": "investiq.metrics.conventions",
    "Costs": "investiq.execution.costs",
    "History": "investiq.history.history",
    "InvestIQError": "investiq.core.errors",
    "MarketImpact": "investiq.execution.costs",
    "Panel": "investiq.history.panel",
    "PerShareFees": "investiq.execution.costs",
    "Playback": "investiq.market.streaming.sources.playback",
    "RegimeSizing": "investiq.execution.options",
    "RunOptions": "investiq.execution.options",
    "Signal": "investiq.core.orders",
    "analyze": "investiq.analysis.analyzing",
    "annotate_trade": "investiq.backtesting.trade_annotating",
    "annotate_trial": "investiq.backtesting.trials",
    "assess": "investiq.metrics.assessing",
    "audit": "investiq.auditing.leaks",
    "backtest": "investiq.backtesting.engine",
    "check_actions": "investiq.market.action_lab",
    "check_bars": "investiq.market.quality",
    "compare_data": "investiq.market.comparing",
    "compare_runs": "investiq.backtesting.comparing",
    "compare_sources": "investiq.market.validating",
    "compare_strategies": "investiq.backtesting.strategy_comparing",
    "compare_with_vectorbt": "investiq.interop.vectorbt_parity",
    "correlate": "investiq.metrics.correlation",
    "cross_check": "investiq.interop.cross_checking",
    "factor_model": "investiq.metrics.factors",
    "cross_validate": "investiq.backtesting.validating",
    "daily_close": "investiq.analysis.closing",
    "data_overview": "investiq.market.surveying",
    "fetch": "investiq.market.bulk",
    "fetch_async": "investiq.market.bulk",
    "from_vectorbt": "investiq.interop.vectorbt_accounts",
    "list_symbols": "investiq.market.bundled",
    "list_ticker_changes": "investiq.market.instruments",
    "list_tickers": "investiq.market.reference",
    "list_universes": "investiq.market.universes",
    "load_bars": "investiq.market.loading",
    "load_history": "investiq.market.histories",
    "load_panel": "investiq.market.panel_loading",
    "load_records": "investiq.market.record_loading",
    "load_result": "investiq.backtesting.result",
    "load_universe": "investiq.market.universes",
    "market_overview": "investiq.analysis.surveying",
    "make_report": "investiq.reporting.sheets",
    "measure": "investiq.metrics.measuring",
    "monte_carlo": "investiq.backtesting.monte_carlo",
    "open_holdout": "investiq.backtesting.trials",
    "preset": "investiq.execution.presets",
    "price_changes": "investiq.market.trailing",
    "quote": "investiq.market.quotes",
    "read_bars": "investiq.market.vendors.files",
    "read_records": "investiq.market.vendors.record_files",
    "read_universe": "investiq.market.universes",
    "replay": "investiq.backtesting.replaying",
    "replay_report": "investiq.reporting.replaying",
    "review_trade": "investiq.backtesting.trade_reviewing",
    "review_trades": "investiq.backtesting.trade_outcomes",
    "risk_radar": "investiq.analysis.radar",
    "screen": "investiq.analysis.screening",
    "search_symbols": "investiq.market.reference",
    "stream_bars": "investiq.market.streaming.opening",
    "sweep": "investiq.backtesting.sweeps",
    "synthetic_truth": "investiq.market.bundled",
    "tear_sheet": "investiq.reporting.sheets",
    "ticker_now": "investiq.market.instruments",
    "ticker_on": "investiq.market.instruments",
    "walk_forward": "investiq.backtesting.validating",
    "to_pyfolio": "investiq.interop.pyfolio",
    "to_quantstats": "investiq.interop.quantstats",
    "to_vectorbt": "investiq.interop.vectorbt",
    "trade_notes": "investiq.backtesting.trade_annotating",
    "trials": "investiq.backtesting.trials",
}
_PACKAGES: Final = ("figures", "indicators", "metrics", "strategies", "widgets")

__all__ = [
    "Bars",
    "Convention",
    "Costs",
    "History",
    "InvestIQError",
    "MarketImpact",
    "Panel",
    "PerShareFees",
    "Playback",
    "RegimeSizing",
    "RunOptions",
    "Signal",
    "analyze",
    "annotate_trade",
    "annotate_trial",
    "assess",
    "audit",
    "backtest",
    "check_actions",
    "check_bars",
    "compare_data",
    "compare_runs",
    "compare_sources",
    "compare_strategies",
    "compare_with_vectorbt",
    "correlate",
    "cross_check",
    "cross_validate",
    "daily_close",
    "data_overview",
    "factor_model",
    "fetch",
    "fetch_async",
    "figures",
    "from_vectorbt",
    "indicators",
    "list_symbols",
    "list_ticker_changes",
    "list_tickers",
    "list_universes",
    "load_bars",
    "load_history",
    "load_panel",
    "load_records",
    "load_result",
    "load_universe",
    "make_report",
    "market_overview",
    "measure",
    "metrics",
    "monte_carlo",
    "open_holdout",
    "preset",
    "price_changes",
    "quote",
    "read_bars",
    "read_records",
    "read_universe",
    "replay",
    "replay_report",
    "review_trade",
    "review_trades",
    "risk_radar",
    "screen",
    "search_symbols",
    "strategies",
    "stream_bars",
    "sweep",
    "synthetic_truth",
    "tear_sheet",
    "ticker_now",
    "ticker_on",
    "to_pyfolio",
    "to_quantstats",
    "to_vectorbt",
    "trade_notes",
    "trials",
    "walk_forward",
    "widgets",
]

# The guard acts from here on. Imported by name, as all else here: the package itself stands on no floor.
if os.environ.get("INVESTIQ_OFFLINE") or importlib.import_module("investiq.runtime.paths").env_file():
    importlib.import_module("investiq.runtime.offline").refuse_if_requested()


def __getattr__(name: str) -> Any:
    if name in _PACKAGES:
        return importlib.import_module(f"investiq.{name}")
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'investiq' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
