"""Loading is tested without the keys and the store of the machine that runs the tests."""

from __future__ import annotations

import os

import pytest

_KEYS = ("MASSIVE_", "POLYGON_", "APCA_", "ALPACA_", "ALPHA", "FINNHUB_", "TWELVEDATA_")


@pytest.fixture(autouse=True)
def own_store(monkeypatch, tmp_path):
    """A data folder of the test's own, and no vendor's key."""
    for name in [name for name in os.environ if name.startswith((*(f"INVESTIQ_{key}" for key in _KEYS), *_KEYS))]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("INVESTIQ_PROVIDERS", raising=False)
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data" / "store"
