import numpy as np
import pytest

from investiq.engines.sentiment.events import EVENTS, event_codes, event_names, multipliers_of


def classes(text):
    return set(event_names(event_codes(text)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Quarterly EPS above estimates", {"earnings"}),
        ("Revenue beats", {"earnings"}),
        ("Revenue of the town", {"general"}),
        ("Profit in the third quarter", {"earnings"}),
        ("Profit at last", {"general"}),
        ("To be acquired in a takeover", {"merger"}),
        ("A spin-off is planned", {"merger"}),
        ("FDA approval", {"regulatory"}),
        ("The SEC asks", {"regulatory"}),
        ("Ten sec of silence", {"general"}),
        ("Downgraded, price target cut", {"analyst"}),
        ("CFO resigns", {"management"}),
        ("Launches a new product", {"product"}),
        ("Sued in federal court", {"legal"}),
        ("Fed raises interest rates", {"macro"}),
        ("Fans fed up", {"general"}),
        ("Lawsuit over a merger", {"legal", "merger"}),
        ("", {"general"}),
    ],
)
def test_a_text_belongs_to_the_classes_of_its_cues(text, expected):
    assert classes(text) == expected


@pytest.mark.parametrize(
    "text",
    ["He keeps it", "An operating plant", "Onboard the ship", "A courteous man", "Secondary road", "Unproductive"],
)
def test_a_cue_inside_a_word_is_no_cue(text):
    assert classes(text) == {"general"}


def test_the_largest_multiplier_of_several_classes_counts():
    texts = ["Inflation", "Inflation and earnings", "Lawsuit over a merger", "Nothing", "CEO on products"]
    codes = np.array([event_codes(text) for text in texts])
    assert multipliers_of(codes).tolist() == [0.8, 2.0, 2.5, 1.0, 1.3]


def test_there_are_nine_classes():
    assert [factor for factor, _ in EVENTS.values()] == [2.0, 2.5, 2.0, 1.5, 1.3, 1.2, 1.5, 0.8, 1.0]
