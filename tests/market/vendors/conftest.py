"""Vendors are asked on 127.0.0.1, through their official clients and the real gate, on a clock that does not wait."""

from __future__ import annotations

import itertools

import pytest
from pydantic import SecretStr

from investiq.market.gate import gate as gates
from investiq.market.gate.limiter import Timer

_numbers = itertools.count(1)


@pytest.fixture
def waits(monkeypatch):
    """The seconds that the gate slept, on a clock that only sleeping moves."""
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(gates, "_timer", Timer(monotonic=lambda: 1000.0 + sum(slept), sleep=sleep))
    return slept


@pytest.fixture
def new_key(waits):
    """A key that no other test used, so that its gate is new; `waits` moves its clock."""
    return SecretStr(f"PKsecret{next(_numbers):06d}value")
