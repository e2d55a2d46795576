"""Published series that several families of metrics are tested on."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture(scope="session")
def bacon_returns():
    """The 24 months of the example portfolio of Bacon (2008), ch. 4, as PerformanceAnalytics distributes it."""
    percents = """
        0.3 2.6 1.1 -1.0 1.5 2.5 1.6 6.7 -1.4 4.0 -0.5 8.1
        4.0 -3.7 -6.1 1.7 -4.9 -2.2 7.0 5.8 -6.5 2.4 -0.5 -0.9
    """
    return np.array(percents.split(), dtype=float) / 100
