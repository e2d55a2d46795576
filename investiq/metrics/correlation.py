"""Correlation of returns that are paired by date, never by position."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError
from investiq.core.facts import Fact, Table, format_value
from investiq.core.notes import Note, merge_notes
from investiq.core.result import Result
from investiq.history.bars import Bars
from investiq.history.checks import row_checks
from investiq.history.instants import label_text
from investiq.history.panel import Panel
from investiq.metrics.inputs import FloatArray
from investiq.metrics.pairing import Paired, is_one_market, pair_bars, pair_returns

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FEWEST_PAIRS", "RECOMMENDED_PAIRS", "Correlation", "PairCorrelation", "correlate"]

# Two points always lie on a line: their correlation is 1 or -1 and says nothing.
FEWEST_PAIRS: Final = 3
# The standard error of a correlation near zero is about 1 / sqrt(n): 0.18 at 30 pairs.
RECOMMENDED_PAIRS: Final = 30
_SHOWN: Final = 20


@dataclass(frozen=True, kw_only=True)
class PairCorrelation:
    """The correlation of two symbols.

    Attributes
    ----------
    a, b : str
    value : float
        NaN where it is undefined.
    count : int
        Pairs of returns behind it.
    reason : str
        Why the value is missing, or a caution about it.
    """

    a: str
    b: str
    value: float
    count: int
    reason: str = ""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Correlation(Result):
    """How the returns of several symbols move together; made by `correlate`.

    Attributes
    ----------
    symbols : tuple of str
    pairs : tuple of PairCorrelation
        Each unordered pair once.
    diversification : float
        (1 - mean |correlation|) x 100 over the pairs that have one; NaN where none has.
    rolling : DataFrame or None
        With `window`: index `ts`, one column a pair (``"A / B"``), NaN until
        the window is full.
    window : int, optional
        In pairs of returns.
    basis : str
        What was paired, in words.
    first, last : datetime64[us]
        Of the paired returns.
    bars : tuple of Bars
        What the returns were made of; empty where returns were passed.
    """

    kind: ClassVar[str] = "correlation"
    symbols: tuple[str, ...]
    pairs: tuple[PairCorrelation, ...]
    diversification: float
    rolling: pd.DataFrame | None
    window: int | None
    basis: str
    first: np.datetime64
    last: np.datetime64
    bars: tuple[Bars, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def title(self) -> str:
        """One line that names the symbols."""
        names = ", ".join(self.symbols[:6])
        return f"Correlation of {names}{f' and {len(self.symbols) - 6} more' if len(self.symbols) > 6 else ''}"

    @property
    def watermark(self) -> str | None:
        """``"SYNTHETIC"`` if any series is invented, else ``"SAMPLE"`` if any is of the sample."""
        marks = {each.passport.watermark for each in self.bars}
        return next((mark for mark in ("SYNTHETIC", "SAMPLE") if mark in marks), None)

    @property
    def matrix(self) -> pd.DataFrame:
        """The correlations as a symmetric table, 1 on the diagonal."""
        import pandas as pd

        table = pd.DataFrame(np.eye(len(self.symbols)), index=list(self.symbols), columns=list(self.symbols))
        for pair in self.pairs:
            table.loc[pair.a, pair.b] = table.loc[pair.b, pair.a] = pair.value
        return table

    def to_frame(self) -> pd.DataFrame:
        """Return one row a pair: a, b, correlation, pairs of returns, reason."""
        import pandas as pd

        rows = [(pair.a, pair.b, pair.value, pair.count, pair.reason) for pair in self.pairs]
        return pd.DataFrame(rows, columns=["a", "b", "correlation", "returns", "reason"])

    def facts(self) -> list[Fact]:
        """Return the mean correlation and the diversification."""
        sizes = [abs(pair.value) for pair in self.pairs if not math.isnan(pair.value)]
        missing = "" if sizes else "no pair has a correlation"
        return [
            Fact("Symbols", len(self.symbols), "count"),
            Fact("Pairs with a correlation", f"{len(sizes)} of {len(self.pairs)}"),
            Fact("Mean |correlation|", _mean(sizes), "ratio", "Pearson; each pair once", missing),
            Fact("Diversification", self.diversification, "score", "(1 - mean |correlation|) x 100", missing),
            Fact("Fewest returns in a pair", min(pair.count for pair in self.pairs), "count", self.basis),
        ]

    def tables(self) -> list[Table]:
        """Return the pairs, the strongest first."""
        ordered = sorted(self.pairs, key=lambda pair: (math.isnan(pair.value), -abs(pair.value)))[:_SHOWN]
        title = "Pairs" if len(self.pairs) <= _SHOWN else f"The {_SHOWN} strongest of {len(self.pairs):,} pairs"
        rows = tuple(
            (pair.a, pair.b, format_value(pair.value, "ratio"), format_value(pair.count, "count"), pair.reason)
            for pair in ordered
        )
        columns = ("A", "B", "Correlation", "Returns", "Remark")
        return [Table(title, columns, rows, numbers=("Returns",), signed=("Correlation",))]

    def provenance(self) -> list[Fact]:
        """Return the period and the passport line of each series."""
        span = " to ".join(label_text(each, "1d") for each in (self.first, self.last) if not np.isnat(each))
        lines = [Fact("Period", span or "no pair of returns")]
        for each in self.bars:
            first, last = (label_text(ts, each.interval) for ts in each.ts[[0, -1]])
            source = (
                f"{each.passport.provider} ({each.passport.provenance}), {first} to {last}, {each.passport.calendar}"
            )
            lines.append(Fact(each.symbol, f"{source}, SHA-256 {each.fingerprint[:16]}"))
        return lines


def correlate(
    members: Panel | Iterable[Bars] | Mapping[str, pd.Series[float]] | pd.DataFrame, *, window: int | None = None
) -> Correlation:
    """Return the Pearson correlations of the returns of several symbols, paired by date.

    Bars on the sessions of one market are joined on their dates first, and the
    returns are taken between common dates, so a bar that one symbol lacks
    shifts nothing and both returns of a pair span the same time. Across
    markets the second of a pair is taken as it was known at each `known_at` of
    the first, and a time at which it has no new bar is left out.

    Parameters
    ----------
    members : Panel, Bars, or mapping of name to Series
        Two symbols or more. Bars give simple returns of total-return-adjusted
        closes. Series (or a DataFrame, a column a symbol) must be returns
        already, with one index of times; NaN pairs are left out.
    window : int, optional
        Also the correlation over the last so many pairs of returns, at each time.

    Returns
    -------
    Correlation
        A pair with fewer than 3 returns, or with a constant one, is NaN with the reason.

    Raises
    ------
    DataError
        If there are fewer than two symbols, a name comes twice, intervals
        differ, an index descends, or the window is below 3.

    Examples
    --------
    >>> import investiq as iq
    >>> found = correlate([iq.load_bars("^GSPC", start="2018"), iq.load_bars("^IXIC", start="2018")])
    >>> found.pairs[0].count, round(found.pairs[0].value, 2)
    (250, 0.96)
    """
    import pandas as pd

    if window is not None and window < FEWEST_PAIRS:
        raise DataError(f"window must hold at least {FEWEST_PAIRS} pairs of returns, was {window}")
    bars: tuple[Bars, ...] = ()
    if isinstance(members, (Mapping, pd.DataFrame)):
        names, joined = pair_returns({str(name): column for name, column in members.items()})
        basis = "returns as passed, joined on their times"
    else:
        bars = tuple(members)
        if wrong := [each for each in bars if not isinstance(each, Bars)]:
            raise DataError(
                f"correlate takes Bars, a Panel or Series by name, found {wrong[0]!r}; "
                "load symbols first, as in iq.correlate(iq.load_panel([...]))"
            )
        names, joined = pair_bars(bars)
        basis = "simple returns of total-return-adjusted closes, between dates that both have"
    pairs = [_measured(a, b, paired) for (a, b), paired in joined.items()]
    sizes = [abs(pair.value) for pair in pairs if not math.isnan(pair.value)]
    stamps = [each.ts[[0, -1]] for each in joined.values() if each.ts.size]
    nothing = np.datetime64("NaT", "us")
    return Correlation(
        symbols=names,
        pairs=tuple(pairs),
        diversification=(1 - _mean(sizes)) * 100,
        rolling=None if window is None else _rolling(joined, window),
        window=window,
        basis=basis,
        first=min((each[0] for each in stamps), default=nothing),
        last=max((each[-1] for each in stamps), default=nothing),
        bars=bars,
        notes=merge_notes(_cautions(pairs, bars), *(row_checks(each, each.passport.notes) for each in bars)),
    )


def _measured(a: str, b: str, paired: Paired) -> PairCorrelation:
    count = paired.ts.size
    if count < FEWEST_PAIRS:
        reason = f"needs {FEWEST_PAIRS} returns on common dates, found {count}"
        return PairCorrelation(a=a, b=b, value=math.nan, count=count, reason=reason)
    value = float(_pearson(paired.a[np.newaxis], paired.b[np.newaxis])[0])
    reason = f"few returns: standard error near {1 / math.sqrt(count):.2f}" if count < RECOMMENDED_PAIRS else ""
    if math.isnan(value):
        constant = a if np.ptp(paired.a) == 0 else b
        reason = f"{constant} never moves"
    return PairCorrelation(a=a, b=b, value=value, count=count, reason=reason)


def _pearson(x: NDArray[np.float64], y: NDArray[np.float64]) -> FloatArray:
    """Return the correlation of each row of `x` with the same row of `y`, NaN where one is constant."""
    x_off, y_off = x - x.mean(axis=1, keepdims=True), y - y.mean(axis=1, keepdims=True)
    scale = np.sqrt((x_off**2).sum(axis=1) * (y_off**2).sum(axis=1))
    # Exact, because the mean of equal numbers may miss them by a rounding error.
    varies = (np.ptp(x, axis=1) > 0) & (np.ptp(y, axis=1) > 0)
    found = np.full(len(x), np.nan)
    np.divide((x_off * y_off).sum(axis=1), scale, out=found, where=varies)
    clipped: FloatArray = np.clip(found, -1.0, 1.0)
    return clipped


def _rolling(joined: Mapping[tuple[str, str], Paired], window: int) -> pd.DataFrame:
    import pandas as pd

    columns = {}
    for (a, b), paired in joined.items():
        values = np.full(paired.ts.size, np.nan)
        if paired.ts.size >= window:
            views = (np.lib.stride_tricks.sliding_window_view(each, window) for each in (paired.a, paired.b))
            values[window - 1 :] = _pearson(*views)
        columns[f"{a} / {b}"] = pd.Series(values, index=pd.DatetimeIndex(paired.ts, tz="UTC"))
    return pd.DataFrame(columns).rename_axis("ts")


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan


def _cautions(pairs: list[PairCorrelation], bars: tuple[Bars, ...]) -> list[Note]:
    notes = []
    if missing := [pair for pair in pairs if math.isnan(pair.value)]:
        text = f"{len(missing)} of {len(pairs)} pairs have no correlation and do not count in the diversification"
        notes.append(Note(code="undefined_correlations", text=text, rows=len(missing)))
    if len({pair.count for pair in pairs}) > 1:
        text = "the pairs rest on different numbers of returns, so the table need not be a covariance's (positive semidefinite)"
        notes.append(Note(code="unequal_pairs", text=text, severity="info"))
    crossed = [f"{a.symbol} / {b.symbol}" for a, b in combinations(bars, 2) if not is_one_market(a, b)]
    if crossed:
        text = (
            f"{', '.join(crossed[:3])}{' and more' if len(crossed) > 3 else ''}: markets close at different times, so the second is taken "
            "as it was known when the first closed; the correlation of returns that overlap only in part is understated"
        )
        notes.append(Note(code="different_markets", text=text, rows=len(crossed)))
    return notes
