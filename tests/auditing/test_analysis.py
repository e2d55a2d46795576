"""The whole table of an analysis is point in time: four engines, the probabilistic layer, every topic, the joint view."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import investiq as iq
from investiq.analysis.gathering import gather
from investiq.auditing.leaks import audit


@pytest.fixture(scope="module")
def company():
    """Three years of a company that restates two quarters, with a session of each month missing from its own bars."""
    history = gather("SYN008").history
    bars = iq.load_bars("SYN008", start="2016-11", end="2019-06")
    kept = np.flatnonzero(np.arange(len(bars)) % 21 != 20)
    missing = {
        field.name: value[kept]
        for field in dataclasses.fields(bars)
        if isinstance(value := getattr(bars, field.name), np.ndarray)
    }
    series = {name: each.between(start="2016-11", end="2019-06") for name, each in history.series.items()}
    return dataclasses.replace(history, series={**series, "SYN008": dataclasses.replace(bars, **missing)})


def test_no_column_of_the_analysis_reads_the_future(company):
    restated = company.records("statements").frame["form"].eq("10-Q/A")
    known = company.records("statements").frame["known_at"][restated]
    assert known.between(company.bars().index[0], company.bars().index[-1]).any()
    report = audit(lambda history: iq.analyze(history).table, company)
    assert report.verdict == "point in time", str(report)
