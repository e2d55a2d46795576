"""The providers without a network answer the same contract as those with one."""

import pandas as pd
import pytest

from investiq.core.errors import DataError
from investiq.market.contract import Request
from investiq.market.vendors.files import File
from investiq.market.vendors.sample import Sample
from investiq.market.vendors.synthetic import Synthetic

CSV = """date,open,high,low,close,volume
2024-03-01,10,11,9,10.5,100
2024-03-04,10.5,12,10,11,200
2024-03-05,11,11.5,10,10.2,300
"""


def test_the_sample_serves_the_range_that_was_asked_for():
    answer = Sample().fetch(Request.of("bars", "^GSPC", start="2018-12-27", end="2018-12-28"))
    assert (answer.status, answer.rows, answer.provider) == ("ok", 2, "sample")
    # Closes of the S&P 500 as published for these two days.
    assert answer.table["close"].tolist() == pytest.approx([2488.83, 2485.74], abs=0.005)


def test_a_symbol_that_is_not_in_the_sample_is_empty_with_that_reason():
    answer = Sample().fetch(Request.of("bars", "AAPL"))
    assert answer.status == "empty"
    assert answer.reason.startswith("AAPL is not in the sample set")
    assert not answer.is_usable


def test_a_dataset_that_is_not_served_is_an_error_and_not_empty():
    answer = Sample().fetch(Request.of("news", "^GSPC"))
    assert answer.status == "error"
    assert answer.reason == "sample does not serve news; it serves bars"
    with pytest.raises(DataError, match="sample gave no news of"):
        _ = answer.table


def test_an_interval_that_is_not_served_is_an_error():
    answer = Sample().fetch(Request.of("bars", "^GSPC", interval="5min"))
    assert (answer.status, answer.reason) == ("error", "sample does not serve 5min bars; it serves 1d")


def test_the_newest_rows_are_kept_under_a_limit():
    answer = Sample().fetch(Request.of("bars", "^GSPC", limit=3))
    assert answer.table["ts"].dt.strftime("%Y-%m-%d").tolist() == ["2018-12-27", "2018-12-28", "2018-12-31"]


def test_actions_of_a_synthetic_share_come_with_its_bars():
    answer = Synthetic().fetch(Request.of("actions", "SYN002"))
    splits = answer.table[answer.table["kind"] == "split"]
    assert splits["ratio"].tolist() == [1.5]  # the one planned split of SYN002
    assert (answer.table["ex_date"] > pd.Timestamp("2010-01-04", tz="UTC")).all()


def test_a_file_answers_like_any_provider(tmp_path):
    path = tmp_path / "acme.csv"
    path.write_text(CSV)
    answer = File(path, price_basis="as_traded").fetch(Request.of("bars", "ACME", start="2024-03-04"))
    assert (answer.status, answer.table["close"].tolist()) == ("ok", [11.0, 10.2])
    missing = File(tmp_path / "none.csv", price_basis="as_traded").fetch(Request.of("bars", "ACME"))
    assert missing.status == "error"
    assert "there is no file" in missing.reason


def test_a_reversed_range_and_an_empty_limit_are_refused():
    with pytest.raises(DataError, match="start 2020 lies after end 2019"):
        Request.of("bars", "^GSPC", "2020", "2019")
    with pytest.raises(DataError, match="limit must be at least 1"):
        Request.of("bars", "^GSPC", limit=0)
