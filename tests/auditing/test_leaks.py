"""Planted leaks: each is caught, and its first bar, its column and its reach are those known by hand."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from scipy.signal import savgol_filter

import investiq as iq
from investiq.auditing.leaks import audit
from investiq.core.errors import ConfigError, DataError
from investiq.history.history import History
from investiq.strategies import Strategy
from tests.auditing.conftest import bars_of, walk

BENCHMARK = bars_of(walk(seed=3)).frame["close"]
NEXT_CLOSE = bars_of(walk()).frame["close"].shift(-1)


def smoothed(close):
    """A local level by the Kalman filter, then the smoother of Rauch, Tung and Striebel; equal variances."""
    level, variance = close.to_numpy().copy(), np.ones(len(close))
    for row in range(1, len(close)):
        gain = (variance[row - 1] + 1) / (variance[row - 1] + 2)
        level[row] = level[row - 1] + gain * (level[row] - level[row - 1])
        variance[row] = gain
    for row in range(len(close) - 2, -1, -1):
        share = variance[row] / (variance[row] + 1)
        level[row] += share * (level[row + 1] - level[row])
    return level


def week_by_its_monday(close):
    return close.resample("W-MON", label="left", closed="left").last().reindex(close.index, method="ffill")


# Function, first bar, and how many bars ahead it looks.
ON_WALK = {
    # The window of bar 2 is the first that is full: bars 0 to 4.
    "centred window": (lambda close: close.rolling(5, center=True).mean(), 2, 2),
    # The mean of ten is known at bar 9 and stands at bar 0.
    "backward fill": (lambda close: close.rolling(10).mean().bfill(), 0, 9),
    # One bar has no standard deviation, two have.
    "full-sample scaler": (lambda close: (close - close.mean()) / close.std(), 0, 1),
    "negative shift": (lambda close: close.shift(-3), 0, 3),
    "two-sided difference": (lambda close: np.gradient(close.to_numpy()), 0, 1),
    # A polynomial over the first five bars gives the first value.
    "two-sided filter": (lambda close: savgol_filter(close.to_numpy(), 5, 2), 0, 4),
    "Kalman smoother": (smoothed, 0, 1),
    # The data begin on a Monday, and Tuesday's close takes the place of its own.
    "week labelled by its first day": (week_by_its_monday, 0, 1),
    # Of one or two bars it makes three values, which is refused; of three one each.
    "same-size convolution": (lambda close: np.convolve(close.to_numpy(), np.ones(3) / 3, "same"), 0, 2),
    "interpolation": (lambda close: close.where(np.arange(len(close)) % 5 == 0).interpolate(), 1, 4),
    "label of the next return": (lambda close: (close.pct_change().shift(-1) > 0).where(close.shift(-1).notna()), 0, 1),
}


@pytest.mark.parametrize("name", ON_WALK)
def test_a_planted_leak_is_caught_at_its_first_bar(name, close):
    function, first, ahead = ON_WALK[name]
    report = audit(function, close)
    assert report.verdict == "leaks"
    leak = report.leaks[0]
    assert (leak.bar, leak.ahead, leak.is_first) == (first, ahead, True)
    assert leak.label == str(close.index[first].date())
    assert leak.column in ("close", "value")


ON_RISING = {
    # The low of row 20 is the least of all rows, and the first of the sorted ones.
    "least of the future": (lambda close: close[::-1].cummin()[::-1], 0, 20),
    "sorting": (lambda close: np.sort(close.to_numpy()), 0, 20),
    # Each close is above the median of those before it until row 20; above that of all 60 rows from row 30 on.
    # At row 1, 101 > 100.5, but with row 2 the median is 101.
    "full-sample quantile": (lambda close: close > close.quantile(0.5), 1, 1),
}


@pytest.mark.parametrize("name", ON_RISING)
def test_a_planted_leak_is_caught_where_the_whole_sample_decides(name, rising):
    function, first, ahead = ON_RISING[name]
    leak = audit(function, rising).leaks[0]
    assert (leak.bar, leak.ahead) == (first, ahead)


def test_both_values_of_a_leak_are_told(rising):
    leak = audit(lambda close: close.shift(-1), rising).leaks[0]
    assert leak.full == 101.0
    assert np.isnan(leak.then)
    assert "close is 101 with all data, and was n/a when only the bars up to 2024-01-01 were known" in leak.text
    assert leak.text.endswith("; the next bar changes it")


def test_the_cut_at_which_an_earlier_value_was_another_is_named():
    # A falling line that begins 100, 101. With all of it the first close is high. Alone it has no spread and says
    # nothing; beside the second it stands 0.71 deviations below the mean: told by the cut after Tuesday 2024-01-02.
    close = bars_of([100.0, 101.0, *np.arange(99.0, 41.0, -1.0)]).frame["close"]
    report = audit(lambda close: ((close - close.mean()) / close.std() < -0.5).astype(int), close)
    leak = next(leak for leak in report.leaks if leak.check == "prefix replay")
    assert (leak.bar, leak.cut, leak.full, leak.then) == (0, "2024-01-02", 0.0, 1.0)
    assert leak.text.startswith("close of 2024-01-01 is ")
    assert "when only the bars up to 2024-01-02 were known" in leak.text
    shown = next(fact for fact in report.facts() if fact.label == "Value at the time")
    assert shown.convention == "when 2024-01-02 was the last bar known"


def test_a_statement_used_before_it_was_filed_is_caught_at_the_end_of_its_period(history):
    def by_period(history: History):
        return history.records("eps").frame["eps"].reindex(history.bars().index, method="ffill")

    report = audit(by_period, history)
    # The first period ends at bar 40 and is filed 15 bars later.
    assert (report.leaks[0].bar, report.leaks[0].ahead, report.leaks[0].column) == (40, 15, "eps")
    assert "records eps" in {leak.source for leak in report.leaks}


def test_a_disturbance_names_the_table_that_was_read_early(history):
    def ahead(history: History):
        held = history.bars("BENCH").frame["close"]
        return held.shift(-1).reindex(history.bars().index)

    assert {leak.source for leak in audit(ahead, history).leaks} == {"", "benchmark BENCH"}
    report = audit(lambda bars: bars.frame["volume"].shift(-1), history.bars())
    assert {leak.source for leak in report.leaks} == {"", "volume of TEST"}
    assert report.disturbed == ("prices of TEST", "volume of TEST")


def test_of_several_columns_the_one_that_leaks_is_named(close):
    def both(close):
        return pd.DataFrame({"past": close.rolling(5).mean(), "future": close.rolling(5).mean().shift(-2)})

    # The mean of bars 0 to 4 stands at bar 2.
    leak = audit(both, close).leaks[0]
    assert (leak.column, leak.bar, leak.ahead) == ("future", 2, 2)
    assert audit(both, close, columns=["past"]).verdict == "point in time"
    with pytest.raises(ConfigError, match="no column 'futur'; did you mean 'future'"):
        audit(both, close, columns=["futur"])


def test_a_future_benchmark_in_a_closure_is_caught_and_named(bars):
    benchmark = bars_of(walk(seed=3), symbol="BENCH")

    def ratio(bars):
        return bars.close / np.append(benchmark.close[1:], np.nan)[: len(bars)]

    report = audit(ratio, bars)
    assert (report.verdict, report.leaks[0].bar) == ("leaks", 0)
    assert report.leaks[0].source == "closure variable 'benchmark'"
    assert report.leaks[0].check == "frozen inputs"


def test_a_global_series_of_the_future_is_caught_and_named(close):
    report = audit(lambda close: close / BENCHMARK.shift(-1).reindex(close.index), close)
    assert (report.verdict, report.leaks[0].bar) == ("leaks", 0)
    assert report.leaks[0].source == "global 'BENCHMARK'"


def test_a_global_series_that_was_shifted_before_is_not_proven(close):
    # Its rows look like those of their labels; only its presence can be told.
    report = audit(lambda close: NEXT_CLOSE.reindex(close.index), close)
    assert report.verdict == "not proven"
    assert "global 'NEXT_CLOSE': Series of shape (300,)" in report.reasons[0]


@pytest.mark.parametrize("where", ["closure", "default", "partial", "attribute", "global of a helper"])
def test_data_from_elsewhere_are_found_wherever_they_are_held(where, bars):
    other = bars_of(walk(seed=5), symbol="OTHER").frame["close"]

    def share(bars, other=None):
        return bars.close / other.to_numpy()[: len(bars)]

    @dataclass
    class Ratio:
        other: pd.Series

        def __call__(self, bars):
            return share(bars, self.other)

    def with_default(bars, other=other):
        return share(bars, other)

    targets = {
        "closure": (lambda bars: share(bars, other), "closure variable 'other'"),
        "default": (with_default, "default of 'other'"),
        "partial": (functools.partial(share, other=other), "argument 'other' of the partial"),
        "attribute": (Ratio(other), "attribute 'other'"),
        "global of a helper": (lambda bars: helper(bars), "global 'NEXT_CLOSE' of global 'helper'"),
    }
    target, name = targets[where]
    report = audit(target, bars)
    assert name in [each.where for each in report.frozen]
    # It looks at no later row, but nobody can say when the rows were known.
    assert report.verdict == "not proven"
    assert "put them into the History" in report.reasons[0]


def helper(bars):
    return NEXT_CLOSE.to_numpy()[: len(bars)]


@dataclass(frozen=True, kw_only=True, eq=False)
class Follows(Strategy):
    """Buys where a series that it holds is about to rise, and sells where it is about to fall."""

    other: pd.Series

    warmup = 1

    def decide(self, bars):
        return np.sign(-self.other.diff(-1).reindex(bars.index)).fillna(0).to_numpy().astype(np.int8)


def test_a_series_among_the_parameters_of_a_strategy_is_found(bars):
    report = audit(Follows(other=bars_of(walk(seed=5)).frame["close"]), bars)
    assert report.name == "Follows (other Series)"
    # The disturbed next value may lie on the same side of bar 0, but not on that of each of the first bars.
    assert report.verdict == "leaks"
    assert report.leaks[0].bar < 8
    assert report.leaks[0].source == "attribute 'other'"


class Scaler:
    """Fitted once, as a scaler of a library is."""

    def fit(self, values):
        self.mean_ = np.array([values.mean()])
        return self

    def transform(self, values):
        return values - self.mean_[0]


def test_a_scaler_that_was_fitted_before_is_not_proven(close):
    scaler = Scaler().fit(close)
    report = audit(scaler.transform, close)
    assert report.verdict == "not proven"
    assert [each.where for each in report.frozen] == ["attribute 'mean_' of object"]
    report = audit(lambda close: scaler.transform(close), close)
    assert [each.where for each in report.frozen] == ["attribute 'mean_' of closure variable 'scaler'"]


def test_data_that_come_with_the_history_are_cleared_only_if_not_read_ahead(bars):
    held = bars.frame["close"]
    behind = audit(lambda bars: held.reindex(bars.index).shift(1), bars)
    assert behind.verdict == "point in time"
    assert [each.is_cleared for each in behind.frozen] == [True]
    ahead = audit(lambda bars: held.shift(-1).reindex(bars.index), bars)
    assert (ahead.verdict, ahead.leaks[0].bar) == ("leaks", 0)


def test_a_function_that_draws_lots_is_said_to_do_so(close):
    random = np.random.default_rng(0)
    report = audit(lambda close: close * random.random(), close)
    assert report.verdict == "not proven"
    assert report.reasons[0].startswith("two equal calls differ, first at 2024-01-01 in close")


def test_a_function_that_keeps_state_is_said_to_do_so(close):
    seen = []

    def counting(close):
        seen.append(len(close))
        return close

    report = audit(counting, close)
    assert report.verdict == "not proven"
    assert "keeps state between calls (closure variable 'seen' grew from 0" in report.reasons[0]


def test_errors_on_short_data_are_warmup_up_to_a_stated_bar(close):
    def strict(close):
        if len(close) < 30:
            raise ValueError("too short")
        return close.rolling(10).mean()

    report = audit(strict, close)
    # 29 bars are too short: row 29 is the first at which 30 are known.
    assert (report.verdict, report.warmup, report.warmup_error) == ("point in time", 29, "ValueError: too short")


def test_a_function_that_fails_in_the_middle_is_not_proven(close):
    def fails(close):
        if len(close) >= 100 and len(close) < 290:
            raise ValueError("no")
        return close

    report = audit(fails, close)
    assert report.verdict == "not proven"
    assert any("though it answered on fewer: ValueError: no" in reason for reason in report.reasons)


def test_a_leak_far_from_the_beginning_is_bisected(close):
    def late(close):
        later = close.shift(-1)
        return close.where(np.arange(len(close)) < 280, later)

    leak = audit(late, close).leaks[0]
    assert (leak.bar, leak.is_first) == (280, False)


@dataclass(frozen=True, kw_only=True)
class BeforeAFall(Strategy):
    """Sells before the next bar falls."""

    warmup = 0

    def decide(self, bars):
        decisions = np.zeros(len(bars), dtype=np.int8)
        decisions[:-1] = np.where(bars.close[1:] < bars.close[:-1], -1, 1)
        return decisions


def test_a_strategy_that_reads_the_next_close_is_caught_at_the_first_bar():
    report = audit(BeforeAFall(), bars_of([100, 101, 102, 101, 103, 104, 105, 106]))
    assert (report.verdict, report.leaks[0].bar, report.leaks[0].ahead) == ("leaks", 0, 1)
    assert (report.leaks[0].full, report.leaks[0].then) == (1.0, 0.0)


@pytest.mark.parametrize("target", [Strategy, 7, "a name"])
def test_what_cannot_be_audited_is_refused(target, close):
    with pytest.raises(ConfigError, match="target"):
        audit(target, close)


def test_one_number_for_the_whole_and_other_data_are_refused(close):
    with pytest.raises(DataError, match="no value for each bar"):
        audit(lambda close: float(close.mean()), close)
    with pytest.raises(DataError, match="array of shape"):
        audit(lambda close: np.ones(3), close)
    with pytest.raises(DataError, match="data must be a symbol"):
        audit(lambda close: close, [1, 2, 3])
    with pytest.raises(DataError, match="needs 3 or more"):
        audit(lambda close: close, close[:2])
    with pytest.raises(ConfigError, match="prefixes must be a whole number >= 4"):
        audit(lambda close: close, close, prefixes=1)


def test_data_of_another_kind_than_the_target_takes_are_refused(close, bars):
    with pytest.raises(DataError, match="takes Bars, data was Series"):
        audit(BeforeAFall(), close)

    def by_history(history: History):
        return history.bars().close

    assert audit(by_history, bars).verdict == "point in time"
    with pytest.raises(DataError, match="takes a History, data was Series"):
        audit(by_history, close)


def test_equal_audits_are_equal(close):
    one, two = (audit(lambda close: close > close.quantile(0.9), close, seed=3) for _ in range(2))
    assert str(one) == str(two)


LEAKY = {
    "centred": lambda k: lambda c: c.rolling(2 * k + 1, center=True).mean(),
    "shift": lambda k: lambda c: c.shift(-k),
    "future return": lambda k: lambda c: c.shift(-k) / c - 1,
    "scaled": lambda k: lambda c: (c.rolling(k).mean() - c.mean()) / c.std(),
    "rank": lambda k: lambda c: c.rolling(k).std().rank(pct=True),
    "above quantile": lambda k: lambda c: (c > c.quantile(0.3 + 0.02 * k)).astype(int),
    "future low": lambda k: lambda c: c[::-1].rolling(k + 1).min()[::-1],
    "backward fill": lambda k: lambda c: c.rolling(k + 1).mean().bfill(),
    "reversed mean": lambda k: lambda c: c[::-1].ewm(span=k).mean()[::-1] if k > 1 else c.shift(-1),
    "end of the month": lambda k: lambda c: c.groupby(c.index.to_period("M").asi8).transform("last") / k,
}
CLEAN = {
    "mean": lambda k: lambda c: c.rolling(k).mean(),
    "shift": lambda k: lambda c: c.shift(k),
    "return": lambda k: lambda c: c / c.shift(k) - 1,
    "scaled": lambda k: lambda c: (c - c.expanding(k + 1).mean()) / c.expanding(k + 1).std(),
    "rank": lambda k: lambda c: c.rolling(k + 1).rank(pct=True),
    "above quantile": lambda k: lambda c: (c > c.expanding().quantile(0.3 + 0.02 * k)).astype(int),
    "low": lambda k: lambda c: c.rolling(k).min(),
    "forward fill": lambda k: lambda c: c.where(np.arange(len(c)) % (k + 1) == 0).ffill(),
    "exponential": lambda k: lambda c: c.ewm(span=k + 1).mean(),
    "month so far": lambda k: lambda c: c.groupby(c.index.to_period("M").asi8).cummax() / k,
}


def random_variants(families, count=30):
    random = np.random.default_rng(11)
    for _ in range(count):
        name = random.choice(list(families))
        k, seed = int(random.integers(1, 15)), int(random.integers(1_000))
        yield name, k, seed, families[name](k)


@pytest.mark.filterwarnings("ignore:Converting to Period representation")
def test_of_random_leaks_none_passes():
    missed = [
        (name, k, seed)
        for name, k, seed, function in random_variants(LEAKY)
        if audit(function, bars_of(walk(200, seed)).frame["close"], seed=seed).verdict != "leaks"
    ]
    assert not missed


@pytest.mark.filterwarnings("ignore:Converting to Period representation")
def test_of_random_clean_functions_none_is_accused():
    accused = [
        (name, k, seed)
        for name, k, seed, function in random_variants(CLEAN)
        if audit(function, bars_of(walk(200, seed)).frame["close"], seed=seed).verdict != "point in time"
    ]
    assert not accused


def test_the_public_name_is_the_function():
    assert iq.audit is audit
