"""Strategies compared: the same conditions for all, numbers that pandas confirms, and doubt where there is some."""

from __future__ import annotations

import numpy as np
import pytest

import investiq as iq
from investiq.core.errors import ConfigError, DataError
from investiq.strategies import Breakout, BuyAndHold, Crossover

YEAR = 252


@pytest.fixture(scope="module")
def bars():
    return iq.load_bars("^GSPC", start="2016", end="2017-12-31")


@pytest.fixture(scope="module")
def comparison(bars):
    costs = iq.Costs(commission_rate=0.0005, slippage_bps=5)
    chosen = {"slow": Crossover(fast=10, slow=30), "fast": Crossover(fast=5, slow=15)}
    return iq.compare_strategies(chosen, bars, weight=1.0, lot=None, costs=costs, draws=200, seed=3)


def test_every_account_has_the_same_bars_costs_and_convention(comparison):
    first, *others = comparison.accounts.values()
    assert list(comparison.accounts) == ["slow", "fast", "Buy and hold ^GSPC"]
    for each in others:
        assert each.bars.fingerprint == first.bars.fingerprint
        assert (each.options.costs, each.convention) == (first.options.costs, first.convention)


def test_return_and_drawdown_are_those_of_the_equity(comparison):
    for name, result in comparison.accounts.items():
        equity = result.equity["equity"]
        assert comparison.number("Total return", name) == pytest.approx(equity.iloc[-1] / equity.iloc[0] - 1)
        assert comparison.number("Max drawdown", name) == pytest.approx((equity / equity.cummax() - 1).min())


def test_a_difference_is_that_of_the_annual_sharpe_ratios(comparison):
    # Population deviations, as in Ledoit and Wolf (2008).
    ratios = {
        name: result.returns.mean() / result.returns.std(ddof=0) * np.sqrt(YEAR)
        for name, result in comparison.accounts.items()
    }
    for row in comparison.differences.to_dict("records"):
        assert row["difference"] == pytest.approx(ratios[row["first"]] - ratios[row["second"]])
        assert row["low"] < row["difference"] < row["high"]


def test_each_p_value_is_adjusted_for_the_number_of_pairs(comparison):
    # Holm: the smallest of three times 3, the next times 2, the last times 1, and none below the one before.
    pairs = comparison.differences.sort_values("p_value")
    expected = np.minimum(np.maximum.accumulate(pairs["p_value"].to_numpy() * [3, 2, 1]), 1)
    np.testing.assert_allclose(pairs["adjusted"], expected)
    assert not pairs["is_beyond_doubt"].any()
    assert (pairs["better"] == "").all()


def test_correlations_are_those_of_the_returns_per_bar(comparison):
    slow, fast = (comparison.results[name].returns.to_numpy() for name in ("slow", "fast"))
    assert comparison.correlations.loc["slow", "fast"] == pytest.approx(np.corrcoef(slow, fast)[0, 1])


def test_all_strategies_are_trials_of_one_study(comparison):
    assert set(comparison.evidence["study"]) == {"comparison of strategies on ^GSPC"}
    assert (comparison.evidence["trials"] >= 2).all()


def test_a_difference_that_chance_cannot_make_is_beyond_doubt(bars_of):
    # Five days up, so that there is a crossing down, then two years that fall by 1 % a day, give or take a half: the
    # short gains what the holder loses.
    drops = np.concatenate((np.full(5, 0.01), -0.01 + 0.005 * np.sin(np.arange(500))))
    falling = bars_of([[each] * 4 for each in 100 * np.cumprod(1 + drops)])
    found = iq.compare_strategies(
        {"short": Crossover(fast=1, slow=2), "held": BuyAndHold()},
        falling,
        weight=1.0,
        lot=None,
        allow_short=True,
        reverse=True,
        draws=200,
        quality="any",
    )
    pairs = found.differences.set_index(["first", "second"])
    assert pairs.loc[("short", "held"), "better"] == "short"
    assert "beyond doubt: short" in str(found)


def test_an_account_against_itself_has_no_difference_and_says_so(bars):
    found = iq.compare_strategies([BuyAndHold(), Crossover(fast=5, slow=15)], bars, weight=1.0, lot=None, draws=200)
    pairs = found.differences.set_index(["first", "second"])
    own = pairs.loc[("BuyAndHold", "Buy and hold ^GSPC")]
    assert np.isnan(own["difference"])
    assert "nothing to test" in own["reason"]
    assert not own["is_beyond_doubt"]


def test_notes_of_one_run_bear_its_name(comparison):
    texts = [note.text for note in comparison.notes]
    ignored = [text for text in texts if "sell signal(s)" in text]
    assert all(text.startswith(("slow: ", "fast: ")) for text in ignored)


def test_results_are_compared_as_they_are(bars):
    runs = [iq.backtest(Crossover(fast=fast, slow=30), bars, weight=1.0, lot=None) for fast in (5, 10)]
    found = iq.compare_strategies(runs, draws=100)
    assert list(found.results) == ["Crossover (fast 5, slow 30)", "Crossover (fast 10, slow 30)"]
    assert found.first is runs[0]


def test_results_over_other_bars_or_at_other_costs_are_refused(bars):
    one = iq.backtest(Crossover(fast=5, slow=30), bars)
    later = iq.backtest(Crossover(fast=5, slow=30), iq.load_bars("^GSPC", start="2017", end="2017-12-31"))
    dearer = iq.backtest(Crossover(fast=5, slow=30), bars, costs=iq.Costs(slippage_bps=50))
    with pytest.raises(DataError, match="ran over other data than"):
        iq.compare_strategies([one, later])
    with pytest.raises(ConfigError, match="has another costs than"):
        iq.compare_strategies([one, dearer])


def test_what_cannot_be_compared_is_refused_in_words(bars):
    ran = iq.backtest(Crossover(fast=5, slow=30), bars)
    with pytest.raises(ConfigError, match="needs two strategies, was given 1"):
        iq.compare_strategies([Breakout()], bars)
    with pytest.raises(ConfigError, match="strategies need data"):
        iq.compare_strategies([Breakout(), Crossover()])
    with pytest.raises(ConfigError, match="are mixed: Crossover ran already"):
        iq.compare_strategies([ran, Breakout()], bars)
    with pytest.raises(ConfigError, match="bring their own data"):
        iq.compare_strategies([ran, ran], bars)
    with pytest.raises(ConfigError, match="must be a strategy such as"):
        iq.compare_strategies(["Breakout", "Crossover"], bars)


def test_the_figure_has_three_panes_with_every_account(comparison):
    figure = comparison.figure(theme="dark")
    assert len(figure.data) == 9
    assert figure.layout.yaxis.type == "log"
    held = next(trace for trace in figure.data if trace.name.startswith("Buy and hold"))
    equity = comparison.benchmark.equity["equity"].to_numpy()
    np.testing.assert_allclose(held.y, equity[1:] / equity[0], rtol=1e-6)
    with pytest.raises(ConfigError, match="window must lie in 20 to the"):
        comparison.figure(window=5)


def test_text_and_page_show_the_same_numbers(comparison):
    shown = comparison.text_of("Sharpe ratio", "slow")
    assert shown in str(comparison)
    assert shown in comparison._repr_html_()
