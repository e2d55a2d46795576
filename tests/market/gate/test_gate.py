import threading
from datetime import timedelta

import pytest

from investiq.core.errors import ConfigError, NotEntitledError, OfflineError, RateLimitedError
from investiq.market.contract import Capabilities, Payload, Request, Vendor
from investiq.market.gate.gate import Exchange, Unreachable, asking_for, gate_of, health
from investiq.market.gate.plans import plan_of
from investiq.market.gate.retrying import ServiceError
from tests.servers.timing import BEGIN


@pytest.fixture
def gate(vendor_time):
    return gate_of("massive", "a key", plan_of("massive", "starter"))


def answer(status, text="", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Exchange(status=status, headers=named, reply=(status, text), text=lambda: text)


class Calls:
    """Answers in order, the last one again and again; an exception is raised."""

    def __init__(self, *outcomes):
        self.outcomes, self.count = list(outcomes), 0

    def __call__(self):
        self.count += 1
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def test_one_key_has_one_gate_in_the_process(gate):
    assert gate_of("massive", "a key", plan_of("massive", "starter")) is gate
    assert gate_of("massive", "another", plan_of("massive", "starter")) is not gate


def test_one_key_under_two_plans_is_refused(gate):
    with pytest.raises(ConfigError, match="already in use under the plan starter, asked for free"):
        gate_of("massive", "a key", plan_of("massive", "free"))


def test_a_plan_of_another_vendor_is_refused(vendor_time):
    with pytest.raises(ConfigError, match="a plan of alpaca was given for massive"):
        gate_of("massive", "a key", plan_of("alpaca", "basic"))


@pytest.mark.parametrize("status", [200, 204, 302, 400, 404, 422])
def test_other_statuses_are_left_to_the_caller(gate, status):
    calls = Calls(answer(status, "text"))
    assert gate.send(calls, "GET /x") == (status, "text") and calls.count == 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_passing_fault_is_tried_again(gate, status):
    calls = Calls(answer(status), answer(200))
    assert gate.send(calls, "GET /x") == (200, "") and calls.count == 2


def test_a_lost_connection_is_tried_again(gate):
    calls = Calls(Unreachable("no connection"), answer(200))
    assert gate.send(calls, "GET /x") == (200, "") and calls.count == 2


def test_a_request_that_may_act_twice_is_not_tried_again(gate):
    calls = Calls(answer(503), answer(200))
    with pytest.raises(ServiceError, match="massive answered 503 to POST /x"):
        gate.send(calls, "POST /x", is_idempotent=False)
    assert calls.count == 1


@pytest.mark.parametrize(("status", "words"), [(401, "does not accept the key"), (403, "does not cover the request")])
def test_a_refusal_says_why_in_the_vendors_words_and_is_not_tried_again(gate, status, words):
    calls = Calls(answer(status, '{"status": "NOT_AUTHORIZED", "message": "upgrade your plan"}'))
    with pytest.raises(NotEntitledError, match=rf"massive {words}: GET /x was answered {status} \(upgrade your plan\)"):
        gate.send(calls, "GET /x")
    assert calls.count == 1


def test_a_429_without_a_time_pauses_everyone_for_a_whole_window(gate, vendor_time):
    calls = Calls(answer(429), answer(200))
    gate.send(calls, "GET /x")
    assert vendor_time.passed == 61


def test_a_429_with_a_time_pauses_everyone_until_then(gate, vendor_time):
    when = (BEGIN + timedelta(seconds=40)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    with pytest.raises(RateLimitedError):
        gate.send(Calls(answer(429, retry_after=when)), "GET /x", is_idempotent=False)
    assert gate.health().paused_for == 40
    gate.send(Calls(answer(200)), "GET /y")
    assert vendor_time.passed == 40


def test_a_429_that_stays_is_rate_limited_with_the_time(gate, vendor_time):
    with pytest.raises(RateLimitedError, match=r"limit of its plan starter \(5500 a minute\) is spent") as caught:
        gate.send(Calls(answer(429)), "GET /x")
    # The second window would end beyond the budget of 90 s: answered after the first, with the end of the second.
    assert caught.value.retry_at == BEGIN + timedelta(seconds=122)
    assert vendor_time.passed == 61


def test_a_limit_told_by_an_answer_of_200_can_pause_the_gate(gate):
    gate.pause()
    assert gate.health().paused_for == 61


def test_five_lost_requests_open_the_breaker_and_the_sixth_is_not_sent(gate):
    calls = Calls(answer(500))
    for _ in range(5):
        with pytest.raises(ServiceError, match="massive answered 500"):
            gate.send(calls, "GET /x")
    sent = calls.count
    with pytest.raises(ServiceError, match="massive failed 5 times in a row"):
        gate.send(calls, "GET /x")
    assert calls.count == sent == 25
    assert [each.state for each in health()] == ["open"]


def test_five_refusals_in_a_row_close_that_dataset_and_no_other(gate):
    calls = Calls(answer(403, "no"))
    with asking_for("news"):
        for _ in range(5):
            with pytest.raises(NotEntitledError, match="was answered 403"):
                gate.send(calls, "GET /news")
        with pytest.raises(NotEntitledError, match=r"news of massive \(plan starter\) failed 5 times in a row"):
            gate.send(calls, "GET /news")
    assert calls.count == 5
    with asking_for("bars"):
        assert gate.send(Calls(answer(200)), "GET /bars") == (200, "")
    assert gate.health().refused == ("news",)


def test_offline_is_told_as_it_is_and_counts_for_nothing(gate):
    calls = Calls(OfflineError("unset it"))
    for _ in range(6):
        with pytest.raises(OfflineError):
            gate.send(calls, "GET /x")
    assert calls.count == 6 and gate.health().state == "closed"


def test_a_waiting_retry_holds_no_permit(vendor_time, monkeypatch):
    from investiq.market.gate import gate as module

    monkeypatch.setattr(module, "IN_FLIGHT", 1)
    gate = gate_of("massive", "one at a time", plan_of("massive", "starter"))
    sleep, seen = vendor_time.sleep, []

    def sleeping(seconds):
        # While the first request waits for its second try, another one passes.
        if not seen:
            seen.append(gate.send(Calls(answer(200, "other")), "GET /y"))
        sleep(seconds)

    gate._timer = type(gate._timer)(monotonic=gate._timer.monotonic, sleep=sleeping, now=vendor_time.now)
    assert gate.send(Calls(answer(503), answer(200, "first")), "GET /x") == (200, "first")
    assert seen == [(200, "other")]


def test_a_mistake_in_an_adapter_is_not_swallowed(gate):
    with pytest.raises(ZeroDivisionError):
        gate.send(lambda: 1 / 0, "GET /x")


def test_gates_are_made_once_by_many_threads(vendor_time):
    found, start = [], threading.Barrier(20)

    def ask():
        start.wait()
        found.append(gate_of("finnhub", "k", plan_of("finnhub", "free")))

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(each) for each in found}) == 1


def test_a_vendor_whose_plan_lacks_news_still_serves_bars(gate):
    import pandas as pd

    class Partial(Vendor):
        name = "partial"
        capabilities = Capabilities(datasets=frozenset({"bars", "news"}))

        def bars(self, request):
            gate.send(Calls(answer(200)), "GET /bars")
            return Payload(table=pd.DataFrame({"ts": [1]}))

        def news(self, request):
            return gate.send(Calls(answer(403)), "GET /news")

    vendor = Partial()
    statuses = [vendor.fetch(Request.of("news", "AAPL")).status for _ in range(6)]
    assert statuses == ["not_entitled"] * 6
    assert "left alone" in vendor.fetch(Request.of("news", "AAPL")).reason
    assert vendor.fetch(Request.of("bars", "AAPL")).status == "ok"
