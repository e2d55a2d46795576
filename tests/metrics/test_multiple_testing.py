import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.multitest import multipletests

from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.metrics.multiple_testing import adjust_p_values

# Benjamini and Hochberg (1995), section 3.3: the fifteen p-values of a trial of thrombolysis.
PAPER = np.array(
    [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1.0,
    ]
)
NAMES = {"bonferroni": "bonferroni", "holm": "holm", "bh": "fdr_bh", "by": "fdr_by"}


@pytest.mark.parametrize(("method", "rejections"), [("bonferroni", 3), ("holm", 3), ("bh", 4), ("by", 3)])
def test_rejections_of_the_paper(method, rejections):
    found = adjust_p_values(PAPER, method)
    assert found.rejected.sum() == rejections
    assert found.rejected[:rejections].all()


def test_the_fourth_p_value_of_the_paper_is_0_0356():
    assert adjust_p_values(PAPER, "bh").adjusted[3] == pytest.approx(0.0095 * 15 / 4, rel=1e-12)
    assert adjust_p_values(PAPER, "bh").adjusted[3] == pytest.approx(0.0356, abs=5e-5)


@pytest.mark.parametrize("method", list(NAMES))
def test_values_in_any_order_agree_with_statsmodels(method):
    shuffled = np.random.default_rng(2).permutation(np.append(PAPER, [0.0095, 0.0278]))  # with ties
    found = adjust_p_values(shuffled, method, level=0.1)
    rejected, adjusted, *_ = multipletests(shuffled, alpha=0.1, method=NAMES[method])
    assert found.adjusted == pytest.approx(adjusted, rel=1e-12)
    assert (found.rejected == rejected).all()


def test_holm_rejects_in_steps():
    # 3 x 0.01 = 0.03; then 2 x 0.03 = 0.06, which the 0.04 behind it cannot fall below.
    assert adjust_p_values(np.array([0.04, 0.01, 0.03]), "holm").adjusted == pytest.approx([0.06, 0.03, 0.06])


def test_a_series_keeps_its_index():
    found = adjust_p_values(pd.Series([0.2, 0.001], index=["fast", "slow"]), "bonferroni")
    assert found.adjusted.to_dict() == {"fast": 0.4, "slow": 0.002}
    assert found.rejected.to_dict() == {"fast": False, "slow": True}


def test_one_p_value_is_its_own_adjustment():
    for method in NAMES:
        assert adjust_p_values(np.array([0.03]), method).adjusted == pytest.approx([0.03])


def test_a_list_of_p_values_is_adjusted_like_an_array():
    # Bonferroni of two: 0.02 and 0.4.
    assert adjust_p_values([0.01, 0.2], "bonferroni").adjusted == pytest.approx([0.02, 0.4])  # type: ignore[arg-type]


def test_what_is_no_p_value_is_refused():
    with pytest.raises(DataError, match=r"2 of 4 p-values are NaN or outside \[0, 1\]"):
        adjust_p_values(np.array([0.1, np.nan, 2.0, 1.0]))
    with pytest.raises(InsufficientDataError, match="no p-value"):
        adjust_p_values(np.array([]))
    with pytest.raises(ConfigError, match=r"did you mean 'bonferroni'"):
        adjust_p_values(PAPER, "bonferoni")
    with pytest.raises(ConfigError, match="was 5"):
        adjust_p_values(PAPER, level=5)
    with pytest.raises(DataError, match="expected 1"):
        adjust_p_values(np.ones((2, 2)))
