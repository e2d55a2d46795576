"""The inflected forms of English words, so that "beats" and "surged" are found by "beat" and "surge"."""

from __future__ import annotations

from typing import Final

__all__ = ["adjective_forms", "noun_forms", "verb_forms"]

# Forms that no rule makes, of words in the lists.
_IRREGULAR: Final[dict[str, tuple[str, ...]]] = {
    "beat": ("beaten",),
    "fall": ("fell", "fallen"),
    "growth": ("grow", "grows", "grew", "grown", "growing"),
    "innovation": ("innovative",),
    "loss": ("lose", "loses", "lost", "losing"),
    "optimistic": ("optimism",),
    "pessimistic": ("pessimism",),
    "profit": ("profitable", "profitability"),
    "rise": ("rose", "risen"),
    "success": ("successful", "successfully"),
}
_SIBILANTS: Final = ("s", "x", "z", "ch", "sh")
_VOWELS: Final = "aeiou"


def noun_forms(word: str) -> frozenset[str]:
    """Return a noun with its plural, and with words made from it where no rule makes them.

    Examples
    --------
    >>> sorted(noun_forms("loss"))
    ['lose', 'loses', 'losing', 'loss', 'losses', 'lost']
    """
    return frozenset({word, _with_s(word), *_IRREGULAR.get(word, ())})


def verb_forms(word: str) -> frozenset[str]:
    """Return a verb, which may be a noun too, with its third person, past and participle.

    Examples
    --------
    >>> sorted(verb_forms("rally"))
    ['rallied', 'rallies', 'rally', 'rallying']
    >>> sorted(verb_forms("drop"))
    ['drop', 'dropped', 'dropping', 'drops']
    """
    if _ends_with_y(word):
        made = {word[:-1] + "ied", word + "ing"}
    elif word.endswith("e"):
        made = {word + "d", word[:-1] + "ing"}
    else:
        stem = word + word[-1] if _doubles(word) else word
        made = {stem + "ed", stem + "ing"}
    return noun_forms(word) | made


def adjective_forms(word: str) -> frozenset[str]:
    """Return an adjective with its adverb and noun, and the comparison of a short one.

    Examples
    --------
    >>> sorted(adjective_forms("weak"))
    ['weak', 'weaker', 'weakest', 'weakly', 'weakness']
    """
    made = {word, word + "ly", word + "ness", *_IRREGULAR.get(word, ())}
    is_short = sum(letter in _VOWELS for letter in word) <= 2 and not word.endswith("ish")
    return frozenset(made | {word + "er", word + "est"} if is_short else made)


def _ends_with_y(word: str) -> bool:
    return word.endswith("y") and word[-2] not in _VOWELS


def _with_s(word: str) -> str:
    if _ends_with_y(word):
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(_SIBILANTS) else "s")


def _doubles(word: str) -> bool:
    # One syllable that ends with consonant, vowel, consonant.
    if len(word) < 3 or sum(letter in _VOWELS for letter in word) != 1:
        return False
    return word[-2] in _VOWELS and word[-1] not in _VOWELS + "wxy" and word[-3] not in _VOWELS
