import dataclasses

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.core.errors import DataError
from investiq.engines.sentiment.engine import SentimentEngine
from investiq.engines.sentiment.features import FEATURES, WORDS

ENGINE = SentimentEngine()


@pytest.fixture(scope="module")
def bars(split_sample):
    """Two years of daily bars with a dividend and a split."""
    return dataclasses.replace(split_sample[350:850], symbol="NEWS")


@pytest.fixture(scope="module")
def busy(bars, news):
    """Their history, with copies, roundups, late and future articles among some six a day."""
    rng = np.random.default_rng(7)
    words = [
        "profit",
        "loss",
        "beat",
        "miss",
        "rise",
        "fall",
        "lawsuit",
        "court",
        "eps",
        "shares",
        "the",
        "launch",
        "Fed",
    ]
    first, last = bars.known_at[[0, -1]].astype(np.int64)
    rows = []
    for number, moment in enumerate(np.sort(rng.integers(first, last, 3000)).astype("datetime64[us]")):
        row = {
            "published": str(moment),
            "title": " ".join(rng.choice(words, 6)),
            "publisher": rng.choice(["Reuters", ""]),
        }
        kind = rng.random()
        if kind < 0.1 and number:
            row["title"] = rows[-1]["title"]
        elif kind < 0.2:
            row["known"] = str(moment + rng.integers(1, 200) * np.timedelta64(1, "h"))
        elif kind < 0.25:
            row["known"] = str(moment - rng.integers(1, 200) * np.timedelta64(1, "h"))
        elif kind < 0.3:
            row["tickers"] = "|".join(f"T{other}" for other in range(11))
        elif kind < 0.5:
            row["tickers"] = "OTHER"
        rows.append(row)
    return iq.History.of(bars, records=[news(rows)])


@pytest.fixture(scope="module")
def row():
    """One row without a score: the tones of seven good and two bad articles, and a neutral one, cancel."""
    values = {**dict.fromkeys(FEATURES, 0.0), "total_articles": 10.0, "article_count": 10.0}
    values |= {"positive_articles": 7.0, "negative_articles": 2.0, "neutral_articles": 1.0}
    values |= {"sentiment_momentum": np.nan, "sentiment_acceleration": np.nan, "known_articles": 10.0}
    head = {"known_at": pd.Timestamp("2020-01-02 21:00", tz="UTC"), "n_obs": 300}
    return pd.Series(head | values | dict.fromkeys(WORDS, ""), name=pd.Timestamp("2020-01-02", tz="UTC"))


def says(row, **changes):
    return ENGINE.explain(pd.Series({**row, **changes}, name=row.name))


def test_without_momentum_the_score_is_the_normalised_tone_shrunk(row):
    # 7 good and 2 bad articles: 42 x 9 / 10.
    signal = says(row, normalized_score=42.0)
    assert signal.score == pytest.approx(37.8)
    assert [each.name for each in signal.evidence] == ["News Tone Positive"]
    assert says(row, normalized_score=-42.0).score == pytest.approx(-37.8)


@pytest.mark.parametrize(
    ("titles", "score", "label"),
    [
        # One tone of 1: 100 x tanh(3 / 1.5) x 1/2.
        (["1 a story"], 48.2014, "Buy"),
        (["1 a story", "1 another tale"], 64.2685, "Buy"),  # 2/3
        (["1 a story", "1 another tale", "1 a third affair"], 72.3021, "Strong Buy"),  # 3/4
        # Neutral articles are no further stories: 3 x 1.1 / 3 = 1.1, 100 x tanh(1.1 / 1.5) x 1/2.
        (["1 a story", "0.1 something", "0 nothing"], 31.2550, "Buy"),
        (["0.2 a story", "0.2 another tale"], 0.0, "Neutral"),
    ],
)
def test_a_single_story_is_never_a_strong_case(bars, news, stated, titles, score, label):
    for sign in (1, -1):
        rows = [
            {"published": str(bars.known_at[-1] - np.timedelta64(2, "h")), "title": f"{sign * float(tone)} {text}"}
            for tone, text in (title.split(maxsplit=1) for title in titles)
        ]
        # A copy of the first story adds nothing.
        history = iq.History.of(bars, records=[news([*rows, rows[0]])])
        engine = SentimentEngine(stated)
        signal = engine.explain(engine.features(history).iloc[-1])
        assert signal.score == pytest.approx(sign * score, abs=1e-4)
        assert signal.label == (label if sign > 0 else label.replace("Buy", "Sell"))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # The tone weighs 4, so 50 votes 2: 100 x (2 + 2) / (4 + 2); all of nine articles with a tone, 9/10.
        ({"sentiment_momentum": 1.51}, 400 / 6),
        ({"sentiment_momentum": -1.51}, 0.0),
        ({"sentiment_momentum": 1.5}, 50.0),
        ({"sentiment_momentum": -1.5}, 50.0),
        ({"sentiment_acceleration": 1.01}, 60.0),  # 100 x (2 + 1) / (4 + 1)
        ({"sentiment_acceleration": -1.01}, 20.0),
        ({"sentiment_acceleration": 1.0}, 50.0),
        ({"sentiment_momentum": 2.0, "sentiment_acceleration": 2.0}, 500 / 7),
        ({"sentiment_momentum": -2.0, "sentiment_acceleration": 2.0}, 20.0),  # 100 x (2 - 1) / (4 + 1)
    ],
)
def test_momentum_and_tone_are_averaged_by_weight(row, changes, expected):
    assert says(row, normalized_score=50.0, **changes).score == pytest.approx(0.9 * expected)


def test_confidence_grows_with_articles_and_their_majority(row):
    # 0.4 x 5/10 + 0.4 x 3/5 + 0.1.
    some = {"total_articles": 5.0, "positive_articles": 3.0, "negative_articles": 1.0, "neutral_articles": 1.0}
    assert says(row, **some).confidence == pytest.approx(0.54)
    assert says(row, **some, using_finbert=1.0).confidence == pytest.approx(0.64)
    # 0.4 + 0.4 + 0.1 + 0.1 is held at 0.95.
    assert says(row, positive_articles=10.0, using_finbert=1.0).confidence == pytest.approx(0.95)


def test_a_row_is_marked_by_its_flags(row):
    marked = says(row, contradictory_signal=1.0, news_fatigue=1.0, abnormal_buzz=1.0, news_urgency="High")
    assert marked.tags == ("MIXED SIGNALS", "NEWS FATIGUE", "ABNORMAL BUZZ", "URGENCY HIGH")
    assert says(row, news_urgency="Medium").tags == ()


def test_no_news_give_no_score_and_the_reason(bars, news):
    def last(*records):
        history = iq.History.of(bars, records=records)
        return ENGINE.explain(ENGINE.features(history).iloc[-1])

    signal = last()
    assert np.isnan(signal.score)
    assert signal.reason == "the sentiment engine needs records of news, the history has none"
    assert np.isnan(signal.metrics["total_articles"])
    assert signal.missing["buzz_ratio"] == "no records of news"
    assert last(news([])).reason == "the sentiment engine needs news, no article was known yet"
    old = {"published": str(bars.known_at[-1] - np.timedelta64(200, "h")), "title": "Profit rises"}
    assert "1 are known, all older" in last(news([old])).reason
    late = {
        "published": str(bars.known_at[-1] + np.timedelta64(2, "h")),
        "title": "Profit",
        "known": str(bars.known_at[-1]),
    }
    future = last(news([late]))
    assert np.isnan(future.score)
    assert future.metrics["future_articles"] == 1


def test_every_row_says_what_its_own_past_says(busy):
    table = ENGINE.features(busy)
    scores = ENGINE.score(table)
    for place in np.linspace(70, len(table) - 1, 12).astype(int):
        then = ENGINE.features(busy.until(table["known_at"].iloc[place]))
        pd.testing.assert_frame_equal(then.iloc[[-1]], table.iloc[[place]], rtol=1e-10, atol=1e-10)
        pd.testing.assert_frame_equal(ENGINE.score(then).iloc[[-1]], scores.iloc[[place]], rtol=1e-10, atol=1e-10)


def test_an_audit_finds_the_features_point_in_time(busy):
    report = iq.audit(ENGINE.features, busy)
    assert report.is_point_in_time, report


def test_what_was_left_out_is_counted(busy):
    table = ENGINE.features(busy)
    for name in ("duplicate_articles", "roundup_articles", "future_articles"):
        assert table[name].max() >= 1, name
    assert (table["total_articles"] <= 50).all()
    assert table["known_articles"].iloc[-1] <= 3000


def test_a_copy_changes_nothing_but_the_count_of_copies(bars, news):
    end = bars.known_at[-1]
    rows = [
        {"published": str(end - np.timedelta64(hours, "h")), "title": title}
        for hours, title in (
            (40, "Profit rises at the old maker of carts"),
            (30, "Sales fall at the maker of carts again"),
        )
    ]
    again = {**rows[0], "published": str(end - np.timedelta64(10, "h"))}
    one, two = (ENGINE.features(iq.History.of(bars, records=[news(some)])).iloc[-1] for some in (rows, [*rows, again]))
    assert two["duplicate_articles"] == one["duplicate_articles"] + 1
    same = [name for name in FEATURES if name not in ("duplicate_articles", "known_articles")]
    pd.testing.assert_series_equal(one[same], two[same])


def test_urgency_follows_the_tone_of_the_day_and_its_articles(bars, news, stated):
    def urgency(*tones):
        rows = [
            {"published": str(bars.known_at[-1] - np.timedelta64(2 + place, "h")), "title": f"{tone} story {place}"}
            for place, tone in enumerate(tones)
        ]
        return SentimentEngine(stated).features(iq.History.of(bars, records=[news(rows)])).iloc[-1]["news_urgency"]

    assert [urgency(*[-0.6] * count) for count in (1, 2, 3)] == ["High", "High", "Immediate"]
    assert [urgency(tone) for tone in (0.59, 0.2, 0.19)] == ["Medium", "Medium", "Low"]
    assert urgency() == ""


def test_copies_of_more_than_a_week_ago_are_not_counted(bars, news):
    end = bars.known_at[-1]
    rows = [{"published": str(end - np.timedelta64(hours, "h")), "title": "Profit rises again"} for hours in (200, 190)]
    assert ENGINE.features(iq.History.of(bars, records=[news(rows)]))["duplicate_articles"].iloc[-1] == 0


def test_the_own_z_score_uses_the_sessions_before(bars, news, stated):
    rng = np.random.default_rng(9)
    tones = rng.uniform(-0.9, 0.9, len(bars))
    rows = [
        {"published": str(known - np.timedelta64(2, "h")), "title": f"{tone:.6f} story {number}"}
        for number, (known, tone) in enumerate(zip(bars.known_at, tones, strict=True))
    ]
    table = SentimentEngine(stated).features(iq.History.of(bars, records=[news(rows)]))
    average, z_score = table["avg_sentiment"].to_numpy(), table["sentiment_z_score"].to_numpy()
    assert np.isnan(z_score[:30]).all()
    assert z_score[30] == pytest.approx((average[30] - average[:30].mean()) / average[:30].std(ddof=1))
    past = average[210:300]
    assert z_score[300] == pytest.approx((average[300] - past.mean()) / past.std(ddof=1))


def test_many_tired_articles_make_fatigue(bars, news, stated):
    # Fifteen weeks of three articles a day, then a day of twelve neutral ones that cool from hour to hour.
    days = np.arange(110, 0, -1)
    end = bars.known_at[-1]
    rows = [
        {"published": str(end - np.timedelta64(24 * int(day) - hour, "h")), "title": f"{tone} day {day} {hour}"}
        for day in days
        for hour, tone in ((3, 0.1 * (day % 3)), (9, -0.1 * (day % 2)), (15, 0.1))
    ]
    rows += [
        {"published": str(end - np.timedelta64(23 - 2 * k, "h")), "title": f"{0.19 - 0.03 * k:.2f} last {k}"}
        for k in range(12)
    ]
    row = SentimentEngine(stated).features(iq.History.of(bars, records=[news(rows)])).iloc[-1]
    assert (row["abnormal_buzz"], row["news_fatigue"]) == (1, 1)
    assert row["sentiment_acceleration"] < -0.2
    assert row["neutral_articles"] > row["total_articles"] / 2


def test_a_scorer_that_returns_no_tones_is_refused(bars, news):
    class Loud:
        name, version = "loud", "1"

        def score(self, titles, descriptions):
            return np.full(len(titles), 3.0)

    history = iq.History.of(bars, records=[news([{"published": str(bars.known_at[0]), "title": "a"}])])
    with pytest.raises(DataError, match=r"'loud' must return one tone in \[-1, 1\] for each of 1 articles"):
        SentimentEngine(Loud()).features(history)


def test_records_are_read_once_for_each_scorer(bars, news, stated):
    class Counted(type(stated)):
        name = "counted"
        readings = 0

        def score(self, titles, descriptions):
            self.readings += len(titles)
            return super().score(titles, descriptions)

    history = iq.History.of(bars, records=[news([{"published": str(bars.known_at[-9]), "title": "0.5 a"}])])
    scorer = Counted()
    for _ in range(3):
        SentimentEngine(scorer).features(history)
    assert scorer.readings == 1
    assert ENGINE.features(history)["avg_sentiment"].iloc[-1] != 1.5  # another scorer reads anew


def test_two_scorers_of_one_name_and_version_are_not_taken_for_each_other(bars, news):
    class Fixed:
        name, version = "fixed", "1"

        def __init__(self, tone):
            self.tone = tone

        def score(self, titles, descriptions):
            return np.full(len(titles), self.tone)

    history = iq.History.of(bars, records=[news([{"published": str(bars.known_at[-9]), "title": "a"}])])
    found = [SentimentEngine(Fixed(tone)).features(history)["avg_sentiment"].dropna().iloc[0] for tone in (0.5, -0.5)]
    assert found == pytest.approx([1.5, -1.5])


def test_columns_of_texts_without_any_text_are_read_as_empty(bars, news, stated):
    records = news([{"published": str(bars.known_at[-1] - np.timedelta64(2, "h")), "title": "0.5 a"}])
    empty = dict.fromkeys(("description", "keywords", "author", "publisher", "tickers"), np.nan)
    records = dataclasses.replace(records, frame=records.frame.assign(**empty))
    row = SentimentEngine(stated).features(iq.History.of(bars, records=[records])).iloc[-1]
    assert (row["avg_sentiment"], row["direct_mention_articles"]) == (1.5, 0)


def test_mirrored_tones_give_mirrored_scores(bars, news, stated):
    class Mirrored(type(stated)):
        name = "mirrored"

        def score(self, titles, descriptions):
            return -super().score(titles, descriptions)

    rng = np.random.default_rng(12)
    moments = np.sort(rng.integers(*bars.known_at[[0, -1]].astype(np.int64), 4000)).astype("datetime64[us]")
    rows = [
        {"published": str(each), "title": f"{rng.uniform(-1, 1):.4f} {number}"} for number, each in enumerate(moments)
    ]
    history = iq.History.of(bars, records=[news(rows)])
    one, two = (
        engine.score(engine.features(history)) for engine in (SentimentEngine(stated), SentimentEngine(Mirrored()))
    )
    np.testing.assert_allclose(one["score"], -two["score"], atol=1e-9)
    np.testing.assert_allclose(one["confidence"], two["confidence"])
    assert one["score"].std() > 5


def test_news_that_know_nothing_predict_nothing(busy):
    from scipy.stats import spearmanr

    table = ENGINE.features(busy)
    score = ENGINE.score(table)["score"].to_numpy()
    close = np.log(busy.bars().adjusted("total").close)
    ahead = np.append(close[5:] - close[:-5], np.full(5, np.nan))
    # One row in five, so that the windows do not overlap.
    known = ~np.isnan(score) & ~np.isnan(ahead)
    rows = np.flatnonzero(known)[::5]
    found = spearmanr(score[rows], ahead[rows]).statistic
    assert abs(found) < 2.6 / np.sqrt(rows.size - 1)
