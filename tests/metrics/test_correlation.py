import doctest
import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

import investiq as iq
from investiq.core import calendar
from investiq.core.errors import DataError
from investiq.market.building import build_bars
from investiq.metrics import correlation
from investiq.metrics.correlation import correlate


def bars_of(symbol, dates, close, market="XNYS"):
    ts, close = np.array(dates, dtype="datetime64[us]"), np.array(close, dtype=float)
    return build_bars(
        symbol=symbol,
        provider="test",
        provenance="file",
        interval="1d",
        calendar_name=market,
        ts=ts,
        known_at=calendar.known_at(ts, "1d", market),
        columns=dict.fromkeys(("open", "high", "low", "close"), close) | {"volume": np.full(close.size, 100.0)},
        price_basis="as_traded",
        known_at_rule="close",
        source="test",
    )


def returns_of(**columns):
    index = pd.date_range("2024-01-02", periods=len(next(iter(columns.values()))), freq="B", tz="UTC")
    return {name: pd.Series(values, index=index) for name, values in columns.items()}


FIVE = ["2018-07-02", "2018-07-03", "2018-07-05", "2018-07-06", "2018-07-09"]


def test_a_correlation_worked_by_hand():
    # x = 1, 2, 3 and y = 1, 3, 2 (per cent): offsets -1, 0, 1 and -1, 1, 0: 1 / sqrt(2 * 2) = 0.5.
    found = correlate(returns_of(x=[0.01, 0.02, 0.03], y=[0.01, 0.03, 0.02]))
    assert found.pairs[0].value == pytest.approx(0.5, abs=1e-15)
    assert found.diversification == pytest.approx(50.0, abs=1e-12)
    assert "standard error near 0.58" in found.pairs[0].reason


def test_each_unordered_pair_counts_once_and_by_size():
    # With z = -x: corr(x, y) = 0.5, corr(x, z) = -1, corr(y, z) = -0.5; mean size 2 / 3.
    found = correlate(returns_of(x=[0.01, 0.02, 0.03], y=[0.01, 0.03, 0.02], z=[-0.01, -0.02, -0.03]))
    assert [(pair.a, pair.b) for pair in found.pairs] == [("x", "y"), ("x", "z"), ("y", "z")]
    assert found.diversification == pytest.approx(100 / 3)
    assert found.matrix.loc["z", "x"] == found.matrix.loc["x", "z"] == pytest.approx(-1)
    assert np.diag(found.matrix).tolist() == [1.0, 1.0, 1.0]


def test_a_missing_bar_shifts_no_pair():
    # B moves as A does at twice the size and lacks 2018-07-03. Between common dates A returns 21 % over two sessions, then
    # 20 %, 25 %; B 42 %, 40 %, 50 %: exactly proportional. By position the last three of A would meet all three of B.
    a = bars_of("A", FIVE, [100, 110, 121, 145.2, 181.5])
    b = bars_of("B", [FIVE[0], *FIVE[2:]], [100, 142, 198.8, 298.2])
    found = correlate([a, b])
    assert found.pairs[0].count == 3
    assert found.pairs[0].value == pytest.approx(1, abs=1e-12)


def test_the_order_of_the_symbols_changes_nothing_within_a_market():
    panel = iq.load_panel(["SYN001", "SYN002", "SYN003"], start="2018")
    there = correlate(panel).matrix
    back = correlate([panel.bars(symbol) for symbol in reversed(panel.symbols)]).matrix
    pd.testing.assert_frame_equal(there, back.loc[there.index, there.columns])


def test_bars_agree_with_pandas_and_scipy_on_adjusted_closes():
    one, two = (iq.load_bars(symbol, start="2015") for symbol in ("SYN001", "SYN002"))
    left, right = (each.adjusted("total").frame["close"].pct_change().dropna() for each in (one, two))
    found = correlate([one, two], window=60)
    assert found.pairs[0].value == pytest.approx(scipy.stats.pearsonr(left, right).statistic, abs=1e-13)
    expected = left.rolling(60).corr(right)
    pd.testing.assert_series_equal(
        found.rolling["SYN001 / SYN002"], expected, check_names=False, check_freq=False, atol=1e-9
    )
    assert found.rolling.iloc[:59].isna().all().all()
    assert found.watermark == "SYNTHETIC"


@given(
    st.lists(st.tuples(st.floats(-0.2, 0.2), st.floats(-0.2, 0.2)), min_size=3, max_size=40).filter(
        lambda rows: all(np.std(column) > 1e-6 for column in zip(*rows, strict=True))
    )
)
def test_any_returns_agree_with_numpy_and_stay_within_one(rows):
    x, y = (list(column) for column in zip(*rows, strict=True))
    value = correlate(returns_of(x=x, y=y)).pairs[0].value
    assert -1 <= value <= 1
    assert value == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-9)


def test_the_second_market_is_seen_as_of_the_close_of_the_first():
    # Tokyo closes at 06:00Z, New York at 20:00Z of the same date. 2018-07-04 is a holiday in New York, 2018-07-16 in Tokyo.
    dates = ["2018-07-12", "2018-07-13", "2018-07-16", "2018-07-17", "2018-07-18"]
    york = bars_of("NY", dates, [100, 101, 102, 104, 103])
    tokyo = bars_of("TK", [each for each in dates if each != "2018-07-16"], [50, 51, 53, 50], "XTKS")
    found = correlate([york, tokyo])
    # On the 16th Tokyo has nothing new and no return of zero is invented: New York's spans 101 to 104.
    x, y = [1 / 100, 3 / 101, -1 / 104], [1 / 50, 2 / 51, -3 / 53]
    assert found.pairs[0].count == 3
    assert found.pairs[0].value == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-12)
    assert "different_markets" in {note.code for note in found.notes}


def test_from_tokyo_new_yorks_close_is_that_of_the_day_before():
    dates = ["2018-07-09", "2018-07-10", "2018-07-11", "2018-07-12", "2018-07-13"]
    york = bars_of("NY", dates, [100, 101, 103, 102, 104])
    tokyo = bars_of("TK", dates, [50, 51, 50, 52, 53], "XTKS")
    # At 06:00Z of the 10th the newest close of New York is of the 9th; before that there is none.
    x, y = [50 / 51 - 1, 52 / 50 - 1, 53 / 52 - 1], [101 / 100 - 1, 103 / 101 - 1, 102 / 103 - 1]
    pair = correlate([tokyo, york]).pairs[0]
    assert pair.count == 3
    assert pair.value == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-12)


def test_nasdaq_and_new_york_are_one_market():
    rows = [100, 101, 99, 102, 103]
    found = correlate([bars_of("A", FIVE, rows), bars_of("B", FIVE, rows, "XNAS")])
    assert found.pairs[0].value == pytest.approx(1)
    assert not found.notes or "different_markets" not in {note.code for note in found.notes}


def test_too_few_common_dates_give_nan_with_the_reason():
    a = bars_of("A", FIVE[:3], [100, 101, 99])
    b = bars_of("B", FIVE, [100, 101, 99, 98, 97])
    found = correlate([a, b])
    assert math.isnan(found.pairs[0].value)
    assert found.pairs[0].reason == "needs 3 returns on common dates, found 2"
    assert math.isnan(found.diversification)
    assert "n/a" in str(found)
    assert "no pair has a correlation" in str(found)


def test_series_without_a_common_date_are_no_error_and_no_zero():
    a, b = bars_of("A", FIVE[:2], [100, 101]), bars_of("B", FIVE[2:], [100, 101, 99])
    assert correlate([a, b]).pairs[0].count == 0
    assert "no pair of returns" in str(correlate([a, b]))


def test_a_constant_series_has_no_correlation():
    found = correlate(returns_of(x=[0.1, 0.1, 0.1, 0.1], y=[0.1, 0.2, 0.3, 0.1], z=[0.3, 0.1, 0.2, 0.2]))
    assert found.pairs[0].reason == "x never moves"
    # corr(y, z): offsets -.075, .025, .125, -.075 and .1, -.1, 0, 0: (-.0075 - .0025) / sqrt(.0275 * .02).
    assert found.pairs[2].value == pytest.approx(-0.01 / math.sqrt(0.00055))
    assert found.diversification == pytest.approx(100 * (1 - 0.01 / math.sqrt(0.00055)))
    assert "2 of 3 pairs have no correlation" in found.notes[0].text


def test_missing_returns_are_left_out_of_their_pair_only():
    frame = pd.DataFrame(returns_of(x=[0.01, math.nan, 0.02, 0.03], y=[0.01, 0.5, 0.03, 0.02]))
    assert correlate(frame).pairs[0].value == pytest.approx(0.5)
    assert correlate(frame).pairs[0].count == 3


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({}, "two symbols or more, found none"),
        (returns_of(x=[0.1, 0.2]), "two symbols or more, found x"),
        ({"x": pd.Series([0.1]), "y": pd.Series([0.1])}, "index it by time"),
        ({"x": returns_of(x=[1.0, 2.0])["x"][::-1], **returns_of(y=[1.0, 2.0])}, "must ascend"),
        ({"x": returns_of(x=[1.0, 2.0])["x"].tz_convert(None), **returns_of(y=[1.0, 2.0])}, "give all of them UTC"),
    ],
)
def test_what_cannot_be_paired_is_refused(members, message):
    with pytest.raises(DataError, match=message):
        correlate(members)


def test_a_symbol_twice_and_a_window_of_two_are_refused():
    a = bars_of("A", FIVE, [1, 2, 3, 4, 5])
    with pytest.raises(DataError, match="each symbol may appear once, found A, A"):
        correlate([a, a])
    with pytest.raises(DataError, match="at least 3 pairs"):
        correlate(returns_of(x=[1.0], y=[1.0]), window=2)


def test_text_and_html_state_the_same_numbers():
    found = correlate([iq.load_bars(symbol, start="2018") for symbol in ("^GSPC", "^IXIC")])
    number = f"{found.pairs[0].value:.2f}"
    assert number in str(found)
    assert number in found._repr_html_()
    assert found.watermark == "SAMPLE"
    assert found.to_frame().columns.tolist() == ["a", "b", "correlation", "returns", "reason"]


def test_the_module_loads_without_pandas():
    code = "import sys, investiq.metrics.correlation; assert 'pandas' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_examples_run():
    assert doctest.testmod(correlation).failed == 0


def test_symbols_in_place_of_bars_are_refused_with_the_way():
    with pytest.raises(DataError, match=r"found 'SYN001'; load symbols first"):
        correlate(["SYN001", "SYN002"])
