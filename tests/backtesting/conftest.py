"""Bars made from tables of prices, for the tests of the backtester."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import numpy as np
import pytest

from investiq.core.notes import Note
from investiq.core.passport import Passport
from investiq.history.bars import Bars


def make_bars(
    rows: Sequence[Sequence[float]],
    *,
    first: str = "2024-01-01",
    symbol: str = "TEST",
    calendar: str = "24/7",
    provenance: str = "file",
    price_basis: str = "as_traded",
    notes: tuple[Note, ...] = (),
    total_factor: Sequence[float] | None = None,
) -> Bars:
    """Return bars on consecutive calendar days; a row is open, high, low, close and perhaps volume."""
    columns = np.array([[*row, 1e7][:5] for row in rows], dtype=float).reshape(len(rows), 5)
    ts = np.datetime64(first, "us") + np.arange(len(rows)) * np.timedelta64(1, "D")
    ones = np.ones(len(rows))
    start = ts[0].item().replace(tzinfo=UTC) if len(rows) else datetime(2024, 1, 1, tzinfo=UTC)
    passport = Passport(
        symbol=symbol,
        provider="test",
        provenance=provenance,
        interval="1d",
        calendar=calendar,
        price_basis=price_basis,
        known_at_rule="21:00 UTC",
        rows=len(rows),
        first=start,
        last=start,
        missing_sessions=0,
        repairs=0,
        sha256="",
        notes=notes,
    )
    return Bars(
        symbol=symbol,
        interval="1d",
        ts=ts,
        open=columns[:, 0],
        high=columns[:, 1],
        low=columns[:, 2],
        close=columns[:, 3],
        volume=columns[:, 4],
        known_at=ts + np.timedelta64(21, "h"),
        split_factor=ones,
        total_factor=ones if total_factor is None else np.array(total_factor, dtype=float),
        passport=passport,
    )


@pytest.fixture(scope="session")
def bars_of() -> Callable[..., Bars]:
    """The builder `make_bars`."""
    return make_bars


@pytest.fixture(scope="session")
def gspc() -> Bars:
    """The sample's S&P 500, 5,031 daily bars."""
    import investiq as iq

    return iq.load_bars("^GSPC")
