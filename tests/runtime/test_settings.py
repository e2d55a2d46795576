import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from investiq.core.errors import ConfigError
from investiq.runtime.settings import Settings, load_settings, old_names, unknown_variables, variables

REPOSITORY = Path(__file__).parents[2]

# One value for each variable, and what the setting then is.
EXAMPLES = {
    "INVESTIQ_DATA_DIR": ("/srv/data", Path("/srv/data")),
    "INVESTIQ_REPORTS_DIR": ("/srv/reports", Path("/srv/reports")),
    "INVESTIQ_DATABASE_URL": ("postgresql://me:x@db/research", SecretStr("postgresql://me:x@db/research")),
    "INVESTIQ_OFFLINE": ("yes", True),
    "INVESTIQ_LOG_LEVEL": ("debug", "DEBUG"),
    "INVESTIQ_LOG_FORMAT": ("JSON", "json"),
    "INVESTIQ_LOG_FILE": ("/var/log/investiq.log", Path("/var/log/investiq.log")),
    "INVESTIQ_PROGRESS": ("Logged", "logged"),
    "INVESTIQ_DASHBOARD_PORT": ("9000", 9000),
    "INVESTIQ_CHROMIUM": ("/opt/chromium", Path("/opt/chromium")),
    "INVESTIQ_PROVIDERS": ("alpaca, Massive", ("alpaca", "massive")),
    "INVESTIQ_MASSIVE_API_KEY": ("m-1", SecretStr("m-1")),
    "INVESTIQ_MASSIVE_PLAN": ("Starter", "starter"),
    "INVESTIQ_MASSIVE_URL": ("https://proxy.example.com/m/", "https://proxy.example.com/m"),
    "INVESTIQ_ALPACA_KEY_ID": ("a-1", SecretStr("a-1")),
    "INVESTIQ_ALPACA_SECRET_KEY": ("a-2", SecretStr("a-2")),
    "INVESTIQ_ALPACA_PLAN": ("plus", "plus"),
    "INVESTIQ_ALPACA_FEED": ("SIP", "sip"),
    "INVESTIQ_MASSIVE_STREAM_URL": ("wss://proxy.example.com/m", "wss://proxy.example.com/m"),
    "INVESTIQ_ALPACA_STREAM_URL": ("ws://127.0.0.1:8080/v2/iex", "ws://127.0.0.1:8080/v2/iex"),
    "INVESTIQ_ALPACA_URL": ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    "INVESTIQ_ALPHAVANTAGE_API_KEY": ("v-1", SecretStr("v-1")),
    "INVESTIQ_ALPHAVANTAGE_PLAN": ("premium", "premium"),
    "INVESTIQ_ALPHAVANTAGE_URL": ("http://localhost:8080", "http://localhost:8080"),
    "INVESTIQ_FINNHUB_API_KEY": ("f-1", SecretStr("f-1")),
    "INVESTIQ_FINNHUB_PLAN": ("premium", "premium"),
    "INVESTIQ_FINNHUB_URL": ("http://[::1]:8080", "http://[::1]:8080"),
    "INVESTIQ_TWELVEDATA_API_KEY": (" t-1 ", SecretStr("t-1")),
    "INVESTIQ_TWELVEDATA_PLAN": ("grow", "grow"),
    "INVESTIQ_TWELVEDATA_URL": ("https://proxy.example.com", "https://proxy.example.com"),
    "INVESTIQ_HTTP_CACHE_S": ("600", 600),
    "INVESTIQ_FRESHNESS_MINUTES": ("1440", 1440),
    "INVESTIQ_SMTP_HOST": ("mail.example.com", "mail.example.com"),
    "INVESTIQ_SMTP_PORT": ("465", 465),
    "INVESTIQ_SMTP_TLS": ("TLS", "tls"),
    "INVESTIQ_SMTP_USER": ("desk", "desk"),
    "INVESTIQ_SMTP_PASSWORD": ("p-1", SecretStr("p-1")),
    "INVESTIQ_SMTP_FROM": ("desk@example.com", "desk@example.com"),
    "INVESTIQ_WEBHOOK_URL": ("https://hooks.example.com/x", SecretStr("https://hooks.example.com/x")),
    "INVESTIQ_WEBHOOK_SECRET": ("w-1", SecretStr("w-1")),
}

_CHAIN = "names separated by commas, each once, of massive, alpaca, alphavantage, twelvedata, finnhub, yfinance"


def _field(variable):
    return variable.removeprefix("INVESTIQ_").lower()


@pytest.mark.parametrize("variable", variables())
def test_each_variable_of_the_environment_changes_its_setting(variable, monkeypatch):
    text, expected = EXAMPLES[variable]
    assert getattr(load_settings(), _field(variable)) != expected
    monkeypatch.setenv(variable, text)
    assert getattr(load_settings(), _field(variable)) == expected


@pytest.mark.parametrize("variable", variables())
def test_each_variable_of_the_env_file_changes_its_setting(variable, tmp_path):
    text, expected = EXAMPLES[variable]
    (tmp_path / ".env").write_text(f"{variable}={text}\n")
    assert getattr(load_settings(), _field(variable)) == expected


def test_the_environment_wins_over_the_env_file(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("INVESTIQ_DASHBOARD_PORT=9000\n")
    monkeypatch.setenv("INVESTIQ_DASHBOARD_PORT", "9001")
    assert load_settings().dashboard_port == 9001


def test_an_empty_value_counts_as_not_set(monkeypatch):
    monkeypatch.setenv("INVESTIQ_DASHBOARD_PORT", "")
    assert load_settings().dashboard_port == 8866


def test_what_changed_since_the_last_call_is_seen_by_the_next_one(tmp_path, monkeypatch):
    monkeypatch.setenv("INVESTIQ_DASHBOARD_PORT", "9001")
    assert load_settings().dashboard_port == 9001
    monkeypatch.setenv("INVESTIQ_DASHBOARD_PORT", "9002")
    assert load_settings().dashboard_port == 9002
    monkeypatch.delenv("INVESTIQ_DASHBOARD_PORT")
    for port in (9003, 9004):  # of the same length and within one tick of the file's clock
        (tmp_path / ".env").write_text(f"INVESTIQ_DASHBOARD_PORT={port}\n")
        assert load_settings().dashboard_port == port
    (tmp_path / ".env").unlink()
    assert load_settings().dashboard_port == 8866
    monkeypatch.setenv("investiq_dashboard_port", "9005")  # in any case, as pydantic reads it
    assert load_settings().dashboard_port == 9005


def test_a_relative_path_follows_the_working_directory_between_two_calls(tmp_path, monkeypatch):
    monkeypatch.setenv("INVESTIQ_DATA_DIR", "cache")
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        assert load_settings().data_dir == tmp_path / name / "cache"


def test_the_home_folder_may_change_between_two_calls(tmp_path, monkeypatch):
    monkeypatch.setenv("INVESTIQ_DATA_DIR", "~/cache")
    for name in ("one", "other"):
        monkeypatch.setenv("HOME", str(tmp_path / name))
        monkeypatch.setenv("USERPROFILE", str(tmp_path / name))
        assert load_settings().data_dir == tmp_path / name / "cache"


def test_settings_that_did_not_change_are_not_read_again():
    assert load_settings() is load_settings()


def test_a_value_that_cannot_be_read_is_refused_at_each_call(monkeypatch):
    monkeypatch.setenv("INVESTIQ_DASHBOARD_PORT", "many")
    for _ in range(2):
        with pytest.raises(ConfigError, match="INVESTIQ_DASHBOARD_PORT must be a whole number"):
            load_settings()


def test_foreign_lines_of_the_env_file_are_left_alone(tmp_path):
    (tmp_path / ".env").write_text("POLYGON_API_KEY=abc\nINVESTIQ_LOG_LEVEL=ERROR\n")
    assert load_settings().log_level == "ERROR"


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("INVESTIQ_OFFLINE", "maybe", "a yes or no"),
        ("INVESTIQ_LOG_LEVEL", "LOUD", "DEBUG, INFO, WARNING, ERROR or CRITICAL"),
        ("INVESTIQ_LOG_FORMAT", "xml", "text or json"),
        ("INVESTIQ_DASHBOARD_PORT", "70000", "a whole number from 1 to 65535"),
        ("INVESTIQ_DASHBOARD_PORT", "http", "a whole number from 1 to 65535"),
        ("INVESTIQ_PROVIDERS", "alpaca,sample", _CHAIN),
        ("INVESTIQ_PROVIDERS", "alpaca,alpaca", _CHAIN),
        ("INVESTIQ_ALPACA_FEED", "otc", "iex or sip"),
        ("INVESTIQ_MASSIVE_URL", "http://example.com", "an https address, or an http address of this machine"),
        ("INVESTIQ_ALPACA_STREAM_URL", "ws://example.com", "a wss address, or a ws address of this machine"),
        ("INVESTIQ_MASSIVE_URL", "api.example.com", "an https address, or an http address of this machine"),
        ("INVESTIQ_HTTP_CACHE_S", "-1", "a whole number of seconds from 0 to 604800"),
        ("INVESTIQ_FRESHNESS_MINUTES", "0", "a whole number of minutes from 1 to 1440"),
        ("INVESTIQ_FRESHNESS_MINUTES", "1441", "a whole number of minutes from 1 to 1440"),
    ],
)
def test_an_unreadable_value_is_refused_by_name_value_and_expectation(variable, value, expected, monkeypatch):
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError) as refusal:
        load_settings()
    assert (
        str(refusal.value)
        == f"{variable} must be {expected}{_tail(expected)}, was {value!r}; change it in the environment"
    )


def _tail(expected):
    return ": 1, 0, true, false, yes, no, on or off" if expected == "a yes or no" else ""


def test_an_unreadable_value_of_the_env_file_names_the_file(tmp_path):
    (tmp_path / ".env").write_text("INVESTIQ_DASHBOARD_PORT=http\n")
    with pytest.raises(ConfigError, match=re.escape(f"change it in {tmp_path / '.env'}")):
        load_settings()


def test_a_mistyped_address_of_a_webhook_is_not_shown(monkeypatch):
    monkeypatch.setenv("INVESTIQ_WEBHOOK_URL", "http://hooks.example.com/secret-path")
    with pytest.raises(ConfigError, match="INVESTIQ_WEBHOOK_URL must be an https address") as refusal:
        load_settings()
    assert "secret-path" not in str(refusal.value)


def test_relative_paths_start_at_the_checkout(tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "investiq").mkdir()
    (tmp_path / "investiq" / "__init__.py").touch()
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    monkeypatch.setenv("INVESTIQ_REPORTS_DIR", "mine")
    assert load_settings().reports_dir == tmp_path / "mine"


def test_a_misspelt_variable_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setenv("INVESTIQ_LOGLEVEL", "DEBUG")
    monkeypatch.setenv("INVESTIQ_REQUIRE_BROWSER", "1")
    (tmp_path / ".env").write_text("INVESTIQ_PORT=1\n")
    assert unknown_variables() == ("INVESTIQ_LOGLEVEL", "INVESTIQ_PORT")


def test_docs_example_file_and_settings_list_the_same_variables():
    documented = re.findall(r"^\| `(INVESTIQ_\w+)`", (REPOSITORY / "docs" / "settings.md").read_text(), re.MULTILINE)
    example = re.findall(r"^# ?(INVESTIQ_\w+)=", (REPOSITORY / ".env.example").read_text(), re.MULTILINE)
    assert tuple(documented) == variables()
    assert tuple(example) == variables()


def test_the_defaults_in_the_docs_are_those_of_the_settings():
    rows = re.findall(
        r"^\| `(INVESTIQ_\w+)` \| `([^`]*)` ", (REPOSITORY / "docs" / "settings.md").read_text(), re.MULTILINE
    )
    assert {name for name, _ in rows} == {
        "INVESTIQ_OFFLINE", "INVESTIQ_LOG_LEVEL", "INVESTIQ_LOG_FORMAT", "INVESTIQ_PROGRESS", "INVESTIQ_DASHBOARD_PORT",
        "INVESTIQ_MASSIVE_PLAN", "INVESTIQ_ALPACA_PLAN", "INVESTIQ_ALPACA_FEED", "INVESTIQ_ALPHAVANTAGE_PLAN",
        "INVESTIQ_FINNHUB_PLAN", "INVESTIQ_TWELVEDATA_PLAN", "INVESTIQ_HTTP_CACHE_S", "INVESTIQ_FRESHNESS_MINUTES",
        "INVESTIQ_SMTP_PORT", "INVESTIQ_SMTP_TLS",
    }  # fmt: skip
    for name, default in rows:
        field = Settings.model_fields[_field(name)]
        assert str(field.default).lower() == default.lower(), name


@pytest.mark.parametrize(
    ("variable", "field"),
    [
        ("MASSIVE_API_KEY", "massive_api_key"),
        ("POLYGON_API_KEY", "massive_api_key"),
        ("APCA_API_KEY_ID", "alpaca_key_id"),
        ("ALPACA_API_KEY", "alpaca_key_id"),
        ("APCA_API_SECRET_KEY", "alpaca_secret_key"),
        ("ALPACA_SECRET_KEY", "alpaca_secret_key"),
        ("ALPACA_API_SECRET", "alpaca_secret_key"),
        ("ALPHAVANTAGE_API_KEY", "alphavantage_api_key"),
        ("ALPHA_VANTAGE_API_KEY", "alphavantage_api_key"),
        ("FINNHUB_API_KEY", "finnhub_api_key"),
        ("TWELVEDATA_API_KEY", "twelvedata_api_key"),
    ],
)
def test_a_key_is_read_under_the_vendors_own_name(variable, field, monkeypatch):
    monkeypatch.setenv(variable, "theirs")
    assert getattr(load_settings(), field) == SecretStr("theirs")
    monkeypatch.setenv(f"INVESTIQ_{field.upper()}", "ours")
    assert getattr(load_settings(), field) == SecretStr("ours")


def test_alpacas_feed_is_read_under_its_librarys_name_and_refused_under_it(monkeypatch):
    monkeypatch.setenv("ALPACA_DATA_FEED", "sip")
    assert load_settings().alpaca_feed == "sip"
    monkeypatch.setenv("ALPACA_DATA_FEED", "otc")
    with pytest.raises(
        ConfigError, match="ALPACA_DATA_FEED must be iex or sip, was 'otc'; change it in the environment"
    ):
        load_settings()


def test_a_key_of_the_environment_wins_over_the_file_under_any_name(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("INVESTIQ_MASSIVE_API_KEY=file\n")
    monkeypatch.setenv("POLYGON_API_KEY", "environment")
    assert load_settings().massive_api_key == SecretStr("environment")


def test_keys_are_secret_values_and_are_not_shown(monkeypatch):
    monkeypatch.setenv("MASSIVE_API_KEY", "hush-1")
    monkeypatch.setenv("APCA_API_SECRET_KEY", "hush-2")
    settings = load_settings()
    assert set(settings.secret_values()) == {"hush-1", "hush-2"}
    assert "hush" not in f"{settings!r} {settings}"


def test_the_old_name_of_a_key_is_told_only_while_it_is_the_one_that_is_read(tmp_path, monkeypatch):
    assert old_names() == ()
    (tmp_path / ".env").write_text("POLYGON_API_KEY=abc\n")
    assert old_names() == (("POLYGON_API_KEY", "INVESTIQ_MASSIVE_API_KEY"),)
    monkeypatch.setenv("MASSIVE_API_KEY", "abc")
    assert old_names() == ()
