"""The golden cases on the compiled kernel: fills, cash, equity and log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from investiq.backtesting import decisions, events, postings, running
from investiq.core.orders import Signal
from investiq.core.passport import Passport
from investiq.execution.options import RunOptions
from investiq.history.bars import Bars
from tests.answers.golden_cases import PLAIN_CASES as GOLDEN_CASES
from tests.answers.golden_cases import GoldenCase

REASONS = {
    postings.REASON_SIGNAL: "signal",
    postings.REASON_STOP: "stop",
    postings.REASON_STOP_GAP: "stop_gap",
    postings.REASON_TARGET: "target",
    postings.REASON_TARGET_GAP: "target_gap",
    postings.REASON_END: "end_of_data",
}


def bars_of(case: GoldenCase) -> Bars:
    columns = np.array([[float(value) for value in bar] for bar in case.bars])
    ts = np.array(case.sessions, dtype="datetime64[us]")
    known_at = ts + np.timedelta64(21, "h")
    ones = np.ones(ts.size)
    first = datetime(2024, 1, 1, tzinfo=UTC)
    passport = Passport(
        symbol="GOLD",
        provider="test",
        provenance="file",
        interval="1d",
        calendar="24/7",
        price_basis="as_traded",
        known_at_rule="21:00",
        rows=ts.size,
        first=first,
        last=first + timedelta(days=ts.size - 1),
        missing_sessions=0,
        repairs=0,
        sha256="",
    )
    return Bars(
        symbol="GOLD",
        interval="1d",
        ts=ts,
        open=columns[:, 0],
        high=columns[:, 1],
        low=columns[:, 2],
        close=columns[:, 3],
        volume=columns[:, 4],
        known_at=known_at,
        split_factor=ones,
        total_factor=ones,
        passport=passport,
    )


def run_case(case: GoldenCase) -> running.Run:
    options = RunOptions(**case.options)
    signals = [Signal(bar=each.bar, side=each.side, confidence=each.confidence) for each in case.signals]
    gated = decisions.from_signals(signals, len(case.bars), options.confidence_threshold)
    return running.simulate(bars_of(case), gated, options)


@pytest.mark.parametrize("case", GOLDEN_CASES, ids=str)
def test_the_kernel_fills_the_golden_case_at_the_price_worked_by_hand(case):
    fills = run_case(case).fills
    assert [
        (int(row[postings.BAR]), "buy" if row[postings.SIDE] > 0 else "sell", REASONS[int(row[postings.REASON])])
        for row in fills
    ] == [(fill.bar, fill.side, fill.reason) for fill in case.fills]
    for column in ("quantity", "price", "fee"):
        index = getattr(postings, column.upper())
        # Prices and quantities of the cases have at most six decimals.
        assert [round(row[index], 9) for row in fills] == [float(getattr(fill, column)) for fill in case.fills]


@pytest.mark.parametrize("case", GOLDEN_CASES, ids=str)
def test_the_kernel_keeps_the_account_of_the_golden_case_to_the_cent(case):
    run = run_case(case)
    assert [round(value, 2) for value in run.cash] == [float(value) for value in case.cash]
    assert [round(value, 2) for value in run.equity] == [float(value) for value in case.equity]


@pytest.mark.parametrize("case", GOLDEN_CASES, ids=str)
def test_the_kernel_logs_the_golden_case(case):
    assert tuple(events.log_lines(run_case(case))) == case.log
