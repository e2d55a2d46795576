import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from investiq.core.errors import DataError
from investiq.metrics.assessing import assess
from investiq.metrics.conventions import Convention

DAILY = Convention(periods_per_year=252)


@pytest.fixture(scope="module")
def noise():
    """20 trials of 1,000 days without skill, each with mean exactly zero."""
    rng = np.random.default_rng(11)
    values = 0.01 * rng.standard_normal((1000, 20))
    dates = pd.date_range("2015-01-01", periods=1000, freq="B", tz="UTC", name="ts")
    return pd.DataFrame(values - values.mean(axis=0), index=dates, columns=[f"v{k}" for k in range(20)])


@pytest.fixture(scope="module")
def skilled(noise):
    """The same with 0.15 % a day added to one trial: an annual Sharpe ratio of about 2.4."""
    table = noise.copy()
    table["v7"] += 0.0015
    return table


@pytest.fixture(scope="module")
def of_skill(skilled):
    return assess(skilled["v7"], skilled, convention=DAILY)


def check_of(result, name):
    return next(check for check in result.checks if check.name == name)


def test_skill_among_noise_passes_every_check(of_skill):
    assert [check.passed for check in of_skill.checks] == [True] * 5
    assert of_skill.verdict == "stands"
    assert "unlikely" in of_skill.title


def test_the_parts_are_those_of_the_published_formulas(of_skill, skilled):
    r = skilled["v7"].to_numpy()
    ratio = r.mean() / r.std(ddof=1)
    z = (r - r.mean()) / r.std()
    width = 1 - (z**3).mean() * ratio + ((z**4).mean() - 1) / 4 * ratio**2
    assert of_skill.interval.estimate == pytest.approx(ratio * math.sqrt(252), rel=1e-12)
    assert of_skill.standard_error == pytest.approx(math.sqrt(width / 1000 * 252), rel=1e-9)
    assert of_skill.p_value == pytest.approx(norm.sf(ratio / math.sqrt(width / 1000)), rel=1e-6)
    assert of_skill.probabilistic == pytest.approx(norm.cdf(ratio * math.sqrt(999) / math.sqrt(width)), rel=1e-12)
    assert of_skill.track_record == pytest.approx(1 + width * (norm.ppf(0.95) / ratio) ** 2, rel=1e-9)
    ratios = skilled.mean() / skilled.std()
    number = of_skill.effective.number
    luck = 0.4227843350984671 * norm.ppf(1 - 1 / number) + 0.5772156649015329 * norm.ppf(1 - 1 / (number * math.e))
    assert of_skill.deflated.expected_maximum == pytest.approx(ratios.std() * luck, rel=1e-9)
    assert of_skill.backtest_years == pytest.approx((luck / of_skill.interval.estimate) ** 2, rel=1e-9)


def test_the_best_of_noise_does_not_pass_as_skill(noise):
    # The 20 trials have mean zero, so 0.03 % a day on the best leaves a Sharpe ratio of about 0.5 over four years.
    table = noise + np.linspace(-0.0003, 0.0003, 20)
    result = assess(table["v19"], table, convention=DAILY)
    assert result.verdict == "luck_not_excluded"
    assert check_of(result, "Deflated Sharpe ratio").passed is False
    assert check_of(result, "Superior predictive ability").passed is False


def test_without_the_trials_the_best_verdict_is_that_they_were_not_counted(skilled):
    result = assess(skilled["v7"], convention=DAILY)
    assert result.verdict == "trials_not_counted"
    assert [check.passed for check in result.checks] == [True, True, None, None, None]
    assert {check.reason for check in result.checks[2:]} == {"trials not passed"}
    assert all(math.isnan(check.value) for check in result.checks[2:])


def test_a_failed_check_outweighs_the_missing_trials(noise):
    result = assess(noise["v3"], convention=DAILY)
    assert result.verdict == "luck_not_excluded"


def test_a_loser_has_no_track_record_that_is_long_enough(noise):
    table = noise - 0.002
    result = assess(table["v0"], table, convention=DAILY)
    assert math.isinf(result.track_record)
    assert math.isnan(result.backtest_years)
    facts = {fact.label: fact for fact in result.facts()}
    assert math.isnan(facts["Track record needed"].value)
    assert "no length shows" in facts["Track record needed"].note
    assert facts["Minimum backtest length"].note == "the ratio is not positive"


def test_the_benchmark_is_what_the_best_trial_must_beat(skilled):
    beaten = assess(skilled["v7"], skilled, convention=DAILY, benchmark=skilled["v7"])
    assert check_of(beaten, "Superior predictive ability").passed is False
    # An annual rate above the 0.15 % a day of the best leaves nothing to beat it with.
    rich = Convention(periods_per_year=252, risk_free=0.5)
    assert check_of(assess(skilled["v7"], skilled, convention=rich), "Superior predictive ability").value == 1.0


def test_a_winner_left_out_of_its_own_search_is_told(skilled):
    result = assess(skilled["v7"], skilled.drop(columns="v7"), convention=DAILY)
    assert [note.code for note in result.notes if note.code == "chosen_not_among_trials"]
    assert not [note for note in assess(skilled["v7"], skilled, convention=DAILY).notes if "chosen" in note.code]


def test_one_trial_leaves_the_tests_of_a_search_without_an_answer(skilled):
    result = assess(skilled["v7"], skilled[["v7"]], convention=DAILY)
    assert result.effective.number == 1
    assert "needs 2 trials" in check_of(result, "Probability of overfitting").reason


def test_trials_over_other_periods_are_refused(skilled):
    with pytest.raises(DataError, match="returns has 1,000 periods and trials 900"):
        assess(skilled["v7"], skilled.iloc[100:], convention=DAILY)
    later = skilled.set_axis(skilled.index + pd.Timedelta(days=1))
    with pytest.raises(DataError, match="different indexes"):
        assess(skilled["v7"], later, convention=DAILY)


def test_the_same_seed_gives_the_same_answer(skilled, of_skill):
    again = assess(skilled["v7"], skilled, convention=DAILY)
    pd.testing.assert_frame_equal(again.to_frame(), of_skill.to_frame())
    other = assess(skilled["v7"], skilled, convention=DAILY, seed=1)
    assert other.interval.low != of_skill.interval.low


def test_both_forms_show_the_verdict_and_the_checks(of_skill):
    for form in (str(of_skill), of_skill._repr_html_()):
        for text in (of_skill.title, "Deflated Sharpe ratio", "p-value below 0.05", "passed", "252 periods a year"):
            assert text in form
    assert of_skill.to_frame().shape == (5, 4)


def test_the_figure_marks_the_observed_ratio_and_the_best_expected_by_luck(of_skill):
    figure = of_skill.figure()
    lines = {trace.name.split(",")[0]: trace.x[0] for trace in figure.data[1:] if trace.mode == "lines"}
    assert lines["observed"] == of_skill.interval.estimate
    best = of_skill.deflated.expected_maximum * math.sqrt(252)
    assert next(x for name, x in lines.items() if name.startswith("best expected by luck")) == pytest.approx(best)
    assert sum(figure.data[0].y) == of_skill.interval.draws.size
