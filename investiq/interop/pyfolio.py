"""A finished run as the three tables that pyfolio reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from investiq.backtesting import postings
from investiq.core.errors import DataError
from investiq.interop.daily import daily_returns, last_of_day

if TYPE_CHECKING:
    import pandas as pd

    from investiq.backtesting.result import BacktestResult

__all__ = ["to_pyfolio"]


def to_pyfolio(result: BacktestResult) -> tuple[pd.Series[float], pd.DataFrame, pd.DataFrame]:
    """Return the run as pyfolio wants it: ``pyfolio.create_full_tear_sheet(returns, positions, transactions)``.

    Parameters
    ----------
    result : BacktestResult
        Of any interval. Bars within a day become one row, that of the day's last
        bar; a weekly or monthly bar stays one row, on its label.

    Returns
    -------
    returns : Series of shape (n_days,)
        Simple returns, the first from the opening capital; index ``date``, 00:00 UTC.
    positions : DataFrame of shape (n_days, n_symbols + 1)
        Money at the last close, negative for a short: a column for each symbol,
        then ``cash``. Dividends that the account is entitled to and has not been
        paid are in the cash, so that each row adds up to the equity.
    transactions : DataFrame of shape (n_fills, 5)
        Index ``date``, the opening instant of the bar of each fill, UTC; symbol,
        amount (shares, negative for a sale), price (slippage and impact included),
        commission (money) and txn_dollars (-amount x price).

    Raises
    ------
    DataError
        If a symbol is called ``cash``.

    Notes
    -----
    A day is one in UTC, which regular hours in America and Europe never cross.
    pyfolio pairs transactions into round trips without commission, in whole shares
    (of 10.7 it takes 10) and without splits: with fractions, or where a share was
    split while it was held, its round trips are wrong there and right in `result.trades`.

    Examples
    --------
    >>> import investiq as iq
    >>> result = iq.backtest(iq.strategies.Breakout(), "^GSPC", costs=iq.Costs(), weight=0.95)
    >>> returns, positions, transactions = to_pyfolio(result)
    >>> bool(np.allclose(positions.sum(axis=1), result.equity["equity"].iloc[1:], rtol=1e-12, atol=0))
    True
    >>> list(transactions.columns)
    ['symbol', 'amount', 'price', 'commission', 'txn_dollars']
    """
    import pandas as pd

    symbols = result.prices.symbols
    if "cash" in symbols:
        raise DataError("a symbol is called 'cash', which is pyfolio's name for the money; rename the symbol")
    returns = daily_returns(result)
    rows = last_of_day(result.prices.ts)
    shares = result.shares[:, rows]
    values = shares * np.where(shares == 0.0, 0.0, result.prices.marks[:, rows])
    owed = result.run.receivables
    cash = result.run.cash[rows] + (owed[rows] if owed.size else 0.0)
    positions = pd.DataFrame(values.T, index=returns.index, columns=list(symbols)).assign(cash=cash)
    return returns, positions, _transactions(result)


def _transactions(result: BacktestResult) -> pd.DataFrame:
    import pandas as pd

    fills, table = result.run.fills, result.fills
    amount = fills[:, postings.QUANTITY] * np.where(fills[:, postings.SIDE] == postings.BUYING, 1.0, -1.0)
    price = fills[:, postings.PRICE]
    return pd.DataFrame(
        {
            "symbol": table["symbol"].to_numpy(),
            "amount": amount,
            "price": price,
            "commission": fills[:, postings.FEE],
            "txn_dollars": -amount * price,
        },
        index=pd.DatetimeIndex(table["ts"], name="date"),
    )
