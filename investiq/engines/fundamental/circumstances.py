"""What surrounds a company at each bar: its sector, its beta and the return that its owners demand."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.engines.fundamental.dcf import EQUITY_PREMIUM
from investiq.engines.fundamental.measuring import FloatArray
from investiq.engines.fundamental.sectors import (
    SECTORS,
    Sector,
    checked,
    is_manufacturer,
    sector_of_sic,
    sector_of_text,
)
from investiq.engines.joining import closes_on, known_counts, known_instants, series_of
from investiq.history.history import History

__all__ = ["Industry", "betas", "industry"]

_PROFILES: Final = ("profile", "company")

BETA_WINDOW: Final = 252
BETA_MINIMUM: Final = 126
BETA_RANGE: Final = (0.5, 2.0)


class Industry(NamedTuple):
    """By bar: the place of the sector in `SECTORS`, and whether the company manufactures."""

    sector: NDArray[np.int64]
    manufactures: NDArray[np.bool_]

    def is_any(self, *sectors: Sector) -> NDArray[np.bool_]:
        """Return the bars at which the sector is one of these."""
        return np.isin(self.sector, [SECTORS.index(name) for name in sectors])


def industry(history: History, sector: str | None = None) -> Industry:
    """Return the sector at each bar.

    Parameters
    ----------
    history : History
        Read are records ``"profile"`` or ``"company"`` of the main symbol, with
        columns `sector` (a provider's name), `sic_code`, or both: the last known
        at each bar counts, by its name, else by its code.
    sector : str, optional
        Overrules the records.

    Raises
    ------
    DataError
        If no sector is called `sector`.
    """
    rows = len(history.bars())
    records = next(filter(None, (history.find_records(name) for name in _PROFILES)), None)
    if sector is not None or records is None:
        name = checked(sector or "unknown")
        flag = is_manufacturer(name, np.nan)
        return Industry(np.full(rows, SECTORS.index(name)), np.full(rows, flag))
    frame, known = records.frame, known_instants(records)
    order = np.argsort(known, kind="stable")
    size = len(frame)
    texts = frame["sector"].fillna("").to_numpy(dtype=object) if "sector" in frame else np.full(size, "", dtype=object)
    codes = frame["sic_code"].to_numpy(dtype=float) if "sic_code" in frame else np.full(size, np.nan)
    named = [sector_of_text(str(text)) for text in texts[order]]
    found = [sector_of_sic(code) if name == "unknown" else name for name, code in zip(named, codes[order], strict=True)]
    # What was not known yet is the last entry, which index -1 finds.
    places = np.array([*(SECTORS.index(name) for name in found), SECTORS.index("unknown")])
    makes = np.array([*map(is_manufacturer, found, codes[order]), False])
    counts = known_counts(history.bars(), known[order]) - 1
    return Industry(places[counts], makes[counts])


def betas(history: History) -> FloatArray:
    """Return the beta to the benchmark at each bar, 1.0 where it is not known.

    From the log returns of the trailing 252 bars, at least 126, drawn a third of
    the way to 1 (Blume 1971) and held within 0.5 and 2.
    """
    main, market = history.bars(), series_of(history, "market")
    if market is None or len(main) < 2:
        return np.ones(len(main))
    own = np.diff(np.log(main.adjusted("total").close), prepend=np.nan)
    other = np.diff(np.log(closes_on(main, market)), prepend=np.nan)
    both = ~(np.isnan(own) | np.isnan(other))
    x, y = np.where(both, other, 0.0), np.where(both, own, 0.0)
    count, *sums = (_window_sums(values) for values in (both.astype(float), x, y, x * y, x * x))
    windows = [np.where(count >= BETA_MINIMUM, each / np.maximum(count, 1), np.nan) for each in sums]
    variance = windows[3] - windows[0] ** 2
    slope = np.full(len(main), np.nan)
    np.divide(windows[2] - windows[0] * windows[1], variance, out=slope, where=variance > 1e-12)
    return np.where(np.isnan(slope), 1.0, np.clip(1 / 3 + 2 / 3 * slope, *BETA_RANGE))


def demanded_return(rate: FloatArray, beta: FloatArray) -> FloatArray:
    """Return the cost of equity at each bar."""
    return rate + beta * EQUITY_PREMIUM


def _window_sums(values: FloatArray) -> FloatArray:
    total = np.cumsum(values)
    total[BETA_WINDOW:] -= total[:-BETA_WINDOW].copy()
    return total
