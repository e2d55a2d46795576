"""Scenarios through the general kernel: every step of the bar semantics, many symbols, one account."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting import general_state as g
from investiq.backtesting.decisions import Decisions
from investiq.backtesting.general_kernel import Feed, Paths
from investiq.backtesting.general_kernel import simulate as simulate_compiled
from investiq.backtesting.postings import FILL_COLUMNS
from investiq.backtesting.running import Run, grid_of
from investiq.execution.labels import check_inputs
from investiq.execution.options import RunOptions
from investiq.execution.scenario import Scenario

__all__ = ["compile_general", "simulate_scenario"]

FloatArray = NDArray[np.float64]

_TYPES: Final = {"market": g.MARKET, "limit": g.LIMIT, "stop": g.STOP, "stop_limit": g.STOP_LIMIT}
_YEARS: Final = {"act/365": 365.0, "act/360": 360.0, "bus/252": 252.0}
_NO_GRID: Final = np.empty((0, 0))


def simulate_scenario(scenario: Scenario, options: RunOptions) -> Run:
    """Run a scenario through the general kernel.

    Parameters
    ----------
    scenario : Scenario
    options : RunOptions

    Returns
    -------
    Run
        `position` has shape (n_bars,) where one symbol is traded, else (n_symbols, n_bars).

    Raises
    ------
    ConfigError
        If options and scenario contradict each other, or a column is missing that the options need.
    UnknownSymbolError
        If a weight is of a symbol that is not traded.

    Examples
    --------
    >>> import numpy as np
    >>> from investiq.core.orders import Signal
    >>> from investiq.execution.costs import Costs
    >>> prices = np.array([[100.0, 102.0, 104.0]])
    >>> scenario = Scenario(
    ...     symbols=("A",),
    ...     ts=np.arange("2024-01-01", "2024-01-04", dtype="datetime64[D]"),
    ...     sessions=np.arange(3),
    ...     open=prices,
    ...     high=prices,
    ...     low=prices,
    ...     close=prices,
    ...     volume=prices * np.nan,
    ...     signals=(Signal(bar=0, side="sell"),),
    ... )
    >>> free = Costs(commission_rate=0.0, slippage_bps=0.0)
    >>> simulate_scenario(
    ...     scenario, RunOptions(costs=free, allow_short=True, borrow_rate=0.0, end="mark")
    ... ).equity.tolist()
    [100000.0, 100000.0, 99800.0]
    """
    check_inputs(scenario, options)
    feed, actions = _feed_of(scenario, options)
    n_symbols, n_bars = scenario.close.shape
    n_signals, n_actions = len(scenario.signals), actions.shape[0]
    fills = 2 * n_signals + 2 * n_symbols + 64
    if feed.weights.size:
        fills += 2 * n_symbols * int(feed.calendar[:, g.C_REBALANCES].sum())
    elif feed.targets.size:
        fills += int(np.isfinite(feed.targets).sum())
    rows = (fills, 2 * n_signals + n_bars // 4 + 64, n_bars + 2 * n_actions + 64)
    numbers = _numbers_of(options)
    while True:
        memory = _memory_of(scenario, options, numbers, rows)
        paths = Paths(np.empty(n_bars), np.empty(n_bars), np.empty(n_bars), np.zeros((n_symbols, n_bars)))
        simulate_compiled(feed, actions.copy(), memory, paths)
        used = tuple(int(memory[counter]) for counter in (g.A_FILLS, g.A_EVENTS, g.A_FLOWS))
        if all(need <= have for need, have in zip(used, rows, strict=True)):
            break
        # A table was too short; its counter says how long it must be.
        rows = (max(used[0], rows[0]), max(used[1], rows[1]), max(used[2], rows[2]))
    return Run(
        equity=paths.equity,
        cash=paths.cash,
        position=paths.position[0] if n_symbols == 1 else paths.position,
        fills=_table(memory, g.A_FILLS_AT, used[0], FILL_COLUMNS),
        events=_table(memory, g.A_EVENTS_AT, used[1], g.EVENT_COLUMNS),
        decisions=Decisions(
            codes=np.empty(0, dtype=np.int8), after_last=sum(each.bar == n_bars - 1 for each in scenario.signals)
        ),
        receivables=paths.receivables,
        cash_flows=_table(memory, g.A_FLOWS_AT, used[2], g.FLOW_COLUMNS),
    )


def compile_general() -> None:
    """Compile the general kernel, or load it from the disk cache, by running it over two bars."""
    prices = np.ones((1, 2))
    simulate_scenario(
        Scenario(
            symbols=("A",),
            ts=np.array(["2024-01-01", "2024-01-02"], dtype="datetime64[us]"),
            sessions=np.arange(2),
            open=prices,
            high=prices,
            low=prices,
            close=prices,
            volume=prices,
        ),
        RunOptions(),
    )


def _table(memory: FloatArray, at: int, n_rows: int, n_columns: int) -> FloatArray:
    first = int(memory[at])
    return memory[first : first + n_rows * n_columns].reshape(n_rows, n_columns).copy()


def _feed_of(scenario: Scenario, options: RunOptions) -> tuple[Feed, FloatArray]:
    signals, starts = _signals_of(scenario)
    actions = _actions_of(scenario)
    due = np.flatnonzero(actions[:, g.X_PAY_BAR] >= 0.0)
    payments = due[np.argsort(actions[due, g.X_PAY_BAR], kind="stable")]
    weights = options.symbol_weights
    wished: list[float] = []
    if options.rebalance is not None:
        # Equal weights where none are given; a symbol without one is left alone.
        equal = {} if weights is not None else dict.fromkeys(scenario.symbols, 1.0 / len(scenario.symbols))
        wished = [(weights or equal).get(each, np.nan) for each in scenario.symbols]
    grids = (
        scenario.open, scenario.high, scenario.low, scenario.close, scenario.volume, _carried(scenario.atr, scenario, -1),
        _filled(scenario.size_multiplier, 1.0), _carried(scenario.volatility, scenario, 0),
        _carried(scenario.average_volume, scenario, 1), _filled(scenario.borrow_rates, options.borrow_rate),
        scenario.shortable, scenario.targets,
    )  # fmt: skip
    feed = Feed(
        *(_grid(each) for each in grids),  # type: ignore[misc, arg-type]  # twelve of them, the fields before `weights`
        weights=_constant(np.array(wished, dtype=np.float64)),
        calendar=_constant(_calendar_of(scenario, options)),
        signals=_constant(signals),
        starts=_constant(starts),
        payments=_constant(payments.astype(np.int64)),
    )
    return feed, actions


def _constant(array: NDArray[Any]) -> NDArray[Any]:
    """Return a read-only view: the kernel compiles once per type of argument, and writeable is another type."""
    view = array.view()
    view.flags.writeable = False
    return view


def _grid(array: NDArray[Any] | None) -> FloatArray:
    return _constant(_NO_GRID if array is None else np.ascontiguousarray(array, dtype=np.float64))


def _filled(array: FloatArray | None, value: float) -> FloatArray | None:
    """Return `array` with `value` where it is NaN."""
    return None if array is None else np.where(np.isnan(array), value, array)


def _carried(grid: FloatArray | None, scenario: Scenario, power: int) -> FloatArray | None:
    """Return `grid` with the last known value in its gaps, times the ratio of splits since then to the `power`."""
    if grid is None:
        return None
    gaps = np.isnan(grid)
    last = np.maximum.accumulate(np.where(gaps, 0, np.arange(grid.shape[1])), axis=1)
    shares = np.ones(grid.shape)
    for split in scenario.splits:
        shares[scenario.row(split.symbol), split.bar :] *= split.ratio**power
    known = np.take_along_axis(grid / shares, last, axis=1)
    return np.where(gaps, known * shares, grid)


def _signals_of(scenario: Scenario) -> tuple[FloatArray, NDArray[np.int64]]:
    """Return the signals as rows sorted by bar, and where those of each bar begin."""
    nan = np.nan
    rows = [
        (
            each.bar,
            scenario.row(each.symbol),
            1.0 if each.side == "buy" else -1.0,
            each.confidence,
            _TYPES[each.order_type],
            nan if each.limit_price is None else each.limit_price,
            nan if each.stop_price is None else each.stop_price,
            each.expiry or 0.0,
            nan if each.stop_loss_price is None else each.stop_loss_price,
            nan if each.take_profit_price is None else each.take_profit_price,
            each.weight or 0.0,
            each.quantity or 0.0,
            each.notional or 0.0,
        )
        for each in sorted(scenario.signals, key=lambda signal: signal.bar)
    ]
    table = np.array(rows, dtype=np.float64).reshape(-1, g.N_SIGNAL)
    return table, np.searchsorted(table[:, g.S_BAR], np.arange(scenario.n_bars + 1)).astype(np.int64)


def _actions_of(scenario: Scenario) -> FloatArray:
    """Return splits, dividends and delistings as rows sorted by bar, kind and symbol."""
    nan = np.nan
    rows = [(each.bar, g.KIND_SPLIT, scenario.row(each.symbol), each.ratio, nan, 0.0, 0.0) for each in scenario.splits]
    for paid in scenario.dividends:
        pay_bar = nan if paid.pay_bar is None else float(paid.pay_bar)
        reduces = float(paid.reduces_orders)
        rows.append((paid.bar, g.KIND_DIVIDEND, scenario.row(paid.symbol), paid.amount, pay_bar, reduces, 0.0))
    for end in scenario.delistings:
        change = nan if end.value_change is None else end.value_change
        rows.append((end.bar, g.KIND_DELISTING, scenario.row(end.symbol), change, nan, 0.0, 0.0))
    return np.array(sorted(rows, key=lambda row: row[:3]), dtype=np.float64).reshape(-1, g.N_ACTION)


def _calendar_of(scenario: Scenario, options: RunOptions) -> FloatArray:
    """Return what a bar's place in time decides, one row for each."""
    table = np.zeros((scenario.n_bars, g.N_CALENDAR))
    days = scenario.ts.astype("datetime64[D]").astype(np.int64)
    months = scenario.ts.astype("datetime64[M]").astype(np.int64)
    sessions = scenario.sessions
    is_first = np.ones(days.size, dtype=bool)
    is_first[1:] = sessions[1:] != sessions[:-1]
    table[:, g.C_SESSION] = sessions
    table[1:, g.C_CALENDAR_DAYS] = np.diff(days)
    table[1:, g.C_DAYS] = np.diff(sessions) if options.interest_day_count == "bus/252" else np.diff(days)
    table[:, g.C_MONTH] = months
    table[:, g.C_IS_FIRST] = is_first
    if options.rebalance == "month_start":
        table[1:, g.C_REBALANCES] = months[1:] != months[:-1]
        table[:1, g.C_REBALANCES] = options.fill == "same_close"
    elif options.rebalance is not None:
        table[options.rebalance :: options.rebalance, g.C_REBALANCES] = 1.0
    table[:, g.C_ALLOWED] = 1.0 if scenario.entries_allowed is None else scenario.entries_allowed
    for column, rates, rate in (
        (g.C_SWEEP, scenario.sweep_rates, options.cash_sweep_rate),
        (g.C_DEBIT, scenario.debit_rates, options.debit_rate or 0.0),
    ):
        table[:, column] = rate if rates is None else _filled(rates, rate)
    return table


def _memory_of(scenario: Scenario, options: RunOptions, numbers: FloatArray, rows: tuple[int, int, int]) -> FloatArray:
    """Lay out what the kernel remembers: options, account, symbols, then the tables one after the other."""
    n_symbols = len(scenario.symbols)
    orders = 2 * len(scenario.signals) + 2 * n_symbols + 8
    per_share = options.costs.per_share
    tiers = np.empty((0, 2)) if per_share is None else np.array(per_share.tiers, dtype=np.float64)
    sizes = (
        tiers.size,
        n_symbols,
        orders,
        orders * g.N_ORDER,
        rows[0] * FILL_COLUMNS,
        rows[1] * g.EVENT_COLUMNS,
        rows[2] * g.FLOW_COLUMNS,
    )
    ends = g.SYMBOLS + n_symbols * g.N_SYMBOL + np.concatenate(([0], np.cumsum(sizes)))
    memory = np.zeros(ends[-1])
    memory[: g.N_OPTIONS] = numbers
    memory[g.A_SYMBOLS] = n_symbols
    places = (g.A_TIERS, g.A_LIVE_AT, g.A_QUEUE, g.A_ORDERS, g.A_FILLS_AT, g.A_EVENTS_AT, g.A_FLOWS_AT)
    for place, end in zip(places, ends[:-1], strict=True):
        memory[place] = end
    memory[g.A_TIERS_END] = ends[1]
    memory[ends[0] : ends[1]] = tiers.ravel()
    memory[g.A_ORDERS_END] = memory[g.A_ORDERS]
    memory[[g.A_FILLS_MAX, g.A_EVENTS_MAX, g.A_FLOWS_MAX]] = rows
    return memory


def _numbers_of(options: RunOptions) -> FloatArray:
    """Return the options as the kernel's row of numbers."""
    costs = options.costs
    fees = costs.per_share
    lot, posting = grid_of(options.lot), grid_of(options.posting_rounding)
    tick = grid_of(options.tick_size)
    level = tick if tick.divisor else grid_of(options.level_rounding)
    numbers: dict[int, float | None] = {
        g.O_CAPITAL: options.initial_capital,
        g.O_WEIGHT: options.weight,
        g.O_SIZE_AT_OPEN: options.size_at == "open",
        g.O_MIN_NOTIONAL: options.min_notional,
        g.O_LOT_M: lot.multiplier,
        g.O_LOT_D: lot.divisor,
        g.O_POST_M: posting.multiplier,
        g.O_POST_D: posting.divisor,
        g.O_LEVEL_M: level.multiplier,
        g.O_LEVEL_D: level.divisor,
        g.O_TICK_M: tick.multiplier,
        g.O_TICK_D: tick.divisor,
        g.O_SLIPPAGE: costs.slippage_rate,
        g.O_RATE: costs.commission_rate,
        g.O_PER_SHARE: fees is not None,
        g.O_MIN_FEE: fees.minimum_usd if fees else None,
        g.O_MAX_FEE: fees.maximum_usd if fees else None,
        g.O_MAX_RATE: fees.maximum_rate if fees else None,
        g.O_SELL_RATE: costs.sell_fee_rate,
        g.O_IMPACT: costs.impact.coefficient if costs.impact else None,
        g.O_SAME_CLOSE: options.fill == "same_close",
        g.O_TOUCH: options.limit_fill == "touch",
        g.O_GAP_AT_LIMIT: options.limit_gap == "limit",
        g.O_TARGET_SLIPS: options.target_slippage,
        g.O_STOP_FIRST: options.open_beyond_target == "stop_first",
        g.O_NEXT_BAR: options.stop_from == "next_bar",
        g.O_LEVELS_FIRST: options.level_order == "levels_first",
        g.O_TARGET_INSIDE: options.both_inside == "target",
        g.O_REJECT: options.insufficient == "reject",
        g.O_THRESHOLD: options.confidence_threshold,
        g.O_EXPIRY: options.limit_expiry,
        g.O_STOP: options.stop_loss,
        g.O_TARGET: options.take_profit,
        g.O_TRAIL: options.trailing_stop,
        g.O_TRAIL_ENTRY_BAR: options.trail_entry_bar,
        g.O_ATR_STOP: options.atr_stop,
        g.O_ATR_TARGET: options.atr_target,
        g.O_ATR_TRAIL: options.atr_trail,
        g.O_HOLD: options.hold_bars,
        g.O_SHORT: options.allow_short,
        g.O_REVERSE: options.reverse,
        g.O_MAX_ENTRIES: options.max_entries,
        g.O_MAX_POSITIONS: options.max_positions,
        g.O_MARGIN: options.margin,
        g.O_MAINTENANCE_LONG: options.maintenance_long,
        g.O_MAINTENANCE_SHORT: options.maintenance_short,
        g.O_BORROW: options.borrow_rate,
        g.O_YEAR: _YEARS[options.interest_day_count],
        g.O_T_PLUS_1: options.settlement == "t+1",
        g.O_BAND: options.band,
        g.O_PARTICIPATION: options.max_volume_participation,
        g.O_ADV: options.volume_basis == "adv20",
        g.O_ZERO_FILLS: options.zero_volume == "ignore",
        g.O_CARRY: options.entry_residual == "carry",
        g.O_HALT: options.max_drawdown_halt,
        g.O_FLATTEN: options.halt_policy == "flatten",
        g.O_RESET_BARS: options.halt_reset_bars,
        g.O_RESET_DRAWDOWN: -1.0 if options.halt_reset_drawdown is None else options.halt_reset_drawdown,
        g.O_DAY_ENTRIES: options.max_entries_per_day,
        g.O_LIQUIDATE: options.end == "liquidate",
        g.O_DELISTING: options.delisting_return,
    }
    return np.array([float(numbers[column] or 0.0) for column in range(g.N_OPTIONS)])
