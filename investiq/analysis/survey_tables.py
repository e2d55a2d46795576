"""The numbers of a market overview as facts and tables."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from investiq.analysis.standing import WINDOWS
from investiq.core.facts import Fact, Table, format_value
from investiq.history.instants import label_text

if TYPE_CHECKING:
    import pandas as pd

    from investiq.analysis.survey_result import GroupSurvey

__all__ = [
    "MOMENTUM_RANK", "group_facts", "groups_table", "movers_table", "sectors_table", "signed", "standing_table",
]  # fmt: skip

_MOST_SHOWN: Final = 25
_MOVERS: Final = 5
# What the members are ranked by, wherever it is named.
MOMENTUM_RANK: Final = "Momentum rank (10 % 1 session, 30 % 1 week, 60 % 1 month)"


def signed(value: float) -> str:
    """Return a fraction as percent with its sign.

    Examples
    --------
    >>> signed(0.0123), signed(-0.5), signed(0.0), signed(float("nan"))
    ('+1.23 %', '-50.00 %', '0.00 %', 'n/a')
    """
    text = format_value(value, "fraction")
    return f"+{text}" if value > 0 and text != "0.00 %" else text


def group_facts(group: GroupSurvey) -> list[Fact]:
    """Return regime, breadth, volatility, co-movement and extremes of one group."""
    return [
        Fact("Group", group.name),
        Fact("Session", label_text(group.session, "1d"), "", "the newest of any member"),
        Fact(
            "Members",
            len(group.members),
            "count",
            f"of these {len(group.fresh):,} with a bar on the session",
        ),
        *_regime_facts(group),
        *_breadth_facts(group),
        *_level_facts(group),
    ]


def _regime_facts(group: GroupSurvey) -> list[Fact]:
    if group.benchmark is None:
        return [Fact("Regime", math.nan, "", "", group.no_benchmark)]
    last = label_text(group.benchmark.ts[-1], "1d")
    prices = group.benchmark.adjusted("total").close
    return [
        Fact("Regime", group.regime, "", f"of {group.benchmark.symbol} at {last}, one of nine"),
        Fact("Regime for", group.regime_sessions, "sessions", "the last one included"),
        Fact(
            f"{group.benchmark.symbol} below its high",
            float(prices[-1] / prices.max() - 1),
            "fraction",
            f"from the highest close since {label_text(group.benchmark.ts[0], '1d')}",
        ),
    ]


def _breadth_facts(group: GroupSurvey) -> list[Fact]:
    last = group.breadth.iloc[-1]
    facts = []
    for name, words in (("short", "50"), ("long", "200")):
        count = int(last[f"{name}_members"])
        facts.append(
            Fact(
                f"Above the {words}-bar average",
                float(last[f"above_{name}"]),
                "fraction",
                f"of {count:,} members that have one",
                "" if count else f"no member has {words} bars at the session",
            )
        )
    known = int(last["year_members"])
    none = "" if known else "no member has 252 bars at the session"
    of_those = f"of {known:,} members with 252 bars; a close above (below) the 251 before"
    facts += [
        Fact("New 52-week highs", int(last["new_highs"]) if known else math.nan, "count", of_those, none),
        Fact("New 52-week lows", int(last["new_lows"]) if known else math.nan, "count", of_those, none),
        Fact(
            "Rose / fell / unchanged",
            f"{last['advances']:,.0f} / {last['declines']:,.0f} / {last['unchanged']:,.0f}",
            "",
            "against the session before",
        ),
        Fact(
            "McClellan oscillator",
            float(last["mcclellan"]),
            "score",
            "ratio-adjusted, thousandths",
            "" if not math.isnan(last["mcclellan"]) else "needs 39 sessions on which any member moved",
        ),
    ]
    return facts


def _level_facts(group: GroupSurvey) -> list[Fact]:
    level, together = group.volatility, group.comovement
    if level is None:
        volatility = Fact(
            "Volatility", math.nan, "fraction", "", group.no_benchmark or "the benchmark has too few bars"
        )
        facts = [volatility]
    else:
        day = f"{level.history.index[-1]:%Y-%m-%d}"
        place = "" if math.isnan(level.rank) else f"; above {level.rank:.0%} of the 252 before"
        facts = [Fact(level.name, level.last, level.unit, f"{level.convention}; {day}{place}")]
    interval = "" if together.reason else f"{together.low:.2f} to {together.high:.2f}; "
    return [
        *facts,
        Fact(
            "Average correlation",
            together.mean,
            "ratio",
            "" if together.reason else f"{interval}{together.convention}",
            together.reason,
        ),
    ]


def groups_table(groups: Sequence[GroupSurvey]) -> Table:
    """Return the groups side by side, each at its own last session."""
    rows = []
    for each in groups:
        last = each.breadth.iloc[-1]
        rows.append(
            (
                each.name,
                f"{len(each.members):,}",
                label_text(each.session, "1d"),
                each.benchmark.symbol if each.benchmark is not None else "n/a",
                each.regime,
                format_value(float(last["above_short"]), "fraction"),
                format_value(float(last["above_long"]), "fraction"),
                f"{last['advances']:,.0f} / {last['declines']:,.0f}",
            )
        )
    columns = ("Group", "Members", "Session", "Benchmark", "Regime", "Above 50", "Above 200", "Rose / fell")
    return Table("Groups, never measured together", columns, tuple(rows), ("Members", "Above 50", "Above 200"))


def movers_table(moved: pd.DataFrame, window: str = "1d") -> Table:
    """Return the members with the largest and the smallest return over a window."""
    ends = moved if len(moved) <= 2 * _MOVERS else moved.iloc[[*range(_MOVERS), *range(-_MOVERS, 0)]]
    windows = tuple(dict.fromkeys((window, "1m")))
    rows = tuple(
        (str(symbol), *(signed(row[name]) for name in windows), signed(row["drawdown"]), row["sector"] or "n/a")
        for symbol, row in ends.iterrows()
    )
    sessions = WINDOWS[window]
    title = f"Returns over {sessions} session{'s' if sessions > 1 else ''}, ranked"
    more = f", the {_MOVERS} at each end of {len(moved):,}" if len(moved) > 2 * _MOVERS else ""
    columns = ("Symbol", *windows, "From 1-year high", "Sector")
    return Table(f"{title}{more}", columns, rows, (), (*windows, "From 1-year high"))


def standing_table(group: GroupSurvey) -> Table:
    """Return the strongest members, and those that are behind with their last session."""
    shown = group.members.head(_MOST_SHOWN)
    windows = tuple(WINDOWS)
    rows = tuple((str(symbol), *_standing_cells(row, windows)) for symbol, row in shown.iterrows())
    of = f", the first {_MOST_SHOWN} of {len(group.members):,}" if len(group.members) > _MOST_SHOWN else ""
    columns = ("Symbol", "Rank", "Momentum", *windows, "From high", "Last session", "Behind")
    return Table(f"{MOMENTUM_RANK}{of}", columns, rows, ("Rank", "Behind"), ("Momentum", *windows, "From high"))


def _standing_cells(row: Any, windows: tuple[str, ...]) -> tuple[str, ...]:
    return (
        format_value(row["rank"], "count"),
        signed(row["momentum"]),
        *(signed(row[name]) for name in windows),
        signed(row["drawdown"]),
        f"{row['last_session']:%Y-%m-%d}",
        format_value(row["sessions_behind"], "sessions"),
    )


def sectors_table(sectors: pd.DataFrame) -> Table:
    """Return the sectors with the mean returns of their members."""
    windows = tuple(WINDOWS)
    rows = tuple(
        (
            str(sector),
            f"{row['members']:,.0f}",
            *(signed(row[name]) for name in windows),
            format_value(row["above_200"], "fraction"),
        )
        for sector, row in sectors.iterrows()
    )
    columns = ("Sector", "Members", *windows, "Above 200")
    return Table("Sectors, equal weights", columns, rows, ("Members", "Above 200"), windows)
