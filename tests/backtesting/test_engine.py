"""`iq.backtest`: what it refuses, what it notes, what it hands to the kernel."""

from __future__ import annotations

import dataclasses
import inspect
from dataclasses import dataclass

import numpy as np
import pytest

import investiq as iq
from investiq.backtesting import engine, general_kernel, pairing, portfolio_kernel, running, sweep_kernels, warming
from investiq.core import compiling
from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.core.notes import Note
from investiq.execution.options import OptionArguments, RunOptions
from investiq.history.panel import Panel
from investiq.metrics.conventions import Convention
from investiq.strategies import BuyAndHold, Strategy, rules

FLAT = [(100.0, 101.0, 99.0, 100.0)]
FREE = iq.Costs(commission_rate=0, slippage_bps=0)


def codes(result):
    return [note.code for note in result.notes]


def test_a_class_in_place_of_a_strategy_is_refused_with_the_call_to_write(bars_of):
    with pytest.raises(ConfigError, match=r"strategy is the class Crossover; .* Crossover\(\.\.\.\)"):
        iq.backtest(iq.strategies.Crossover, bars_of(FLAT * 60))


def test_what_is_no_strategy_is_refused(bars_of):
    with pytest.raises(
        ConfigError, match=r"must be a Strategy such as iq\.strategies\.BuyAndHold\(\), was str 'breakout'"
    ):
        iq.backtest("breakout", bars_of(FLAT * 60))


def test_what_are_no_bars_is_refused():
    with pytest.raises(
        DataError, match=r"must be a symbol, Bars, a History, a Panel or symbols, was list; iq\.load_bars"
    ):
        iq.backtest(iq.strategies.BuyAndHold(), [1.0, 2.0])


def test_adjusted_bars_are_no_prices_to_fill_at(bars_of):
    with pytest.raises(DataError, match="these bars are total-adjusted; nobody could trade at such prices"):
        iq.backtest(iq.strategies.BuyAndHold(), bars_of(FLAT * 5).adjusted("total"))


@pytest.mark.parametrize(
    ("strategy", "needed"),
    [
        (iq.strategies.BuyAndHold(), 2),
        (iq.strategies.Crossover(fast=2, slow=5), 7),
        (iq.strategies.Breakout(entry_window=4, exit_window=6), 8),
    ],
)
def test_a_run_needs_the_warmup_a_deciding_and_a_filling_bar(bars_of, strategy, needed):
    with pytest.raises(
        InsufficientDataError, match=rf"needs {needed} bars to decide and fill once, TEST has {needed - 1}"
    ):
        iq.backtest(strategy, bars_of(FLAT * (needed - 1)))
    assert len(iq.backtest(strategy, bars_of(FLAT * needed)).bars) == needed


def test_an_option_out_of_range_is_refused(bars_of):
    with pytest.raises(ConfigError, match="weight must lie in"):
        iq.backtest(iq.strategies.BuyAndHold(), bars_of(FLAT * 5), weight=95)


def test_a_history_is_traded_in_its_main_symbol_against_its_benchmark(bars_of):
    stock, index = bars_of(FLAT * 10, symbol="STOCK"), bars_of(FLAT * 12, symbol="INDEX")
    history = iq.History.of(stock, benchmark=index)
    result = iq.backtest(iq.strategies.BuyAndHold(), history)
    assert result.bars is stock
    # Cut to the ten days of the run.
    assert (result.benchmark.bars.symbol, len(result.benchmark.bars)) == ("INDEX", 10)


def test_a_symbol_is_loaded(gspc):
    assert iq.backtest(iq.strategies.BuyAndHold(), "^GSPC").bars.fingerprint == gspc.fingerprint


def test_the_opening_capital_buys_half_at_the_next_open(bars_of):
    # Decided at 100, filled at 102: floor(0.5 x 100,000 / 100) = 500 shares cost 51,000.
    bars = bars_of([(100, 101, 99, 100), (102, 104, 101, 103), (104, 106, 103, 105)])
    result = iq.backtest(iq.strategies.BuyAndHold(), bars, weight=0.5, costs=FREE, end="mark")
    assert result.fills.loc[0, ["quantity", "price"]].tolist() == [500, 102]
    assert result.equity["equity"].tolist() == [100_000, 100_000, 100_500, 101_500]


def test_costs_have_documented_defaults_that_are_not_zero(bars_of):
    result = iq.backtest(iq.strategies.BuyAndHold(), bars_of(FLAT * 3))
    assert (result.options.costs.commission_rate, result.options.costs.slippage_bps) == (0.001, 5.0)
    assert result.fills["fee"].gt(0).all()


def test_every_option_of_a_run_can_be_given(bars_of):
    # One keyword for each field, in the signature that completion and help read.
    keywords = set(inspect.signature(engine.backtest).parameters)
    assert keywords >= {field.name for field in dataclasses.fields(RunOptions)} | {"rules"}
    assert set(OptionArguments.__annotations__) == {field.name for field in dataclasses.fields(RunOptions)} | {"rules"}
    result = iq.backtest(iq.strategies.BuyAndHold(), bars_of(FLAT * 3))
    assert result.options == RunOptions()


def test_a_short_and_idle_run_says_what_it_cannot_show(bars_of):
    rising = [(100 + day, 103 + day, 99 + day, 102 + day) for day in range(40)]
    result = iq.backtest(iq.strategies.Crossover(fast=1, slow=2), bars_of(rising))
    assert codes(result) == ["no_out_of_sample", "impact_not_modelled", "few_trades", "under_one_year"]
    texts = {note.code: note.text for note in result.notes}
    assert texts["few_trades"].startswith("0 closed round trip(s), fewer than 30")
    assert texts["under_one_year"].startswith("the period is 39 days")


def test_cautions_are_about_the_bars_that_were_used(gspc):
    used = [note.text for note in iq.backtest(iq.strategies.BuyAndHold(), gspc[-1000:]).notes]
    assert not any("1999" in text for text in used)
    assert any("dividends not included" in text for text in used)


def test_prices_that_a_vendor_adjusted_are_flagged(bars_of):
    result = iq.backtest(iq.strategies.BuyAndHold(), bars_of(FLAT * 3, price_basis="vendor_total"))
    assert "vendor_adjusted_prices" in codes(result)


def test_notes_of_the_passport_are_inherited(bars_of):
    note = Note(code="hand_typed", text="typed from a newspaper")
    assert note in iq.backtest(iq.strategies.BuyAndHold(), bars_of(FLAT * 3, notes=(note,))).notes


def test_bars_without_volume_are_counted_and_fill_nothing(bars_of):
    bars = bars_of([(100, 101, 99, 100, 9), (100, 100, 100, 100, 0), (103, 104, 102, 103, 9)])
    result = iq.backtest(iq.strategies.BuyAndHold(), bars, costs=FREE, end="mark", max_volume_participation=None)
    assert "zero_volume" in codes(result)
    assert result.fills["ts"].tolist() == [bars.index[2]]
    assert result.log["event"].tolist() == ["no trade in bar: order carried"]


def test_entries_that_cash_does_not_cover_are_counted_in_a_note(bars_of):
    # All of 100,000 at 100 is 1,000 shares, which the next open of 101 makes too dear.
    bars = bars_of([(100, 101, 99, 100), (101, 102, 100, 101), (101, 102, 100, 101)])
    result = iq.backtest(iq.strategies.BuyAndHold(), bars, weight=1.0, insufficient="reject", end="mark")
    texts = {note.code: note.text for note in result.notes}
    # Buying and holding decides once.
    assert texts["entries_rejected"] == "1 entry order(s) were rejected: the cash did not cover them"
    assert result.trades.empty


def test_entries_below_one_lot_are_counted_in_a_note(bars_of):
    # 10 % of 500 buys half a share of 100.
    result = iq.backtest(iq.strategies.BuyAndHold(), bars_of(FLAT * 3), initial_capital=500.0)
    texts = {note.code: note.text for note in result.notes}
    assert texts["entries_too_small"] == "1 entry order(s) were skipped: the weight buys less than one lot"


@dataclass(frozen=True, kw_only=True)
class EveryOtherDay(Strategy):
    """A strategy of the user's own, without a compiled rule."""

    @property
    def warmup(self) -> int:
        return 0

    def decide(self, bars):
        decisions = np.zeros(len(bars), dtype=np.int8)
        decisions[::4] = 1
        decisions[2::4] = -1
        return decisions


def test_a_strategy_of_ones_own_needs_only_decisions(bars_of):
    result = iq.backtest(EveryOtherDay(), bars_of(FLAT * 9), costs=FREE)
    # Bought in bars 1 and 5, sold in bars 3 and 7; the decision of bar 8, the last, is dropped.
    assert result.trades["bars_held"].tolist() == [2, 2]
    assert "signal_after_last_bar" in codes(result)


def test_exposure_counts_the_closes_with_a_position(bars_of):
    # Long at the closes of bars 1, 2, 5 and 6 of nine.
    result = iq.backtest(EveryOtherDay(), bars_of(FLAT * 9), costs=FREE)
    assert result.summary.loc["Exposure", "value"] == pytest.approx(4 / 9)


def test_the_risk_free_rate_is_taken_off_the_sharpe_ratio_of_run_and_benchmark(bars_of):
    # Bought at the open of bar 1. Returns: 0, 0, then fifteen times 2 % and -1 %; a day's risk-free return is 0.1 %.
    closes = 100 * np.cumprod([1.0, 1.0, *[1.02, 0.99] * 15])
    bars = bars_of(
        [
            (before, max(before, close), min(before, close), close)
            for before, close in zip([100, *closes], closes, strict=False)
        ]
    )
    result = iq.backtest(
        iq.strategies.BuyAndHold(),
        bars,
        risk_free=1.001**365 - 1,
        weight=1.0,
        lot=None,
        posting_rounding=None,
        costs=FREE,
        end="mark",
    )
    mean = 15 * 0.01 / 32
    variance = (15 * (0.02**2 + 0.01**2) - 32 * mean**2) / 31
    expected = (mean - 0.001) / variance**0.5 * 365**0.5
    assert expected == pytest.approx(4.7578, abs=1e-4)
    assert result.summary.loc["Sharpe ratio", "value"] == pytest.approx(expected, rel=1e-9)
    assert result.benchmark.summary.loc["Sharpe ratio", "value"] == pytest.approx(expected, rel=1e-9)
    assert (
        result.benchmark.convention == result.convention == Convention(periods_per_year=365, risk_free=1.001**365 - 1)
    )


def test_equal_runs_are_equal_and_give_the_same_bytes(bars_of, tmp_path):
    bars = bars_of(FLAT * 9)
    one, two = (iq.backtest(EveryOtherDay(), bars) for _ in range(2))
    assert one == two
    assert hash(one) == hash(two)
    assert one != iq.backtest(EveryOtherDay(), bars, weight=0.2)


def test_the_manifest_names_versions_data_and_parameters(bars_of):
    bars = bars_of(FLAT * 9)
    manifest = iq.backtest(iq.strategies.Crossover(fast=1, slow=2), bars, stop_loss=0.1).manifest
    assert manifest.code_version == iq.__version__
    assert manifest.data == {"bars TEST": bars.fingerprint}
    assert manifest.parameters["strategy"] == {"name": "Crossover", "fast": 1, "slow": 2}
    assert manifest.parameters["options"]["stop_loss"] == 0.1
    assert manifest.seed is None


def test_bars_and_benchmark_of_one_symbol_keep_their_own_fingerprints(bars_of, tmp_path):
    traded, held = bars_of(FLAT * 9), bars_of([(50.0, 51.0, 49.0, 50.0)] * 9)
    result = iq.backtest(iq.strategies.BuyAndHold(), traded, benchmark=held)
    assert result.manifest.data == {"bars TEST": traded.fingerprint, "benchmark TEST": held.fingerprint}
    loaded = iq.load_result(result.save(tmp_path / "two.iq"))
    for each in (result, loaded):
        lines = {fact.label: fact.value for fact in each.provenance()}
        assert lines["SHA-256 of these"] == traded.fingerprint[:16]
        assert lines["SHA-256 of the benchmark"] == held.fingerprint[:16]
        assert lines["Benchmark"] == (
            "buy and hold TEST, 1d bars from test (file), 2024-01-01 to 2024-01-09, 9 bars, USD"
        )


@pytest.mark.parametrize(
    ("traded", "held", "mark"),
    [
        ("file", "file", None),
        ("file", "sample", "SAMPLE"),
        ("sample", "file", "SAMPLE"),
        ("sample", "synthetic", "SYNTHETIC"),
        ("synthetic", "sample", "SYNTHETIC"),
    ],
)
def test_a_result_bears_the_mark_of_its_bars_and_of_its_benchmark(bars_of, traded, held, mark):
    bars, index = bars_of(FLAT * 9, provenance=traded), bars_of(FLAT * 9, symbol="INDEX", provenance=held)
    assert iq.backtest(iq.strategies.BuyAndHold(), bars, benchmark=index).watermark == mark


def test_cautions_about_a_benchmark_are_named_after_it(bars_of):
    typed = Note(code="hand_typed", text="typed from a newspaper")
    index = bars_of(
        [(100, 101, 99, 100, 9), (100, 100, 100, 100, 0), (103, 104, 102, 103, 9)], symbol="INDEX", notes=(typed,)
    )
    result = iq.backtest(iq.strategies.BuyAndHold(), bars_of(FLAT * 3, notes=(typed,)), benchmark=index)
    texts = [note.text for note in result.notes]
    assert texts[:3] == [
        "typed from a newspaper",
        "benchmark INDEX: typed from a newspaper",
        "benchmark INDEX: 1 bar(s) have zero volume; no order fills in them unless zero_volume='ignore'",
    ]
    # A benchmark with the same bars has nothing of its own to say.
    same = bars_of(FLAT * 3, notes=(typed,))
    assert not any(
        "benchmark" in note.text for note in iq.backtest(iq.strategies.BuyAndHold(), same, benchmark=same).notes
    )


def test_warmup_compiles_every_loop_and_rule():
    # The eight rules of the package; two small loops, the general one, that of weights; pairing, moments and a sweep.
    assert engine.warmup() == 15
    kernels = [
        general_kernel.simulate,
        portfolio_kernel.simulate_weights,
        pairing.pair,
        sweep_kernels.simulate_strategies,
    ]
    assert all(compiling.is_ready(each) for each in (*running.LOOPS, *kernels))
    assert all(compiling.is_ready(getattr(rules, name)) for name in rules.__all__)


def test_a_first_run_shows_what_it_compiles(bars_of, monkeypatch):
    bars = bars_of([(10, 11, 9, 10)] * 5)
    monkeypatch.setattr(warming.compiling, "is_ready", lambda each: each is not general_kernel.simulate)
    assert warming.jobs_of(BuyAndHold(), bars, iq.RunOptions()) == []
    general = warming.jobs_of(BuyAndHold(), bars, iq.RunOptions(allow_short=True, borrow_rate=0.0))
    assert general == warming.jobs_of(BuyAndHold(), Panel.of([bars]), iq.RunOptions())
    assert len(general) == 1
    plain = {"lot": None, "posting_rounding": None, "max_volume_participation": None, "rebalance": 2}
    assert warming.jobs_of(BuyAndHold(), Panel.of([bars]), iq.RunOptions(**plain)) == []


def test_a_level_that_the_user_gives_takes_the_place_of_the_one_a_strategy_asks_for(gspc):
    # DonchianTrend asks for a stop of two ranges and a trail of two ranges.
    strategy = iq.strategies.DonchianTrend()
    assert {"atr_stop"} <= set(strategy.run_options)
    options = iq.backtest(strategy, gspc[-600:], stop_loss=0.05).options
    assert (options.stop_loss, options.atr_stop) == (0.05, None)
    assert iq.backtest(strategy, gspc[-600:]).options.atr_stop == strategy.run_options["atr_stop"]


def test_a_strategy_that_only_gives_orders_needs_neither_a_rule_nor_decisions(bars_of):
    @dataclass(frozen=True, kw_only=True)
    class OneLimit(Strategy):
        warmup = 0

        def signals(self, bars):
            return [iq.Signal(bar=0, side="buy", order_type="limit", limit_price=98.0, quantity=10)]

    prices = [(100, 101, 99, 100, 9_000), (99, 100, 97, 98, 9_000), (98, 99, 97.5, 98, 9_000)]
    result = iq.backtest(OneLimit(), bars_of(prices), costs=iq.Costs(commission_rate=0, slippage_bps=0))
    # The low of the second bar goes through 98; the last close is 98.
    assert result.fills[["quantity", "price", "reason"]].to_numpy().tolist() == [
        [10.0, 98.0, "limit"],
        [10.0, 98.0, "end_of_data"],
    ]


def test_a_schedule_is_for_weights_and_refused_beside_the_decisions_of_a_single_symbol(gspc):
    with pytest.raises(
        ConfigError, match="schedule of fixed weights, which BuyAndHold holds; Crossover decides itself"
    ):
        iq.backtest(iq.strategies.Crossover(), gspc[-300:], rebalance="month_start")
    held = iq.backtest(
        iq.strategies.BuyAndHold(), gspc[-300:], symbol_weights={"^GSPC": 0.5}, rebalance="month_start", band=0.0
    )
    assert held.panel.symbols == ("^GSPC",)
    assert len(held.fills) > 3
