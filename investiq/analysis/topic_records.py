"""The newest records behind a topic, as tables: reports, payments, contracts, filings, headlines, ranks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from investiq.core.facts import Table, format_value
from investiq.engines.sentiment.articles import read_articles
from investiq.engines.sentiment.word_list import WordList
from investiq.engines.supplementary.options_positions import UNUSUAL_RATIO, UNUSUAL_VOLUME, is_unusual
from investiq.history.bars import Bars
from investiq.history.history import History

if TYPE_CHECKING:
    import pandas as pd

    from investiq.analysis.result import Analysis

__all__ = ["relative_strength", "tables_of"]

_ROWS: Final = 8
# Weights of the returns of 1, 5 and 21 bars; chosen by hand, tested on nothing.
_SPANS: Final = {"day": (1, 0.1), "week": (5, 0.3), "month": (21, 0.6)}


def tables_of(name: str, analysis: Analysis) -> list[Table]:
    """Return the tables of the topic called `name`; none where the history has no such records."""
    found = _MAKERS[name](analysis) if name in _MAKERS else None
    return [found] if found is not None and found.rows else []


def relative_strength(history: History) -> pd.DataFrame:
    """Return the weighted past return of every series of a history, the strongest first.

    Returns
    -------
    DataFrame
        Index: symbol. ``day``, ``week``, ``month``: total returns of 1, 5 and 21
        bars up to the last one; ``momentum``: 10, 30 and 60 % of them. A series
        whose last bar is not of the main symbol's last session is left out, as is
        one with fewer than 22 bars.
    """
    import pandas as pd

    last = history.bars().ts[-1]
    rows: dict[str, list[float]] = {}
    for symbol, bars in history.series.items():
        if len(bars) > _SPANS["month"][0] and bars.ts[-1] == last:
            rows[symbol] = _returns(bars)
    table = pd.DataFrame.from_dict(rows, orient="index", columns=list(_SPANS))
    table["momentum"] = sum(table[name] * weight for name, (_, weight) in _SPANS.items())
    return table.sort_values("momentum", ascending=False, kind="stable")


def _returns(bars: Bars) -> list[float]:
    close = bars.adjusted("total").close
    return [float(close[-1] / close[-1 - count] - 1) for count, _ in _SPANS.values()]


def _frame(analysis: Analysis, kind: str) -> pd.DataFrame | None:
    records = analysis.history.find_records(kind)
    return None if records is None or not len(records) else records.frame


def _earnings(analysis: Analysis) -> Table | None:
    frame = _frame(analysis, "earnings")
    if frame is None:
        return None
    rows = [
        (
            f"{each['fiscal_period']} {each['fiscal_year']:.0f}",
            format_value(each["reported_date"], "date"),
            format_value(each["eps_actual"], "price"),
            format_value(each["eps_estimate"], "price"),
            format_value(each["eps_actual"] - each["eps_estimate"], "price"),
            format_value(each["revenue_actual"], "amount"),
        )
        for each in _newest(frame[frame["eps_actual"].notna()])
    ]
    columns = ("Period", "Reported", "EPS", "Consensus", "Surprise", "Revenue")
    return Table("Reports", columns, tuple(rows), columns[2:], ("Surprise",))


def _dividends(analysis: Analysis) -> Table | None:
    frame = _frame(analysis, "actions")
    if frame is None:
        return None
    rows = [
        (f"{day:%Y-%m-%d}", format_value(cash, "ratio"), str(currency))
        for day, cash, currency in payments(frame).iloc[::-1].head(_ROWS).itertuples()
    ]
    return Table("Payments", ("Ex-date", "Per share", "Currency"), tuple(rows), ("Per share",))


def payments(actions: pd.DataFrame) -> pd.DataFrame:
    """Return the cash dividends among the actions, as paid: index of ex-dates, `cash` and `currency`."""
    is_cash = actions["cash"].notna() & (actions["cash"] > 0)
    return actions.loc[is_cash, ["cash", "currency"]]


def _options(analysis: Analysis) -> Table | None:
    frame = _frame(analysis, "options")
    if frame is None:
        return None
    newest = frame[frame["known_at"] == frame["known_at"].max()]
    volume, held = (newest[name].to_numpy(dtype=float) for name in ("volume", "open_interest"))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(held > 0, volume / held, np.nan)
    order = np.argsort(-np.nan_to_num(ratio, nan=-1.0), kind="stable")[:_ROWS]
    unusual = is_unusual(volume, held)
    rows = [
        (
            "Call" if newest["contract_type"].iloc[i] == "call" else "Put",
            format_value(newest["strike"].iloc[i], "price"),
            format_value(newest["expiration"].iloc[i], "date"),
            format_value(volume[i], "count"),
            format_value(held[i], "count"),
            format_value(float(ratio[i]), "ratio"),
            "yes" if unusual[i] else "no",
        )
        for i in order
    ]
    title = f"Most volume over open interest; unusual above {UNUSUAL_VOLUME} and {UNUSUAL_RATIO:g} times"
    columns = ("Side", "Strike", "Expiry", "Volume", "Open interest", "Ratio", "Unusual")
    return Table(title, columns, tuple(rows), ("Strike", "Volume", "Open interest", "Ratio"))


def _insiders(analysis: Analysis) -> Table | None:
    frame = _frame(analysis, "insiders")
    if frame is None:
        return None
    rows = [
        (
            format_value(each["filed_at"], "date"),
            str(each["name"]),
            str(each["title"]),
            f"{_CODES.get(each['code'], 'other')} ({each['code']})",
            format_value(each["shares"], "count"),
            format_value(each["value"], "amount"),
        )
        for each in _newest(frame)
    ]
    columns = ("Filed", "Person", "Title", "What", "Shares", "Value")
    return Table("Filings", columns, tuple(rows), ("Shares", "Value"))


_CODES: Final = {"P": "purchase", "S": "sale", "A": "grant", "M": "exercise", "F": "tax", "G": "gift"}


def _short_interest(analysis: Analysis) -> Table | None:
    frame = _frame(analysis, "short_interest")
    if frame is None:
        return None
    rows = [
        (
            f"{day:%Y-%m-%d}",
            format_value(each["publication_date"], "date"),
            format_value(each["short_interest"], "amount"),
            format_value(each["float_pct"], "fraction"),
            format_value(each["days_to_cover"], "ratio"),
        )
        for day, each in zip(frame.index[::-1], _newest(frame), strict=False)
    ]
    columns = ("Settlement", "Published", "Shares short", "Of the float", "Days to cover")
    return Table("Reports", columns, tuple(rows), columns[2:])


def _news(analysis: Analysis) -> Table | None:
    articles = read_articles(analysis.history, WordList())
    if articles is None:
        return None
    rows = [
        (
            str(articles.usable[i].astype("datetime64[D]")),
            str(articles.titles[i]),
            f"{articles.tone[i]:+.2f}",
        )
        for i in range(articles.usable.size - 1, max(articles.usable.size - 1 - _ROWS, -1), -1)
    ]
    return Table("Newest headlines", ("Known", "Headline", "Tone (±1)"), tuple(rows), ("Tone (±1)",), ("Tone (±1)",))


def _strength(analysis: Analysis) -> Table | None:
    ranked = relative_strength(analysis.history)
    if len(ranked) < 2:
        return None
    rows = [
        (str(place), str(symbol), *(f"{100 * value:+.2f} %" for value in values))
        for place, (symbol, *values) in enumerate(ranked.itertuples(), start=1)
    ]
    columns = ("Rank", "Symbol", "1 bar", "5 bars", "21 bars", "10/30/60 % of them")
    return Table("Past returns of the series in the history", columns, tuple(rows), columns[2:], columns[2:])


def _newest(frame: pd.DataFrame) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = frame.iloc[::-1].head(_ROWS).to_dict("records")  # type: ignore[assignment]
    return found


_MAKERS: Final[Mapping[str, Callable[[Analysis], Table | None]]] = {
    "earnings": _earnings,
    "dividends": _dividends,
    "options": _options,
    "short_interest": _short_interest,
    "insiders": _insiders,
    "news": _news,
    "relative_strength": _strength,
}
