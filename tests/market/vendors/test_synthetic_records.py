import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

import investiq as iq
from investiq.core.errors import ConfigError, DataError
from investiq.history.resample import resample
from investiq.market.contract import Request
from investiq.market.ingesting import keep
from investiq.market.store import SeriesKey, open_store
from investiq.market.vendors import synthetic, synthetic_records
from investiq.market.vendors.synthetic_events import report_times, surprises
from investiq.market.vendors.synthetic_news import publish_news
from investiq.market.vendors.synthetic_options import RATE, total_variance
from investiq.market.vendors.synthetic_records import RECORDS, filings_of

SHARES = ("SYN001", "SYN003", "SYN005", "SYN008", "SYN025", "SYN220", "SYN225")
COMPANIES = [name for name in synthetic.SYMBOLS if name not in synthetic.INDICES][:40]
FLOWS = ("cash_flow_operating", "cash_flow_investing", "cash_flow_financing")


def frame(symbol, kind):
    return iq.load_records(symbol, kind).frame


def quarters(symbol, *, amended=False):
    """Return the quarters of a company, each in its first version or in its last."""
    rows = frame(symbol, "statements")
    rows = rows[rows["fiscal_period"] != "FY"].sort_values(
        ["period_end", "known_at"] if "period_end" in rows else "known_at"
    )
    return rows[~rows.index.duplicated(keep="last" if amended else "first")].sort_index()


@pytest.mark.parametrize("amended", [False, True])
@pytest.mark.parametrize("symbol", SHARES)
def test_the_three_statements_agree_to_the_cent(symbol, amended):
    rows = quarters(symbol, amended=amended)
    assert len(rows) > 12
    assert (rows["total_assets"] == rows["total_liabilities"] + rows["shareholders_equity"]).all()
    assert (rows["cash"].diff()[1:] == rows[list(FLOWS)].sum(axis=1)[1:]).all()
    kept = rows["net_income"] - rows["dividends_paid"]
    assert (rows["retained_earnings"].diff()[1:] == kept[1:]).all()
    moved = kept + rows["stock_issued"] - rows["stock_repurchased"]
    assert (rows["shareholders_equity"].diff()[1:] == moved[1:]).all()
    assert (rows["total_debt"].diff()[1:] == (rows["debt_issued"] - rows["debt_repaid"])[1:]).all()
    assert (rows["pretax_income"] - rows["tax_expense"] == rows["net_income"]).all()
    plant = rows["capital_expenditure"] - rows["depreciation_amortization"]
    assert (rows["property_plant_equipment"].diff()[1:] == plant[1:]).all()


@pytest.mark.parametrize("symbol", ["SYN001", "SYN008"])
def test_an_income_statement_and_working_capital_follow_from_their_lines(symbol):
    rows = quarters(symbol, amended=True)
    assert (rows["revenue"] - rows["cost_of_revenue"] == rows["gross_profit"]).all()
    operating = rows["gross_profit"] - rows["selling_general_admin"] - rows["depreciation_amortization"]
    assert (operating == rows["operating_income"]).all()
    assert (rows["operating_income"] - rows["interest_expense"] == rows["pretax_income"]).all()
    assert (rows["cash"] + rows["receivables"] + rows["inventory"] == rows["current_assets"]).all()
    tied = rows["receivables"] + rows["inventory"] - rows["accounts_payable"]
    earned = rows["net_income"] + rows["depreciation_amortization"] - tied.diff()
    assert (earned[1:] == rows["cash_flow_operating"][1:]).all()


def test_a_year_is_the_sum_of_its_quarters_with_the_balance_of_the_last():
    rows, whole = quarters("SYN002"), frame("SYN002", "statements")
    years = whole[whole["fiscal_period"] == "FY"]
    assert len(years) >= 10
    for end, year in years.iterrows():
        four = rows[rows["fiscal_year"] == year["fiscal_year"]]
        assert len(four) == 4
        assert four.index[-1] == end
        for name in ("revenue", "net_income", "capital_expenditure", *FLOWS):
            assert four[name].sum() == year[name]
        assert four["total_assets"].iloc[-1] == year["total_assets"]


def test_dividends_paid_are_the_cash_per_share_times_the_shares_of_the_quarter():
    # SYN003 has a merger of ten shares into one: cash x shares as traded is free of units.
    actions = synthetic.truth("SYN003").actions
    filings = filings_of(synthetic.company_of("SYN003"))
    before = filings.quarters[0].shares
    bars = iq.load_bars("SYN003")
    for quarter in filings.quarters[1:]:
        months = {(quarter.period_end.year, quarter.period_end.month - back) for back in range(3)}
        paid = 0.0
        for action in actions:
            if action.cash and (action.ex_date.year, action.ex_date.month) in months:
                paid += (
                    action.cash * bars.split_factor[np.searchsorted(bars.ts, np.datetime64(action.ex_date))] * before
                )
        assert quarter.amounts["dividends_paid"] == pytest.approx(paid, abs=0.5)
        before = quarter.shares


@pytest.mark.parametrize("symbol", ["SYN001", "SYN003"])
def test_reported_shares_are_in_the_units_of_the_filing(symbol):
    # Between two quarters shares move by buybacks of a few per cent and by the splits between the filings.
    rows, bars = quarters(symbol), iq.load_bars(symbol)
    splits = [each for each in synthetic.truth(symbol).actions if each.kind == "split"]
    assert splits
    for split in splits:
        day = pd.Timestamp(split.ex_date, tz="UTC")
        around = (
            rows["shares_basic"][rows["filed_at"] < day].iloc[-1],
            rows["shares_basic"][rows["filed_at"] >= day].iloc[0],
        )
        assert around[1] / around[0] == pytest.approx(split.ratio, rel=0.1)
    assert bars.split_factor[-1] == pytest.approx(np.prod([split.ratio for split in splits]))


def test_filings_come_25_to_45_days_after_a_quarter_and_later_after_a_year():
    days = {"10-Q": [], "10-K": []}
    for symbol in COMPANIES:
        late = {pd.Timestamp(end, tz="UTC") for end in synthetic.truth(symbol).company.late}
        rows = frame(symbol, "statements")
        for form in days if len(rows) else ():
            told = rows[(rows["form"] == form) & ~rows.index.isin(late)]
            days[form] += (told["filed_at"] - told.index).dt.days.tolist()
    # A filing that falls on a weekend moves to the next session, four days on at most.
    assert (min(days["10-Q"]), min(days["10-K"])) == (25, 40)
    assert max(days["10-Q"]) <= 40 + 4
    assert max(days["10-K"]) <= 59 + 4


@pytest.mark.parametrize("symbol", SHARES)
@pytest.mark.parametrize("kind", RECORDS)
def test_no_record_is_known_before_it_could_be(symbol, kind):
    records = iq.load_records(symbol, kind)
    rows = records.frame
    assert (records.provider, records.watermark) == ("synthetic", "SYNTHETIC")
    if kind != "earnings":
        assert rows["known_at"].max() <= pd.Timestamp(synthetic.AS_OF)
    if kind in ("statements", "earnings"):
        assert (rows["known_at"] > rows.index + pd.Timedelta(days=1)).all()
    if kind in ("statements", "insiders", "profile"):
        assert (rows["known_at"] == rows["accepted_at"]).all()
        assert (rows["accepted_at"] >= rows["filed_at"]).all()
    if kind == "insiders":
        lag = np.busday_count(
            rows.index.date.astype("datetime64[D]"), rows["filed_at"].dt.date.to_numpy("datetime64[D]")
        )
        assert lag.min() == 1
        assert lag.max() <= 4  # two sessions around a holiday
    if kind == "short_interest":
        lag = np.busday_count(
            rows.index.date.astype("datetime64[D]"), rows["publication_date"].dt.date.to_numpy("datetime64[D]")
        )
        assert lag.min() >= 7


def test_results_are_told_before_they_are_filed_and_the_next_report_is_announced():
    for symbol in ("SYN001", "SYN009", "SYN047"):
        told, filed = frame(symbol, "earnings"), quarters(symbol)
        both = told.join(filed["accepted_at"], how="inner")
        assert (both["reported_at"] <= both["accepted_at"]).all()
        due = told[told["eps_actual"].isna()]
        assert len(due) == 1
        assert due["reported_date"].iloc[0] > pd.Timestamp(synthetic.LAST, tz="UTC")
        assert due["known_at"].iloc[0] > pd.Timestamp(synthetic.AS_OF)
    # One that failed in 2011 announces nothing.
    assert not frame("SYN225", "earnings")["eps_actual"].isna().any()


def test_special_companies_are_what_they_are_said_to_be():
    assert (quarters("SYN005")["shareholders_equity"] < 0).all()
    assert (quarters("SYN005")["net_income"] < 0).mean() > 0.9
    bank = quarters("SYN003")
    assert bank[["cost_of_revenue", "gross_profit", "current_assets", "inventory"]].isna().all(axis=None)
    assert (bank["total_liabilities"] / bank["total_assets"]).between(0.6, 0.95).all()
    none = iq.load_records("SYN006", "statements")
    assert len(none) == 0
    assert [note.text for note in none.notes] == ["SYN006 files no statements"]
    assert len(synthetic.truth("SYN007").company.late) > 8
    amended = frame("SYN008", "statements")
    assert (amended["form"] == "10-Q/A").sum() == 4


def test_a_correction_is_a_second_version_known_later():
    rows = frame("SYN008", "statements")
    for end in synthetic.truth("SYN008").company.restated:
        first, second = rows.loc[pd.Timestamp(end, tz="UTC")].sort_values("known_at").to_dict("records")
        assert first["known_at"] < second["known_at"]
        assert first["source_filing"] != second["source_filing"]
        assert first["revenue"] != second["revenue"]
        assert first["cash"] == second["cash"]


def test_red_flags_show_in_receivables_and_wear():
    known = synthetic.truth("SYN009").company
    (year,) = known.business.red_flag_years
    rows = quarters("SYN009")
    days = rows["receivables"] / rows["revenue"]
    flagged = rows["fiscal_year"] == year
    assert len(known.red_flags) == flagged.sum() == 4
    # Days receivable are 1.8 times the usual ones, exactly but for whole thousands of dollars.
    assert days[flagged].min() / days[~flagged].max() == pytest.approx(1.8, rel=1e-3)


def test_multiples_of_profitable_companies_are_reasonable():
    # Median price to trailing earnings, by a sum of four quarters and the close of the filing's day.
    found = []
    for symbol in COMPANIES:
        rows = quarters(symbol) if len(frame(symbol, "statements")) else None
        if rows is None or symbol == "SYN005":
            continue
        bars = iq.load_bars(symbol)
        at = np.searchsorted(bars.ts, rows["filed_at"].dt.tz_localize(None).to_numpy(), side="right") - 1
        listed = at >= 0
        earned = rows["net_income"].rolling(4).sum().to_numpy()
        value = bars.close[at] * rows["shares_basic"].to_numpy()
        found.append(np.nanmedian((value / earned)[listed]))
    assert np.quantile(found, 0.05) > 8
    assert np.quantile(found, 0.95) < 40


def test_accounts_and_surprises_predict_nothing():
    # Rank correlation over companies and quarters with the 60 sessions after; cross-sectional within each quarter's end, so
    # that the market's moves do not count. Under the null its standard error is at most 1 / sqrt(n / 3): three of them.
    rows = []
    for symbol in COMPANIES:
        company = synthetic.company_of(symbol)
        filings = filings_of(company)
        told = report_times(company, filings)
        standard = surprises(company, told)
        held = np.log(company.close * company.split_factor)
        for quarter, moment, surprise in zip(filings.quarters, told, standard, strict=True):
            first = np.searchsorted(company.known_at, moment)
            if moment < company.known_at[0] or first + 60 >= held.size:
                continue
            margin = quarter.amounts["net_income"] / quarter.amounts["revenue"]
            worth = quarter.amounts["revenue"] / (company.close[first] * company.split_factor[first] * quarter.shares)
            rows.append((quarter.period_end, surprise, margin, worth, held[first + 60] - held[first]))
    table = pd.DataFrame(rows, columns=["end", "surprise", "margin", "worth", "after"])
    ranks = table.groupby("end")[["surprise", "margin", "worth", "after"]].rank(pct=True)
    bound = 3 / np.sqrt(len(ranks) / 3)
    for name in ("surprise", "margin", "worth"):
        assert abs(spearmanr(ranks[name], ranks["after"]).statistic) < bound


def test_insiders_and_short_sellers_know_nothing():
    buys, shorts = [], []
    for symbol in COMPANIES:
        bars = iq.load_bars(symbol)
        held = np.log(bars.adjusted("total").close)
        rows = frame(symbol, "insiders")
        first = np.searchsorted(bars.known_at, rows["known_at"].dt.tz_localize(None).to_numpy())
        inside = (first + 20 < held.size) & rows["code"].isin(["P", "S"]).to_numpy()
        after = held[np.minimum(first + 20, held.size - 1)] - held[np.minimum(first, held.size - 1)]
        buys += list(zip((rows["code"] == "P")[inside], after[inside], strict=True))
        shorted = frame(symbol, "short_interest")
        first = np.searchsorted(bars.known_at, shorted["known_at"].dt.tz_localize(None).to_numpy())[1:]
        inside = first + 10 < held.size
        change = np.diff(np.log(shorted["float_pct"].to_numpy()))
        shorts += list(
            zip(change[inside], (held[np.minimum(first + 10, held.size - 1)] - held[first])[inside], strict=True)
        )
    for pairs in (np.array(buys, dtype=float), np.array(shorts)):
        assert abs(spearmanr(pairs[:, 0], pairs[:, 1]).statistic) < 3 / np.sqrt(len(pairs))


def test_a_drift_and_a_lead_can_be_planted():
    company = synthetic.company_of("SYN001")
    filings = filings_of(company)
    told = report_times(company, filings)
    planted = surprises(company, told, drift=0.9)
    held = np.log(company.close * company.split_factor)
    first = np.searchsorted(company.known_at, told)
    after = held[np.minimum(first + 20, held.size - 1)] - held[np.minimum(first, held.size - 1)]
    # The correlation of 48 draws around 0.9 is known to about (1 - 0.81) / sqrt(48) = 0.03.
    assert np.corrcoef(planted, after)[0, 1] == pytest.approx(0.9, abs=0.08)
    news = publish_news(company, filings, lead_sessions=1, strength=1.0)
    rows = news.table.set_index("id").join(news.truth)
    rows = rows[~rows["is_roundup"]]
    at = np.searchsorted(company.known_at, rows["published_utc"].dt.tz_localize(None).to_numpy()) + 1
    inside = at < held.size
    moves = np.diff(held, prepend=np.nan)[at[inside]]
    # A syndicated copy repeats the label of the first; hours later it may be the next session.
    first_copy = (rows.index == rows["same_as"])[inside]
    assert ((moves > 0) == (rows["label"][inside] == "positive"))[first_copy].all()


@pytest.mark.parametrize(
    ("call", "words"), [("drift", r"drift must lie in \(-1, 1\), was 1.0"), ("news", "strength must lie in")]
)
def test_a_plant_beyond_its_range_is_refused(call, words):
    company = synthetic.company_of("SYN001")
    with pytest.raises(ConfigError, match=words):
        if call == "drift":
            surprises(company, np.array([company.known_at[5]]), drift=1.0)
        else:
            publish_news(company, filings_of(company), strength=1.5)


def test_news_hold_copies_roundups_and_untagged_mentions():
    rows, known = frame("SYN001", "news"), synthetic.truth("SYN001").company.news
    assert rows["id"].is_unique
    assert set(rows["id"]) == set(known.index)
    told = rows.set_index("id").join(known)
    copies = told[told.index != told["same_as"]]
    assert len(copies) > 10
    assert (copies["title"].to_numpy() == told.loc[copies["same_as"], "title"].to_numpy()).all()
    assert (copies["publisher"].to_numpy() != told.loc[copies["same_as"], "publisher"].to_numpy()).all()
    assert (told[told["is_roundup"]]["tickers"].str.count(r"\|") >= 10).all()
    untagged = told[~told["is_tagged"]]
    assert len(untagged) > 3
    assert untagged["tickers"].isna().all()
    assert untagged["description"].str.contains("SYN001").all()
    # One to four a week over three years, and some around the reports.
    assert 150 < len(rows) < 800


def test_calls_and_puts_are_in_parity_and_quotes_hold_the_price():
    rows, known = frame("SYN001", "options"), synthetic.truth("SYN001").company.options
    joined = rows.reset_index().merge(known, on=["ts", "contract"], suffixes=("", "_true"))
    assert len(joined) == len(rows) == 504 * 3 * 9 * 2
    calls, puts = (joined[joined["contract_type"] == kind].reset_index(drop=True) for kind in ("call", "put"))
    both = calls.merge(puts, on=["ts", "expiration", "strike"])
    forward = both["underlying_price_x"] - both["strike"] * np.exp(-RATE * both["years_x"])
    assert (both["price_x"] - both["price_y"] - forward).abs().max() < 1e-9
    assert (joined["bid"] <= joined["price"] + 1e-9).all()
    assert (joined["ask"] >= joined["price"] - 1e-9).all()
    assert (joined["bid"] == 0).any()
    told = joined["implied_volatility"].dropna()
    assert 0.3 < 1 - len(told) / len(joined) < 0.5
    assert (told - joined["implied_volatility_true"][told.index]).abs().max() <= 5.1e-5
    unusual = joined[joined["is_unusual"]]
    assert len(unusual) > 10
    assert (unusual["volume"] > 2.9 * unusual["open_interest"]).all()


def test_a_price_is_that_of_an_independent_formula():
    # Black-Scholes-Merton by numerical integration of the lognormal payoff.
    known = synthetic.truth("SYN001").company.options
    rows = frame("SYN001", "options")
    for row in (2, 2_001, 20_011):
        terms, term = rows.iloc[row], known[known["contract"] == rows["contract"].iloc[row]]
        term = term[term["ts"] == rows.index[row]].iloc[0]
        z = np.linspace(-9, 9, 200_001)
        width = term["implied_volatility"] * np.sqrt(term["years"])
        end = terms["underlying_price"] * np.exp(RATE * term["years"] - width**2 / 2 + width * z)
        sign = 1 if terms["contract_type"] == "call" else -1
        payoff = np.maximum(sign * (end - terms["strike"]), 0) * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
        assert np.trapezoid(payoff, z) * np.exp(-RATE * term["years"]) == pytest.approx(term["price"], abs=1e-6)


def test_chains_admit_no_arbitrage():
    rows, known = frame("SYN004", "options"), synthetic.truth("SYN004").company.options
    joined = rows.reset_index().merge(known, on=["ts", "contract"], suffixes=("", "_true"))
    calls = joined[joined["contract_type"] == "call"].sort_values(["ts", "expiration", "strike"])
    prices = calls["price"].to_numpy().reshape(-1, 9)
    strikes = calls["strike"].to_numpy().reshape(-1, 9)
    slopes = np.diff(prices, axis=1) / np.diff(strikes, axis=1)
    assert (slopes <= 1e-9).all()
    assert (slopes >= -1 - 1e-9).all()
    assert (np.diff(slopes, axis=1) >= -1e-9).all()  # butterflies
    variance = (calls["implied_volatility_true"] ** 2 * calls["years"]).to_numpy().reshape(-1, 3, 9)
    assert (np.diff(variance, axis=1) > 0).all()  # calendars, at one strike: log-moneyness differs by the rate only
    # At the money the surface returns its level: w(0) = theta / 2 (1 + sqrt(rho^2 + 1 - rho^2)) = theta.
    assert total_variance(np.zeros(1), np.array([0.04]))[0] == pytest.approx(0.04)


def test_monthly_options_expire_on_third_fridays_or_the_session_before():
    # 19 April 2019 was Good Friday: that month expired on Thursday the 18th.
    found = {f"{day:%Y-%m-%d}" for day in frame("SYN001", "options")["expiration"].unique()}
    assert {"2018-06-15", "2019-03-15", "2019-04-18", "2019-12-20", "2020-01-17"} <= found
    assert "2019-04-19" not in found


@pytest.mark.parametrize("symbol", ["SYN001", "SYN003", "SYN225", "SYN-MKT"])
def test_five_minute_bars_add_up_to_the_daily_bars_exactly(symbol):
    bars, daily = iq.load_bars(symbol, interval="5min"), iq.load_bars(symbol)
    again, last = resample(bars, "1d"), daily[len(daily) - 60 :]
    assert np.array_equal(again.ts, last.ts)
    for name in ("open", "high", "low", "close", "volume"):
        assert np.array_equal(getattr(again, name), getattr(last, name))
    assert bars.passport.watermark == "SYNTHETIC"


def test_early_closes_have_fewer_five_minute_bars():
    bars = iq.load_bars("SYN001", interval="5min")
    days, counts = np.unique(bars.ts.astype("datetime64[D]"), return_counts=True)
    # 9:30 to 16:00 are 78 bars, to 13:00 on the day after Thanksgiving and on Christmas Eve 42.
    short = {str(day): count for day, count in zip(days, counts, strict=True) if count != 78}
    assert short == {"2019-11-29": 42, "2019-12-24": 42}


@pytest.mark.parametrize("kind", RECORDS)
def test_records_are_the_same_when_made_again_and_by_way_of_the_store(kind):
    first = frame("SYN002", kind)
    for made in (synthetic_records.filings_of, synthetic_records.news_of, synthetic_records.chains_of):
        made.cache_clear()
    answer = synthetic.Synthetic().fetch(Request(dataset=kind, symbol="SYN002"))
    keep(answer, open_store())
    stored = open_store().records(SeriesKey(kind, "synthetic", "SYN002"))
    assert stored.provider == "synthetic"
    pd.testing.assert_frame_equal(stored.frame.sort_index(axis=1), first.sort_index(axis=1), check_dtype=False)


def test_a_part_draws_from_a_stream_of_its_own():
    # Other prices after a report, other trades of insiders: what is drawn from other streams stays the same.
    company = synthetic.company_of("SYN001")
    streams = [
        company.draws(part).standard_normal(500) for part in ("statements", "earnings", "insiders", "news", "options")
    ]
    again = synthetic.company_of("SYN004").draws("news").standard_normal(500)
    for left, right in ((a, b) for row, a in enumerate(streams) for b in [*streams[row + 1 :], again]):
        # Independent: a correlation of 500 draws has standard error 0.045.
        assert abs(np.corrcoef(left, right)[0, 1]) < 0.18
    other = dataclasses.replace(company, volume=company.volume * 3)
    assert np.array_equal(other.draws("news").random(5), company.draws("news").random(5))


def test_a_history_of_every_kind_is_cut_together():
    history = iq.load_history("SYN001", records=[*RECORDS, "actions"], benchmark="SYN-MKT")
    moment = "2018-09-14T15:00"
    cut = history.until(moment)
    for kind in (*RECORDS, "actions"):
        assert 0 < len(cut.find_records(kind)) < len(history.find_records(kind))
        assert cut.find_records(kind).frame["known_at"].max() <= pd.Timestamp(moment, tz="UTC")
    as_of = iq.load_records("SYN001", "news", as_of=moment)
    assert len(as_of) == len(cut.find_records("news"))
    some = iq.load_records("SYN001", "insiders", start="2015", end="2015-06-30")
    assert set(some.frame.index.year) == {2015}


def test_an_index_has_no_company_and_no_records():
    none = iq.load_records("SYN-MKT", "statements")
    assert (len(none), none.notes[0].text) == (0, "SYN-MKT has no statements: it is an index")
    with pytest.raises(DataError, match="SYN-MKT is an index and has no company behind it"):
        _ = iq.synthetic_truth("SYN-MKT").company


def test_the_truth_tells_of_the_company():
    known = iq.synthetic_truth("SYN008").company
    assert repr(known).startswith("<CompanyTruth industrial: ")
    assert known.business.restates
    assert list(known.surprises.columns) == ["reported_at", "surprise"]
    assert len(known.surprises) == len(quarters("SYN008"))


def test_indices_of_styles_move_with_what_they_stand_for():
    # Loadings by least squares on the truth; 2516 days know a loading of 1 to within 0.02 for these volatilities.
    for symbol, beta in (
        ("SYN-SMALL", 1.15),
        ("SYN-VALUE", 0.95),
        ("SYN-GROWTH", 1.05),
        ("SYN-BOND", -0.2),
        ("SYN-GOLD", 0.0),
    ):
        known = iq.synthetic_truth(symbol)
        slope = np.polyfit(known.market, known.returns, 1)[0]
        assert slope == pytest.approx(beta, abs=0.05)
    value, growth = (iq.synthetic_truth(name).own for name in ("SYN-VALUE", "SYN-GROWTH"))
    assert np.corrcoef(value, growth)[0, 1] < -0.7
    shares = [iq.synthetic_truth(f"SYN{number:03}").own for number in (1, 9, 17)]
    technology = iq.synthetic_truth("SYN-TECH")
    assert np.array_equal(technology.sector_returns, iq.synthetic_truth("SYN001").sector_returns)
    assert all(abs(np.corrcoef(technology.own, own)[0, 1]) < 0.1 for own in shares)
