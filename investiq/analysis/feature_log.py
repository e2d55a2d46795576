"""What was known when a view was stated, kept for training: one row per view, its outcome filled in later.

Logging is asked for, by `log_analysis`. `analyze` itself writes nothing: it is
called for every symbol of a screen and at every moment of a comparison, runs where
no folder can be written, and a training set should hold views that someone stood by.
"""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import numpy as np

from investiq.analysis.result import Analysis
from investiq.core.errors import DataError
from investiq.history.bars import Bars
from investiq.runtime import clock
from investiq.runtime.paths import data_dir
from investiq.storage import generations
from investiq.storage.locks import exclusive
from investiq.storage.publishing import publish

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["fill_outcomes", "log_analysis", "logged_analyses"]

_STATED: Final = ("score", "confidence", "label", "regime", "conviction", "coverage", "adjustment")
_OUTCOMES: Final = ("outcome", "outcome_bars")


def log_analysis(analysis: Analysis) -> str:
    """Append the last row of an analysis to the log of its symbol, in the data directory.

    Parameters
    ----------
    analysis : Analysis

    Returns
    -------
    str
        The id of the row. The same view of the same data has the same id and is
        kept once.

    Raises
    ------
    ConfigError
        If the data directory cannot be written to.
    """
    import pandas as pd

    row = _row(analysis)
    folder = _folder(analysis.symbol)
    with exclusive(folder):
        known = _read(folder)
        if known is None or row["id"] not in set(known["id"]):
            _write(folder, pd.concat([known, pd.DataFrame([row])]) if known is not None else pd.DataFrame([row]))
    return str(row["id"])


def logged_analyses(symbol: str) -> pd.DataFrame:
    """Return the log of a symbol, oldest first.

    Returns
    -------
    DataFrame
        Index `id`; the view as stated (score, confidence, label, regime, conviction,
        coverage, adjustment), `ts` and `known_at` of its bar, `logged_at`,
        `features` (JSON, every digit), `versions` and `fingerprints` (JSON),
        `watermark`, and `outcome` with `outcome_bars`, NaN until `fill_outcomes`.

    Raises
    ------
    DataError
        If nothing of the symbol is logged.
    """
    found = _read(_folder(symbol))
    if found is None:
        raise DataError(f"no analysis of {symbol!r} is logged; log one with log_analysis(iq.analyze({symbol!r}))")
    return found.set_index("id")


def fill_outcomes(bars: Bars, horizon_bars: int) -> int:
    """Fill in what followed every logged view that is old enough, and return how many were filled.

    The outcome is the total-adjusted return from the open after the decision, the
    first price at which it could be acted on, to the close of the last of
    `horizon_bars` bars. A view that has one keeps it.

    Parameters
    ----------
    bars : Bars
        Raw, of the symbol.
    horizon_bars : int
        At least 1.

    Raises
    ------
    DataError
        If nothing of the symbol is logged, or the horizon is shorter than a bar.
    """
    if horizon_bars < 1:
        raise DataError(f"the horizon must be at least 1 bar, was {horizon_bars}")
    logged_analyses(bars.symbol)
    folder = _folder(bars.symbol)
    with exclusive(folder):
        log = _read(folder)
        assert log is not None  # nothing deletes it
        adjusted = bars.adjusted("total")
        entry = np.searchsorted(bars.ts, log["ts"].dt.tz_convert(None).to_numpy(), side="right")
        last = entry + horizon_bars - 1
        due = (last < len(bars)) & log["outcome"].isna().to_numpy()
        followed = adjusted.close[last[due]] / adjusted.open[entry[due]] - 1
        log.loc[due, "outcome"] = followed
        log.loc[due, "outcome_bars"] = float(horizon_bars)
        if due.any():
            _write(folder, log)
    return int(due.sum())


def _row(analysis: Analysis) -> dict[str, Any]:
    from investiq import __version__

    last = analysis.table.iloc[-1]
    features = {name: _plain(last[name]) for name in last.index if name not in (*_STATED, "known_at")}
    series = {name: bars.fingerprint for name, bars in analysis.history.series.items()}
    content = {
        "symbol": analysis.symbol,
        "ts": last.name,
        "known_at": last["known_at"],
        **{name: _plain(last[name]) for name in _STATED},
        "features": json.dumps(features, sort_keys=True),
        "versions": json.dumps(
            {each.engine: each.version for each in analysis.engines.values()}
            | {"supplementary": analysis.supplementary.version, "investiq": __version__},
            sort_keys=True,
        ),
        "fingerprints": json.dumps(series, sort_keys=True),
        "watermark": analysis.watermark,
    }
    digest = hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:16]
    return {"id": digest, **content, "logged_at": clock.now(), **dict.fromkeys(_OUTCOMES, math.nan)}


def _plain(value: Any) -> Any:
    """Return a value as JSON holds it: a missing one is null."""
    if isinstance(value, str):
        return value
    number = float(value) if value is not None else math.nan
    return None if math.isnan(number) else number


def _folder(symbol: str) -> Path:
    return data_dir() / "analysis_log" / quote(symbol, safe="")


def _read(folder: Path) -> pd.DataFrame | None:
    found = generations.read(folder, lambda manifest: list(manifest["columns"]))
    if found is None:
        return None
    table: pd.DataFrame = found.table.to_pandas()
    return table


def _write(folder: Path, log: pd.DataFrame) -> None:
    import pyarrow as pa

    publish(folder, pa.Table.from_pandas(log, preserve_index=False), {"subject": "analysis log"}, fast=False)
