import dataclasses

import numpy as np
import pytest

import investiq as iq


@pytest.fixture(scope="session")
def long_bars():
    """Twenty years of sample bars: 5,031 sessions."""
    return iq.load_bars("^GSPC")


@pytest.fixture(scope="session")
def short_bars(long_bars):
    """The last 250 sessions."""
    return long_bars[-250:]


@pytest.fixture(scope="session")
def split_bars(short_bars):
    """The short bars with a 2 for 1 split and a dividend before bar 100."""
    split = np.where(np.arange(250) < 100, 1.0, 2.0)
    return dataclasses.replace(short_bars, split_factor=split, total_factor=split * 1.01 ** (split - 1))


@pytest.fixture(scope="session")
def result(long_bars):
    """A strategy on the long bars, with all of the equity."""
    return iq.backtest(iq.strategies.Crossover(fast=20, slow=50), long_bars, weight=1.0, lot=None)


@pytest.fixture(scope="session")
def short_result(short_bars):
    """A strategy on the short bars."""
    return iq.backtest(iq.strategies.Crossover(fast=5, slow=20), short_bars, weight=1.0, lot=None)


@pytest.fixture(scope="session")
def analysis(long_bars):
    return iq.analyze(long_bars)


@pytest.fixture
def trace():
    """Return a function that finds the one trace of a figure with a name."""

    def find(figure, name):
        found = [each for each in figure.data if each.name == name]
        assert len(found) == 1, [each.name for each in figure.data]
        return found[0]

    return find
