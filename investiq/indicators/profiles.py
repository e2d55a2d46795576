"""The volume profile: at which prices the volume of a window was traded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, overload

import numpy as np

from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.core.facts import Fact
from investiq.core.result import Result
from investiq.indicators.observations import FloatArray, bar_columns, like_frame, over_observations, whole_window
from investiq.indicators.sources import refuse_infinite
from investiq.indicators.traded import VOLUME_COLUMNS, TradedArrays

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["VolumeProfile", "rolling_volume_profile", "volume_profile"]

# The share of volume in the value area: about one deviation on either side of the mean (Steidlmayer's Market Profile).
VALUE_AREA: Final = 0.70
MOST_BUCKETS: Final = 10_000


class ProfileLevels(NamedTuple):
    """What `rolling_volume_profile` returns for arrays, each of shape (n_bars,)."""

    poc: FloatArray
    value_area_low: FloatArray
    value_area_high: FloatArray
    support: FloatArray
    resistance: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class VolumeProfile(Result):
    """Volume by price of one window, as `volume_profile` returns it.

    Attributes
    ----------
    edges : ndarray of shape (buckets + 1,)
        Prices between the buckets, ascending, equally far apart.
    volumes : ndarray of shape (buckets,)
        Shares traded in each bucket.
    poc : float
        Point of control: centre of the bucket with the most volume.
    value_area_low, value_area_high : float
        Edges of the buckets around the point of control that hold 70 % of the volume.
    close : float
        Last close of the window.
    window : int
        Bars in the window.
    symbol : str
        Empty for a DataFrame.
    mark : str or None
        ``"SAMPLE"`` or ``"SYNTHETIC"`` where the bars are not a market's own.
    origin : tuple of (str, str)
        Passport of the bars, as lines of label and value.
    """

    kind: ClassVar[str] = "volume_profile"

    edges: FloatArray
    volumes: FloatArray
    poc: float
    value_area_low: float
    value_area_high: float
    close: float
    window: int
    symbol: str = ""
    mark: str | None = None
    origin: tuple[tuple[str, str], ...] = ()

    @property
    def title(self) -> str:
        """Name and window."""
        return f"Volume profile{f' of {self.symbol}' if self.symbol else ''}, {self.window} bars"

    @property
    def watermark(self) -> str | None:
        """That of the bars."""
        return self.mark

    def facts(self) -> list[Fact]:
        """Return the levels; prices are those of the bars that were passed."""
        even = f"{self.volumes.size} equal buckets, each bar's volume spread evenly from low to high"
        return [
            Fact("Point of control", self.poc, "price", even),
            Fact("Value area low", self.value_area_low, "price", f"holds {VALUE_AREA:.0%} of the volume"),
            Fact("Value area high", self.value_area_high, "price", f"holds {VALUE_AREA:.0%} of the volume"),
            Fact("Close", self.close, "price", "last of the window"),
            # Spread over buckets and added up again, it has digits in the end that nobody traded.
            Fact("Volume", float(f"{self.volumes.sum():.12g}"), "shares", "of the window"),
        ]

    def provenance(self) -> list[Fact]:
        """Return where the bars come from."""
        return [Fact(label, value) for label, value in self.origin]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per bucket: `low`, `high`, `volume` and whether it is in the value area."""
        import pandas as pd

        low, high = self.edges[:-1], self.edges[1:]
        centre = (low + high) / 2
        is_value = (centre > self.value_area_low) & (centre < self.value_area_high)
        return pd.DataFrame({"low": low, "high": high, "volume": self.volumes, "in_value_area": is_value})


def volume_profile(bars: Any, window: int = 120, buckets: int = 20) -> VolumeProfile:
    """Return at which prices the volume of the last `window` bars was traded.

    The range from the lowest low to the highest high is cut into equal buckets; the
    volume of each bar is spread evenly from its low to its high. (Bars do not tell
    where inside them the trades were.)

    Parameters
    ----------
    bars : Bars, or DataFrame with high, low, close and volume
        Adjusted. A row with a missing value is left out.
    window : int, default 120
        Bars with values, counted from the last; at least 1.
    buckets : int, default 20
        At least 2.

    Returns
    -------
    VolumeProfile
        With `poc`, the centre of the fullest bucket (of several, the one nearest to
        the middle of the range, then the lower), and the value area: from the point
        of control on, the next bucket above or below is added, the fuller one (the
        lower of two that are equal), until 70 % of the volume is held.

    Raises
    ------
    ConfigError
        If `buckets` or `window` is no whole number in range.
    InsufficientDataError
        If there are fewer than `window` bars with values.
    DataError
        If `bars` lacks a column, did not move in the window, or traded nothing in it.

    Examples
    --------
    >>> import pandas as pd
    >>> bars = pd.DataFrame({"high": [14.0, 12.0], "low": [10.0, 11.0], "close": [12.0, 12.0], "volume": [40.0, 20.0]})
    >>> profile = volume_profile(bars, window=2, buckets=4)
    >>> profile.volumes.tolist(), profile.poc, (profile.value_area_low, profile.value_area_high)
    ([10.0, 30.0, 10.0, 10.0], 11.5, (10.0, 13.0))
    """
    from investiq.indicators import profile_kernels

    buckets, window = _whole_buckets(buckets), whole_window(window)
    columns = bar_columns(bars, VOLUME_COLUMNS)
    if columns[0].ndim != 1:
        raise DataError("volume_profile describes one symbol, these bars hold several; pass panel.bars(symbol)")
    refuse_infinite(columns, VOLUME_COLUMNS)
    is_known = np.isfinite(np.vstack(columns)).all(axis=0)
    if is_known.sum() < window:
        raise InsufficientDataError(
            f"a volume profile of {window} bars received {is_known.sum()}; pass more bars or a shorter window"
        )
    high, low, close, volume = (each[is_known][-window:] for each in columns)
    volumes = np.empty(buckets)
    bottom, width, total = profile_kernels.spread_window(high, low, volume, 0, window, volumes)
    if width <= 0 or total <= 0:
        raise DataError(
            f"the last {window} bars {'stand at one price' if width <= 0 else 'traded nothing'}, "
            "so that there is no volume by price; pass a longer window"
        )
    below, above = profile_kernels.value_area(volumes, total, profile_kernels.fullest(volumes, total), VALUE_AREA)
    passport = getattr(bars, "passport", None)
    return VolumeProfile(
        edges=bottom + width * np.arange(buckets + 1),
        volumes=volumes,
        poc=bottom + (profile_kernels.fullest(volumes, total) + 0.5) * width,
        value_area_low=bottom + below * width,
        value_area_high=bottom + (above + 1) * width,
        close=float(close[-1]),
        window=window,
        symbol=getattr(bars, "symbol", "") if passport is not None else "",
        mark=passport.watermark if passport is not None else None,
        origin=tuple(bars.describe()) if passport is not None else (),
    )


@overload
def rolling_volume_profile(bars: pd.DataFrame, window: int = 120, buckets: int = 20) -> pd.DataFrame: ...
@overload
def rolling_volume_profile(bars: TradedArrays, window: int = 120, buckets: int = 20) -> ProfileLevels: ...
def rolling_volume_profile(bars: Any, window: int = 120, buckets: int = 20) -> Any:
    """Return the levels of `volume_profile` for every bar, each from the window that ends with it.

    Parameters
    ----------
    bars : Bars, Panel, or DataFrame with high, low, close and volume
        Adjusted. A row with a missing value is left out and is NaN itself.
    window : int, default 120
        Bars in the profile, the current one included; at least 1.
    buckets : int, default 20
        Equal price buckets between lowest low and highest high; at least 2.

    Returns
    -------
    poc, value_area_low, value_area_high : columns of a DataFrame for a DataFrame, arrays for `Bars`
        In the unit of the prices. All three are the price itself where a window
        stood at one.
    support, resistance
        Centre of the fullest bucket whose centre lies below, above the close; of
        several, the one nearest to the close. NaN where there is none with volume.

        All NaN in the first ``window - 1`` rows, and where the window traded nothing.

    Raises
    ------
    ConfigError
        If `buckets` or `window` is no whole number in range.
    DataError
        If `bars` lacks a column.

    Examples
    --------
    >>> import pandas as pd
    >>> bars = pd.DataFrame({"high": [14.0, 12.0], "low": [10.0, 11.0], "close": [12.0, 12.0], "volume": [40.0, 20.0]})
    >>> rolling_volume_profile(bars, window=2, buckets=4).iloc[-1].to_list()
    [11.5, 10.0, 13.0, 11.5, 12.5]
    """
    buckets, window = _whole_buckets(buckets), whole_window(window)

    def levels(*columns: FloatArray) -> tuple[FloatArray, ...]:
        from investiq.indicators.profile_kernels import profile_rows

        out = np.full((len(ProfileLevels._fields), columns[0].size), np.nan)
        # Copies: numba compiles once more for arrays that cannot be written to, as those of Bars.
        profile_rows(*(each.copy() for each in columns), window, np.empty(buckets), VALUE_AREA, out)
        return tuple(out)

    traded = bar_columns(bars, VOLUME_COLUMNS)
    return like_frame(bars.close, over_observations(levels, *traded), ProfileLevels)


def _whole_buckets(buckets: Any) -> int:
    is_whole = isinstance(buckets, int | np.integer) and not isinstance(buckets, bool)
    if not is_whole or not 2 <= buckets <= MOST_BUCKETS:
        raise ConfigError(f"buckets must be a whole number from 2 to {MOST_BUCKETS:,}, was {buckets!r}")
    return int(buckets)
