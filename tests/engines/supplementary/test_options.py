import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq

import investiq as iq
from investiq.core.errors import InsufficientDataError
from investiq.engines.supplementary.engine import SupplementaryView
from investiq.engines.supplementary.options import TOPIC, options_features
from investiq.engines.supplementary.options_positions import unusual_activity
from investiq.engines.supplementary.options_summary import summary_of
from investiq.history.records import Records
from investiq.market.vendors.synthetic import company_of
from investiq.market.vendors.synthetic_options import RATE, list_options, total_variance
from investiq.metrics import black_scholes_price

NUMBERS = ("strike", "bid", "ask", "volume", "open_interest", "implied_volatility", "underlying_price")


def chain(rows, *, spot=100.0, taken="2018-12-28 21:00"):
    """One snapshot from (type, strike, expiration, changes)."""
    stamp = pd.Timestamp(taken, tz="UTC").as_unit("us")
    frame = pd.DataFrame(
        [
            dict.fromkeys(NUMBERS, np.nan)
            | {"contract_type": kind, "strike": float(strike), "expiration": expiration, "underlying_price": spot}
            | {"contract": f"{kind}{strike}{expiration}"}
            | changes
            for kind, strike, expiration, changes in rows
        ]
    )
    frame["expiration"] = pd.to_datetime(frame["expiration"], utc=True).dt.as_unit("us")
    frame[list(NUMBERS)] = frame[list(NUMBERS)].astype(float)
    index = pd.DatetimeIndex([stamp] * len(frame), name="ts")
    return frame.assign(known_at=index).set_index(index)


def records(*frames):
    return Records(
        kind="options", name="options", frame=pd.concat(frames), provider="test", source="by hand",
        known_at_rule="time of the snapshot", unit="USD",
    )  # fmt: skip


def quoted(kind, strike, expiration, volatility, *, spot=100.0, rate=0.045, half_spread=0.0, taken="2018-12-28"):
    # To 20:30 UTC of the expiration from a snapshot at 21:00.
    years = (np.datetime64(expiration) - np.datetime64(taken)).astype(int) / 365 - 0.5 / 24 / 365
    price = float(black_scholes_price(spot, strike, years, volatility, rate, is_call=kind == "call"))
    return kind, strike, expiration, {"bid": price - half_spread, "ask": price + half_spread}


def last(found):
    return {name: values[-1] for name, values in summary_of(found).columns.items()}


def test_max_pain_by_hand():
    # Calls 5 at 90 and 20 at 100, puts 30 at 100 and 8 at 110. Owed at 90: 30*10 + 8*20 = 460; at 100: 5*10 + 8*10 = 130;
    # at 110: 5*20 + 20*10 = 300. The least is at 100, although 110 and 90 have less interest and put interest leads.
    week = "2019-01-02"
    found = last(
        records(
            chain(
                [
                    ("call", 90, week, {"open_interest": 5}),
                    ("call", 100, week, {"open_interest": 20}),
                    ("put", 100, week, {"open_interest": 30}),
                    ("put", 110, week, {"open_interest": 8}),
                    ("put", 150, "2019-03-15", {"open_interest": 1_000}),  # another expiry
                ]
            )
        )
    )
    assert found["max_pain"] == 100.0
    assert found["max_pain_days"] == pytest.approx(5 - 0.5 / 24)


def test_max_pain_is_the_least_of_a_plain_search():
    rng = np.random.default_rng(5)
    rows, expected = [], {}
    for expiration in ("2019-01-04", "2019-01-18"):
        strikes = np.arange(80.0, 121.0, 5.0)
        calls, puts = rng.integers(0, 500, (2, strikes.size))
        rows += [("call", k, expiration, {"open_interest": n}) for k, n in zip(strikes, calls, strict=True)]
        rows += [("put", k, expiration, {"open_interest": n}) for k, n in zip(strikes, puts, strict=True)]
        owed = [
            sum(n * max(s - k, 0) for k, n in zip(strikes, calls, strict=True))
            + sum(n * max(k - s, 0) for k, n in zip(strikes, puts, strict=True))
            for s in strikes
        ]
        expected[expiration] = strikes[int(np.argmin(owed))]
    both = records(chain(rows))
    assert last(both)["max_pain"] == expected["2019-01-04"]
    far = records(chain([row for row in rows if row[2] == "2019-01-18"]))
    assert last(far)["max_pain"] == expected["2019-01-18"]


def test_put_call_ratios_of_volume_and_of_open_interest():
    # Volume (30 + 10) / (50 + 30) = 0.5, open interest (100 + 200) / (100 + 20) = 2.5, over all strikes and expiries.
    found = last(
        records(
            chain(
                [
                    ("call", 100, "2019-01-18", {"volume": 50, "open_interest": 100}),
                    ("call", 110, "2019-02-15", {"volume": 30, "open_interest": 20}),
                    ("put", 100, "2019-01-18", {"volume": 30, "open_interest": 100}),
                    ("put", 90, "2019-02-15", {"volume": 10, "open_interest": 200}),
                ]
            )
        )
    )
    assert (found["put_call_volume"], found["put_call_interest"]) == (0.5, 2.5)
    assert (found["call_volume"], found["put_volume"], found["call_interest"], found["put_interest"]) == (
        80,
        40,
        120,
        300,
    )


def test_without_calls_there_is_no_ratio_and_without_quotes_no_volatility():
    found = last(records(chain([("put", 100, "2019-01-18", {"volume": 30, "open_interest": 10})])))
    assert np.isnan([found[name] for name in ("put_call_volume", "put_call_interest", "atm_iv", "skew")]).all()
    assert found["put_interest"] == 10


def test_volatility_at_30_days_is_interpolated_in_total_variance():
    # 20 % at 20 days and 30 % at 41 days: variance times days 0.04*20 = 0.8 and 0.09*41 = 3.69. At 30 days
    # 0.8 + 10/21 * 2.89 = 2.17619, divided by 30: 0.0725397, root 26.93 %.
    rows = [
        quoted(kind, strike, expiration, volatility)
        for expiration, volatility in (("2019-01-17", 0.20), ("2019-02-07", 0.30))
        for strike in (90, 100, 110)
        for kind in ("call", "put")
    ]
    assert last(records(chain(rows)))["atm_iv"] == pytest.approx(0.26933, abs=2e-4)


def test_the_forward_is_read_from_parity_whatever_dividends_are_paid():
    # Priced with a yield of 8 %: the spot and the rate alone would misplace the forward and with it every volatility.
    rows = []
    for kind, strike in [(kind, strike) for strike in range(70, 131, 5) for kind in ("call", "put")]:
        years = 30 / 365 - 0.5 / 24 / 365
        price = float(black_scholes_price(100, strike, years, 0.3, 0.045, 0.08, is_call=kind == "call"))
        rows.append((kind, strike, "2019-01-27", {"bid": price, "ask": price}))
    found = last(records(chain(rows)))
    assert found["atm_iv"] == pytest.approx(0.3, rel=1e-6)
    assert found["skew"] == pytest.approx(0.0, abs=1e-6)


def test_skew_is_the_volatility_of_the_25_delta_put_less_that_of_the_call():
    # Puts at 35 %, calls at 25 %: whatever strike has 25 delta, the skew is 10 points.
    rows = [
        quoted(kind, strike, "2019-01-27", 0.35 if strike < 100 else 0.25)
        for strike in range(70, 131, 2)
        for kind in ("call", "put")
    ]
    assert last(records(chain(rows)))["skew"] == pytest.approx(0.10, abs=1e-6)


def test_a_stated_volatility_is_taken_and_nonsense_is_solved_for():
    rows = [quoted(kind, strike, "2019-01-27", 0.30) for strike in (90, 100, 110) for kind in ("call", "put")]
    stated = [(*row[:3], row[3] | {"implied_volatility": 0.40}) for row in rows]
    nonsense = [(*row[:3], row[3] | {"implied_volatility": 0.00001}) for row in rows]
    assert last(records(chain(stated)))["atm_iv"] == pytest.approx(0.40)
    found = last(records(chain(nonsense)))
    assert found["atm_iv"] == pytest.approx(0.30, abs=1e-4)
    assert (found["quoted"], found["solved"]) == (6, 3)  # of six contracts three are out of the money


def test_contracts_without_a_bid_are_counted_and_left_out():
    rows = [quoted(kind, strike, "2019-01-27", 0.30) for strike in (90, 100, 110) for kind in ("call", "put")]
    worthless = [
        ("call", 300, "2019-01-27", {"bid": 0.0, "ask": 5.0}),
        ("put", 20, "2019-01-27", {"bid": np.nan, "ask": 5.0}),
    ]
    crossed = [("call", 120, "2019-01-27", {"bid": 9.0, "ask": 8.0})]
    found = last(records(chain([*rows, *worthless, *crossed])))
    assert found["zero_bids"] == 2
    assert found["quoted"] == 6
    assert found["atm_iv"] == pytest.approx(0.30, abs=1e-4)
    nothing = last(records(chain([(*row[:3], {"bid": 0.0, "ask": 1.0}) for row in rows])))
    assert np.isnan(nothing["atm_iv"])
    assert nothing["zero_bids"] == 6


def test_expired_contracts_are_left_out():
    found = summary_of(records(chain([("call", 100, "2018-12-27", {"open_interest": 5, "volume": 1})])))
    assert found.known.size == 0
    topic = options_features(
        iq.History.of(iq.load_bars("^GSPC")[-5:], records=[records(chain([("call", 100, "2018-12-27", {})]))])
    )
    assert np.isnan(topic["options_atm_iv"]).all()


def test_unusual_activity_needs_interest_volume_and_twice_the_interest():
    frame = chain(
        [
            ("call", 100, "2019-01-18", {"volume": 101, "open_interest": 50}),  # 2.02 times
            ("call", 105, "2019-01-18", {"volume": 100, "open_interest": 10}),  # not above 100
            ("call", 110, "2019-01-18", {"volume": 400, "open_interest": 200}),  # exactly twice
            ("put", 95, "2019-01-18", {"volume": 900, "open_interest": 0}),  # nothing open
            ("put", 90, "2019-01-18", {"volume": 900, "open_interest": 100}),  # 9 times
        ]
    )
    table = unusual_activity(records(frame))
    assert table["ratio"].to_list() == [9.0, 2.02]
    assert table["strike"].to_list() == [90.0, 100.0]
    assert last(records(frame))["unusual"] == 2
    assert len(unusual_activity(records(frame), top=1)) == 1
    with pytest.raises(InsufficientDataError, match="no option chain is known at 2018-12-27"):
        unusual_activity(records(frame), as_of="2018-12-27")


@pytest.fixture(scope="module")
def shares():
    return iq.load_bars("SYN001")


@pytest.fixture(scope="module")
def chains():
    return iq.load_records("SYN001", "options")


def test_percentile_and_rank_of_volatility_are_of_its_own_trailing_year(shares, chains):
    table = pd.DataFrame(options_features(iq.History.of(shares, records=[chains])), index=shares.index)
    row = len(table) - 40
    own = table["options_atm_iv"].to_numpy()
    year = own[row - 252 : row]
    assert np.isfinite(year).all()
    expected = (np.sum(year < own[row]) + 0.5 * np.sum(year == own[row])) / 252
    assert table["options_iv_percentile"].iloc[row] == pytest.approx(expected)
    with_own = own[row - 251 : row + 1]
    expected = (own[row] - with_own.min()) / (with_own.max() - with_own.min())
    assert table["options_iv_rank"].iloc[row] == pytest.approx(expected)
    # The chains begin at row 2012; a percentile needs 60 of them before, a rank 60 with its own.
    begin = int(np.argmax(np.isfinite(own)))
    assert int(np.argmax(np.isfinite(table["options_iv_percentile"]))) == begin + 60
    assert int(np.argmax(np.isfinite(table["options_iv_rank"]))) == begin + 59


def test_a_chain_older_than_seven_days_says_nothing(shares, chains):
    cut = dataclasses.replace(chains, frame=chains.frame[chains.frame.index < "2019-12-12"])
    view = SupplementaryView((TOPIC,))
    features = view.features(iq.History.of(shares, records=[cut]))
    age = features["options_age_days"].to_numpy()
    has = np.isfinite(features["options_atm_iv"].to_numpy())
    assert has[(age <= 7)].all()
    assert not has[age > 7].any()
    assert view.explain(features.iloc[-1]).missing["options_atm_iv"] == "the newest chain is 20 days old"


def test_max_pain_is_a_price_of_the_rows_own_day_after_a_split(shares):
    # A split of 4 for 1 between the chain of the 28th and the row of the 31st: a strike of 100 is now 25.
    bars = iq.load_bars("^GSPC", start="2018-12-26")
    factor = np.array([1.0, 1.0, 1.0, 4.0])
    split = dataclasses.replace(
        bars,
        split_factor=factor,
        total_factor=factor,
        **{n: np.array([100.0, 100, 100, 25]) for n in ("open", "high", "low", "close")},
    )
    frame = chain([("call", 100, "2019-01-02", {"open_interest": 5}), ("put", 100, "2019-01-02", {"open_interest": 5})])
    found = options_features(iq.History.of(split, records=[records(frame)]))
    assert found["options_max_pain"].tolist()[-2:] == [100.0, 25.0]
    assert found["options_max_pain_gap"].tolist()[-2:] == [0.0, 0.0]


@pytest.mark.parametrize("symbol", ["SYN001", "SYN007"])
def test_the_volatility_behind_synthetic_chains_is_found_within_three_per_cent_of_itself(symbol):
    # Solved from quotes alone. Their ticks and spreads, and a rate that is not the generator's, leave an error.
    truth = list_options(company_of(symbol)).truth
    chains = iq.load_records(symbol, "options")
    found = summary_of(dataclasses.replace(chains, frame=chains.frame.assign(implied_volatility=np.nan)))
    table = chains.frame.drop(columns="implied_volatility").reset_index().merge(truth, on=["ts", "contract"])
    error = []
    for taken, day in [each for number, each in enumerate(table.groupby("ts")) if number % 20 == 0]:
        place = int(np.searchsorted(found.known, taken.tz_convert(None).to_datetime64()))
        error.append(found.columns["atm_iv"][place] / true_volatility_at_30_days(day) - 1)
    assert len(error) > 20
    assert np.abs(error).max() < 0.03
    assert abs(np.median(error)) < 0.01


def true_volatility_at_30_days(day):
    """From the surface that the chains are drawn on: variance returns to its mean at the rate 4, which two numbers tell."""
    levels, years = [], []
    for left, expiry in day.groupby("years"):
        moneyness = np.log(expiry["strike"] / expiry["underlying_price"]).to_numpy() - RATE * left
        nearest = np.abs(moneyness).argmin()
        variance = expiry["implied_volatility"].iloc[nearest] ** 2 * left
        levels.append(
            brentq(
                lambda level, k=moneyness[nearest], w=variance: float(total_variance(k, np.float64(level))) - w, 1e-9, 9
            )
        )
        years.append(left)
    pulled = -np.expm1(-4 * np.array([*years, 30 / 365])) / 4
    terms = np.stack([pulled, np.array([*years, 30 / 365]) - pulled], axis=1)
    now_and_mean = np.linalg.lstsq(terms[:-1], np.array(levels), rcond=None)[0]
    return np.sqrt(terms[-1] @ now_and_mean * 365 / 30)
