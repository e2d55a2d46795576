"""Monte Carlo: other histories that the same account could have had, from its trades or from blocks of its returns."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting.result import BacktestResult
from investiq.core.errors import ConfigError, InsufficientDataError
from investiq.core.facts import Fact
from investiq.core.notes import Note
from investiq.core.result import Result
from investiq.execution.costs import Costs
from investiq.metrics.block_length import optimal_block_length
from investiq.metrics.options import whole
from investiq.metrics.resampling import bootstrap_indices

if TYPE_CHECKING:
    import pandas as pd

    from investiq.backtesting.trades import RoundTrips

__all__ = ["MonteCarlo", "monte_carlo", "scaled_costs"]

FloatArray = NDArray[np.float64]
Method = Literal["trades", "blocks"]

QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
# Points of a path that a chart keeps.
POINTS: Final = 200
LEAST_TRADES: Final = 10
# Cost multipliers between the two bounds, each a run of its own.
COST_STEPS: Final = 9
# Resampled values held at once.
_AT_ONCE: Final = 2_000_000


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class MonteCarlo(Result):
    """Resampled paths of an account; made by `iq.monte_carlo`.

    Attributes
    ----------
    method : {"trades", "blocks"}
    final_returns, max_drawdowns, sharpe_ratios : ndarray of shape (n_paths,)
        Total return, deepest fall from a peak (<= 0, the opening is a peak) and
        annual Sharpe ratio of each path; NaN where a path does not vary.
    lowest : ndarray of shape (n_paths,)
        Least value of each path, as a multiple of the opening.
    bands : ndarray of shape (5, n_points)
        Quantiles 5, 25, 50, 75 and 95 % of the account along the paths, as multiples of the opening.
    steps : ndarray of shape (n_points,)
        Trades or bars passed at each point.
    observed : ndarray of shape (n_points,)
        The account that did happen, at the same points.
    ruin : float
        Return below which a path counts as ruined, such as -0.5.
    count : int
        Trades or returns that were drawn from.
    block, seed : float and int
    cost_range : (float, float) or None
        Bounds of the multiplier of costs.
    subject : str
        Title of the backtest.
    """

    kind: ClassVar[str] = "monte_carlo"

    method: Method
    final_returns: FloatArray
    max_drawdowns: FloatArray
    sharpe_ratios: FloatArray
    lowest: FloatArray
    bands: FloatArray
    steps: NDArray[np.int64]
    observed: FloatArray
    ruin: float
    count: int
    block: float
    seed: int
    cost_range: tuple[float, float] | None
    subject: str
    periods_per_year: float
    mark: str | None = None
    notes: tuple[Note, ...] = ()

    @property
    def title(self) -> str:
        """One line with the number of paths."""
        return f"Monte Carlo of {self.subject}: {self.final_returns.size:,} paths"

    @property
    def watermark(self) -> str | None:
        """That of the backtest."""
        return self.mark

    @property
    def probability_of_profit(self) -> float:
        """Share of the paths that end above their opening."""
        return float((self.final_returns > 0).mean())

    @property
    def probability_of_ruin(self) -> float:
        """Share of the paths that at some point stand at `ruin` or below."""
        return float((self.lowest <= 1 + self.ruin + 1e-12).mean())

    def facts(self) -> list[Fact]:
        """Return the distribution of return and drawdown."""
        p5, p25, p50, p75, p95 = np.quantile(self.final_returns, QUANTILES)
        shallow, deep = np.quantile(self.max_drawdowns, [0.5, 0.05])
        sharpe = self.sharpe_ratios[~np.isnan(self.sharpe_ratios)]
        spread = float(self.final_returns.std(ddof=1)) if self.final_returns.size > 1 else math.nan
        return [
            Fact("Paths", self.final_returns.size, "count"),
            Fact("Total return, mean", float(self.final_returns.mean()), "fraction"),
            Fact(
                "Total return, standard deviation", spread, "fraction", "ddof 1", "" if spread == spread else "one path"
            ),
            Fact("Total return, 5th percentile", float(p5), "fraction"),
            Fact("Total return, 25th percentile", float(p25), "fraction"),
            Fact("Total return, median", float(p50), "fraction"),
            Fact("Total return, 75th percentile", float(p75), "fraction"),
            Fact("Total return, 95th percentile", float(p95), "fraction"),
            Fact("Probability of profit", self.probability_of_profit, "fraction", "paths that end above their opening"),
            Fact(
                "Probability of ruin",
                self.probability_of_ruin,
                "fraction",
                f"paths that at some point have lost {-100 * self.ruin:g} % of the opening capital",
            ),
            Fact("Max drawdown, median", float(shallow), "fraction", f"from a peak, at each {self._step}"),
            Fact("Max drawdown, worst 5 %", float(deep), "fraction", "5th percentile"),
            Fact(
                "Sharpe ratio, median",
                float(np.median(sharpe)) if sharpe.size else math.nan,
                "ratio",
                f"annual, {self.periods_per_year:.4g} {self._step}s a year, ddof 1, risk-free 0",
                "" if sharpe.size else "no path varies",
            ),
        ]

    def provenance(self) -> list[Fact]:
        """Return how the paths were made."""
        if self.method == "trades":
            how = f"{self.count:,} trades drawn with replacement, one after the other, seed {self.seed}"
            assumes = "trades that are independent and do not overlap; each earns its share of the account at its entry"
        else:
            how = f"stationary blocks of mean length {self.block:.4g} from {self.count:,} returns, seed {self.seed}"
            assumes = "a future made of blocks of this past, in any order"
        found = [Fact("Resampling", how), Fact("Assumes", assumes)]
        if self.cost_range is not None:
            low, high = self.cost_range
            found.append(
                Fact(
                    "Costs",
                    f"multiplied by one of {COST_STEPS} equally likely values from {low:g} to {high:g} for each path, "
                    "each a run of its own",
                )
            )
        return found

    def to_frame(self) -> pd.DataFrame:
        """Return one row a path: total_return, max_drawdown, sharpe_ratio, lowest."""
        import pandas as pd

        columns = {
            "total_return": self.final_returns,
            "max_drawdown": self.max_drawdowns,
            "sharpe_ratio": self.sharpe_ratios,
            "lowest": self.lowest - 1,
        }
        return pd.DataFrame(columns, index=pd.RangeIndex(self.final_returns.size, name="path"))

    @property
    def _step(self) -> str:
        return "trade" if self.method == "trades" else "bar"


class _Source(NamedTuple):
    """What is drawn from: one row of returns for each cost multiplier."""

    returns: FloatArray
    block: float
    periods_per_year: float


def monte_carlo(
    result: BacktestResult,
    *,
    method: Method = "blocks",
    paths: int = 1_000,
    seed: int = 0,
    block: float | None = None,
    cost_range: tuple[float, float] | None = (0.8, 1.2),
    ruin: float = -0.5,
) -> MonteCarlo:
    """Return what the account could have been had its trades or its days come otherwise.

    ``"trades"`` draws closed round trips with replacement, as many as there were,
    each with the return that it gave the account: net profit over the equity
    before its entry. ``"blocks"`` draws blocks of the account's returns by the
    stationary bootstrap [1]_, which keeps what follows on what, and lets costs be
    uncertain: the run is repeated under `cost_range`, and each path draws from
    one of these runs.

    Parameters
    ----------
    result : BacktestResult
    method : {"blocks", "trades"}, default "blocks"
    paths : int, default 1000
    seed : int, default 0
    block : float, optional
        Mean length of a block in bars; by default the optimal one of the returns.
    cost_range : (float, float) or None, default (0.8, 1.2)
        Multiplier of commission, fees, slippage and impact in ``"blocks"``; None keeps costs as they were.
    ruin : float, default -0.5
        Return on the opening capital at which a path counts as ruined.

    Returns
    -------
    MonteCarlo

    Raises
    ------
    ConfigError
        If `result` is no backtest, or a setting is out of range.
    InsufficientDataError
        If there are fewer than 10 closed trades (``"trades"``) or 20 bars (``"blocks"``).

    References
    ----------
    .. [1] Politis, D. N. and Romano, J. P. (1994). "The stationary bootstrap."
       Journal of the American Statistical Association 89, 1303-1313.

    Examples
    --------
    >>> import investiq as iq
    >>> result = iq.backtest(iq.strategies.Crossover(), "^GSPC", weight=1.0)
    >>> found = iq.monte_carlo(result, paths=200, seed=7)
    >>> found.final_returns.shape, bool(0 <= found.probability_of_ruin <= 1)
    ((200,), True)
    """
    if not isinstance(result, BacktestResult):
        raise ConfigError(
            f"result must be a backtest, was {type(result).__name__} {result!r:.80}; iq.backtest(strategy, data) returns one"
        )
    whole("paths", paths, 1, 1_000_000)
    whole("seed", seed, 0, 2**63)
    if not -1 < ruin < 0:
        raise ConfigError(f"ruin is a return in (-1, 0) (-0.5 is a loss of half), was {ruin}")
    if method == "trades":
        source, cost_range = _trades_of(result), None
    elif method == "blocks":
        source = _blocks_of(result, block, _checked(cost_range))
    else:
        raise ConfigError(f"method must be 'blocks' or 'trades', was {method!r}")
    length = source.returns.shape[1]
    steps = np.unique(np.linspace(0, length, min(POINTS, length + 1)).round().astype(np.int64))
    drawn = _draw(source, paths, seed, steps)
    return MonteCarlo(
        method=method,
        final_returns=drawn.finals,
        max_drawdowns=drawn.falls,
        sharpe_ratios=drawn.sharpes * math.sqrt(source.periods_per_year),
        lowest=drawn.lows,
        bands=np.quantile(drawn.points, QUANTILES, axis=0),
        steps=steps,
        observed=_observed(result, source, method)[steps],
        ruin=ruin,
        count=length,
        block=source.block,
        seed=seed,
        cost_range=cost_range,
        subject=result.title,
        periods_per_year=source.periods_per_year,
        mark=result.watermark,
        notes=_cautions(result, method, length),
    )


def scaled_costs(costs: Costs, factor: float) -> Costs:
    """Return `costs` with every rate, fee and impact multiplied by `factor`."""
    fees, impact = costs.per_share, costs.impact
    if fees is not None:
        fees = dataclasses.replace(
            fees,
            tiers=tuple((shares, rate * factor) for shares, rate in fees.tiers),
            minimum_usd=fees.minimum_usd * factor,
            maximum_usd=fees.maximum_usd * factor,
            maximum_rate=fees.maximum_rate * factor,
        )
    if impact is not None:
        impact = dataclasses.replace(impact, coefficient=impact.coefficient * factor)
    return dataclasses.replace(
        costs,
        commission_rate=costs.commission_rate * factor,
        slippage_bps=costs.slippage_bps * factor,
        sell_fee_rate=costs.sell_fee_rate * factor,
        per_share=fees,
        impact=impact,
    )


class _Drawn(NamedTuple):
    finals: FloatArray
    falls: FloatArray
    sharpes: FloatArray
    lows: FloatArray
    points: FloatArray


def _draw(source: _Source, paths: int, seed: int, steps: NDArray[np.int64]) -> _Drawn:
    """Return the paths' statistics; a few paths at a time are held whole."""
    rows, length = source.returns.shape
    drawn = _Drawn(
        np.empty(paths), np.empty(paths), np.empty(paths), np.empty(paths), points=np.empty((paths, steps.size))
    )
    # One stream for the rows, a second for the costs, so that neither depends on the other.
    of_costs = np.random.default_rng([seed, 1]).integers(rows, size=paths)
    scheme: Literal["iid", "stationary"] = "iid" if source.block == 1.0 else "stationary"
    indices = bootstrap_indices(length, paths, scheme=scheme, block=source.block, seed=seed)
    chunk = max(1, _AT_ONCE // (length + 1))
    for first in range(0, paths, chunk):
        part = slice(first, min(first + chunk, paths))
        returns = source.returns[of_costs[part, None], indices[part]]
        account = np.cumprod(np.concatenate((np.ones((len(returns), 1)), 1.0 + returns), axis=1), axis=1)
        peaks = np.maximum.accumulate(account, axis=1)
        drawn.finals[part] = account[:, -1] - 1.0
        drawn.falls[part] = (account / peaks - 1.0).min(axis=1)
        drawn.lows[part] = account.min(axis=1)
        drawn.points[part] = account[:, steps]
        spread = returns.std(axis=1, ddof=1)
        varies = spread > 1e-12 * np.abs(returns).max(axis=1, initial=0.0)
        drawn.sharpes[part] = np.where(varies, returns.mean(axis=1) / np.where(varies, spread, 1.0), np.nan)
    return drawn


def _trades_of(result: BacktestResult) -> _Source:
    trips = result.round_trips
    closed = np.flatnonzero(trips.is_closed)
    if closed.size < LEAST_TRADES:
        raise InsufficientDataError(
            f"{result.title}: resampling trades needs {LEAST_TRADES} closed round trips, there are {closed.size}; "
            "take a longer period, or method='blocks', which draws from the returns of the account"
        )
    closed = closed[np.argsort(trips.exit_bar[closed], kind="stable")]
    # `account` starts with the opening point, so its entry at the bar of the fill is the close before.
    returns = trips.pnl[closed] / result.account[trips.entry_bar[closed]]
    years = float((result.instants[-1] - result.instants[0]) / np.timedelta64(1, "D")) / 365.25
    return _Source(returns=returns[None, :], block=1.0, periods_per_year=closed.size / years)


def _blocks_of(result: BacktestResult, block: float | None, cost_range: tuple[float, float] | None) -> _Source:
    own = result.account[1:] / result.account[:-1] - 1.0
    if own.size < 20:
        raise InsufficientDataError(f"{result.title}: resampling blocks needs 20 bars, there are {own.size}")
    if block is not None and not 1 <= block <= own.size:
        raise ConfigError(f"block must lie between 1 and the {own.size} bars, was {block}")
    rows = [own]
    if cost_range is not None:
        rows = []
        for factor in np.linspace(*cost_range, COST_STEPS).tolist():
            costs = scaled_costs(result.options.costs, factor)
            equity = result.rerun(dataclasses.replace(result.options, costs=costs)).equity
            account = np.concatenate((result.account[:1], equity))
            rows.append(account[1:] / account[:-1] - 1.0)
    length = float(optimal_block_length(own)) if block is None else float(block)
    return _Source(returns=np.array(rows), block=length, periods_per_year=result.convention.periods_per_year)


def _overlapping(trips: RoundTrips) -> int:
    """Return the closed trades that were opened while another position was open."""
    order = np.argsort(trips.entry_bar, kind="stable")
    exits = np.where(trips.is_closed, trips.exit_bar, np.iinfo(np.int64).max)[order]
    latest = np.maximum.accumulate(exits)
    begins_inside = trips.entry_bar[order][1:] < latest[:-1]
    return int(np.count_nonzero(begins_inside & trips.is_closed[order][1:]))


def _observed(result: BacktestResult, source: _Source, method: Method) -> FloatArray:
    if method == "blocks":
        account: FloatArray = result.account / result.account[0]
        return account
    return np.concatenate(([1.0], np.cumprod(1.0 + source.returns[0])))


def _checked(cost_range: tuple[float, float] | None) -> tuple[float, float] | None:
    if cost_range is None:
        return None
    if not isinstance(cost_range, (tuple, list)) or len(cost_range) != 2:
        raise ConfigError(f"cost_range is (low, high), such as (0.8, 1.2), or None, was {cost_range!r}")
    low, high = cost_range
    if not (0 <= low <= high and math.isfinite(high)):
        raise ConfigError(f"cost_range is (low, high) with 0 <= low <= high, such as (0.8, 1.2), was {cost_range}")
    return float(low), float(high)


def _cautions(result: BacktestResult, method: Method, count: int) -> tuple[Note, ...]:
    found = [note for note in result.notes if note.code == "few_trades"]
    if method == "trades" and (overlapping := _overlapping(result.round_trips)):
        text = (
            f"{overlapping} of {count} trades began while another was open: drawn one after the other they make no "
            "drawdown together; method='blocks' keeps them together"
        )
        found.append(Note(code="overlapping_trades", text=text, rows=overlapping))
    if method == "trades" and (open_trades := int((~result.round_trips.is_closed).sum())):
        found.append(
            Note(
                code="open_trades_left_out",
                text=f"{open_trades} position(s) still open at the end are not among the trades drawn",
                rows=open_trades,
                severity="info",
            )
        )
    return tuple(found)
