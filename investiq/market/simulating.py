"""The generator behind the synthetic provider: returns, bars and corporate actions with a known truth."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import ConfigError
from investiq.history.adjust import Action

__all__ = ["ActionPlan", "Paths", "ReturnModel", "price_paths", "simulate_returns", "simulate_volume"]

FloatArray = NDArray[np.float64]

SESSIONS_PER_YEAR: Final = 252
# Share of a day's variance that falls between close and open; 20-30 % for US shares (French and Roll 1986 and later).
OVERNIGHT_SHARE: Final = 0.25
# Five-minute steps of a session of 390 minutes.
STEPS_PER_SESSION: Final = 78
# Busy open and close: variance at the ends of the session is this multiple of that at noon.
U_SHAPE_DEPTH: Final = 3.0
# A quarterly payment above this share of the price (8 % a year) is cut in half.
MOST_PAID: Final = 0.02
# Standard deviation of log volume on days of equal moves, and its slope on the size of the move in sigmas.
VOLUME_NOISE: Final = 0.35
VOLUME_LINK: Final = 0.25


@dataclass(frozen=True, kw_only=True)
class ReturnModel:
    """Daily log returns r = drift / 252 + sigma z with GARCH(1,1) variance.

    sigma_t^2 = (1 - alpha - beta) v + alpha (sigma_{t-1} z_{t-1})^2 + beta sigma_{t-1}^2,
    v = volatility^2 / 252, and z a skewed Student t of mean 0 and variance 1 [1]_.
    With the defaults sigma is constant and z normal: geometric Brownian motion.

    Attributes
    ----------
    drift, volatility : float
        Mean and standard deviation of the log return per year.
    alpha, beta : float
        Weights of the last shock and of the last variance; alpha + beta < 1.
    degrees : float
        Degrees of freedom of z, above 4; infinite for a normal.
    skew : float
        In (-1, 1); below 0 the left tail is the longer.

    References
    ----------
    .. [1] Hansen, B. E. (1994). "Autoregressive conditional density
       estimation." International Economic Review 35(3), 705-730.
    """

    drift: float = 0.0
    volatility: float = 0.19
    alpha: float = 0.0
    beta: float = 0.0
    degrees: float = math.inf
    skew: float = 0.0

    def __post_init__(self) -> None:
        if not (self.alpha >= 0 and self.beta >= 0 and self.alpha + self.beta < 1):
            raise ConfigError(
                f"alpha and beta must be >= 0 with a sum below 1, were {self.alpha} and {self.beta}; "
                "otherwise the variance has no long-run level"
            )
        if not (self.volatility > 0 and self.degrees > 4 and -1 < self.skew < 1):
            raise ConfigError(
                f"expected volatility > 0, degrees > 4 and skew in (-1, 1), "
                f"were {self.volatility}, {self.degrees} and {self.skew}"
            )


def simulate_returns(model: ReturnModel, count: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Return daily log returns and their conditional volatilities, each of shape (count,)."""
    shocks = _shocks(model, count, rng)
    level = model.volatility**2 / SESSIONS_PER_YEAR
    base = (1.0 - model.alpha - model.beta) * level
    variance = np.empty(count)
    now = level
    for row, shock in enumerate(shocks.tolist()):
        variance[row] = now
        now = base + (model.alpha * shock * shock + model.beta) * now
    sigma = np.sqrt(variance)
    return model.drift / SESSIONS_PER_YEAR + sigma * shocks, sigma


def _shocks(model: ReturnModel, count: int, rng: np.random.Generator) -> FloatArray:
    """Return draws of mean 0 and variance 1: the two halves of a t, each stretched, the longer one likelier."""
    skew, degrees = model.skew, model.degrees
    if math.isinf(degrees):
        size = np.abs(rng.standard_normal(count))
        mean_size = math.sqrt(2 / math.pi)
    else:
        unit = math.sqrt((degrees - 2) / degrees)
        size = np.abs(rng.standard_t(degrees, count)) * unit
        log_gammas = math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2)
        mean_size = 2 * math.sqrt(degrees / math.pi) * math.exp(log_gammas) / (degrees - 1) * unit
    falls = rng.random(count) < (1 - skew) / 2
    draws = np.where(falls, -(1 - skew) * size, (1 + skew) * size)
    mean = 2 * skew * mean_size
    return (draws - mean) / math.sqrt(1 + 3 * skew**2 - mean**2)


@dataclass(frozen=True, kw_only=True)
class ActionPlan:
    """When a share may split and pay, and how much.

    Attributes
    ----------
    split_rows : mapping of int to float or None
        Sessions at which a split may happen, with its ratio (new shares per
        old); None lets the price decide.
    dividend_rows : frozenset of int
        Sessions that are ex-dates of a dividend.
    annual_yield : float
        Of the start price, at first; 0.0 pays none.
    growth : float
        Raise after every fourth payment.
    special_odds : float
        Chance of a special dividend, 5 to 20 % of the price, at each payment.
    """

    split_rows: Mapping[int, float | None] = field(default_factory=dict)
    dividend_rows: frozenset[int] = frozenset()
    annual_yield: float = 0.0
    growth: float = 0.0
    special_odds: float = 0.0


class Paths(NamedTuple):
    """Prices as traded, each of shape (n_sessions,)."""

    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray


def price_paths(
    returns: FloatArray,
    sigma: FloatArray,
    *,
    start_price: float,
    dates: Sequence[date],
    plan: ActionPlan,
    rng: np.random.Generator,
) -> tuple[Paths, tuple[Action, ...]]:
    """Return bars and actions under which a holder earns exactly `returns`.

    The close obeys C_t = C_{t-1} exp(r_t) / k_t - D_t, with k the split ratio and
    D the cash per new share. Within the day the price is a Brownian bridge from
    the close before to the close, so open, high and low agree by construction.

    Parameters
    ----------
    returns, sigma : ndarray of shape (n_sessions,)
        Total log returns, and the volatility of each.
    start_price : float
        Close before the first session.
    dates : sequence of date
        The sessions.
    plan : ActionPlan
    rng : Generator
    """
    before, ratio, cash = (np.full(returns.size, value) for value in (start_price, 1.0, 0.0))
    actions: list[Action] = []
    price, dividend, paid = start_price, start_price * plan.annual_yield / 4, 0
    for row, growth in enumerate(np.exp(returns).tolist()):
        before[row] = price
        if row and row in plan.split_rows:
            ratio[row] = plan.split_rows[row] or _wanted_split(price, rng)
            dividend /= ratio[row]
            if ratio[row] != 1.0:
                actions.append(Action(kind="split", ex_date=dates[row], ratio=float(ratio[row])))
        if row and row in plan.dividend_rows and plan.annual_yield:
            payments = _payments(dates[row], dividend, price / ratio[row], plan, rng)
            cash[row] = sum(payment.cash or 0.0 for payment in payments)
            actions += payments
            paid += 1
            dividend *= 1 + plan.growth if paid % 4 == 0 else 1.0
            dividend /= 2 if dividend > MOST_PAID * price / ratio[row] else 1
        price = price * growth / ratio[row] - cash[row]
    opening, high, low = _day_paths(returns, sigma, rng)
    # One increasing map from the day's total return to the price as traded keeps low <= open, close <= high.
    return Paths(*(before * np.exp(part) / ratio - cash for part in (opening, high, low, returns))), tuple(actions)


def _wanted_split(price: float, rng: np.random.Generator) -> float:
    """Return the ratio that a board would choose at this price, 1.0 for none."""
    if price > 300:
        return 4.0
    if price > 150:
        return float(rng.choice([2.0, 1.5]))
    return 0.1 if price < 3 else 1.0


def _payments(day: date, dividend: float, price: float, plan: ActionPlan, rng: np.random.Generator) -> list[Action]:
    """Return the cash payments of an ex-date, in whole cents."""
    payments = [Action(kind="dividend", ex_date=day, cash=round(dividend, 2))]
    if rng.random() < plan.special_odds:
        special = round(float(rng.uniform(0.05, 0.2)) * price, 2)
        payments.append(Action(kind="special_dividend", ex_date=day, cash=special))
    return [payment for payment in payments if payment.cash]


def _day_paths(
    returns: FloatArray, sigma: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return log returns since the close before at the open, the high and the low of each session."""
    share = OVERNIGHT_SHARE
    opening = share * returns + np.sqrt(share * (1 - share)) * sigma * rng.standard_normal(returns.size)
    noon_to_end = np.linspace(-1, 1, STEPS_PER_SESSION) ** 2
    weights = 1 + (U_SHAPE_DEPTH - 1) * noon_to_end
    weights /= weights.sum()
    steps = rng.standard_normal((returns.size, STEPS_PER_SESSION)) * np.sqrt(weights)
    walk = np.cumsum(steps, axis=1)
    elapsed = np.cumsum(weights)
    bridge = walk - elapsed * walk[:, -1:]
    intraday = np.sqrt(1 - share) * sigma[:, np.newaxis]
    path = opening[:, np.newaxis] + elapsed * (returns - opening)[:, np.newaxis] + intraday * bridge
    ends_high, ends_low = np.maximum(opening, returns), np.minimum(opening, returns)
    return opening, np.maximum(path.max(axis=1), ends_high), np.minimum(path.min(axis=1), ends_low)


def simulate_volume(returns: FloatArray, sigma: FloatArray, typical: float, rng: np.random.Generator) -> FloatArray:
    """Return daily volumes: log-normal around `typical`, larger on days of large moves, in whole shares."""
    surprise = np.abs(returns) / sigma
    noise = VOLUME_NOISE * rng.standard_normal(returns.size)
    volume: FloatArray = np.rint(typical * np.exp(VOLUME_LINK * (surprise - surprise.mean()) + noise))
    return np.maximum(volume, 1.0)
