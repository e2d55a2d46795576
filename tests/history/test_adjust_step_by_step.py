"""The factors against the same rule walked through one day after the other in plain Python, to the last bit."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from investiq.history.adjust import Action, forward_factors

START = date(2024, 1, 2)
# Of the New York Stock Exchange, in the days that are drawn from.
HOLIDAYS = {date(2024, 1, 1), date(2024, 1, 15), date(2024, 2, 19), date(2024, 3, 29)}
ONE_DAY = timedelta(days=1)


def is_session(day):
    return day.weekday() < 5 and day not in HOLIDAYS


@st.composite
def histories(draw):
    offsets = sorted(draw(st.sets(st.integers(0, 80), min_size=2, max_size=40)))
    price = st.one_of(st.floats(5.0, 500.0), st.just(float("nan")))
    close = [draw(price) for _ in offsets]
    actions = []
    for _ in range(draw(st.integers(0, 8))):
        when = START + timedelta(days=draw(st.integers(-3, 84)))
        kind = draw(st.sampled_from(["split", "stock_dividend", "dividend", "special_dividend", "rights"]))
        ratio = draw(st.sampled_from([4.0, 1.5, 0.1, 0.05])) if kind in ("split", "stock_dividend") else None
        cash = draw(st.floats(0.01, 12.0)) if kind.endswith("dividend") and ratio is None else None
        actions.append(Action(kind=kind, ex_date=when, ratio=ratio, cash=cash))
    # Two bars of one day, as bars within the day have.
    repeats = draw(st.integers(1, 2))
    days = [START + timedelta(days=number) for number in offsets for _ in range(repeats)]
    return days, [price for price in close for _ in range(repeats)], actions


def walked(days, close, actions):
    """Return both factors and (code, event) of the notes, from one ex-date to the next."""
    split_steps, total_steps, notes = [1.0] * len(days), [1.0] * len(days), []
    if early := [action for action in actions if action.ex_date <= days[0]]:
        notes.append(("action_before_first_bar", None, len(early)))
    price, price_day, row_of_price = math.nan, None, -1
    for when in sorted({action.ex_date for action in actions if days[0] < action.ex_date <= days[-1]}):
        row = next(number for number, day in enumerate(days) if day >= when)
        for number in range(row_of_price if row_of_price > 0 else 0, row):
            if math.isfinite(close[number]):
                price, price_day = close[number], days[number]
        here = [action for action in actions if action.ex_date == when]
        ratio, cash = 1.0, 0.0
        for action in here:
            if action.kind == "split":
                ratio *= action.ratio
            elif action.kind == "stock_dividend":
                ratio *= 1.0 + action.ratio
        for action in here:
            if action.kind == "rights":
                notes.append(("action_unadjusted", str(when), 1))
            elif action.cash is not None:
                cash += action.cash
        if cash and not cash < price / ratio:
            notes.append(("action_not_applied", str(when), 1))
            cash = 0.0
        elif cash >= 0.25 * price / ratio:
            notes.append(("large_dividend", str(when), 1))
        split_steps[row] *= ratio
        total_steps[row] *= ratio
        price /= ratio
        if cash:
            total_steps[row] *= price / (price - cash)
            price -= cash
            day, between = price_day + ONE_DAY, 0
            while day < when:
                between += is_session(day)
                day += ONE_DAY
            if between >= 5:
                notes.append(("old_prior_close", str(when), 1))
        row_of_price = row
        if not is_session(when):
            notes.append(("ex_date_moved", str(when), 1))
    factors = []
    for steps in (split_steps, total_steps):
        product, column = 1.0, []
        for step in steps:
            product *= step
            column.append(product)
        factors.append(column)
    return *factors, notes


@given(histories())
def test_factors_and_notes_equal_those_of_a_walk_from_ex_date_to_ex_date(history):
    days, close, actions = history
    split_factor, total_factor, notes = walked(days, close, actions)
    found = forward_factors(np.array(days, dtype="datetime64[D]"), np.array(close), actions)
    assert found.split_factor.tolist() == split_factor
    assert found.total_factor.tolist() == total_factor
    assert [(note.code, note.event, note.rows) for note in found.notes] == notes
