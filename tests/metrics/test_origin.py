"""Where the returns behind a result come from."""

from __future__ import annotations

import hashlib
import struct

import numpy as np
import pandas as pd
import pytest

from investiq.core.errors import ConfigError, DataError
from investiq.metrics.assessing import assess
from investiq.metrics.bootstrap import bootstrap_sharpe_interval
from investiq.metrics.conventions import Convention
from investiq.metrics.factors import factor_model
from investiq.metrics.market_model import capm
from investiq.metrics.measuring import measure
from investiq.metrics.origin import period_words

DAILY, MONTHLY = Convention(periods_per_year=252), Convention(periods_per_year=12)
RANDOM = np.random.default_rng(5)
MONTHS = pd.Series(RANDOM.normal(0.004, 0.03, 130), index=pd.date_range("2010-01-31", periods=130, freq="ME", tz="UTC"))
MARKET = pd.Series(RANDOM.normal(0.004, 0.03, 130), index=MONTHS.index, name="market")
# Every result on returns, of monthly ones under a convention.
RESULTS = {
    "measure": lambda convention: measure(MONTHS, convention=convention),
    "assess": lambda convention: assess(MONTHS, convention=convention, draws=100),
    "bootstrap": lambda convention: bootstrap_sharpe_interval(MONTHS, convention, draws=100),
    "capm": lambda convention: capm(MONTHS, MARKET, convention),
    "factor_model": lambda convention: factor_model(MONTHS, MARKET.to_frame(), convention=convention),
}


@pytest.mark.parametrize("name", RESULTS)
def test_times_that_contradict_the_declared_periods_are_told_once(name):
    def codes(convention):
        return [note.code for note in RESULTS[name](convention).notes]

    assert codes(DAILY).count("other_frequency") == 1
    assert "other_frequency" not in codes(MONTHLY)


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_names_the_period_and_the_fingerprint_of_its_returns(name):
    # SHA-256 of the 64-bit floats one after the other; 130 months from January 2010 end in October 2020.
    digest = hashlib.sha256(struct.pack("=130d", *MONTHS)).hexdigest()[:16]
    lines = {fact.label: fact.value for fact in RESULTS[name](MONTHLY).provenance()}
    assert lines["SHA-256"] == f"{digest} of the returns"
    assert lines["Period"].startswith("2010-01-31 to 2020-10-31, 130 returns")


def test_returns_without_times_say_so():
    lines = {fact.label: fact.value for fact in capm(MONTHS.to_numpy(), MARKET.to_numpy(), MONTHLY).provenance()}
    assert lines["Period"] == "130 returns without times"


def test_the_period_of_a_pair_is_that_of_the_times_both_have():
    found = capm(MONTHS.iloc[10:], MARKET.iloc[:120], MONTHLY).provenance()
    assert found[0].value == "2010-11-30 to 2019-12-31, 110 returns"


def test_two_returns_of_one_day_are_told_with_the_hour():
    hours = np.array(["2024-01-02T14:30", "2024-01-02T15:30", "2024-01-03T14:30"], dtype="datetime64[us]")
    assert period_words(hours, 3) == "2024-01-02 14:30 to 2024-01-03 14:30, 3 returns"
    assert period_words(hours[1:], 2) == "2024-01-02 to 2024-01-03, 2 returns"


def test_the_periods_of_a_year_may_be_passed_bare_where_a_result_is_made():
    by_convention = assess(MONTHS, convention=MONTHLY, draws=100).facts()
    assert assess(MONTHS, periods_per_year=12, draws=100).facts() == by_convention
    factors = MARKET.to_frame()
    assert factor_model(MONTHS, factors, periods_per_year=12).alpha == RESULTS["factor_model"](MONTHLY).alpha


@pytest.mark.parametrize("function", [assess, lambda returns: factor_model(returns, MARKET.to_frame())])
def test_undeclared_periods_are_a_configuration_error(function):
    with pytest.raises(ConfigError, match="periods_per_year is missing and is never guessed"):
        function(MONTHS)


def test_a_rate_in_place_of_the_column_of_factors_is_refused():
    with pytest.raises(ConfigError, match=r"risk_free names a column of the factors, was 0\.02"):
        factor_model(MONTHS, MARKET.to_frame(), periods_per_year=12, risk_free=0.02)  # type: ignore[arg-type]


def test_a_number_of_trials_is_no_table_of_trials():
    with pytest.raises(DataError, match="was the number 100; where only their number is known"):
        assess(MONTHS, 100, periods_per_year=12)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="was a Series of 1 dimension"):
        assess(MONTHS, MARKET, periods_per_year=12)  # type: ignore[arg-type]
