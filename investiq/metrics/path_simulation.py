"""Paths that the future could take if it were made of blocks of the past."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np

from investiq.core.errors import ConfigError
from investiq.core.facts import Fact
from investiq.core.notes import Note
from investiq.core.result import Result
from investiq.metrics.inputs import FloatArray, Floats, returns_of
from investiq.metrics.options import whole
from investiq.metrics.resampling import Scheme, block_of, code_of, key_of, over_threads

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PathSimulation", "simulate_paths"]

QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
# Paths of fewer blocks than this are long stretches of the past, told again.
_FEW_BLOCKS: Final = 5


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PathSimulation(Result):
    """Where resampled paths end and how far they fall; made by `simulate_paths`.

    Attributes
    ----------
    final_returns : ndarray of shape (n_paths,)
        Total return of each path.
    max_drawdowns : ndarray of shape (n_paths,)
        Deepest fall of each path from a peak, <= 0; the opening is a peak.
    horizon : int
        Periods in a path.
    scheme, block, seed
        How the returns were resampled.
    count : int
        Returns that were drawn from.
    """

    kind: ClassVar[str] = "path_simulation"
    final_returns: FloatArray
    max_drawdowns: FloatArray
    horizon: int
    scheme: Scheme
    block: float
    seed: int
    count: int
    notes: tuple[Note, ...] = ()

    @property
    def title(self) -> str:
        """One line with the number of paths."""
        return f"{self.final_returns.size:,} resampled paths of {self.horizon:,} periods"

    @property
    def probability_of_loss(self) -> float:
        """Share of the paths that end below their opening."""
        return float((self.final_returns < 0).mean())

    def probability_of_drawdown(self, depth: float) -> float:
        """Return the share of the paths that fall by `depth` (0.2 is 20 %) or more from a peak."""
        if not 0 < depth <= 1:
            raise ConfigError(f"depth must lie in (0, 1] (0.2 is a fall of 20 %), was {depth}")
        return float((self.max_drawdowns <= -depth).mean())

    def facts(self) -> list[Fact]:
        """Return the median and the tails of return and drawdown."""
        low, _, middle, _, high = np.quantile(self.final_returns, QUANTILES)
        deep, _, usual, _, _ = np.quantile(self.max_drawdowns, QUANTILES)
        return [
            Fact("Total return, median", float(middle), "fraction"),
            Fact("Total return, 5th percentile", float(low), "fraction"),
            Fact("Total return, 95th percentile", float(high), "fraction"),
            Fact("Paths that lose", self.probability_of_loss, "fraction", "end below their opening"),
            Fact("Max drawdown, median", float(usual), "fraction", "from the highest close, opening included"),
            Fact("Max drawdown, worst 5 %", float(deep), "fraction", "5th percentile"),
        ]

    def provenance(self) -> list[Fact]:
        """Return how the paths were made."""
        blocks = "single rows" if self.scheme == "iid" else f"{self.scheme} blocks of {self.block:.4g} rows"
        return [
            Fact("Resampling", f"{blocks} of {self.count:,} returns, seed {self.seed}"),
            Fact(
                "Assumes", "a future made of blocks of this past, in any order; costs only where the returns hold them"
            ),
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a quantile: total return and max drawdown."""
        import pandas as pd

        columns = {
            "total_return": np.quantile(self.final_returns, QUANTILES),
            "max_drawdown": np.quantile(self.max_drawdowns, QUANTILES),
        }
        return pd.DataFrame(columns, index=pd.Index(QUANTILES, name="quantile"))


def simulate_paths(
    returns: Floats,
    *,
    horizon: int = 252,
    paths: int = 10_000,
    scheme: Scheme = "stationary",
    block: float | None = None,
    seed: int = 0,
) -> PathSimulation:
    """Return the total returns and drawdowns of paths made of blocks of past returns.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN.
    horizon : int, default 252
        Periods in a path; compounded.
    paths : int, default 10000
    scheme : {"stationary", "circular", "iid"}
        As `bootstrap_indices`.
    block : float, optional
        Length of a block; by default `optimal_block_length` of the returns,
        which keeps the clusters of volatility that make drawdowns deep.
    seed : int, default 0
        The same seed gives the same paths on any number of threads.

    Raises
    ------
    ConfigError
        If a setting is out of range.
    DataError
        If `returns` holds NaN.
    InsufficientDataError
        If there are fewer than 2 returns (20 without a `block`).

    Examples
    --------
    >>> import investiq as iq
    >>> returns = iq.load_bars("^GSPC").frame["close"].pct_change().iloc[1:]
    >>> found = simulate_paths(returns, paths=1000)
    >>> found.final_returns.size, 0.2 < found.probability_of_loss < 0.5
    (1000, True)
    """
    from investiq.metrics.bootstrap_kernels import path_draws

    values = returns_of(returns, least=2, purpose="a simulation of paths")
    for name, number in (("horizon", horizon), ("paths", paths)):
        whole(name, number, 1)
    length = block_of(values, scheme, block, values.size)
    key = key_of(seed)

    def run(first: int, finals: FloatArray, falls: FloatArray) -> None:
        path_draws(values, horizon, code_of(scheme), length, key, first, finals, falls)

    finals, falls = np.empty(paths), np.empty(paths)
    over_threads(run, paths, horizon, finals, falls)
    notes: tuple[Note, ...] = ()
    if horizon < _FEW_BLOCKS * length:
        text = (
            f"a path of {horizon} periods holds only {horizon / length:.1f} blocks of {length:.3g}: paths repeat stretches "
            "of the past, so tails are those that happened; a shorter block mixes more and keeps less of the clustering"
        )
        notes = (Note(code="few_blocks", text=text),)
    return PathSimulation(
        final_returns=finals - 1,
        max_drawdowns=falls,
        horizon=horizon,
        scheme=scheme,
        block=length,
        seed=int(seed),
        count=values.size,
        notes=notes,
    )
