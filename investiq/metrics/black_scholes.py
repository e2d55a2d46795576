"""European options by Black, Scholes and Merton: price, Greeks, implied volatility, of many contracts at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from investiq.core.errors import DataError
from investiq.metrics.implied_normal import normalised_volatility

__all__ = ["Greeks", "ImpliedVolatility", "black_scholes_greeks", "black_scholes_price", "implied_volatility"]

FloatArray: TypeAlias = NDArray[np.float64]

# Why a contract has no implied volatility, by code; 0 has one.
_REASONS: Final = (
    "",
    "an input is missing",
    "spot, strike or price is not positive",
    "expired",
    "the price is not above intrinsic value",
    "the price is not below its upper bound",
)
_MISSING, _NOT_POSITIVE, _EXPIRED, _TOO_LOW, _TOO_HIGH = range(1, 6)


@dataclass(frozen=True, kw_only=True, eq=False)
class Greeks:
    """Sensitivities of option prices, arrays of one shape.

    Attributes
    ----------
    delta : ndarray
        Per unit of the underlying.
    gamma : ndarray
        Of delta, per unit of the underlying.
    vega : ndarray
        Per 1.00 of volatility; a hundredth of it is one percentage point.
    theta : ndarray
        Per year that passes; 1/365 of it is one day.
    rho : ndarray
        Per 1.00 of the interest rate.
    """

    delta: FloatArray
    gamma: FloatArray
    vega: FloatArray
    theta: FloatArray
    rho: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class ImpliedVolatility:
    """Implied volatilities with the reasons of those that do not exist.

    Attributes
    ----------
    value : ndarray
        Per year, as a fraction; NaN where there is none.
    codes : ndarray of int8
        0 where there is a value; else the place of its reason.
    """

    value: FloatArray
    codes: NDArray[np.int8]

    @property
    def reasons(self) -> NDArray[np.str_]:
        """Why each contract has no value, empty where it has one; an array of the same shape."""
        texts: NDArray[np.str_] = np.array(_REASONS)[self.codes]
        return texts


def black_scholes_price(
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    volatility: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike = 0.0,
    *,
    is_call: ArrayLike,
) -> FloatArray:
    """Return prices of European options [1]_, with a continuous dividend yield [2]_.

    Parameters
    ----------
    spot, strike : array_like
        In money, positive. All arguments broadcast to one shape.
    years : array_like
        Time to expiry, >= 0.
    volatility : array_like
        Per year, as a fraction, >= 0.
    rate, dividend_yield : array_like
        Per year, continuously compounded.
    is_call : array_like of bool
        False for puts.

    Returns
    -------
    ndarray
        In money. NaN where an argument is NaN; the discounted intrinsic value of
        the forward where no volatility or time is left.

    Raises
    ------
    DataError
        If spot or strike is not positive, or years or volatility is negative.

    References
    ----------
    .. [1] Black, F. and Scholes, M. (1973). "The pricing of options and corporate
       liabilities." Journal of Political Economy 81(3), 637-654.
    .. [2] Merton, R. (1973). "Theory of rational option pricing." Bell Journal of
       Economics and Management Science 4(1), 141-183.

    Examples
    --------
    >>> black_scholes_price(42, 40, 0.5, 0.2, 0.1, is_call=[True, False]).round(2)
    array([4.76, 0.81])
    """
    from scipy.special import ndtr

    spot, strike, years, volatility, rate, carry, sign = _inputs(
        spot, strike, years, volatility, rate, dividend_yield, is_call
    )
    held, paid = spot * np.exp(-carry * years), strike * np.exp(-rate * years)
    d1, d2 = _d1_d2(held, paid, volatility * np.sqrt(years))
    price: FloatArray = sign * (held * ndtr(sign * d1) - paid * ndtr(sign * d2))
    # Rounding may leave a worthless option a hair below zero.
    return np.maximum(price, 0.0)


def black_scholes_greeks(
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    volatility: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike = 0.0,
    *,
    is_call: ArrayLike,
) -> Greeks:
    """Return the sensitivities of the prices of `black_scholes_price`.

    Parameters
    ----------
    spot, strike, years, volatility, rate, dividend_yield, is_call : array_like
        As in `black_scholes_price`.

    Returns
    -------
    Greeks
        NaN where an argument is NaN, and where no volatility or time is left: the
        price then has a kink.

    Raises
    ------
    DataError
        As `black_scholes_price`.

    Examples
    --------
    >>> greeks = black_scholes_greeks(49, 50, 20 / 52, 0.2, 0.05, is_call=True)
    >>> round(float(greeks.delta), 3), round(float(greeks.gamma), 3), round(float(greeks.vega), 1)
    (0.522, 0.066, 12.1)
    """
    from scipy.special import ndtr

    spot, strike, years, volatility, rate, carry, sign = _inputs(
        spot, strike, years, volatility, rate, dividend_yield, is_call
    )
    root = np.sqrt(years)
    deviation = np.where(volatility * root > 0, volatility * root, np.nan)
    held, paid = spot * np.exp(-carry * years), strike * np.exp(-rate * years)
    d1, d2 = _d1_d2(held, paid, deviation)
    density = np.exp(-0.5 * d1 * d1) / np.sqrt(2 * np.pi)
    in_stock, in_cash = held * ndtr(sign * d1), paid * ndtr(sign * d2)
    return Greeks(
        delta=sign * in_stock / spot,
        gamma=held * density / (spot * spot * deviation),
        vega=held * density * root,
        theta=-held * density * volatility / (2 * root) + sign * (carry * in_stock - rate * in_cash),
        rho=sign * years * in_cash,
    )


def implied_volatility(
    price: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike = 0.0,
    *,
    is_call: ArrayLike,
) -> ImpliedVolatility:
    """Return the volatilities at which `black_scholes_price` gives these prices.

    The time value is solved for, out of the money, in the normalised form of
    Jaeckel [1]_: Newton's method on a function that is nearly linear on either
    side of the inflection, held in a bracket.

    Parameters
    ----------
    price : array_like
        In money, such as the middle of bid and ask.
    spot, strike, years, rate, dividend_yield, is_call : array_like
        As in `black_scholes_price`.

    Returns
    -------
    ImpliedVolatility
        NaN with a reason for what has none: a price at or below the discounted
        intrinsic value or at or above the bound of a riskless hedge, an expired
        contract, a price that is not positive, a missing input.

    Notes
    -----
    The value is as sharp as the time value in the price: deep in the money most of
    the price is intrinsic, and a time value below 1e-8 of the spot leaves few digits.
    American options are worth more than European ones where early exercise pays, so
    take those out of the money.

    References
    ----------
    .. [1] Jaeckel, P. (2015). "Let's be rational." Wilmott 2015(75), 40-53.

    Examples
    --------
    >>> found = implied_volatility([4.76, 1.0], 42, 40, 0.5, 0.1, is_call=True)
    >>> found.value.round(3), found.reasons[1].item()
    (array([0.2, nan]), 'the price is not above intrinsic value')
    """
    arrays = np.broadcast_arrays(
        *(np.asarray(each, dtype=float) for each in (price, spot, strike, years, rate, dividend_yield)),
        np.asarray(is_call, dtype=bool),
    )
    price, spot, strike, years, rate, carry, calls = arrays
    known = np.isfinite(arrays[:-1]).all(axis=0)
    positive = (price > 0) & (spot > 0) & (strike > 0)
    codes = np.select([~known, ~positive, ~(years > 0)], [_MISSING, _NOT_POSITIVE, _EXPIRED], 0).astype(np.int8)
    usable = codes == 0
    value = np.full(price.shape, np.nan)

    held = spot[usable] * np.exp(-carry[usable] * years[usable])
    paid = strike[usable] * np.exp(-rate[usable] * years[usable])
    sign = np.where(calls[usable], 1.0, -1.0)
    scale = np.sqrt(held * paid)
    time_value = (price[usable] - np.maximum(sign * (held - paid), 0.0)) / scale
    highest = np.minimum(held, paid) / scale
    # A time value below the rounding of the price is none.
    is_low = time_value <= 4 * np.finfo(float).eps * price[usable] / scale
    deviation = normalised_volatility(-np.abs(np.log(held / paid)), np.where(is_low, np.nan, time_value))
    value[usable] = deviation / np.sqrt(years[usable])
    codes[usable] = np.where(is_low, _TOO_LOW, np.where(np.isnan(deviation) | (time_value >= highest), _TOO_HIGH, 0))
    return ImpliedVolatility(value=value, codes=codes)


def _inputs(*values: ArrayLike) -> list[FloatArray]:
    """Return spot, strike, years, volatility, rate, yield as checked arrays of one shape, and 1 for calls, -1 for puts."""
    *numbers, is_call = values
    arrays: list[Any] = [np.asarray(each, dtype=float) for each in numbers]
    for name, array, least in zip(("spot", "strike", "years", "volatility"), arrays, (0, 0, None, None), strict=False):
        wrong = (array < 0) if least is None else (array <= 0)
        if wrong.any():
            found = float(array[wrong].flat[0]) if array.ndim else float(array)
            expected = "negative" if least is None else "zero or negative"
            raise DataError(f"{name} must not be {expected}, found {found:g}; drop or repair such contracts first")
    sign = np.where(np.asarray(is_call, dtype=bool), 1.0, -1.0)
    return list(np.broadcast_arrays(*arrays, sign))


def _d1_d2(held: FloatArray, paid: FloatArray, deviation: FloatArray) -> tuple[FloatArray, FloatArray]:
    # Without deviation the option ends in or out of the money for certain; at the money it is worth nothing either way.
    moneyness = np.log(held / paid)
    certain = np.where(moneyness == 0, 0.0, np.copysign(np.inf, moneyness))
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = np.where(deviation == 0, certain, moneyness / deviation)
    return middle + deviation / 2, middle - deviation / 2
