import re

import pytest

from investiq.core.errors import ConfigError
from investiq.runtime import paths


@pytest.fixture
def checkout(tmp_path):
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "investiq").mkdir()
    (tmp_path / "investiq" / "__init__.py").touch()
    (tmp_path / "notebooks").mkdir()
    return tmp_path


def test_inside_a_checkout_files_stay_in_the_checkout(checkout, monkeypatch):
    monkeypatch.chdir(checkout / "notebooks")
    assert paths.project_root() == checkout
    assert paths.data_dir() == checkout / "data" / "cache"
    assert paths.reports_dir() == checkout / "reports" / "output"
    assert paths.log_dir() == checkout / "data" / "cache" / "logs"
    assert paths.results_dir() == checkout / "data" / "cache" / "results"


def test_outside_a_checkout_files_go_to_the_users_own_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    assert paths.project_root() is None
    assert paths.data_dir() == tmp_path / "share" / "investiq" / "data"
    assert paths.reports_dir() == tmp_path / "share" / "investiq" / "reports"


def test_a_setting_wins_over_the_checkout(checkout, monkeypatch):
    monkeypatch.setenv("INVESTIQ_REPORTS_DIR", "/srv/reports")
    assert str(paths.reports_dir()) == "/srv/reports"


def test_the_env_file_of_the_checkout_serves_its_notebooks(checkout, monkeypatch):
    (checkout / ".env").touch()
    monkeypatch.chdir(checkout / "notebooks")
    assert paths.env_file() == checkout / ".env"


def test_the_env_file_of_the_working_directory_comes_first(checkout, monkeypatch):
    (checkout / ".env").touch()
    (checkout / "notebooks" / ".env").touch()
    monkeypatch.chdir(checkout / "notebooks")
    assert paths.env_file() == checkout / "notebooks" / ".env"


def test_writable_makes_the_folder_and_leaves_it_empty(tmp_path):
    folder = paths.writable(tmp_path / "a" / "b", "INVESTIQ_REPORTS_DIR")
    assert folder.is_dir()
    assert list(folder.iterdir()) == []


def test_writable_names_the_folder_the_reason_and_the_setting(tmp_path):
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "reports"
    with pytest.raises(
        ConfigError, match=re.escape(f"cannot write to {folder}: Not a directory;") + ".*INVESTIQ_REPORTS_DIR"
    ):
        paths.writable(folder, "INVESTIQ_REPORTS_DIR")


def test_a_deleted_working_directory_is_no_checkout_and_has_no_env_file(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert paths.project_root() is None
    assert paths.env_file() is None
    monkeypatch.chdir(tmp_path)
