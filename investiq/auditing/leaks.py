"""`audit`: whether a function, a strategy, an engine or a backtest is point in time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from investiq.auditing.examining import Examination
from investiq.auditing.frozen_inputs import sizes_of_state
from investiq.auditing.replaying import Replay
from investiq.auditing.report import AuditReport
from investiq.auditing.sources import source_of
from investiq.auditing.targets import target_of
from investiq.core.errors import ConfigError, near_matches

if TYPE_CHECKING:
    import pandas as pd

    from investiq.history.bars import Bars
    from investiq.history.history import History
    from investiq.history.panel import Panel

__all__ = ["AuditReport", "audit"]


def audit(
    target: Any,
    data: str | Bars | History | Panel | pd.DataFrame | pd.Series,
    *,
    columns: Iterable[str] | None = None,
    prefixes: int = 12,
    seed: int = 0,
) -> AuditReport:
    """Examine whether every value was known at its bar, by four checks.

    Prefix replay: the output is computed again on what was known at sampled bars,
    and must not have been another. Disturbance: each table is changed after sampled
    bars, and no value up to them may move. Frozen inputs: data in closures, defaults,
    attributes and globals are reported, and changed likewise. Fill law: no fill
    depends on the close of its own bar, and no price on the close that decided it.

    Parameters
    ----------
    target : callable, Strategy, engine or BacktestResult
        A function of the data that returns a value for each bar (array, Series,
        DataFrame, decisions), tables with labels of their own, signals, fills or a
        backtest; or an object with `decide`, or with `features` and `score`.
    data : str, Bars, History, Panel, DataFrame or Series
        What the function is called with; a symbol stands for its bars. A function
        whose first parameter is annotated `History` is given one.
    columns : iterable of str, optional
        Columns of the output to examine; by default all.
    prefixes : int, default 12
        About a quarter of it is cut at edges of periods, where the output says
        something, where data are missing or late, and anywhere; at least 4.
    seed : int, default 0
        Of the sample and of the disturbance.

    Returns
    -------
    AuditReport
        With verdict ``"point in time"``, ``"leaks"`` or ``"not proven"``. A sample is
        no proof of every bar: a leak on few bars may pass.

    Raises
    ------
    ConfigError
        If `target` cannot be audited, or a column is not in its output.
    DataError
        If `data` is of another kind or too short, or nothing in the output
        stands at a bar.

    Examples
    --------
    >>> import investiq as iq
    >>> close = iq.load_bars("^GSPC", start="2010", end="2012").frame["close"]
    >>> iq.audit(lambda close: close.rolling(20).mean(), close).verdict
    'point in time'
    >>> report = iq.audit(lambda close: close.rolling(5, center=True).mean(), close)
    >>> report.verdict, report.leaks[0].bar, report.leaks[0].ahead
    ('leaks', 2, 2)
    """
    if isinstance(prefixes, bool) or not isinstance(prefixes, int) or prefixes < 4:
        raise ConfigError(f"prefixes must be a whole number >= 4, was {prefixes!r}")
    what = target_of(target)
    source = source_of(data, what.wants)
    replay = Replay(call=what.call, source=source, chosen=None if columns is None else frozenset(columns))
    examination = Examination(what=what, source=source, replay=replay, prefixes=prefixes, seed=seed)
    state = sizes_of_state(what.subject)
    _check_columns(replay)
    if examination.repeats():
        examination.replay_prefixes()
        examination.disturb()
        examination.fills_are_lawful()
    examination.look_inside(state)
    return examination.report()


def _check_columns(replay: Replay) -> None:
    known = {name for table in replay.full for name in table.columns}
    for name in sorted((replay.chosen or frozenset()) - known):
        raise ConfigError(
            f"the output has no column {name!r}{near_matches(name, known)}; it has {', '.join(sorted(known))}"
        )
