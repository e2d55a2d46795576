"""The `synthetic` provider: invented shares with a known truth, in a name space that no real share uses."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.core import calendar
from investiq.core.errors import DataError
from investiq.core.notes import Note
from investiq.history.adjust import Action, forward_factors
from investiq.history.bars import Bars
from investiq.market.building import SETTLE_SHARES, build_bars, nothing, payload_of
from investiq.market.contract import Capabilities, Payload, Request, Vendor
from investiq.market.datasets import LAYOUTS
from investiq.market.simulating import ActionPlan, ReturnModel, price_paths, simulate_returns, simulate_volume
from investiq.market.vendors.reading import within
from investiq.market.vendors.synthetic_company import PARTS, Company
from investiq.market.vendors.synthetic_intraday import SESSIONS, Day, within_days
from investiq.market.vendors.synthetic_lives import NUMBERS, Life, lives, planted_returns
from investiq.market.vendors.synthetic_proxies import PROXIES, STYLE_STREAM
from investiq.market.vendors.synthetic_records import RECORDS, CompanyTruth, records_of, truth_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "AS_OF",
    "FIRST",
    "INDICES",
    "LAST",
    "SECTORS",
    "SEED",
    "SYMBOLS",
    "Synthetic",
    "SyntheticTruth",
    "company_of",
    "life_of",
    "load",
    "load_intraday",
    "span",
    "truth",
]

FloatArray = NDArray[np.float64]

GENERATOR: Final = "1"
# Of 400 seeds one of three whose ten market years look like the S&P's twenty: volatility 20 %, excess kurtosis 7, skew -0.2.
SEED: Final = 20100428
FIRST, LAST = date(2010, 1, 4), date(2019, 12, 31)
AS_OF: Final = datetime(2019, 12, 31, 21, 15, tzinfo=UTC)
SECTORS: Final = ("TECH", "HEALTH", "FINANCE", "ENERGY", "RETAIL", "STAPLES", "UTILITY", "MATERIAL")
SHARES: Final = 100

# Tuned to the S&P 500 of 1999-2018: volatility 19.1 %, excess kurtosis 8.2, skew -0.20. Hansen's moments give 7.8 and -0.2.
MARKET: Final = ReturnModel(drift=0.06, volatility=0.19, alpha=0.07, beta=0.915, degrees=8.0, skew=-0.06)
BROWNIAN: Final = ReturnModel(drift=0.06, volatility=0.19)
SECTOR: Final = ReturnModel(volatility=0.08)
STYLE: Final = ReturnModel(volatility=0.08, alpha=0.05, beta=0.93)

_MARKET, _BROWNIAN = "SYN-MKT", "SYN-GBM"
INDICES: Final[dict[str, str]] = {
    _MARKET: "synthetic market index, GARCH(1,1) with skewed Student t",
    _BROWNIAN: "synthetic index, geometric Brownian motion: nothing to predict",
    **{symbol: f"synthetic index of {proxy.title}" for symbol, proxy in PROXIES.items()},
}
SYMBOLS: Final[dict[str, str]] = INDICES | {
    f"SYN{number:03}": f"synthetic share, sector SYN-{SECTORS[(number - 1) % len(SECTORS)]}"
    for number in (*range(1, SHARES + 1), *NUMBERS)
}
# Splits that the universe must contain, in the third year whatever the price.
_PLANNED_SPLITS: Final = {"SYN001": 4.0, "SYN002": 1.5, "SYN003": 0.1}
# Streams of the random generator: indices and sectors lie above every number that a share can have.
_STREAMS: Final = {_MARKET: 10_000, _BROWNIAN: 10_001} | {symbol: proxy.stream for symbol, proxy in PROXIES.items()}
_SECTOR_STREAMS: Final = 20_000


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SyntheticTruth:
    """What the generator knows about a symbol and no method may see.

    Attributes
    ----------
    symbol, sector : str
        `sector` is empty for an index.
    seed : int
    model : ReturnModel
        Of the part that is the symbol's own.
    loadings : mapping of str to float
        Of the total log return on ``"market"`` and ``"sector"``; ``"alpha"`` is
        the drift that neither explains, 0.0 throughout: there is nothing to find.
        Of an index that stands for a style also on ``"style"``, value over
        growth, which is a part of `own`.
    ts : ndarray of datetime64[us], shape (n_sessions,)
    returns, sigma : ndarray of shape (n_sessions,)
        Total log returns (dividends included), and their true volatility on the day.
    market, sector_returns, own : ndarray of shape (n_sessions,)
        The three parts before their loadings.
    actions : tuple of Action
        Every split and dividend.
    life : Life, optional
        Of a share that is listed late, fails or is acquired (``SYN201`` to
        ``SYN240``): when, and how. What its end adds to the returns is in `own`.
    """

    symbol: str
    sector: str
    seed: int
    model: ReturnModel
    loadings: Mapping[str, float]
    ts: NDArray[np.datetime64]
    returns: FloatArray
    sigma: FloatArray
    market: FloatArray
    sector_returns: FloatArray
    own: FloatArray
    actions: tuple[Action, ...] = ()
    life: Life | None = None

    def __post_init__(self) -> None:
        for name in ("ts", "returns", "sigma", "market", "sector_returns", "own"):
            getattr(self, name).flags.writeable = False

    def __repr__(self) -> str:
        parts = ", ".join(f"{name} {value:.2f}" for name, value in self.loadings.items())
        return f"<SyntheticTruth {self.symbol} {self.sector}: {parts}; {len(self.actions)} actions; seed {self.seed}>"

    @property
    def company(self) -> CompanyTruth:
        """What is true of the company's records: business, labels of its news, volatilities of its options.

        Raises
        ------
        DataError
            If the symbol is an index, which has no records.
        """
        return truth_of(company_of(self.symbol))

    @property
    def frame(self) -> pd.DataFrame:
        """Returns, volatility and factors by session; index `ts`."""
        import pandas as pd

        columns = {"log_return": self.returns, "sigma": self.sigma, "market": self.market}
        columns |= {"sector": self.sector_returns, "own": self.own}
        return pd.DataFrame(columns, index=pd.DatetimeIndex(self.ts, tz="UTC", name="ts"))


def truth(symbol: str) -> SyntheticTruth:
    """Return the true returns, volatility, loadings and actions behind `symbol`."""
    return _make(symbol)[1]


def life_of(symbol: str) -> Life | None:
    """Return when a share was listed and how it ended; None for one that is there from 2010 to 2019."""
    return lives(FIRST, LAST).get(symbol)


@lru_cache(maxsize=32)
def company_of(symbol: str) -> Company:
    """Return a synthetic share as the generators of its records see it.

    Raises
    ------
    DataError
        If `symbol` is an index.
    """
    if symbol in INDICES:
        raise DataError(f"{symbol} is an index and has no company behind it; ask for a share such as SYN001")
    bars, known = _make(symbol)
    return Company(
        symbol=symbol,
        sector=known.sector,
        number=_stream(symbol),
        seed=SEED,
        ts=bars.ts,
        known_at=bars.known_at,
        open=bars.open,
        high=bars.high,
        low=bars.low,
        close=bars.close,
        volume=bars.volume,
        split_factor=bars.split_factor,
        sigma=known.sigma,
        actions=known.actions,
        is_listed=known.life is None or known.life.ending == "listed",
    )


def span(symbol: str) -> tuple[date, date]:
    """Return the first and the last session of a synthetic symbol."""
    life = life_of(symbol)
    return (life.first, life.last) if life else (FIRST, LAST)


def load(symbol: str) -> Bars:
    """Return the whole series of a synthetic symbol, one bar per XNYS session from 2010 to 2019.

    Of a share with a life of its own: one per session of that life.

    Returns
    -------
    Bars
        Prices as traded, with forward factors from the symbol's own splits and
        dividends; `known_at` is the close, for shares plus 15 minutes.
    """
    return _make(symbol)[0]


@lru_cache(maxsize=16)
def load_intraday(symbol: str) -> Bars:
    """Return five-minute bars of the last 60 sessions, of which each day's bar is made; a path of its own, without truth."""
    daily, known = _make(symbol)
    rows = range(max(0, len(daily) - SESSIONS), len(daily))
    columns = (daily.ts, daily.open, daily.high, daily.low, daily.close, daily.volume, known.sigma)
    part = np.random.SeedSequence(SEED, spawn_key=(_stream(symbol), PARTS["intraday"]))
    found = within_days(
        [Day(*(each[row] for each in columns)) for row in rows], np.random.Generator(np.random.PCG64(part))
    )
    first = daily.ts[rows[0]].astype("datetime64[D]").item()
    passport = daily.passport
    return build_bars(
        symbol=symbol,
        provider="synthetic",
        provenance="synthetic",
        interval="5min",
        calendar_name="XNYS",
        ts=found.ts,
        known_at=calendar.known_at(found.ts, "5min", "XNYS"),
        columns={name: values for name, values in found._asdict().items() if name != "ts"},
        price_basis="as_traded",
        known_at_rule="end of the bar; no delay",
        source=passport.source,
        currency=passport.currency,
        as_of=AS_OF,
        actions=[action for action in daily.actions if action.ex_date > first],
    )


class Synthetic(Vendor):
    """The invented shares under the contract of every provider."""

    name = "synthetic"
    capabilities = Capabilities(
        datasets=frozenset(("bars", "actions", "listing", *RECORDS)),
        intervals=("1d", "5min"),
        supports_intraday_bars=True,
        supports_universe=True,
        supports_pit_universe=True,
        supports_active_universe=True,
        supports_corp_actions=True,
        survivorship_safe=True,
    )

    def bars(self, request: Request) -> Payload:
        """Return the bars of a synthetic symbol, with its actions; no rows for a real one."""
        if request.symbol not in SYMBOLS:
            return nothing(f"{request.symbol} is no synthetic symbol; those begin with SYN")
        return payload_of((load_intraday if request.interval == "5min" else load)(request.symbol), request)

    def actions(self, request: Request) -> Payload:
        """Return the splits and dividends of a synthetic symbol."""
        payload = self.bars(request)
        return dataclasses.replace(payload, table=payload.companions.get("actions", payload.table), companions={})

    def records(self, request: Request) -> Payload:
        """Return invented records of a synthetic share; no rows for an index or a real one."""
        import pandas as pd

        source = f"generator {GENERATOR}, seed {SEED}"
        if request.symbol not in SYMBOLS or request.symbol in INDICES:
            what = "an index" if request.symbol in INDICES else "no synthetic symbol; those begin with SYN"
            return Payload(
                table=pd.DataFrame(), source=source, reason=f"{request.symbol} has no {request.dataset}: it is {what}"
            )
        found = records_of(company_of(request.symbol), request.dataset)
        table = within(found.table, LAYOUTS[request.dataset].label, request)
        return Payload(table=table, source=source, reason="" if len(found.table) else found.reason)

    statements = earnings = insiders = short_interest = news = options = profile = records

    def listing(self, request: Request) -> Payload:
        """Return every share with the dates between which it is listed; indices are no instruments."""
        import pandas as pd

        rows = [_listed(symbol) for symbol in SYMBOLS if symbol not in INDICES]
        table = pd.DataFrame(rows)
        dates = {name: pd.to_datetime(table[name], utc=True).dt.as_unit("us") for name in ("listed_at", "delisted_at")}
        return Payload(table=table.assign(**dates), source=f"generator {GENERATOR}, seed {SEED}")


def _listed(symbol: str) -> dict[str, object]:
    life = life_of(symbol)
    ended = life.last if life and life.ending != "listed" else None
    return {
        "symbol": symbol,
        "name": SYMBOLS[symbol],
        "exchange": "synthetic",
        "type": "CS",
        "currency": "USD",
        "is_active": "false" if ended else "true",
        "listed_at": span(symbol)[0],
        "delisted_at": ended,
    }


class _Draws(NamedTuple):
    """Independent generators of one symbol, so that a change of one part leaves the others alone."""

    traits: np.random.Generator
    returns: np.random.Generator
    prices: np.random.Generator
    volume: np.random.Generator


def _draws(stream: int) -> _Draws:
    # Equal to SeedSequence(SEED).spawn(n)[stream] for every n: adding a symbol changes no other.
    parts = np.random.SeedSequence(SEED, spawn_key=(stream,)).spawn(len(_Draws._fields))
    return _Draws(*(np.random.Generator(np.random.PCG64(part)) for part in parts))


@lru_cache(maxsize=1)
def _sessions() -> NDArray[np.datetime64]:
    return calendar.session_dates("XNYS", np.datetime64(FIRST), np.datetime64(LAST))


@lru_cache(maxsize=16)
def _factor(stream: int) -> tuple[FloatArray, FloatArray]:
    model = {_STREAMS[_MARKET]: MARKET, _STREAMS[_BROWNIAN]: BROWNIAN, STYLE_STREAM: STYLE}.get(stream, SECTOR)
    returns, sigma = simulate_returns(model, _sessions().size, _draws(stream).returns)
    return returns, sigma


@lru_cache(maxsize=256)
def _make(symbol: str) -> tuple[Bars, SyntheticTruth]:
    is_share = symbol not in INDICES
    make = _share if is_share else _proxy if symbol in PROXIES else _index
    known, start_price, typical_volume, plan = make(symbol)
    draws = _draws(_stream(symbol))
    dates = known.ts.astype("datetime64[D]").astype(object).tolist()
    paths, actions = price_paths(
        known.returns, known.sigma, start_price=start_price, dates=dates, plan=plan, rng=draws.prices
    )
    split_factor = forward_factors(known.ts, paths.close, actions).split_factor
    volume = split_factor * simulate_volume(known.returns, known.sigma, typical_volume, draws.volume)
    life = known.life
    rows = slice(life.first_row, life.last_row + 1) if life else slice(None)
    known = _within(dataclasses.replace(known, actions=actions), rows)
    settle = SETTLE_SHARES if is_share else timedelta(0)
    bars = build_bars(
        symbol=symbol,
        provider="synthetic",
        provenance="synthetic",
        interval="1d",
        calendar_name="XNYS",
        ts=known.ts,
        known_at=calendar.known_at(known.ts, "1d", "XNYS", settle=settle),
        columns={name: prices[rows] for name, prices in paths._asdict().items()} | {"volume": volume[rows]},
        price_basis="as_traded",
        known_at_rule=f"XNYS close of the session, early closes included{' + 15 min' if is_share else ''}; no delay",
        source=f"generator {GENERATOR}, seed {SEED}, {SYMBOLS[symbol]}; {_words(known)}",
        currency="USD" if is_share else "index points",
        as_of=AS_OF,
        actions=known.actions,
        notes=() if life is None or life.ending == "listed" else (_ended(symbol, life),),
    )
    return bars, known


def _ended(symbol: str, life: Life) -> Note:
    # Of the last session: a part of the bars that ends before it does not tell of the end.
    text = f"{symbol}: {life.sentence}; what its holders were paid afterwards is not in the bars"
    return Note(code="delisted", text=text, severity="info", event=life.last.isoformat())


def _within(known: SyntheticTruth, rows: slice) -> SyntheticTruth:
    """Return the truth of some sessions; an action on the first of them moves no holder of these bars."""
    names = ("ts", "returns", "sigma", "market", "sector_returns", "own")
    cut = dataclasses.replace(known, **{name: getattr(known, name)[rows] for name in names})
    first, last = (day.item() for day in cut.ts[[0, -1]].astype("datetime64[D]"))
    kept = (each for each in known.actions if first < each.ex_date <= last)
    return dataclasses.replace(cut, actions=tuple(kept)) if known.life else known


def _stream(symbol: str) -> int:
    return _STREAMS[symbol] if symbol in _STREAMS else int(symbol.removeprefix("SYN"))


def _index(symbol: str) -> tuple[SyntheticTruth, float, float, ActionPlan]:
    returns, sigma = _factor(_STREAMS[symbol])
    known = SyntheticTruth(
        symbol=symbol,
        sector="",
        seed=SEED,
        model=MARKET if symbol == _MARKET else BROWNIAN,
        loadings={"market": 1.0 if symbol == _MARKET else 0.0, "sector": 0.0, "alpha": 0.0},
        ts=_sessions(),
        returns=returns,
        sigma=sigma,
        market=_factor(_STREAMS[_MARKET])[0],
        sector_returns=np.zeros(returns.size),
        own=np.zeros(returns.size) if symbol == _MARKET else returns,
    )
    return known, 1_000.0, 2e9, ActionPlan()


def _proxy(symbol: str) -> tuple[SyntheticTruth, float, float, ActionPlan]:
    proxy = PROXIES[symbol]
    market, market_sigma = _factor(_STREAMS[_MARKET])
    sector, sector_sigma = _factor(_SECTOR_STREAMS + SECTORS.index("TECH"))
    style, style_sigma = _factor(STYLE_STREAM)
    noise, own_sigma = simulate_returns(proxy.own, market.size, _draws(proxy.stream).returns)
    own = proxy.style * style + noise
    known = SyntheticTruth(
        symbol=symbol,
        sector="",
        seed=SEED,
        model=proxy.own,
        loadings={"market": proxy.market, "sector": proxy.sector, "style": proxy.style, "alpha": 0.0},
        ts=_sessions(),
        returns=proxy.market * market + proxy.sector * sector + own,
        sigma=np.sqrt(
            (proxy.market * market_sigma) ** 2
            + (proxy.sector * sector_sigma) ** 2
            + (proxy.style * style_sigma) ** 2
            + own_sigma**2
        ),
        market=market,
        sector_returns=sector if proxy.sector else np.zeros(market.size),
        own=own,
    )
    return known, 100.0, 2e7, ActionPlan()


def _share(symbol: str) -> tuple[SyntheticTruth, float, float, ActionPlan]:
    stream, draws = _stream(symbol), _draws(_stream(symbol))
    sector = (stream - 1) % len(SECTORS)
    traits = draws.traits
    beta, gamma = float(traits.uniform(0.6, 1.5)), float(traits.uniform(0.5, 1.2))
    model = dataclasses.replace(MARKET, drift=0.0, volatility=float(traits.uniform(0.15, 0.40)))
    market, market_sigma = _factor(_STREAMS[_MARKET])
    sector_returns, sector_sigma = _factor(_SECTOR_STREAMS + sector)
    own, own_sigma = simulate_returns(model, market.size, draws.returns)
    life = life_of(symbol)
    if life is not None:
        own = own + planted_returns(life, own.size)
    known = SyntheticTruth(
        symbol=symbol,
        sector=f"SYN-{SECTORS[sector]}",
        seed=SEED,
        model=model,
        loadings={"market": beta, "sector": gamma, "alpha": 0.0},
        ts=_sessions(),
        returns=beta * market + gamma * sector_returns + own,
        sigma=np.sqrt((beta * market_sigma) ** 2 + (gamma * sector_sigma) ** 2 + own_sigma**2),
        market=market,
        sector_returns=sector_returns,
        own=own,
        life=life,
    )
    # A share that will be merged ten into one starts cheap.
    cheap = min(_PLANNED_SPLITS.get(symbol, 1.0), 1.0)
    start_price = round(float(np.exp(traits.normal(np.log(45.0), 0.5))) * cheap, 2)
    traded_usd = float(np.exp(traits.normal(np.log(5e7), 0.8)))
    return known, start_price, traded_usd / start_price, _plan(symbol, traits)


def _plan(symbol: str, traits: np.random.Generator) -> ActionPlan:
    """Return quarterly ex-dates, and one session a year at which a split may happen."""
    months = _sessions().astype("datetime64[M]").astype(np.int64)
    quarters = np.flatnonzero(np.diff(months // 3, prepend=-1))
    years = np.flatnonzero(np.diff(months // 12, prepend=-1))
    pay_offset, split_offset = int(traits.integers(5, 55)), int(traits.integers(5, 240))
    split_rows: dict[int, float | None] = dict.fromkeys((years + split_offset).tolist())
    if symbol in _PLANNED_SPLITS:
        split_rows[int(years[2]) + split_offset] = _PLANNED_SPLITS[symbol]
    pays = traits.random() < 0.7 or symbol in _PLANNED_SPLITS
    return ActionPlan(
        split_rows=split_rows,
        dividend_rows=frozenset((quarters + pay_offset).tolist()),
        annual_yield=float(traits.uniform(0.01, 0.04)) if pays else 0.0,
        growth=float(traits.uniform(0.0, 0.10)),
        special_odds=0.02,
    )


def _words(known: SyntheticTruth) -> str:
    model = known.model
    parts = ", ".join(f"{name} {value:.3f}" for name, value in known.loadings.items())
    law = (
        f"GARCH({model.alpha:g}, {model.beta:g}), t {model.degrees:g}, skew {model.skew:g}"
        if model.alpha
        else "constant volatility, normal"
    )
    return f"{parts}; own volatility {model.volatility:.3f} a year, {law}"
