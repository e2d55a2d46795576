"""A finished run as a `vectorbt.Portfolio`: its own fills as order records, nothing simulated again."""

from __future__ import annotations

import importlib.util
import warnings
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from investiq.backtesting import postings
from investiq.backtesting.price_sheet import carried
from investiq.core.errors import DataError, MissingDependencyError
from investiq.core.types import INTERVAL_MINUTES

if TYPE_CHECKING:
    from investiq.backtesting.result import BacktestResult

__all__ = ["open_vectorbt", "to_vectorbt"]


def to_vectorbt(result: BacktestResult) -> Any:
    """Return the run as a `vectorbt.Portfolio` whose value is the equity of the result.

    Every fill becomes one order record with its quantity, its price, slippage and
    impact included, and its fee. Records are handed to the portfolio as they are:
    `Portfolio.from_orders` would take one order for each bar and symbol, and
    test cash again. Several symbols share one pool of cash.

    Parameters
    ----------
    result : BacktestResult

    Returns
    -------
    vectorbt.Portfolio
        Index `ts`, one column for each symbol. Its `value()` is `equity` of the
        result after the opening point, which vectorbt has no row for.

    Raises
    ------
    DataError
        If interest, borrow fees, dividends or cash in lieu of shares moved cash: a
        vectorbt portfolio knows no cash but that of its orders.
    MissingDependencyError
        If vectorbt is not installed.

    Notes
    -----
    Amounts are posted in cents where `posting_rounding` says so, and vectorbt
    multiplies size by price: the difference, at most half a cent, is in the
    record's fees. Where a share was split inside the period, sizes and prices are
    those of the first bar's shares, so that a position does not change without an order.
    vectorbt counts 365 days a year: ``portfolio.sharpe_ratio(year_freq="252 days")``
    is the ratio of daily sessions.

    Examples
    --------
    >>> import investiq as iq
    >>> result = iq.backtest(iq.strategies.BuyAndHold(), "^GSPC", costs=iq.Costs(), weight=1.0, lot=None)
    >>> portfolio = to_vectorbt(result)  # doctest: +SKIP
    >>> portfolio.final_value() == result.equity["equity"].iloc[-1]  # doctest: +SKIP
    True
    """
    vectorbt = open_vectorbt("a vectorbt portfolio")
    _refuse_other_cash(result)
    import pandas as pd

    sheet = result.prices
    factor = carried(sheet.split_factor)
    closes = (sheet.marks * factor).T
    symbols = list(sheet.symbols)
    index = pd.DatetimeIndex(sheet.ts, tz="UTC", name="ts")
    freq = pd.Timedelta(minutes=INTERVAL_MINUTES[result.data.interval])
    is_panel = len(symbols) > 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wrapper = vectorbt.ArrayWrapper(
            index=index,
            columns=pd.Index(symbols, name="symbol"),
            ndim=2 if is_panel else 1,
            freq=freq,
            group_by=True if is_panel else None,
        )
        return vectorbt.Portfolio(
            wrapper,
            close=pd.DataFrame(closes, index=index, columns=wrapper.columns)
            if is_panel
            else pd.Series(closes[:, 0], index=index, name=symbols[0]),
            order_records=_orders_of(result, factor, vectorbt),
            log_records=np.empty(0, dtype=vectorbt.portfolio.enums.log_dt),
            init_cash=np.array([result.options.initial_capital], dtype=np.float64),
            cash_sharing=is_panel,
        )


def open_vectorbt(purpose: str) -> ModuleType:
    """Return the module vectorbt; its import warns about its own dependencies, which is none of the caller's business."""
    if importlib.util.find_spec("vectorbt") is None:
        raise MissingDependencyError("vectorbt", "research", purpose)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import vectorbt
    module: ModuleType = vectorbt
    return module


def _orders_of(result: BacktestResult, factor: Any, vectorbt: ModuleType) -> Any:
    fills = result.run.fills
    bars, rows = (fills[:, column].astype(np.int64) for column in (postings.BAR, postings.SYMBOL))
    is_buy = fills[:, postings.SIDE] == postings.BUYING
    quantity, price = fills[:, postings.QUANTITY], fills[:, postings.PRICE]
    posted, value = fills[:, postings.NOTIONAL], quantity * price
    kinds = vectorbt.portfolio.enums
    records = np.zeros(len(fills), dtype=kinds.order_dt)
    records["id"] = np.arange(len(fills))
    records["col"], records["idx"] = rows, bars
    records["size"] = quantity / factor[rows, bars]
    records["price"] = price * factor[rows, bars]
    records["fees"] = fills[:, postings.FEE] + np.where(is_buy, posted - value, value - posted)
    records["side"] = np.where(is_buy, kinds.OrderSide.Buy, kinds.OrderSide.Sell)
    return records


def _refuse_other_cash(result: BacktestResult) -> None:
    moved = result.postings
    if not len(moved):
        return
    amounts = moved.groupby("kind", sort=True)["amount"].sum()
    listed = ", ".join(f"{kind} {amount:,.2f}" for kind, amount in amounts.items())
    raise DataError(
        f"{len(moved)} postings moved cash without an order ({listed}), and a vectorbt portfolio knows no cash but that "
        "of its orders; iq.to_pyfolio and iq.to_quantstats carry them, or run without rates on symbols without dividends"
    )
