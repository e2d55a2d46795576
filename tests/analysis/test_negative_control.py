"""On shares whose prices know nothing of their companies, what the engines say together predicts nothing."""

import numpy as np
import pytest
from scipy import stats

import investiq as iq

HORIZON = 5
SYMBOLS = ("SYN001", "SYN002", "SYN003", "SYN004", "SYN005")
NAMES = ("score", "short_term_score", "long_term_score", "confidence")


@pytest.fixture(scope="module")
def pairs():
    """Scores and the total return of the five sessions after them, every fifth session, by symbol."""
    found = {}
    for symbol in SYMBOLS:
        analysis = iq.analyze(symbol)
        close = analysis.bars.adjusted("total").close
        ahead = np.full(close.size, np.nan)
        ahead[:-HORIZON] = close[HORIZON:] / close[:-HORIZON] - 1
        rows = slice(252, None, HORIZON)
        found[symbol] = (analysis.table.iloc[rows], ahead[rows])
    return found


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_foretold_where_there_is_nothing_to_find(pairs, name):
    ranks, sizes = [], []
    for table, ahead in pairs.values():
        known = ~np.isnan(table[name].to_numpy()) & ~np.isnan(ahead)
        ranks.append(stats.spearmanr(table[name].to_numpy()[known], ahead[known]).statistic)
        sizes.append(known.sum())
    # Under independence a rank correlation of n pairs has deviation 1 / sqrt(n - 1).
    error = 1 / np.sqrt(sum(sizes) - len(sizes))
    assert sum(sizes) > 2_000
    assert abs(np.average(ranks, weights=sizes)) < 1.96 * error


def test_a_high_conviction_is_the_exception(pairs):
    share = np.mean([(table["conviction"] == "HIGH").mean() for table, _ in pairs.values()])
    assert 0 < share < 0.35
