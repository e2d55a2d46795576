"""The result of fitting the variances of a Kalman filter."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from investiq.core.facts import Fact
from investiq.core.notes import Note
from investiq.core.result import Result
from investiq.indicators.state_space import Gaps, Model, Scale, Variances

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["KalmanFit"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class KalmanFit(Result):
    """Estimated variances of a local level or a local linear trend.

    Attributes
    ----------
    model : {"local_level", "local_linear_trend"}
    variances : Variances
        Per bar, in squared units of the series on its scale.
    log_likelihood : float
        Of the training window, with the exact diffuse start.
    observations : int
    converged : bool
        Whether the search ended by its tolerance and not by its limit of steps.
    scale : {"log", "linear"}
    gaps : {"skip", "predict"}
    first, last : Any
        Labels of the training window; None for an array.
    notes : tuple of Note
    """

    kind: ClassVar[str] = "kalman_fit"
    model: Model
    variances: Variances
    log_likelihood: float
    observations: int
    converged: bool
    scale: Scale
    gaps: Gaps
    first: Any = None
    last: Any = None
    notes: tuple[Note, ...] = ()

    @property
    def title(self) -> str:
        """One line that names the model."""
        return f"Kalman filter: {self.model.replace('_', ' ')}, fitted to {self.observations:,} observations"

    def facts(self) -> list[Fact]:
        """Return standard deviations, the ratio that decides how the filter follows, and the likelihood."""
        unit = "log returns" if self.scale == "log" else "in the unit of the series"
        shown = [
            Fact("Noise around the level", math.sqrt(self.variances.observation), "", f"standard deviation, {unit}"),
            Fact("Step of the level", math.sqrt(self.variances.level), "", f"standard deviation per bar, {unit}"),
        ]
        if self.model == "local_linear_trend":
            shown.append(
                Fact("Step of the slope", math.sqrt(self.variances.slope), "", f"standard deviation per bar, {unit}")
            )
        return [
            *shown,
            Fact("Signal to noise", self.variances.signal_to_noise, "", "variance of the level's step over the noise"),
            Fact("Log-likelihood", self.log_likelihood, "ratio", "Gaussian, exact diffuse start"),
            Fact("Converged", "yes" if self.converged else "no"),
        ]

    def provenance(self) -> list[Fact]:
        """Return the training window and how the series was read."""
        gaps = (
            "a missing row takes no time" if self.gaps == "skip" else "a missing row is a step without an observation"
        )
        window = "not labelled" if self.first is None else f"{_label(self.first)} to {_label(self.last)}"
        scale = "logarithms of prices" if self.scale == "log" else "values as given"
        return [Fact("Training window", window), Fact("Series", f"{scale}; {gaps}")]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a variance: value and standard deviation."""
        import pandas as pd

        names = ["observation", "level"] + (["slope"] if self.model == "local_linear_trend" else [])
        values = [getattr(self.variances, name) for name in names]
        return pd.DataFrame(
            {"variance": values, "standard_deviation": np.sqrt(values)}, index=pd.Index(names, name="component")
        )


def _label(label: Any) -> str:
    return str(label).removesuffix("+00:00").removesuffix(" 00:00:00")
