"""Histories with news, small enough to analyse often."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.history.records import Records


@pytest.fixture(scope="session")
def news_history():
    """Return 300 bars of the S&P 500 with an article every other day, its tone known from its words."""
    bars = iq.load_bars("^GSPC")[-300:]
    days = pd.DatetimeIndex(bars.index[::2]) + pd.Timedelta(hours=15)
    titles = [
        f"^GSPC story {place}: {'profit growth beat' if place % 3 else 'loss and lawsuit'}"
        for place in range(len(days))
    ]
    frame = pd.DataFrame(
        {
            "id": [str(place) for place in range(len(days))],
            "title": titles,
            "publisher": "The Paper",
            "description": "",
            "tickers": "^GSPC",
            "keywords": "",
            "known_at": days.as_unit("us"),
        },
        index=pd.DatetimeIndex(days, name="ts").as_unit("us"),
    )
    news = Records(
        kind="news", name="news:^GSPC", frame=frame, provider="test", source="", known_at_rule="published", unit=""
    )
    assert np.unique(titles).size == len(days)
    return iq.History.of(bars, records=[news])
