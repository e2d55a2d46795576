import math

import numpy as np
import pytest

from investiq.engines.sentiment.aggregation import aggregate

NOW = "2020-03-10T21:00"


def says(read, at, *rows, now=NOW, **options):
    table = aggregate(read(list(rows), **options), at(now))
    return {name: float(values[0]) for name, values in table.items()}


def ago(hours, title, **more):
    published = np.datetime64(NOW, "us") - np.timedelta64(round(hours * 3600), "s")
    return {"published": str(published), "title": title, **more}


def test_the_average_weighs_mention_event_and_age(read, at):
    # Two days old, alone on the symbol, general: 0.5 x 1.5 x 1.0 = 0.75, tone 0.4.
    # Four days old, on another symbol, earnings: 0.25 x 0.5 x 2.0 = 0.25, tone -0.8.
    # 3 x (0.75 x 0.4 - 0.25 x 0.8) / (0.75 + 0.25) = 0.3.
    found = says(read, at, ago(48, "0.4 a"), ago(96, "-0.8 b", description="earnings", tickers="OTHER"))
    assert found["avg_sentiment"] == pytest.approx(0.3)
    assert found["normalized_score"] == pytest.approx(19.737532, abs=1e-6)  # 100 x tanh(0.2)
    assert (found["total_articles"], found["direct_mention_articles"]) == (2, 1)


def test_an_article_on_three_to_ten_symbols_weighs_12_tenths(read, at):
    several = "|".join(["NEWS", *"ABCDEFGHI"])
    # Equal ages: 3 x (1.2 x 1 - 0.5 x 1) / (1.2 + 0.5).
    found = says(read, at, ago(5, "1 one", tickers=several), ago(5, "-1 two", tickers="A|B"))
    assert found["avg_sentiment"] == pytest.approx(3 * 0.7 / 1.7)


def test_an_article_on_two_symbols_weighs_as_one_on_the_symbol_alone(read, at):
    # 3 x (1.5 x 1 - 0.5 x 1) / (1.5 + 0.5).
    found = says(read, at, ago(5, "1 one", tickers="NEWS|A"), ago(5, "-1 two", tickers="A"))
    assert found["avg_sentiment"] == pytest.approx(1.5)


def test_an_article_on_more_than_ten_symbols_is_left_out(read, at):
    rows = [ago(5, "0.5 one"), ago(5, "-1 two", tickers="|".join(["NEWS", *"ABCDEFGHIJ"]))]
    assert read(rows).roundups.size == 1
    assert says(read, at, *rows)["avg_sentiment"] == pytest.approx(1.5)


def test_news_that_agree_on_something_mild_stay_mild(read, at):
    # 100 x tanh(3 x 0.1 / 1.5) = 19.7, however many agree; their own dispersion of 0 would make it extreme.
    for count in (1, 5, 40):
        found = says(read, at, *(ago(1 + hour, f"0.1 {hour} a story") for hour in range(count)))
        assert found["normalized_score"] == pytest.approx(100 * math.tanh(0.2))
        assert found["neutral_articles"] == count


def test_the_cuts_are_absolute(read, at):
    tones = ["0.21 a", "0.2 b", "-0.2 c", "-0.21 d", "-0.9 e"]
    found = says(read, at, *(ago(1 + hour, tone) for hour, tone in enumerate(tones)))
    assert [found[f"{side}_articles"] for side in ("positive", "negative", "neutral")] == [1, 2, 2]


def test_an_article_counts_from_one_minute_after_its_publication(read, at):
    articles = read([{"published": "2020-03-10T20:59:00", "title": "1 late"}])
    counts = aggregate(articles, at("2020-03-10T20:59:59.999999", "2020-03-10T21:00:00"))["total_articles"]
    assert counts.tolist() == [0, 1]


def test_an_article_never_counts_before_it_was_known_or_was_published(read, at):
    rows = [
        {"published": "2020-03-09T10:00", "known": "2020-03-10T12:00", "title": "1 seen late"},
        {"published": "2020-03-11T10:00", "known": "2020-03-09T10:00", "title": "-1 from the future"},
    ]
    times = at("2020-03-10T11:59", "2020-03-10T12:00", "2020-03-11T10:00", "2020-03-11T10:01")
    assert aggregate(read(rows), times)["total_articles"].tolist() == [0, 1, 1, 2]


def test_an_article_older_than_a_week_is_forgotten(read, at):
    articles = read([{"published": "2020-03-03T21:00:00", "title": "1 old"}])
    table = aggregate(articles, at("2020-03-10T21:00:00", "2020-03-10T21:00:01"))
    assert table["total_articles"].tolist() == [1, 0]
    assert np.isnan(table["avg_sentiment"]).tolist() == [False, True]


def test_years_before_the_first_article_there_is_no_average(read, at):
    table = aggregate(read([ago(2, "1 a")]), at("2010-03-10T21:00", NOW))
    assert np.isnan(table["avg_sentiment"]).tolist() == [True, False]
    assert table["total_articles"].tolist() == [0, 1]


def test_the_50_newest_articles_count(read, at):
    rows = [ago(10 - 0.1 * number, f"{-1 if number < 10 else 1} story {number}") for number in range(60)]
    found = says(read, at, *rows)
    assert (found["total_articles"], found["negative_articles"]) == (50, 0)


def test_a_backlog_of_old_articles_does_not_hide_the_news(read, at):
    known = str(np.datetime64(NOW, "us") - np.timedelta64(1, "h"))
    backlog = [ago(24 * 9 + number, f"-1 old {number}", known=known) for number in range(60)]
    articles = read([ago(5, "0.8 fresh"), *backlog])
    assert articles.usable.size == 1
    assert aggregate(articles, at(NOW))["avg_sentiment"] == pytest.approx([2.4])
    assert articles.stamped.size == 61
    # Known exactly a week after publication it counts in that instant.
    assert read([ago(24 * 7 + 1, "1 a", known=known)]).usable.size == 1


def test_good_news_beside_a_lawsuit_contradict(read, at):
    assert says(read, at, ago(2, "0.9 a", description="lawsuit"))["contradictory_signal"] == 1  # 2.7 > 2
    assert says(read, at, ago(2, "0.6 a", description="lawsuit"))["contradictory_signal"] == 0  # 1.8
    assert says(read, at, ago(2, "0.9 a", description="earnings"))["contradictory_signal"] == 0
    assert says(read, at, ago(2, "-0.9 a", description="earnings"))["contradictory_signal"] == 1
    assert says(read, at, ago(2, "-0.9 a", description="lawsuit"))["contradictory_signal"] == 0
    assert says(read, at, ago(2, "-0.9 a", description="analyst"))["contradictory_signal"] == 1
    assert says(read, at, ago(2, "0.9 a", description="antitrust"))["contradictory_signal"] == 1


def test_the_breakdown_counts_every_class_of_an_article(read, at):
    found = says(
        read, at, ago(2, "0 a", description="lawsuit over earnings"), ago(3, "0 b"), ago(4, "0 c", description="eps")
    )
    counts = {name.removeprefix("event_breakdown_"): n for name, n in found.items() if name.startswith("event_") and n}
    assert counts == {"earnings": 2, "legal": 1, "general": 1}


def test_the_news_signal_weighs_impact_and_clarity(read, at):
    # Half an hour old from Reuters: 0.5 + 0.3 + 0.2 = 1.0, times 0.8. Three hours old: 0.5 + 0.2 = 0.7, times 0.5.
    # (0.8 x 0.8 - 0.35 x 0.5) / (0.8 + 0.35); the one of yesterday does not count.
    rows = [ago(0.5, "0.8 a", publisher="Reuters News"), ago(3, "-0.5 b", author="A. Smith"), ago(24.1, "-1 c")]
    found = says(read, at, *rows)
    assert found["news_signal"] == pytest.approx((0.64 - 0.175) / 1.15)
    assert found["news_signal_articles"] == 2


def test_the_impact_of_a_leading_source_is_one_at_most_and_falls_with_age(read, at):
    # 20 hours: 0.5 + 0.1 + 0.2 = 0.8 for the Financial Times, 0.6 for another.
    rows = [ago(20, "0.5 a", author="Financial Times"), ago(20, "-0.5 b", publisher="Local News")]
    assert says(read, at, *rows)["news_signal"] == pytest.approx((0.4 * 0.5 - 0.3 * 0.5) / 0.7)


def test_freshness_falls_at_one_and_at_six_hours(read, at):
    # Impacts 0.8 below 1 hour, 0.7 below 6, 0.6 from then on, against 0.6 of 20 hours; tones 0.5 and -0.5.
    for hours, impact in ((0.99, 0.8), (1, 0.7), (5.99, 0.7), (6, 0.6)):
        signal = says(read, at, ago(hours, "0.5 a"), ago(20, "-0.5 b"))["news_signal"]
        assert signal == pytest.approx(0.5 * (impact - 0.6) / (impact + 0.6), abs=1e-12)


def test_news_without_a_tone_give_a_signal_of_zero_and_no_news_none(read, at):
    assert says(read, at, ago(2, "0 a"))["news_signal"] == 0
    assert math.isnan(says(read, at, ago(30, "0.5 a"))["news_signal"])


def test_a_history_with_an_empty_table_of_news_has_no_average(read, at):
    found = says(read, at)
    assert math.isnan(found["avg_sentiment"])
    assert found["total_articles"] == 0


def test_many_rows_say_what_each_says_alone(read, at):
    rng = np.random.default_rng(2)
    rows = [ago(rng.uniform(0, 400), f"{rng.uniform(-1, 1):.3f} {number}") for number in range(300)]
    articles = read(rows)
    times = np.datetime64(NOW, "us") - np.arange(400, -1, -7).astype("timedelta64[h]")
    table = aggregate(articles, times)
    for place in range(0, times.size, 6):
        alone = aggregate(articles, times[place : place + 1])
        assert {name: values[0] for name, values in alone.items()} == pytest.approx(
            {name: values[place] for name, values in table.items()}, rel=1e-12, nan_ok=True
        )
