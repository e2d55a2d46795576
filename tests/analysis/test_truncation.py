"""No column of the whole table moves when later data are cut off; and data that lack much still have a view."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.analysis.analyzing import analyze
from investiq.analysis.gathering import gather


@pytest.fixture(scope="module")
def company():
    """Return a synthetic company with splits, dividends, filings, news and options, whose benchmark begins later."""
    history = gather("SYN001").history
    return dataclasses.replace(history, series={**history.series, "SYN-MKT": history.series["SYN-MKT"][200:]})


@pytest.fixture(scope="module")
def whole(company):
    return analyze(company)


def test_every_engine_speaks_about_a_synthetic_company(whole):
    assert not whole.table[[f"{name}_score" for name in whole.engines]].iloc[-1].isna().any()
    assert whole.coverage == 1
    assert whole.watermark == "SYNTHETIC"


@pytest.mark.parametrize("row", [9, 49, 130, 199, 200, 260, 700, 1003, 1400, 1777, 2100, 2400])
def test_the_row_of_the_past_is_the_row_of_the_whole(company, whole, row):
    bars = company.bars()
    past = analyze(company.until(bars.known_at[row]))
    found, expected = past.table.iloc[-1], whole.table.iloc[row]
    numbers = whole.table.select_dtypes("number").columns
    np.testing.assert_allclose(
        found[numbers].to_numpy(dtype=float),
        expected[numbers].to_numpy(dtype=float),
        rtol=1e-9,
        atol=1e-9,
        equal_nan=True,
    )
    others = whole.table.columns.difference(numbers)
    pd.testing.assert_series_equal(found[others], expected[others])


def test_without_volume_statements_or_a_benchmark_the_others_answer():
    bars = iq.load_bars("SYN001")[-400:]
    silent = dataclasses.replace(bars, volume=np.full(len(bars), np.nan))
    view = analyze(iq.History.of(silent))
    assert np.isfinite([view.engines["technical"].score, view.engines["quant"].score, view.score]).all()
    assert np.isnan([view.engines["fundamental"].score, view.engines["sentiment"].score]).all()
    assert view.notes == () or "engine_failed" not in {note.code for note in view.notes}
    assert view.coverage < 1
    assert "silent" in str(view)
