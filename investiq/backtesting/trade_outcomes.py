"""`TradeLog`: all trades of a run with their notes, and what became of them by exit reason and by tag."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from investiq.backtesting.trade_annotating import trade_notes
from investiq.core.facts import Fact, Table, format_value
from investiq.core.result import Result
from investiq.metrics.trade_groups import wilson_interval

if TYPE_CHECKING:
    import pandas as pd

    from investiq.backtesting.result import BacktestResult

__all__ = ["TradeLog", "outcomes_by", "review_trades"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class TradeLog(Result):
    """The trades of a run and what was noted beside them.

    Attributes
    ----------
    result : BacktestResult
    written : DataFrame
        The notes, as `iq.trade_notes` returns them.
    """

    kind: ClassVar[str] = "trade_log"

    result: BacktestResult
    written: pd.DataFrame

    @property
    def title(self) -> str:
        """The run whose trades these are."""
        return f"Trades of {self.result.title}"

    @property
    def watermark(self) -> str | None:
        """That of the data."""
        return self.result.watermark

    @cached_property
    def tags(self) -> Mapping[int, tuple[str, ...]]:
        """Tags by trade, each once, in the order in which they were written."""
        found: dict[int, dict[str, None]] = {}
        for trade, tags in self._current(("trade", "tags")):
            found.setdefault(int(trade), {}).update(dict.fromkeys(tags))
        return {trade: tuple(tags) for trade, tags in found.items()}

    def by_exit(self) -> pd.DataFrame:
        """Return the closed trades by what ended them, as `outcomes_by`."""
        trades = self.result.trades
        groups: dict[str, list[int]] = {}
        for number, reason, is_open in zip(trades.index, trades["exit_reason"], trades["is_open"], strict=True):
            if not is_open:
                groups.setdefault(str(reason).replace("_", " "), []).append(int(number))
        return outcomes_by(trades, groups)

    def by_tag(self) -> pd.DataFrame:
        """Return the closed trades by tag, as `outcomes_by`; a trade with two tags counts in both."""
        groups: dict[str, list[int]] = {}
        for number, tags in self.tags.items():
            for tag in tags:
                groups.setdefault(tag, []).append(number)
        return outcomes_by(self.result.trades, groups)

    def facts(self) -> list[Fact]:
        """Return how many trades there are, how often they won, and how many have notes."""
        trades = self.result.trades
        closed = trades[~trades["is_open"].astype(bool)]
        every = outcomes_by(trades, {"all": closed.index.tolist()})
        if not len(every):
            none = "no trade was closed"
            return [Fact("Closed trades", 0, "count"), Fact("Win rate", math.nan, "fraction", "", none)]
        row = every.iloc[0]
        between = f"95 % Wilson interval {row['win_low']:.1%} to {row['win_high']:.1%}, n = {int(row['trades'])}"
        return [
            Fact("Closed trades", int(row["trades"]), "count"),
            Fact("Win rate", float(row["win_rate"]), "fraction", between),
            Fact("Mean return", float(row["mean_return"]), "fraction", "net, over the value of the entry"),
            Fact("Mean R", float(row["mean_r"]), "ratio", "", "no stop stood" if math.isnan(row["mean_r"]) else ""),
            Fact("Trades with notes", int(self.written["trade"].nunique()), "count"),
        ]

    def tables(self) -> list[Table]:
        """Return the outcomes by exit reason and by tag."""
        columns = ("trades", "win rate", "95 % interval", "mean return", "mean R", "P&L (USD)")
        tables = []
        for title, frame in (("By exit", self.by_exit()), ("By tag", self.by_tag())):
            rows = tuple((str(name), *_cells(row)) for name, row in frame.iterrows())
            if rows:
                heads = (title.removeprefix("By "), *columns)
                tables.append(Table(title, heads, rows, columns, ("mean return", "mean R", "P&L (USD)")))
        return tables

    def provenance(self) -> list[Fact]:
        """Return the run."""
        return [Fact("Run", self.result.title), Fact("Notes are never deleted", "add another one instead")]

    def to_frame(self) -> pd.DataFrame:
        """Return ``result.trades`` with the columns tags and notes, the newest note last."""
        trades = self.result.trades
        words: dict[int, list[str]] = {}
        for trade, note, when in self._current(("trade", "note", "written_at")):
            if note:
                words.setdefault(int(trade), []).append(f"{when:%Y-%m-%d %H:%M} UTC: {note}")
        numbers = [int(each) for each in trades.index]
        trades["tags"] = [", ".join(self.tags.get(each, ())) for each in numbers]
        trades["notes"] = ["\n".join(words.get(each, ())) for each in numbers]
        trades.index.name = "trade"
        return trades

    def _current(self, columns: Sequence[str]) -> list[tuple]:  # type: ignore[type-arg]
        kept = self.written[self.written["is_current"].fillna(False).astype(bool)]
        return list(kept[list(columns)].itertuples(index=False, name=None))


def outcomes_by(trades: pd.DataFrame, groups: Mapping[str, Sequence[int]]) -> pd.DataFrame:
    """Return what became of the closed trades of each group, the largest group first.

    Parameters
    ----------
    trades : DataFrame
        ``result.trades``.
    groups : mapping of str to sequence of int
        Rows of `trades` by the name of their group; open ones are left out.

    Returns
    -------
    DataFrame
        Index ``group``; trades, won (net profit above zero), win_rate with
        win_low and win_high (95 % Wilson interval), mean_return, mean_r (over
        the trades with a stop, NaN without any), n_r (their number), pnl (USD).
    """
    import pandas as pd

    rows = []
    for name, numbers in groups.items():
        chosen = trades.loc[list(numbers)]
        chosen = chosen[~chosen["is_open"].astype(bool)]
        if not len(chosen):
            continue
        won = int((chosen["pnl"] > 0).sum())
        low, high = wilson_interval(won, len(chosen))
        multiples = chosen["r_multiple"].dropna()
        rows.append(
            {
                "group": name,
                "trades": len(chosen),
                "won": won,
                "win_rate": won / len(chosen),
                "win_low": low,
                "win_high": high,
                "mean_return": float(chosen["return"].mean()),
                "mean_r": float(multiples.mean()) if len(multiples) else np.nan,
                "n_r": len(multiples),
                "pnl": float(chosen["pnl"].sum()),
            }
        )
    names = (
        "group", "trades", "won", "win_rate", "win_low", "win_high", "mean_return", "mean_r", "n_r", "pnl",
    )  # fmt: skip
    frame = pd.DataFrame(rows, columns=list(names)).set_index("group")
    return frame.sort_values("trades", ascending=False, kind="stable")


def review_trades(result: BacktestResult) -> TradeLog:
    """Return the trades of a run with the notes beside them, and what became of them by exit reason and by tag.

    Parameters
    ----------
    result : BacktestResult

    Returns
    -------
    TradeLog
        ``to_frame()`` and ``export(path)`` give the trades with notes and tags.

    Examples
    --------
    >>> import investiq as iq
    >>> result = iq.backtest(iq.strategies.Crossover(), iq.load_bars("^GSPC", start="2015"), stop_loss=0.03)
    >>> iq.review_trades(result).by_exit()["trades"].to_dict()
    {'signal': 8, 'stop loss': 2}
    """
    return TradeLog(result=result, written=trade_notes(result))


def _cells(row: pd.Series[float]) -> tuple[str, ...]:
    return (
        format_value(int(row["trades"]), "count"),
        format_value(float(row["win_rate"]), "fraction"),
        f"{row['win_low']:.0%} to {row['win_high']:.0%}",
        format_value(float(row["mean_return"]), "fraction"),
        format_value(float(row["mean_r"]), "ratio"),
        format_value(float(row["pnl"]), "money"),
    )
