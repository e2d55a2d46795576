"""The presets: each value as its row of the requirements states it, and runs that obey them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args

import numpy as np
import pytest

import investiq as iq
from investiq.core.errors import ConfigError
from investiq.core.passport import Passport
from investiq.execution.options import RunOptions, options_of
from investiq.execution.presets import PresetName, preset
from investiq.history.bars import Bars


def costs_of(name):
    costs = preset(name)["costs"]
    return costs.commission_rate, costs.slippage_bps


def plain(name):
    return {key: value for key, value in preset(name).items() if key != "costs"}


def hourly_bars() -> Bars:
    """Ten days and nights of an asset that rises for two hours, falls for two, and so on; the range never reaches 2 %."""
    ts = np.datetime64("2024-01-01", "us") + np.arange(240) * np.timedelta64(1, "h")
    close = 100 + np.tile([0.0, 0.2, 0.4, 0.2], 60)
    passport = Passport(
        symbol="HOUR",
        provider="by hand",
        provenance="file",
        interval="60min",
        calendar="24/7",
        price_basis="as_traded",
        known_at_rule="the end of the bar",
        rows=240,
        first=datetime(2024, 1, 1, tzinfo=UTC),
        last=datetime(2024, 1, 10, 23, tzinfo=UTC),
        missing_sessions=0,
        repairs=0,
        sha256="",
    )
    return Bars(
        symbol="HOUR",
        interval="60min",
        ts=ts,
        open=close,
        high=close + 0.1,
        low=close - 0.1,
        close=close,
        volume=np.full(240, 1e6),
        known_at=ts + np.timedelta64(1, "h"),
        split_factor=np.ones(240),
        total_factor=np.ones(240),
        passport=passport,
    )


def test_the_quick_run_has_its_capital_size_levels_costs_and_volume():
    assert plain("seed000_quick") == {
        "initial_capital": 10_000,
        "weight": 0.95,
        "stop_loss": 0.05,
        "take_profit": 0.15,
        "confidence_threshold": 0.5,
        "max_volume_participation": 0.05,
    }
    # 0.1 % and 0.05 %, which is 5 basis points.
    assert costs_of("seed000_quick") == (0.001, 5.0)


def test_seed001_has_its_capital_size_levels_costs_and_limits_of_a_day():
    assert plain("seed001") == {
        "initial_capital": 10_000,
        "weight": 0.10,
        "stop_loss": 0.02,
        "take_profit": 0.04,
        "max_entries_per_day": 10,
        "entry_hours": (9, 16),
    }
    assert costs_of("seed001") == (0.001, 5.0)


def test_seed003_slips_by_one_basis_point_and_stops_at_two_ranges():
    assert plain("seed003") == {"initial_capital": 100_000, "atr_stop": 2.0}
    assert costs_of("seed003") == (0.0, 1.0)


def test_the_stop_of_seed003_is_the_one_that_its_sizer_rests_on():
    sized = iq.strategies.Sized(strategy=iq.strategies.Breakout(), sizer=iq.strategies.RiskSize(risk=0.03))
    options = options_of({**sized.run_options, **preset("seed003")})
    assert options.atr_stop == sized.sizer.atr_multiple == 2.0


def test_seed004_costs_nothing_and_holds_both_sides():
    options = options_of(preset("seed004"))
    assert (options.allow_short, options.debit_rate, options.borrow_rate, options.band) == (True, 0.0, 0.0, 0.0)
    # Each side is the whole equity, and new shorts are sold before old ones are covered.
    assert options.margin > 3.0
    assert costs_of("seed004") == (0.0, 0.0)
    assert options.costs.impact is None


def test_seed004_with_costs_pays_five_basis_points_and_a_tenth_of_the_square_root_law():
    options = options_of(preset("seed004_costs"))
    assert options.initial_capital == 1_000_000
    assert costs_of("seed004_costs") == (0.0, 5.0)
    # 0.1 x 2 % x sqrt(10,000 / 1,000,000) = 0.1 x 0.02 x 0.1 = 2 basis points.
    assert options.costs.impact.fraction(0.02, quantity=1e4, average_volume=1e6) == pytest.approx(2e-4)


def test_the_sweep_pays_a_tenth_of_a_cent_a_share_and_places_no_order_below_200():
    assert plain("sweep003") == {"min_notional": 200}
    costs = preset("sweep003")["costs"]
    assert (costs.slippage_bps, costs.per_share.tiers) == (2.0, ((float("inf"), 0.001),))
    assert (costs.per_share.minimum_usd, costs.per_share.maximum_usd) == (0.0, 0.0)


@pytest.mark.parametrize("name", get_args(PresetName))
def test_every_preset_is_a_set_of_options(name):
    assert isinstance(options_of(preset(name)), RunOptions)


def test_what_is_changed_in_a_preset_is_not_changed_for_the_next():
    preset("seed004")["margin"] = 1.0
    assert preset("seed004")["margin"] != 1.0


def test_entries_of_seed001_fill_from_nine_to_sixteen_and_at_a_tenth_of_the_equity():
    result = iq.backtest(iq.strategies.Crossover(fast=1, slow=2), hourly_bars(), **iq.preset("seed001"))
    entries = result.fills[result.fills["side"] == "buy"]
    # The price turns up at the close of hours 1, 5, 9 and so on, which fills at the open of 2, 6, 10, 14, 18 and 22.
    assert set(entries["ts"].dt.hour) == {10, 14}
    # Floored from 10 % of about 10,000 USD at 100 USD: 10 shares at first, 9 once the fees have taken some.
    assert set(entries["quantity"]) <= {9.0, 10.0}


def test_seed004_holds_the_best_and_the_worst_three_at_a_third_each():
    # A fifth of 15 symbols is three.
    panel = iq.load_panel([f"SYN{n:03}" for n in range(1, 16)], start="2017-01-03", end="2017-02-15")
    strategy = iq.strategies.AlphaPortfolio(
        alpha="reversal", method="quantile", long_only=False, leverage=2.0, every="day"
    )
    result = iq.backtest(strategy, panel, **iq.preset("seed004"))
    held = (result.positions.iloc[1:] * panel.close.T).div(result.equity["equity"].iloc[1:], axis=0)
    # 21 bars of warm-up, and the next open. A day moves a third by a few percent of itself at most.
    traded = held.iloc[22:-1]
    assert ((traded > 0).sum(axis=1) == 3).all()
    assert ((traded < 0).sum(axis=1) == 3).all()
    weights = np.abs(traded.to_numpy())
    np.testing.assert_allclose(weights[weights > 0], 1 / 3, rtol=0.08)


def test_an_unknown_preset_is_refused_with_the_nearest_name():
    with pytest.raises(ConfigError, match=r"no preset is called 'seed01'; did you mean .*seed001.*; there are"):
        preset("seed01")
