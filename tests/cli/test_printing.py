import json
import math
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
import pytest

from investiq.core.facts import Fact
from investiq.core.notes import Note
from investiq.core.result import Result
from investiq.printing import plain, result_to_json, table


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (math.nan, None),
        (math.inf, None),
        (np.float64(0.5), 0.5),
        (np.int64(3), 3),
        (True, True),
        (date(2018, 12, 31), "2018-12-31"),
        (datetime(2018, 12, 31, 21, tzinfo=UTC), "2018-12-31T21:00:00+00:00"),
        (("a", 1), "('a', 1)"),
    ],
)
def test_values_become_what_json_can_hold(value, expected):
    found = plain(value)
    assert found == expected
    assert type(found) is type(expected)


@dataclass(frozen=True)
class _Sheet(Result):
    kind = "sheet"
    notes = (Note(code="short", text="three bars", rows=3),)
    title = "A sheet"
    watermark = "SAMPLE"

    def facts(self):
        return [
            Fact("Return", np.float64(0.125), "fraction", "simple"),
            Fact("Sharpe", math.nan, "ratio", note="too short"),
        ]

    def provenance(self):
        return [Fact("Data", "^GSPC")]


def test_a_result_as_json_states_the_facts_of_its_text():
    found = json.loads(result_to_json(_Sheet(), save="a.iq"))
    assert found == {
        "kind": "sheet",
        "title": "A sheet",
        "watermark": "SAMPLE",
        "facts": [
            {
                "label": "Return",
                "value": 0.125,
                "unit": "fraction",
                "text": "12.50 %",
                "convention": "simple",
                "note": "",
            },
            {"label": "Sharpe", "value": None, "unit": "ratio", "text": "n/a", "convention": "", "note": "too short"},
        ],
        "notes": [{"code": "short", "text": "three bars", "rows": 3, "severity": "caution", "event": None}],
        "provenance": [{"label": "Data", "value": "^GSPC", "unit": "", "text": "^GSPC", "convention": "", "note": ""}],
        "save": "a.iq",
    }
    for fact in found["facts"]:
        assert fact["text"] in str(_Sheet())


def test_a_table_aligns_words_to_the_left_and_numbers_to_the_right():
    rows = [
        (datetime(2018, 12, 31, tzinfo=UTC), 9.5, 3_442_870_000.0, datetime(2018, 12, 31, 21, tzinfo=UTC)),
        (date(2019, 1, 2), math.nan, 7.0, "x"),
    ]
    assert table(("ts", "close", "volume", "known"), rows) == (
        "ts          close         volume  known\n"
        "2018-12-31   9.50  3,442,870,000  2018-12-31 21:00\n"
        "2019-01-02    n/a           7.00  x"
    )


def test_a_table_without_rows_is_its_header():
    assert table(("ts", "close"), []) == "ts  close"
