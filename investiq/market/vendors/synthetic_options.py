"""Option chains of an invented company: Black-Scholes-Merton prices on a volatility surface without arbitrage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.core import calendar
from investiq.market.vendors.synthetic_company import Company, stamps, utc_dates

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RATE", "Chains", "list_options", "total_variance"]

FloatArray = NDArray[np.float64]

# Continuously compounded; the options are European and their forwards leave dividends out.
RATE: Final = 0.02
_SESSIONS: Final = 504
_SIDE: Final = 4
_STEPS: Final = np.array([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100])
# Distance of strikes over the price, at least.
_STEP_SHARE: Final = 0.025
# The surface: skew, curvature (its limit is 2 / (1 + |skew|)), premium of implied over true variance, and the pull of
# variance to its mean a year.
_SKEW, _CURVATURE, _PREMIUM, _PULL = -0.35, 0.9, 1.1, 4.0
_NO_VOLATILITY: Final = 0.4
_UNUSUAL: Final = 0.002
_SHARES: Final = 100.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Chains:
    """Daily snapshots of the options on a share, and what is true of them.

    Attributes
    ----------
    table : DataFrame
        In the columns of the dataset ``"options"``. Theta is per calendar day, vega per percentage point of volatility.
    truth : DataFrame
        Row by row as `table`: ts, contract, implied_volatility, price (the
        model's), years (to expiration) and is_unusual (a volume of several
        times the open interest).
    """

    table: pd.DataFrame
    truth: pd.DataFrame


class _Grid(NamedTuple):
    """Terms of every contract, flat: days x expirations x strikes x (call, put)."""

    day: NDArray[np.int64]
    expiration: NDArray[np.datetime64]
    strike: FloatArray
    is_call: NDArray[np.bool_]
    spot: FloatArray
    years: FloatArray
    volatility: FloatArray


def total_variance(log_moneyness: FloatArray, level: FloatArray) -> FloatArray:
    """Return implied total variance at log(strike / forward), for at-the-money total variances `level`.

    w(k) = theta / 2 (1 + rho phi k + sqrt((phi k + rho)^2 + 1 - rho^2)) with
    phi = eta / sqrt(theta (1 + theta)). With eta (1 + |rho|) <= 2, and theta
    growing with time, prices admit neither butterfly nor calendar arbitrage [1]_.

    References
    ----------
    .. [1] Gatheral, J. and Jacquier, A. (2014). "Arbitrage-free SVI volatility
       surfaces." Quantitative Finance 14(1), 59-71.
    """
    bend = _CURVATURE / np.sqrt(level * (1 + level)) * log_moneyness
    found: FloatArray = level / 2 * (1 + _SKEW * bend + np.sqrt((bend + _SKEW) ** 2 + 1 - _SKEW**2))
    return found


def list_options(company: Company) -> Chains:
    """Return the chains of a company's last two years: at each close three expirations, nine strikes, calls and puts."""
    rng = company.draws("options")
    grid = _grid(company)
    price, greeks = _priced(grid)
    count = price.size
    half_spread = np.maximum(0.01, price * rng.uniform(0.01, 0.04, count))
    bid = np.floor(np.maximum(price - half_spread, 0.0) * 100 + 1e-9) / 100
    ask = np.ceil((price + half_spread) * 100 - 1e-9) / 100
    distance = np.log(grid.strike / grid.spot) / (grid.volatility * np.sqrt(np.maximum(grid.years, 0.02)))
    usual = rng.uniform(300, 3_000) * np.exp(-0.3 * distance**2) * np.where(grid.is_call, 1.0, 0.8)
    held = np.rint(usual * np.exp(0.4 * rng.standard_normal(count)))
    traded = np.rint(held * np.exp(rng.normal(-2.5, 1.0, count)))
    is_unusual = rng.random(count) < _UNUSUAL
    traded = np.where(is_unusual, np.rint(np.maximum(held, 100.0) * rng.uniform(3, 10, count)), traded)
    is_missing = rng.random(count) < _NO_VOLATILITY
    last = np.where(traded > 0, np.round(bid + (ask - bid) * rng.random(count), 2), np.nan)
    return _as_tables(company, grid, price, greeks, (bid, ask, last), (traded, held), is_missing, is_unusual)


def _grid(company: Company) -> _Grid:
    days = np.arange(max(0, company.ts.size - _SESSIONS), company.ts.size)
    dates = company.ts[days].astype("datetime64[D]")
    expirations = _expirations(dates)
    spots = company.close[days]
    step = _STEPS[np.searchsorted(_STEPS, _STEP_SHARE * spots)]
    strikes = (np.rint(spots / step)[:, None] + np.arange(-_SIDE, _SIDE + 1)) * step[:, None]
    shape = (days.size, 3, 2 * _SIDE + 1, 2)

    def flat(values: NDArray, axes: tuple[int, ...]) -> NDArray:  # type: ignore[type-arg]
        return np.broadcast_to(np.expand_dims(values, axes), shape).reshape(-1)

    expiration, spot = flat(expirations, (2, 3)), flat(spots, (1, 2, 3))
    strike = flat(strikes, (1, 3)).round(4)
    years = (expiration - flat(dates, (1, 2, 3))).astype(np.int64) / 365
    now, mean = flat(_variance(company)[days], (1, 2, 3)), _PREMIUM * 252 * float(np.mean(company.sigma**2))
    level = mean * years + (now - mean) * -np.expm1(-_PULL * years) / _PULL
    variance = total_variance(np.log(strike / spot) - RATE * years, level)
    return _Grid(
        flat(days, (1, 2, 3)), expiration, strike, flat(np.array([True, False]), (0, 1, 2)), spot, years,
        np.sqrt(variance / years),
    )  # fmt: skip


def _variance(company: Company) -> FloatArray:
    """Return what the market pays for annual variance: a moving mean of the true one with a premium."""
    daily = company.sigma**2
    total = np.cumsum(np.concatenate([np.full(10, daily[0]), daily]))
    found: FloatArray = _PREMIUM * 252 * (total[10:] - total[:-10]) / 10
    return found


def _expirations(dates: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    """Return a weekly and two monthly expirations of each day, shape (n_days, 3): the session on or before the Friday."""
    months = dates.astype("datetime64[M]")
    fridays = np.stack(
        [np.busday_offset(months + ahead, 2, roll="forward", weekmask="Fri") for ahead in range(4)], axis=1
    )
    rows = np.arange(dates.size)
    monthly = (fridays < (dates + 14)[:, None]).sum(axis=1)
    near, far = fridays[rows, monthly], fridays[rows, monthly + 1]
    weekly = np.busday_offset(dates + 3, 0, roll="forward", weekmask="Fri")
    is_third = (weekly == fridays[rows, 0]) | (weekly == near)
    weekly = np.where(is_third, weekly + 7, weekly)
    found = np.stack([weekly, near, far], axis=1)
    sessions = calendar.session_dates("XNYS", dates.min(), dates.max() + np.timedelta64(150, "D")).astype(
        "datetime64[D]"
    )
    held: NDArray[np.datetime64] = sessions[np.searchsorted(sessions, found, side="right") - 1]
    return held


def _priced(grid: _Grid) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Return Black-Scholes-Merton prices and Greeks."""
    from scipy.special import ndtr

    root = grid.volatility * np.sqrt(grid.years)
    upper = (np.log(grid.spot / grid.strike) + RATE * grid.years) / root + root / 2
    lower = upper - root
    discounted = grid.strike * np.exp(-RATE * grid.years)
    call = grid.spot * ndtr(upper) - discounted * ndtr(lower)
    price = np.where(grid.is_call, call, discounted * ndtr(-lower) - grid.spot * ndtr(-upper))
    density = np.exp(-(upper**2) / 2) / np.sqrt(2 * np.pi)
    decay = -grid.spot * density * grid.volatility / (2 * np.sqrt(grid.years))
    interest = RATE * discounted * np.where(grid.is_call, -ndtr(lower), ndtr(-lower))
    greeks = {
        "delta": np.where(grid.is_call, ndtr(upper), -ndtr(-upper)),
        "gamma": density / (grid.spot * root),
        "theta": (decay + interest) / 365,
        "vega": grid.spot * density * np.sqrt(grid.years) / 100,
    }
    return np.maximum(price, 0.0), greeks


def _as_tables(
    company: Company,
    grid: _Grid,
    price: FloatArray,
    greeks: dict[str, FloatArray],
    quotes: tuple[FloatArray, FloatArray, FloatArray],
    sizes: tuple[FloatArray, FloatArray],
    is_missing: NDArray[np.bool_],
    is_unusual: NDArray[np.bool_],
) -> Chains:
    import pandas as pd

    stamp = stamps(company.known_at[grid.day])
    kind = np.where(grid.is_call, "call", "put")
    digits = np.rint(grid.strike * 1_000).astype(np.int64).tolist()
    days = np.char.replace(np.datetime_as_string(grid.expiration, unit="D"), "-", "").tolist()
    letters = np.where(grid.is_call, "C", "P").tolist()
    names = [
        f"O:{company.symbol}{day[2:]}{letter}{digit:08}"
        for day, letter, digit in zip(days, letters, digits, strict=True)
    ]
    table = pd.DataFrame(
        {
            "ts": stamp,
            "contract": names,
            "contract_type": kind,
            "strike": grid.strike,
            "expiration": utc_dates(grid.expiration),
            **dict(zip(("bid", "ask", "last"), quotes, strict=True)),
            "volume": sizes[0],
            "open_interest": sizes[1],
            "implied_volatility": np.where(is_missing, np.nan, grid.volatility.round(4)),
            **{name: np.where(is_missing, np.nan, values) for name, values in greeks.items()},
            "underlying_price": grid.spot,
            "shares_per_contract": _SHARES,
        }
    )
    truth = pd.DataFrame(
        {
            "ts": stamp,
            "contract": names,
            "implied_volatility": grid.volatility,
            "price": price,
            "years": grid.years,
            "is_unusual": is_unusual,
        }
    )
    return Chains(table=table, truth=truth)
