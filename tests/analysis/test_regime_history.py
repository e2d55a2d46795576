"""Regimes of an analysis: stretches that tile the bars, and the returns that followed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.analysis.regime_history import regime_shares, regime_spells


@pytest.fixture(scope="module")
def analysis():
    return iq.analyze(iq.load_bars("^IXIC", start="2016", end="2017-12-31"))


def test_spells_tile_the_bars_and_no_two_neighbours_are_alike(analysis):
    spells = regime_spells(analysis)
    index = analysis.table.index
    assert spells["bars"].sum() == len(index)
    assert (spells["regime"].to_numpy()[1:] != spells["regime"].to_numpy()[:-1]).all()
    for row in spells.itertuples():
        stretch = analysis.table.loc[row.first : row.last, "regime"]
        assert len(stretch) == row.bars
        assert set(stretch) == {row.regime}


def test_what_followed_a_regime_is_the_return_of_the_next_bar(analysis):
    shares = regime_shares(analysis)
    close = pd.Series(analysis.bars.close, index=analysis.table.index)
    following = close.pct_change().shift(-1)
    for regime, row in shares.iterrows():
        known = following[analysis.table["regime"] == regime].dropna()
        assert row["observations"] == len(known)
        assert row["mean_return"] == pytest.approx(known.mean() * 252)
        assert row["volatility"] == pytest.approx(known.std() * np.sqrt(252))
    assert shares["share"].sum() == pytest.approx(1)
    assert shares["observations"].sum() == len(close) - 1
