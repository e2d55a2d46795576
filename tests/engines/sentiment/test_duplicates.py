import numpy as np
import pytest

from investiq.engines.sentiment.duplicates import are_copies, jaccard, shingles

# 12 words: 10 shingles of three.
STORY = "acme corporation said on monday that profits rose again in the quarter"


def copies(*rows):
    titles, hours = zip(*rows, strict=True)
    published = np.datetime64("2020-01-06T00:00", "us") + np.array(hours).astype("timedelta64[h]")
    return are_copies(titles, [""] * len(titles), published).tolist()


def test_the_same_story_within_48_hours_is_a_copy_and_later_is_news():
    assert copies((STORY, 0), (STORY.upper() + "!", 48)) == [False, True]
    assert copies((STORY, 0), (STORY, 49)) == [False, False]


def test_copies_of_a_copy_are_measured_from_the_story_that_was_kept():
    assert copies((STORY, 0), (STORY, 40), (STORY, 80), (STORY, 100)) == [False, True, False, True]


def test_stories_are_one_from_a_similarity_of_080_on():
    # One word more at the end: 10 common shingles of 11 in either, 0.909. Three more: 10 of 13, 0.769.
    assert copies((STORY, 0), (STORY + " today", 1)) == [False, True]
    assert copies((STORY, 0), (STORY + " today it announced", 1)) == [False, False]
    # Two words changed at the ends of 10 shingles: 8 common of 10 is exactly 0.8 if the other has no more.
    assert jaccard(shingles(STORY), shingles(" ".join(STORY.split()[1:-1]))) == pytest.approx(0.8)
    assert copies((STORY, 0), (" ".join(STORY.split()[1:-1]), 1)) == [False, True]


def test_different_descriptions_make_different_stories_under_one_title():
    published = np.full(3, np.datetime64("2020-01-06T00:00", "us"))
    titles = ["Stock market today"] * 3
    texts = ["shares rose in early trade on hopes of peace", "bonds fell while the dollar gained on the yen", ""]
    # The third has a title only, so titles are compared.
    assert are_copies(titles, texts, published).tolist() == [False, False, True]


def test_articles_without_words_are_no_copies_of_each_other():
    assert copies(("", 0), ("", 1), ("...", 2)) == [False, False, False]
    published = np.full(2, np.datetime64("2020-01-06T00:00", "us"))
    texts = ["profits rose at the maker of carts", "the chief of another firm resigned"]
    assert are_copies(["", ""], texts, published).tolist() == [False, False]


def test_words_of_other_scripts_tell_stories_apart():
    assert copies(("Прибыль выросла", 0), ("Глава ушёл", 1), ("Прибыль выросла!", 2)) == [False, False, True]


def test_an_article_known_first_is_kept_though_it_was_published_later():
    assert copies((STORY, 5), (STORY, 0)) == [False, True]


def test_the_index_finds_what_comparing_all_pairs_finds():
    rng = np.random.default_rng(11)
    words = np.array([f"w{number}" for number in range(40)])
    base = [list(rng.choice(words, 14)) for _ in range(15)]
    texts = []
    for _ in range(150):
        text = list(base[rng.integers(15)])
        for _ in range(rng.integers(0, 3)):
            text[rng.integers(14)] = str(rng.choice(words))
        texts.append(" ".join(text))
    hours = np.sort(rng.integers(0, 300, 150))
    published = np.datetime64("2020-01-06T00:00", "us") + hours.astype("timedelta64[h]")
    found = are_copies(texts, [""] * 150, published)
    expected = np.zeros(150, dtype=bool)
    for row in range(150):
        expected[row] = any(
            not expected[kept]
            and hours[row] - hours[kept] <= 48
            and jaccard(shingles(texts[row]), shingles(texts[kept])) >= 0.8
            for kept in range(row)
        )
    assert 10 < expected.sum() < 140
    assert found.tolist() == expected.tolist()
