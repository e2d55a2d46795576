import numpy as np
import pytest

import investiq as iq
from investiq.metrics.conventions import Convention
from investiq.metrics.factors import factor_model
from investiq.metrics.market_model import capm


@pytest.fixture(scope="module")
def model():
    monthly = iq.load_bars("^IXIC").frame["close"].resample("ME").last().pct_change().iloc[1:]
    return factor_model(monthly, iq.load_records("FF3"), convention=Convention(periods_per_year=12), confidence=0.9)


def test_betas_are_drawn_with_their_intervals(model):
    betas = model.figure().data[0]
    table = model.to_frame().iloc[1:]
    assert list(betas.x) == list(model.factors)
    assert list(betas.y + np.array(betas.error_y.array)) == pytest.approx(list(table["high"]))
    assert list(betas.y - np.array(betas.error_y.arrayminus)) == pytest.approx(list(table["low"]))


def test_the_bars_add_up_to_the_mean_excess_return(model):
    bars = model.figure().data[1]
    assert list(bars.x) == [*model.factors, "alpha", "mean excess"]
    assert sum(bars.y[:-1]) == pytest.approx(bars.y[-1])
    assert list(bars.measure) == ["relative"] * 4 + ["total"]
    assert bars.text[-1] == f"{model.mean_excess * 100:+.2f}"


def test_every_bar_and_its_number_fit_the_axis(model):
    figure = model.figure(theme="dark")
    tops = np.cumsum([0.0, *figure.data[1].y[:-1]])
    low, high = figure.layout.yaxis2.range
    assert low <= tops.min()
    assert tops.max() < high


def test_the_line_of_a_benchmark_goes_through_the_means():
    a, b = (iq.load_bars(each, start="2016").frame["close"].pct_change().iloc[1:] for each in ("^IXIC", "^GSPC"))
    found = capm(a, b, Convention(periods_per_year=252))
    points, fitted = found.figure().data
    assert len(points.x) == len(a)
    slope = (fitted.y[1] - fitted.y[0]) / (fitted.x[1] - fitted.x[0])
    assert slope == pytest.approx(found.beta)
    assert fitted.y[0] + slope * (b.mean() - fitted.x[0]) == pytest.approx(a.mean())
