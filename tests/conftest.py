"""Settings shared by every test."""

from __future__ import annotations

import functools
import os

import pytest
from hypothesis import HealthCheck, settings

from tests.servers.databases import database_url, postgresql

__all__ = ["database_url", "postgresql"]  # fixtures

settings.register_profile(
    "ci", max_examples=50, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("fuzz", max_examples=2_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_collection_modifyitems(config, items):
    """Leave out the tests of live vendors unless ``-m`` names them; an option in addopts would give way to any other ``-m``."""
    if "live" in config.option.markexpr:
        return
    live = [item for item in items if item.get_closest_marker("live")]
    if live:
        config.hook.pytest_deselected(items=live)
        items[:] = [item for item in items if item not in live]


# Of the module, not of the session: only one playwright may run in a thread, and it must end before the next begins.
@pytest.fixture(scope="module")
def chromium():
    """A headless Chromium; without one the test is reported as not run, or fails where CI requires it."""
    from playwright.sync_api import sync_playwright

    from investiq.runtime.browser import find_chromium

    found = find_chromium()
    if found is None:
        message = "no Chromium: run make setup-browser, or name one in INVESTIQ_CHROMIUM"
        if os.environ.get("INVESTIQ_REQUIRE_BROWSER") == "1":
            pytest.fail(message)
        pytest.skip(message)
    arguments = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]
    arguments += ["--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(found), args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="session", autouse=True)
def data_of_their_own(tmp_path_factory):
    """No test writes to the data, nor to the ledger of trials, of whoever runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INVESTIQ_DATA_DIR", str(tmp_path_factory.mktemp("data")))
        for name in ("INVESTIQ_DATABASE_URL", "DATABASE_URL"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def gates_of_their_own():
    """Gates share no departures with other processes, nor with the last run of the tests."""
    from investiq.market.gate import gate

    # A test of the sharing takes the function back from `__wrapped__`.
    @functools.wraps(gate._shared_log)
    def none(provider, key_id, plan):
        return None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gate, "_shared_log", none)
        yield


@pytest.fixture
def vendor_server():
    """A vendor on 127.0.0.1 that answers as the test scripts it: `tests.servers.http`."""
    from tests.servers.http import VendorServer

    with VendorServer() as server:
        yield server


@pytest.fixture
def vendor_time(monkeypatch):
    """Gates made in the test keep a time of their own, where a wait of a minute takes none: `tests.servers.timing`."""
    from investiq.market.gate import gate
    from tests.servers.timing import FakeTime

    time = FakeTime()
    monkeypatch.setattr(gate, "_timer", time.timer)
    monkeypatch.setattr(gate, "_gates", {})
    return time
