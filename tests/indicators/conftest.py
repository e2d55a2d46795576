import numpy as np
import pandas as pd
import pytest

import investiq as iq


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
