import numpy as np
import pytest

import investiq as iq
from investiq.core.errors import ConfigError, DataError
from investiq.engines.supplementary.engine import SupplementaryView
from investiq.engines.supplementary.topics import Adjustment, Topic


def raised(t):
    return np.where(t["dividend_change"] > 0, 0.02, np.where(t["dividend_change"] < 0, -0.03, 0.0))


def raised_much(t):
    return np.where(t["dividend_change"] > 0.5, 0.05, 0.0)


def ahead(t):
    return np.where(t["earnings_days"] < 8, -0.04, 0.0)


CHANGES = {"dividend_change": np.array([np.nan, 0.1, 0.6, -0.2])}
DAYS = {"earnings_days": np.array([np.nan, 30.0, 3.0, 3.0])}

DIVIDENDS = Topic(
    name="dividends",
    units={"dividend_change": "fraction"},
    features=lambda history: CHANGES,
    adjustments=(
        Adjustment(
            names=("Dividend Raised", "Dividend Cut"),
            fact="dividend change",
            amount=raised,
            value="dividend_change",
            texts=("raised by {dividend_change}", "cut by {dividend_change}"),
        ),
        Adjustment(
            names=("Dividend Leap", ""),
            fact="dividend change",
            amount=raised_much,
            value="dividend_change",
            texts=("leapt by {dividend_change}", ""),
        ),
    ),
    needs="dividends",
    tags=lambda row: ("PAYER",),
)
EARNINGS = Topic(
    name="earnings",
    units={"earnings_days": "days", "earnings_count": "count"},
    features=lambda history: DAYS | {"earnings_count": np.full(4, np.nan)},
    adjustments=(
        Adjustment(
            names=("", "Earnings Ahead"),
            fact="earnings date",
            amount=ahead,
            value="earnings_days",
            texts=("", "earnings in {earnings_days}"),
            is_directional=False,
        ),
    ),
    why_missing=lambda row: {"earnings_count": "no reports"},
)


def broken(history):
    raise DataError("strike of row 3\nis text")


@pytest.fixture(scope="module")
def history(sample):
    return iq.History.of(sample[:4])


def test_each_fact_counts_once_by_its_largest_adjustment(history):
    view = SupplementaryView((DIVIDENDS, EARNINGS))
    sums = view.adjustments(view.features(history))
    # Row 2: +0.02 and +0.05 are of one fact, so 0.05; rows 2 and 3 have earnings within 8 days.
    assert sums["directional"].to_list() == pytest.approx([0.0, 0.02, 0.05, -0.03])
    assert sums["undirected"].to_list() == pytest.approx([0.0, 0.0, -0.04, -0.04])


def test_explain_lists_what_counts_and_sums_to_the_adjustments(history):
    view = SupplementaryView((DIVIDENDS, EARNINGS))
    signal = view.explain(view.features(history).iloc[2])
    assert [(each.name, each.topic, each.amount, each.text) for each in signal.adjustments] == [
        ("Dividend Leap", "dividends", 0.05, "leapt by 60.00 %"),
        ("Earnings Ahead", "earnings", -0.04, "earnings in 3.0 days"),
    ]
    assert (signal.directional, signal.undirected) == (0.05, -0.04)
    assert signal.tags == ("PAYER",)
    assert signal.missing == {"earnings_count": "no reports"}


def test_an_adjustment_that_takes_away_bears_the_name_of_that_side(history):
    view = SupplementaryView((DIVIDENDS,))
    (cut,) = view.explain(view.features(history).iloc[3]).adjustments
    assert (cut.name, cut.amount, cut.text) == ("Dividend Cut", -0.03, "cut by -20.00 %")


def test_a_topic_of_which_nothing_is_known_is_absent_with_what_it_needs(history):
    view = SupplementaryView((DIVIDENDS, EARNINGS))
    signal = view.explain(view.features(history).iloc[0])
    assert signal.absent == {
        "dividends": "needs dividends; nothing is known at this time",
        "earnings": "too short a past",
    }
    assert (signal.adjustments, signal.missing, signal.tags) == ((), {}, ())


def test_a_topic_that_fails_is_named_and_the_others_answer(history):
    failing = Topic(name="options", units={"options_skew": "fraction"}, features=broken, words=("options_source",))
    view = SupplementaryView((DIVIDENDS, failing))
    features = view.features(history)
    signal = view.explain(features.iloc[1])
    assert features["options_skew"].isna().all()
    assert signal.failed == {"options": "DataError: strike of row 3 is text"}
    assert signal.directional == pytest.approx(0.02)
    assert signal.absent == {}


def test_a_defect_of_the_program_is_not_held_back(history):
    def defect(history):
        raise AttributeError("no such method")

    with pytest.raises(AttributeError):
        SupplementaryView((Topic(name="options", units={}, features=defect),)).features(history)


def test_a_composite_sees_the_columns_of_all_topics_and_survives_a_failed_one(history):
    both = Topic(
        name="both",
        units={"both_sum": "ratio"},
        features=lambda history: {},
        composite=lambda t: {"both_sum": t["dividend_change"] + t["earnings_days"]},
    )
    table = SupplementaryView((both, DIVIDENDS, EARNINGS)).features(history)
    assert table["both_sum"].to_list()[1:] == pytest.approx([30.1, 3.6, 2.8])
    failing = Topic(name="earnings", units=EARNINGS.units, features=broken)
    assert SupplementaryView((both, DIVIDENDS, failing)).features(history)["both_sum"].isna().all()


def test_two_topics_cannot_share_a_column():
    with pytest.raises(ConfigError, match="'dividend_change'"):
        SupplementaryView((DIVIDENDS, DIVIDENDS))
