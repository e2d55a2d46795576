import pytest

from investiq.core.errors import ConfigError
from investiq.runtime.browser import find_chromium


@pytest.fixture
def executable(tmp_path):
    path = tmp_path / "bin" / "chromium"
    path.parent.mkdir()
    path.touch(mode=0o755)
    return path


def test_the_setting_wins(executable, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("INVESTIQ_CHROMIUM", str(executable))
    assert find_chromium() == executable


def test_a_usual_name_on_the_path_is_found(executable, monkeypatch):
    monkeypatch.setenv("PATH", str(executable.parent))
    assert find_chromium() == executable


def test_without_one_the_answer_is_none(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert find_chromium() is None


def test_a_setting_that_names_nothing_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("INVESTIQ_CHROMIUM", str(tmp_path / "none"))
    with pytest.raises(
        ConfigError, match=r"INVESTIQ_CHROMIUM must be an executable file, was .*none; correct it or unset it"
    ):
        find_chromium()
