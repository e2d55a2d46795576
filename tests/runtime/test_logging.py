import json
import logging
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from investiq.runtime import clock
from investiq.runtime import logging as investiq_logging
from investiq.runtime.logging import configure_logging, log_context, redact
from investiq.runtime.settings import Settings


def _lines(file):
    return file.read_text().splitlines()


def test_a_json_line_holds_the_event_its_context_and_its_fields(own_logger, tmp_path):
    configure_logging("INFO", "json", tmp_path / "log")
    with log_context(run_id="r1"), log_context(symbol="^GSPC"):
        logging.getLogger("investiq.market").info("loaded %d bars", 7, extra={"provider": "sample"})
    (line,) = _lines(tmp_path / "log")
    fields = json.loads(line)
    stamp = fields.pop("ts")
    assert datetime.fromisoformat(stamp).utcoffset().total_seconds() == 0
    assert stamp.endswith("Z") and len(stamp) == len("2018-12-31T21:00:00.000Z")
    assert fields == {
        "level": "INFO",
        "logger": "investiq.market",
        "event": "loaded 7 bars",
        "run_id": "r1",
        "symbol": "^GSPC",
        "provider": "sample",
    }


def test_a_text_line_holds_the_same(own_logger, tmp_path):
    configure_logging("INFO", "text", tmp_path / "log")
    with log_context(run_id="r1"):
        logging.getLogger("investiq.market").warning("two\nlines", extra={"symbol": "^GSPC"})
    (line,) = _lines(tmp_path / "log")
    assert line.split(" ", 1)[1] == r"WARNING investiq.market: two\nlines [run_id=r1 symbol=^GSPC]"


def test_the_context_ends_with_its_block(own_logger, tmp_path):
    configure_logging("INFO", "json", tmp_path / "log")
    with log_context(run_id="r1"):
        pass
    logging.getLogger("investiq").info("later")
    assert "run_id" not in json.loads(_lines(tmp_path / "log")[0])


def test_lines_below_the_level_are_dropped(own_logger, tmp_path, monkeypatch):
    monkeypatch.setenv("INVESTIQ_LOG_LEVEL", "error")
    monkeypatch.setenv("INVESTIQ_LOG_FORMAT", "json")
    monkeypatch.setenv("INVESTIQ_LOG_FILE", str(tmp_path / "set.log"))
    configure_logging()
    logging.getLogger("investiq").warning("quiet")
    logging.getLogger("investiq").error("loud")
    assert [json.loads(line)["event"] for line in _lines(tmp_path / "set.log")] == ["loud"]


def test_an_exception_comes_with_its_trace(own_logger, tmp_path):
    configure_logging("INFO", "json", tmp_path / "log")
    try:
        raise ValueError("token=abc123")
    except ValueError:
        logging.getLogger("investiq").exception("failed")
    fields = json.loads(_lines(tmp_path / "log")[0])
    assert "ValueError: token=[hidden]" in fields["exception"]


def test_a_second_call_replaces_the_first(own_logger, tmp_path):
    configure_logging("INFO", "text", tmp_path / "one")
    configure_logging("INFO", "text", tmp_path / "two")
    logging.getLogger("investiq").info("once")
    assert not (tmp_path / "one").exists()
    assert len(_lines(tmp_path / "two")) == 1


def test_in_a_notebook_the_lines_go_to_a_file_of_the_day(own_logger, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(investiq_logging, "in_notebook", lambda: True)
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path / "data"))
    with clock.fixed(datetime(2018, 12, 31, tzinfo=UTC)):
        configure_logging("INFO")
    logging.getLogger("investiq").info("quiet in the cell")
    assert len(_lines(tmp_path / "data" / "logs" / "investiq-2018-12-31.log")) == 1
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_an_unconfigured_package_prints_nothing():
    # Without a handler, logging's last resort would print warnings to stderr.
    code = "import investiq.runtime.logging, logging; logging.getLogger('investiq.market').warning('x')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == done.stderr == ""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET https://x/v2?symbol=A&apiKey=abc&limit=5", "GET https://x/v2?symbol=A&apiKey=[hidden]&limit=5"),
        ("Authorization: Bearer abc.def", "Authorization: [hidden]"),
        ('{"api_secret": "abc", "side": "buy"}', '{"api_secret": "[hidden]", "side": "buy"}'),
        ("POLYGON_API_KEY=abc", "POLYGON_API_KEY=[hidden]"),
        ("password = abc", "password = [hidden]"),
        ("https://x/?key=abc", "https://x/?key=[hidden]"),
        ("postgresql://ledger:abc@db:5432/x", "postgresql://ledger:[hidden]@db:5432/x"),
        ("the key to tokens is a monkey=banana", "the key to tokens is a monkey=banana"),
        ("http://127.0.0.1:8866/?token=abc", "http://127.0.0.1:8866/?token=[hidden]"),
    ],
)
def test_secrets_with_a_telling_name_are_hidden_and_the_rest_is_kept(text, shown):
    assert redact(text) == shown


def test_values_of_secret_settings_are_hidden_wherever_they_stand(own_logger, tmp_path, monkeypatch):
    class WithKey(Settings):
        vendor_key: SecretStr = SecretStr("hunter2")

    monkeypatch.setattr(investiq_logging, "load_settings", WithKey)
    configure_logging("INFO", "json", tmp_path / "log")
    logging.getLogger("investiq").info("the vendor refused hunter2", extra={"symbol": "hunter2", "api_key": "other"})
    fields = json.loads(_lines(tmp_path / "log")[0])
    assert fields["event"] == "the vendor refused [hidden]"
    assert fields["symbol"] == fields["api_key"] == "[hidden]"
