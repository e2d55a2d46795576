"""The form of a case of the bar semantics that was worked by hand, and how an engine is held to it.

How to use it::

    @pytest.mark.parametrize("case", GOLDEN_CASES, ids=str)
    def test_engine_reproduces_the_golden_case(case):
        scenario, options = scenario_of(case)
        ...  # run the engine
        assert differences(case, fills=fills, cash=cash, equity=equity, log=log) == []

`fills` are `GoldenFill` tuples, `cash` and `equity` one number per bar at the close, `log` pairs (bar, text); numbers
may be `Decimal` or float.

Bars are numbered from 0 and stand on consecutive calendar days from 2024-01-01, each a session; those of `WEEKEND` on
Thursday, Friday and Monday. A signal of bar t is decided at its close. The base set-up is 100,000.00 of cash, half of
the equity at the prior close, whole shares, no slippage, fees, interest, borrow fee or maintenance test, no volume cap,
no confidence gate, and an open position left open at the end. Volume is ample where a case does not give it.

The notation is that in which the cases are redone by hand. Bars are open/high/low/close or
open/high/low/close/volume, ``none`` where a symbol has no bar, and several symbols read ``A: ... | B: ...``. A signal
reads ``b0 buy A (conf 0.70, limit 98)``; what stands in brackets is any of ``conf``, ``limit``, ``stop`` (of a stop
order), ``expiry``, ``protected stop/target``, ``weight``, ``quantity`` and ``notional``. A fill reads
``b1 BUY A 500 @ 102 fee 1.00 [signal]``, where SHORT is a sell and COVER a buy that opens or closes a short.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np

from investiq.core.orders import Signal
from investiq.execution.costs import Costs, MarketImpact, PerShareFees
from investiq.execution.options import RunOptions
from investiq.execution.scenario import Scenario

FIRST_SESSION = date(2024, 1, 1)
WEEKEND = (date(2024, 1, 4), date(2024, 1, 5), date(2024, 1, 8))
AMPLE_VOLUME = Decimal(10_000_000)
ONLY_SYMBOL = "A"

BASE_OPTIONS: dict[str, Any] = {
    "initial_capital": 100_000.0,
    "weight": 0.5,
    "lot": 1.0,
    "confidence_threshold": 0.0,
    "end": "mark",
    "max_volume_participation": None,
    "maintenance_long": None,
    "maintenance_short": None,
    "borrow_rate": 0.0,
}

# Quantities and prices of the cases have at most six decimals; floats stay well within this of them.
CLOSE = Decimal("1e-9")
CENT = Decimal("0.01")

_GRIDS = ("targets", "atr", "size_multiplier", "volatility", "average_volume", "borrow_rates", "shortable")
_LINES = ("sweep_rates", "debit_rates", "entries_allowed")
_ACTIONS = ("splits", "dividends", "delistings")


class GoldenBar(NamedTuple):
    """One bar, raw prices."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


class GoldenFill(NamedTuple):
    """An expected execution; `reason` is one of `investiq.core.orders.FillReason`."""

    bar: int
    side: str
    symbol: str
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
    market: dict[str, tuple[GoldenBar | None, ...]]
    sessions: tuple[date, ...]
    signals: tuple[Signal, ...]
    given: dict[str, Any]
    fills: tuple[GoldenFill, ...]
    cash: tuple[Decimal, ...]
    equity: tuple[Decimal, ...]
    log: tuple[tuple[int, str], ...]

    def __str__(self) -> str:
        return self.id

    @property
    def bars(self) -> tuple[GoldenBar, ...]:
        """The bars of the only symbol, none missing."""
        (bars,) = self.market.values()
        return tuple(bar for bar in bars if bar is not None)


_SIGNAL = re.compile(r"b(\d+) (buy|sell)(?: ([A-Z]))?(?: \(([^)]*)\))?(?:, |$)")
_FILL = re.compile(r"b(\d+) (BUY|SELL|SHORT|COVER) (?:([A-Z]) )?([\d.]+) @ ([\d.]+)(?: fee ([\d.]+))? \[([a-z_]+)\]")
_EVENT = re.compile(r"b(\d+) (.+)")
_SIDES = {"BUY": "buy", "COVER": "buy", "SELL": "sell", "SHORT": "sell"}


def case(
    id: str,
    pins: str,
    *,
    bars: str,
    cash: str,
    equity: str,
    signals: str = "",
    fills: str = "",
    log: str = "",
    days: tuple[date, ...] | None = None,
    commission_rate: float = 0.0,
    slippage_bps: float = 0.0,
    per_share: PerShareFees | None = None,
    sell_fee_rate: float = 0.0,
    impact: MarketImpact | None = None,
    **others: Any,
) -> GoldenCase:
    """Read a case; `others` are options of the run, or arrays and actions of the scenario."""
    costs = Costs(
        commission_rate=commission_rate,
        slippage_bps=slippage_bps,
        per_share=per_share,
        sell_fee_rate=sell_fee_rate,
        impact=impact,
    )
    given = {name: others.pop(name) for name in (*_GRIDS, *_LINES, *_ACTIONS) if name in others}
    market = {symbol: tuple(map(_bar, _items(text, ";"))) for symbol, text in _per_symbol(bars).items()}
    count = len(next(iter(market.values())))
    return GoldenCase(
        id=id,
        pins=pins,
        options={**BASE_OPTIONS, "costs": costs, **others},
        market=market,
        sessions=days or tuple(FIRST_SESSION + timedelta(days=number) for number in range(count)),
        signals=_signals(signals),
        given=given,
        fills=tuple(_fill(item) for item in _items(fills, ";")),
        cash=tuple(Decimal(item.replace(",", "")) for item in _items(cash, " , ")),
        equity=tuple(Decimal(item.replace(",", "")) for item in _items(equity, " , ")),
        log=tuple(_event(item) for item in _items(log, ";")),
    )


def scenario_of(case: GoldenCase) -> tuple[Scenario, RunOptions]:
    """Return the input of both engines; fields that `RunOptions` refuses raise here."""
    symbols = tuple(case.market)
    columns = {
        name: np.array(
            [[math.nan if bar is None else float(getattr(bar, name)) for bar in case.market[each]] for each in symbols]
        )
        for name in GoldenBar._fields
    }
    scenario = Scenario(
        symbols=symbols,
        ts=np.array(case.sessions, dtype="datetime64[us]"),
        sessions=np.arange(len(case.sessions)),
        signals=case.signals,
        **columns,
        **_arrays(case.given, symbols, len(case.sessions)),
    )
    return scenario, RunOptions(**case.options)


def differences(
    case: GoldenCase,
    *,
    fills: Iterable[GoldenFill],
    cash: Sequence[Decimal | float],
    equity: Sequence[Decimal | float],
    log: Iterable[tuple[int, str]],
) -> list[str]:
    """Return in words where an engine departs from `case`; empty where it does not."""
    found = []
    filled = tuple(fills)
    if len(filled) != len(case.fills) or not all(map(_is_same_fill, filled, case.fills)):
        found.append(f"fills were {[*map(_words, filled)]}, expected {[*map(_words, case.fills)]}")
    for name, values, expected in (("cash", cash, case.cash), ("equity", equity, case.equity)):
        cents = tuple(_decimal(value).quantize(CENT) for value in values)
        if cents != expected:
            found.append(f"{name} was {[*map(str, cents)]}, expected {[*map(str, expected)]}")
    logged = tuple((int(bar), str(text)) for bar, text in log)
    if logged != case.log:
        found.append(f"log was {logged}, expected {case.log}")
    return found


def _is_same_fill(one: GoldenFill, other: GoldenFill) -> bool:
    names = ("bar", "side", "symbol", "reason")
    return all(getattr(one, name) == getattr(other, name) for name in names) and all(
        abs(_decimal(getattr(one, name)) - getattr(other, name)) <= CLOSE for name in ("quantity", "price", "fee")
    )


def _words(fill: GoldenFill) -> str:
    return f"b{fill.bar} {fill.side} {fill.symbol} {fill.quantity} @ {fill.price} fee {fill.fee} [{fill.reason}]"


def _decimal(value: Decimal | float) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(repr(float(value)))


def _arrays(given: Mapping[str, Any], symbols: tuple[str, ...], count: int) -> dict[str, Any]:
    arrays: dict[str, Any] = {}
    for name, value in given.items():
        kind = bool if name in ("shortable", "entries_allowed") else np.float64
        if name in _ACTIONS:
            arrays[name] = value
        elif name in _LINES:
            arrays[name] = np.array(_numbers(value, count), dtype=kind)
        else:
            rows = _per_symbol(value) if isinstance(value, str) else dict.fromkeys(symbols, value)
            arrays[name] = np.array([_numbers(rows[each], count) for each in symbols], dtype=kind)
    return arrays


def _numbers(value: str | float, count: int) -> list[float]:
    if not isinstance(value, str):
        return [value] * count
    numbers = [math.nan if item == "none" else float(item) for item in _items(value, ";")]
    if len(numbers) != count:
        raise ValueError(f"{value!r} has {len(numbers)} values for {count} bars")
    return numbers


def _per_symbol(text: str) -> dict[str, str]:
    if ":" not in text:
        return {ONLY_SYMBOL: text}
    parts = (part.split(":", 1) for part in text.split("|"))
    return {name.strip(): rest for name, rest in parts}


def _items(text: str, separator: str) -> list[str]:
    return [item.strip() for item in text.split(separator) if item.strip()]


def _bar(text: str) -> GoldenBar | None:
    if text == "none":
        return None
    prices = [Decimal(part) for part in text.split("/")]
    return GoldenBar(*prices[:4], prices[4] if len(prices) == 5 else AMPLE_VOLUME)


def _signals(text: str) -> tuple[Signal, ...]:
    found = list(_SIGNAL.finditer(text))
    if "".join(each[0] for each in found) != text:
        raise ValueError(f"{text!r} does not read like {_SIGNAL.pattern!r}")
    return tuple(_signal(*each.groups()) for each in found)


def _signal(bar: str, side: Any, symbol: str | None, details: str | None) -> Signal:
    names = {"conf": "confidence", "limit": "limit_price", "stop": "stop_price"}
    known = {each.name for each in fields(Signal)}
    values: dict[str, Any] = {}
    for word, value in (item.split(" ") for item in _items(details or "", ",")):
        if word == "protected":
            stop, target = value.split("/")
            values.update(
                stop_loss_price=float(stop) if stop else None, take_profit_price=float(target) if target else None
            )
            continue
        name = names.get(word, word)
        if name not in known:
            raise ValueError(f"{word!r} is no detail of a signal")
        values[name] = int(value) if name == "expiry" else float(value)
    has = ("stop_" if "stop_price" in values else "") + ("limit" if "limit_price" in values else "")
    kinds: dict[str, Any] = {"": "market", "limit": "limit", "stop_": "stop", "stop_limit": "stop_limit"}
    return Signal(bar=int(bar), side=side, symbol=symbol or "", order_type=kinds[has], **values)


def _fill(text: str) -> GoldenFill:
    bar, side, symbol, quantity, price, fee, reason = _match(_FILL, text)
    return GoldenFill(
        bar=int(bar),
        side=_SIDES[side],
        symbol=symbol or ONLY_SYMBOL,
        quantity=Decimal(quantity),
        price=Decimal(price),
        fee=Decimal(fee or 0),
        reason=reason,
    )


def _event(text: str) -> tuple[int, str]:
    bar, words = _match(_EVENT, text)
    return int(bar), words


def _match(pattern: re.Pattern[str], text: str) -> tuple[str, ...]:
    found = pattern.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} does not read like {pattern.pattern!r}")
    return found.groups()
