"""Why a vendor's adjustment differs from ours on an ex-date: candidate causes, each tested by recomputing the step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.history.adjust import Action

__all__ = ["Cause", "Events", "causes_of", "holding_step", "terms_of"]

FloatArray = NDArray[np.float64]

# Ex-dates are announced, corrected and mistyped by days, not by weeks.
_NEAR: Final = 5
# What boards declare: whole ratios, halves and small stock dividends.
_RATIOS: Final = (
    1.02,
    1.03,
    1.05,
    1.1,
    1.2,
    1.25,
    1.5,
    2.0,
    3.0,
    4.0,
    5.0,
    6.0,
    7.0,
    8.0,
    10.0,
    15.0,
    20.0,
    25.0,
    30.0,
    50.0,
)
_CASH_KINDS: Final = ("dividend", "special_dividend", "spin_off")
# Amounts are declared in hundredths, sometimes in ten-thousandths.
_CASH_DECIMALS: Final = (2, 3, 4)
_FACTOR_DECIMALS: Final = (6, 5, 4, 3, 2)


class Cause(NamedTuple):
    """One candidate: the step that it would give, and whether the vendor's is that within its digits."""

    name: str
    step: float
    fits: bool
    evidence: str


class Events(NamedTuple):
    """What the causes are tested on, by row of the compared bars.

    Attributes
    ----------
    days : ndarray of datetime64[D], shape (n_rows,)
    prior : ndarray of float64, shape (n_rows,)
        Close as traded before each row, NaN at the first.
    ours, vendor, tolerance : ndarray of float64, shape (n_rows,)
        Steps of the factors, 1.0 without an action, and the relative tolerance of a vendor's step.
    later : ndarray of float64, shape (n_rows,)
        Joint ratio of all splits after each row.
    actions : list of tuple of Action
        Taking effect at each row.
    currency : str
        Of the prices.
    """

    days: NDArray[np.datetime64]
    prior: FloatArray
    ours: FloatArray
    vendor: FloatArray
    tolerance: FloatArray
    later: FloatArray
    actions: list[tuple[Action, ...]]
    currency: str

    def is_step(self, row: int, step: float) -> bool:
        """Return whether the vendor's step at `row` is `step` within its printed digits."""
        return bool(abs(self.vendor[row] / step - 1) <= self.tolerance[row])


def holding_step(ratio: float, cash: float, prior: float) -> float:
    """Return the step of the total factor: the split first, then the cash against what is left of the prior close.

    Examples
    --------
    >>> round(holding_step(2.0, 0.5, 41.0), 6)  # 2 x 20.5 / 20
    2.05
    """
    left = prior / ratio
    return ratio * left / (left - cash) if cash < left else float("nan")


def terms_of(actions: Sequence[Action], currency: str) -> tuple[float, float]:
    """Return the joint ratio and the cash of actions, in the currency of the prices; 0.0 where no rate is known."""
    ratio, cash = 1.0, 0.0
    for action in actions:
        if action.kind in ("split", "stock_dividend") and action.ratio:
            ratio *= action.ratio + (1.0 if action.kind == "stock_dividend" else 0.0)
        elif action.kind in _CASH_KINDS and action.cash:
            cash += action.cash * (1.0 if action.currency == currency else action.exchange_rate or 0.0)
    return ratio, cash


def causes_of(events: Events, row: int) -> tuple[Cause, ...]:
    """Return the candidate causes of a disagreement, those that fit first."""
    tried = [
        cause
        for test in (_ex_date_moved, _missing_there, _share_basis, _currency, _rounded, _spin_off, _missing_here)
        for cause in test(events, row)
        if np.isfinite(cause.step)
    ]
    return tuple(sorted(tried, key=lambda cause: not cause.fits))


def _tested(events: Events, row: int, name: str, step: float, evidence: str) -> Cause:
    return Cause(name, step, np.isfinite(step) and events.is_step(row, step), evidence)


def _ex_date_moved(events: Events, row: int) -> Iterator[Cause]:
    """Try our action at a near row, or the vendor's step at a near row, recomputed with the prior close there."""
    rows = [near for near in range(max(row - _NEAR, 1), min(row + _NEAR + 1, events.days.size)) if near != row]
    if events.actions[row] and events.is_step(row, 1.0):
        for near in rows:
            step = holding_step(*terms_of(events.actions[row], events.currency), float(events.prior[near]))
            if not events.actions[near] and not events.is_step(near, 1.0):
                fits = events.is_step(near, step)
                yield Cause("ex_date_moved", step, fits, f"the vendor's step stands at {events.days[near]}")
    elif not events.actions[row]:
        for near in rows:
            if events.actions[near] and events.is_step(near, 1.0):
                step = holding_step(*terms_of(events.actions[near], events.currency), float(events.prior[row]))
                yield _tested(events, row, "ex_date_moved", step, f"our action stands at {events.days[near]}")


def _missing_here(events: Events, row: int) -> Iterator[Cause]:
    """Try an action beyond ours, implied by what is left of the vendor's step."""
    ratio, cash = terms_of(events.actions[row], events.currency)
    base = holding_step(ratio, cash, float(events.prior[row]))
    extra = float(events.vendor[row]) / base
    if abs(extra - 1) <= events.tolerance[row]:
        return
    for number in _RATIOS:
        for split, words in ((number, f"{number:g} new shares for one"), (1 / number, f"one new share for {number:g}")):
            if abs(extra / split - 1) <= events.tolerance[row]:
                yield Cause("action_missing", base * split, True, f"a split of {words} would give the vendor's step")
                return
    if extra <= 1:
        return
    implied = float(events.prior[row]) / ratio * (1 - ratio / float(events.vendor[row])) - cash
    for decimals in _CASH_DECIMALS:
        amount = round(implied, decimals)
        step = holding_step(ratio, cash + amount, float(events.prior[row]))
        if amount > 0 and events.is_step(row, step):
            yield Cause("action_missing", step, True, f"cash of {amount:g} a share would give the vendor's step")
            return
    yield Cause(
        "action_missing", base, False, f"no round amount gives the vendor's step; it implies {implied:.6g} a share"
    )


def _missing_there(events: Events, row: int) -> Iterator[Cause]:
    """Try only some of our actions of the day, or none."""
    actions = events.actions[row]
    for size in range(len(actions)):
        for kept in combinations(actions, size):
            left_out = [action.kind for action in actions if action not in kept]
            step = holding_step(*terms_of(kept, events.currency), float(events.prior[row]))
            yield _tested(events, row, "action_left_out", step, f"the vendor left out: {', '.join(left_out)}")


def _share_basis(events: Events, row: int) -> Iterator[Cause]:
    """Try the cash counted per share before the split of the day, or per share of today."""
    ratio, cash = terms_of(events.actions[row], events.currency)
    if not cash:
        return
    later = float(events.later[row])
    for scale, words in (
        (ratio, "D x k: cash counted per share before the split of the day"),
        (1 / ratio, "D / k: cash was per share before the split of the day"),
        (later, f"D x {later:g}: cash split-adjusted by later splits, which we did not undo"),
        (1 / later, f"D / {later:g}: cash split-adjusted to today"),
    ):
        if scale != 1.0:
            step = holding_step(ratio, cash * scale, float(events.prior[row]))
            yield _tested(events, row, "share_basis", step, words)


def _currency(events: Events, row: int) -> Iterator[Cause]:
    """Try cash in another currency, taken at its number, or a rate where we had none."""
    for action in events.actions[row]:
        if action.kind not in _CASH_KINDS or not action.cash or action.currency == events.currency:
            continue
        ratio, _ = terms_of(events.actions[row], events.currency)
        prior = float(events.prior[row])
        if action.exchange_rate:
            words = f"{action.cash:g} {action.currency} taken as {events.currency}"
            yield _tested(events, row, "currency", holding_step(ratio, action.cash, prior), words)
            words = f"converted by the inverse of {action.exchange_rate:g}"
            yield _tested(
                events, row, "currency", holding_step(ratio, action.cash / action.exchange_rate, prior), words
            )
        else:
            rate = prior / ratio * (1 - ratio / float(events.vendor[row])) / action.cash
            words = f"we had no rate; the vendor's step implies {rate:.4g} {events.currency} a {action.currency}"
            yield _tested(events, row, "currency", holding_step(ratio, action.cash * rate, prior), words)


def _rounded(events: Events, row: int) -> Iterator[Cause]:
    """Try the vendor's multiplier 1 - D k / p printed with few digits before it was applied."""
    ratio, cash = terms_of(events.actions[row], events.currency)
    if not cash:
        return
    exact = 1 - cash * ratio / float(events.prior[row])
    for decimals in _FACTOR_DECIMALS:
        multiplier = round(exact, decimals)
        cause = _tested(
            events, row, "rounded_factor", ratio / multiplier if multiplier > 0 else float("nan"),
            f"the vendor's multiplier rounded to {decimals} decimals, {multiplier:g}",
        )  # fmt: skip
        if cause.fits:
            yield cause
            return
    yield Cause(
        "rounded_factor", ratio / exact, False, f"no rounding of the multiplier {exact:.8g} to 2-6 decimals fits"
    )


def _spin_off(events: Events, row: int) -> Iterator[Cause]:
    """Try a spin-off entered as a split of an odd ratio."""
    for action in events.actions[row]:
        if action.kind != "spin_off":
            continue
        if action.ratio:
            step = 1 + action.ratio
            words = f"the spin-off of {action.ratio:g} shares for one counted as a split of {step:g}"
        else:
            step = float(events.vendor[row])
            words = f"the vendor applied {step:.6g}; the spin-off has no value or ratio here to test it with"
        yield _tested(events, row, "spin_off_as_split", step, words)
