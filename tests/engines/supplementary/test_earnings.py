import dataclasses

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.engines.supplementary.earnings import TOPIC, earnings_features
from investiq.history.records import Records

QUARTERS = ("1999-03-31", "1999-06-30", "1999-09-30", "1999-12-31", "2000-03-31", "2000-06-30", "2000-09-30")
ACTUAL = (1.00, 1.10, 1.20, 1.30, 1.25, 1.10, 1.08)
ESTIMATE = (0.98, 1.11, 1.17, 1.26, 1.20, np.nan, 1.10)


def records_of(rows):
    frame = pd.DataFrame(rows).set_index("ts")
    return Records(
        kind="earnings", name="earnings:^GSPC", frame=frame, provider="test", source="", known_at_rule="", unit="USD"
    )


def reports(count=7, **announced):
    rows = []
    for end, actual, estimate in list(zip(QUARTERS, ACTUAL, ESTIMATE, strict=True))[:count]:
        told = pd.Timestamp(end, tz="UTC").as_unit("us") + pd.Timedelta(days=30, hours=21)
        rows.append(
            {
                "ts": pd.Timestamp(end, tz="UTC").as_unit("us"),
                "reported_at": told,
                "reported_date": told.normalize(),
                "eps_actual": actual,
                "eps_estimate": estimate,
                "revenue_actual": 100.0 * actual,
                "known_at": told,
            }
        )
    if announced:
        rows.append(rows[-1] | {"eps_actual": np.nan, "revenue_actual": np.nan} | announced)
    return records_of(rows)


def at(sample, records, day):
    history = iq.History.of(sample[:600], records=[records])
    row = sample.index.get_loc(pd.Timestamp(day, tz="UTC"))
    return {name: float(values[row]) for name, values in earnings_features(history).items()}


def test_surprises_and_beats_are_against_the_consensus(sample):
    row = at(sample, reports(), "2000-05-01")  # five reports: +0.02, -0.01, +0.03, +0.04, +0.05
    assert row["earnings_surprise"] == pytest.approx(0.05)
    assert row["earnings_beat_rate"] == pytest.approx(4 / 5)
    # The four before have mean 0.02 and squares of deviations 0, 9, 1, 4 (1e-4): sd = sqrt(14e-4 / 3) = 0.0216.
    assert row["earnings_sue"] == pytest.approx(0.05 / np.sqrt(14e-4 / 3))


def test_fewer_than_four_surprises_give_no_standard(sample):
    assert np.isnan(at(sample, reports(), "2000-02-29")["earnings_sue"])  # three before the fourth


def test_a_report_without_a_consensus_is_no_beat_and_no_miss(sample):
    row = at(sample, reports(), "2000-08-31")
    assert np.isnan(row["earnings_surprise"])
    assert row["earnings_beat_rate"] == pytest.approx(4 / 5)
    assert TOPIC.why_missing(row)["earnings_surprise"] == "no consensus before the last report"


def test_growth_is_against_the_same_quarter(sample):
    row = at(sample, reports(), "2000-08-31")  # June 2000 against June 1999: 1.10 / 1.10
    assert row["earnings_eps_growth"] == pytest.approx(0.0)
    row = at(sample, reports(), "2000-05-01")
    assert row["earnings_eps_growth"] == pytest.approx(0.25)
    assert row["earnings_eps_cagr"] == pytest.approx(0.25)
    assert row["earnings_revenue_growth"] == pytest.approx(0.25)


def test_a_report_is_seen_from_the_moment_it_was_made(sample):
    # 1999-06-30 plus 30 days, 21:00 UTC: after the close of Friday 1999-07-30 (20:00), before that of Monday.
    assert at(sample, reports(), "1999-07-30")["earnings_eps"] == 1.00
    monday = at(sample, reports(), "1999-08-02")
    assert monday["earnings_eps"] == 1.10
    assert monday["earnings_days_since"] == pytest.approx(2 + 23 / 24)


def test_the_days_to_a_report_count_from_its_announcement(sample):
    announced = {
        "ts": pd.Timestamp("2000-12-31", tz="UTC").as_unit("us"),
        "reported_at": pd.Timestamp("2001-01-30 21:00", tz="UTC").as_unit("us"),
        "known_at": pd.Timestamp("2001-01-10 12:00", tz="UTC").as_unit("us"),
    }
    records = reports(7, **announced)
    assert np.isnan(at(sample, records, "2001-01-09")["earnings_days_to_next"])
    row = at(sample, records, "2001-01-10")
    assert (row["earnings_days_to_next"], row["earnings_uncertainty"], row["earnings_reliability"]) == (20.0, 0.0, 1.0)
    week = at(sample, records, "2001-01-23")
    assert (week["earnings_days_to_next"], week["earnings_uncertainty"]) == (7.0, 0.1)
    assert TOPIC.tags(week) == ("EARNINGS IN 7 DAYS",)
    assert at(sample, records, "2001-01-26")["earnings_reliability"] == 1.0  # four days
    assert at(sample, records, "2001-01-29")["earnings_reliability"] == 0.7
    assert np.isnan(at(sample, records, "2001-01-31")["earnings_days_to_next"])


def test_a_loss_has_no_growth_rate(sample):
    records = reports()
    frame = records.frame.copy()
    frame.iloc[0, frame.columns.get_loc("eps_actual")] = -0.5
    row = at(sample, records_of(frame.reset_index().to_dict("records")), "2000-05-01")
    assert np.isnan(row["earnings_eps_growth"])
    assert row["earnings_revenue_growth"] == pytest.approx(0.25)


def test_a_company_without_reports_has_reasons(sample):
    found = earnings_features(iq.History.of(sample[:100]))
    row = {name: values[-1] for name, values in found.items()}
    assert np.isnan(list(row.values())).all()
    assert TOPIC.why_missing(row)["earnings_beat_rate"] == "no report known"


def split_at(sample, row, ratio=4.0):
    factor = np.ones(600)
    factor[row:] = ratio
    prices = {name: getattr(sample, name)[:600] / factor for name in ("open", "high", "low", "close")}
    return dataclasses.replace(sample[:600], **prices, split_factor=factor, total_factor=factor)


def test_a_split_between_two_reports_is_no_fall_of_earnings(sample):
    # 4 for 1 on 2000-02-01: the report of 2000-04-30 tells a quarter of what it would have told.
    row = sample.index.get_loc(pd.Timestamp("2000-02-01", tz="UTC"))
    frame = reports().frame.copy()
    after = frame["known_at"] > pd.Timestamp("2000-02-01", tz="UTC")
    frame.loc[after, ["eps_actual", "eps_estimate"]] /= 4
    split = iq.History.of(split_at(sample, row), records=[records_of(frame.reset_index().to_dict("records"))])
    found = earnings_features(split)
    for day in ("2000-05-01", "2000-08-31", "2000-11-30"):
        place = sample.index.get_loc(pd.Timestamp(day, tz="UTC"))
        plain = at(sample, reports(), day)
        plain |= {name: plain[name] / 4 for name in ("earnings_eps", "earnings_surprise")}
        assert {name: values[place] for name, values in found.items()} == pytest.approx(plain, nan_ok=True)
    # Between the split and the next report the last one is shown on the new basis.
    assert found["earnings_eps"][row - 1 : row + 1].tolist() == pytest.approx([1.30, 1.30 / 4])


def test_surprises_that_differ_by_rounding_have_no_standard(sample):
    frame = reports().frame.assign(eps_estimate=lambda each: each["eps_actual"] - 0.01)
    row = at(sample, records_of(frame.reset_index().to_dict("records")), "2000-11-30")
    assert row["earnings_surprise"] == pytest.approx(0.01)
    assert np.isnan(row["earnings_sue"])


def test_without_an_announcement_the_weekday_a_year_before_is_expected(sample):
    # September's report is expected 364 days after that of Saturday 1999-10-30, 21:00: on 2000-10-28, 21:00.
    row = at(sample, reports(6), "2000-10-20")  # known at 20:00
    assert row["earnings_days_to_expected"] == pytest.approx(8 + 1 / 24)
    assert (row["earnings_uncertainty"], row["earnings_reliability"]) == (0.0, 1.0)
    near = at(sample, reports(6), "2000-10-26")
    assert (near["earnings_uncertainty"], near["earnings_reliability"]) == (0.1, 0.7)
    assert TOPIC.tags(near) == ("EARNINGS EXPECTED IN 3 DAYS",)
    assert at(sample, reports(6), "2000-11-27")["earnings_days_to_expected"] == 0.0  # 30 days late
    late = at(sample, reports(6), "2000-11-28")
    assert np.isnan([late["earnings_days_to_expected"], late["earnings_uncertainty"]]).all()
    assert TOPIC.why_missing(late)["earnings_uncertainty"] == "no report was announced, nor told of a year before"


def test_an_announcement_outranks_the_expectation(sample):
    announced = {
        "ts": pd.Timestamp("2000-09-30", tz="UTC").as_unit("us"),
        "reported_at": pd.Timestamp("2000-11-10 21:00", tz="UTC").as_unit("us"),
        "known_at": pd.Timestamp("2000-10-10 12:00", tz="UTC").as_unit("us"),
    }
    row = at(sample, reports(6, **announced), "2000-10-26")
    assert row["earnings_days_to_next"] == pytest.approx(15 + 1 / 24)
    assert (row["earnings_uncertainty"], row["earnings_reliability"]) == (0.0, 1.0)
    assert TOPIC.tags(row) == ()


def test_a_record_that_becomes_known_with_its_report_announces_nothing():
    history = iq.load_history("SYN001", records=["earnings"])
    found = earnings_features(history)
    assert history.find_records("earnings").frame["eps_actual"].isna().any()
    assert np.isnan(found["earnings_days_to_next"]).all()
    # A split of 4 for 1 lies between the reports of 2012: growth is that of the company.
    assert np.nanmin(found["earnings_eps_growth"]) > -0.4


def test_eight_surprises_before_are_the_standard(sample):
    # The oldest of ten, 5.00, is neither among the eight before the newest nor among the last eight.
    past = [5.0, 0.01, -0.01, 0.02, -0.02, 0.01, -0.01, 0.02, -0.02, 0.03]
    frame = pd.concat([reports().frame] * 2).iloc[:10]
    ends = pd.date_range("1998-01-01", periods=10, freq="MS", tz="UTC").as_unit("us")
    frame = frame.assign(eps_actual=6.0, eps_estimate=6.0 - np.array(past), known_at=ends + pd.Timedelta(days=20))
    row = at(sample, records_of(frame.assign(ts=ends).to_dict("records")), "1999-03-31")
    # Squares of deviations from 0: 4 x 1e-4 and 4 x 4e-4, of eight.
    assert row["earnings_sue"] == pytest.approx(0.03 / np.sqrt(20e-4 / 7))
    assert row["earnings_beat_rate"] == pytest.approx(4 / 8)


def test_of_a_corrected_report_the_first_version_counts(sample):
    frame = reports(5).frame.reset_index()
    late = frame.iloc[[4]].assign(eps_actual=0.5, known_at=frame["known_at"].iloc[4] + pd.Timedelta(days=30))
    row = at(sample, records_of(pd.concat([frame, late]).to_dict("records")), "2000-08-31")
    assert row["earnings_eps"] == 1.25


def test_the_yearly_rate_is_from_the_oldest_of_the_quarter(sample):
    frame = reports(5).frame.reset_index()
    old = frame.iloc[[0]].assign(
        ts=pd.Timestamp("1998-03-31", tz="UTC").as_unit("us"),
        eps_actual=0.8,
        known_at=frame["known_at"].iloc[0] - pd.Timedelta(days=365),
    )
    row = at(sample, records_of(pd.concat([old, frame]).to_dict("records")), "2000-05-01")
    assert row["earnings_eps_cagr"] == pytest.approx((1.25 / 0.8) ** 0.5 - 1)
