"""The door from results to figures: one `match` over the kinds of results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from investiq.core.errors import DataError, near_matches
from investiq.figures.theme import ThemeName

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from investiq.analysis.analyzing import Analysis
    from investiq.analysis.closing_result import DailyClose
    from investiq.analysis.comparing import AnalysisComparison
    from investiq.analysis.probabilities import ProbabilityAssessment
    from investiq.analysis.radar import RiskRadar
    from investiq.analysis.screening import Screen
    from investiq.analysis.survey_result import MarketOverview
    from investiq.analysis.topic_views import TopicView
    from investiq.auditing.report import AuditReport
    from investiq.backtesting.attribution import Waterfall
    from investiq.backtesting.comparing import RunComparison
    from investiq.backtesting.cross_validation_result import CrossValidation
    from investiq.backtesting.evidence_result import Evidence
    from investiq.backtesting.explaining import FillExplanation
    from investiq.backtesting.explaining_bracket import Bracket
    from investiq.backtesting.monte_carlo import MonteCarlo
    from investiq.backtesting.result import BacktestResult
    from investiq.backtesting.strategy_comparison import StrategyComparison
    from investiq.backtesting.sweep_result import SweepResult
    from investiq.backtesting.trade_outcomes import TradeLog
    from investiq.backtesting.trade_reviewing import ReviewedTrade
    from investiq.backtesting.trials import TrialTable
    from investiq.backtesting.walk_forward_result import WalkForward
    from investiq.core.result import Result
    from investiq.indicators.profiles import VolumeProfile
    from investiq.interop.cross_check_result import CrossCheck
    from investiq.interop.imported import ImportedAccount
    from investiq.interop.vectorbt_parity import VectorbtParity
    from investiq.market.action_report import ActionLab
    from investiq.market.data_diff import DataDiff
    from investiq.market.data_survey import DataOverview
    from investiq.market.quality_report import QualityReport
    from investiq.metrics.assessment import Assessment
    from investiq.metrics.bootstrap_result import BootstrapInterval
    from investiq.metrics.correlation import Correlation
    from investiq.metrics.factor_result import FactorModel
    from investiq.metrics.garch_fit import GarchFit
    from investiq.metrics.information_result import InformationCoefficient
    from investiq.metrics.market_model import Capm
    from investiq.metrics.markov_result import MarkovSwitching
    from investiq.metrics.measuring import Measures
    from investiq.metrics.overfitting_result import Overfitting
    from investiq.metrics.path_simulation import PathSimulation
    from investiq.metrics.snooping_result import Snooping
    from investiq.metrics.tail_tests import VarBacktest

__all__ = ["KINDS", "draw"]

KINDS: Final = (
    "action_lab",
    "analysis",
    "analysis_comparison",
    "assessment",
    "audit",
    "backtest",
    "bootstrap",
    "bracket",
    "capm",
    "comparison",
    "correlation",
    "cross_check",
    "cross_validation",
    "daily_close",
    "data_diff",
    "data_overview",
    "evidence",
    "factor_model",
    "fetch",
    "fill_explanation",
    "garch",
    "imported_account",
    "information",
    "kalman_fit",
    "market_overview",
    "markov_switching",
    "overfitting",
    "measures",
    "monte_carlo",
    "path_simulation",
    "probabilities",
    "quality",
    "quote",
    "replay",
    "report",
    "report_replay",
    "risk_radar",
    "screen",
    "snooping",
    "source_check",
    "strategy_comparison",
    "sweep",
    "topic",
    "trade_log",
    "trade_review",
    "trials",
    "universe",
    "var_backtest",
    "vectorbt_parity",
    "volume_profile",
    "walk_forward",
    "waterfall",
)


def draw(result: Result, *, theme: ThemeName = "light", **options: Any) -> go.Figure:
    """Return the figure of a result: what its ``figure()`` shows.

    Parameters
    ----------
    result : Result
    theme : {"light", "dark"}
    **options
        Options of the figure's own function: of `analysis_chart`, or of
        `backtest_overview`.

    Raises
    ------
    DataError
        If there is no figure for this kind of result.
    """
    match result.kind:
        case "action_lab":
            from investiq.figures.quality import adjustment_chart

            return adjustment_chart(cast("ActionLab", result), theme=theme, **options)
        case "analysis":
            from investiq.figures.scores import analysis_chart

            return analysis_chart(cast("Analysis", result), theme=theme, **options)
        case "analysis_comparison":
            from investiq.figures.scores import analysis_comparison_chart

            return analysis_comparison_chart(cast("AnalysisComparison", result), theme=theme, **options)
        case "assessment":
            from investiq.figures.evidence import assessment_chart

            return assessment_chart(cast("Assessment", result), theme=theme, **options)
        case "audit":
            from investiq.figures.audit import audit_chart

            return audit_chart(cast("AuditReport", result), theme=theme, **options)
        case "backtest":
            from investiq.figures.equity import backtest_overview

            return backtest_overview(cast("BacktestResult", result), theme=theme, **options)
        case "bracket":
            from investiq.figures.trades import bracket_chart

            return bracket_chart(cast("Bracket", result), theme=theme, **options)
        case "fill_explanation":
            from investiq.figures.trades import trade_chart

            return trade_chart(cast("FillExplanation", result), theme=theme, **options)
        case "trade_log":
            from investiq.figures.trade_review import excursion_chart

            return excursion_chart(cast("TradeLog", result).result, theme=theme, **options)
        case "trade_review":
            from investiq.figures.trade_review import trade_review_chart

            return trade_review_chart(cast("ReviewedTrade", result), theme=theme, **options)
        case "waterfall":
            from investiq.figures.trades import waterfall_chart

            return waterfall_chart(cast("Waterfall", result), theme=theme, **options)
        case "bootstrap":
            from investiq.figures.resampled import bootstrap_chart

            return bootstrap_chart(cast("BootstrapInterval", result), theme=theme, **options)
        case "capm":
            from investiq.figures.factors import capm_chart

            return capm_chart(cast("Capm", result), theme=theme, **options)
        case "correlation":
            from investiq.figures.heatmaps import correlation_table

            return correlation_table(cast("Correlation", result), theme=theme, **options)
        case "cross_check":
            from investiq.figures.cross_checks import cross_check_chart

            return cross_check_chart(cast("CrossCheck", result), theme=theme, **options)
        case "cross_validation":
            from investiq.figures.validation import cross_validation_chart

            return cross_validation_chart(cast("CrossValidation", result), theme=theme, **options)
        case "walk_forward":
            from investiq.figures.validation import walk_forward_chart

            return walk_forward_chart(cast("WalkForward", result), theme=theme, **options)
        case "data_diff":
            from investiq.figures.data_diff import data_diff_chart

            return data_diff_chart(cast("DataDiff", result), theme=theme, **options)
        case "data_overview":
            from investiq.figures.data_overview import data_coverage_map

            return data_coverage_map(cast("DataOverview", result), theme=theme, **options)
        case "information":
            from investiq.figures.information import information_chart

            return information_chart(cast("InformationCoefficient", result), theme=theme, **options)
        case "overfitting":
            from investiq.figures.overfitting import overfitting_chart

            return overfitting_chart(cast("Overfitting", result), theme=theme, **options)
        case "measures":
            from investiq.figures.measures import measures_chart

            return measures_chart(cast("Measures", result), theme=theme, **options)
        case "monte_carlo":
            from investiq.figures.validation import monte_carlo_chart

            return monte_carlo_chart(cast("MonteCarlo", result), theme=theme, **options)
        case "factor_model":
            from investiq.figures.factors import factor_chart

            return factor_chart(cast("FactorModel", result), theme=theme, **options)
        case "path_simulation":
            from investiq.figures.resampled import path_chart

            return path_chart(cast("PathSimulation", result), theme=theme, **options)
        case "garch":
            from investiq.figures.garch import garch_chart

            return garch_chart(cast("GarchFit", result), theme=theme, **options)
        case "markov_switching":
            from investiq.figures.markov import markov_chart

            return markov_chart(cast("MarkovSwitching", result), theme=theme, **options)
        case "probabilities":
            from investiq.figures.probabilities import reliability_chart

            return reliability_chart(cast("ProbabilityAssessment", result), theme=theme, **options)
        case "quality":
            from investiq.figures.quality import coverage_map

            return coverage_map(cast("QualityReport", result), theme=theme, **options)
        case "var_backtest":
            from investiq.figures.tail_risk import value_at_risk_chart

            return value_at_risk_chart(cast("VarBacktest", result), theme=theme, **options)
        case "imported_account":
            from investiq.figures.imported import imported_chart

            return imported_chart(cast("ImportedAccount", result), theme=theme, **options)
        case "vectorbt_parity":
            from investiq.figures.imported import parity_chart

            return parity_chart(cast("VectorbtParity", result), theme=theme, **options)
        case "volume_profile":
            from investiq.figures.profiles import volume_profile_chart

            return volume_profile_chart(cast("VolumeProfile", result), theme=theme, **options)
        case "comparison":
            from investiq.figures.trials import comparison_chart

            return comparison_chart(cast("RunComparison", result), theme=theme, **options)
        case "strategy_comparison":
            from investiq.figures.strategy_comparison import strategy_comparison_chart

            return strategy_comparison_chart(cast("StrategyComparison", result), theme=theme, **options)
        case "evidence":
            from investiq.figures.trials import evidence_chart

            return evidence_chart(cast("Evidence", result), theme=theme, **options)
        case "trials":
            from investiq.figures.trials import trials_chart

            return trials_chart(cast("TrialTable", result), theme=theme, **options)
        case "sweep":
            from investiq.figures.sweeps import sweep_chart

            return sweep_chart(cast("SweepResult", result), theme=theme, **options)
        case "risk_radar":
            from investiq.figures.radar import radar_chart

            return radar_chart(cast("RiskRadar", result), theme=theme, **options)
        case "topic":
            from investiq.figures.topics import topic_chart

            return topic_chart(cast("TopicView", result), theme=theme, **options)
        case "daily_close":
            from investiq.figures.closing import daily_close_chart

            return daily_close_chart(cast("DailyClose", result), theme=theme, **options)
        case "market_overview":
            from investiq.figures.market import market_chart

            return market_chart(cast("MarketOverview", result), theme=theme, **options)
        case "screen":
            from investiq.figures.screens import screen_chart

            return screen_chart(cast("Screen", result), theme=theme, **options)
        case "snooping":
            from investiq.figures.overfitting import snooping_chart

            return snooping_chart(cast("Snooping", result), theme=theme, **options)
        case "fetch" | "kalman_fit" | "quote" | "replay" | "report" | "report_replay" | "source_check" | "universe":
            from investiq.figures.tables import facts_figure

            return facts_figure(result.title, result.facts(), result.watermark, theme=theme, **options)
        case unknown:
            raise DataError(
                f"there is no figure for a result of kind {unknown!r}{near_matches(unknown, KINDS)}; "
                f"known kinds are {', '.join(KINDS)}; its numbers are in facts() and to_frame()"
            )
