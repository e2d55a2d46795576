"""`market_overview`: regime, breadth, strength and volatility of everything that is loaded, as it was known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC
from typing import TYPE_CHECKING

import numpy as np

from investiq.analysis.breadth import AVERAGES, breadth_table
from investiq.analysis.comovement import comovement
from investiq.analysis.regimes import market_regimes
from investiq.analysis.standing import WINDOWS, momentum, standing, window_return
from investiq.analysis.survey_result import GroupSurvey, MarketOverview
from investiq.analysis.surveyed import Universe, benchmark_of, group_name, loaded_symbols, sector_of, surveyed
from investiq.analysis.volatility_level import volatility_level
from investiq.core import calendar
from investiq.core.errors import DataError, InvestIQError
from investiq.core.notes import Note, merge_notes
from investiq.history.bars import Bars
from investiq.history.instants import When, instant, label_text
from investiq.history.panel import Panel
from investiq.market.loading import load_bars
from investiq.market.store import open_store
from investiq.runtime.clock import now

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MarketOverview", "loaded_symbols", "market_overview"]

_NAMED: int = 5


def market_overview(
    universe: str | Panel | Iterable[str] | Iterable[Bars] | None = None,
    *,
    as_of: When | None = None,
    benchmark: str | Bars | None = None,
) -> MarketOverview:
    """Return regime, breadth, relative strength, volatility and co-movement of a universe, as they were known.

    Nothing is fetched for symbols that are stored or bundled. Kinds of series
    (real indices, invented companies, stored series, files) are measured apart,
    each at its own last session.

    Parameters
    ----------
    universe : str, Panel, or iterable of str or Bars, optional
        ``"all"`` (the default: every daily series that is there without a
        network), ``"sample indices"``, ``"synthetic companies"``, ``"synthetic
        indices"``, ``"stored series"``, a name of `list_universes`, a symbol,
        symbols, or daily bars as traded.
    as_of : str, date, datetime or datetime64, optional
        Time of knowledge; only rows with ``known_at <= as_of`` are used. By default
        all that is known; a note then tells how many sessions stored series are
        behind the present.
    benchmark : str or Bars, optional
        Whose regime and volatility stand for the market, for every group. By
        default the market of each: ^GSPC, SYN-MKT, or SPY where it is stored.

    Returns
    -------
    MarketOverview
        ``main`` is the largest group of real data, or of invented ones where there is
        no other; ``groups`` has all. A symbol whose last bar
        lies before its group's last session is named, and neither ranked nor
        counted in that session's breadth.

    Raises
    ------
    DataError
        If there are no bars, bars are adjusted or not daily, or a symbol comes twice.
    UnknownSymbolError
        If not one of the symbols is known; with others known, `failures` names it.

    Examples
    --------
    >>> import investiq as iq
    >>> overview = iq.market_overview("sample indices", as_of="2018-12-24")
    >>> overview.main.regime, int(overview.main.breadth["declines"].iloc[-1])
    ('bear, normal volatility', 2)
    """
    found = surveyed(universe, as_of)
    given = _given(benchmark, as_of)
    groups = tuple(_surveyed(name, bars, as_of, given) for name, bars in found.groups.items())
    newest = max(bars.known_at[-1] for each in groups for bars in each.bars)
    moment = newest if as_of is None else instant(as_of)
    return MarketOverview(
        universe=found.name,
        as_of=moment.astype("datetime64[us]").item().replace(tzinfo=UTC),
        groups=groups,
        failures=found.failures,
        notes=_notes(found, groups, moment, is_asked=as_of is not None),
    )


def _given(benchmark: str | Bars | None, as_of: When | None) -> Bars | None:
    if benchmark is None:
        return None
    bars = load_bars(benchmark) if isinstance(benchmark, str) else benchmark
    if bars.basis != "raw" or bars.interval != "1d":
        raise DataError(
            f"{bars.symbol}: the benchmark must be daily bars as traded, was {bars.basis} of {bars.interval}"
        )
    known = bars if as_of is None else bars.until(as_of)
    if not len(known):
        raise DataError(f"no bar of the benchmark {bars.symbol} was known at {as_of}; pass a later as_of or another")
    return known


def _surveyed(name: str, bars: list[Bars], as_of: When | None, given: Bars | None) -> GroupSurvey:
    panel = Panel.of(bars)
    close = panel.adjusted("total").close
    market, why = (given, "") if given is not None else benchmark_of(name, as_of)
    moment = max(each.known_at[-1] for each in bars) if as_of is None else instant(as_of)
    sectors = {each.symbol: _sector(each, moment) for each in bars}
    members = standing(panel, sectors, periods_per_year=calendar.periods_per_year("1d", bars[0].passport.calendar))
    members["relative_strength"] = members["momentum"] - _momentum_of(market, members)
    fresh = members[members["is_fresh"]]
    known = fresh[fresh["sector"] != ""]
    return GroupSurvey(
        name=name,
        bars=tuple(bars),
        session=panel.ts[-1],
        breadth=breadth_table(panel.ts, close),
        members=members,
        sectors=_by_sector(known),
        no_sectors="" if len(known) else _why_no_sectors(name),
        benchmark=market,
        no_benchmark=why,
        regimes=_regimes(market),
        volatility=None if market is None else volatility_level(market, moment),
        comovement=comovement(panel.symbols, close),
    )


def _regimes(market: Bars | None) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame() if market is None else market_regimes(market)


def _momentum_of(market: Bars | None, members: pd.DataFrame) -> float:
    """Return the momentum of the benchmark, NaN where it ends at another session than the group."""
    import pandas as pd

    if market is None or market.ts[-1] != members["last_session"].max().to_datetime64():
        return float("nan")
    prices = market.adjusted("total").close
    row = {name: window_return(prices, prices.size - 1, count) for name, count in WINDOWS.items()}
    return float(momentum(pd.DataFrame([row])).iloc[0])


def _sector(bars: Bars, moment: np.datetime64) -> str:
    if bars.passport.provenance == "synthetic":
        return sector_of(bars.symbol)
    if bars.passport.provenance != "vendor":
        return ""
    store = open_store()
    keys = [key for key in store.keys("profile") if key.symbol == bars.symbol]
    known = store.records(keys[0], as_of=moment).frame if keys else None
    has_sector = known is not None and len(known) and "sector" in known
    return str(known["sector"].iloc[-1] or "") if has_sector else ""  # type: ignore[index]


def _why_no_sectors(group: str) -> str:
    if group.startswith(("sample", "synthetic")):
        return "indices belong to no sector"
    return "no profile of these symbols is stored, which would name their sectors; iq.load_records(symbol, 'profile') stores one"


def _by_sector(known: pd.DataFrame) -> pd.DataFrame:

    by = known.groupby("sector")
    table = by[list(WINDOWS)].mean()
    has_average = known["above_200"] != "n/a"
    above = (known["above_200"] == "yes").astype(float).where(has_average)
    table.insert(0, "members", by.size())
    table["above_200"] = above.groupby(known["sector"]).mean()
    found: pd.DataFrame = table.sort_values("1m", ascending=False)
    return found


# --- what is to be said ----------------------------------------------------------------------------------------------


def _notes(
    found: Universe, groups: tuple[GroupSurvey, ...], moment: np.datetime64, *, is_asked: bool
) -> tuple[Note, ...]:
    notes = [*_apart(groups)]
    for group in groups:
        # Stored series go on: without a time that was asked for they are measured against the present.
        goes_on = not is_asked and group.bars[0].passport.provenance == "vendor"
        stale = _stale(group, instant(now()), "now") if goes_on else _stale(group, moment, "as_of")
        notes += [*_behind(group), *stale, *_thin(group)]
    if found.failures:
        names = ", ".join(list(found.failures)[:_NAMED])
        text = f"{len(found.failures):,} symbol(s) are not in the overview ({names}); .failures has the reasons"
        notes.append(Note(code="not_loaded", text=text, rows=len(found.failures)))
    return merge_notes(notes, found.notes)


def _apart(groups: tuple[GroupSurvey, ...]) -> list[Note]:
    if len(groups) < 2:
        return []
    ends = "; ".join(f"{each.name} at {label_text(each.session, '1d')}" for each in groups)
    return [
        Note(
            code="kinds_apart",
            text=f"the universe holds {len(groups)} kinds of series, each measured by itself at its own last session: {ends}",
        )
    ]


def _behind(group: GroupSurvey) -> list[Note]:
    late = group.members[~group.members["is_fresh"]]
    if late.empty:
        return []
    first = ", ".join(f"{symbol} {row['last_session']:%Y-%m-%d}" for symbol, row in late.head(_NAMED).iterrows())
    text = (
        f"{group.name}: {len(late):,} of {len(group.members):,} have no bar on {label_text(group.session, '1d')} and are neither "
        f"ranked nor counted ({first}{' and more' if len(late) > _NAMED else ''})"
    )
    return [Note(code="behind", text=text, rows=len(late))]


def _stale(group: GroupSurvey, moment: np.datetime64, until: str) -> list[Note]:
    name = group.bars[0].passport.calendar
    try:
        later = calendar.session_dates(name, group.session + np.timedelta64(1, "D"), moment)
        closed = int((calendar.closes(name, later) <= moment).sum())
    except InvestIQError as error:
        return [Note(code="staleness_unknown", text=f"{group.name}: whether newer sessions closed is unknown: {error}")]
    if not closed:
        return []
    text = (
        f"{group.name}: the newest bar is of {label_text(group.session, '1d')}, and {closed:,} session(s) of {name} "
        f"closed between it and {until}"
    )
    return [Note(code="stale", text=text, rows=closed)]


def _thin(group: GroupSurvey) -> list[Note]:
    notes = []
    if len(group.members) == 1:
        text = f"{group.name}: one symbol has no breadth, rank or correlation worth the name"
        notes.append(Note(code="one_symbol", text=text))
    short = int((group.fresh["bars"] < AVERAGES[1]).sum())
    if short:
        text = (
            f"{group.name}: {short:,} of {len(group.fresh):,} have fewer than {AVERAGES[1]} bars and no 200-bar average"
        )
        notes.append(Note(code="short_history", text=text, rows=short, severity="info"))
    market = group.benchmark
    if market is None:
        notes.append(Note(code="no_benchmark", text=f"{group.name}: no regime and no volatility: {group.no_benchmark}"))
    elif market.ts[-1] != group.session:
        text = (
            f"{group.name}: the benchmark {market.symbol} ends at {label_text(market.ts[-1], '1d')}, the group at "
            f"{label_text(group.session, '1d')}: relative strength is not compared across them"
        )
        notes.append(Note(code="benchmark_elsewhere", text=text))
    elif group_name(market) not in (group.name, _LIKE.get(group.name, group.name)):
        text = f"{group.name}: the benchmark {market.symbol} is of another kind ({group_name(market)})"
        notes.append(Note(code="benchmark_of_another_kind", text=text))
    return notes


# The market of invented companies is an invented index.
_LIKE: Mapping[str, str] = {"synthetic companies": "synthetic indices"}
