"""P-values of a whole study: what is left of each when all are counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import ConfigError, DataError, InsufficientDataError, near_matches
from investiq.core.facts import Unit
from investiq.core.readout import Readout
from investiq.metrics.arrays import numbers
from investiq.metrics.inputs import FloatArray, Floats

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["AdjustedPValues", "CorrectionName", "adjust_p_values"]

CorrectionName: TypeAlias = Literal["bonferroni", "holm", "bh", "by"]

_CORRECTIONS: Final = ("bonferroni", "holm", "bh", "by")


@dataclass(frozen=True, eq=False)
class AdjustedPValues(Readout):
    """P-values adjusted for their number, and which hypotheses are rejected.

    Attributes
    ----------
    adjusted : ndarray or Series of shape (n_tests,)
        In the order they came, with the index of a Series; at most 1.
    rejected : ndarray or Series of bool, shape (n_tests,)
        Where the adjusted value is at most `level`.
    method : str
    level : float
    """

    units: ClassVar[dict[str, Unit]] = {"level": "fraction"}
    adjusted: FloatArray | pd.Series[float]
    rejected: NDArray[np.bool_] | pd.Series[bool]
    method: str
    level: float


def adjust_p_values(p_values: Floats, method: CorrectionName = "holm", *, level: float = 0.05) -> AdjustedPValues:
    """Return p-values adjusted for the number of tests.

    Parameters
    ----------
    p_values : ndarray or Series of shape (n_tests,)
        Of every test of the study, those that failed too, in any order.
    method : {"bonferroni", "holm", "bh", "by"}
        ``"bonferroni"`` and ``"holm"`` [1]_ bound the probability of one false
        rejection or more, under any dependence; Holm rejects at least as much.
        ``"bh"`` [2]_ bounds the expected share of false ones among the
        rejections, for independent or positively dependent tests, ``"by"`` [3]_
        under any dependence.
    level : float, default 0.05
        In (0, 1).

    Raises
    ------
    ConfigError
        If the method is unknown or the level outside (0, 1).
    DataError
        If a p-value is NaN or outside [0, 1].
    InsufficientDataError
        If there is none.

    References
    ----------
    .. [1] Holm, S. (1979). "A simple sequentially rejective multiple test
       procedure." Scandinavian Journal of Statistics 6(2), 65-70.
    .. [2] Benjamini, Y. and Hochberg, Y. (1995). "Controlling the false discovery
       rate." Journal of the Royal Statistical Society B 57(1), 289-300.
    .. [3] Benjamini, Y. and Yekutieli, D. (2001). "The control of the false
       discovery rate in multiple testing under dependency." Annals of
       Statistics 29(4), 1165-1188.

    Examples
    --------
    >>> found = adjust_p_values(np.array([0.01, 0.04, 0.03]), "holm")
    >>> found.adjusted, found.rejected
    (array([0.03, 0.06, 0.06]), array([ True, False, False]))
    """
    if method not in _CORRECTIONS:
        known = ", ".join(map(repr, _CORRECTIONS))
        raise ConfigError(f"method must be one of {known}, was {method!r}{near_matches(str(method), _CORRECTIONS)}")
    if not 0 < level < 1:
        raise ConfigError(f"level must lie in (0, 1), was {level}")
    values = numbers("p_values", p_values)
    if values.ndim != 1:
        raise DataError(f"p_values has {values.ndim} dimensions, expected 1: pass the p-values of one study")
    if not values.size:
        raise InsufficientDataError("there is no p-value to adjust")
    if wrong := int(np.count_nonzero(~((values >= 0) & (values <= 1)))):
        raise DataError(f"{wrong} of {values.size} p-values are NaN or outside [0, 1]; drop tests that gave none")
    order = np.argsort(values, kind="stable")
    adjusted = np.empty(values.size)
    adjusted[order] = np.minimum(_ascending(values[order], method), 1.0)
    rejected = adjusted <= level
    if not hasattr(p_values, "iloc"):
        return AdjustedPValues(adjusted, rejected, method, level)
    import pandas as pd

    index = p_values.index  # type: ignore[union-attr]  # only pandas has iloc
    return AdjustedPValues(
        pd.Series(adjusted, index=index, name="adjusted"),
        pd.Series(rejected, index=index, name="rejected"),
        method,
        level,
    )


def _ascending(ordered: FloatArray, method: CorrectionName) -> FloatArray:
    """Return the adjusted values of ascending p-values."""
    count = ordered.size
    ranks = np.arange(1, count + 1)
    if method == "bonferroni":
        return ordered * count
    if method == "holm":
        stepped: FloatArray = np.maximum.accumulate(ordered * (count - ranks + 1))
        return stepped
    dependence = float((1 / ranks).sum()) if method == "by" else 1.0
    from_above: FloatArray = np.minimum.accumulate((ordered * count * dependence / ranks)[::-1])[::-1]
    return from_above
