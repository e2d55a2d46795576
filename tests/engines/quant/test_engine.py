import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

import investiq as iq
from investiq.engines.quant.engine import QuantEngine
from investiq.engines.quant.features import FEATURES, WORDS

ENGINE = QuantEngine()


@pytest.fixture(scope="module")
def quiet():
    """One row at which no rule fires: ranks in the middle, deviations of zero."""
    values = {
        **dict.fromkeys(FEATURES, 0.0),
        **{name: 0.5 for name in FEATURES if name.endswith(("_percentile", "_p"))},
        "sharpe_ratio": 0.5,
        "sortino_ratio": 0.5,
        "omega_ratio": 1.0,
        "beta": 1.0,
        "mean_reversion_half_life": np.nan,
        "hurst_exponent": 0.5,
        "hurst_lower": 0.432,
        "hurst_upper": 0.563,
        "recent_return": 0.01,
    }
    words = {"quant_benchmark": "^GSPC", "factor_source": "FF3", "risk_free_source": "constant"}
    head = {"known_at": pd.Timestamp("2020-01-02 21:00", tz="UTC"), "n_obs": 600}
    return pd.Series(head | values | words, name=pd.Timestamp("2020-01-02", tz="UTC"))


def says(row, **changes):
    return ENGINE.explain(pd.Series({**row, **changes}, name=row.name))


def fired(signal):
    return {each.name: each.direction * each.weight for each in signal.evidence}


def test_a_quiet_row_is_neutral(quiet):
    # 0.6 * 0.8 from 500 bars on, and half of 0.4: nobody votes.
    signal = says(quiet)
    assert (signal.score, signal.label, signal.reason) == (0.0, "Neutral", "no signal")
    assert signal.confidence == pytest.approx(0.48 + 0.2)


NAN = np.nan


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"momentum_factor_z": 1.01}, {"Strong 12-1 Momentum": 2}),
        ({"momentum_factor_z": 1.6}, {"Strong 12-1 Momentum": 3}),
        ({"momentum_factor_z": -2.6}, {"Weak 12-1 Momentum": -4}),
        ({"momentum_factor_z": 1.0, "momentum_factor": 0.5}, {}),
        ({"momentum_factor_z": NAN, "momentum_factor": 0.16}, {"Year Up": 2}),
        ({"momentum_factor_z": NAN, "momentum_factor": -0.16}, {"Year Down": -2}),
        ({"recent_return_percentile": 0.96}, {"Extreme 20-Bar Rise, May Turn": -2}),
        ({"recent_return_percentile": 0.95}, {"Extreme 20-Bar Rise, May Turn": -1}),
        ({"recent_return_percentile": 0.85}, {"20-Bar Rise": 2}),
        ({"recent_return_percentile": 0.70}, {}),
        ({"recent_return_percentile": 0.29}, {"20-Bar Fall": -2}),
        ({"recent_return_percentile": 0.15}, {"20-Bar Fall": -2}),
        ({"recent_return_percentile": 0.14}, {"Deep 20-Bar Fall, May Turn": 1}),
        ({"recent_return_percentile": 0.04}, {"Deep 20-Bar Fall, May Turn": 2}),
        ({"recent_return_percentile": NAN, "recent_return": 0.21}, {"Large Rise, May Turn": -2}),
        ({"recent_return_percentile": NAN, "recent_return": -0.11}, {"Large Fall, May Turn": 1}),
        ({"recent_return_percentile": NAN, "recent_return": 0.06}, {"Rise": 2}),
        ({"sharpe_percentile": 0.81, "sharpe_z": 1.2}, {"High Sharpe": 2}),
        ({"sharpe_percentile": 0.80, "sharpe_z": 1.2}, {}),
        ({"sharpe_percentile": 0.19, "sharpe_z": -0.8}, {"Low Sharpe": -1}),
        ({"sharpe_percentile": NAN, "sharpe_ratio": 1.1}, {"Good Sharpe": 3}),
        ({"sharpe_percentile": NAN, "sharpe_ratio": -0.1}, {"Negative Sharpe": -2}),
        ({"sortino_ratio": 1.9}, {"Good Sortino": 2}),
        ({"sortino_ratio": -0.1}, {"Negative Sortino": -2}),
        ({"omega_z": -1.1}, {"Low Omega": -2}),
        ({"hurst_regime": 1.0}, {"Hurst Favours a Rise": 2}),
        ({"hurst_regime": -1.0}, {"Hurst Favours a Fall": -2}),
        ({"hurst_regime": -1.0, "recent_return": -0.02}, {"Hurst Favours a Rise": 2}),
        ({"autocorrelation_z": 2.0}, {"Autocorrelation Favours a Rise": 3}),
        ({"autocorrelation_z": -2.0}, {"Autocorrelation Favours a Fall": -3}),
        ({"autocorrelation_z": 1.95}, {}),
        ({"mean_reversion_half_life": 4.0}, {"Half-Life Favours a Fall": -2}),
        ({"mean_reversion_half_life": 21.0}, {"Half-Life Favours a Rise": 1}),
        ({"mean_reversion_half_life": 10.0}, {}),
        ({"best_strategy": 1.0, "best_strategy_call": -1.0, "win_rate": 0.6}, {"Proven Rule Calls a Fall": -2}),
        ({"beta": 0.79}, {"Low Beta": 1}),
        ({"beta": 1.21}, {"High Beta": -1}),
        ({"low_vol_factor_z": -1.1}, {"Low Relative Volatility": 1}),
        ({"seasonality_p": 0.004, "seasonality_t": 3.4}, {"Good Season": 4}),
        ({"seasonality_p": 0.0042, "seasonality_t": 3.4}, {}),  # 0.05 / 12 = 0.00417
        # T-15: how risky a share is has no direction.
        ({"volatility_percentile": 0.99, "var_95_percentile": 0.99, "cvar_95_percentile": 0.99, "skewness": -2.0}, {}),
        (
            {"kelly_fraction": 5.0, "drawdown_percentile": 0.99, "garch_vol_ratio_percentile": 0.99, "jump_share": 0.2},
            {},
        ),
        ({"excess_kurtosis": 30.0, "rachev_ratio": 3.0}, {}),
    ],
)
def test_a_rule_fires_at_its_threshold_with_its_weight(quiet, changes, expected):
    assert fired(says(quiet, **changes)) == expected


def test_a_score_by_hand(quiet):
    # Momentum +3, risk-adjusted trend -2 - 2 capped at -4: 100 * (3 - 4) / 7 * 2 / 3. Agreement 4 / 7.
    signal = says(quiet, momentum_factor_z=1.6, sortino_ratio=-0.1, omega_z=-1.1)
    assert signal.votes == {"momentum": 3.0, "risk-adjusted trend": -4.0}
    assert signal.score == pytest.approx(-100 / 7 * 2 / 3)
    assert signal.confidence == pytest.approx(0.48 + 0.4 * 4 / 7)


@pytest.mark.parametrize(("known", "quality"), [(30, 0.2), (120, 0.4), (249, 0.4), (250, 0.6), (500, 0.8), (9000, 0.8)])
def test_confidence_grows_with_the_bars_known(quiet, known, quality):
    assert says(quiet, n_obs=known, momentum_factor_z=1.6).confidence == pytest.approx(min(0.6 * quality + 0.4, 0.95))


def test_fewer_than_thirty_bars_give_no_score_but_a_reason(quiet):
    signal = says(quiet, n_obs=29, momentum_factor_z=2.0)
    assert np.isnan(signal.score)
    assert signal.reason == "the quant engine needs 30 bars, 29 are known"
    assert signal.label is None


def test_what_is_missing_has_its_reason(sample):
    bars = sample[:600]
    signal = ENGINE.explain(ENGINE.features(iq.History.of(bars, benchmark=bars)).iloc[-1])
    assert signal.missing["beta"] == "the symbol is its own benchmark"
    alone = ENGINE.explain(ENGINE.features(iq.History.of(sample[:300])).iloc[-1])
    assert alone.missing["beta"] == "the history names no benchmark"
    assert "FF3" in alone.missing["factor_alpha"]
    assert "fewer than 500 returns" in alone.missing["garch_persistence"]
    assert np.isfinite(alone.metrics["garch_forecast_vol"])


@pytest.mark.parametrize("shape", ["flat", "rising evenly", "rising only", "to and fro"])
def test_nothing_is_missing_without_a_reason_where_the_past_is_long(history_of, shape):
    bars = np.arange(1200.0)
    close = {
        "flat": np.full(1200, 10.0),
        "rising evenly": 10 * 1.001**bars,
        "rising only": 10 * np.cumprod(1.0005 + np.abs(np.random.default_rng(0).normal(0, 0.01, 1200))),
        "to and fro": 100 + bars % 2,
    }[shape]
    features = ENGINE.features(history_of(close, spread=1e-3))
    # Seasons take years.
    own = {name: why for name, why in ENGINE.explain(features.iloc[-1]).missing.items() if "season" not in name}
    assert own
    assert [name for name, why in own.items() if not why] == []


def test_a_lean_to_the_left_is_marked_and_does_not_vote(quiet):
    assert says(quiet, skewness=-0.6).tags == ("CRASH RISK",)
    assert says(quiet, skewness=0.6).tags == ("LOTTERY",)
    assert says(quiet, beta_stability_p=0.01).tags == ("BETA CHANGED",)


@pytest.fixture(scope="module")
def scored(sample):
    history = iq.History.of(sample[-1200:], benchmark=iq.load_bars("^IXIC"))
    features = ENGINE.features(history)
    return features, ENGINE.score(features)


def test_a_single_row_is_scored_and_explained_as_in_the_whole_table(scored):
    features, scores = scored
    for row in (10, 29, 60, 300, 700, 1199):
        np.testing.assert_array_equal(ENGINE.score(features.iloc[[row]]).iloc[0], scores.iloc[row])
        signal = ENGINE.explain(features.iloc[row])
        np.testing.assert_array_equal([signal.score, signal.confidence], scores.iloc[row, :2])
        assert len(signal.evidence) == scores["signal_count"].iloc[row]
        assert all(each.text and "nan" not in each.text for each in signal.evidence)
        assert set(signal.words) == set(WORDS)


def test_every_feature_of_a_panel_exists():
    lines = [line for panel in ENGINE.panels for line in panel.lines]
    assert {line.feature for line in lines} <= set(FEATURES)
    assert {line.rank for line in lines} - {""} <= set(FEATURES)


@pytest.fixture(scope="module")
def walks(history_of):
    """Scores and the return of the next five bars on six random walks, at every fifth bar."""
    scores, nexts, tables = [], [], []
    for seed in range(6):
        close = 100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0.0, 0.01, 1200)))
        table = ENGINE.features(history_of(close, spread=0.0))
        score = ENGINE.score(table)["score"].to_numpy()
        scores.append(score[400:1195:5])
        nexts.append((close[405:1200:5] / close[400:1195:5] - 1)[: scores[-1].size])
        tables.append(table)
    return np.concatenate(scores), np.concatenate(nexts), pd.concat(tables)


def test_the_score_forecasts_nothing_on_random_walks(walks):
    # 954 pairs without overlap: the error of a rank correlation of none is 0.032; 3 errors.
    scores, nexts, _ = walks
    assert abs(spearmanr(scores, nexts).statistic) < 3 / np.sqrt(scores.size - 1)


def test_rules_fire_on_random_walks_as_often_as_they_say(walks):
    # T-2 and T-14 as a whole: ranks at their share (of values that overlap), tests at their level.
    _, _, table = walks
    late = table[table["n_obs"] > 800]
    assert (late["sharpe_percentile"] > 0.8).mean() == pytest.approx(0.2, abs=0.1)
    assert (late["volatility_percentile"] > 0.85).mean() == pytest.approx(0.15, abs=0.06)
    assert (late["drawdown_percentile"] > 0.85).mean() < 0.35
    # Two-sided 5 %; windows overlap, so 6 walks are some 10 independent ones: 3 errors of 5 %.
    assert (late["autocorrelation_z"].abs() > 1.96).mean() < 0.2
    assert (late["hurst_regime"] != 0).mean() < 0.2
    # Two exact tests at 2.5 % each, of which only one side counts.
    assert (late["best_strategy"] != 0).mean() < 0.1
