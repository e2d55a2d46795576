"""A test in one line: ``from investiq.auditing.pytest_plugin import assert_point_in_time``.

Nothing is registered with pytest, so that a run which does not audit pays nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from investiq.auditing.leaks import audit

if TYPE_CHECKING:
    import pandas as pd

    from investiq.auditing.report import AuditReport
    from investiq.history.bars import Bars
    from investiq.history.history import History
    from investiq.history.panel import Panel

__all__ = ["assert_point_in_time"]


def assert_point_in_time(
    target: Any,
    data: str | Bars | History | Panel | pd.DataFrame | pd.Series,
    *,
    columns: Iterable[str] | None = None,
    prefixes: int = 12,
    seed: int = 0,
) -> AuditReport:
    """Fail unless the verdict of `investiq.audit` is ``"point in time"``; return the report.

    Parameters
    ----------
    target, data, columns, prefixes, seed
        As `investiq.audit` takes them.

    Raises
    ------
    AssertionError
        With the whole report as text.

    Examples
    --------
    >>> import investiq as iq
    >>> assert_point_in_time(iq.strategies.BuyAndHold(), iq.load_bars("^GSPC", start="2017")).verdict
    'point in time'
    """
    __tracebackhide__ = True
    report = audit(target, data, columns=columns, prefixes=prefixes, seed=seed)
    if not report.is_point_in_time:
        raise AssertionError(str(report))
    return report
