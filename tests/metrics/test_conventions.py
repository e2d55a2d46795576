"""Conventions and their named profiles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from investiq.core.errors import ConfigError
from investiq.metrics.conventions import PROFILES, Convention, convention_of, declared_convention


def test_a_profile_is_known_by_its_rules_and_lost_when_one_is_changed():
    for name in PROFILES:
        convention = Convention.named(name, periods_per_year=12, risk_free=0.03)  # type: ignore[arg-type]
        assert convention.profile == name
        assert (convention.periods_per_year, convention.risk_free) == (12, 0.03)
    assert replace(Convention.named("bacon"), ddof=1).profile == "custom"


def test_the_plain_convention_is_the_profile_of_investiq():
    assert Convention(periods_per_year=252) == Convention.named("investiq")


def test_the_risk_free_rate_of_a_period_compounds_or_is_divided():
    # 1.12 ** (1 / 12) - 1 = 0.0094888; 0.12 / 12 = 0.01.
    assert Convention.named("quantstats", periods_per_year=12, risk_free=0.12).risk_free_per_period == pytest.approx(
        0.0094888, abs=1e-7
    )
    assert Convention.named("empyrical", periods_per_year=12, risk_free=0.12).risk_free_per_period == pytest.approx(
        0.01
    )


def test_the_target_is_the_risk_free_rate_except_for_empyrical():
    assert Convention.named("bacon", periods_per_year=12, risk_free=0.12).target_per_period == pytest.approx(0.01)
    assert Convention.named("empyrical", periods_per_year=12, risk_free=0.12).target_per_period == 0.0


def test_the_target_of_a_year_compounds_that_of_a_period():
    # 1.01 ** 12 - 1 = 0.126825.
    assert Convention(periods_per_year=12, target=0.01).target_per_year == pytest.approx(0.126825, abs=1e-6)
    assert Convention(periods_per_year=12, risk_free=0.03).target_per_year == 0.03


def test_describe_names_every_rule_that_differs_from_our_own():
    plain = Convention.named("investiq", periods_per_year=52).describe()
    assert "252" not in plain and "52 periods a year" in plain and "365.25-day years" in plain
    bacon = Convention.named("bacon", risk_free=0.02).describe()
    for words in (
        "profile bacon",
        "ddof 0",
        "divided",
        "252-period years",
        "ratios of the CAGR",
        "averaged over periods",
    ):
        assert words in bacon
    assert "Calmar since inception" in Convention.named("quantstats").describe()
    assert "averaged over periods less one" in Convention.named("quantstats").describe()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"periods_per_year": 0}, "periods_per_year must be positive and finite, was 0"),
        ({"periods_per_year": np.nan}, "periods_per_year must be positive"),
        ({"periods_per_year": np.inf}, "periods_per_year must be positive and finite, was inf"),
        ({"risk_free": -1.0}, "annual fraction above -1"),
        ({"risk_free": np.inf}, "annual fraction above -1"),
        ({"risk_free": 2}, r"2 would be 200 % a year; 0\.02 is 2 %: pass 0\.02 for 2 %"),
        ({"risk_free": 1.0}, r"1 would be 100 % a year; .* pass 0\.01 for 1 %"),
        (
            {"risk_free": pd.Series([0.01])},
            "must be one number, was Series: pass excess returns where the rate has dates",
        ),
        ({"periods_per_year": "252"}, "periods_per_year must be one number, was '252'"),
        ({"periods_per_year": None}, "periods_per_year must be one number, was None"),
        ({"periods_per_year": True}, "periods_per_year must be one number, was True"),
        ({"target": np.nan}, "target must be the fraction of one period, above -1, or None .* was nan"),
        ({"target": -1.5}, "target must be the fraction of one period"),
        ({"ddof": 2}, "ddof must be 0 or 1, was 2"),
        ({"growth": "calender"}, "did you mean 'calendar'"),
        ({"drawdown_mean": "point"}, "drawdown_mean must be 'points' or 'periods'"),
        ({"calmar_months": 0}, "calmar_months must be positive or None"),
        ({"days_per_year": 0}, "days_per_year must be positive"),
    ],
)
def test_a_rule_out_of_range_is_refused(wrong, message):
    with pytest.raises(ConfigError, match=message):
        Convention(**({"periods_per_year": 252} | wrong))


def test_an_unknown_profile_is_refused_with_the_near_name():
    with pytest.raises(ConfigError, match="did you mean 'empyrical'"):
        Convention.named("empirical")  # type: ignore[arg-type]


def test_a_convention_may_be_declared_in_three_ways():
    monthly = Convention(periods_per_year=12, risk_free=0.02)
    assert declared_convention(monthly, None) is monthly
    assert declared_convention(None, 12, 0.02) == monthly
    assert declared_convention("bacon", np.int64(12), 0.02) == Convention.named(
        "bacon", periods_per_year=12, risk_free=0.02
    )


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ((None, None), "periods_per_year is missing and is never guessed"),
        (("bacon", None), "periods_per_year is missing"),
        ((Convention(periods_per_year=12), 12), "give them once"),
        ((Convention(periods_per_year=12), None, 0.02), "give them once"),
        ((252, None), r"convention must be a Convention, was 252; pass iq\.Convention\(periods_per_year=252\)"),
        ((None, "252"), "periods_per_year must be one number, was '252'"),
        ((None, 252, pd.Series([0.01])), "risk_free must be one number, was Series"),
    ],
)
def test_a_convention_declared_badly_is_refused(declared, message):
    with pytest.raises(ConfigError, match=message):
        declared_convention(*declared)


def test_what_is_no_convention_is_answered_with_one():
    with pytest.raises(ConfigError, match=r"was 'bacon'; pass iq\.Convention\.named\('bacon', periods_per_year=252\)"):
        convention_of("bacon")
    with pytest.raises(ConfigError, match=r"was dict; pass iq\.Convention\(periods_per_year=252\)"):
        convention_of({})
