"""The value of a share as its discounted cash flows, with every assumption shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import ConfigError, DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["EQUITY_PREMIUM", "MAX_TERMINAL_SHARE", "DcfValue", "Present", "cost_of_equity", "dcf", "present_value"]

FloatArray = NDArray[np.float64]

# Return demanded of the market above the risk-free rate; a convention within what surveys and implied premiums span.
EQUITY_PREMIUM: Final = 0.055
# No company grows faster than the economy for ever.
TERMINAL_GROWTH: Final = 0.025
# A value that lies almost wholly beyond the forecast says nothing about the company.
MAX_TERMINAL_SHARE: Final = 0.85
STEPS: Final = 5
FADE: Final = 5


class Present(NamedTuple):
    """Value of cash flows per unit of the first year's base, and the share of it beyond the forecast."""

    value: FloatArray
    terminal_share: FloatArray


@dataclass(frozen=True, kw_only=True)
class DcfValue:
    """Discounted cash flows of one share.

    Attributes
    ----------
    value : float
        Per share, in the currency of `cash_flow`; NaN where it is suppressed.
    reason : str
        Why there is no value; empty otherwise.
    terminal_share : float
        Share of the present value that lies beyond the forecast.
    cash_flow, growth, discount_rate, terminal_growth, net_debt : float
        The assumptions, as `dcf` took them.
    years, fade_years : int
    """

    value: float
    reason: str
    terminal_share: float
    cash_flow: float
    growth: float
    discount_rate: float
    terminal_growth: float
    net_debt: float
    years: int
    fade_years: int

    @property
    def forecast(self) -> pd.DataFrame:
        """Growth, cash flow and present value by year; index `year`, from 1."""
        import pandas as pd

        rates = _growth_path(self.growth, self.terminal_growth, self.years, self.fade_years)
        flows = self.cash_flow * np.cumprod(1 + rates)
        year = np.arange(1, rates.size + 1)
        present = flows / (1 + self.discount_rate) ** year
        return pd.DataFrame(
            {"growth": rates, "cash_flow": flows, "present_value": present}, index=pd.Index(year, name="year")
        )

    @property
    def table(self) -> pd.DataFrame:
        """Value per share at discount rates one point and terminal growth half a point either way.

        Cells whose value lies by more than 85 % beyond the forecast are NaN, as are
        those whose growth reaches the discount rate and those that debt exceeds.
        """
        import pandas as pd

        rates = self.discount_rate + np.array([-0.01, 0.0, 0.01])
        growths = self.terminal_growth + np.array([-0.005, 0.0, 0.005])
        cells = [
            [
                float(_suppressed(present_value(self.growth, rate, end, self.years, self.fade_years)) * self.cash_flow)
                - self.net_debt
                if end < rate
                else np.nan
                for end in growths
            ]
            for rate in rates
        ]
        values = np.array(cells)
        return pd.DataFrame(
            np.where(values > 0, values, np.nan),
            index=pd.Index(rates.round(6), name="discount_rate"),
            columns=pd.Index(growths.round(6), name="terminal_growth"),
        )


def cost_of_equity(risk_free: float, beta: float = 1.0, premium: float = EQUITY_PREMIUM) -> float:
    """Return the return that owners demand: ``risk_free + beta * premium``.

    Examples
    --------
    >>> cost_of_equity(0.045, beta=1.2)
    0.111
    """
    return round(risk_free + beta * premium, 12)


def present_value(
    growth: FloatArray | float,
    discount_rate: FloatArray | float,
    terminal_growth: FloatArray | float = TERMINAL_GROWTH,
    years: int = STEPS,
    fade_years: int = FADE,
) -> Present:
    """Return the present value of a cash flow that was 1 last year; arrays are taken element by element.

    It grows at `growth` for `years`, then `fade_years` at rates that fall in a
    straight line to `terminal_growth`, then for ever at that. A flow of year n is
    divided by ``(1 + discount_rate) ** n``; what follows year N is worth
    ``flow * (1 + terminal_growth) / (discount_rate - terminal_growth)`` in year N
    (Gordon). `terminal_growth` must lie below `discount_rate`.
    """
    flow, worth = np.ones(np.broadcast_shapes(np.shape(growth), np.shape(discount_rate))), 0.0
    discount = 1.0 / (1.0 + np.asarray(discount_rate))
    factor = np.ones_like(flow)
    for rate in _growth_path(growth, terminal_growth, years, fade_years):
        flow, factor = flow * (1 + rate), factor * discount
        worth = worth + flow * factor
    beyond = flow * (1 + terminal_growth) / (discount_rate - np.asarray(terminal_growth)) * factor
    value = worth + beyond
    return Present(value, beyond / value)


def dcf(
    cash_flow: float,
    growth: float,
    discount_rate: float,
    *,
    terminal_growth: float = TERMINAL_GROWTH,
    net_debt: float = 0.0,
    years: int = STEPS,
    fade_years: int = FADE,
) -> DcfValue:
    """Return the value of one share as its discounted cash flows.

    Parameters
    ----------
    cash_flow : float
        Of the last twelve months, per share. To owners (operating cash flow less
        capital expenditure plus net borrowing) with the cost of equity and no
        `net_debt`; or to all who finance the company (operating cash flow plus
        interest after tax less capital expenditure) with the average cost of
        capital and `net_debt`. Never one with the rate of the other.
    growth : float
        Of the first years, as a fraction.
    discount_rate : float
        See `cost_of_equity`.
    terminal_growth : float, default 0.025
        For ever; not above the risk-free rate, and below `discount_rate`.
    net_debt : float, default 0.0
        Interest-bearing debt less cash, per share.
    years, fade_years : int, default 5
        At `growth`, and from it in a straight line to `terminal_growth`.

    Returns
    -------
    DcfValue
        With `.value`, `.forecast` by year and the sensitivity `.table`. The value
        is NaN, with its reason, where the cash flow is not positive, more than
        85 % of it lies beyond the forecast, or `net_debt` exceeds it.

    Raises
    ------
    DataError
        If a number is missing.
    ConfigError
        If `terminal_growth` is not below `discount_rate`, or there is no year.

    Examples
    --------
    >>> value = dcf(5.0, growth=0.08, discount_rate=0.10)
    >>> round(value.value, 2), round(value.terminal_share, 3)
    (94.02, 0.532)
    """
    given = (cash_flow, growth, discount_rate, terminal_growth, net_debt)
    if not np.isfinite(given).all():
        raise DataError(f"cash flow, growth, rates and net debt must be numbers, were {given}")
    if terminal_growth >= discount_rate:
        raise ConfigError(
            f"terminal_growth must lie below discount_rate {discount_rate}, was {terminal_growth}: the sum has no end"
        )
    if years < 1 or fade_years < 0:
        raise ConfigError(f"expected years >= 1 and fade_years >= 0, were {years} and {fade_years}")
    present = present_value(growth, discount_rate, terminal_growth, years, fade_years)
    share = float(present.terminal_share)
    value, reason = float(present.value) * cash_flow - net_debt, ""
    if cash_flow <= 0:
        value, reason = np.nan, f"the cash flow of the last year is not positive ({cash_flow:.2f} per share)"
    elif share > MAX_TERMINAL_SHARE:
        value, reason = np.nan, f"{share:.0%} of the value lies beyond the forecast, at most 85 % may"
    elif value <= 0:
        value, reason = np.nan, f"net debt of {net_debt:.2f} per share exceeds the cash flows of {value + net_debt:.2f}"
    return DcfValue(
        value=value,
        reason=reason,
        terminal_share=share,
        cash_flow=cash_flow,
        growth=growth,
        discount_rate=discount_rate,
        terminal_growth=terminal_growth,
        net_debt=net_debt,
        years=years,
        fade_years=fade_years,
    )


def _growth_path(
    growth: FloatArray | float, terminal_growth: FloatArray | float, years: int, fade_years: int
) -> FloatArray:
    """Return growth by year, shape (years + fade_years, ...); the first year after the fade is at `terminal_growth`."""
    start, end = np.broadcast_arrays(np.asarray(growth, dtype=float), np.asarray(terminal_growth, dtype=float))
    steps = np.arange(1, fade_years + 1) / (fade_years + 1)
    fading = [start + (end - start) * step for step in steps]
    return np.stack([*([start] * years), *fading])


def _suppressed(present: Present) -> FloatArray:
    return np.where(present.terminal_share > MAX_TERMINAL_SHARE, np.nan, present.value)
