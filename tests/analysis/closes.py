"""Bars of a file from closes alone, on sessions from 2018-01-02 on."""

from __future__ import annotations

import datetime as dt

import numpy as np

from investiq.core import calendar
from investiq.core.passport import Passport
from investiq.history.bars import Bars


def bars_of(symbol, closes, volume=100.0):
    """Return bars as traded, open and range at the close; None is a session without a bar."""
    sessions = calendar.session_dates("XNYS", np.datetime64("2018-01-02"), np.datetime64("2019-12-31"))[: len(closes)]
    here = [place for place, each in enumerate(closes) if each is not None]
    close = np.array([float(closes[place]) for place in here])
    ts = sessions[here]
    ones = np.ones(close.size)
    first, last = (each.item().replace(tzinfo=dt.UTC) for each in ts[[0, -1]])
    passport = Passport(
        symbol=symbol,
        provider="file",
        provenance="file",
        interval="1d",
        calendar="XNYS",
        price_basis="as_traded",
        known_at_rule="close",
        rows=close.size,
        first=first,
        last=last,
        missing_sessions=0,
        repairs=0,
        sha256="",
        currency="USD",
    )
    return Bars(
        symbol=symbol,
        interval="1d",
        ts=ts,
        open=close,
        high=close,
        low=close,
        close=close,
        volume=ones * volume,
        known_at=calendar.closes("XNYS", ts),
        split_factor=ones,
        total_factor=ones,
        passport=passport,
    )
