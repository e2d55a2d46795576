"""Dataset health: what changed between two loads of the same symbols, and one score of a load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from investiq.core.errors import DataError
from investiq.market.quality_report import QualityReport

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["health_changes", "health_score"]

# Two loads of one dataset differ by a few bars, not by a twentieth; a tenth lost is a broken load.
ROW_DEVIATION: Final = 0.05
ROW_DROP: Final = 0.10
MISSING_INCREASE: Final = 0.05


def health_score(report: QualityReport) -> float:
    """Return a score in [0, 100]: the percentage of series that pass, less 5 an error (at most 30) and 10 a bad print (at most 20).

    Examples
    --------
    >>> import investiq as iq
    >>> health_score(iq.check_bars(["SYN001", "SYN010"]))
    100.0
    """
    passed = 100 * float(np.mean([each.verdict == "pass" for each in report.series]))
    errors = sum(each.severity == "error" for each in report.findings)
    prints = sum(each.count for each in report.findings if each.check == "quarantined")
    return max(passed - min(5 * errors, 30) - min(10 * prints, 20), 0.0)


def health_changes(before: QualityReport, after: QualityReport) -> pd.DataFrame:
    """Return how each symbol changed from one load to the next, with what is suspicious about it.

    Parameters
    ----------
    before, after : QualityReport
        Of the same symbols, each once.

    Returns
    -------
    DataFrame
        Index symbol; columns bars_before, bars_after, deviation (of the number of
        bars), missing_before, missing_after (shares of the expected sessions) and
        anomaly: ``"row_drop"`` above 10 %, ``"row_deviation"`` above 5 %,
        ``"missing_increase"`` above 5 points, ``"gone"``, ``"new"``, or empty.

    Raises
    ------
    DataError
        If a report holds a symbol twice.

    Examples
    --------
    >>> import investiq as iq
    >>> bars = iq.load_bars("^IXIC", "2016", "2017")
    >>> health_changes(iq.check_bars(bars), iq.check_bars(bars[:400])).loc["^IXIC", "anomaly"]
    'row_drop'
    """
    import pandas as pd

    first, second = ({each.symbol: each for each in report.series} for report in (before, after))
    if len(first) < len(before.series) or len(second) < len(after.series):
        raise DataError("a report holds a symbol twice; compare reports with each symbol once")
    rows = []
    for symbol in sorted(first | second):
        old, new = first.get(symbol), second.get(symbol)
        counts = [each.bars if each else 0 for each in (old, new)]
        missing = [1 - each.coverage if each else np.nan for each in (old, new)]
        deviation = counts[1] / counts[0] - 1 if counts[0] else np.nan
        anomaly = "new" if old is None else "gone" if new is None else _anomaly(deviation, missing[1] - missing[0])
        rows.append((symbol, *counts, deviation, *missing, anomaly))
    names = ["symbol", "bars_before", "bars_after", "deviation", "missing_before", "missing_after", "anomaly"]
    return pd.DataFrame(rows, columns=names).set_index("symbol")


def _anomaly(deviation: float, more_missing: float) -> str:
    if deviation < -ROW_DROP:
        return "row_drop"
    if abs(deviation) > ROW_DEVIATION:
        return "row_deviation"
    return "missing_increase" if more_missing > MISSING_INCREASE else ""
