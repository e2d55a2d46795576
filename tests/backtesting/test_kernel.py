"""The golden cases on the compiled loops, and the choices of the rules that they do not pin."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from investiq.backtesting import decisions, events, kernel, postings, running
from investiq.core.orders import FillReason
from investiq.execution.costs import Costs
from investiq.execution.options import VECTORBT_RULES, RunOptions
from tests.answers.case_form import GoldenFill, differences
from tests.answers.golden_cases import GOLDEN_CASES

# One symbol, long only, market orders, volume in every bar: what the loops know.
CASES = [GOLDEN_CASES[number - 1] for number in (*range(1, 29), 30, 64, 70, 71, 87)]
REASONS = get_args(FillReason)


def golden_fills(run: running.Run) -> list[GoldenFill]:
    return [
        GoldenFill(
            bar=int(row[postings.BAR]),
            side="buy" if row[postings.SIDE] > 0 else "sell",
            symbol="A",
            quantity=row[postings.QUANTITY],
            price=row[postings.PRICE],
            fee=row[postings.FEE],
            reason=REASONS[int(row[postings.REASON])],
        )
        for row in run.fills
    ]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_loops_keep_the_account_and_the_log_of_the_golden_case(case, bars_of):
    options = RunOptions(**case.options)
    bars = bars_of([[float(value) for value in bar] for bar in case.bars])
    gated = decisions.from_signals(case.signals, len(bars), options.confidence_threshold)
    assert running.loop_of(bars, options) is not None
    run = running.simulate(bars, gated, options)
    log = events.log_lines(run)
    assert differences(case, fills=golden_fills(run), cash=run.cash, equity=run.equity, log=log) == []


def exit_of(bars_of, *later, entry=(100, 101, 99, 100), sell=None, **options):
    """Buy 500 at 100 in bar 1, and return bar, price, reason and ambiguity of the exit; None where the position is kept.

    Without costs, a stop of 5 % lies at 95 and a target of 5 % at 105.
    """
    bars = bars_of([(100, 101, 99, 100), entry, *later])
    codes = np.zeros(len(bars), dtype=np.int8)
    codes[0] = 1
    if sell is not None:
        codes[sell] = -1
    chosen = {
        "costs": Costs(commission_rate=0, slippage_bps=0),
        "weight": 0.5,
        "end": "mark",
        "max_volume_participation": None,
        **options,
    }
    fills = running.simulate(bars, decisions.from_codes(codes, len(bars)), RunOptions(**chosen)).fills
    if len(fills) < 2:
        return None
    bar, price, reason, is_ambiguous = fills[
        1, [postings.BAR, postings.PRICE, postings.REASON, postings.AMBIGUOUS]
    ].tolist()
    return int(bar), round(price, 9), REASONS[int(reason)], bool(is_ambiguous)


BOTH = {"stop_loss": 0.05, "take_profit": 0.05}


def test_an_exit_is_ambiguous_only_where_stop_and_target_both_lie_inside_the_bar(bars_of):
    # GC-19, GC-13 and GC-20: both inside; the stop alone; an open beyond the target, which certainly comes first.
    assert exit_of(bars_of, (100, 107, 94, 103), **BOTH) == (2, 95.0, "stop", True)
    assert exit_of(bars_of, (100, 105, 94, 103), **BOTH) == (2, 95.0, "stop", False)
    assert exit_of(bars_of, (100, 107, 96, 103), **BOTH) == (2, 105.0, "target", False)
    assert exit_of(bars_of, (108, 109, 90, 95), **BOTH) == (2, 108.0, "target_gap", False)


def test_the_entry_bar_can_be_ambiguous_too(bars_of):
    assert exit_of(bars_of, entry=(100, 106, 94, 101), **BOTH) == (1, 95.0, "stop", True)


def test_of_two_levels_inside_a_bar_the_target_is_taken_where_the_run_says_so(bars_of):
    found = exit_of(bars_of, (100, 107, 94, 103), both_inside="target", **BOTH)
    assert found == (2, 105.0, "target", True)
    # An open at or below the stop leaves no choice.
    assert exit_of(bars_of, (94, 107, 93, 103), both_inside="target", **BOTH) == (2, 94.0, "stop_gap", False)


def test_a_stop_inside_the_bar_beats_an_open_beyond_the_target_under_stop_first(bars_of):
    assert exit_of(bars_of, (108, 109, 90, 95), open_beyond_target="stop_first", **BOTH) == (2, 95.0, "stop", True)
    assert exit_of(bars_of, (108, 109, 96, 99), open_beyond_target="stop_first", **BOTH) == (
        2,
        108.0,
        "target_gap",
        False,
    )


def test_a_target_that_the_open_has_passed_fills_at_the_target_under_limit_gap(bars_of):
    assert exit_of(bars_of, (108, 109, 107, 108), limit_gap="limit", take_profit=0.05) == (
        2,
        105.0,
        "target_gap",
        False,
    )


def test_a_touched_target_fills_under_touch_only(bars_of):
    assert exit_of(bars_of, (100, 105, 99, 103), take_profit=0.05) is None
    assert exit_of(bars_of, (100, 105, 99, 103), take_profit=0.05, limit_fill="touch") == (2, 105.0, "target", False)
    assert exit_of(bars_of, (105, 105, 104, 104), take_profit=0.05, limit_fill="touch") == (
        2,
        105.0,
        "target_gap",
        False,
    )


def test_levels_act_from_the_next_bar_on_under_next_bar(bars_of):
    deep = (100, 103, 94, 96)
    assert exit_of(bars_of, (96, 97, 96, 96), entry=deep, stop_loss=0.05, stop_from="next_bar") is None
    assert exit_of(bars_of, (96, 97, 95, 96), entry=deep, stop_loss=0.05, stop_from="next_bar") == (
        2,
        95.0,
        "stop",
        False,
    )


def test_a_level_inside_the_bar_beats_the_signal_at_its_open_under_levels_first(bars_of):
    # Sold on the decision of bar 1 at the open of bar 2, 99; or first at the stop, 95, or the target, 105.
    for bar, level in (
        ((99, 101, 94, 96), (2, 95.0, "stop", False)),
        ((99, 106, 98, 100), (2, 105.0, "target", False)),
    ):
        assert exit_of(bars_of, bar, sell=1, **BOTH) == (2, 99.0, "signal", False)
        assert exit_of(bars_of, bar, sell=1, level_order="levels_first", **BOTH) == level
    quiet = (99, 101, 98, 100)
    assert exit_of(bars_of, quiet, sell=1, level_order="levels_first", **BOTH) == (2, 99.0, "signal", False)


def test_targets_pay_slippage_where_the_run_says_so(bars_of):
    # Bought at 101, target 111.1; sold at 111.1 x 0.99 = 109.989.
    costs = Costs(commission_rate=0, slippage_bps=100)
    bar = (105, 112, 104, 110)
    assert exit_of(bars_of, bar, take_profit=0.1, costs=costs) == (2, 111.1, "target", False)
    assert exit_of(bars_of, bar, take_profit=0.1, costs=costs, target_slippage=True) == (2, 109.989, "target", False)


def test_the_trail_starts_from_the_entry_fill_and_counts_the_entry_bar_unless_told_not_to(bars_of):
    # High 120 in the entry bar: level 114 from the next bar on; without that bar's high the level stays at 95.
    entry, later = (100, 120, 99, 118), (118, 119, 113, 116)
    assert exit_of(bars_of, later, entry=entry, trailing_stop=0.05) == (2, 114.0, "trail", False)
    assert exit_of(bars_of, later, entry=entry, trailing_stop=0.05, trail_entry_bar=False) is None


def test_the_tighter_of_stop_and_trail_names_the_exit(bars_of):
    # Stop 97, trail 90, then 0.9 x 110 = 99.
    assert exit_of(bars_of, (99, 100, 96, 97), stop_loss=0.03, trailing_stop=0.1) == (2, 97.0, "stop", False)
    rising = ((100, 110, 99.5, 109), (98, 99, 96, 97))
    assert exit_of(bars_of, *rising, stop_loss=0.03, trailing_stop=0.1) == (3, 98.0, "trail_gap", False)


def test_a_trail_inside_the_bar_of_a_target_is_ambiguous(bars_of):
    # Trail 0.95 x 104 = 98.8, target 105.
    found = exit_of(bars_of, (100, 104, 99, 103), (103, 106, 98, 100), trailing_stop=0.05, take_profit=0.05)
    assert found == (3, 98.8, "trail", True)


def test_an_exit_order_is_logged_as_cancelled_where_a_level_came_first(bars_of):
    bars = bars_of([(100, 101, 99, 100), (100, 101, 99, 100), (90, 93, 88, 92)])
    codes = np.array([1, -1, 0], dtype=np.int8)
    run = running.simulate(bars, decisions.from_codes(codes, 3), RunOptions(stop_loss=0.05))
    assert events.log_lines(run) == [(2, "exit order cancelled: already flat")]


def test_every_choice_of_the_vectorbt_rules_is_known_to_the_loop(bars_of):
    bars = bars_of([(100, 101, 99, 100)] * 3)
    assert running.loop_of(bars, RunOptions(trailing_stop=0.05, **VECTORBT_RULES)) is kernel.simulate_levels
