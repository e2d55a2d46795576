"""Whole-number options and seeds: refused by name, found and expected, wherever they are taken."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from investiq import metrics
from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.metrics.conventions import Convention
from investiq.metrics.hurst import hurst_exponent
from investiq.metrics.options import seed_of, whole

DAILY = Convention(periods_per_year=252)
RETURNS = 0.01 * np.random.default_rng(0).standard_normal(300)
TRIALS = 0.01 * np.random.default_rng(1).standard_normal((300, 4))
TABLE = pd.DataFrame(TRIALS, index=pd.date_range("2024-01-01", periods=300))
ROWS = np.arange(60)

# Public name -> arguments, and the options that are whole numbers with one value below their range.
CALLS = {
    "adjust_p_values": None,
    "assess": ((RETURNS,), {"convention": DAILY}, {"draws": 1, "seed": -1}),
    "autocorrelation": ((RETURNS,), {}, {"lag": 0}),
    "autocorrelation_adjusted_sharpe": ((RETURNS, DAILY), {}, {"lags": -1}),
    "bootstrap_indices": ((50, 3), {}, {"length": 0, "seed": -1}),
    "bootstrap_interval": ((RETURNS,), {}, {"draws": 99, "seed": -1}),
    "bootstrap_sharpe_interval": ((RETURNS, DAILY), {}, {"draws": 99, "seed": -1}),
    "bootstrap_trades": ((100 * RETURNS,), {}, {"draws": 99, "seed": -1}),
    "combinatorial_purged_splits": (
        (ROWS,),
        {},
        {"groups": 1, "test_groups": 0, "embargo": -1, "max_splits": 0, "seed": -1},
    ),
    "hurst_exponent": ((RETURNS,), {}, {"draws": 99, "seed": -1}),
    "information_coefficient": ((TABLE, TABLE), {}, {"horizon": 0, "quantiles": 1}),
    "jump_days": ((RETURNS,), {}, {"window": 19}),
    "least_squares": ((RETURNS, TRIALS), {}, {"lags": -1}),
    "model_confidence_set": ((TRIALS,), {}, {"draws": 999, "seed": -1}),
    "probability_of_backtest_overfitting": ((TRIALS,), {}, {"blocks": 2}),
    "purged_k_fold": ((ROWS,), {}, {"folds": 1, "embargo": -1}),
    "reality_check": ((TRIALS,), {}, {"draws": 999, "seed": -1}),
    "rolling_filtered_value_at_risk": ((RETURNS, DAILY), {"window": 100}, {"window": 0, "refit_every": 0}),
    "rolling_value_at_risk": ((RETURNS,), {}, {"window": 0}),
    "sharpe_difference": ((RETURNS, TRIALS[:, 0], DAILY), {}, {"block": 0, "draws": 99, "seed": -1}),
    "simulate_paths": ((RETURNS,), {}, {"horizon": 0, "paths": 0, "seed": -1}),
    "step_m": ((TRIALS,), {}, {"draws": 999, "seed": -1}),
    "superior_predictive_ability": ((TRIALS,), {}, {"draws": 999, "seed": -1}),
    "variance_ratio": ((RETURNS,), {}, {"q": 1}),
}
CALLS = {name: each for name, each in CALLS.items() if each}
OPTIONS = [(name, option) for name, (_, _, options) in CALLS.items() for option in options]


@pytest.mark.parametrize(("name", "option"), OPTIONS)
@pytest.mark.parametrize("wrong", [16.0, 2.5, "16", True, float("nan"), [16]])
def test_an_option_that_counts_takes_whole_numbers_only(name, option, wrong):
    arguments, keywords, _ = CALLS[name]
    with pytest.raises(ConfigError, match=rf"must be a whole number .*, was {str([wrong])[1:-1]}".replace("[", r"\[")):
        getattr(metrics, name)(*arguments, **{**keywords, option: wrong})


@pytest.mark.parametrize(("name", "option"), OPTIONS)
def test_an_option_that_counts_has_a_least_value(name, option):
    arguments, keywords, options = CALLS[name]
    with pytest.raises(ConfigError, match=f"must be a whole number .*, was {options[option]}"):
        getattr(metrics, name)(*arguments, **{**keywords, option: options[option]})


def test_the_message_names_the_option_its_range_and_what_to_do():
    with pytest.raises(
        ConfigError, match=r"^blocks must be a whole number from 4 to 20, was 16\.0; pass int\(16\.0\)$"
    ):
        metrics.probability_of_backtest_overfitting(TRIALS, blocks=16.0)
    with pytest.raises(ConfigError, match=r"^draws must be a whole number of at least 1,000, was 10$"):
        metrics.superior_predictive_ability(TRIALS, draws=10)
    with pytest.raises(ConfigError, match=r"^seed must be a whole number of at least 0, was None$"):
        metrics.simulate_paths(RETURNS, seed=None)


def test_both_ends_of_a_range_belong_to_it():
    assert [whole("n", each, 2, 4) for each in (2, np.int64(3), np.uint8(4))] == [2, 3, 4]
    assert type(whole("n", np.int64(3), 2)) is int
    assert seed_of(0) == 0
    for wrong in (1, 5):
        with pytest.raises(ConfigError, match=f"n must be a whole number from 2 to 4, was {wrong}"):
            whole("n", wrong, 2, 4)


@pytest.mark.parametrize("option", ["sizes", "decay_horizons"])
def test_each_of_several_whole_numbers_is_checked(option):
    with pytest.raises(ConfigError, match=f"each of {option} must be a whole number"):
        if option == "sizes":
            hurst_exponent(RETURNS, sizes=(8, 16.0))
        else:
            metrics.information_coefficient(TABLE, TABLE, decay_horizons=(1, 2.0))


@pytest.mark.parametrize(
    "call",
    [
        lambda text: metrics.pbo_from_blocks(text, text, 1),
        lambda text: metrics.path_sharpes(text),
        lambda text: metrics.probability_of_backtest_overfitting(text),
        lambda text: metrics.var_backtest(RETURNS[:1], text[0]),
        lambda text: metrics.half_life(text[0]),
        lambda text: metrics.politis_white_block_length(text[0]),
        lambda text: metrics.bootstrap_trades(text[0]),
        lambda text: metrics.adjust_p_values(text[0]),
        lambda text: metrics.lo_annualisation_factor(text[0], 12),
        lambda text: metrics.effective_trials(text),
        lambda text: metrics.trial_sharpe_variance(text, DAILY),
        lambda text: metrics.least_squares(RETURNS[:1], text),
        lambda text: metrics.least_squares(text[0], RETURNS[:1]),
        lambda text: metrics.variance_ratio(text[0]),
    ],
)
def test_text_is_no_data(call):
    with pytest.raises(DataError, match=r"must be numbers.*: could not convert string to float: .*'a'") as caught:
        call(np.array([["a"]]))
    assert not isinstance(caught.value, InsufficientDataError)
