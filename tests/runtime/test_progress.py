import io
import logging
import sys
import types

import pytest

from investiq.core.errors import ConfigError
from investiq.runtime import progress as module
from investiq.runtime.progress import progress, waiting, watched


@pytest.fixture
def stopwatch(monkeypatch):
    """A clock that moves only when told."""
    watch = types.SimpleNamespace(seconds=100.0)
    monkeypatch.setattr(module.time, "monotonic", lambda: watch.seconds)
    return watch


class _Screen(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    screen = _Screen()
    monkeypatch.setattr(module, "sys", types.SimpleNamespace(stderr=screen))
    return screen


def _run(stopwatch, steps, seconds, total=10):
    with progress(total, "folds") as advance:
        for _ in range(steps):
            stopwatch.seconds += seconds
            advance()
    return advance


def test_a_terminal_shows_one_line_that_is_drawn_over(stopwatch, terminal):
    _run(stopwatch, steps=10, seconds=1.0)
    first, *_, last = terminal.getvalue().split("\r")[1:]
    # After 1 of 10 steps of 1 s each, 9 s are left; 10 % of 24 cells rounds to 2.
    assert first == "[##----------------------] folds: 1 of 10, about 9 s left\x1b[K"
    assert last == "[########################] folds: 10 of 10, 10.0 s\x1b[K\n"
    assert terminal.getvalue().count("\n") == 1


def test_quick_work_shows_nothing(stopwatch, terminal):
    _run(stopwatch, steps=10, seconds=0.04)
    assert terminal.getvalue() == ""


def test_a_terminal_is_not_redrawn_more_than_ten_times_a_second(stopwatch, terminal):
    # 0.5 s of silence, then 1,500 steps of 1 ms: one drawing per 0.1 s is 15 or 16, and the closing line.
    _run(stopwatch, steps=2000, seconds=0.001, total=2000)
    assert 15 <= terminal.getvalue().count("\r") <= 18


def test_an_interrupt_passes_through_and_says_how_much_was_done(stopwatch, terminal):
    with pytest.raises(KeyboardInterrupt), progress(10, "folds") as advance:
        stopwatch.seconds += 4.0
        advance(4)
        raise KeyboardInterrupt
    assert terminal.getvalue().endswith("folds: 4 of 10, interrupted after 4.0 s\x1b[K\n")


def test_an_error_passes_through_and_closes_the_line(stopwatch, terminal):
    with pytest.raises(ValueError, match="bad fold"), progress(10, "folds") as advance:
        stopwatch.seconds += 1.0
        advance()
        raise ValueError("bad fold")
    assert "stopped after 1.0 s" in terminal.getvalue()


def test_without_a_terminal_or_a_notebook_it_writes_log_lines(stopwatch, monkeypatch, own_logger, caplog):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    own_logger.propagate = True
    with caplog.at_level(logging.INFO, logger="investiq"):
        _run(stopwatch, steps=25, seconds=1.0, total=25)
    # Steps of 1 s: the first line at once, then every 10 s (at 11 and 21 s), then the end.
    assert caplog.messages == [
        "folds: 1 of 25, about 24 s left",
        "folds: 11 of 25, about 14 s left",
        "folds: 21 of 25, about 4 s left",
        "folds: 25 of 25, 25.0 s",
    ]
    assert sys.stderr.getvalue() == ""


def test_a_notebook_shows_one_bar_that_is_updated(stopwatch, monkeypatch):
    pages = []

    class _Handle:
        def update(self, page):
            pages.append(page.data)

    def _display(page, display_id):
        assert display_id is True
        pages.append(page.data)
        return _Handle()

    import IPython.display

    monkeypatch.setattr(IPython.display, "display", _display)
    monkeypatch.setattr(module, "in_notebook", lambda: True)
    with progress(2, "<folds>") as advance:
        stopwatch.seconds += 1.0
        advance()
    assert len(pages) == 2
    assert '<progress value="0.5000" max="1"' in pages[0]
    assert "&lt;folds&gt;: 1 of 2, about 1 s left" in pages[0]


def test_more_steps_than_announced_stay_at_a_full_bar(stopwatch, terminal):
    _run(stopwatch, steps=4, seconds=1.0, total=2)
    assert "[########################] folds: 4 of 2, 4.0 s" in terminal.getvalue()


def test_no_steps_at_all_are_done_at_once(terminal):
    with progress(0, "folds") as advance:
        pass
    assert advance.done == 0


def test_a_negative_total_is_refused():
    with pytest.raises(ConfigError, match=">= 0 steps, was -1"):
        progress(-1, "folds")


def test_a_wait_is_one_line_of_the_terminal_that_goes(terminal):
    with waiting("vendor: waiting 41 s"):
        assert terminal.getvalue() == "\rvendor: waiting 41 s\x1b[K"
    assert terminal.getvalue() == "\rvendor: waiting 41 s\x1b[K\r\x1b[K"


def test_a_wait_that_is_interrupted_leaves_no_line(terminal):
    with pytest.raises(KeyboardInterrupt), waiting("vendor: waiting 41 s"):
        raise KeyboardInterrupt
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_a_wait_is_a_log_line_elsewhere(monkeypatch, own_logger, caplog):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    own_logger.propagate = True
    with caplog.at_level(logging.INFO, logger="investiq"), waiting("vendor: waiting 41 s"):
        pass
    assert caplog.messages == ["vendor: waiting 41 s"]


def test_a_wait_in_a_notebook_goes_when_it_is_over(monkeypatch):
    pages = []

    def _display(page, display_id):
        pages.append(page.data)
        return types.SimpleNamespace(update=lambda page: pages.append(page.data))

    import IPython.display

    monkeypatch.setattr(IPython.display, "display", _display)
    monkeypatch.setattr(module, "in_notebook", lambda: True)
    with waiting("<vendor>: waiting 41 s"):
        assert len(pages) == 1 and "&lt;vendor&gt;: waiting 41 s" in pages[0]
    assert pages[1:] == [""]


def test_a_watcher_is_told_in_place_of_a_terminal(stopwatch, terminal):
    told = []
    with watched(lambda *step: told.append(step)):
        _run(stopwatch, steps=2, seconds=5.0, total=10)
    assert told == [(1, 10, "folds"), (2, 10, "folds")]
    assert terminal.getvalue() == ""
    _run(stopwatch, steps=1, seconds=5.0)
    assert terminal.getvalue() != ""


def test_what_a_watcher_raises_stops_the_work():
    def stop(*_):
        raise KeyError("enough")

    with pytest.raises(KeyError), watched(stop), progress(3, "folds") as advance:
        advance()
    assert advance.done == 1


def test_a_setting_keeps_bars_and_waits_off_a_screen(stopwatch, terminal, monkeypatch):
    monkeypatch.setenv("INVESTIQ_PROGRESS", "logged")
    _run(stopwatch, steps=10, seconds=1.0)
    with waiting("vendor: waiting 41 s"):
        pass
    assert terminal.getvalue() == ""
