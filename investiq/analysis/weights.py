"""How much each engine counts: defaults, by regime of the market, or from a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError, near_matches

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DEFAULT_WEIGHTS", "ENGINES", "REGIME_WEIGHTS", "EngineWeights", "WeightSource", "engine_weights"]

FloatArray = NDArray[np.float64]
EngineName = Literal["technical", "fundamental", "quant", "sentiment"]

ENGINES: Final[tuple[EngineName, ...]] = ("technical", "fundamental", "quant", "sentiment")
# In percent, in the order of ENGINES. All of them are priors of the specification, not fitted to data.
DEFAULT_WEIGHTS: Final = (20.0, 40.0, 15.0, 25.0)
REGIME_WEIGHTS: Final[Mapping[str, tuple[float, float, float, float]]] = {
    "high_vol_bear": (15.0, 30.0, 35.0, 20.0),
    "high_vol_bull": (25.0, 25.0, 30.0, 20.0),
    "high_vol_sideways": (15.0, 30.0, 35.0, 20.0),
    "low_vol_bull": (30.0, 30.0, 15.0, 25.0),
    "low_vol_bear": (20.0, 40.0, 20.0, 20.0),
    "low_vol_sideways": (25.0, 35.0, 20.0, 20.0),
    "normal_bull": (25.0, 35.0, 15.0, 25.0),
    "normal_bear": (20.0, 35.0, 25.0, 20.0),
    "normal_sideways": (20.0, 40.0, 15.0, 25.0),
    "unknown": DEFAULT_WEIGHTS,
}
# Called once, with the whole causal table; returns the weights of every row, in columns named like the engines. None,
# or NaN in a row: no weights from here, those of the regime hold. A model answers so until it has passed its gates.
WeightSource = Callable[["pd.DataFrame"], "pd.DataFrame | None"]
_CONTRACT: Final = (
    "weights must be a function of the table that returns a DataFrame of as many rows with one column per engine "
    "(a row with NaN falls back to the regime's weights), such as weights=lambda table: pd.DataFrame("
    "{'technical': 30.0, 'fundamental': 30.0, 'quant': 20.0, 'sentiment': 20.0}, index=table.index)"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class EngineWeights:
    """The weight of each engine at each row, before any engine is found silent.

    Attributes
    ----------
    percent : ndarray of shape (4, n_rows)
        In the order of `ENGINES`; each column sums to 100.
    origin : ndarray of str, shape (n_rows,)
        ``"model"``, ``"regime"`` or ``"default"``.
    """

    percent: FloatArray
    origin: NDArray[np.str_]


def engine_weights(
    regimes: NDArray[np.object_], table: pd.DataFrame | None = None, source: WeightSource | None = None
) -> EngineWeights:
    """Return the weights of every row: a model's where it gives some, else the regime's, else the defaults.

    Parameters
    ----------
    regimes : ndarray of str, shape (n_rows,)
        Names as in `REGIME_WEIGHTS`.
    table : DataFrame, optional
        The causal table, for `source`.
    source : WeightSource, optional
        Weights of a model.

    Raises
    ------
    DataError
        If a regime has no weights, `source` is no function, or what it returns is
        not one number of at least 0 per row and engine in a DataFrame.

    Examples
    --------
    >>> found = engine_weights(np.array(["low_vol_bull", "unknown"], dtype=object))
    >>> found.percent[:, 0], found.origin
    (array([30., 30., 15., 25.]), array(['regime', 'default'], dtype='<U7'))
    """
    found, places = np.unique(regimes.astype(str), return_inverse=True)
    names = found.tolist()
    if unknown := [name for name in names if name not in REGIME_WEIGHTS]:
        raise DataError(
            f"no weights are known for the regime {unknown[0]!r}{near_matches(unknown[0], REGIME_WEIGHTS)}; "
            f"known are {', '.join(REGIME_WEIGHTS)}"
        )
    values = np.array([REGIME_WEIGHTS[name] for name in names]).reshape(-1, len(ENGINES))[places].T
    origin = np.where(regimes == "unknown", "default", "regime")
    if source is not None and not callable(source):
        raise DataError(f"{_CONTRACT}; this is of type {type(source).__name__}")
    modelled = None if source is None or table is None else source(table)
    if modelled is not None:
        own = _checked(modelled, len(regimes))
        total = own.sum(axis=0)
        given = np.isfinite(total) & (total > 0)
        values = np.where(given, 100 * own / np.where(given, total, 1.0), values)
        origin = np.where(given, "model", origin)
    return EngineWeights(percent=values, origin=origin)


def _checked(modelled: pd.DataFrame, rows: int) -> FloatArray:
    import pandas as pd

    if not isinstance(modelled, pd.DataFrame):
        raise DataError(f"{_CONTRACT}; this one returned an object of type {type(modelled).__name__}")
    if missing := [name for name in ENGINES if name not in modelled.columns]:
        raise DataError(
            f"weights of a model need the columns {', '.join(ENGINES)}; {', '.join(missing)} missing, "
            f"found {', '.join(map(str, modelled.columns)) or 'none'}"
        )
    if len(modelled) != rows:
        raise DataError(f"weights of a model need one row per row of the table: {rows}, were {len(modelled)}")
    own = modelled[list(ENGINES)].to_numpy(dtype=float).T
    if (own < 0).any():
        raise DataError(f"weights of a model must be at least 0, the least was {np.nanmin(own):g}")
    return own
