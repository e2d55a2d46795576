import dataclasses

import numpy as np
import pytest

import investiq as iq


@pytest.fixture(scope="session")
def sample():
    """The S&P 500 of the sample data, as traded."""
    return iq.load_bars("^GSPC")


@pytest.fixture(scope="session")
def split_sample(sample):
    """The same series as a share would show it that split 4 for 1 at row 700, paid 2 % at row 400 and merged 1 for 8 at 1500."""
    split, dividend = np.ones(len(sample)), np.ones(len(sample))
    split[700:] *= 4.0
    dividend[400:] *= 1.02
    split[1500:] /= 8.0
    total = split * dividend
    prices = {name: getattr(sample, name) / total for name in ("open", "high", "low", "close")}
    return dataclasses.replace(
        sample, **prices, volume=sample.volume * split, split_factor=split, total_factor=total, symbol="SPLIT"
    )


@pytest.fixture(scope="session")
def history_of(sample):
    """Return a maker of histories from closes, with highs and lows at a distance."""

    def make(close, spread=0.5, **columns):
        close = np.asarray(close, dtype=float)
        prices = {"open": close, "high": close + spread, "low": close - spread, "close": close}
        prices |= {name: np.broadcast_to(values, close.shape) for name, values in columns.items()}
        return iq.History.of(dataclasses.replace(sample[: close.size], **prices))

    return make
