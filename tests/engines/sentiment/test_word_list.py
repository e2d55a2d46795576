import numpy as np
import pytest

from investiq.core.errors import DataError
from investiq.engines.sentiment.inflections import adjective_forms, noun_forms, verb_forms
from investiq.engines.sentiment.word_list import NEGATIVE, POSITIVE, WordList

WORDS = WordList()


def tone(title, description="", keywords=""):
    return float(WORDS.score([title], [description], [keywords])[0])


def test_three_fixed_sentences_have_the_sign_that_a_reader_gives_them():
    assert tone("Acme shares plunge after the company misses estimates and warns of losses") < 0
    assert tone("Acme beats estimates as profits surge and raises its dividend") > 0
    assert tone("Acme will hold its annual meeting on 4 May in Chicago") == 0


@pytest.mark.parametrize(
    "word", ["beats", "beaten", "surged", "rallies", "rallied", "profitable", "grew", "stronger", "rose"]
)
def test_inflected_forms_of_good_words_are_found(word):
    assert WORDS.count(word) == (1, 0)


@pytest.mark.parametrize(
    "word", ["misses", "dropped", "fell", "losses", "lost", "weaker", "bankruptcies", "lowered", "falling"]
)
def test_inflected_forms_of_bad_words_are_found(word):
    assert WORDS.count(word) == (0, 1)


@pytest.mark.parametrize("word", ["missile", "fallow", "gainsay", "roses", "losable", "again", "beatific", "ability"])
def test_words_that_only_begin_or_end_like_one_of_the_list_are_not_found(word):
    assert WORDS.count(word) == (0, 0)


@pytest.mark.parametrize(
    "word", ["high", "low", "buy", "sell", "risk", "record", "guidance", "initiated", "reiterated", "default", "lower"]
)
def test_words_whose_tone_depends_on_context_are_left_out(word):
    assert word not in POSITIVE | NEGATIVE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("profit", (1, 0)),
        ("not profit", (0, 1)),
        ("not a single profit", (0, 1)),  # the third word after "not"
        ("not in a single profit", (1, 0)),  # the fourth is out of reach
        ("no loss", (1, 0)),
        ("doesn't beat", (0, 1)),
        ("doesn’t beat", (0, 1)),
        ("cannot rise", (0, 1)),
        ("without growth", (0, 1)),
        ("It did not. Profit rose", (2, 0)),  # a negation does not reach into the next sentence
        ("hardly a gain, barely a loss", (1, 1)),
        ("profit not", (1, 0)),  # a negation looks ahead only
    ],
)
def test_a_negation_within_three_words_turns_a_word_round(text, expected):
    assert WORDS.count(text) == expected


def test_an_article_is_its_title_twice_its_description_once_and_half_its_keywords():
    # Good: 2 x 1 + 0.5 x 1 = 2.5; bad: 1 x 3 = 3. (2.5 - 3) / (2.5 + 3) = -1/11.
    assert tone("Profit", "Loss, decline and fear", "growth") == pytest.approx(-1 / 11)
    # Without keywords (2 - 3) / 5.
    assert WORDS.score(["Profit"], ["Loss, decline and fear"]) == pytest.approx([-0.2])


def test_the_tone_does_not_grow_with_the_length_of_a_text():
    assert tone("gain loss gain") == pytest.approx(tone(" ".join(["gain loss gain"] * 40)))


def test_an_article_does_not_depend_on_the_others_of_its_batch():
    alone = WORDS.score(["Profit and loss and gain"], [""])
    assert WORDS.score(["Plunge", "Profit and loss and gain", "Surge"], [""] * 3)[1] == alone[0]


def test_no_article_gives_no_tone():
    assert WORDS.score([], []).shape == (0,)


def test_the_version_follows_the_words():
    other = WordList(positive=frozenset({"fine"}), negative=frozenset({"poor"}), name="mine")
    assert other.version != WORDS.version
    assert other.version == WordList(positive=frozenset({"fine"}), negative=frozenset({"poor"})).version
    assert other.score(["A fine profit", "A poor profit"], ["", ""]).tolist() == [1.0, -1.0]


def test_lists_that_cannot_be_used_are_refused():
    with pytest.raises(DataError, match="both positive and negative: fine"):
        WordList(positive=frozenset({"fine"}), negative=frozenset({"fine", "poor"}))
    with pytest.raises(DataError, match="negative words of 'word list' are empty"):
        WordList(negative=frozenset())
    with pytest.raises(DataError, match=r"small letters, found \['Fine'\]"):
        WordList(positive=frozenset({"Fine"}))
    with pytest.raises(DataError, match="each of 2 titles, found 1"):
        WORDS.score(["a", "b"], ["c"])


def test_the_built_in_lists_do_not_overlap_and_hold_single_words():
    assert not POSITIVE & NEGATIVE
    assert all(word.isalpha() and word.islower() for word in POSITIVE | NEGATIVE)


def test_forms_follow_the_rules_of_spelling():
    assert verb_forms("surge") == {"surge", "surges", "surged", "surging"}
    assert verb_forms("miss") == {"miss", "misses", "missed", "missing"}
    assert verb_forms("profit") >= {"profited", "profits"}
    assert verb_forms("gain") == {"gain", "gains", "gained", "gaining"}  # two vowels: no doubling
    assert noun_forms("bankruptcy") == {"bankruptcy", "bankruptcies"}
    assert adjective_forms("optimistic") >= {"optimistic", "optimism"}
    assert "optimisticer" not in adjective_forms("optimistic")


def test_scores_lie_between_minus_one_and_one():
    rng = np.random.default_rng(3)
    vocabulary = np.array([*sorted(POSITIVE)[:30], *sorted(NEGATIVE)[:30], "not", "the", "company"])
    texts = [" ".join(rng.choice(vocabulary, 12)) for _ in range(200)]
    tones = WORDS.score(texts, texts[::-1])
    assert np.abs(tones).max() <= 1
    assert np.std(tones) > 0.1
