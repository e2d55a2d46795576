"""The QuantStats tear sheet: a second opinion beside ours, made offline and self-contained.

QuantStats runs in a child process, ``python -m investiq.interop.quantstats``:
its import takes seconds and a third of a gigabyte, changes matplotlib's backend
in a notebook and warns about its own use of pandas. None of this reaches the
caller, and a report can run beside it.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from investiq.core.errors import DataError, InsufficientDataError, MissingDependencyError, ReportError

if TYPE_CHECKING:
    import pandas as pd

    from investiq.backtesting.result import BacktestResult

__all__ = ["quantstats_sheet", "self_contained", "to_quantstats"]

_TIMEOUT_S: Final = 300
# QuantStats draws half-yearly rolling charts and monthly tables; with fewer returns several of its plots are undefined.
_FEWEST_RETURNS: Final = 20
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def to_quantstats(result: BacktestResult) -> pd.Series[float]:
    """Return the daily returns of a run as quantstats wants them: dates without a time zone.

    Parameters
    ----------
    result : BacktestResult
        Of any interval. Bars within a day in UTC are compounded into one return; a
        weekly or monthly bar stays one return, on its label.

    Returns
    -------
    Series of shape (n_days,)
        Simple returns as fractions, the first from the opening capital; index ``date``.
        Interest, dividends and fees are in them.

    Examples
    --------
    >>> import numpy as np
    >>> import investiq as iq
    >>> result = iq.backtest(iq.strategies.Breakout(), "^GSPC", costs=iq.Costs(), weight=0.95)
    >>> returns = to_quantstats(result)
    >>> bool(np.isclose(100_000 * (1 + returns).prod(), result.equity["equity"].iloc[-1], rtol=1e-12))
    True
    """
    from investiq.interop.daily import daily_returns

    returns = daily_returns(result)
    return returns.set_axis(returns.index.tz_localize(None))  # type: ignore[attr-defined]  # it is a DatetimeIndex


def quantstats_sheet(
    returns: pd.Series[float],
    path: str | os.PathLike[str],
    benchmark: pd.Series[float] | None = None,
    *,
    title: str,
    periods_per_year: float,
    risk_free: float = 0.0,
) -> Path:
    """Write the HTML tear sheet of QuantStats for a return series.

    Parameters
    ----------
    returns : Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN; index of dates or
        UTC times. Its name heads its column.
    path : path
        The ``.html`` file.
    benchmark : Series, optional
        Simple returns of the benchmark that cover every date of `returns`; its
        name heads its column. Never a symbol: QuantStats would download it, and
        with no network it writes a sheet with an empty benchmark.
    title : str
    periods_per_year : float
        252 for daily bars of US shares.
    risk_free : float, default 0.0
        Annual rate as a fraction.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    DataError
        If `benchmark` is a string, lacks dates of `returns`, or a series holds NaN.
    InsufficientDataError
        If there are fewer than 20 returns, or they never vary.
    MissingDependencyError
        If quantstats is not installed.
    ReportError
        If QuantStats fails.

    Notes
    -----
    Dates are not trimmed: QuantStats' own default starts at the first non-zero
    return and so leaves the warm-up out of every ratio. With all dates kept its
    Sharpe ratio equals ours. Its CAGR counts 252 periods a year, ours calendar
    time; its Sortino and Calmar ratios follow other conventions than ours.
    """
    returns = _checked(returns, "returns")
    if isinstance(benchmark, str):
        raise DataError(
            f"benchmark must be a series of returns, was the string {benchmark!r}, which QuantStats would download; "
            "pass result.benchmark.returns or the returns of bars you loaded"
        )
    if benchmark is not None:
        benchmark = _covering(_checked(benchmark, "benchmark"), returns)
    if not returns.std() > 0:
        raise InsufficientDataError(
            "the QuantStats sheet needs returns that vary, all were equal (did the strategy never trade?)"
        )
    if importlib.util.find_spec("quantstats") is None:
        raise MissingDependencyError("quantstats", "research", "the QuantStats sheet")
    if periods_per_year != int(periods_per_year):
        raise DataError(f"QuantStats counts whole periods a year, periods_per_year was {periods_per_year}")
    options = {"title": title, "periods_per_year": int(periods_per_year), "rf": risk_free}
    path = Path(path)
    with tempfile.TemporaryDirectory(prefix="investiq-") as folder:
        table, raw = Path(folder) / "returns.parquet", Path(folder) / "sheet.html"
        columns = {"Strategy": returns} if benchmark is None else {"Strategy": returns, "Benchmark": benchmark}
        returns.to_frame("Strategy").assign(**columns).to_parquet(table)
        names = {
            "strategy_title": _plain(returns.name or "Strategy"),
            "benchmark_title": None if benchmark is None else _plain(benchmark.name or "Benchmark"),
        }
        _run_child(table, raw, {**options, **names})
        page = self_contained(raw.read_text(encoding="utf-8"), title)
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise ReportError(f"cannot write {path}: {error.strerror or error}; choose another path") from error
    return path


def self_contained(page: str, title: str) -> str:
    """Return QuantStats' page without its favicon, outside link and scripts, and forbidden to fetch anything."""
    page = re.sub(r"<link\b[^>]*>", "", page)
    page = re.sub(r"<script\b.*?</script>", "", page, flags=re.DOTALL)
    page = re.sub(r"<a\b[^>]*\bhref=\"http[^>]*>(.*?)</a>", r"\1", page, flags=re.DOTALL)
    page = page.replace('<body onload="save()">', "<body>")
    head = f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n    <title>{escape(title)}</title>'
    return re.sub(r"<title>.*?</title>", lambda _: head, page, count=1, flags=re.DOTALL)


def _checked(series: Any, name: str) -> Any:
    """Return the series with naive dates in UTC, as QuantStats wants them."""
    if isinstance(series, str):
        return series
    if missing := int(series.isna().sum()):
        raise DataError(f"{name} holds {missing} NaN of {series.size}; drop or fill them first")
    if series.size < _FEWEST_RETURNS:
        raise InsufficientDataError(f"the QuantStats sheet needs {_FEWEST_RETURNS} returns, {name} has {series.size}")
    index = series.index
    if getattr(index, "tz", None) is not None:
        series = series.set_axis(index.tz_convert("UTC").tz_localize(None))
    return series


def _covering(benchmark: Any, returns: Any) -> Any:
    missing = returns.index.difference(benchmark.index)
    if missing.size:
        raise DataError(
            f"benchmark lacks {missing.size} of the {returns.size} dates of returns, first {missing[0]:%Y-%m-%d}; "
            "load it over the same period and calendar"
        )
    return benchmark.loc[returns.index]


def _plain(name: object) -> str:
    """Without the signs of HTML: QuantStats escapes names in tables, not in its heading, and charts need them bare."""
    return re.sub(r"[<>&\"']+", " ", str(name)).strip()


def _run_child(table: Path, raw: Path, options: dict[str, Any]) -> None:
    command = [sys.executable, "-W", "ignore", "-m", "investiq.interop.quantstats"]
    try:
        done = subprocess.run(
            [*command, str(table), str(raw), json.dumps(options)],
            env={**os.environ, "MPLBACKEND": "agg"},
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ReportError(f"QuantStats did not finish its sheet within {_TIMEOUT_S} s") from error
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no message"]
        raise ReportError(f"QuantStats could not make its sheet: {lines[-1]}")


def _child(table: str, raw: str, options: str) -> None:
    import logging

    import pandas as pd

    # It asks for Arial on every text of every chart, and matplotlib reports each time that there is none.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    # Since pandas 3 yearly bars stand at years counted from 1970, while QuantStats labels positions from 0.
    pd.plotting.plot_params["x_compat"] = True
    import quantstats

    settings = json.loads(options)
    frame = pd.read_parquet(table)
    quantstats.reports.html(
        frame["Strategy"],
        benchmark=frame["Benchmark"] if settings["benchmark_title"] else None,
        rf=settings["rf"],
        title=escape(settings["title"]),
        output=raw,
        periods_per_year=settings["periods_per_year"],
        match_dates=False,
        strategy_title=settings["strategy_title"],
        benchmark_title=settings["benchmark_title"],
    )


if __name__ == "__main__":
    _child(*sys.argv[1:])
