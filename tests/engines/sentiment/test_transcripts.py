import pytest

from investiq.core.errors import DataError
from investiq.engines.sentiment.transcripts import analyze_text
from investiq.engines.sentiment.word_list import WordList

PADDING = " The call was held by telephone on Tuesday at nine in the morning."


def test_the_tone_counts_occurrences():
    # growth, growth, growth and one decline: (3 - 1) / 4.
    found = analyze_text("Growth, growth and more growth after a decline." + PADDING)
    assert (found.positive, found.negative, found.tone, found.label) == (3, 1, 0.5, "positive")
    assert found.confidence == pytest.approx(4 / 30)


def test_a_tone_between_the_cuts_is_mixed_only_with_many_matches():
    assert analyze_text("gain loss gain loss gain loss" + PADDING).label == "mixed"
    assert analyze_text("gain loss gain loss" + PADDING).label == "neutral"
    assert analyze_text(PADDING).tone == 0.0
    # (2 - 3) / 5 is exactly -0.2, which is not beyond it; (1 - 2) / 3 is.
    assert analyze_text("gain gain loss loss loss" + PADDING).label == "neutral"
    assert analyze_text("gain loss loss" + PADDING).label == "negative"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We raised our full-year guidance.", "raised"),
        ("We are lowering our outlook for the year.", "lowered"),
        ("We reiterate our guidance for the year.", "maintained"),
        ("We raised prices in May. Our guidance is on page three.", "not mentioned"),  # raised, but not the guidance
        ("We raised prices in May.", "not mentioned"),
        ("We did not raise our guidance.", "not mentioned"),
        ("We aren’t lowering our outlook and reaffirm it.", "maintained"),
        ("We will not cut jobs, and we raise our outlook.", "raised"),
        ("Earnings came in above expectations.", "not mentioned"),
        ("Earnings were below the market's estimates for the full year.", "not mentioned"),
        ("We expect sales above last year.", "raised"),
        ("We reiterate our guidance of sales above 5 billion.", "maintained"),
        ("We raised the low end and lowered the high end of our guidance.", "mixed"),
    ],
)
def test_guidance_is_read_in_sentences_that_speak_of_it(text, expected):
    assert analyze_text(text + PADDING).guidance == expected


def test_the_change_of_tone_is_against_the_text_before():
    now, before = "gain gain gain loss" + PADDING, "gain loss loss loss" + PADDING
    assert analyze_text(now, previous=before).tone_change == pytest.approx(0.5 + 0.5)
    assert analyze_text(now, previous=analyze_text(before)).tone_change == pytest.approx(1.0)
    assert analyze_text(now).tone_change is None


def test_phrases_and_topics_are_those_of_the_text():
    text = (
        "We expect revenue and revenues to grow. We expect margins to hold. Inflation and headwinds stay. Going forward"
    )
    found = analyze_text(text)
    assert found.forward_looking == ("we expect", "going forward")
    assert found.risks == ("inflation", "headwinds")
    assert found.topics == (("revenue", 2), ("margins", 1))


def test_a_short_text_is_refused_and_a_long_one_is_cut():
    with pytest.raises(DataError, match="at least 50 characters, found 49"):
        analyze_text("x" * 49)
    assert analyze_text("x" * 50).characters == 50
    long = analyze_text("gain " * 20_000)
    assert (long.characters, long.is_cut, long.positive, long.confidence) == (50_000, True, 10_000, 1.0)


def test_another_word_list_is_named_in_the_result():
    words = WordList(positive=frozenset({"telephone"}), negative=frozenset({"tuesday"}), name="mine")
    found = analyze_text(PADDING, words=words)
    assert (found.positive, found.negative) == (1, 1)
    assert found.scorer.startswith("mine, 2 words")
