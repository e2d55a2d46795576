"""Invented indices that stand for sizes, styles, bonds and gold: what factor and macro analysis compares a share with."""

from __future__ import annotations

from typing import Final, NamedTuple

from investiq.market.simulating import ReturnModel

__all__ = ["PROXIES", "STYLE_STREAM", "Proxy"]


class Proxy(NamedTuple):
    """How an index moves: with the market, with a sector, with value against growth, and by itself.

    Attributes
    ----------
    title : str
    stream : int
        Of the random generator.
    market, sector, style : float
        Loadings on the market, on the sector of technology, and on the return
        of value over growth.
    own : ReturnModel
    """

    title: str
    stream: int
    market: float
    sector: float
    style: float
    own: ReturnModel


# Value over growth: one path, which the two indices share with opposite signs.
STYLE_STREAM: Final = 30_000
_GARCH: Final = {"alpha": 0.05, "beta": 0.93}

PROXIES: Final[dict[str, Proxy]] = {
    "SYN-LARGE": Proxy("large companies", 10_002, 0.97, 0.0, 0.0, ReturnModel(volatility=0.015)),
    "SYN-SMALL": Proxy("small companies", 10_003, 1.15, 0.0, 0.2, ReturnModel(volatility=0.08, **_GARCH)),
    "SYN-VALUE": Proxy("value shares", 10_004, 0.95, 0.0, 0.5, ReturnModel(volatility=0.015)),
    "SYN-GROWTH": Proxy("growth shares", 10_005, 1.05, 0.0, -0.5, ReturnModel(volatility=0.015)),
    "SYN-TECH": Proxy("technology shares", 10_006, 1.10, 1.0, 0.0, ReturnModel(volatility=0.02)),
    "SYN-BOND": Proxy(
        "long government bonds", 10_007, -0.20, 0.0, 0.0, ReturnModel(drift=0.03, volatility=0.10, **_GARCH)
    ),
    "SYN-GOLD": Proxy("gold", 10_008, 0.0, 0.0, 0.0, ReturnModel(drift=0.02, volatility=0.16, **_GARCH)),
}
