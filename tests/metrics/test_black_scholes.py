import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.stats import norm

from investiq.core.errors import DataError
from investiq.metrics import black_scholes_greeks, black_scholes_price, implied_volatility

# Every combination of these, calls and puts: 45 % to 220 % of the spot, a week to two years.
STRIKES, YEARS, VOLATILITIES, CALLS = (
    each.ravel()
    for each in np.meshgrid(
        [45.0, 70.0, 90.0, 100.0, 101.0, 130.0, 220.0], [1 / 52, 0.25, 2.0], [0.05, 0.2, 0.6, 1.5], [True, False]
    )
)
SPOT, RATE, YIELD = 100.0, 0.04, 0.015


def test_hulls_example_of_a_call_and_a_put():
    # Hull, Options, Futures and Other Derivatives, example 15.6: 4.76 and 0.81.
    price = black_scholes_price(42, 40, 0.5, 0.2, 0.1, is_call=[True, False])
    assert price == pytest.approx([4.76, 0.81], abs=0.005)


def test_hulls_example_of_an_index_option():
    # Hull, example 17.1: S&P 500 at 930, strike 900, two months, 8 %, yield 3 %, volatility 20 %: 51.83.
    assert float(black_scholes_price(930, 900, 2 / 12, 0.2, 0.08, 0.03, is_call=True)) == pytest.approx(
        51.83, abs=0.005
    )


def test_hulls_greeks():
    # Hull, chapter 19, a call with S 49, K 50, r 5 %, volatility 20 %, 20 weeks:
    # delta 0.522, gamma 0.066, vega 12.1, theta -4.31 a year, rho 8.91.
    greeks = black_scholes_greeks(49, 50, 0.3846, 0.2, 0.05, is_call=True)
    found = [float(getattr(greeks, name)) for name in ("delta", "gamma", "vega", "theta", "rho")]
    assert found == pytest.approx([0.522, 0.066, 12.1, -4.31, 8.91], abs=0.006)


def test_the_price_is_the_discounted_mean_payoff():
    # By integration over the lognormal price at expiry.
    spot, strike, years, volatility, rate, carry = 100.0, 110.0, 0.75, 0.35, 0.03, 0.02
    drift = (rate - carry - volatility**2 / 2) * years

    def payoff(z):
        return max(strike - spot * np.exp(drift + volatility * np.sqrt(years) * z), 0) * norm.pdf(z)

    edge = (np.log(strike / spot) - drift) / (volatility * np.sqrt(years))
    expected = np.exp(-rate * years) * quad(payoff, -10, edge, epsabs=1e-12)[0]
    assert float(black_scholes_price(spot, strike, years, volatility, rate, carry, is_call=False)) == pytest.approx(
        expected, rel=1e-9
    )


def test_call_less_put_is_the_forward_less_the_strike():
    call, put = (
        black_scholes_price(SPOT, STRIKES, YEARS, VOLATILITIES, RATE, YIELD, is_call=each) for each in (True, False)
    )
    assert call - put == pytest.approx(SPOT * np.exp(-YIELD * YEARS) - STRIKES * np.exp(-RATE * YEARS), abs=1e-11)


@pytest.mark.parametrize(
    ("greek", "argument", "sign"), [("delta", 0, 1), ("vega", 3, 1), ("theta", 2, -1), ("rho", 4, 1)]
)
def test_a_greek_is_the_slope_of_the_price(greek, argument, sign):
    at = [SPOT, STRIKES, YEARS, VOLATILITIES, RATE, YIELD]
    step = 1e-4 * (100 if argument == 0 else 0.1)
    above, below = ([*at[:argument], at[argument] + move, *at[argument + 1 :]] for move in (step, -step))
    slope = (black_scholes_price(*above, is_call=CALLS) - black_scholes_price(*below, is_call=CALLS)) / (2 * step)
    found = getattr(black_scholes_greeks(*at, is_call=CALLS), greek)
    assert sign * found == pytest.approx(slope, rel=1e-4, abs=2e-4)


def test_gamma_is_the_slope_of_delta():
    delta = [
        black_scholes_greeks(spot, STRIKES, YEARS, VOLATILITIES, RATE, YIELD, is_call=CALLS).delta
        for spot in (SPOT + 1e-3, SPOT - 1e-3)
    ]
    gamma = black_scholes_greeks(SPOT, STRIKES, YEARS, VOLATILITIES, RATE, YIELD, is_call=CALLS).gamma
    assert gamma == pytest.approx((delta[0] - delta[1]) / 2e-3, rel=1e-4, abs=1e-7)


def test_the_implied_volatility_of_a_price_is_the_one_that_made_it():
    price = black_scholes_price(SPOT, STRIKES, YEARS, VOLATILITIES, RATE, YIELD, is_call=CALLS)
    forward_gap = SPOT * np.exp(-YIELD * YEARS) - STRIKES * np.exp(-RATE * YEARS)
    time_value = price - np.maximum(np.where(CALLS, forward_gap, -forward_gap), 0)
    # A cent and more of time value in 100 leaves eight digits even where the price is mostly intrinsic.
    tells = time_value > 1e-2
    found = implied_volatility(price, SPOT, STRIKES, YEARS, RATE, YIELD, is_call=CALLS)
    assert tells.sum() > 100
    assert found.value[tells] == pytest.approx(VOLATILITIES[tells], rel=1e-8)
    assert (found.codes[tells] == 0).all()


def test_far_out_of_the_money_a_price_below_1e_10_still_tells_its_volatility():
    price = black_scholes_price(100, [900.0, 15.0], 0.25, 0.4, 0.0, is_call=[True, False])
    assert (price < 1e-10).all()
    found = implied_volatility(price, 100, [900.0, 15.0], 0.25, 0.0, is_call=[True, False])
    assert found.value == pytest.approx(0.4, rel=1e-8)


def test_implied_volatility_agrees_with_brent():
    rng = np.random.default_rng(3)
    for strike, years, price_share in zip(
        rng.uniform(60, 160, 20), rng.uniform(0.02, 2, 20), rng.uniform(0.02, 0.9, 20), strict=True
    ):
        low = max(100 - strike * np.exp(-0.02 * years), 0)
        price = low + price_share * (100 - low)

        def miss(volatility, strike=strike, years=years, price=price):
            return float(black_scholes_price(100, strike, years, volatility, 0.02, is_call=True)) - price

        found = float(implied_volatility(price, 100, strike, years, 0.02, is_call=True).value)
        assert found == pytest.approx(brentq(miss, 1e-6, 60, xtol=1e-13, rtol=1e-13), rel=1e-9)


@pytest.mark.parametrize(
    ("price", "spot", "strike", "years", "is_call", "reason"),
    [
        (np.nan, 100, 100, 0.5, True, "an input is missing"),
        (1.0, np.inf, 100, 0.5, True, "an input is missing"),
        (0.0, 100, 100, 0.5, True, "spot, strike or price is not positive"),
        (1.0, 100, 0, 0.5, True, "spot, strike or price is not positive"),
        (1.0, 100, 100, 0.0, True, "expired"),
        (1.0, 100, 100, -0.1, True, "expired"),
        (10.0, 110, 100, 0.5, True, "the price is not above intrinsic value"),
        (9.99, 110, 100, 0.5, True, "the price is not above intrinsic value"),
        (100.0, 100, 100, 0.5, True, "the price is not below its upper bound"),
        (100.0, 90, 100, 0.5, False, "the price is not below its upper bound"),
    ],
)
def test_what_no_volatility_explains_is_missing_with_its_reason(price, spot, strike, years, is_call, reason):
    found = implied_volatility([price, 5.0], [spot, 100], [strike, 100], [years, 0.5], 0.0, is_call=[is_call, True])
    assert np.isnan(found.value[0])
    assert found.reasons.tolist() == [reason, ""]


def test_without_time_or_volatility_the_price_is_intrinsic_and_the_greeks_have_a_kink():
    price = black_scholes_price(105, [100, 100, 105, 110], [0, 1, 0, 0], [0.2, 0, 0.2, 0.2], 0.0, is_call=True)
    assert price.tolist() == [5.0, 5.0, 0.0, 0.0]
    assert np.isnan(black_scholes_greeks(105, 100, 0, 0.2, 0.0, is_call=True).delta)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 40, 0.5, 0.2), "spot must not be zero or negative, found 0"),
        ((42, [40, -1], 0.5, 0.2), "strike must not be zero or negative, found -1"),
        ((42, 40, -0.5, 0.2), "years must not be negative, found -0.5"),
        ((42, 40, 0.5, -0.2), "volatility must not be negative, found -0.2"),
    ],
)
def test_a_price_of_nothing_that_trades_is_refused(arguments, message):
    with pytest.raises(DataError, match=message):
        black_scholes_price(*arguments, 0.1, is_call=True)


def test_the_least_of_prices_is_solved_without_a_warning():
    found = implied_volatility(1e-310, 100.0, 110.0, 0.5, 0.0, is_call=True).value
    assert 0.0 < found < 0.01
