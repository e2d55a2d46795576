"""The tables of a backtest, built from its arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from investiq.backtesting import pairing, postings
from investiq.backtesting.events import log_lines
from investiq.backtesting.trades import FILL_REASONS
from investiq.core.orders import EXIT_REASONS

if TYPE_CHECKING:
    import pandas as pd

    from investiq.backtesting.result import BacktestResult

__all__ = [
    "equity_frame",
    "fills_frame",
    "log_frame",
    "positions_frame",
    "postings_frame",
    "returns_series",
    "summary_frame",
    "symbols_frame",
    "trades_frame",
]

POSTING_KINDS: Final = {
    pairing.INTEREST: "interest",
    pairing.DEBIT_INTEREST: "debit_interest",
    pairing.BORROW: "borrow",
    pairing.DIVIDEND: "dividend",
    pairing.DIVIDEND_PAID: "dividend_paid",
    pairing.IN_LIEU: "cash_in_lieu",
}


def equity_frame(result: BacktestResult) -> pd.DataFrame:
    """Return the account at each close, the opening point first."""
    import pandas as pd

    run, equity, holdings = result.run, result.account, result.holdings
    receivables = run.receivables if run.receivables.size else np.zeros(run.equity.size)
    gross = holdings.long_value + holdings.short_value
    net = holdings.long_value - holdings.short_value
    columns: dict[str, Any] = {
        "equity": equity,
        "cash": np.concatenate((equity[:1], run.cash)),
        "receivables": _opened(receivables),
        "long_value": _opened(holdings.long_value),
        "short_value": _opened(holdings.short_value),
        "gross": _opened(gross),
        "net": _opened(net),
        "exposure": _opened(np.divide(gross, run.equity, out=np.full(gross.size, np.nan), where=run.equity > 0)),
    }
    if len(result.prices.symbols) == 1:
        columns |= {"position_value": _opened(net), "position": _opened(result.shares[0])}
    columns |= {
        "drawdown": equity / np.maximum.accumulate(equity) - 1.0,
        "halted": np.concatenate(([False], result.halted)),
    }
    return pd.DataFrame(columns, index=pd.DatetimeIndex(result.instants, tz="UTC", name="ts"))


def positions_frame(result: BacktestResult) -> pd.DataFrame:
    """Return the shares of each symbol at each close, the opening point first."""
    import pandas as pd

    symbols = result.prices.symbols
    shares = np.concatenate((np.zeros((1, len(symbols))), result.shares.T))
    index = pd.DatetimeIndex(result.instants, tz="UTC", name="ts")
    return pd.DataFrame(shares, index=index, columns=pd.Index(symbols, name="symbol"))


def returns_series(result: BacktestResult) -> pd.Series[float]:
    """Return the simple returns of the equity per bar."""
    import pandas as pd

    equity = result.account
    index = pd.DatetimeIndex(result.prices.ts, tz="UTC", name="ts")
    return pd.Series(equity[1:] / equity[:-1] - 1.0, index=index, name="returns")


def trades_frame(result: BacktestResult) -> pd.DataFrame:
    """Return one row per round trip."""
    import pandas as pd

    ts, trips, reached, levels = result.prices.ts, result.round_trips, result.excursions, result.levels
    closed = trips.is_closed
    exits = np.full(closed.size, np.datetime64("NaT", "us"), dtype="datetime64[us]")
    exits[closed] = ts[trips.exit_bar[closed]]
    last_bar = np.where(closed, trips.exit_bar, ts.size - 1)
    is_short = trips.quantity < 0
    paid = np.abs(trips.quantity) * trips.entry_price
    risk = np.abs(trips.entry_price - levels.stop) * np.abs(trips.quantity)
    return pd.DataFrame(
        {
            "symbol": pd.array([result.prices.symbols[row] for row in trips.symbol.tolist()], dtype="str"),
            "side": pd.array(np.where(is_short, "short", "long").tolist(), dtype="str"),
            "entry_ts": pd.DatetimeIndex(ts[trips.entry_bar], tz="UTC"),
            "entry_price": trips.entry_price,
            "exit_ts": pd.DatetimeIndex(exits, tz="UTC"),
            "exit_price": trips.exit_price,
            "quantity": trips.quantity,
            "exit_quantity": trips.exit_quantity,
            "pnl": trips.pnl,
            "return": trips.returns,
            "fees": trips.fees,
            "slippage": trips.slippage,
            "impact": trips.impact,
            "dividends": trips.dividends,
            "borrow": trips.borrow,
            "stop": levels.stop,
            "target": levels.target,
            "mae": reached.adverse,
            "mfe": reached.favourable,
            "mae_money": reached.adverse * paid,
            "mfe_money": reached.favourable * paid,
            "r_multiple": np.divide(trips.pnl, risk, out=np.full(risk.size, np.nan), where=risk > 0),
            "exit_reason": pd.array(_exit_words(result, is_short.tolist()), dtype="str"),
            "bars_held": last_bar - trips.entry_bar,
            "is_ambiguous": trips.is_ambiguous,
            "is_open": ~closed,
        }
    )


def _exit_words(result: BacktestResult, is_short: list[bool]) -> list[str | None]:
    words: list[str | None] = []
    for code, short in zip(result.round_trips.exit_reason.tolist(), is_short, strict=True):
        word = EXIT_REASONS[FILL_REASONS[code]] if code >= 0 else None
        words.append("signal_cover" if short and word == "signal" else word)
    return words


def fills_frame(result: BacktestResult) -> pd.DataFrame:
    """Return one row per fill."""
    import pandas as pd

    fills = result.run.fills
    sides = np.where(fills[:, postings.SIDE] == postings.BUYING, "buy", "sell").tolist()
    reasons = [FILL_REASONS[code] for code in fills[:, postings.REASON].astype(np.int64).tolist()]
    symbols = [result.prices.symbols[row] for row in fills[:, postings.SYMBOL].astype(np.int64).tolist()]
    return pd.DataFrame(
        {
            "ts": pd.DatetimeIndex(result.prices.ts[fills[:, postings.BAR].astype(np.int64)], tz="UTC"),
            "symbol": pd.array(symbols, dtype="str"),
            "side": pd.array(sides, dtype="str"),
            "quantity": fills[:, postings.QUANTITY],
            "price": fills[:, postings.PRICE],
            "fee": fills[:, postings.FEE],
            "slippage": fills[:, postings.SLIPPAGE],
            "impact": fills[:, postings.IMPACT],
            "reason": pd.array(reasons, dtype="str"),
            "ambiguous": fills[:, postings.AMBIGUOUS] > 0,
        }
    )


def postings_frame(result: BacktestResult) -> pd.DataFrame:
    """Return one row per amount that changed the account without a fill."""
    import pandas as pd

    flows = result.run.cash_flows
    names = (*result.prices.symbols, None)
    return pd.DataFrame(
        {
            "ts": pd.DatetimeIndex(result.prices.ts[flows[:, 0].astype(np.int64)], tz="UTC"),
            "kind": pd.array([POSTING_KINDS[kind] for kind in flows[:, 1].tolist()], dtype="str"),
            "symbol": pd.array([names[row] for row in flows[:, 2].astype(np.int64).tolist()], dtype="str"),
            "amount": flows[:, 3],
        }
    )


def symbols_frame(result: BacktestResult) -> pd.DataFrame:
    """Return what each symbol did, index symbol."""
    import pandas as pd

    trips, symbols = result.round_trips, result.prices.symbols
    closed, row = trips.is_closed, trips.symbol
    n = len(symbols)
    trades = np.bincount(row[closed], minlength=n)
    won = np.bincount(row[closed & (trips.pnl > 0)], minlength=n)
    pnl = np.bincount(row, weights=trips.pnl, minlength=n)
    solvent = result.run.equity > 0
    held = (result.shares * np.nan_to_num(result.prices.marks))[:, solvent] / result.run.equity[solvent]
    return pd.DataFrame(
        {
            "trades": trades,
            "won": won,
            "win_rate": np.divide(won, trades, out=np.full(n, np.nan), where=trades > 0),
            "pnl": pnl,
            "contribution": pnl / result.options.initial_capital,
            "fees": np.bincount(row, weights=trips.fees, minlength=n),
            "dividends": np.bincount(row, weights=trips.dividends, minlength=n),
            "weight": held.mean(axis=1) if solvent.any() else np.full(n, np.nan),
        },
        index=pd.Index(symbols, name="symbol"),
    )


def log_frame(result: BacktestResult) -> pd.DataFrame:
    """Return what became of decisions and orders that did not fill."""
    import pandas as pd

    lines = log_lines(result.run)
    rows = np.array([bar for bar, _ in lines], dtype=np.int64)
    return pd.DataFrame(
        {
            "ts": pd.DatetimeIndex(result.prices.ts[rows], tz="UTC"),
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


def _opened(values: Any) -> Any:
    """Return a series of the account with the opening point before it, at which nothing is held."""
    return np.concatenate(([0.0], values))
