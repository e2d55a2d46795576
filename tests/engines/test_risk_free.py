import dataclasses

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.engines.fundamental.features import fundamental_features
from investiq.engines.quant.features import quant_features
from investiq.engines.risk_free import known_risk_free
from investiq.history.records import Records

CONSTANT = "constant: no DGS3MO, ^IRX or FF3 was known"


def records_of(name, column, values, labels, known=None, unit="percent"):
    index = pd.DatetimeIndex(labels, tz="UTC").as_unit("us")
    moments = index if known is None else pd.DatetimeIndex(known, tz="UTC").as_unit("us")
    frame = pd.DataFrame({column: values, "known_at": moments}, index=index)
    return Records(
        kind="series", name=name, frame=frame, provider="made up", source="", known_at_rule="given", unit=unit
    )


def factors(values, labels, known=None, unit="fraction per month"):
    return records_of("FF3", "risk_free", values, labels, known, unit)


@pytest.fixture(scope="module")
def bars(sample):
    return sample.between("2010-01-04", "2011-12-30")


@pytest.fixture(scope="module")
def rates_of(bars):
    """Return a maker of rates and sources by day from records."""

    def make(*records):
        found = known_risk_free(iq.History.of(bars, records=list(records)))
        return pd.DataFrame({"rate": found.rate, "source": found.source}, index=bars.index.strftime("%Y-%m-%d"))

    return make


def test_without_a_rate_there_is_a_constant_that_says_why(rates_of):
    table = rates_of()
    assert (table["rate"] == 0.045).all()
    assert (table["source"] == CONSTANT).all()


MONTHS = ["2010-01-31", "2010-02-28", "2010-03-31"]
NEXT = ["2010-03-02", "2010-03-30", "2010-04-30"]


def test_the_bill_of_a_month_counts_twelvefold_from_the_day_it_was_known(rates_of):
    # 0.1 % and 0.2 % a month are 1.2 % and 2.4 % a year. One record alone has no distance to another.
    table = rates_of(factors([0.003, 0.001, 0.002], MONTHS, NEXT))
    assert table.loc[["2010-03-29", "2010-03-30"], "source"].to_list() == [CONSTANT, "FF3"]
    assert table.loc[["2010-03-29", "2010-03-30", "2010-04-29", "2010-04-30", "2011-12-30"], "rate"].to_list() == (
        pytest.approx([0.045, 0.012, 0.012, 0.024, 0.024])
    )


def test_the_bill_of_a_month_in_percent_is_a_hundredth(rates_of):
    table = rates_of(factors([0.3, 0.1, 0.2], MONTHS, NEXT, unit="percent per month"))
    assert table["rate"].iloc[-1] == pytest.approx(0.024)


def test_the_bill_of_a_day_counts_for_252(rates_of):
    # A weekend lies between the second and the third.
    table = rates_of(factors([1e-4, 1e-4, 2e-4], ["2010-01-07", "2010-01-08", "2010-01-11"]))
    assert table.loc["2010-01-08", "rate"] == pytest.approx(0.0252)
    assert table["rate"].iloc[-1] == pytest.approx(0.0504)


def test_the_bill_of_a_week_is_not_used(rates_of):
    table = rates_of(factors([1e-4] * 3, ["2010-01-08", "2010-01-15", "2010-01-22"]))
    assert (table["source"] == CONSTANT).all()


def test_a_month_revised_after_a_later_one_is_no_news(rates_of):
    labels = [*MONTHS[:2], MONTHS[1], MONTHS[2]]
    table = rates_of(factors([0.003, 0.001, 0.009, 0.002], labels, [*NEXT[:2], "2010-07-01", NEXT[2]]))
    assert table["rate"].iloc[-1] == pytest.approx(0.024)


def test_yields_go_before_the_factors_and_the_constant_maturity_before_the_index_row_by_row(rates_of):
    # Each is there from its own day on: what comes first in rank but later in time leaves the rows before it alone.
    bill = records_of("^IRX", "close", [3.0], ["2010-08-02"])
    maturity = records_of("DGS3MO", "close", [2.0], ["2011-01-03"])
    table = rates_of(factors([0.001] * 3, MONTHS, NEXT), bill, maturity)
    days = ["2010-02-01", "2010-07-30", "2010-08-02", "2010-12-31", "2011-01-03"]
    assert table.loc[days, "source"].to_list() == [CONSTANT, "FF3", "^IRX", "^IRX", "DGS3MO"]
    assert table.loc[days, "rate"].to_list() == pytest.approx([0.045, 0.012, 0.03, 0.03, 0.02])


def test_a_yield_is_read_from_bars_too(bars):
    yields = np.linspace(1.0, 2.0, len(bars))
    prices = dict.fromkeys(("open", "high", "low", "close"), yields)
    found = known_risk_free(iq.History.of(bars, dataclasses.replace(bars, symbol="^IRX", **prices)))
    assert found.rate == pytest.approx(yields / 100)
    assert set(found.source) == {"^IRX"}


def test_factors_in_words_or_without_a_bill_leave_the_constant(rates_of):
    words = factors(["n/a"] * 3, MONTHS)
    without = dataclasses.replace(words, frame=words.frame.rename(columns={"risk_free": "market"}))
    assert (rates_of(words)["source"] == CONSTANT).all()
    assert (rates_of(without)["source"] == CONSTANT).all()


def test_no_rate_depends_on_a_later_record(bars):
    # Daily for a while, then monthly, some late, some revised: the usual distance is of those known so far.
    rng = np.random.default_rng(2)
    days = pd.date_range("2009-12-01", periods=12, freq="B").append(pd.date_range("2010-01-31", periods=22, freq="ME"))
    labels = days.append(days[[5, 20, 30]]).sort_values()
    known = labels + pd.to_timedelta(rng.integers(1, 80, labels.size), unit="D")
    history = iq.History.of(bars, records=[factors(rng.uniform(0, 0.004, labels.size), labels, known)])
    whole = known_risk_free(history)
    assert {CONSTANT, "FF3"} == set(whole.source)
    for row in range(0, len(bars), 20):
        past = known_risk_free(history.until(bars.known_at[row]))
        assert (past.rate[-1], past.source[-1]) == (whole.rate[row], whole.source[row])


def test_the_sample_is_the_bill_that_ken_french_published_last(bars):
    table = iq.load_records("FF3").frame
    history = iq.History.of(bars, records=[iq.load_records("FF3")])
    expected = pd.merge_asof(
        pd.DataFrame({"at": pd.DatetimeIndex(bars.known_at, tz="UTC")}), table, left_on="at", right_on="known_at"
    )
    assert known_risk_free(history).rate == pytest.approx(12 * expected["risk_free"].to_numpy())


def test_the_quant_and_the_fundamental_engine_take_one_rate():
    bars = iq.load_bars("SYN001")
    history = iq.History.of(bars, records=[iq.load_records("FF3"), iq.load_records("SYN001", "statements")])
    fundamental = fundamental_features(history)["risk_free_rate"]
    known = fundamental.notna()
    assert known.any()
    assert (fundamental[known] == quant_features(history)["quant_risk_free_rate"][known]).all()
