from datetime import UTC, datetime, timedelta, timezone

import pytest

from investiq.core.errors import ConfigError
from investiq.runtime import clock


def test_now_is_aware_and_in_utc():
    assert clock.now().utcoffset() == timedelta(0)


def test_a_fixed_clock_stands_still_and_is_given_back():
    # 16:00 at UTC-5 is 21:00 UTC.
    close = datetime(2018, 12, 31, 16, tzinfo=timezone(timedelta(hours=-5)))
    with clock.fixed(close):
        assert clock.now() == datetime(2018, 12, 31, 21, tzinfo=UTC)
        assert clock.now().tzinfo is UTC
    assert clock.now().year > 2018


def test_a_fixed_clock_without_a_zone_is_refused():
    with pytest.raises(ConfigError, match="aware datetime"), clock.fixed(datetime(2018, 12, 31)):  # noqa: DTZ001
        pass
