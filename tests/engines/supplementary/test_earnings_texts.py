import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.engines.supplementary import earnings_texts
from investiq.engines.supplementary.earnings_texts import TOPIC, earnings_text_features
from investiq.engines.supplementary.engine import SupplementaryView
from investiq.history.records import Records

# 4 toned words of 30: growth, strong, gains, and the raising itself.
GOOD = "Revenue growth was strong and brought gains. We raised our full-year guidance for the year."
# growth against weak, decline, losses, lowered: (1 - 4) / 5.
BAD = "Growth was weak: a decline of orders brought losses. We lowered our outlook for the year."
PLAIN = "The company held its annual meeting in the city and answered the questions of its owners."


def history(sample, *texts):
    """Texts by the day (at 12:00 UTC) on which they became known."""
    known = pd.DatetimeIndex([f"{day} 12:00" for day, _ in texts], tz="UTC", name="ts").as_unit("us")
    frame = pd.DataFrame({"text": [text for _, text in texts], "known_at": known}, index=known.normalize())
    records = Records(
        kind="earnings_texts", name="earnings_texts:^GSPC", frame=frame, provider="test", source="", known_at_rule="",
        unit="",
    )  # fmt: skip
    return iq.History.of(sample[:300], records=[records])


def at(sample, day, *texts):
    row = sample.index.get_loc(pd.Timestamp(day, tz="UTC"))
    return {name: float(values[row]) for name, values in earnings_text_features(history(sample, *texts)).items()}


def amounts(row):
    table = {name: np.array([value]) for name, value in row.items()}
    return [float(each.amount(table)[0]) for each in TOPIC.adjustments]


def test_a_good_text_adds_by_its_confidence_and_its_guidance(sample):
    row = at(sample, "1999-03-10", ("1999-03-10", GOOD))
    assert row["earnings_text_tone"] == 1.0
    assert row["earnings_text_confidence"] == pytest.approx(4 / 30)
    assert amounts(row) == pytest.approx([0.03 * 4 / 30, 0.02])


def test_a_bad_text_takes_and_its_change_is_from_the_text_before(sample):
    row = at(sample, "1999-06-10", ("1999-03-10", GOOD), ("1999-06-10", BAD))
    assert row["earnings_text_tone"] == pytest.approx(-3 / 5)
    assert row["earnings_text_tone_change"] == pytest.approx(-3 / 5 - 1)
    assert amounts(row) == pytest.approx([-0.03 * 5 / 30, -0.02])


def test_a_text_counts_from_the_moment_it_was_known_and_for_a_hundred_days(sample):
    texts = [("1999-03-10", GOOD)]
    assert all(np.isnan(value) for value in at(sample, "1999-03-09", *texts).values())
    assert amounts(at(sample, "1999-06-17", *texts))[1] == 0.02
    late = at(sample, "1999-06-21", *texts)
    assert amounts(late) == [0.0, 0.0]
    assert TOPIC.why_missing(late)["earnings_text_tone"] == "the newest text is 103 days old"


def test_a_text_without_tone_or_guidance_adds_nothing_and_says_so(sample):
    row = at(sample, "1999-03-10", ("1999-03-10", PLAIN))
    assert amounts(row) == [0.0, 0.0]
    assert TOPIC.why_missing(row)["earnings_text_guidance"] == "the text does not speak of guidance"


@pytest.mark.parametrize("text", ["", "Profit rises.", None])
def test_a_text_that_is_too_short_has_no_tone(sample, text):
    row = at(sample, "1999-03-10", ("1999-03-09", GOOD), ("1999-03-10", text))
    assert amounts(row) == [0.0, 0.0]
    assert TOPIC.why_missing(row)["earnings_text_tone"].startswith("the newest text has fewer than 50 characters")


def test_each_text_is_read_once(sample, monkeypatch):
    earnings_texts._analysis.cache_clear()
    read = []
    real = earnings_texts.analyze_text
    monkeypatch.setattr(earnings_texts, "analyze_text", lambda text: read.append(text) or real(text))
    for _ in range(2):
        at(sample, "1999-06-10", ("1999-03-10", GOOD), ("1999-06-10", BAD))
    assert read == [GOOD, BAD]


def test_the_future_of_texts_changes_no_row(sample):
    whole = history(sample, ("1999-03-10", GOOD), ("1999-06-10", BAD), ("1999-09-10", PLAIN))
    found, bars = earnings_text_features(whole), whole.bars()
    for row in (10, 45, 46, 60, 109, 110, 140, 172, 173, 200, 240, 298):
        cut = earnings_text_features(whole.until(bars.known_at[row]))
        np.testing.assert_array_equal([v[-1] for v in cut.values()], [v[row] for v in found.values()])


def test_the_view_adds_both_facts(sample):
    view = SupplementaryView()
    signal = view.explain(view.features(history(sample, ("2000-03-10", GOOD))).iloc[-1])
    ours = {each.name: each.amount for each in signal.adjustments if each.topic == "earnings texts"}
    assert ours == {"Guidance Raised": 0.02, "Earnings Tone Positive": pytest.approx(0.004)}
