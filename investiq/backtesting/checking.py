"""What bars must be before a run may use them: prices as traded, long enough, and a benchmark of the same period."""

from __future__ import annotations

from typing import Final, Literal, get_args
from weakref import WeakKeyDictionary

import numpy as np

from investiq.core.errors import ConfigError, DataError, InsufficientDataError, near_matches
from investiq.history.bars import Bars
from investiq.history.checks import row_checks
from investiq.history.instants import label_text

__all__ = ["Quality", "benchmark_over", "check_bars"]

# What the data of a run must be: free of errors, without any finding of the quality report, or as they are.
Quality = Literal["no_errors", "pass", "any"]

# A benchmark may miss this share of the run's labels, such as a holiday on which only one of two series was recorded.
MISSING_SHARE: Final = 0.05

# The first error in the bars, looked for once; empty where there is none.
_ERRORS: WeakKeyDictionary[Bars, str] = WeakKeyDictionary()


def check_bars(bars: Bars, needed: int, who: str, quality: Quality = "no_errors") -> None:
    """Refuse bars that are adjusted, too few for `who`, or not of the `quality`."""
    if quality not in (known := get_args(Quality)):
        raise ConfigError(
            f"quality must be one of {', '.join(map(repr, known))}, was {quality!r}{near_matches(str(quality), known)}"
        )
    if bars.basis != "raw":
        raise DataError(
            f"{bars.symbol}: these bars are {bars.basis}-adjusted; nobody could trade at such prices: pass the raw bars, "
            "indicators are computed on adjusted ones anyway"
        )
    if len(bars) < needed:
        raise InsufficientDataError(
            f"{who} needs {needed} bars to decide and fill once, {bars.symbol} has {len(bars)}; "
            "load a longer period or choose shorter windows"
        )
    if quality == "pass":
        _require_pass(bars)
    if quality == "no_errors":
        _refuse_errors(bars)


def _require_pass(bars: Bars) -> None:
    """Refuse bars of which the quality report finds anything to caution about."""
    from investiq.market import quality

    report = quality.check_bars(bars)
    if report.verdict != "pass":
        raise DataError(
            f"{bars.symbol}: the quality report's verdict is {report.verdict!r}, expected 'pass': {'; '.join(report.reasons)}; "
            "see iq.check_bars for the rows, correct the data, or choose another period or quality='no_errors'"
        )


def _refuse_errors(bars: Bars) -> None:
    if bars not in _ERRORS:
        # Told anew for these bars: an action after their end is none of theirs.
        checked = row_checks(bars, bars.passport.notes)
        _ERRORS[bars] = next((note.text for note in checked if note.severity == "error"), "")
    if text := _ERRORS[bars]:
        raise DataError(
            f"{bars.symbol}: {text.removeprefix(f'{bars.symbol}: ')}; correct the data and load them again, or run on them as "
            "they are with quality='any'"
        )


def benchmark_over(benchmark: Bars, bars: Bars, quality: Quality = "no_errors") -> Bars:
    """Return the benchmark over the period of the run.

    It must follow the same calendar in the same interval, begin and end within
    one session of the run, and miss at most 5 % of its labels between.
    """
    if (benchmark.interval, benchmark.passport.calendar) != (bars.interval, bars.passport.calendar):
        raise DataError(
            f"benchmark {benchmark.symbol} has {_rhythm(benchmark)}, {bars.symbol} has {_rhythm(bars)}; annual figures of "
            "the two would not be of the same year: pass a benchmark of the same interval and calendar"
        )
    rows = np.flatnonzero((benchmark.ts >= bars.ts[0]) & (benchmark.ts <= bars.ts[-1]))
    if rows.size < 2:
        raise _uncovered(benchmark, bars, f"has {rows.size} bar(s) in it")
    cut = benchmark[rows[0] : rows[-1] + 1]
    sessions = np.unique(bars.ts.astype("datetime64[D]"))
    second, last_but_one = sessions[[min(1, sessions.size - 1), max(-2, -sessions.size)]]
    if cut.ts[0].astype("datetime64[D]") > second or cut.ts[-1].astype("datetime64[D]") < last_but_one:
        first, last = (label_text(ts, cut.interval) for ts in cut.ts[[0, -1]])
        raise _uncovered(benchmark, bars, f"has bars from {first} to {last} only")
    missing = np.setdiff1d(bars.ts[1:-1], cut.ts)
    if missing.size > MISSING_SHARE * len(bars):
        raise _uncovered(
            benchmark,
            bars,
            f"misses {missing.size} of its {len(bars)} bars, first {label_text(missing[0], bars.interval)}",
        )
    check_bars(cut, 2, "buying and holding", quality)
    return cut


def _rhythm(bars: Bars) -> str:
    return f"{bars.interval} bars in {bars.passport.calendar} sessions"


def _uncovered(benchmark: Bars, bars: Bars, found: str) -> DataError:
    first, last = (label_text(ts, bars.interval) for ts in bars.ts[[0, -1]])
    return DataError(
        f"benchmark {benchmark.symbol} does not cover the period of {bars.symbol}, {first} to {last}: it {found}; expected its "
        f"first and last bar within one session of these and at most {MISSING_SHARE:.0%} of the bars missing between; "
        "pass another benchmark or shorten the run"
    )
