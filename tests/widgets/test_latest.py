"""Of several clicks only the newest changes the page."""

from __future__ import annotations

import threading

import pytest

from investiq.widgets.latest import Latest

TIMEOUT_S = 10.0


def test_a_single_turn_presents_its_result():
    shown = []
    Latest().start(lambda turn: turn.present(lambda: shown.append("first"))).result(TIMEOUT_S)
    assert shown == ["first"]


def test_a_result_that_arrives_late_is_dropped():
    latest, shown = Latest(), []
    computing, go_on = threading.Event(), threading.Event()

    def slow(turn):
        computing.set()
        go_on.wait(TIMEOUT_S)
        turn.present(lambda: shown.append("old"))

    old = latest.start(slow)
    computing.wait(TIMEOUT_S)
    new = latest.start(lambda turn: turn.present(lambda: shown.append("new")))
    go_on.set()
    new.result(TIMEOUT_S)
    old.result(TIMEOUT_S)
    assert shown == ["new"]


def test_an_old_turn_stops_at_its_next_step():
    latest, steps = Latest(), []
    computing, go_on = threading.Event(), threading.Event()

    def slow(turn):
        turn.present(lambda: steps.append("bars"))
        computing.set()
        go_on.wait(TIMEOUT_S)
        turn.present(lambda: steps.append("analysis"))
        steps.append("never")

    old = latest.start(slow)
    computing.wait(TIMEOUT_S)
    latest.start(lambda turn: None)
    go_on.set()
    old.result(TIMEOUT_S)
    assert steps == ["bars"]


def test_work_that_still_waits_is_cancelled():
    latest, ran = Latest(), []
    go_on = threading.Event()
    latest.start(lambda turn: go_on.wait(TIMEOUT_S) and None)
    waiting = latest.start(lambda turn: ran.append("second"))
    newest = latest.start(lambda turn: ran.append("third"))
    go_on.set()
    newest.result(TIMEOUT_S)
    assert waiting.cancelled()
    assert ran == ["third"]


def test_turns_are_numbered_in_the_order_of_clicks():
    latest, numbers = Latest(), []
    for _ in range(3):
        latest.start(lambda turn: numbers.append(turn.number)).result(TIMEOUT_S)
    assert numbers == [1, 2, 3]


def test_an_error_that_no_border_caught_reaches_whoever_waits():
    def broken(turn):
        raise RuntimeError("fault")

    with pytest.raises(RuntimeError, match="fault"):
        Latest().start(broken).result(TIMEOUT_S)
