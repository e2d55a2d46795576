"""The panels of the price: the chart with what lies over it, and its weeks and months."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from investiq.widgets.pieces import Content, Piece, caution

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from investiq.analysis.result import Analysis
    from investiq.backtesting.result import BacktestResult
    from investiq.figures.scores import Overlay
    from investiq.figures.theme import ThemeName

__all__ = ["TRADES", "price_pieces"]

TRADES: Final = "trades"
_COMMISSION_RATE: Final = 0.001
_SLIPPAGE_BPS: Final = 5.0


def price_pieces(chosen: Callable[[], Collection[str]]) -> dict[str, Piece]:
    """Return the pieces of the price; `chosen` says what lies over it: averages, bands, ichimoku, trades."""
    return {
        "price": Piece("Price, RSI, MACD and score", lambda analysis, theme: _price(analysis, theme, chosen()), 900),
        "longer": Piece("Weeks and months", _longer, 240),
    }


def _price(analysis: Analysis, theme: ThemeName, chosen: Collection[str]) -> Content:
    from investiq.figures.scores import analysis_chart

    overlays: list[Overlay] = [name for name in ("averages", "bands", "ichimoku") if name in chosen]
    run = _breakout(analysis) if TRADES in chosen else None
    figure = analysis_chart(analysis, trades=None if run is None else run.trades, overlays=overlays, theme=theme)
    # The legend, in smaller type, fits one row of a laptop's column.
    figure.update_layout(legend={"font": {"size": 11}, "itemwidth": 30})
    return Content(
        figure=figure,
        below="" if run is None else caution(_terms(run)),
        subtitle="one time axis: zooming one zooms all; total-adjusted, scaled to the last price",
    )


def _breakout(analysis: Analysis) -> BacktestResult:
    import investiq as iq

    costs = iq.Costs(commission_rate=_COMMISSION_RATE, slippage_bps=_SLIPPAGE_BPS)
    return iq.backtest(iq.strategies.Breakout(), analysis.bars, costs=costs, weight=1.0, lot=None)


def _terms(run: BacktestResult) -> str:
    return (
        f"{len(run.trades)} trades of Breakout with its own windows, 100 % weight, {10_000 * _COMMISSION_RATE:g} bps "
        f"commission and {_SLIPPAGE_BPS:g} bps slippage each side; an example in sample, and one trial in the ledger."
    )


def _longer(analysis: Analysis, theme: ThemeName) -> Content:
    from investiq.figures.symbol_minis import longer_bars_chart

    if analysis.bars.interval != "1d":
        return Content(missing=f"weeks and months are made of daily bars, these are of {analysis.bars.interval}")
    return Content(
        figure=longer_bars_chart(analysis.bars, theme=theme), subtitle="completed ones, 104 weeks and 60 months"
    )
