"""A `vectorbt.Portfolio` as an account of ours: its orders as fills, its value as equity."""

from __future__ import annotations

import warnings
from typing import Any, Final

import numpy as np
import pandas as pd

from investiq.backtesting.price_sheet import PriceSheet
from investiq.core import calendar
from investiq.core.errors import ConfigError, DataError
from investiq.core.notes import Note
from investiq.core.passport import Passport
from investiq.history.bars import Bars
from investiq.history.panel import Panel
from investiq.interop.imported import ImportedAccount
from investiq.interop.vectorbt import open_vectorbt
from investiq.metrics.conventions import Convention

__all__ = ["from_vectorbt"]

# Closes that went through another library's arrays are the same number to the last digits.
_SAME: Final = 1e-9
_NOT_RECORDED: Final = Note(
    code="not_recorded_by_vectorbt",
    text="slippage, impact and reason of each fill are missing: vectorbt's order records hold none of them",
    severity="info",
)


def from_vectorbt(
    portfolio: Any,
    data: Bars | Panel | None = None,
    *,
    periods_per_year: float | None = None,
    risk_free: float = 0.0,
) -> ImportedAccount:
    """Return the account of a `vectorbt.Portfolio`: equity, positions, fills, and our metrics of its returns.

    It is no `BacktestResult`: the strategy, the options and the rules that made its
    orders are not in a portfolio, so they cannot be explained, repeated or counted as a trial.

    Parameters
    ----------
    portfolio : vectorbt.Portfolio
        Of one account: one column, or a group of columns. Of many, choose one first:
        ``portfolio[column]``.
    data : Bars or Panel, optional
        The bars that it was made on, as traded or adjusted. Its labels and closes must
        be theirs; their passports and convention are then its own, and fills outside
        of their bars are noted.
    periods_per_year : float, optional
        Needed without `data`; 252 for daily bars of US shares.
    risk_free : float, default 0.0
        Annual, as a fraction.

    Returns
    -------
    ImportedAccount
        Slippage, impact and reason of each fill are missing: vectorbt keeps none.

    Raises
    ------
    ConfigError
        If neither `data` nor `periods_per_year` is given, or both.
    DataError
        If the portfolio holds several accounts, is not indexed by time, or was made on
        other data.
    MissingDependencyError
        If vectorbt is not installed.
    """
    vectorbt = open_vectorbt("an account of vectorbt")
    if not isinstance(portfolio, vectorbt.Portfolio):
        raise DataError(f"portfolio must be a vectorbt.Portfolio, was {type(portfolio).__name__}")
    if (data is None) == (periods_per_year is None):
        raise ConfigError("pass either data or periods_per_year: the convention comes from one of them")
    symbols = _symbols_of(portfolio.wrapper.columns, data)
    ts, notes = _labels_of(portfolio.wrapper.index)
    notes.append(_NOT_RECORDED)
    passports: tuple[Passport, ...] = ()
    if data is not None:
        passports = tuple(data.passports) if isinstance(data, Panel) else (data.passport,)
        periods_per_year = calendar.periods_per_year(data.interval, passports[0].calendar)
        sheet = PriceSheet.of(data)
        _refuse_other_data(sheet, symbols, ts, np.asarray(portfolio.close, dtype=np.float64).reshape(len(ts), -1))
        notes += _outside(sheet, portfolio.order_records, symbols)
    assert periods_per_year is not None
    equity, positions, opening = _account_of(portfolio, ts, symbols)
    values = np.concatenate(([opening], equity["equity"]))
    return ImportedAccount(
        name=", ".join(symbols) if len(symbols) <= 3 else f"{len(symbols)} symbols",
        made_by=f"vectorbt {vectorbt.__version__}",
        opening_capital=opening,
        equity=equity,
        returns=pd.Series(values[1:] / values[:-1] - 1.0, index=ts, name="returns"),
        positions=positions,
        fills=_fills_of(portfolio.order_records, symbols, ts),
        convention=Convention(periods_per_year=periods_per_year, risk_free=risk_free),
        passports=passports,
        notes=tuple(notes),
    )


def _labels_of(index: Any) -> tuple[pd.DatetimeIndex, list[Note]]:
    """Return the labels as aware times, and a note where they had no zone."""
    if not isinstance(index, pd.DatetimeIndex):
        raise DataError(
            f"the portfolio is indexed by {type(index).__name__}, expected times; make it on closes with dates"
        )
    if index.tz is not None:
        return index.tz_convert("UTC").as_unit("us").rename("ts"), []
    text = "the times of the portfolio have no zone, and were read as UTC"
    return index.tz_localize("UTC").as_unit("us").rename("ts"), [Note(code="times_read_as_utc", text=text)]


def _account_of(portfolio: Any, ts: pd.DatetimeIndex, symbols: list[str]) -> tuple[pd.DataFrame, pd.DataFrame, float]:
    """Return equity, positions and opening capital of the one account."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        capital = np.asarray(portfolio.init_cash, dtype=np.float64).reshape(-1)
        if capital.size != 1:
            raise DataError(
                f"the portfolio holds {capital.size} accounts, expected one; choose it with portfolio[column], or group "
                "its columns with cash_sharing=True"
            )
        value, cash = (np.asarray(each(), dtype=np.float64).reshape(-1) for each in (portfolio.value, portfolio.cash))
        shares = np.asarray(portfolio.assets(), dtype=np.float64).reshape(len(ts), -1)
    peak = np.maximum(np.maximum.accumulate(value), capital[0])
    equity = pd.DataFrame(
        {"equity": value, "cash": cash, "net": value - cash, "drawdown": value / peak - 1.0}, index=ts
    )
    return equity, pd.DataFrame(shares, index=ts, columns=pd.Index(symbols, name="symbol")), float(capital[0])


def _fills_of(records: Any, symbols: list[str], ts: pd.DatetimeIndex) -> pd.DataFrame:
    """Return order records as a table of fills in the order of time, columns as in `BacktestResult.fills`."""
    records = records[np.lexsort((records["id"], records["idx"]))]
    nothing = np.full(len(records), np.nan)
    return pd.DataFrame(
        {
            "ts": ts[records["idx"]],
            "symbol": pd.array([symbols[column] for column in records["col"].tolist()], dtype="str"),
            "side": pd.array(np.where(records["side"] == 0, "buy", "sell").tolist(), dtype="str"),
            "quantity": records["size"],
            "price": records["price"],
            "fee": records["fees"],
            "slippage": nothing,
            "impact": nothing,
            "reason": pd.array([None] * len(records), dtype="str"),
            "ambiguous": pd.array([None] * len(records), dtype="boolean"),
        }
    )


def _symbols_of(columns: pd.Index[Any], data: Bars | Panel | None) -> list[str]:
    if isinstance(data, Bars) and len(columns) == 1:
        return [data.symbol]
    # vectorbt may put levels of parameters over the symbols.
    return [str(each[-1] if isinstance(each, tuple) else each) for each in columns]


def _refuse_other_data(sheet: PriceSheet, symbols: list[str], ts: pd.DatetimeIndex, closes: Any) -> None:
    if sorted(symbols) != list(sheet.symbols):
        raise DataError(f"the portfolio has the columns {', '.join(symbols)}, data holds {', '.join(sheet.symbols)}")
    labels = ts.tz_localize(None).to_numpy()
    if not np.array_equal(labels, sheet.ts):
        raise DataError(
            f"the portfolio has {labels.size} labels from {labels[0]} to {labels[-1]}, data has {sheet.ts.size} from "
            f"{sheet.ts[0]} to {sheet.ts[-1]}; pass the bars that it was made on"
        )
    theirs = closes.T[[symbols.index(symbol) for symbol in sheet.symbols]]
    apart = np.abs(theirs - sheet.marks) > _SAME * np.abs(sheet.marks)
    if apart.any():
        row, bar = (int(each[0]) for each in np.nonzero(apart))
        raise DataError(
            f"{int(apart.sum())} closes of the portfolio are not those of data, first {sheet.symbols[row]} at {labels[bar]}: "
            f"{theirs[row, bar]} there, {sheet.marks[row, bar]} here; pass the bars that it was made on, adjusted as they were"
        )


def _outside(sheet: PriceSheet, records: Any, symbols: list[str]) -> list[Note]:
    """Return a note where a fill lies outside the low and high of its bar."""
    rows = np.array([sheet.symbols.index(symbols[column]) for column in records["col"].tolist()], dtype=np.int64)
    bars, price = records["idx"], records["price"]
    low, high = sheet.low[rows, bars], sheet.high[rows, bars]
    outside = int(np.count_nonzero(~((price >= low * (1 - _SAME)) & (price <= high * (1 + _SAME)))))
    if not outside:
        return []
    text = f"{outside} of {len(records)} fills lie outside the low and high of their bar; slippage can put them there"
    return [Note(code="fills_outside_bars", text=text, rows=outside)]
