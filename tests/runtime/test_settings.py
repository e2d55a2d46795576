import re
from pathlib import Path

import pytest

from investiq.core.errors import ConfigError
from investiq.runtime.settings import Settings, load_settings, unknown_variables, variables

REPOSITORY = Path(__file__).parents[2]

# One value for each variable, and what the setting then is.
EXAMPLES = {
    "INVESTIQ_DATA_DIR": ("/srv/data", Path("/srv/data")),
    "INVESTIQ_REPORTS_DIR": ("/srv/reports", Path("/srv/reports")),
    "INVESTIQ_OFFLINE": ("yes", True),
    "INVESTIQ_LOG_LEVEL": ("debug", "DEBUG"),
    "INVESTIQ_LOG_FORMAT": ("JSON", "json"),
    "INVESTIQ_LOG_FILE": ("/var/log/investiq.log", Path("/var/log/investiq.log")),
    "INVESTIQ_DASHBOARD_PORT": ("9000", 9000),
    "INVESTIQ_CHROMIUM": ("/opt/chromium", Path("/opt/chromium")),
}


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
        "INVESTIQ_OFFLINE", "INVESTIQ_LOG_LEVEL", "INVESTIQ_LOG_FORMAT", "INVESTIQ_DASHBOARD_PORT"
    }  # fmt: skip
    for name, default in rows:
        field = Settings.model_fields[_field(name)]
        assert str(field.default).lower() == default.lower(), name
