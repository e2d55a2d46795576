"""`Bracket`: one run under every reading of what a bar leaves open."""

from __future__ import annotations

import dataclasses
import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from investiq.core.facts import Fact, Table, format_value
from investiq.core.notes import Note
from investiq.core.result import Result

if TYPE_CHECKING:
    import pandas as pd

    from investiq.backtesting.result import BacktestResult

__all__ = ["Bracket", "Reading", "bracket_of"]

# The choices of a bar's semantics that its prices cannot settle, each with both answers.
_CHOICES: Final[dict[str, tuple[str, str]]] = {
    "both_inside": ("stop", "target"),
    "limit_fill": ("through", "touch"),
    "limit_gap": ("open", "limit"),
}


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The result under one reading.

    Attributes
    ----------
    both_inside, limit_fill, limit_gap : str
        Options of the run.
    final_equity : float
        USD.
    total_return, sharpe_ratio : float
        Fraction and annual ratio; the ratio is NaN where returns never vary.
    """

    both_inside: str
    limit_fill: str
    limit_gap: str
    final_equity: float
    total_return: float
    sharpe_ratio: float

    @property
    def words(self) -> str:
        """The reading as people say it."""
        return f"{self.both_inside} first, limits {self.limit_fill}, gaps at the {self.limit_gap}"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Bracket(Result):
    """The lowest and the highest result that the same decisions could have had within their bars.

    Attributes
    ----------
    subject : str
        Title of the backtest.
    readings : tuple of Reading
        The run itself first, then each other combination of the choices that can act.
    ambiguity_share : float
        Share of exits decided with stop and target both inside the bar.
    benchmark_return : float
        Total return of the benchmark.
    """

    kind: ClassVar[str] = "bracket"

    subject: str
    readings: tuple[Reading, ...]
    ambiguity_share: float
    benchmark_return: float
    mark: str | None = None
    notes: tuple[Note, ...] = ()

    @property
    def as_run(self) -> Reading:
        """The reading of the run itself."""
        return self.readings[0]

    @property
    def lowest(self) -> Reading:
        """The reading with the least final equity."""
        return min(self.readings, key=lambda reading: reading.final_equity)

    @property
    def highest(self) -> Reading:
        """The reading with the greatest final equity."""
        return max(self.readings, key=lambda reading: reading.final_equity)

    @property
    def changes_conclusion(self) -> bool:
        """Whether the readings disagree about profit or loss, or about being ahead of the benchmark."""
        low, high = self.lowest.total_return, self.highest.total_return
        return (low > 0) != (high > 0) or (low > self.benchmark_return) != (high > self.benchmark_return)

    @property
    def title(self) -> str:
        """One line that names the result."""
        return f"Fill assumptions: {self.subject}"

    @property
    def watermark(self) -> str | None:
        """That of the backtest."""
        return self.mark

    def facts(self) -> list[Fact]:
        """Return the bounds of final equity and Sharpe ratio, and whether they matter."""
        ratios = [reading.sharpe_ratio for reading in self.readings]
        known = [ratio for ratio in ratios if not math.isnan(ratio)]
        note = "" if known else "the account never varies"
        verdict = "yes: finer data are needed" if self.changes_conclusion else "no"
        share = self.ambiguity_share
        return [
            Fact("Final equity, lowest", self.lowest.final_equity, "money", self.lowest.words),
            Fact("Final equity, as run", self.as_run.final_equity, "money", self.as_run.words),
            Fact("Final equity, highest", self.highest.final_equity, "money", self.highest.words),
            Fact("Sharpe ratio, lowest", min(known, default=math.nan), "ratio", "", note),
            Fact("Sharpe ratio, highest", max(known, default=math.nan), "ratio", "", note),
            Fact("Ambiguous exits", share, "fraction", "", "no closed trade" if math.isnan(share) else ""),
            Fact("Conclusion changes", verdict, "", "profit or loss, ahead of the benchmark or not"),
        ]

    def tables(self) -> list[Table]:
        """Return the result of each reading."""
        rows = tuple(
            (
                reading.words,
                format_value(reading.final_equity, "money"),
                format_value(reading.total_return, "fraction"),
                format_value(reading.sharpe_ratio, "ratio"),
            )
            for reading in self.readings
        )
        columns = ("Reading", "Final equity (USD)", "Total return", "Sharpe ratio")
        return [Table("Readings, the run itself first", columns, rows, numbers=columns[1:])]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per reading."""
        import pandas as pd

        return pd.DataFrame([dataclasses.asdict(reading) for reading in self.readings])


def bracket_of(result: BacktestResult) -> Bracket:
    """Run the decisions of `result` under each combination of the choices that can act on them."""
    own = tuple(getattr(result.options, name) for name in _CHOICES)
    readings = [_reading(result, own, result.run.equity)]
    for combination in itertools.product(*_acting(result).values()):
        chosen = dict(zip(_CHOICES, own, strict=True)) | dict(zip(_acting(result), combination, strict=True))
        answers = tuple(chosen.values())
        if answers != own:
            changed: dict[str, Any] = chosen
            run = result.rerun(dataclasses.replace(result.options, **changed))
            readings.append(_reading(result, answers, run.equity))
    return Bracket(
        subject=result.title,
        readings=tuple(readings),
        ambiguity_share=result.ambiguity_share,
        benchmark_return=float(result.benchmark.run.equity[-1] / result.benchmark.options.initial_capital - 1.0),
        mark=result.watermark,
    )


def _acting(result: BacktestResult) -> dict[str, tuple[str, str]]:
    """Return the choices that can change the run: those of limits and targets, where there is one."""
    options, signals = result.options, result.decided if isinstance(result.decided, tuple) else ()
    has_target = bool(options.take_profit or options.atr_target) or any(each.take_profit_price for each in signals)
    has_stop = bool(options.stop_loss or options.trailing_stop or options.atr_stop or options.atr_trail)
    has_stop = has_stop or any(each.stop_loss_price for each in signals)
    has_limit = has_target or any(each.limit_price for each in signals)
    names = (["both_inside"] if has_target and has_stop else []) + (["limit_fill", "limit_gap"] if has_limit else [])
    return {name: _CHOICES[name] for name in names}


def _reading(result: BacktestResult, answers: tuple[str, ...], equity: NDArray[np.float64]) -> Reading:
    account = np.concatenate(([result.options.initial_capital], equity))
    returns, convention = account[1:] / account[:-1] - 1.0, result.convention
    spread = float(returns.std(ddof=convention.ddof)) if returns.size > convention.ddof else 0.0
    excess = float(returns.mean()) - convention.risk_free_per_period
    return Reading(
        **dict(zip(_CHOICES, answers, strict=True)),
        final_equity=float(equity[-1]),
        total_return=float(account[-1] / account[0] - 1.0),
        sharpe_ratio=excess / spread * math.sqrt(convention.periods_per_year) if spread > 0 else math.nan,
    )
