import math

import pytest

from investiq.core.errors import ConfigError
from investiq.core.types import parse_interval, signal_label


@pytest.mark.parametrize(
    ("score", "label"),
    [
        (0, "Neutral"),
        (4.999, "Neutral"),
        (5, "Weak Buy"),
        (29.999, "Weak Buy"),
        (30, "Buy"),
        (69.999, "Buy"),
        (70, "Strong Buy"),
        (100, "Strong Buy"),
    ],
)
def test_labels_cut_at_5_30_and_70_and_are_symmetric(score, label):
    assert signal_label(score) == label
    if score:
        assert signal_label(-score) == label.replace("Buy", "Sell")


def test_a_missing_score_has_no_label():
    assert signal_label(math.nan) is None


@pytest.mark.parametrize("text", ["1m", "1M", "daily", ""])
def test_an_ambiguous_or_unknown_interval_is_refused(text):
    with pytest.raises(ConfigError, match="interval must be one of 1min"):
        parse_interval(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("1h", "60min"),
        ("60m", "60min"),
        ("daily", "1d"),
        ("weekly", "1w"),
        ("1W", "1w"),
        ("D", "1d"),
        ("W", "1w"),
        ("4H", "4h"),
    ],
)
def test_an_interval_as_others_spell_it_is_refused_with_its_name_here(text, meant):
    with pytest.raises(ConfigError, match=f"was '{text}'; write '{meant}'$"):
        parse_interval(text)


@pytest.mark.parametrize("text", ["1m", "1M", "M"])
def test_what_may_be_a_minute_or_a_month_is_not_told_apart(text):
    with pytest.raises(ConfigError) as raised:
        parse_interval(text)
    assert "write" not in str(raised.value)
