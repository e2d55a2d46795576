"""Insiders: purchases and sales in the open market, by the day on which they were filed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from investiq.core.facts import Unit
from investiq.engines.base import Line, Panel
from investiq.engines.joining import known_counts
from investiq.engines.rules import FloatArray, Table
from investiq.engines.supplementary.insider_trades import InsiderTrades, trades_of
from investiq.engines.supplementary.topics import Adjustment, Topic
from investiq.history.bars import Bars
from investiq.history.history import History
from investiq.indicators.trend import sma

__all__ = ["TOPIC", "insider_features"]

UNITS: Final[dict[str, Unit]] = {
    "insider_buys": "count",
    "insider_sells": "count",
    "insider_buyers": "count",
    "insider_executive_buys": "count",
    "insider_net_value": "money",
    "insider_net_share": "fraction",
    "insider_buy_share": "fraction",
    "insider_base_share": "fraction",
    "insider_signal": "ratio",
    "insider_days_since": "days",
}
WORDS: Final = ("insider_activity",)
WINDOW: Final = np.timedelta64(90, "D")
BASE: Final = np.timedelta64(3 * 365, "D")
# As many trades as make a base rate.
FEWEST_IN_BASE: Final = 10
BOUGHT, SOLD = 0.001, -0.005
EXECUTIVES, CLUSTER = 2, 3
_DAY: Final = np.timedelta64(1, "D")


def insider_features(history: History) -> dict[str, Any]:
    """Return the columns of the topic: trades filed in the 90 days before each row.

    Counts are of persons and days. `insider_net_share` is the net value, weighted by
    title, over the average dollar volume of 20 days; `insider_base_share` the share of
    purchases in the three years before those 90 days; `insider_signal` 1, -1 or 0
    as the rules of the adjustment say.
    """
    main, records = history.bars(), history.find_records("insiders")
    nothing = np.full(len(main), np.nan)
    trades = None if records is None else trades_of(records)
    if records is None or trades is None or not trades.known.size:
        return dict.fromkeys(UNITS, nothing) | {"insider_activity": ""}
    window, base = _Window(main, trades.known, WINDOW), _Window(main, trades.known, WINDOW + BASE)
    is_sale = ~trades.is_purchase
    is_known = window.count > 0
    buys, sells = window.sums(trades.is_purchase), window.sums(is_sale)
    base_buys, base_sells = base.sums(trades.is_purchase) - buys, base.sums(is_sale) - sells
    value = np.nan_to_num(trades.value)
    # Raw closes and volumes: a split leaves their product as it is.
    traded = sma(main.close * main.volume, 20)
    has_base = base_buys + base_sells >= FEWEST_IN_BASE
    with np.errstate(divide="ignore", invalid="ignore"):
        found = {
            "insider_buys": buys,
            "insider_sells": sells,
            "insider_buyers": _buyers(main, trades),
            "insider_executive_buys": window.sums(trades.is_purchase & trades.is_executive),
            "insider_net_value": window.sums(value),
            "insider_net_share": np.where(traded > 0, window.sums(value * trades.weight) / traded, np.nan),
            "insider_buy_share": buys / (buys + sells),
            "insider_base_share": np.where(has_base, base_buys / (base_buys + base_sells), np.nan),
            "insider_days_since": (main.known_at - trades.known[window.count - 1]) / _DAY,
        }
    found["insider_signal"] = np.sign(_amount(found))
    activity = np.where(is_known & has_base, _activity(buys, sells, base_buys, base_sells), "")
    return {name: np.where(is_known, found[name], np.nan) for name in UNITS} | {"insider_activity": activity}


class _Window:
    """The trades filed within a length of time before each row."""

    def __init__(self, main: Bars, known: NDArray[np.datetime64], length: np.timedelta64) -> None:
        self.count = known_counts(main, known)
        self._gone = np.searchsorted(known, main.known_at - length, side="right")

    def sums(self, values: NDArray[Any]) -> FloatArray:
        """Return the sum of each row's trades."""
        total = np.concatenate(([0.0], np.cumsum(values, dtype=float)))
        return total[self.count] - total[self._gone]


def _buyers(main: Bars, trades: InsiderTrades) -> FloatArray:
    """Return how many persons bought: a person counts from a purchase to the next one, for 90 days at most."""
    known, person = trades.known[trades.is_purchase], trades.person[trades.is_purchase]
    order = np.lexsort((known, person))
    ends = known + WINDOW
    same = person[order[1:]] == person[order[:-1]]
    earlier = order[:-1][same]
    ends[earlier] = np.minimum(ends[earlier], known[order[1:]][same])
    begun, over = (np.searchsorted(np.sort(each), main.known_at, side="right") for each in (known, ends))
    return (begun - over).astype(float)


def _activity(buys: FloatArray, sells: FloatArray, base_buys: FloatArray, base_sells: FloatArray) -> NDArray[np.str_]:
    # The odds of a purchase against those of the years before, without a division.
    now, before = buys * base_sells, sells * base_buys
    return np.select(
        [now > 2 * before, now > before, before > 2 * now, before > now],
        ["Strongly Bullish", "Bullish", "Strongly Bearish", "Bearish"],
        "Neutral",
    )


def _amount(t: Table) -> FloatArray:
    buys, sells, net = t["insider_buys"], t["insider_sells"], t["insider_net_share"]
    bought = ((net > BOUGHT) & (buys > sells)) | (t["insider_buyers"] >= CLUSTER)
    sold = (net < SOLD) & (sells > 2 * buys)
    executives = t["insider_executive_buys"] >= EXECUTIVES
    return np.select([bought, sold & ~executives, executives & ~sold], [0.04, -0.03, 0.03], 0.0)


def _tags(row: Mapping[str, Any]) -> tuple[str, ...]:
    found = []
    if row["insider_buyers"] >= CLUSTER:
        found.append("CLUSTER BUYING")
    if row["insider_executive_buys"] >= EXECUTIVES:
        found.append("EXECUTIVES BUY")
    return tuple(found)


def _why_missing(row: Mapping[str, Any]) -> dict[str, str]:
    reasons = {}
    if np.isnan(row["insider_buy_share"]):
        reasons["insider_buy_share"] = "no purchase or sale was filed in 90 days"
    if np.isnan(row["insider_base_share"]):
        reasons["insider_base_share"] = f"fewer than {FEWEST_IN_BASE} trades were filed in the three years before"
    if np.isnan(row["insider_net_share"]):
        reasons["insider_net_share"] = "no volume, or too few bars, for an average dollar volume"
    return reasons


_TEXT: Final = (
    "filed in 90 days: purchases {insider_buys} (persons {insider_buyers}, by executives {insider_executive_buys}), "
    "sales {insider_sells}; net value, weighted by title, {insider_net_share} of a day's dollar volume"
)

TOPIC: Final = Topic(
    name="insiders",
    units=UNITS,
    words=WORDS,
    features=insider_features,
    adjustments=(
        Adjustment(
            names=("Insiders Buy", "Insiders Sell"),
            fact="insider trades",
            amount=_amount,
            value="insider_net_share",
            texts=(_TEXT, _TEXT),
        ),
    ),
    panels=(
        Panel(
            "Insiders",
            (
                Line(
                    "Purchases", "insider_buys", "persons and days filed in 90 days; codes P and S without 10b5-1 plans"
                ),
                Line("Sales", "insider_sells"),
                Line("Persons who bought", "insider_buyers", "3 are a cluster"),
                Line("Purchases by executives", "insider_executive_buys"),
                Line("Net value", "insider_net_value", "bought less sold"),
                Line("Net value, weighted", "insider_net_share", "by title, over 20-day average dollar volume"),
                Line("Share of purchases", "insider_buy_share"),
                Line("Share of purchases before", "insider_base_share", "in the three years before"),
                Line("Against that", "insider_activity", "odds of a purchase now and before"),
                Line("Since the last filing", "insider_days_since"),
            ),
        ),
    ),
    needs="insider trades",
    tags=_tags,
    why_missing=_why_missing,
)
