import dataclasses

import numpy as np
import pytest

import investiq as iq
from investiq.engines.supplementary.rotation import TOPIC, rotation_features


def series(sample, closes, symbol):
    closes = np.asarray(closes, float)
    return dataclasses.replace(
        sample[: closes.size], open=closes, close=closes, high=closes + 1, low=closes - 1, symbol=symbol
    )


def test_the_excess_is_over_twenty_bars_and_five_percent_counts(sample):
    own = series(sample, [100.0] * 20 + [107.5, 110.0], "OWN")
    market = series(sample, [50.0] * 20 + [51.0, 52.6], "MARKET")
    found = rotation_features(iq.History.of(own, benchmark=market))
    # Rows 20 and 21 look back to rows 0 and 1: 7.5 % less 2 %, 10 % less 5.2 %.
    assert np.isnan(found["sector_excess_return"][19])
    assert found["sector_excess_return"][20:].tolist() == pytest.approx([0.055, 0.048])
    assert found["sector_rotation"][20:].tolist() == [1.0, 0.0]


def test_a_laggard_is_marked(sample):
    own = series(sample, [100.0] * 20 + [94.0], "OWN")
    market = series(sample, [50.0] * 21, "MARKET")
    row = {name: values[-1] for name, values in rotation_features(iq.History.of(own, benchmark=market)).items()}
    assert row["sector_rotation"] == -1
    assert TOPIC.tags(row) == ("UNDERPERFORMING THE MARKET",)


def test_a_fund_of_one_sector_is_compared_and_two_are_not(sample):
    own, fund = series(sample, [100.0] * 20 + [110.0], "OWN"), series(sample, [40.0] * 20 + [41.0], "XLK")
    other = series(sample, [40.0] * 21, "XLE")
    one = rotation_features(iq.History.of(own, fund))["sector_fund_excess_return"]
    assert one[-1] == pytest.approx(0.10 - 0.025)
    assert np.isnan(rotation_features(iq.History.of(own, fund, other))["sector_fund_excess_return"]).all()


def test_without_a_market_there_is_a_reason(sample):
    found = rotation_features(iq.History.of(series(sample, [100.0] * 30, "OWN")))
    assert np.isnan(found["sector_rotation"]).all()
    assert "sector_fund_excess_return" in TOPIC.why_missing({name: values[-1] for name, values in found.items()})


def test_only_dates_of_both_are_counted(sample):
    # The market misses two dates, so 20 common dates before the last one is the first bar.
    own, market = series(sample, np.linspace(100.0, 122.0, 23), "OWN"), series(sample, np.full(23, 50.0), "MARKET")
    kept = np.delete(np.arange(23), [7, 15])
    names = ("ts", "known_at", "open", "high", "low", "close", "volume", "split_factor", "total_factor", "flags")
    holed = dataclasses.replace(market, **{name: getattr(market, name)[kept] for name in names})
    found = rotation_features(iq.History.of(own, benchmark=holed))["sector_excess_return"]
    assert found[-1] == pytest.approx(0.22)
    assert np.isnan(found[:-1]).all()


@pytest.mark.parametrize(("below", "rotation"), [(81, 1), (80, 0), (20, 0), (19, -1)])
def test_with_a_past_the_rank_of_the_excess_decides(sample, below, rotation):
    # A flat market, and a share whose closes twenty bars later give each excess of 0.01 % to 1 % once.
    excess = np.append(np.random.default_rng(6).permutation(np.arange(1, 101)), below + 0.5) * 1e-4
    closes = np.full(121, 100.0)
    for row, each in enumerate(excess, start=20):
        closes[row] = closes[row - 20] * (1 + each)
    own, market = series(sample, closes, "OWN"), series(sample, np.full(121, 50.0), "MARKET")
    found = rotation_features(iq.History.of(own, benchmark=market))
    assert found["sector_excess_rank"][-1] == pytest.approx(below / 100)
    assert found["sector_rotation"][-1] == rotation
