import pytest

from investiq.core.errors import NotEntitledError, RateLimitedError, VendorError
from investiq.market.gate.breaker import Breaker
from investiq.market.gate.retrying import ServiceError
from tests.servers.timing import FakeTime


@pytest.fixture
def fake():
    return FakeTime()


@pytest.fixture
def breaker(fake):
    return Breaker("vendor", ServiceError, fake.timer)


def passes(breaker, error=None):
    try:
        with breaker.guarding():
            if error is not None:
                raise error
    except VendorError as raised:
        return raised is error
    return True


def test_it_opens_at_the_fifth_failure_in_a_row_and_refuses_at_once(breaker):
    for _ in range(4):
        passes(breaker, ServiceError("down"))
    assert breaker.state == "closed"
    passes(breaker, ServiceError("down"))
    assert breaker.state == "open"
    with (
        pytest.raises(ServiceError, match=r"vendor failed 5 times in a row.*ask again at 2026-01-02 15:00:30 UTC"),
        breaker.guarding(),
    ):
        pytest.fail("the block must not run")


def test_an_answer_between_failures_starts_the_count_again(breaker):
    for _ in range(4):
        passes(breaker, ServiceError("down"))
    passes(breaker)
    passes(breaker, ServiceError("down"))
    assert breaker.state == "closed"


@pytest.mark.parametrize("error", [RateLimitedError("spent"), NotEntitledError("refused")])
def test_a_limit_or_a_refusal_is_no_failure_of_the_service(breaker, error):
    for _ in range(6):
        passes(breaker, error)
    assert breaker.state == "closed"


def test_after_thirty_seconds_one_probe_goes_and_closes_it(breaker, fake):
    for _ in range(5):
        passes(breaker, ServiceError("down"))
    fake.sleep(30)
    with breaker.guarding():
        assert not passes(breaker), "a second request must wait for the probe"
    assert breaker.state == "closed" and passes(breaker)


def test_a_probe_that_fails_opens_it_for_another_thirty_seconds(breaker, fake):
    for _ in range(5):
        passes(breaker, ServiceError("down"))
    fake.sleep(30)
    assert passes(breaker, ServiceError("still down"))
    fake.sleep(29)
    assert breaker.state == "open"
    fake.sleep(1)
    assert passes(breaker)


def test_failures_of_requests_under_way_when_it_opened_do_not_open_it_again(breaker, fake):
    guards = [breaker.guarding() for _ in range(100)]
    for guard in guards:
        guard.__enter__()
    for number, guard in enumerate(guards):
        if number == 50:
            fake.sleep(20)
        # False: the error goes on to the caller.
        assert guard.__exit__(ServiceError, ServiceError("down"), None) is False
    fake.sleep(10)
    assert breaker.state == "probing"


def test_an_interrupted_probe_leaves_room_for_the_next_one(breaker, fake):
    for _ in range(5):
        passes(breaker, ServiceError("down"))
    fake.sleep(30)
    with pytest.raises(KeyboardInterrupt), breaker.guarding():
        raise KeyboardInterrupt
    assert breaker.state == "probing" and passes(breaker)
