"""One small request to each vendor that has a key, over the network: ``pytest -m live tests/market/vendors/test_live.py``."""

from datetime import timedelta

import pytest

from investiq.core.errors import ConfigError
from investiq.market import routing
from investiq.market.contract import Request
from investiq.market.datasets import LAYOUTS
from investiq.market.gate import gate
from investiq.runtime import clock, offline
from investiq.runtime.settings import VENDORS, load_settings

pytestmark = pytest.mark.live


@pytest.fixture(autouse=True)
def own_store(monkeypatch):
    """In place of the fixture that takes keys away: keys, plans and the count of requests are the user's own."""
    monkeypatch.setattr(gate, "_shared_log", gate._shared_log.__wrapped__)


@pytest.mark.parametrize("name", VENDORS)
def test_a_vendor_with_a_key_answers_a_small_request(name, caplog):
    if offline.is_requested():
        pytest.skip("INVESTIQ_OFFLINE is set: unset it to use the network")
    settings = load_settings()
    if name == "yfinance" and name not in settings.providers:
        pytest.skip("yfinance is asked only where INVESTIQ_PROVIDERS names it")
    try:
        vendor = routing.vendor(name)
    except ConfigError as error:
        pytest.skip(str(error))
    if "bars" in vendor.capabilities.datasets:
        request = Request.of("bars", "AAPL", start=clock.now() - timedelta(days=10))
    else:
        request = Request.of("search", "AAPL", limit=3)
    answer = vendor.fetch(request)
    assert answer.status == "ok", answer.reason
    assert answer.payload is not None and len(answer.payload.table) > 0
    assert set(answer.payload.table.columns) <= set(LAYOUTS[request.dataset].columns)
    secrets = settings.secret_values()
    assert not any(secret in caplog.text or secret in answer.payload.source for secret in secrets)
