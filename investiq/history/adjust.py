"""Corporate actions to forward factors: one rule for every provider and interval."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import compress, groupby
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.core import calendar as calendars
from investiq.core.errors import DataError
from investiq.core.notes import Note

__all__ = ["Action", "ActionKind", "Factors", "forward_factors", "held_through"]

ActionKind = Literal[
    "split",
    "stock_dividend",
    "dividend",
    "special_dividend",
    "spin_off",
    "rights",
    "merger",
    "unit_split",
    "redemption",
    "symbol_change",
]
_CASH_KINDS: Final = ("dividend", "special_dividend", "spin_off")
_RATIO_KINDS: Final = ("split", "stock_dividend")
# US exchanges move the ex-date behind the payment from this share of the price on (due bills; FINRA rule 11140).
LARGE_DIVIDEND: Final = 0.25
# A price older than a week of sessions says little about the value that a dividend left.
OLD_PRICE_SESSIONS: Final = 5
_EPOCH: Final = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, kw_only=True)
class Action:
    """One corporate action.

    Attributes
    ----------
    kind : str
        ``"split"``, ``"stock_dividend"``, ``"dividend"``,
        ``"special_dividend"``, ``"spin_off"``, or an event that no factor can
        express (``"rights"``, ``"merger"``, ``"unit_split"``,
        ``"redemption"``), or ``"symbol_change"``, which needs none.
    ex_date : date
        First date on which the share trades without the entitlement.
    ratio : float, optional
        Of a split, new shares per old (4.0 for 4:1, 0.1 for 1:10); of a stock
        dividend, shares received per share held (0.05 for 5 %).
    cash : float, optional
        Per share as traded on the ex-date, so after a split of that date,
        before tax; of a spin-off, the value of what is received per share.
    currency : str, default "USD"
        Currency of `cash`.
    exchange_rate : float, optional
        Units of the price's currency per unit of `currency`, the last known at
        the prior close; needed when the two differ.
    """

    kind: ActionKind
    ex_date: date
    ratio: float | None = None
    cash: float | None = None
    currency: str = "USD"
    exchange_rate: float | None = None


class Factors(NamedTuple):
    """Forward factors of shape (n_bars,), 1.0 at the first bar, and what could not be applied or needs care."""

    split_factor: NDArray[np.float64]
    total_factor: NDArray[np.float64]
    notes: tuple[Note, ...]


class _Effect(NamedTuple):
    ratio: float
    cash: float


def forward_factors(
    dates: NDArray[np.datetime64],
    close: NDArray[np.float64],
    actions: Sequence[Action],
    *,
    calendar: str = "XNYS",
    currency: str = "USD",
) -> Factors:
    """Return the factors by which raw prices are multiplied to undo splits and dividends.

    Both run forward from 1.0, so a factor at a bar depends on actions with an
    ex-date up to that bar only and never changes afterwards. With p the last
    raw close before the ex-date, a split k multiplies both factors by k (and
    divides p by it); cash D multiplies the total factor by p / (p - D), the
    reinvestment of the dividend at the ex price p - D.

    Parameters
    ----------
    dates : ndarray of datetime64, shape (n_bars,)
        Session date of each bar, ascending; bars of one day share it.
    close : ndarray of float64, shape (n_bars,)
        Closes as traded; NaN where a bar has none.
    actions : sequence of Action
        In any order.
    calendar : str, default "XNYS"
        Exchange calendar of the bars.
    currency : str, default "USD"
        Currency of the prices.

    Returns
    -------
    Factors
        `split_factor`, `total_factor` and `notes`. A note of severity
        ``"error"`` names an action that was not applied and should have been.

    Raises
    ------
    DataError
        If the lengths differ or the dates do not ascend.

    Notes
    -----
    On one date a split comes before a dividend, and several payments are
    summed. An action whose ex-date has no bar takes effect at the next bar; one
    at or before the first bar has no holder in the series and is ignored.

    Examples
    --------
    >>> dates = np.array(["2024-03-01", "2024-03-04", "2024-03-05"], dtype="datetime64[D]")
    >>> split = Action(kind="split", ex_date=date(2024, 3, 4), ratio=4.0)
    >>> cash = Action(kind="dividend", ex_date=date(2024, 3, 5), cash=1.0)
    >>> factors = forward_factors(dates, np.array([100.0, 26.0, 25.0]), [split, cash])
    >>> factors.split_factor.tolist(), factors.total_factor.tolist()  # 4 x 26 / (26 - 1) = 4.16
    ([1.0, 4.0, 4.0], [1.0, 4.0, 4.16])
    """
    days = dates.astype("datetime64[D]")
    if days.shape != close.shape or days.ndim != 1:
        raise DataError(f"dates and close must be of one length, were {days.shape} and {close.shape}")
    split_steps, total_steps = np.ones(days.size), np.ones(days.size)
    if days.size == 0 or not actions:
        return Factors(split_steps, total_steps, ())
    if (np.diff(days) < np.timedelta64(0, "D")).any():
        raise DataError("dates must ascend; sort the bars first")
    usable, notes = _within(actions, days[0], days[-1])
    if not usable:
        return Factors(split_steps, total_steps, tuple(notes))
    by_date = [list(same_day) for _, same_day in groupby(usable, key=lambda action: action.ex_date)]
    carried_row, carried = -1, np.nan
    for same_day, place in zip(by_date, _places(by_date, days, close, calendar), strict=True):
        # The last close, unless an action has been applied to it since.
        price = place.close if place.seen >= max(carried_row, 0) else carried
        effect, remarks = _combined(same_day, price, currency)
        split_steps[place.row] *= effect.ratio
        total_steps[place.row] *= effect.ratio
        price /= effect.ratio
        ex_date = same_day[0].ex_date
        if effect.cash:
            total_steps[place.row] *= price / (price - effect.cash)
            price -= effect.cash
            if place.sessions_between >= OLD_PRICE_SESSIONS:
                remarks.append(_old_price(ex_date, days[place.seen], place.sessions_between + 1))
        carried_row, carried = place.row, price
        if not place.is_session:
            remarks.append(_moved(ex_date, days[place.row], calendar))
        notes += remarks
    return Factors(np.multiply.accumulate(split_steps), np.multiply.accumulate(total_steps), tuple(notes))


def held_through(actions: Sequence[Action], ts: NDArray[np.datetime64]) -> tuple[Action, ...]:
    """Return the actions that a holder of all the bars goes through: ex-dates after the first label's day, up to the last's."""
    if not actions or not ts.size:
        return ()
    first, last = (day.item() for day in ts[[0, -1]].astype("datetime64[D]"))
    return tuple(action for action in actions if first < action.ex_date <= last)


class _Place(NamedTuple):
    """Where an ex-date falls among the bars: its row, the row and value of the last close before, and what lies between."""

    row: int
    seen: int
    close: float
    sessions_between: int
    is_session: bool


def _places(
    by_date: list[list[Action]], days: NDArray[np.datetime64], close: NDArray[np.float64], calendar: str
) -> Iterator[_Place]:
    """Yield the place of each ex-date; `seen` is -1 where no close precedes it, and then `close` means nothing."""
    ex_days = _ex_days([same_day[0] for same_day in by_date])
    rows = np.searchsorted(days, ex_days)
    last_valid = np.maximum.accumulate(np.where(np.isfinite(close), np.arange(close.size), -1))
    seen = last_valid[rows - 1]
    sessions = calendars.session_dates(calendar, days[0], days[-1]).astype("datetime64[D]")
    reached = np.searchsorted(sessions, ex_days)
    between = reached - np.searchsorted(sessions, days[seen], side="right")
    is_session = np.searchsorted(sessions, ex_days, side="right") > reached
    columns = (rows, seen, close[seen], between, is_session)
    return map(_Place, *(column.tolist() for column in columns))


def _ex_days(actions: Sequence[Action]) -> NDArray[np.datetime64]:
    """Return the ex-dates as datetime64[D]; by their numbers, as numpy takes its time over date objects."""
    numbers = np.array([action.ex_date.toordinal() for action in actions], dtype=np.int64)
    return (numbers - _EPOCH).astype("datetime64[D]")


def _within(actions: Sequence[Action], first: np.datetime64, last: np.datetime64) -> tuple[list[Action], list[Note]]:
    """Return the actions that fall inside the series, by date, and a note on those before it."""
    ordered = sorted(actions, key=lambda action: action.ex_date)
    ex_days = _ex_days(ordered)
    early = int(np.count_nonzero(ex_days <= first))
    inside = list(compress(ordered, (first < ex_days) & (ex_days <= last)))
    if not early:
        return inside, []
    text = (
        f"{early} action(s) with an ex-date at or before the first bar, {first}, were ignored: no holder in the series"
    )
    return inside, [Note(code="action_before_first_bar", text=text, rows=early, severity="info")]


def _combined(actions: list[Action], price: float, currency: str) -> tuple[_Effect, list[Note]]:
    """Return the joint ratio and cash of one ex-date's actions, and notes on those that do not count."""
    notes: list[Note] = []
    ratio = 1.0
    for action in actions:
        if action.kind not in _RATIO_KINDS:
            continue
        step = (action.ratio or 0.0) + (1.0 if action.kind == "stock_dividend" else 0.0)
        if action.ratio is None or not 0 < action.ratio < np.inf:
            notes.append(_refused(action, f"ratio is {action.ratio}, expected a positive number"))
        else:
            ratio *= step
    cash = 0.0
    for action in actions:
        if action.kind not in (*_CASH_KINDS, *_RATIO_KINDS, "symbol_change"):
            notes.append(_unadjusted(action))
        if action.kind in _CASH_KINDS:
            amount, remark = _cash_in(action, currency)
            cash += amount
            notes += [remark] if remark else []
    if cash and not cash < price / ratio:
        known = "no close precedes it" if np.isnan(price) else f"the prior close is only {price / ratio:g}"
        notes.append(_refused(actions[-1], f"cash {cash:g} a share, but {known}"))
        cash = 0.0
    elif cash >= LARGE_DIVIDEND * price / ratio:
        notes.append(_large(actions[-1].ex_date, cash * ratio / price))
    return _Effect(ratio, cash), notes


def _cash_in(action: Action, currency: str) -> tuple[float, Note | None]:
    """Return an action's cash in the currency of the prices, 0.0 with a note where there is none."""
    if action.cash is None and action.kind == "spin_off":
        return 0.0, _unadjusted(action)
    if action.cash is None or not 0 < action.cash < np.inf:
        return 0.0, _refused(action, f"cash is {action.cash}, expected a positive amount a share")
    if action.currency == currency:
        return action.cash, None
    if action.exchange_rate is None or not 0 < action.exchange_rate < np.inf:
        return 0.0, _refused(action, f"declared in {action.currency} without an exchange rate to {currency}")
    return action.cash * action.exchange_rate, None


def _refused(action: Action, reason: str) -> Note:
    text = f"{action.kind} of {action.ex_date} was not applied: {reason}; total returns across it are wrong until it is corrected"
    return Note(code="action_not_applied", text=text, rows=1, severity="error", event=str(action.ex_date))


def _unadjusted(action: Action) -> Note:
    text = f"{action.kind} of {action.ex_date} is not adjusted for: the return across that date is the price's alone"
    return Note(code="action_unadjusted", text=text, rows=1, event=str(action.ex_date))


def _large(ex_date: date, share: float) -> Note:
    text = (
        f"cash of {ex_date} is {share:.0%} of the prior close; from 25 % on US exchanges set the ex-date after the "
        "payment, so check that the date is the exchange's own"
    )
    return Note(code="large_dividend", text=text, rows=1, event=str(ex_date))


def _moved(ex_date: date, bar: np.datetime64, calendar: str) -> Note:
    text = f"ex-date {ex_date} is no session of {calendar}; the action takes effect at the bar of {bar}"
    return Note(code="ex_date_moved", text=text, rows=1, severity="info", event=str(ex_date))


def _old_price(ex_date: date, seen: np.datetime64, sessions: int) -> Note:
    text = (
        f"cash of {ex_date} is set against the close of {seen}, {sessions} sessions earlier: the nearest that is known"
    )
    return Note(code="old_prior_close", text=text, rows=1, event=str(ex_date))
