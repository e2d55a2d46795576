"""With a vendor's key the same call serves a real symbol: what the vendor has is heard, what it lacks is named."""

import os
from datetime import UTC, datetime

import numpy as np
import pytest

import investiq as iq
from investiq.runtime import clock
from tests.servers.polygon import Polygon, article

SUNDAY = datetime(2018, 12, 30, 12, tzinfo=UTC)


@pytest.fixture
def vendor(vendor_server, monkeypatch, vendor_time, tmp_path):
    for name in [name for name in os.environ if name.startswith("INVESTIQ_") and name.endswith("KEY")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path / "data"))
    found = Polygon(vendor_server, monkeypatch)
    found.articles["AAPL"] = [
        article(f"{day} profit growth beats", f"2018-12-{day}T10:00:00", "AAPL") for day in (18, 19, 20, 27, 28)
    ]
    found.spans["GLD"] = ("2030-01-01", "2030-01-02")  # not listed yet
    with clock.fixed(SUNDAY):
        yield found


def test_a_symbol_of_a_vendor_is_analysed_with_what_the_vendor_has(vendor):
    view = iq.analyze("AAPL")
    assert view.watermark is None
    assert f"{view.bars.index[-1]:%Y-%m-%d}" == "2018-12-28"
    assert view.history.benchmark == "SPY"
    # One daily bar a session from 2 January on, closing 1 higher each day: every engine of prices has its 50 bars.
    assert view.table["close"].iloc[-1] == 100.0 + len(view.bars) - 1
    assert np.isfinite([view.engines["technical"].score, view.engines["quant"].score]).all()
    assert view.engines["sentiment"].metrics["total_articles"] == 2  # of the last 7 days
    assert view.engines["sentiment"].score > 0
    assert view.engines["fundamental"].label is None
    assert "no statements" in view.engines["fundamental"].reason


def test_what_the_vendor_lacks_is_named_with_its_reason(vendor):
    gathered = " ".join(note.text for note in iq.analyze("AAPL").notes if note.code == "not_gathered")
    for missing in ("GLD", "statements", "insiders"):
        assert missing in gathered
    assert "loading-key" not in gathered


def test_the_second_analysis_asks_the_vendor_for_nothing_that_it_gave(vendor):
    iq.analyze("AAPL")
    asked = len(vendor.asked)
    iq.analyze("AAPL")
    assert set(vendor.asked[asked:]) <= {"GLD"}


def test_an_earlier_moment_sees_earlier_bars_and_news(vendor):
    view = iq.analyze("AAPL", as_of="2018-12-19T09:59")
    assert f"{view.bars.index[-1]:%m-%d}" == "12-18"
    assert view.engines["sentiment"].metrics["total_articles"] == 1
