import random
from datetime import UTC, datetime, timedelta

import pytest

from investiq.core.errors import RateLimitedError, VendorError
from investiq.market.gate.retrying import Again, ServiceError, retried, retry_after_s
from tests.servers.timing import BEGIN, FakeTime

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


class Draws(random.Random):
    """Remembers the bounds it is asked for and answers the upper one."""

    def __init__(self):
        super().__init__(0)
        self.bounds = []

    def uniform(self, low, high):
        self.bounds.append((low, high))
        return high


def run(*outcomes, tries=5):
    fake, draws, left = FakeTime(), Draws(), list(outcomes)

    def attempt():
        outcome = left.pop(0)
        if isinstance(outcome, Again):
            raise outcome
        return outcome

    try:
        return retried(attempt, timer=fake.timer, jitter=draws, tries=tries), fake, draws, len(outcomes) - len(left)
    except VendorError as error:
        return error, fake, draws, len(outcomes) - len(left)


def failed(took=0.0, floor=0.0):
    return Again(ServiceError("down"), took=took, floor=floor)


def limited(floor, took=0.0):
    return Again(RateLimitedError("spent", BEGIN + timedelta(seconds=floor)), took=took, floor=floor)


def test_waits_are_drawn_from_zero_to_one_two_four_and_eight_seconds():
    result, fake, draws, tries = run(failed(), failed(), failed(), failed(), "found")
    assert result == "found" and tries == 5
    assert draws.bounds == [(0, 1), (0, 2), (0, 4), (0, 8)]
    assert fake.sleeps == [1, 2, 4, 8]


def test_the_fifth_failure_is_the_answer():
    result, fake, _, tries = run(*[failed()] * 6)
    assert isinstance(result, ServiceError) and tries == 5
    assert len(fake.sleeps) == 4


def test_what_the_vendor_asks_for_is_the_least_wait():
    result, fake, _, _ = run(limited(20), limited(0.5), "found")
    # The second draw of up to 2 s is longer than the half second asked for.
    assert result == "found" and fake.sleeps == [20, 2]


def test_a_wait_beyond_90_seconds_is_an_answer_at_once_with_the_time():
    result, fake, _, tries = run(limited(91), "never")
    assert isinstance(result, RateLimitedError) and tries == 1
    assert result.retry_at == BEGIN + timedelta(seconds=91) and fake.sleeps == []


def test_waits_and_tries_share_one_budget():
    # 30 + 30 s of waiting and 2 x 20 s of tries pass 90 s: 20 + 30 + 20 + 30 = 100.
    result, fake, _, tries = run(limited(30, took=20), limited(30, took=20), "never")
    assert isinstance(result, RateLimitedError) and tries == 2 and fake.sleeps == [30]


def test_a_service_that_names_a_time_beyond_the_budget_is_rate_limited_until_then():
    result, _, _, tries = run(failed(floor=300), "never")
    assert isinstance(result, RateLimitedError) and tries == 1
    assert result.retry_at == BEGIN + timedelta(seconds=300)
    assert str(result) == "down; it asks to wait until 2026-01-02 15:05:00 UTC"


def test_three_hangs_of_thirty_seconds_spend_the_budget():
    result, _, _, tries = run(*[failed(took=30)] * 5)
    # 30 + 1 + 30 + 2 = 63, and with the third 97.
    assert isinstance(result, ServiceError) and tries == 3


def test_a_request_that_may_act_twice_is_sent_once():
    result, fake, _, tries = run(failed(), "never", tries=1)
    assert isinstance(result, ServiceError) and tries == 1 and fake.sleeps == []


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        (" 0.5 ", 0.5),
        ("Fri, 02 Jan 2026 03:05:30 GMT", 90.0),
        ("Thu, 01 Jan 2026 00:00:00 GMT", 0.0),
        ("soon", None),
        ("-3", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text, seconds):
    assert retry_after_s(text, NOW) == seconds
