import logging
import os

import pytest


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path):
    """No INVESTIQ_ variable, no key, no .env and no checkout from the machine that runs the tests."""
    ours = ("INVESTIQ_", "MASSIVE_", "POLYGON_", "APCA_", "ALPACA_", "ALPHA", "FINNHUB_", "TWELVEDATA_")
    for name in [name for name in os.environ if name.startswith(ours)]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def own_logger():
    """The package's logger, put back as it was."""
    logger = logging.getLogger("investiq")
    before = (logger.handlers[:], logger.level, logger.propagate)
    yield logger
    for handler in logger.handlers:
        if handler not in before[0]:
            handler.close()
    logger.handlers[:], logger.propagate = before[0], before[2]
    logger.setLevel(before[1])
