import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.engines.sentiment.articles import read_articles
from investiq.history.records import Records


class Stated:
    """A scorer of articles that state their tone as the first word of their title."""

    name = "stated"
    version = "1"

    def score(self, titles, descriptions):
        return np.array([float(title.split()[0]) for title in titles])


def make_news(rows, symbol="NEWS"):
    """Return records of news from dictionaries with `published`, `title` and more; known at publication by default."""
    rows = sorted(rows, key=lambda row: pd.Timestamp(row["published"]))
    published = pd.DatetimeIndex([row["published"] for row in rows], tz="UTC", name="ts").as_unit("us")
    known = pd.DatetimeIndex([row.get("known", row["published"]) for row in rows], tz="UTC").as_unit("us")
    texts = {
        name: [row.get(name, "") for row in rows]
        for name in ("title", "description", "keywords", "author", "publisher")
    }
    tickers = [row.get("tickers", symbol) for row in rows]
    frame = pd.DataFrame({**texts, "tickers": tickers, "known_at": known}, index=published)
    return Records(
        kind="news", name=f"news:{symbol}", frame=frame, provider="test", source="test", known_at_rule="stated", unit=""
    )


@pytest.fixture(scope="session")
def news():
    return make_news


@pytest.fixture(scope="session")
def stated():
    return Stated()


@pytest.fixture(scope="session")
def read(sample):
    """Return a reader of rows of news into arrays, by stated tones."""
    import dataclasses

    bars = dataclasses.replace(sample[:2], symbol="NEWS")
    return lambda rows, scorer=None: read_articles(iq.History.of(bars, records=[make_news(rows)]), scorer or Stated())


@pytest.fixture(scope="session")
def at():
    """Return decision times."""
    return lambda *times: np.array(times, dtype="datetime64[us]")
