"""What an option may hold: each refusal says what was found, what was expected and what to write."""

import numpy as np
import pytest

import investiq as iq
from investiq.core.errors import ConfigError
from investiq.execution.options import RegimeSizing, RunOptions, options_of


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"weight": "0.5"}, r"weight must be a number, was '0.5' \(str\); write it without quotes"),
        ({"weight": True}, r"weight must be a number, was True \(bool\)"),
        ({"stop_loss": "5%"}, r"stop_loss must be a number or None, was '5%' \(str\).*5 % is 0.05"),
        ({"initial_capital": "1e5"}, r"initial_capital must be a number, was '1e5'"),
        ({"costs": 0.001}, r"costs must be an iq.Costs, was 0.001 \(float\).*costs=iq.Costs\(commission_rate=0.001"),
        ({"costs": None}, r"costs must be an iq.Costs, was None .*both 0 for a run without costs"),
        ({"allow_short": "yes"}, r"allow_short must be True or False, was 'yes'"),
        ({"allow_short": 1}, r"allow_short must be True or False, was 1 \(int\)"),
        ({"hold_bars": 2.5}, r"hold_bars must be a whole number or None, was 2.5 \(float\)"),
        ({"rebalance": 2.5}, r"rebalance must be a whole number or 'month_start' or None, was 2.5"),
        ({"symbol_weights": [0.3, 0.3]}, r"symbol_weights must be a mapping or None, was \[0.3, 0.3\] \(list\)"),
        ({"symbol_weights": {"A": "half"}}, r"symbol_weights must be a mapping or None, was \{'A': 'half'\}"),
        ({"symbol_weights": {"A": 0.1, "B": np.nan}}, "symbol_weights of B must be a finite share of equity, was nan"),
        ({"entry_hours": [9.5, 16]}, r"entry_hours must be a tuple of numbers or None, was \[9.5, 16\] \(list\)"),
        ({"entry_hours": (9.5,)}, r"entry_hours must be a tuple of numbers or None, was \(9.5,\)"),
        ({"regime_sizing": True}, "regime_sizing must be an iq.RegimeSizing or None, was True"),
        ({"end": "2020"}, r"end must be 'liquidate' or 'mark', was '2020'; .*iq.load_bars\(symbol, end="),
    ],
)
def test_an_option_of_another_type_is_refused_in_words(options, words):
    with pytest.raises(ConfigError, match=words):
        options_of(options)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: iq.Costs(commission_rate="0.1%"), r"commission_rate must be a number, was '0.1%'"),
        (lambda: iq.Costs(per_share=0.005), r"per_share must be an iq.PerShareFees or None, was 0.005"),
        (lambda: iq.PerShareFees(tiers=0.005), r"tiers must be a tuple of tuples of numbers, was 0.005"),
        (lambda: iq.PerShareFees(minimum_usd="1"), r"minimum_usd must be a number, was '1'"),
        (lambda: iq.MarketImpact(window=20.0), r"window must be a whole number, was 20.0"),
        (lambda: RegimeSizing(high="0.3"), r"high must be a number, was '0.3'"),
    ],
)
def test_a_cost_of_another_type_is_refused_in_words(make, words):
    with pytest.raises(ConfigError, match=words):
        make()


def test_numbers_of_numpy_are_numbers():
    options = RunOptions(
        weight=np.float32(0.5),
        hold_bars=np.int64(3),
        allow_short=np.bool_(True),
        symbol_weights={"A": np.float64(0.25)},
    )
    assert (options.weight, options.hold_bars, bool(options.allow_short)) == (0.5, 3, True)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("commission", r"costs=iq.Costs\(commission_rate="),
        ("fees", r"costs=iq.Costs\(commission_rate="),
        ("slippage", r"costs=iq.Costs\(slippage_bps="),
        ("cash", "initial_capital="),
        ("start", r"iq.load_bars\(symbol, start="),
        ("benchmark_symbol", "benchmark="),
    ],
)
def test_a_name_in_use_elsewhere_is_answered_with_the_one_here(name, words):
    with pytest.raises(ConfigError, match=f"no option is called '{name}'; instead: .*{words}"):
        options_of({name: 1})
