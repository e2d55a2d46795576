import dataclasses

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.engines.supplementary import news_sentiment, news_velocity
from investiq.history.records import Records

GOOD, BAD, PLAIN = "Profit rises", "Profit lost", "Shares trade"


@pytest.fixture(scope="module")
def bars(sample):
    return dataclasses.replace(sample[:300], symbol="NEWS")


def history(bars, rows):
    """Return the bars with news given as hours before the last decision time, and title."""
    rows = sorted(rows, key=lambda row: -row[0])
    end = pd.Timestamp(bars.known_at[-1], tz="UTC")
    published = pd.DatetimeIndex([end - pd.Timedelta(hours=hours) for hours, _ in rows], name="ts").as_unit("us")
    if not rows:
        published = pd.DatetimeIndex([], tz="UTC", name="ts").as_unit("us")
    frame = pd.DataFrame({"title": [title for _, title in rows], "tickers": "NEWS", "known_at": published}, published)
    records = Records(
        kind="news", name="news:NEWS", frame=frame, provider="test", source="test", known_at_rule="stated", unit=""
    )
    return iq.History.of(bars, records=[records])


def last(topic, bars, rows):
    return {name: column[-1] for name, column in topic.features(history(bars, rows)).items()}


def noise(bars, seed=3, per_day=8):
    """News of all days of the bars whose tone is drawn without regard to time."""
    rng = np.random.default_rng(seed)
    span = float((bars.known_at[-1] - bars.known_at[0]) / np.timedelta64(1, "h"))
    hours = rng.uniform(0, span, int(span / 24 * per_day))
    titles = rng.choice([GOOD, BAD, PLAIN], hours.size)
    return [
        (hour, f"{title} {number} times {number}")
        for number, (hour, title) in enumerate(zip(hours, titles, strict=True))
    ]


def test_the_score_is_the_mean_tone_of_the_newest_articles(bars):
    # Tones 1, 1, -0.33 (profit +1, lost -1: 0). Two of 1 and one of 0: 66.7.
    found = last(news_sentiment.TOPIC, bars, [(5, GOOD), (30, "Growth at last"), (60, "Profit and loss")])
    assert found["news_sentiment_score"] == pytest.approx(200 / 3)
    assert found["news_sentiment_mood"] == "Bullish"
    assert (found["news_sentiment_positive"], found["news_sentiment_negative"]) == (2, 0)
    assert found["news_sentiment_buzz"] == pytest.approx(0.2)  # one in 24 hours, over 5
    assert found["news_sentiment_headlines"] == f"{GOOD}\nGrowth at last\nProfit and loss"


def test_the_mood_turns_at_20_either_way():
    assert news_sentiment.mood_of(np.array([20.1, 20, 0, -20, -20.1, np.nan])).tolist() == [
        "Bullish", "Neutral", "Neutral", "Neutral", "Bearish", "",
    ]  # fmt: skip


def test_the_newest_30_articles_of_a_week_count_and_buzz_is_capped(bars):
    rows = [(1 + 0.1 * number, f"{GOOD} {number}") for number in range(30)]
    rows += [(10 + number, f"{BAD} {number}") for number in range(20)]
    found = last(news_sentiment.TOPIC, bars, rows)
    assert (found["news_sentiment_articles"], found["news_sentiment_score"]) == (30, 100)
    assert found["news_sentiment_buzz"] == 2.0
    assert found["news_sentiment_headlines"].count("\n") == 4
    assert np.isnan(last(news_sentiment.TOPIC, bars, [(24 * 7 + 1, GOOD)])["news_sentiment_score"])


def test_without_records_of_news_everything_is_missing_with_a_reason(bars):
    for topic in (news_sentiment.TOPIC, news_velocity.TOPIC):
        columns = topic.features(iq.History.of(bars))
        assert set(columns) == {*topic.units, *topic.words}
        assert all(np.isnan(columns[name]).all() for name in topic.units)
        row = {name: column[-1] for name, column in columns.items()}
        assert set(topic.why_missing(row).values()) == {"no records of news"}
        assert topic.tags(row) == ()
        present = topic.features(history(bars, [(5, GOOD)]))
        assert set(present) == {*topic.units, *topic.words}
        assert topic.why_missing({name: column[-1] for name, column in present.items()})


def test_a_mood_that_turns_within_the_week_is_a_new_story(bars):
    old = [(90 + 5 * number, f"{BAD} {number}") for number in range(5)]
    new = [(5 + 9 * number, f"{GOOD} {number}") for number in range(5)]
    found = last(news_velocity.TOPIC, bars, old + new)
    # "Profit lost" is 0, a toned word each way: from 0 to 100.
    assert found["news_velocity_shift"] == pytest.approx(100.0)
    assert found["news_velocity_story"] == "Neutral to Bullish"
    assert found["news_velocity_shift_confidence"] == pytest.approx(1.0)
    assert found["news_velocity_trend"] == "improving"
    row = {**found, "news_velocity_signal": ""}
    assert news_velocity.TOPIC.tags(row) == ("NARRATIVE SHIFT",)


def test_half_a_week_of_one_tone_is_no_new_story(bars):
    rows = [(5 + 16 * number, f"{GOOD} {number}") for number in range(10)]
    found = last(news_velocity.TOPIC, bars, rows)
    assert (found["news_velocity_shift"], found["news_velocity_story"], found["news_velocity_trend"]) == (
        0,
        "",
        "stable",
    )
    few = last(news_velocity.TOPIC, bars, [(5, GOOD), (5.1, GOOD + " a"), (5.2, GOOD + " b"), (100, "Loss")])
    assert np.isnan(few["news_velocity_shift"])


def test_confidence_rests_on_points_articles_and_span(bars):
    # Five hours with news, 6 articles in 3 days (2 a day), 48 hours from first to last:
    # 0.4 x 5/10 + 0.3 x 2/20 + 0.3 x 48/72 = 0.43.
    rows = [(50.5, GOOD), (40.5, GOOD + " a"), (30.5, BAD), (20.5, "Loss"), (2.5, PLAIN), (2.4, "Fear")]
    found = last(news_velocity.TOPIC, bars, rows)
    # The last two are 6 minutes apart in one hour; from the first to the last are 48.1 hours.
    assert found["news_velocity_points"] == 5
    assert found["news_velocity_confidence"] == pytest.approx(0.2 + 0.03 + 0.3 * 48.1 / 72)


@pytest.mark.parametrize(
    ("speed", "change", "days", "expected"),
    [
        (0.4, 0.31, (1, 2, 3), "turning point"),
        (0.4, 0.30, (1, 2, 3), "stable"),
        (0.51, 0.01, (1, 2, 3), "accelerating positive"),
        (-0.51, -0.01, (1, 2, 3), "accelerating negative"),
        (0.51, -0.31, (1, 2, 3), "decelerating"),
        (-0.51, 0.31, (1, 2, 3), "decelerating"),
        (0.51, -0.2, (1, 2, 1), "stable"),
        (0.5, 0.4, (1, 2, 1), "turning point"),  # the last two days' changes have opposite signs
        (0.5, 0.4, (1, 2, 3), "stable"),
        (np.nan, 0.4, (1, 2, 3), ""),
        (0.6, np.nan, (1, 2, 3), ""),
    ],
)
def test_the_signal_follows_velocity_and_acceleration(speed, change, days, expected):
    found = news_velocity._signal(np.array([speed]), np.array([change]), [np.array([float(day)]) for day in days])
    assert found[0] == expected


def test_a_speed_has_words_only_beyond_what_is_usual_for_the_symbol():
    speed = np.array([6.0, 6.0, 1.5, 0.5, -1.5, -6.0, np.nan])
    deviations = np.array([0.6, 0.5, 0.6, 0.6, -0.6, -0.6, np.nan])
    assert news_velocity._speed_words(speed, deviations).tolist() == [
        "rapidly improving", "stable", "improving", "stable", "declining", "rapidly declining", "",
    ]  # fmt: skip


def test_every_row_says_what_its_own_past_says(bars):
    full = history(bars, noise(bars))
    for topic in (news_sentiment.TOPIC, news_velocity.TOPIC):
        table = pd.DataFrame(dict(topic.features(full)))
        for place in np.linspace(65, 299, 12).astype(int):
            then = pd.DataFrame(dict(topic.features(full.until(pd.Timestamp(bars.known_at[place], tz="UTC")))))
            pd.testing.assert_frame_equal(
                then.iloc[[-1]], table.iloc[[place]], rtol=1e-10, atol=1e-10, check_dtype=False
            )


def test_of_noise_the_velocity_is_as_often_up_as_down(bars):
    table = news_velocity.TOPIC.features(history(bars, noise(bars)))
    speed = table["news_velocity"][::3]
    assert abs(np.mean(speed[~np.isnan(speed)] > 0) - 0.5) < 3 * 0.5 / np.sqrt(100)
    assert np.nanstd(table["news_velocity_z"][60:]) == pytest.approx(1, abs=0.2)
