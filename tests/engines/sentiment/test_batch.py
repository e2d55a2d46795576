import numpy as np
import pytest

from investiq.core.errors import InsufficientDataError
from investiq.engines.sentiment.batch import summarize_tones


@pytest.mark.parametrize(
    ("tones", "label"), [([0.2], "neutral"), ([0.21], "positive"), ([-0.2], "neutral"), ([-0.21], "negative")]
)
def test_the_mean_decides_beyond_a_fifth(tones, label):
    assert summarize_tones(np.array(tones)).label == label


def test_no_text_has_no_summary():
    with pytest.raises(InsufficientDataError, match="at least one text"):
        summarize_tones(np.array([]))
