"""The tables of a comparison of strategies, as text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from investiq.core.facts import ACCOUNT_CURRENCY, Table, format_value

if TYPE_CHECKING:
    from investiq.backtesting.strategy_comparison import StrategyComparison

__all__ = ["sheets"]


def sheets(found: StrategyComparison) -> list[Table]:
    """Return metrics, differences, correlations, drawdowns and trials of a comparison."""
    return [_metrics(found), _differences(found), _correlations(found), _drawdowns(found), _trials(found)]


def _metrics(found: StrategyComparison) -> Table:
    names = tuple(found.accounts)
    rows = tuple(
        (
            f"{label} ({ACCOUNT_CURRENCY})" if unit == "money" else label,
            *(found.text_of(label, name) for name in names),
        )
        for label, unit in found.units.items()
    )
    return Table("Metrics", ("Metric", *names), rows, numbers=names)


def _differences(found: StrategyComparison) -> Table:
    rows = tuple(
        (
            f"{row['first']} less {row['second']}",
            _signed(row["difference"]),
            format_value(row["standard_error"], "ratio"),
            "n/a" if row["reason"] else f"{row['low']:.2f} to {row['high']:.2f}",
            format_value(row["p_value"], "p_value"),
            format_value(row["adjusted"], "p_value"),
            str(row["reason"]) or (f"beyond doubt: {row['better']}" if row["better"] else "chance is not ruled out"),
        )
        for _, row in found.differences.iterrows()
    )
    interval = f"{found.confidence * 100:g} % interval"
    columns = ("Pair", "Difference", "Standard error", interval, "p-value", "Adjusted", "Better")
    title = "Differences of annual Sharpe ratios"
    return Table(title, columns, rows, numbers=columns[2:6], signed=("Difference",))


def _correlations(found: StrategyComparison) -> Table:
    names = tuple(found.accounts)
    rows = tuple(
        (name, *(format_value(found.correlations.loc[name, other], "ratio") for other in names)) for name in names
    )
    return Table("Correlations of returns per bar", ("", *names), rows, numbers=names)


def _drawdowns(found: StrategyComparison) -> Table:
    rows = tuple(
        (
            str(name),
            format_value(row["depth"], "fraction"),
            format_value(row["peak"], "date"),
            format_value(row["trough"], "date"),
            "not yet" if row["is_ongoing"] else format_value(row["recovery"], "date"),
            format_value(row["bars_down"], "bars"),
        )
        for name, row in found.drawdowns.iterrows()
    )
    columns = ("Account", "Depth", "Peak", "Trough", "Recovery", "Down")
    return Table("Deepest drawdown of each", columns, rows, numbers=("Down",), signed=("Depth",))


def _trials(found: StrategyComparison) -> Table:
    rows = tuple(
        (
            str(name),
            format_value(row["trials"], "count"),
            format_value(row["effective_trials"], "count"),
            format_value(row["sharpe"], "ratio"),
            format_value(row["expected_by_luck"], "ratio"),
            format_value(row["deflated"], "fraction"),
            str(row["reason"]) or str(row["study"]),
        )
        for name, row in found.evidence.iterrows()
    )
    columns = (
        "Strategy",
        "Trials",
        "Effective",
        "Sharpe ratio",
        "Best by luck",
        "Deflated Sharpe",
        "Study, or why not",
    )
    return Table("Trials in the ledger", columns, rows, numbers=columns[1:6])


def _signed(value: float) -> str:
    return "n/a" if math.isnan(value) else f"{value:+.2f}"
