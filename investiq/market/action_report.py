"""`ActionLab`: a vendor's adjustment beside ours, step by step, as facts, tables and frames."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.core.facts import Fact, Table, format_value
from investiq.core.result import Result
from investiq.history.bars import Bars
from investiq.market.action_causes import Cause

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ActionLab", "Step"]

FloatArray = NDArray[np.float64]

_MOST_LINES: Final = 40


class Step(NamedTuple):
    """One date on which a factor moves: ours, the vendor's, and why they differ.

    `tolerance` is relative: half a unit of the vendor's last printed digit on
    both sides of the step. `is_telling` is False where our step is smaller than
    that, so that the vendor's digits cannot show it.
    """

    day: np.datetime64
    prior_close: float
    ours: float
    vendor: float
    tolerance: float
    kinds: str
    causes: tuple[Cause, ...]

    @property
    def difference(self) -> float:
        """The vendor's step over ours, less one."""
        return self.vendor / self.ours - 1

    @property
    def agrees(self) -> bool:
        """Whether the difference is within the tolerance."""
        return abs(self.difference) <= self.tolerance

    @property
    def is_telling(self) -> bool:
        """Whether the vendor's digits can show a step of this size."""
        return abs(self.ours - 1) > self.tolerance or not self.agrees


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ActionLab(Result):
    """What `iq.check_actions` returns.

    Attributes
    ----------
    bars : Bars
        The raw bars with their actions.
    days : ndarray of datetime64[D], shape (n_days,)
        Sessions that both series have.
    difference : ndarray of float64, shape (n_days,)
        The vendor's adjusted close over ours, less one; both are 1 at the last day.
    band : ndarray of float64, shape (n_days,)
        What the vendor's printed digits leave open of it, either way.
    steps : tuple of Step
    digits : str
        How the vendor's numbers are rounded, in words.
    """

    kind: ClassVar[str] = "action_lab"

    bars: Bars
    days: NDArray[np.datetime64]
    difference: FloatArray
    band: FloatArray
    steps: tuple[Step, ...]
    digits: str

    @property
    def title(self) -> str:
        """What was compared."""
        return f"Corporate actions of {self.bars.symbol} against the vendor's adjusted close"

    @property
    def watermark(self) -> str | None:
        """That of the bars."""
        return self.bars.passport.watermark

    @cached_property
    def disagreements(self) -> tuple[Step, ...]:
        """The steps that differ by more than the vendor's digits allow."""
        return tuple(step for step in self.steps if not step.agrees)

    def facts(self) -> list[Fact]:
        """Return the numbers of the comparison."""
        telling = sum(step.is_telling for step in self.steps)
        return [
            Fact("Days compared", int(self.days.size), "count", f"{self.days[0]} to {self.days[-1]}"),
            Fact("Ex-dates", len(self.steps), "count", "where a factor of ours or of the vendor moves"),
            Fact("Agreeing", len(self.steps) - len(self.disagreements), "count", self.digits),
            Fact("Disagreeing", len(self.disagreements), "count", ", ".join(str(step.day) for step in self.disagreements[:6])),
            Fact("Not told by the digits", len(self.steps) - telling, "count", "steps smaller than the rounding"),
            Fact(
                "Largest difference", float(np.abs(self.difference).max()), "fraction",
                "adjusted close, vendor over ours, equal on the last day",
            ),
        ]  # fmt: skip

    def tables(self) -> list[Table]:
        """Return the disagreements with their causes, else the steps that agree."""
        if not self.steps:
            return []
        columns = ("Ex-date", "Action", "Prior close", "Ours", "Vendor", "Difference", "Tolerance", "Evidence")
        shown = self.disagreements or self.steps
        title = "Disagreements" if self.disagreements else "Steps, all within the vendor's digits"
        more = f", {_MOST_LINES} of {len(shown)}; all are in to_frame()" if len(shown) > _MOST_LINES else ""
        lines = tuple(_line(step) for step in shown[:_MOST_LINES])
        return [Table(title + more, columns, lines, numbers=columns[2:7])]

    def provenance(self) -> list[Fact]:
        """Return what was compared, and how."""
        return [
            *(Fact(label, value) for label, value in self.bars.describe()),
            Fact("Method", "vendor's close over the raw close, day over day, against the step of the total factor"),
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per step: ex_date, action, prior_close, ours, vendor, difference, tolerance, agrees, cause, evidence."""
        import pandas as pd

        rows = [
            {
                "ex_date": step.day.astype("datetime64[us]"), "action": step.kinds, "prior_close": step.prior_close,
                "ours": step.ours, "vendor": step.vendor, "difference": step.difference, "tolerance": step.tolerance,
                "agrees": step.agrees, "cause": _best(step)[0], "evidence": _best(step)[1],
            }
            for step in self.steps
        ]  # fmt: skip
        names = [
            "ex_date",
            "action",
            "prior_close",
            "ours",
            "vendor",
            "difference",
            "tolerance",
            "agrees",
            "cause",
            "evidence",
        ]
        return pd.DataFrame(rows, columns=names)

    def causes_frame(self) -> pd.DataFrame:
        """Return every cause tried, one row each: ex_date, cause, step, vendor, fits, evidence."""
        import pandas as pd

        rows = [
            (step.day.astype("datetime64[us]"), cause.name, cause.step, step.vendor, cause.fits, cause.evidence)
            for step in self.disagreements
            for cause in step.causes
        ]
        return pd.DataFrame(rows, columns=["ex_date", "cause", "step", "vendor", "fits", "evidence"])


def _best(step: Step) -> tuple[str, str]:
    """Return the name and the evidence of the cause that fits best, of a disagreement."""
    if step.agrees:
        return "", ""
    fitting = [cause for cause in step.causes if cause.fits]
    if not fitting:
        tried = sorted({cause.name for cause in step.causes})
        return "unexplained", f"tried and not fitting: {', '.join(tried) or 'nothing applies'}"
    also = [cause.name for cause in fitting[1:] if cause.name != fitting[0].name]
    return fitting[0].name, fitting[0].evidence + (f" (also fits: {', '.join(dict.fromkeys(also))})" if also else "")


def _line(step: Step) -> tuple[str, ...]:
    cause, evidence = _best(step)
    words = f"{cause}: {evidence}" if cause else "agrees" if step.is_telling else "too small for the vendor's digits"
    return (
        str(step.day), step.kinds, format_value(step.prior_close, "price"), f"{step.ours:.6f}", f"{step.vendor:.6f}",
        f"{step.difference:+.2e}", f"{step.tolerance:.1e}", words,
    )  # fmt: skip
