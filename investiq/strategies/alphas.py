"""Canonical cross-sectional alphas: scores of many symbols at each close, and a portfolio of one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import ConfigError, DataError
from investiq.strategies.base import FloatArray, PanelStrategy, whole_bars
from investiq.strategies.schedules import Every, decision_closes
from investiq.strategies.weighting import WeightMethod, scores_to_weights, winsorised

if TYPE_CHECKING:
    from investiq.execution.options import OptionArguments
    from investiq.history.panel import Panel
    from investiq.history.records import Records

__all__ = [
    "AlphaPortfolio", "book_to_market", "low_volatility_scores", "momentum_scores", "quality_scores", "reversal_scores",
]  # fmt: skip

Alpha = Literal["momentum", "reversal", "low_volatility"]


def momentum_scores(panel: Panel, window: int = 252, skip: int = 21) -> FloatArray:
    """Return the return from `window` to `skip` sessions ago, the last month left out [1]_.

    Parameters
    ----------
    panel : Panel
    window, skip : int, default 252 and 21
        In bars of each symbol, not in calendar days; ``0 <= skip < window``.

    Returns
    -------
    ndarray of shape (n_symbols, n_bars)
        ``close[t - skip] / close[t - window] - 1``, total-adjusted; NaN in the first
        `window` bars of a symbol and where it has none.

    References
    ----------
    .. [1] Jegadeesh, N. and Titman, S. (1993). Returns to buying winners and selling
       losers. J. of Finance 48(1).
    """
    whole_bars("momentum_scores", "window", window)
    whole_bars("momentum_scores", "skip", skip, least=0)
    if skip >= window:
        raise ConfigError(f"momentum_scores: skip must be below window, were {skip} and {window}")

    def scores(close: FloatArray) -> FloatArray:
        return close[window - skip : close.size - skip] / close[: close.size - window] - 1

    return _each(panel, scores, window)


def reversal_scores(panel: Panel, window: int = 21) -> FloatArray:
    """Return minus the return of the last `window` sessions: what fell scores high [1]_.

    Shapes and NaN as in `momentum_scores`.

    References
    ----------
    .. [1] Jegadeesh, N. (1990). Evidence of predictable behavior of security returns.
       J. of Finance 45(3).
    """
    whole_bars("reversal_scores", "window", window)
    return _each(panel, lambda close: 1 - close[window:] / close[:-window], window)


def low_volatility_scores(panel: Panel, window: int = 252, least: int = 126) -> FloatArray:
    """Return minus the deviation of the last `window` daily returns, of at least `least` of them [1]_.

    Sample deviation of simple returns; shapes as in `momentum_scores`, NaN in the
    first `least` bars of a symbol.

    References
    ----------
    .. [1] Blitz, D. and van Vliet, P. (2007). The volatility effect. J. of Portfolio
       Management 34(1).
    """
    whole_bars("low_volatility_scores", "least", least, least=2)
    whole_bars("low_volatility_scores", "window", window, least=least)

    def scores(close: FloatArray) -> FloatArray:
        import pandas as pd

        returns = pd.Series(close[1:] / close[:-1] - 1)
        deviation: FloatArray = returns.rolling(window, min_periods=least).std(ddof=1).to_numpy()
        return -deviation[least - 1 :]

    return _each(panel, scores, least)


def book_to_market(panel: Panel, statements: Mapping[str, Records]) -> FloatArray:
    """Return book equity over market value, of the newest annual statement known at each close [1]_.

    ``shareholders_equity / (shares_diluted * close)``; shares are those of the
    statement, carried through the splits since it became known. A split between
    its filing and the first bar of the panel is not seen, so load bars from before.

    Parameters
    ----------
    panel : Panel
        Of raw prices.
    statements : mapping of str to Records
        ``iq.load_records(symbol, "statements")`` by symbol; only rows of a whole
        fiscal year count, and each from its `known_at` on, when it was filed.

    Returns
    -------
    ndarray of shape (n_symbols, n_bars)
        NaN before the first statement, where an item is missing, and for symbols
        without statements.

    Raises
    ------
    DataError
        If the panel is adjusted, or the records are no statements.

    References
    ----------
    .. [1] Fama, E. F. and French, K. R. (1992). The cross-section of expected stock
       returns. J. of Finance 47(2).
    """
    if panel.basis != "raw":
        raise DataError(f"book_to_market takes raw prices, as market values do; these are {panel.basis}-adjusted")
    scores = np.full(panel.close.shape, np.nan)
    for row, symbol in enumerate(panel.symbols):
        if symbol not in statements:
            continue
        known = _annual(panel, row, statements[symbol], ("shareholders_equity", "shares_diluted"))
        here, newest, (equity, shares) = known
        factor = panel.split_factor[row, here]
        # The first bar that knew the statement: its shares are of that day.
        first = np.searchsorted(newest, newest, side="left")
        grown = factor / factor[first]
        scores[row, here] = equity / (shares * grown * panel.close[row, here])
    return scores


def quality_scores(
    panel: Panel, statements: Mapping[str, Records], of: Literal["gross_profit", "return_on_equity"] = "gross_profit"
) -> FloatArray:
    """Return the profitability of the newest annual statement known at each close.

    Gross profit over total assets [1]_, or net income over shareholders' equity, NaN
    where that is not positive. Parameters and returns as in `book_to_market`.

    References
    ----------
    .. [1] Novy-Marx, R. (2013). The other side of value: the gross profitability
       premium. J. of Financial Economics 108(1).
    """
    items = {
        "gross_profit": ("gross_profit", "total_assets"),
        "return_on_equity": ("net_income", "shareholders_equity"),
    }
    if of not in items:
        raise ConfigError(f"quality_scores: of must be one of {', '.join(items)}, was {of!r}")
    scores = np.full(panel.close.shape, np.nan)
    for row, symbol in enumerate(panel.symbols):
        if symbol in statements:
            here, _, (profit, base) = _annual(panel, row, statements[symbol], items[of])
            scores[row, here] = profit / np.where(base > 0, base, np.nan)
    return scores


_ALPHAS: Final[Mapping[Alpha, Callable[[Panel], FloatArray]]] = {
    "momentum": momentum_scores,
    "reversal": reversal_scores,
    "low_volatility": low_volatility_scores,
}
_WARMUP: Final[Mapping[Alpha, int]] = {"momentum": 252, "reversal": 21, "low_volatility": 126}


@dataclass(frozen=True, kw_only=True)
class AlphaPortfolio(PanelStrategy):
    """Hold what one canonical alpha favours.

    Scores are winsorised by 1 % on each side of a close, then turned into weights
    by `scores_to_weights`, at the last close of each day, week or month.

    Parameters
    ----------
    alpha : {"momentum", "reversal", "low_volatility"}, default "momentum"
        See `momentum_scores` (252 - 21), `reversal_scores` (21) and
        `low_volatility_scores` (252).
    method : {"rank", "zscore", "quantile", "dollar_neutral"}, default "rank"
    long_only : bool, default True
    leverage : float, default 1.0
        Sum of the absolute weights.
    every : {"day", "week", "month"}, default "month"

    Raises
    ------
    ConfigError
        If a parameter is out of range.

    Examples
    --------
    >>> import investiq as iq
    >>> panel = iq.load_panel(["SYN001", "SYN002", "SYN003"], start="2017", end="2018-02-28")
    >>> iq.strategies.AlphaPortfolio().target_weights(panel)[:, -1]
    array([0., 1., 0.])
    """

    alpha: Alpha = "momentum"
    method: WeightMethod = "rank"
    long_only: bool = True
    leverage: float = 1.0
    every: Every = "month"

    def __post_init__(self) -> None:
        for name, known in (("alpha", Alpha), ("every", Every)):
            if getattr(self, name) not in get_args(known):
                raise ConfigError(
                    f"AlphaPortfolio: {name} must be one of {', '.join(get_args(known))}, was {getattr(self, name)!r}"
                )
        scores_to_weights(np.zeros((2, 0)), self.method, long_only=self.long_only, leverage=self.leverage)

    @property
    def warmup(self) -> int:
        """Bars before the first score."""
        return _WARMUP[self.alpha]

    @property
    def run_options(self) -> OptionArguments:
        """No band, since weights of many symbols lie within one; shorts, unless long only."""
        return {"band": 0.0} if self.long_only else {"band": 0.0, "allow_short": True}

    def target_weights(self, panel: Panel) -> FloatArray:
        """Return the weights at the closes that decide; see `PanelStrategy`."""
        scores = np.where(decision_closes(panel, self.every), _ALPHAS[self.alpha](panel), np.nan)
        return scores_to_weights(winsorised(scores), self.method, long_only=self.long_only, leverage=self.leverage)


def _each(panel: Panel, compute: Callable[[FloatArray], FloatArray], warmup: int) -> FloatArray:
    """Return what `compute` says of each symbol's own bars, NaN in its first `warmup` ones."""
    if panel.basis == "split":
        raise DataError("a strategy takes raw or total-adjusted bars, these are split-adjusted")
    closes = panel.close if panel.basis == "total" else panel.close * panel.total_factor
    scores = np.full(closes.shape, np.nan)
    for row, close in enumerate(closes):
        here = np.flatnonzero(~np.isnan(close))
        if here.size > warmup:
            scores[row, here[warmup:]] = compute(close[here])
    return scores


def _annual(
    panel: Panel, row: int, records: Records, items: tuple[str, ...]
) -> tuple[NDArray[np.intp], NDArray[np.intp], tuple[FloatArray, ...]]:
    """Return a symbol's bars, which annual statement each knew (-1 for none), and its items there."""
    frame = records.frame
    if missing := [name for name in ("fiscal_period", *items) if name not in frame.columns]:
        raise DataError(f"{records.name} lacks {', '.join(missing)}; pass the records of kind 'statements'")
    years = frame[frame["fiscal_period"] == "FY"]
    known = years["known_at"].dt.tz_convert(None).to_numpy().astype("datetime64[us]")
    # An amendment of an older year is no newer statement.
    order = np.argsort(known, kind="stable")
    newest_by_then = np.r_[-1, np.maximum.accumulate(order)]
    here = np.flatnonzero(~np.isnat(panel.known_at[row]))
    newest = newest_by_then[np.searchsorted(known[order], panel.known_at[row, here], side="right")]
    values = []
    for name in items:
        column = np.r_[years[name].to_numpy(dtype=float, na_value=np.nan), np.nan]
        values.append(column[newest])
    return here, newest, tuple(values)
