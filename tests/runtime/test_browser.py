import pytest

from investiq.core.errors import ConfigError
from investiq.runtime.browser import find_chromium, headless_command


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


@pytest.mark.parametrize(("user", "has_sandbox"), [(0, False), (1000, True)])
def test_only_root_gives_up_the_sandbox_and_the_address_is_the_last_word(executable, monkeypatch, user, has_sandbox):
    monkeypatch.setattr("os.geteuid", lambda: user, raising=False)
    command = headless_command(executable, "/profile", "--screenshot=a.png", "file:///page.html")
    assert ("--no-sandbox" not in command) is has_sandbox
    assert (command[0], command[-1]) == (str(executable), "file:///page.html")
    assert "--user-data-dir=/profile" in command
