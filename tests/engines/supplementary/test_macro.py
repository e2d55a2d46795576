import dataclasses

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import investiq as iq
from investiq.engines.supplementary.macro import TOPIC, macro_features
from investiq.history.records import Records


def series(sample, closes, symbol):
    closes = np.asarray(closes, float)
    return dataclasses.replace(
        sample[: closes.size], open=closes, close=closes, high=closes * 1.01, low=closes * 0.99, symbol=symbol
    )


def last(history):
    return {name: float(values[-1]) for name, values in macro_features(history).items()}


def overlay(sample, market=1.0, bonds=1.0, gold=1.0):
    """The last close over that of twenty bars before, each series flat until then."""
    flat = np.full(80, 100.0)
    ends = {"MARKET": market, "TLT": bonds, "GLD": gold}
    made = {name: series(sample, np.append(flat, 100.0 * end), name) for name, end in ends.items()}
    own = series(sample, np.append(flat, 100.0), "OWN")
    return last(iq.History.of(own, made["TLT"], made["GLD"], benchmark=made["MARKET"]))


@pytest.mark.parametrize(
    ("market", "bonds", "level", "regime"),
    [
        (1.05, 1.01, 2, 1),  # 4 % apart
        (1.029, 1.01, 1, 0),  # 1.9 % apart
        (1.025, 1.0, 1, 1),
        (1.0, 1.01, -1, 0),
        (0.99, 1.015, -1, -1),  # 2.5 % behind, and the market fell
        (1.01, 1.045, -2, 0),  # 3.5 % behind, but the market rose
        (0.95, 1.0, -2, -1),
    ],
)
def test_risk_appetite_is_market_less_bonds(sample, market, bonds, level, regime):
    row = overlay(sample, market, bonds)
    assert row["macro_appetite"] == pytest.approx(market - bonds)
    assert (row["macro_appetite_level"], row["macro_risk_regime"]) == (level, regime)


@pytest.mark.parametrize(
    ("changes", "name", "expected"),
    [
        ({"market": 1.021}, "macro_market_trend", 1),
        ({"market": 1.019}, "macro_market_trend", 0),
        ({"market": 0.979}, "macro_market_trend", -1),
        ({"bonds": 1.016}, "macro_rates", 1),
        ({"bonds": 1.014}, "macro_rates", 0),
        ({"bonds": 0.984}, "macro_rates", -1),
        ({"gold": 1.031}, "macro_inflation", 1),
        ({"gold": 0.979}, "macro_inflation", -1),
        ({"gold": 0.981}, "macro_inflation", 0),
    ],
)
def test_each_reading_turns_at_its_bound(sample, changes, name, expected):
    assert overlay(sample, **changes)[name] == expected


@pytest.mark.parametrize(("daily", "level"), [(0.017, 1), (0.010, 0), (0.007, -1)])
def test_volatility_is_of_twenty_log_returns(sample, daily, level):
    # Alternating moves of +d and -d have a sample deviation of d sqrt(20 / 19): 27.7 %, 16.3 % and 11.4 % a year.
    moves = np.where(np.arange(80) % 2, daily, -daily)
    market = series(sample, 100 * np.exp(np.cumsum(moves)), "MARKET")
    row = last(iq.History.of(series(sample, np.full(80, 50.0), "OWN"), benchmark=market))
    assert row["macro_volatility"] == pytest.approx(daily * np.sqrt(20 / 19) * np.sqrt(252))
    assert row["macro_volatility_level"] == level


def records_of(sample, values, name):
    index = sample.index[: len(values)]
    known = pd.DatetimeIndex(sample.known_at[: len(values)], tz="UTC").as_unit("us") + pd.Timedelta(hours=20)
    frame = pd.DataFrame({"value": values, "known_at": known}, index=index)
    return Records(kind="series", name=name, frame=frame, provider="test", source="", known_at_rule="", unit="%")


def test_a_yield_outranks_the_bond_fund_and_is_seen_a_day_late(sample):
    flat = np.full(60, 100.0)
    own, fund = series(sample, flat, "OWN"), series(sample, np.append(flat[:-1], 110.0), "TLT")
    yields = np.append(np.full(58, 4.0), [4.3, 9.9])  # the last one is known only after the last row
    row = last(iq.History.of(own, fund, records=[records_of(sample, yields, "^TNX")]))
    assert row["macro_yield_change"] == pytest.approx(0.3)
    assert row["macro_rates"] == -1  # tightening, whatever the fund says


def test_the_fear_index_is_the_last_one_known(sample):
    own = series(sample, np.full(5, 100.0), "OWN")
    row = last(iq.History.of(own, records=[records_of(sample, [10.0, 11.0, 12.0, 13.0, 14.0], "^VIX")]))
    assert row["macro_vix"] == 13.0


def test_rate_beta_is_the_slope_beside_the_market(sample):
    rng = np.random.default_rng(9)
    market, bonds = rng.normal(0, 0.01, (2, 299))
    own = 0.8 * market + 0.5 * bonds + rng.normal(0, 0.004, 299)
    made = [
        series(sample, 100 * np.cumprod(np.append(1.0, 1 + moves)), name)
        for moves, name in ((own, "OWN"), (bonds, "TLT"), (market, "MARKET"))
    ]
    row = last(iq.History.of(*made[:2], benchmark=made[2]))
    fit = sm.OLS(own[-252:], sm.add_constant(np.stack([bonds, market], axis=1)[-252:])).fit()
    assert row["macro_rate_beta"] == pytest.approx(fit.params[1], rel=1e-8)
    assert row["macro_rate_beta_error"] == pytest.approx(fit.bse[1], rel=1e-8)


def test_without_the_series_there_are_reasons(sample):
    row = last(iq.History.of(series(sample, np.full(80, 100.0), "OWN")))
    assert np.isnan([row["macro_market_return"], row["macro_rates"], row["macro_inflation"]]).all()
    why = TOPIC.why_missing(row)
    assert why["macro_gold_return"] == "no gold in the history, or fewer than 21 bars of it"
    assert why["macro_market_trend"] == "no benchmark in the history, or fewer than 50 bars of it"
    assert all(why[name] for name in row)


def test_weekly_volatility_is_over_fifty_two_weeks():
    market = iq.load_bars("SYN-MKT").resampled("1w")
    row = last(iq.History.of(iq.load_bars("SYN001").resampled("1w"), benchmark=market))
    moves = np.diff(np.log(market.adjusted("total").close))[-20:]
    assert row["macro_volatility"] == pytest.approx(moves.std(ddof=1) * np.sqrt(52))


def test_days_without_a_yield_and_what_is_told_again_are_left_out(sample):
    values = np.append(np.full(39, 4.0), [4.1, 4.2, 4.3])
    values[[20, 30]] = np.nan
    table = records_of(sample, values, "DGS10")
    again = table.frame.iloc[[5]].assign(value=9.0, known_at=table.frame["known_at"].iloc[-1])
    rows = pd.concat([table.frame, again]).sort_index(kind="stable")
    history = iq.History.of(series(sample, np.full(45, 100.0), "OWN"), records=[dataclasses.replace(table, frame=rows)])
    # Of 40 values the newest is 4.3, known a day late, the 20 before it end at 4.0.
    assert macro_features(history)["macro_yield_change"][41:].tolist() == pytest.approx([0.2, 0.3, 0.3, 0.3])


def test_what_ended_tells_nothing_of_today(sample):
    own, market = series(sample, np.full(80, 100.0), "OWN"), series(sample, np.full(60, 100.0), "MARKET")
    fear = records_of(sample, [15.0] * 60, "^VIX")
    found = macro_features(iq.History.of(own, benchmark=market, records=[fear]))
    age = (own.known_at - market.known_at[-1]) / np.timedelta64(1, "D")
    np.testing.assert_array_equal(np.isfinite(found["macro_market_return"]), (np.arange(80) >= 20) & (age <= 10))
    assert (found["macro_vix"][59], np.isnan(found["macro_vix"][-1])) == (15.0, True)


def test_the_market_is_the_same_for_a_share_that_misses_days(sample):
    rng = np.random.default_rng(4)
    market = series(sample, 100 * np.cumprod(1 + rng.normal(0, 0.01, 300)), "MARKET")
    bonds = series(sample, 100 * np.cumprod(1 + rng.normal(0, 0.01, 300)), "TLT")
    full = series(sample, np.full(300, 100.0), "OWN")
    kept = np.flatnonzero(rng.random(300) < 0.7)
    names = ("ts", "known_at", "open", "high", "low", "close", "volume", "split_factor", "total_factor", "flags")
    holed = dataclasses.replace(full, **{name: getattr(full, name)[kept] for name in names})
    whole, missing = (macro_features(iq.History.of(each, bonds, benchmark=market)) for each in (full, holed))
    for name in set(whole) - {"macro_rate_beta", "macro_rate_beta_error"}:
        np.testing.assert_array_equal(missing[name], whole[name][kept], err_msg=name)


def test_a_bond_fund_and_a_benchmark_have_their_own_overlay(sample):
    rising = series(sample, np.append(np.full(80, 100.0), 102.0), "TLT")
    row = last(iq.History.of(rising, benchmark=rising))
    assert (row["macro_market_return"], row["macro_bond_return"], row["macro_rates"]) == pytest.approx((0.02, 0.02, 1))
    assert row["macro_appetite"] == 0.0
    assert np.isnan(row["macro_rate_beta"])
