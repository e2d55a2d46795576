"""Figures: functions of results that return plotly figures, loaded on first use."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from investiq.runtime.postponing import postpone_address_grammar

if TYPE_CHECKING:
    from investiq.figures.audit import audit_chart
    from investiq.figures.closing import daily_close_chart
    from investiq.figures.cross_checks import cross_check_chart
    from investiq.figures.data_overview import data_coverage_map, findings_chart
    from investiq.figures.drawing import draw
    from investiq.figures.equity import backtest_overview, equity_curve
    from investiq.figures.evidence import assessment_chart
    from investiq.figures.factors import capm_chart, factor_chart
    from investiq.figures.heatmaps import correlation_table, monthly_returns
    from investiq.figures.information import information_chart
    from investiq.figures.market import market_chart, volatility_level_chart
    from investiq.figures.market_ranks import co_movement_map, returns_map, strength_rank
    from investiq.figures.measures import measures_chart
    from investiq.figures.overfitting import overfitting_chart, snooping_chart
    from investiq.figures.portfolio import contribution_chart, weights_chart
    from investiq.figures.price import price_chart
    from investiq.figures.profiles import volume_profile_chart
    from investiq.figures.quality import adjustment_chart, coverage_map
    from investiq.figures.radar import radar_chart
    from investiq.figures.resampled import bootstrap_chart, monte_carlo_histograms, path_chart
    from investiq.figures.scores import analysis_chart, analysis_comparison_chart
    from investiq.figures.screens import screen_chart
    from investiq.figures.strategy_comparison import strategy_comparison_chart
    from investiq.figures.tables import metric_cards
    from investiq.figures.tail_risk import value_at_risk_chart
    from investiq.figures.topics import topic_chart
    from investiq.figures.trade_review import excursion_chart, outcome_chart, trade_review_chart
    from investiq.figures.trades import bracket_chart, trade_chart, waterfall_chart
    from investiq.figures.trials import comparison_chart, evidence_chart, trials_chart
    from investiq.figures.validation import cross_validation_chart, monte_carlo_chart, walk_forward_chart

# Before plotly, which would build it.
postpone_address_grammar()

_HOMES: Final = {
    "daily_close_chart": "closing",
    "market_chart": "market",
    "volatility_level_chart": "market",
    "co_movement_map": "market_ranks",
    "returns_map": "market_ranks",
    "strength_rank": "market_ranks",
    "adjustment_chart": "quality",
    "analysis_chart": "scores",
    "analysis_comparison_chart": "scores",
    "assessment_chart": "evidence",
    "audit_chart": "audit",
    "backtest_overview": "equity",
    "bootstrap_chart": "resampled",
    "bracket_chart": "trades",
    "capm_chart": "factors",
    "contribution_chart": "portfolio",
    "correlation_table": "heatmaps",
    "coverage_map": "quality",
    "cross_check_chart": "cross_checks",
    "data_coverage_map": "data_overview",
    "draw": "drawing",
    "equity_curve": "equity",
    "measures_chart": "measures",
    "excursion_chart": "trade_review",
    "factor_chart": "factors",
    "findings_chart": "data_overview",
    "cross_validation_chart": "validation",
    "monte_carlo_chart": "validation",
    "monte_carlo_histograms": "resampled",
    "walk_forward_chart": "validation",
    "information_chart": "information",
    "metric_cards": "tables",
    "monthly_returns": "heatmaps",
    "outcome_chart": "trade_review",
    "overfitting_chart": "overfitting",
    "path_chart": "resampled",
    "price_chart": "price",
    "radar_chart": "radar",
    "screen_chart": "screens",
    "snooping_chart": "overfitting",
    "strategy_comparison_chart": "strategy_comparison",
    "topic_chart": "topics",
    "trade_chart": "trades",
    "trade_review_chart": "trade_review",
    "value_at_risk_chart": "tail_risk",
    "volume_profile_chart": "profiles",
    "waterfall_chart": "trades",
    "weights_chart": "portfolio",
    "comparison_chart": "trials",
    "evidence_chart": "trials",
    "trials_chart": "trials",
}

__all__ = [
    "adjustment_chart",
    "analysis_chart",
    "analysis_comparison_chart",
    "assessment_chart",
    "audit_chart",
    "backtest_overview",
    "bootstrap_chart",
    "bracket_chart",
    "capm_chart",
    "co_movement_map",
    "comparison_chart",
    "contribution_chart",
    "correlation_table",
    "coverage_map",
    "cross_check_chart",
    "cross_validation_chart",
    "daily_close_chart",
    "data_coverage_map",
    "draw",
    "equity_curve",
    "evidence_chart",
    "excursion_chart",
    "factor_chart",
    "findings_chart",
    "information_chart",
    "market_chart",
    "measures_chart",
    "metric_cards",
    "monte_carlo_chart",
    "monte_carlo_histograms",
    "monthly_returns",
    "outcome_chart",
    "overfitting_chart",
    "path_chart",
    "price_chart",
    "radar_chart",
    "returns_map",
    "screen_chart",
    "snooping_chart",
    "strategy_comparison_chart",
    "strength_rank",
    "topic_chart",
    "trade_chart",
    "trade_review_chart",
    "trials_chart",
    "value_at_risk_chart",
    "volatility_level_chart",
    "volume_profile_chart",
    "walk_forward_chart",
    "waterfall_chart",
    "weights_chart",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'investiq.figures' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"investiq.figures.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
