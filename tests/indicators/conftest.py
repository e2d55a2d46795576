from dataclasses import dataclass
from datetime import UTC

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.core.passport import Passport
from investiq.history.bars import Bars

FIELDS = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True)
class Rows:
    """Many symbols as a `Panel` holds them: arrays of shape (n_symbols, n_bars), one axis of labels."""

    ts: np.ndarray
    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    volume: np.ndarray

    def frame(self, row):
        """One symbol as a DataFrame; what it lacks is NaN."""
        columns = {name: getattr(self, name)[row] for name in FIELDS}
        return pd.DataFrame(columns, index=pd.DatetimeIndex(self.ts, tz="UTC", name="ts"))


@pytest.fixture(scope="session")
def sample():
    """The S&P 500 of the sample data, adjusted, as Bars."""
    return iq.load_bars("^GSPC").adjusted()


@pytest.fixture(scope="session")
def split_share():
    """400 random daily bars of a share that pays a dividend and splits 4 for 1, adjusted by forward factors."""
    rng = np.random.default_rng(20)
    close = 80 * np.exp(np.cumsum(rng.normal(0, 0.02, 400)))
    opened = close * np.exp(rng.normal(0, 0.01, 400))
    high = np.maximum(opened, close) * np.exp(rng.uniform(0, 0.02, 400))
    low = np.minimum(opened, close) * np.exp(-rng.uniform(0, 0.02, 400))
    factor = np.ones(400)
    factor[90:] *= 1.02
    factor[230:] *= 4.0
    raw = pd.DataFrame({"open": opened, "high": high, "low": low, "close": close})
    raw.iloc[230:] /= 4.0
    raw["volume"] = rng.uniform(1e6, 2e6, 400)
    adjusted = raw.copy()
    for name in ("open", "high", "low", "close"):
        adjusted[name] = raw[name] * factor
    return adjusted.set_axis(pd.date_range("2015-01-05", periods=400, freq="B", tz="UTC", name="ts"))


@pytest.fixture(scope="session")
def gapped(split_share):
    """The same share with missing rows: the first two, single ones, and a block of five."""
    frame = split_share.copy()
    frame.iloc[[0, 1, 60, 61, 143, 300, 301, 302, 303, 304, 371]] = np.nan
    return frame


@pytest.fixture(scope="session")
def panel(split_share):
    """130 shares of 400 bars, enough for several threads: one whole, one with gaps, one listed late, one without a bar."""
    rng = np.random.default_rng(7)
    scale = np.exp(np.cumsum(rng.normal(0, 0.01, (130, 400)), axis=1))
    arrays = {name: split_share[name].to_numpy() * (1 if name == "volume" else scale) for name in FIELDS}
    arrays["volume"] = arrays["volume"] * rng.uniform(0.5, 1.5, (130, 400))
    for values in arrays.values():
        values[1, [0, 1, 60, 143, 300, 301, 302]] = np.nan
        values[2, :250] = np.nan
        values[57] = np.nan
        values[100:, 390:] = np.nan
        values.flags.writeable = False
    return Rows(split_share.index.tz_localize(None).to_numpy(), **arrays)


@pytest.fixture(scope="session")
def intraday():
    """Return a maker of hourly Bars from labels in UTC and (high, low, close, volume) of each."""

    def make(labels, rows, *, calendar="XNYS", interval="60min"):
        ts = np.array(labels, dtype="datetime64[us]")
        high, low, close, volume = np.array(rows, dtype=float).T
        passport = Passport(
            symbol="TEST",
            provider="test",
            provenance="file",
            interval=interval,
            calendar=calendar,
            price_basis="as_traded",
            known_at_rule="an hour later",
            rows=ts.size,
            first=ts[0].item().replace(tzinfo=UTC),
            last=ts[-1].item().replace(tzinfo=UTC),
            missing_sessions=0,
            repairs=0,
            sha256="",
        )
        ones = np.ones(ts.size)
        return Bars(
            symbol="TEST",
            interval=interval,
            ts=ts,
            open=close,
            high=high,
            low=low,
            close=close,
            volume=volume,
            known_at=ts + np.timedelta64(1, "h"),
            split_factor=ones,
            total_factor=ones,
            passport=passport,
        )

    return make
