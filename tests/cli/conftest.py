import logging
import os

import pytest
from click.testing import CliRunner

from investiq.cli import main


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path):
    """No INVESTIQ_ variable, no .env and no checkout from the machine that runs the tests; the logger put back."""
    for name in [name for name in os.environ if name.startswith("INVESTIQ_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    logger = logging.getLogger("investiq")
    before = (logger.handlers[:], logger.level, logger.propagate)
    yield
    for handler in logger.handlers:
        if handler not in before[0]:
            handler.close()
    logger.handlers[:], logger.propagate = before[0], before[2]
    logger.setLevel(before[1])


@pytest.fixture
def run():
    """Run the command line and return what it printed and its exit code."""

    def _run(*arguments):
        return CliRunner().invoke(main, [str(each) for each in arguments], prog_name="investiq")

    return _run
