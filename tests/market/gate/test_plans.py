from datetime import date, timedelta

import pytest

from investiq.core.errors import ConfigError
from investiq.market.gate.plans import Plan, plan_names, plan_of
from investiq.runtime.settings import Settings


def test_a_plan_states_its_rates_its_delay_its_history_and_when_it_was_checked():
    plan = plan_of("massive", "free")
    assert (plan.per_minute, plan.delay, plan.history_years) == (5, timedelta(minutes=15), 2)
    assert isinstance(plan.as_of, date) and plan.source.startswith("https://")


def test_a_daily_quota_is_part_of_a_plan():
    assert (plan_of("alphavantage", "free").per_day, plan_of("twelvedata", "basic").per_day) == (25, 800)


@pytest.mark.parametrize("provider", ["massive", "alpaca", "alphavantage", "finnhub", "twelvedata", "yfinance"])
def test_every_plan_of_the_table_can_be_used(provider):
    for name in plan_names(provider):
        plan = plan_of(provider, name)
        assert (plan.provider, plan.name) == (provider, name) and plan.per_minute >= 1


def test_the_plans_that_settings_assume_are_in_the_table():
    fields = {name: field.default for name, field in Settings.model_fields.items() if name.endswith("_plan")}
    assert len(fields) == 5
    for name, default in fields.items():
        assert default == plan_names(name.removesuffix("_plan"))[0]


def test_an_unknown_plan_is_refused_with_those_that_exist_and_the_setting():
    with pytest.raises(ConfigError, match=r"no plan 'startr'; did you mean 'starter'\?.*INVESTIQ_MASSIVE_PLAN"):
        plan_of("massive", "startr")


def test_an_unknown_provider_is_refused():
    with pytest.raises(ConfigError, match="no plans are known of 'marketstack'"):
        plan_of("marketstack", "free")


def test_a_rate_below_one_is_refused():
    with pytest.raises(ConfigError, match="per_day must be at least 1 request, was 0"):
        Plan(provider="x", name="y", per_minute=5, per_day=0, as_of=date(2026, 1, 1), source="https://x")
