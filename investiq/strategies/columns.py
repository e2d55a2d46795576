"""The table that a rule reads: prices and indicators on total-adjusted bars, one row per column."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import ConfigError, DataError, near_matches
from investiq.strategies.base import Column

if TYPE_CHECKING:
    from investiq.engines.base import Engine
    from investiq.history.bars import Bars

__all__ = ["NAMES", "table"]

FloatArray = NDArray[np.float64]

NAMES: Final = (
    "open", "high", "low", "close", "sma", "ema", "highest_high", "lowest_low", "atr", "volatility", "rsi",
    "macd_histogram", "zscore", "rate_of_change", "rate_of_change_rank", "close_rank", "velocity", "uncertainty",
    "regime", "raw_odds", "technical_score", "technical_confidence", "quant_score", "quant_confidence", "engine_score",
    "engine_confidence",
)  # fmt: skip


class _AdjustedPrices:
    """The prices of ``bars.adjusted("total")``, each computed when a column asks for it."""

    def __init__(self, bars: Bars) -> None:
        if bars.basis == "split":
            raise DataError(f"{bars.symbol}: a strategy takes raw or total-adjusted bars, these are split-adjusted")
        self._bars = bars

    def _adjusted(self, name: str) -> FloatArray:
        prices: FloatArray = getattr(self._bars, name)
        return prices if _is_adjusted(self._bars) else prices * self._bars.total_factor

    @cached_property
    def open(self) -> FloatArray:
        return self._adjusted("open")

    @cached_property
    def high(self) -> FloatArray:
        return self._adjusted("high")

    @cached_property
    def low(self) -> FloatArray:
        return self._adjusted("low")

    @cached_property
    def close(self) -> FloatArray:
        return self._adjusted("close")

    @property
    def ts(self) -> NDArray[np.datetime64]:
        return self._bars.ts

    @cached_property
    def trend(self) -> tuple[FloatArray, FloatArray]:
        """Velocity and uncertainty of the filtered price."""
        from investiq.engines.probabilistic.filtering import trend_of

        return trend_of(self.close)

    @cached_property
    def technical(self) -> dict[str, FloatArray]:
        """Score and confidence of the technical engine."""
        from investiq.engines.technical.engine import TechnicalEngine

        return self._scored(TechnicalEngine())

    @cached_property
    def quant(self) -> dict[str, FloatArray]:
        """Score and confidence of the quant engine."""
        from investiq.engines.quant.engine import QuantEngine

        return self._scored(QuantEngine())

    @cached_property
    def engine(self) -> dict[str, FloatArray]:
        """Score and confidence of both engines together."""
        from investiq.strategies.engine_view import weighted_view

        views = {"technical": self.technical, "quant": self.quant}
        return {
            name: weighted_view({engine: view[name] for engine, view in views.items()})
            for name in ("score", "confidence")
        }

    def _scored(self, engine: Engine) -> dict[str, FloatArray]:
        from investiq.history.history import History

        scored = engine.score(engine.features(History.of(self._bars)))
        return {name: scored[name].to_numpy(dtype=float) for name in ("score", "confidence")}


# Of bars that were asked before; they never change.
_IS_ADJUSTED: WeakKeyDictionary[Bars, bool] = WeakKeyDictionary()
_HAS_GAPS: WeakKeyDictionary[Bars, bool] = WeakKeyDictionary()


def _is_adjusted(bars: Bars) -> bool:
    """Return whether the prices of `bars` are total-adjusted as they stand."""
    found = _IS_ADJUSTED.get(bars)
    if found is None:
        found = _IS_ADJUSTED[bars] = bars.basis == "total" or bool((bars.total_factor == 1.0).all())
    return found


def _has_gaps(bars: Bars) -> bool:
    """Return whether a close of `bars`, adjusted or not, is missing."""
    found = _HAS_GAPS.get(bars)
    if found is None:
        found = _HAS_GAPS[bars] = not bool(np.isfinite(bars.close * bars.total_factor).all())
    return found


def table(columns: Sequence[Column], bars: Bars) -> FloatArray:
    """Return the columns as a contiguous float64 array of shape (n_columns, n_bars).

    Parameters
    ----------
    columns : sequence of Column
        ``open``, ``high``, ``low``, ``close``; ``highest_high`` (window) and
        ``lowest_low`` (window), both of the bars before the current one; ``sma``,
        ``ema``, ``atr``, ``rsi``, ``zscore`` and ``rate_of_change`` (window);
        ``macd_histogram`` (fast, slow, signal); ``volatility`` (window), the sample
        deviation of log returns per bar; ``close_rank`` (past) and
        ``rate_of_change_rank`` (window, past), the rank in [0, 1] among that many
        values before; ``velocity`` and ``uncertainty``, see `filtering.trend_of`;
        ``regime`` (window), see `regimes.regime_codes`; ``raw_odds``, see
        `probabilistic.layer`; ``technical_score``,
        ``technical_confidence``, ``quant_score`` and ``quant_confidence`` of these
        engines on the bars alone, and ``engine_score`` and ``engine_confidence`` of
        both, see `engine_view.weighted_view`.
    bars : Bars
        Raw or total-adjusted.

    Returns
    -------
    ndarray
        Total-adjusted, NaN where a column has too few bars.

    Raises
    ------
    ConfigError
        If a column has an unknown name.
    DataError
        If the bars are split-adjusted.
    """
    prices = _AdjustedPrices(bars)
    rows = np.empty((len(columns), len(bars)))
    for row, column in zip(rows, columns, strict=True):
        if column.name == "sma" and len(column.parameters) == 1 and not _has_gaps(bars):
            _mean_into(row, prices.close, int(column.parameters[0]))
        else:
            row[:] = _compute(column, prices)
    return rows


def _mean_into(row: FloatArray, close: FloatArray, window: int) -> None:
    """Write `indicators.trend.sma` of closes without a gap to `row`, without a copy."""
    from investiq.indicators.observations import whole_window
    from investiq.indicators.windows import mean_into

    close.setflags(write=False)
    mean_into(close, whole_window(window), row)


def _compute(column: Column, prices: _AdjustedPrices) -> FloatArray:
    name, parameters = column
    if not parameters:
        match name:
            case "open" | "high" | "low" | "close":
                values: FloatArray = getattr(prices, name)
                return values
            case "velocity" | "uncertainty":
                return prices.trend[name == "uncertainty"]
            case "raw_odds":
                from investiq.engines.probabilistic.layer import raw_odds

                return raw_odds(prices.close, prices.ts)
            case (
                "technical_score" | "technical_confidence" | "quant_score" | "quant_confidence"
                | "engine_score" | "engine_confidence"
            ):  # fmt: skip
                engine, _, what = name.partition("_")
                scored: dict[str, FloatArray] = getattr(prices, engine)
                return scored[what]
    else:
        bars = tuple(int(each) for each in parameters)
        indicator = _of_one_window if len(bars) == 1 else _of_several_windows
        values_or_none = indicator(name, bars, prices)
        if values_or_none is not None:
            return values_or_none
    raise ConfigError(
        f"no column is called {name!r} with {len(parameters)} parameter(s)"
        f"{near_matches(name, NAMES)}; known are {', '.join(NAMES)}"
    )


def _of_one_window(name: str, windows: tuple[int, ...], prices: _AdjustedPrices) -> FloatArray | None:
    (window,) = windows
    match name:
        case "sma" | "ema":
            from investiq.indicators import trend

            return trend.sma(prices.close, window) if name == "sma" else trend.ema(prices.close, window)
        case "highest_high" | "lowest_low":
            from investiq.indicators.levels import donchian

            channel = donchian(prices, window, exclude_current=True)
            return channel.upper if name == "highest_high" else channel.lower
        case "atr":
            from investiq.indicators.volatility import atr

            return atr(prices, window)
        case "volatility":
            from investiq.indicators.volatility import historical_volatility

            return historical_volatility(prices.close, window, periods_per_year=1)
        case "rsi" | "rate_of_change":
            from investiq.indicators import momentum

            of_close = momentum.rsi if name == "rsi" else momentum.rate_of_change
            return of_close(prices.close, window)
        case "zscore":
            from investiq.indicators.bands import zscore

            return zscore(prices.close, window)
        case "close_rank":
            from investiq.engines.scoring import percentile_rank

            return percentile_rank(prices.close, window, window)
        case "regime":
            from investiq.engines.probabilistic.regimes import regime_codes

            return regime_codes(prices.close, window, uncertainty=prices.trend[1])
    return None


def _of_several_windows(name: str, windows: tuple[int, ...], prices: _AdjustedPrices) -> FloatArray | None:
    match (name, windows):
        case ("macd_histogram", (fast, slow, signal)):
            from investiq.indicators.momentum import macd

            return macd(prices.close, fast, slow, signal).histogram
        case ("rate_of_change_rank", (window, past)):
            from investiq.engines.scoring import percentile_rank
            from investiq.indicators.momentum import rate_of_change

            return percentile_rank(rate_of_change(prices.close, window), past, past)
    return None
