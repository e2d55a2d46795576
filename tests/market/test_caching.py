import threading
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from investiq.core.errors import ConfigError
from investiq.market.caching import TIME_TO_LIVE, Cache, CacheKey
from investiq.market.contract import DATASETS
from investiq.runtime import clock

NOON = datetime(2018, 12, 28, 12, tzinfo=UTC)
KEY = CacheKey("news", "massive", "", "AAPL")


def test_every_dataset_has_a_life_of_its_own():
    assert set(TIME_TO_LIVE) == set(DATASETS)
    assert TIME_TO_LIVE["statements"] == timedelta(hours=24)
    assert TIME_TO_LIVE["news"] == timedelta(minutes=5)
    assert timedelta(minutes=1) <= TIME_TO_LIVE["options"] <= timedelta(minutes=5)
    assert TIME_TO_LIVE["bars"] < timedelta(minutes=1)


def test_an_entry_is_kept_until_it_expires():
    cache = Cache[str](size=4)
    with clock.fixed(NOON):
        cache.put(KEY, "found", NOON + timedelta(minutes=5))
        assert cache.get(KEY) == "found"
    with clock.fixed(NOON + timedelta(minutes=5)):
        assert cache.get(KEY) is None
    assert len(cache) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"provider": "alpaca"},
        {"feed": "sip"},
        {"symbol": "MSFT"},
        {"interval": "1min"},
        {"start": np.datetime64("2018-01-01", "us")},
        {"end": np.datetime64("2018-01-01", "us")},
        {"session": "extended"},
        {"as_of": np.datetime64("2018-01-01", "us")},
        {"recorded_by": np.datetime64("2018-01-01", "us")},
        {"generation": "2"},
    ],
)
def test_each_part_of_a_question_makes_it_another_one(change):
    cache = Cache[str](size=4)
    cache.put(KEY, "found", datetime.max.replace(tzinfo=UTC))
    assert cache.get(KEY._replace(**change)) is None


def test_the_entry_that_was_not_used_for_the_longest_gives_way():
    cache = Cache[int](size=2)
    keys = [KEY._replace(symbol=symbol) for symbol in "ABC"]
    late = datetime.max.replace(tzinfo=UTC)
    cache.put(keys[0], 0, late)
    cache.put(keys[1], 1, late)
    cache.get(keys[0])
    cache.put(keys[2], 2, late)
    assert [cache.get(key) for key in keys] == [0, None, 2]


def test_a_cache_stays_bounded_under_threads():
    cache = Cache[int](size=8)
    late = datetime.max.replace(tzinfo=UTC)

    def work(offset):
        for number in range(200):
            cache.put(KEY._replace(symbol=f"S{offset}-{number}"), number, late)
            cache.get(KEY._replace(symbol=f"S{offset}-{number}"))

    threads = [threading.Thread(target=work, args=(offset,)) for offset in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(cache) == 8


def test_a_cache_without_room_is_refused():
    with pytest.raises(ConfigError, match="size must be at least 1 entry, was 0"):
        Cache[int](size=0)
