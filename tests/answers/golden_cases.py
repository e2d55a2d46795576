"""The golden cases of the bar semantics: worked by hand in exact decimals, and pinned on every engine.

Each case is one short market with its signals and, to the cent, the fills, cash, equity and log that follow. The
bar-by-bar simulator and the compiled kernel are both tested on this list; neither has produced a number in it.

How to use it::

    @pytest.mark.parametrize("case", GOLDEN_CASES, ids=str)
    def test_engine_reproduces_the_golden_case(case):
        options = RunOptions(**case.options)  # complete: the base set-up and what the case changes
        ...  # run case.bars and case.signals through the engine
        assert fills == case.fills  # GoldenFill tuples: bar, side, quantity, price, fee, reason
        assert cash == case.cash  # one Decimal per bar, at the close
        assert equity_to_the_cent == case.equity
        assert log == case.log  # (bar, text) pairs in order

Bars are numbered from 0 and stand on consecutive calendar days from 2024-01-01 (`GoldenCase.sessions`). A signal of
bar t is decided at its close. The base set-up is 100,000.00 of cash, half of the equity at the prior close, whole
shares, no slippage, no fees, no confidence gate, and an open position left open at the end. Volume is ample where the
table does not give it.

The table below keeps the notation in which the cases are redone by hand: bars are open/high/low/close or
open/high/low/close/volume, and a fill reads ``b1 BUY 500 @ 102 fee 1.00 [signal]``.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from investiq.execution.costs import Costs, PerShareFees

__all__ = ["GOLDEN_CASES", "GoldenBar", "GoldenCase", "GoldenFill", "GoldenSignal"]

FIRST_SESSION = date(2024, 1, 1)
AMPLE_VOLUME = Decimal(10_000_000)
INF = math.inf

BASE_OPTIONS: dict[str, Any] = {
    "initial_capital": 100_000.0,
    "weight": 0.5,
    "lot": 1.0,
    "confidence_threshold": 0.0,
    "end": "mark",
}


class GoldenBar(NamedTuple):
    """One bar, raw prices."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


class GoldenSignal(NamedTuple):
    """A decision at the close of `bar`."""

    bar: int
    side: str
    confidence: float


class GoldenFill(NamedTuple):
    """An expected execution; `reason` is one of `investiq.core.orders.FillReason`."""

    bar: int
    side: str
    quantity: Decimal
    price: Decimal
    fee: Decimal
    reason: str


@dataclass(frozen=True, kw_only=True)
class GoldenCase:
    """A market, the signals decided in it, and what must follow."""

    id: str
    pins: str
    options: dict[str, Any]
    bars: tuple[GoldenBar, ...]
    signals: tuple[GoldenSignal, ...]
    fills: tuple[GoldenFill, ...]
    cash: tuple[Decimal, ...]
    equity: tuple[Decimal, ...]
    log: tuple[tuple[int, str], ...]

    def __str__(self) -> str:
        return self.id

    @property
    def sessions(self) -> tuple[date, ...]:
        """The day of each bar."""
        return tuple(FIRST_SESSION + timedelta(days=number) for number in range(len(self.bars)))


_SIGNAL = re.compile(r"b(\d+) (buy|sell)(?: \(conf ([\d.]+)\))?")
_FILL = re.compile(r"b(\d+) (BUY|SELL) ([\d.]+) @ ([\d.]+)(?: fee ([\d.]+))? \[([a-z_]+)\]")
_EVENT = re.compile(r"b(\d+) (.+)")


def _items(text: str, separator: str) -> list[str]:
    return [item.strip() for item in text.split(separator) if item.strip()]


def _bar(text: str) -> GoldenBar:
    prices = [Decimal(part) for part in text.split("/")]
    return GoldenBar(*prices[:4], prices[4] if len(prices) == 5 else AMPLE_VOLUME)


def _signal(text: str) -> GoldenSignal:
    bar, side, confidence = _match(_SIGNAL, text)
    return GoldenSignal(int(bar), side, float(confidence or 1))


def _fill(text: str) -> GoldenFill:
    bar, side, quantity, price, fee, reason = _match(_FILL, text)
    return GoldenFill(int(bar), side.lower(), Decimal(quantity), Decimal(price), Decimal(fee or 0), reason)


def _event(text: str) -> tuple[int, str]:
    bar, words = _match(_EVENT, text)
    return int(bar), words


def _match(pattern: re.Pattern[str], text: str) -> tuple[str, ...]:
    found = pattern.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} does not read like {pattern.pattern!r}")
    return found.groups()


def _case(
    id: str,
    pins: str,
    *,
    bars: str,
    cash: str,
    equity: str,
    signals: str = "",
    fills: str = "",
    log: str = "",
    commission_rate: float = 0.0,
    slippage_bps: float = 0.0,
    per_share: PerShareFees | None = None,
    **options: Any,
) -> GoldenCase:
    costs = Costs(commission_rate=commission_rate, slippage_bps=slippage_bps, per_share=per_share)
    return GoldenCase(
        id=id,
        pins=pins,
        options={**BASE_OPTIONS, "costs": costs, **options},
        bars=tuple(_bar(item) for item in _items(bars, ";")),
        signals=tuple(_signal(item) for item in _items(signals, ",")),
        fills=tuple(_fill(item) for item in _items(fills, ";")),
        cash=tuple(Decimal(item.replace(",", "")) for item in _items(cash, " , ")),
        equity=tuple(Decimal(item.replace(",", "")) for item in _items(equity, " , ")),
        log=tuple(_event(item) for item in _items(log, ";")),
    )


GOLDEN_CASES: tuple[GoldenCase, ...] = (
    _case(
        "GC-01",
        "signal at close of bar 0 fills at open of bar 1",
        bars="100/101/99/100 ; 102/104/101/103 ; 104/106/103/105",
        signals="b0 buy, b1 sell",
        fills="b1 BUY 500 @ 102 [signal]; b2 SELL 500 @ 104 [signal]",
        cash="100,000.00 , 49,000.00 , 101,000.00",
        equity="100,000.00 , 100,500.00 , 101,000.00",
    ),
    _case(
        "GC-02",
        "signal on the last bar never fills",
        bars="100/101/99/100 ; 100/101/99/100",
        signals="b1 buy",
        cash="100,000.00 , 100,000.00",
        equity="100,000.00 , 100,000.00",
        log="b1 signal after last bar: dropped",
    ),
    # slippage 1%
    _case(
        "GC-03",
        "directional slippage 1%: buy above, sell below the open",
        bars="100/101/99/100 ; 100/101/99/100 ; 100/101/99/100 ; 100/101/99/100",
        signals="b0 buy, b1 sell",
        fills="b1 BUY 500 @ 101 [signal]; b2 SELL 500 @ 99 [signal]",
        cash="100,000.00 , 49,500.00 , 99,000.00 , 99,000.00",
        equity="100,000.00 , 99,500.00 , 99,000.00 , 99,000.00",
        slippage_bps=100,
    ),
    # commission 0.1%
    _case(
        "GC-04",
        "percentage commission 0.1% on both fills",
        bars="100/101/99/100 ; 100/101/99/100 ; 110/111/109/110",
        signals="b0 buy, b1 sell",
        fills="b1 BUY 500 @ 100 fee 50.00 [signal]; b2 SELL 500 @ 110 fee 55.00 [signal]",
        cash="100,000.00 , 49,950.00 , 104,895.00",
        equity="100,000.00 , 99,950.00 , 104,895.00",
        commission_rate=0.001,
    ),
    _case(
        "GC-05",
        "quantity fixed from the prior close; the gap up changes cost, not quantity",
        bars="100/101/99/100 ; 110/112/108/110",
        signals="b0 buy",
        fills="b1 BUY 500 @ 110 [signal]",
        cash="100,000.00 , 45,000.00",
        equity="100,000.00 , 100,000.00",
    ),
    # size 100%
    _case(
        "GC-06",
        "buying power shortfall reduces the order",
        bars="100/101/99/100 ; 105/106/104/105",
        signals="b0 buy",
        fills="b1 BUY 952 @ 105 [signal]",
        cash="100,000.00 , 40.00",
        equity="100,000.00 , 100,000.00",
        weight=1.0,
    ),
    # size 100%, insufficient=reject
    _case(
        "GC-07",
        "same, policy reject",
        bars="100/101/99/100 ; 105/106/104/105",
        signals="b0 buy",
        cash="100,000.00 , 100,000.00",
        equity="100,000.00 , 100,000.00",
        log="b1 entry rejected: buying power",
        weight=1.0,
        insufficient="reject",
    ),
    # fractional, size 10%
    _case(
        "GC-08",
        "fractional shares",
        bars="100/101/95/96 ; 96/97/95/96",
        signals="b0 buy",
        fills="b1 BUY 104.166666 @ 96 [signal]",
        cash="100,000.00 , 90,000.00",
        equity="100,000.00 , 100,000.00",
        lot=1e-6,
        weight=0.1,
    ),
    # size 10%; 0.005/share, min 1.00
    _case(
        "GC-09",
        "per-share commission with a minimum, charged on entry and exit alike",
        bars="100/101/99/100 ; 100/101/99/100 ; 100/101/99/100",
        signals="b0 buy, b1 sell",
        fills="b1 BUY 100 @ 100 fee 1.00 [signal]; b2 SELL 100 @ 100 fee 1.00 [signal]",
        cash="100,000.00 , 89,999.00 , 99,998.00",
        equity="100,000.00 , 99,999.00 , 99,998.00",
        weight=0.1,
        per_share=PerShareFees(tiers=((INF, 0.005),), minimum_usd=1.0),
    ),
    # 0.005 to 800 shares a month, then 0.003; min 1.00
    _case(
        "GC-10",
        "marginal tiers: the part of an order above the monthly threshold pays the next rate",
        bars="100/101/99/100 ; 100/101/99/100 ; 100/101/99/100",
        signals="b0 buy, b1 sell",
        fills="b1 BUY 500 @ 100 fee 2.50 [signal]; b2 SELL 500 @ 100 fee 2.10 [signal]",
        cash="100,000.00 , 49,997.50 , 99,995.40",
        equity="100,000.00 , 99,997.50 , 99,995.40",
        per_share=PerShareFees(tiers=((800, 0.005), (INF, 0.003)), minimum_usd=1.0),
    ),
    # 0.01/share, max 3.00
    _case(
        "GC-11",
        "per-share commission with a maximum",
        bars="100/101/99/100 ; 100/101/99/100 ; 100/101/99/100",
        signals="b0 buy, b1 sell",
        fills="b1 BUY 500 @ 100 fee 3.00 [signal]; b2 SELL 500 @ 100 fee 3.00 [signal]",
        cash="100,000.00 , 49,997.00 , 99,994.00",
        equity="100,000.00 , 99,997.00 , 99,994.00",
        per_share=PerShareFees(tiers=((INF, 0.01),), maximum_usd=3.0),
    ),
    # confidence threshold 0.60
    _case(
        "GC-12",
        "entry confidence equal to the threshold is executed, below is not",
        bars="100/101/99/100 ; 100/101/99/100 ; 100/101/99/100",
        signals="b0 buy (conf 0.60), b1 sell (conf 0.59)",
        fills="b1 BUY 500 @ 100 [signal]",
        cash="100,000.00 , 50,000.00 , 50,000.00",
        equity="100,000.00 , 100,000.00 , 100,000.00",
        log="b2 below threshold",
        confidence_threshold=0.60,
    ),
    # stop 5%
    _case(
        "GC-13",
        "stop touched exactly at the low fills at the stop",
        bars="100/101/99/100 ; 100/101/96/100 ; 99/100/95/97",
        signals="b0 buy",
        fills="b1 BUY 500 @ 100 [signal]; b2 SELL 500 @ 95 [stop]",
        cash="100,000.00 , 50,000.00 , 97,500.00",
        equity="100,000.00 , 100,000.00 , 97,500.00",
        stop_loss=0.05,
    ),
    # stop 5%, slippage 1%
    _case(
        "GC-14",
        "stop fill pays slippage",
        bars="100/101/99/100 ; 100/101/97/100 ; 99/100/90/92",
        signals="b0 buy",
        fills="b1 BUY 500 @ 101 [signal]; b2 SELL 500 @ 94.9905 [stop]",
        cash="100,000.00 , 49,500.00 , 96,995.25",
        equity="100,000.00 , 99,500.00 , 96,995.25",
        stop_loss=0.05,
        slippage_bps=100,
    ),
    # stop 5%
    _case(
        "GC-15",
        "gap through the stop fills at the open",
        bars="100/101/99/100 ; 100/101/99/100 ; 90/93/88/92",
        signals="b0 buy",
        fills="b1 BUY 500 @ 100 [signal]; b2 SELL 500 @ 90 [stop_gap]",
        cash="100,000.00 , 50,000.00 , 95,000.00",
        equity="100,000.00 , 100,000.00 , 95,000.00",
        stop_loss=0.05,
    ),
    # target 10%, slippage 1%
    _case(
        "GC-16",
        "target traded through fills at the target, no slippage",
        bars="100/101/99/100 ; 100/102/99/101 ; 105/112/104/110",
        signals="b0 buy",
        fills="b1 BUY 500 @ 101 [signal]; b2 SELL 500 @ 111.1 [target]",
        cash="100,000.00 , 49,500.00 , 105,050.00",
        equity="100,000.00 , 100,000.00 , 105,050.00",
        take_profit=0.10,
        slippage_bps=100,
    ),
    # target 25%
    _case(
        "GC-17",
        "target touched exactly is not filled",
        bars="100/101/99/100 ; 100/101/99/100 ; 105/125/104/108",
        signals="b0 buy",
        fills="b1 BUY 500 @ 100 [signal]",
        cash="100,000.00 , 50,000.00 , 50,000.00",
        equity="100,000.00 , 100,000.00 , 104,000.00",
        take_profit=0.25,
    ),
    # target 10%
    _case(
        "GC-18",
        "gap above the target fills at the open (better)",
        bars="100/101/99/100 ; 100/101/99/100 ; 115/116/112/113",
        signals="b0 buy",
        fills="b1 BUY 500 @ 100 [signal]; b2 SELL 500 @ 115 [target_gap]",
        cash="100,000.00 , 50,000.00 , 107,500.00",
        equity="100,000.00 , 100,000.00 , 107,500.00",
        take_profit=0.10,
    ),
    # stop 5%, target 5%
    _case(
        "GC-19",
        "stop and target inside one bar: stop",
        bars="100/101/99/100 ; 100/101/99/100 ; 100/107/94/103",
        signals="b0 buy",
        fills="b1 BUY 500 @ 100 [signal]; b2 SELL 500 @ 95 [stop]",
        cash="100,000.00 , 50,000.00 , 97,500.00",
        equity="100,000.00 , 100,000.00 , 97,500.00",
        stop_loss=0.05,
        take_profit=0.05,
    ),
    # stop 5%, target 5%
    _case(
        "GC-20",
        "open above the target, stop also inside: the open comes first",
        bars="100/101/99/100 ; 100/101/99/100 ; 108/109/90/95",
        signals="b0 buy",
        fills="b1 BUY 500 @ 100 [signal]; b2 SELL 500 @ 108 [target_gap]",
        cash="100,000.00 , 50,000.00 , 104,000.00",
        equity="100,000.00 , 100,000.00 , 104,000.00",
        stop_loss=0.05,
        take_profit=0.05,
    ),
    # stop 5%
    _case(
        "GC-21",
        "stop can fire on the entry bar",
        bars="100/101/99/100 ; 100/103/94/96",
        signals="b0 buy",
        fills="b1 BUY 500 @ 100 [signal]; b1 SELL 500 @ 95 [stop]",
        cash="100,000.00 , 97,500.00",
        equity="100,000.00 , 97,500.00",
        stop_loss=0.05,
    ),
    # target 5%
    _case(
        "GC-22",
        "target can fire on the entry bar (market entry at the open)",
        bars="100/101/99/100 ; 100/106/99/104",
        signals="b0 buy",
        fills="b1 BUY 500 @ 100 [signal]; b1 SELL 500 @ 105 [target]",
        cash="100,000.00 , 102,500.00",
        equity="100,000.00 , 102,500.00",
        take_profit=0.05,
    ),
    # stop 5%, target 5%
    _case(
        "GC-23",
        "entry bar contains both: stop",
        bars="100/101/99/100 ; 100/106/94/101",
        signals="b0 buy",
        fills="b1 BUY 500 @ 100 [signal]; b1 SELL 500 @ 95 [stop]",
        cash="100,000.00 , 97,500.00",
        equity="100,000.00 , 97,500.00",
        stop_loss=0.05,
        take_profit=0.05,
    ),
    _case(
        "GC-30",
        "short disabled: sell while flat is ignored",
        bars="100/101/99/100 ; 100/101/99/100",
        signals="b0 sell",
        cash="100,000.00 , 100,000.00",
        equity="100,000.00 , 100,000.00",
        log="b1 short disabled: ignored",
    ),
    _case(
        "GC-56",
        "zero-volume bar: nothing fills, market order carried",
        bars="100/101/99/100/9 ; 100/100/100/100/0 ; 103/104/102/103/9",
        signals="b0 buy",
        fills="b2 BUY 500 @ 103 [signal]",
        cash="100,000.00 , 100,000.00 , 48,500.00",
        equity="100,000.00 , 100,000.00 , 100,000.00",
        log="b1 no trade in bar: order carried",
    ),
    _case(
        "GC-64",
        "buy and sell for one symbol on one bar: exit kept when long, both dropped when flat",
        bars="100/101/99/100 ; 100/101/99/100 ; 100/101/99/100 ; 100/101/99/100",
        signals="b0 buy, b0 sell, b1 buy",
        fills="b2 BUY 500 @ 100 [signal]",
        cash="100,000.00 , 100,000.00 , 50,000.00 , 50,000.00",
        equity="100,000.00 , 100,000.00 , 100,000.00 , 100,000.00",
        log="b1 conflicting signals: both dropped",
    ),
    # slippage 1%, commission 0.1%, end=liquidate
    _case(
        "GC-70",
        "end of data, policy liquidate: costs are in the last equity point",
        bars="100/101/99/100 ; 100/101/99/100 ; 110/111/109/110",
        signals="b0 buy",
        fills="b1 BUY 500 @ 101 fee 50.50 [signal]; b2 SELL 500 @ 108.9 fee 54.45 [end_of_data]",
        cash="100,000.00 , 49,449.50 , 103,845.05",
        equity="100,000.00 , 99,449.50 , 103,845.05",
        slippage_bps=100,
        commission_rate=0.001,
        end="liquidate",
    ),
    # end=mark
    _case(
        "GC-71",
        "end of data, policy mark: position stays open",
        bars="100/101/99/100 ; 100/101/99/100 ; 110/111/109/110",
        signals="b0 buy",
        fills="b1 BUY 500 @ 100 [signal]",
        cash="100,000.00 , 50,000.00 , 50,000.00",
        equity="100,000.00 , 100,000.00 , 105,000.00",
    ),
    # size_at=open
    _case(
        "GC-87",
        "size at the open (notional order): 625, not 500",
        bars="100/101/99/100 ; 80/81/79/80",
        signals="b0 buy",
        fills="b1 BUY 625 @ 80 [signal]",
        cash="100,000.00 , 50,000.00",
        equity="100,000.00 , 100,000.00",
        size_at="open",
    ),
)
