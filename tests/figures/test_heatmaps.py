import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.figures.heatmaps import monthly_returns
from investiq.figures.theme import theme_of
from investiq.metrics import returns


def test_cells_hold_the_monthly_returns_and_the_years_their_compound(result):
    months, years = monthly_returns(result).data
    table = returns.monthly_returns(result.equity["equity"])
    np.testing.assert_array_equal(months.z, table.loc[:, "Jan":"Dec"])
    np.testing.assert_array_equal(years.z[:, 0], table["Year"])
    assert list(months.y) == [str(year) for year in range(1999, 2019)]
    growth = np.prod(1 + np.nan_to_num(years.z))
    assert growth == pytest.approx(result.equity["equity"].iloc[-1] / 100_000)


def test_numbers_are_written_into_the_cells_with_their_sign(short_result):
    months, years = monthly_returns(short_result).data
    for cells in (months, years):
        for value, text in zip(np.ravel(cells.z), np.ravel(cells.text), strict=True):
            assert float(text) == pytest.approx(value * 100, abs=0.05001)
            assert text == "0.0" or text[0] in "+-"


def test_months_without_the_account_stay_empty(long_bars):
    bars = long_bars.between("2018-03-05", "2018-10-19")
    months = monthly_returns(iq.backtest(iq.strategies.BuyAndHold(), bars, weight=1.0, lot=None)).data[0]
    texts = dict(zip(months.x, months.text[0], strict=True))
    assert [name for name, text in texts.items() if not text] == ["Jan", "Feb", "Nov", "Dec"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_diverge_from_zero(result, theme):
    for cells in monthly_returns(result, theme=theme).data:
        assert cells.zmin == -cells.zmax
        assert cells.zmid == 0
        assert tuple(cells.colorscale) == theme_of(theme).diverging


def test_an_account_that_never_moves_is_drawn(short_bars):
    # 0.1 % of 100,000 does not buy one share of 2,700.
    result = iq.backtest(iq.strategies.Crossover(fast=5, slow=20), short_bars, weight=0.001)
    months = monthly_returns(result).data[0]
    assert months.zmax == 1.0
    assert set(np.ravel(months.text)) == {"0.0"}


def test_title_and_watermark_are_stated(result):
    layout = monthly_returns(result).layout
    assert layout.title.text == f"Monthly returns (%), {result.title}"
    assert layout.title.subtitle.text.endswith("SAMPLE data")
    assert [note.text for note in layout.annotations] == ["SAMPLE"]


def test_correlations_are_written_in_their_cells_and_an_undefined_one_is_empty():
    index = pd.date_range("2024-01-02", periods=3, freq="B", tz="UTC")
    columns = {"x": [0.01, 0.02, 0.03], "y": [0.01, 0.03, 0.02], "flat": [0.01, 0.01, 0.01]}
    found = iq.correlate({name: pd.Series(values, index=index) for name, values in columns.items()})
    cells = found.figure().data[0]
    assert list(cells.x) == ["x", "y", "flat"]
    # corr(x, y) = 0.5: offsets -1, 0, 1 and -1, 1, 0.
    assert [list(row) for row in cells.text] == [["1.00", "0.50", ""], ["0.50", "1.00", ""], ["", "", "1.00"]]
