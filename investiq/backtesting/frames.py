"""The tables of a backtest, built from its arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from investiq.backtesting import postings
from investiq.backtesting.events import log_lines
from investiq.backtesting.trades import FILL_REASONS
from investiq.core.orders import EXIT_REASONS

if TYPE_CHECKING:
    import pandas as pd

    from investiq.backtesting.result import BacktestResult

__all__ = ["equity_frame", "fills_frame", "log_frame", "returns_series", "summary_frame", "trades_frame"]


def equity_frame(result: BacktestResult) -> pd.DataFrame:
    """Return the account at each close, the opening point first."""
    import pandas as pd

    run, equity = result.run, result.account
    return pd.DataFrame(
        {
            "equity": equity,
            "cash": np.concatenate((equity[:1], run.cash)),
            "position_value": np.concatenate(([0.0], run.position * result.bars.close)),
            "position": np.concatenate(([0.0], run.position)),
            "drawdown": equity / np.maximum.accumulate(equity) - 1.0,
        },
        index=pd.DatetimeIndex(result.instants, tz="UTC", name="ts"),
    )


def returns_series(result: BacktestResult) -> pd.Series[float]:
    """Return the simple returns of the equity per bar."""
    import pandas as pd

    equity = result.account
    return pd.Series(equity[1:] / equity[:-1] - 1.0, index=result.bars.index, name="returns")


def trades_frame(result: BacktestResult) -> pd.DataFrame:
    """Return one row per round trip."""
    import pandas as pd

    bars, trips = result.bars, result.round_trips
    closed = trips.is_closed
    exits = np.full(closed.size, np.datetime64("NaT", "us"), dtype="datetime64[us]")
    exits[closed] = bars.ts[trips.exit_bar[closed]]
    last_bar = np.where(closed, trips.exit_bar, len(bars) - 1)
    reasons = [EXIT_REASONS[FILL_REASONS[code]] if code >= 0 else None for code in trips.exit_reason.tolist()]
    return pd.DataFrame(
        {
            "symbol": pd.array([bars.symbol] * closed.size, dtype="str"),
            "entry_ts": pd.DatetimeIndex(bars.ts[trips.entry_bar], tz="UTC"),
            "entry_price": trips.entry_price,
            "exit_ts": pd.DatetimeIndex(exits, tz="UTC"),
            "exit_price": trips.exit_price,
            "quantity": trips.quantity,
            "pnl": trips.pnl,
            "return": trips.returns,
            "fees": trips.fees,
            "slippage": trips.slippage,
            "exit_reason": pd.array(reasons, dtype="str"),
            "bars_held": last_bar - trips.entry_bar,
            "is_open": ~closed,
        }
    )


def fills_frame(result: BacktestResult) -> pd.DataFrame:
    """Return one row per fill."""
    import pandas as pd

    fills = result.run.fills
    sides = np.where(fills[:, postings.SIDE] == postings.BUYING, "buy", "sell").tolist()
    reasons = [FILL_REASONS[code] for code in fills[:, postings.REASON].astype(np.int64).tolist()]
    return pd.DataFrame(
        {
            "ts": pd.DatetimeIndex(result.bars.ts[fills[:, postings.BAR].astype(np.int64)], tz="UTC"),
            "side": pd.array(sides, dtype="str"),
            "quantity": fills[:, postings.QUANTITY],
            "price": fills[:, postings.PRICE],
            "fee": fills[:, postings.FEE],
            "slippage": fills[:, postings.SLIPPAGE],
            "reason": pd.array(reasons, dtype="str"),
        }
    )


def log_frame(result: BacktestResult) -> pd.DataFrame:
    """Return what became of decisions and orders that did not fill."""
    import pandas as pd

    lines = log_lines(result.run)
    rows = np.array([bar for bar, _ in lines], dtype=np.int64)
    return pd.DataFrame(
        {
            "ts": pd.DatetimeIndex(result.bars.ts[rows], tz="UTC"),
            "event": pd.array([text for _, text in lines], dtype="str"),
        }
    )


def summary_frame(result: BacktestResult) -> pd.DataFrame:
    """Return the facts as a table."""
    import pandas as pd

    facts = result.facts()
    return pd.DataFrame(
        {
            "value": [fact.value for fact in facts],
            "unit": [fact.unit for fact in facts],
            "convention": [fact.convention for fact in facts],
            "note": [fact.note for fact in facts],
        },
        index=pd.Index([fact.label for fact in facts], name="metric"),
    )
