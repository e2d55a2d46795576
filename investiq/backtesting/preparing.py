"""From bars and decisions to a scenario: the one form in which an account meets a market."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting.decisions import BOTH, BUY, SELL, Decisions
from investiq.core import calendar
from investiq.core.errors import ConfigError, DataError
from investiq.core.orders import Signal
from investiq.execution.options import RegimeSizing, RunOptions
from investiq.execution.scenario import Delisting, Dividend, Scenario, Split
from investiq.execution.sessions import numbers_of_sessions
from investiq.history.adjust import Action
from investiq.history.bars import Bars
from investiq.history.panel import Panel
from investiq.indicators.trend import sma
from investiq.indicators.volatility import atr, true_range

__all__ = ["scenario_of"]

FloatArray = NDArray[np.float64]

# What a run is given: codes of one symbol or of each, signals, or target weights.
Decided = Decisions | NDArray[np.int8] | Sequence[Signal] | FloatArray

_DAILY: Final = ("1d", "1w", "1mo")
_CASH: Final = ("dividend", "special_dividend", "spin_off")
# Sessions behind the average volume where no market impact says otherwise.
_VOLUME_WINDOW: Final = 20
# Growth of a factor that is arithmetic and not an action.
_DUST: Final = 1e-9


def scenario_of(
    data: Bars | Panel,
    decided: Decided,
    options: RunOptions,
    *,
    pay_dates: Mapping[tuple[str, date], date] | None = None,
) -> Scenario:
    """Return market, corporate actions and decisions of a run in the form that both engines take.

    Splits and dividends are those behind the factors of `data`: from its actions,
    and from steps of the factors that no action explains. A symbol that ends
    before the others is delisted in the bar after its last.

    Parameters
    ----------
    data : Bars or Panel
        As traded.
    decided : Decisions, ndarray of int8 of shape (n_bars,) or (n_symbols, n_bars), sequence of Signal, or ndarray of float64
        Codes as in `backtesting.decisions` or target weights, their rows in the
        order of `data`; or signals.
    options : RunOptions
        They decide what is prepared beside prices and actions: the average true
        range, the multiplier of regime sizing, volatility and volume for market
        impact and for ``volume_basis="adv20"``, the hours of entries.
    pay_dates : mapping of (symbol, ex-date) to date, optional
        When dividends are paid; one that is not named is paid on its ex-date.

    Returns
    -------
    Scenario
        Symbols ascending.

    Raises
    ------
    DataError
        If `data` is adjusted, or `decided` has another shape.
    ConfigError
        If `entry_hours` is given for daily or longer bars.

    Examples
    --------
    >>> import investiq as iq
    >>> bars = iq.load_bars("^GSPC", start="2018-12-27")
    >>> scenario = scenario_of(bars, [Signal(bar=0, side="buy")], RunOptions())
    >>> scenario.symbols, scenario.n_bars, scenario.sessions.tolist()
    (('^GSPC',), 3, [0, 1, 2])
    """
    if data.basis != "raw":
        raise DataError(
            f"fills need prices as traded, these are {data.basis}-adjusted; pass the raw {type(data).__name__}"
        )
    members = list(data) if isinstance(data, Panel) else [data]
    names = data.symbols if isinstance(data, Panel) else (data.symbol,)
    order = sorted(range(len(names)), key=names.__getitem__)
    members = [members[row] for row in order]
    symbols = tuple(names[row] for row in order)
    places = [np.searchsorted(data.ts, bars.ts) for bars in members]
    grids: dict[str, Any] = {
        name: np.ascontiguousarray(np.atleast_2d(getattr(data, name))[order])
        for name in ("open", "high", "low", "close", "volume")
    }
    splits, dividends = _actions_of(members, places, data.ts, pay_dates or {})
    n_bars = data.ts.size
    return Scenario(
        symbols=symbols,
        ts=data.ts,
        sessions=numbers_of_sessions(data.ts, data.interval, members[0].passport.calendar),
        **grids,
        **_decided(decided, order, symbols, n_bars),
        splits=tuple(splits),
        dividends=tuple(dividends),
        delistings=tuple(
            Delisting(bar=int(rows[-1]) + 1, symbol=bars.symbol)
            for bars, rows in zip(members, places, strict=True)
            if rows.size and rows[-1] + 1 < n_bars
        ),
        **_known_at_closes(members, places, n_bars, options),
        entries_allowed=_hours(members[0], data.ts, options),
    )


def _decided(decided: Decided, order: list[int], symbols: tuple[str, ...], n_bars: int) -> dict[str, Any]:
    """Return signals or target weights of a scenario."""
    if isinstance(decided, Decisions):
        return {"signals": tuple(_signals_of(decided, symbols[0], n_bars))}
    if not isinstance(decided, np.ndarray):
        return {"signals": tuple(decided)}
    values = np.atleast_2d(decided)
    if values.shape != (len(symbols), n_bars):
        raise DataError(
            f"decisions must have shape ({len(symbols)}, {n_bars}), symbols by bars; had {decided.shape}; "
            "a row of them stands for each symbol in the order of the data"
        )
    values = values[order]
    if values.dtype == np.int8:
        return {"signals": tuple(_coded(values.astype(np.int8), symbols))}
    return {"targets": np.ascontiguousarray(values, dtype=np.float64)}


def _signals_of(decided: Decisions, symbol: str, n_bars: int) -> Iterator[Signal]:
    """Yield the signals that the gate has seen, those that it dropped included, so that the log names them."""
    codes, confidence = decided.codes, decided.confidence
    if codes.shape != (n_bars,):
        raise DataError(f"decisions must have one code per bar, were {codes.shape} codes for {n_bars} bars")
    for bar in np.flatnonzero(codes[:-1]).tolist():
        if codes[bar] in (BUY, BOTH):
            yield Signal(
                bar=bar, side="buy", symbol=symbol, confidence=float(confidence[bar]) if confidence.size else 1.0
            )
        if codes[bar] in (SELL, BOTH):
            yield Signal(bar=bar, side="sell", symbol=symbol)
    for bar in decided.below:
        yield Signal(bar=bar, side="buy", symbol=symbol, confidence=0.0)
    for _ in range(decided.after_last):
        yield Signal(bar=n_bars - 1, side="buy", symbol=symbol)


def _coded(codes: NDArray[np.int8], symbols: tuple[str, ...]) -> Iterator[Signal]:
    rows, bars = np.nonzero(codes)
    for row, bar in zip(rows.tolist(), bars.tolist(), strict=True):
        if codes[row, bar] in (BUY, BOTH):
            yield Signal(bar=bar, side="buy", symbol=symbols[row])
        if codes[row, bar] in (SELL, BOTH):
            yield Signal(bar=bar, side="sell", symbol=symbols[row])


def _actions_of(
    members: Sequence[Bars],
    places: Sequence[NDArray[np.int64]],
    ts: NDArray[np.datetime64],
    pay_dates: Mapping[tuple[str, date], date],
) -> tuple[list[Split], list[Dividend]]:
    splits: list[Split] = []
    dividends: list[Dividend] = []
    days = ts.astype("datetime64[D]")
    for bars, rows in zip(members, places, strict=True):
        last_days = _last_days(bars)
        named: set[int] = set()
        for action in bars.actions:
            row = int(np.searchsorted(last_days, np.datetime64(action.ex_date, "D")))
            ratio, amount = _effect_of(action, bars.passport.currency)
            if row >= len(bars) or (ratio == 1.0 and amount == 0.0):
                continue
            named.add(row)
            bar = int(rows[row])
            if ratio != 1.0:
                splits.append(Split(bar=bar, ratio=ratio, symbol=bars.symbol))
            if amount > 0.0:
                amount /= _later_ratio(bars, action.ex_date, last_days[row])
                paid = pay_dates.get((bars.symbol, action.ex_date))
                pay_bar = bar if paid is None else max(bar, int(np.searchsorted(days, np.datetime64(paid, "D"))))
                dividends.append(
                    Dividend(bar=bar, amount=amount, pay_bar=pay_bar if pay_bar < ts.size else None, symbol=bars.symbol)
                )
        for row, ratio, amount in _steps_of(bars):
            if row in named:
                continue
            bar = int(rows[row])
            if ratio != 1.0:
                splits.append(Split(bar=bar, ratio=ratio, symbol=bars.symbol))
            if amount > 0.0:
                dividends.append(Dividend(bar=bar, amount=amount, pay_bar=bar, symbol=bars.symbol))
    return splits, dividends


def _last_days(bars: Bars) -> NDArray[np.datetime64]:
    """Return the last day of each bar: an ex-date inside a week belongs to that week, whose label is its first session."""
    return (bars.known_at if bars.interval in ("1w", "1mo") else bars.ts).astype("datetime64[D]")


def _later_ratio(bars: Bars, ex_date: date, last_day: np.datetime64) -> float:
    """Return new shares per old of the splits after `ex_date` up to `last_day`: a bar's dividends are per share after them."""
    ratios = [
        _effect_of(action, bars.passport.currency)[0]
        for action in bars.actions
        if action.ex_date > ex_date and np.datetime64(action.ex_date, "D") <= last_day
    ]
    return math.prod(ratios)


def _effect_of(action: Action, currency: str) -> tuple[float, float]:
    """Return new shares per old, and cash per share; 1 and 0 for what no account can follow."""
    if action.kind == "split" and action.ratio:
        return action.ratio, 0.0
    if action.kind == "stock_dividend" and action.ratio:
        return 1.0 + action.ratio, 0.0
    if action.kind in _CASH and action.cash:
        if action.currency == currency:
            return 1.0, action.cash
        if action.exchange_rate:
            return 1.0, action.cash * action.exchange_rate
    return 1.0, 0.0


def _steps_of(bars: Bars) -> Iterator[tuple[int, float, float]]:
    """Yield (row, ratio, cash per share) where a factor steps: p x (1 - 1 / growth) is the dividend behind a growth."""
    ratios = bars.split_factor[1:] / bars.split_factor[:-1]
    growth = bars.total_factor[1:] / bars.total_factor[:-1] / ratios
    for step in np.flatnonzero((np.abs(ratios - 1.0) > _DUST) | (np.abs(growth - 1.0) > _DUST)).tolist():
        ratio = float(ratios[step]) if abs(ratios[step] - 1.0) > _DUST else 1.0
        cash = float(bars.close[step] / ratio * (1.0 - 1.0 / growth[step])) if growth[step] - 1.0 > _DUST else 0.0
        yield step + 1, ratio, cash


def _known_at_closes(
    members: Sequence[Bars], places: Sequence[NDArray[np.int64]], n_bars: int, options: RunOptions
) -> dict[str, Any]:
    """Return the columns that the options ask for, each value as it was known at its close."""
    columns: dict[str, Any] = {}
    impact = options.costs.impact
    window = impact.window if impact is not None else _VOLUME_WINDOW
    if options.atr_stop or options.atr_target or options.atr_trail:
        columns["atr"] = _spread([_true_range(bars, options) for bars in members], places, n_bars)
    if options.regime_sizing is not None:
        sizing = options.regime_sizing
        multipliers = [_regime(bars, sizing) for bars in members]
        columns["size_multiplier"] = _spread(multipliers, places, n_bars)
        # Before a symbol's first bar there is no regime.
        columns["size_multiplier"][np.isnan(columns["size_multiplier"])] = 1.0
    if impact is not None:
        columns["volatility"] = _spread([_volatility(bars, window) for bars in members], places, n_bars)
    if impact is not None or options.volume_basis == "adv20":
        columns["average_volume"] = _spread([_average_volume(bars, window) for bars in members], places, n_bars)
    return columns


def _spread(values: Sequence[FloatArray], places: Sequence[NDArray[np.int64]], n_bars: int) -> FloatArray:
    """Return one row for each symbol on the merged labels; a bar that is missing keeps what was known before."""
    grid = np.full((len(values), n_bars), np.nan)
    for row, (value, at) in enumerate(zip(values, places, strict=True)):
        last = np.searchsorted(at, np.arange(n_bars), side="right") - 1
        known = last >= 0
        grid[row, known] = value[last[known]]
    return grid


def _true_range(bars: Bars, options: RunOptions) -> FloatArray:
    """Return the average true range in money as traded."""
    adjusted = bars.adjusted("total")
    if options.atr_method == "wilder":
        ranges = atr(adjusted, options.atr_window)
    else:
        ranges = sma(true_range(adjusted), options.atr_window)
    return np.asarray(ranges / bars.total_factor, dtype=np.float64)


def _session_ends(bars: Bars) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the last row of each session, and for each row how many sessions have ended by its close."""
    if bars.interval in _DAILY:
        rows = np.arange(len(bars))
        return rows, rows + 1
    days = bars.ts.astype("datetime64[D]")
    ends = np.append(np.flatnonzero(days[1:] != days[:-1]), len(bars) - 1)
    return ends, np.searchsorted(ends, np.arange(len(bars)), side="right")


def _at_rows(by_session: FloatArray, ended: NDArray[np.int64]) -> FloatArray:
    """Return for each row the value of the last session that has ended; NaN before the first."""
    return np.concatenate(([np.nan], by_session))[ended]


def _session_returns(bars: Bars) -> tuple[FloatArray, NDArray[np.int64]]:
    ends, ended = _session_ends(bars)
    closes = bars.close[ends] * bars.total_factor[ends]
    return np.concatenate(([np.nan], closes[1:] / closes[:-1] - 1.0)), ended


def _volatility(bars: Bars, window: int) -> FloatArray:
    """Return the standard deviation of the last `window` returns of sessions."""
    returns, ended = _session_returns(bars)
    deviations = np.full(returns.size, np.nan)
    if returns.size > window:
        windows = np.lib.stride_tricks.sliding_window_view(returns[1:], window)
        deviations[window:] = windows.std(axis=1, ddof=1)
    return _at_rows(deviations, ended)


def _average_volume(bars: Bars, window: int) -> FloatArray:
    """Return the mean volume of the last `window` sessions, in shares of the row."""
    ends, ended = _session_ends(bars)
    volume = np.diff(np.concatenate(([0.0], np.cumsum(bars.volume / bars.split_factor)[ends])))
    averages = np.full(volume.size, np.nan)
    if volume.size >= window:
        averages[window - 1 :] = np.lib.stride_tricks.sliding_window_view(volume, window).mean(axis=1)
    return np.asarray(_at_rows(averages, ended) * bars.split_factor, dtype=np.float64)


def _regime(bars: Bars, sizing: RegimeSizing) -> FloatArray:
    """Return the multiplier of sizes decided at each close, taken anew every so many bars."""
    returns, ended = _session_returns(bars)
    year = calendar.periods_per_year("1d" if bars.interval not in _DAILY else bars.interval, bars.passport.calendar)
    multipliers = np.ones(len(bars))
    for row in range(sizing.every, len(bars), sizing.every):
        known = returns[1 : ended[row]][-sizing.window :]
        multiplier = 1.0
        if known.size >= sizing.least:
            volatility = float(known.std(ddof=1)) * year**0.5
            if volatility > sizing.high:
                multiplier = sizing.high_multiplier
            elif volatility < sizing.low:
                multiplier = sizing.low_multiplier
        multipliers[row : row + sizing.every] = multiplier
    return multipliers


def _hours(bars: Bars, ts: NDArray[np.datetime64], options: RunOptions) -> NDArray[np.bool_] | None:
    """Return whether entries may fill in each bar: those that open within the hours of the exchange's clock."""
    if options.entry_hours is None:
        return None
    if bars.interval in _DAILY:
        raise ConfigError(
            f"entry_hours={options.entry_hours} needs intraday bars, these are {bars.interval}: a session has one open"
        )
    import pandas as pd

    local = pd.DatetimeIndex(ts, tz="UTC").tz_convert(calendar.time_zone(bars.passport.calendar))
    hours = local.hour.to_numpy() + local.minute.to_numpy() / 60
    first, last = options.entry_hours
    return np.asarray((hours >= first) & (hours < last), dtype=np.bool_)
