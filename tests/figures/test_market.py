"""The market's charts show the numbers of the overview."""

from __future__ import annotations

import numpy as np
import pytest

import investiq as iq
from investiq.core.errors import DataError
from investiq.figures import market, market_ranks


@pytest.fixture(scope="module")
def overview():
    return iq.market_overview(["SYN001", "SYN002", "SYN003", "SYN004"], as_of="2018-12-31")


@pytest.fixture(scope="module")
def index():
    return iq.market_overview(["^GSPC"], as_of="2018-12-31")


def test_the_regime_is_drawn_by_volatility_and_direction(overview):
    figure = market.market_chart(overview, bars=300)
    regimes = overview.main.regimes["regime"].to_numpy()[-300:]
    by_name = {trace.name: trace for trace in figure.data}
    heights = {"low": 1.0, "normal": 2.0, "high": 3.0}
    for direction in ("bear", "sideways", "bull"):
        expected = [heights[name.split("_")[0]] if name.endswith(direction) else 0.0 for name in regimes]
        assert np.array_equal(by_name[direction].y, expected)


def test_breadth_is_drawn_as_it_was_counted(overview):
    figure = market.market_chart(overview, bars=50)
    by_name = {trace.name: trace for trace in figure.data}
    assert np.array_equal(by_name["above 50-bar average"].y, overview.main.breadth["above_short"].to_numpy()[-50:])
    assert np.array_equal(-by_name["new 52-week lows"].y, overview.main.breadth["new_lows"].to_numpy()[-50:])


def test_the_strongest_stands_on_top(overview):
    [bars] = market_ranks.strength_rank(overview).data
    assert list(bars.y) == list(overview.main.members.index)
    [year] = market_ranks.strength_rank(overview, window="1y").data
    assert list(year.x) == sorted(overview.main.members["1y"], reverse=True)


def test_a_ranking_is_titled_by_its_measure(overview):
    blend, year = (market_ranks.strength_rank(overview, window=name).layout.title.text for name in ("momentum", "1y"))
    assert blend == "Momentum rank (10 % 1 session, 30 % 1 week, 60 % 1 month)"
    assert year == "Returns over 252 sessions, ranked"


def test_every_cell_of_the_map_writes_its_return(overview):
    [cells] = market_ranks.returns_map(overview).data
    symbol = cells.y[0]
    assert cells.text[0][2] == f"{overview.main.members.loc[symbol, '1m']:+.1%}"
    assert np.nanmax(np.abs(np.asarray(cells.z, dtype=float)), axis=0) == pytest.approx(1.0)


def test_what_is_missing_is_refused_with_the_reason(index):
    with pytest.raises(DataError, match="indices belong to no sector"):
        market_ranks.returns_map(index, by="sector")
    with pytest.raises(DataError, match="found 1"):
        market_ranks.co_movement_map(index)


def test_correlations_of_few_symbols_are_their_own(overview):
    [cells] = market_ranks.co_movement_map(overview).data
    assert np.array_equal(np.asarray(cells.z), overview.main.comovement.matrix.to_numpy())


def test_the_index_of_volatility_is_drawn_in_points(index):
    figure = market.volatility_level_chart(index)
    # The close of 2018-12-28 was published on the 31st.
    assert figure.data[0].y[-1] == 28.34
    assert figure.data[0].name == "^VIX, close"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_digest_draws_moves_in_usual_days(theme):
    digest = iq.daily_close("sample indices", session="2018-12-26", signals=0)
    [bars] = digest.figure(theme=theme).data
    assert list(bars.x) == digest.moves["z"].tolist()
    assert bars.text[0].startswith("▲ +")
