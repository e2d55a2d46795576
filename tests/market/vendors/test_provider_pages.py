"""The page of providers says what the code declares."""

import re
from pathlib import Path

import pytest

from investiq.market.gate.plans import plan_names
from investiq.market.vendors.alpaca import Alpaca
from investiq.market.vendors.alphavantage import AlphaVantage
from investiq.market.vendors.files import File
from investiq.market.vendors.finnhub import Finnhub
from investiq.market.vendors.massive import Massive
from investiq.market.vendors.sample import Sample
from investiq.market.vendors.synthetic import Synthetic
from investiq.market.vendors.twelvedata import TwelveData
from investiq.market.vendors.yfinance import YFinance
from investiq.runtime.settings import VENDORS

PAGES = Path(__file__).resolve().parents[3] / "docs" / "providers"
DECLARED = {
    each.name: each.capabilities
    for each in (Alpaca, AlphaVantage, File, Finnhub, Massive, Sample, Synthetic, TwelveData, YFinance)
}


def rows():
    lines = (PAGES / "README.md").read_text().splitlines()
    table = [re.split(r"\s*\|\s*", line.strip("| ")) for line in lines if line.startswith("| [")]
    return {re.sub(r"\[(\w+)\].*", r"\1", cells[0]): cells[1:] for cells in table}


def test_every_provider_has_one_row():
    assert set(rows()) == set(DECLARED)


@pytest.mark.parametrize("name", DECLARED)
def test_a_row_says_what_the_capabilities_declare(name):
    datasets, intervals, _, delisted, live = rows()[name]
    able = DECLARED[name]
    assert datasets == ", ".join(sorted(able.datasets))
    assert intervals == (", ".join(able.intervals) if "bars" in able.datasets else "none")
    assert live == ("yes" if able.is_production_ready else "no")
    if name != "file":
        assert delisted == ("yes" if able.survivorship_safe else "no")


@pytest.mark.parametrize("name", VENDORS)
def test_every_vendor_has_a_page_that_names_its_plans_and_its_licence(name):
    page = (PAGES / f"{name}.md").read_text()
    assert "## Licence" in page
    if name != "yfinance":
        assert not [plan for plan in plan_names(name) if plan not in page and plan.split("_")[0] not in page]
