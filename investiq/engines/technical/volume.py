"""Volume: how much, on which side, and the average price paid for it. All NaN where the bars have none."""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np

from investiq.engines.base import Line
from investiq.engines.rules import FloatArray, Table, VoteRule, side
from investiq.engines.technical.inputs import NO_VOLUME, Columns, Inputs, Topic, distance, ratio, weighing, z_of
from investiq.indicators.money_flow import chaikin_money_flow
from investiq.indicators.trend import sma
from investiq.indicators.volume import obv, volume_ratio, volume_zscore
from investiq.indicators.weighted_prices import anchored_vwap, rolling_vwap, session_vwap

__all__ = ["VOLUME"]

OBV_WINDOW: Final = 20
SPIKE_Z: Final = 2.0
FLOW: Final = 0.05
VWAP_BAND: Final = 0.005
LONGER: Final = ("1d", "1w", "1mo")
NO_REPORTS: Final = "no report of earnings is known, or no volume since"
NO_SESSIONS: Final = "a VWAP of the session needs intraday bars with volume"


def _columns(inputs: Inputs) -> Columns:
    bars, prices = inputs.bars, inputs.prices
    unknown = np.full(len(bars), np.nan)
    moved = {"bar_return": distance(prices.close, prices.open)}
    if np.isnan(bars.volume).all():
        return {**dict.fromkeys(VOLUME.units, unknown), **moved}
    traded = volume_ratio(bars.volume)
    rolling = rolling_vwap(bars)
    session = unknown if bars.interval in LONGER else session_vwap(bars)
    vwap = rolling if bars.interval in LONGER else session
    return {
        "volume": inputs.raw.volume,
        "volume_ratio": traded,
        "volume_ratio_z": z_of(traded),
        "volume_zscore": volume_zscore(bars.volume),
        **moved,
        "obv_trend": _side_of_balance(inputs),
        "accumulation_distribution": chaikin_money_flow(bars),
        "vwap_20": rolling,
        "vwap_session": session,
        "vwap_position": distance(bars.close, vwap),
        **_since_report(inputs),
    }


def _side_of_balance(inputs: Inputs) -> FloatArray:
    balance = obv(inputs.prices)
    gap = ratio(balance - sma(balance, OBV_WINDOW), sma(inputs.bars.volume, OBV_WINDOW))
    return np.where(np.isnan(gap), np.nan, np.sign(np.round(gap, 9)))


def _since_report(inputs: Inputs) -> dict[str, FloatArray]:
    """Return the average price since the first bar that was complete after the last report of earnings."""
    bars = inputs.bars
    average = np.full(len(bars), np.nan)
    records = inputs.history.find_records("earnings")
    if records is not None:
        # The first word on each period; what is announced has no result yet, what is revised is known before.
        reports = records.frame[records.frame["eps_actual"].notna()].groupby(level=0)["known_at"].min()
        known = reports.dt.tz_convert(None).to_numpy().astype("datetime64[us]")
        rows = np.searchsorted(bars.known_at, known, side="right")
        rows = np.unique(rows[(rows > 0) & (rows < len(bars))])
        if rows.size:
            average = anchored_vwap(bars, list(bars.ts[rows]))
    return {"vwap_anchored": average, "vwap_anchored_position": distance(bars.close, average)}


def _spike(t: Table) -> FloatArray:
    return (t["volume_zscore"] > SPIKE_Z) * side(t["bar_return"] > 0, t["bar_return"] < 0)


def _confirms(t: Table) -> FloatArray:
    moved = t["roc_20"]
    return side((t["obv_trend"] > 0) & (moved > 0), (t["obv_trend"] < 0) & (moved < 0))


def _diverges(t: Table) -> FloatArray:
    moved = t["roc_20"]
    return side((t["obv_trend"] > 0) & (moved < 0), (t["obv_trend"] < 0) & (moved > 0))


def _flow(t: Table) -> FloatArray:
    return side(t["accumulation_distribution"] > FLOW, t["accumulation_distribution"] < -FLOW)


def _paid(t: Table) -> FloatArray:
    return side(t["vwap_position"] > VWAP_BAND, t["vwap_position"] < -VWAP_BAND)


_SPIKE_TEXT: Final = "volume {volume} ({volume_ratio} of its 20-bar mean, z of its logarithm {volume_zscore}), close {bar_return} from the open"
_OBV_TEXT: Final = "OBV %s its 20-bar mean while the price changed {roc_20} in 20 bars"
_FLOW_TEXT: Final = "Chaikin money flow over 20 bars {accumulation_distribution}"
_VWAP_TEXT: Final = (
    "close {close}, {vwap_position} from the volume-weighted average price, that of 20 bars or intraday of the session"
)

_rule = partial(VoteRule, group="volume")
_RULES: Final = (
    _rule(
        names=("Volume Spike Up", "Volume Spike Down"),
        vote=weighing(2, _spike),
        value="volume_zscore",
        thresholds=(SPIKE_Z, SPIKE_Z),
        unit="ratio",
        texts=(_SPIKE_TEXT, _SPIKE_TEXT),
    ),
    _rule(
        names=("OBV Confirms Rise", "OBV Confirms Fall"),
        vote=weighing(2, _confirms),
        value="roc_20",
        thresholds=(0.0, 0.0),
        unit="fraction",
        texts=(_OBV_TEXT % "above", _OBV_TEXT % "below"),
    ),
    _rule(
        names=("OBV Rises Against Price", "OBV Divergence Warning"),
        vote=weighing(2, _diverges),
        value="roc_20",
        thresholds=(0.0, 0.0),
        unit="fraction",
        texts=(_OBV_TEXT % "above", _OBV_TEXT % "below"),
    ),
    _rule(
        names=("Accumulation", "Distribution"),
        vote=weighing(2, _flow),
        value="accumulation_distribution",
        thresholds=(FLOW, -FLOW),
        unit="ratio",
        texts=(_FLOW_TEXT, _FLOW_TEXT),
    ),
    _rule(
        names=("Above VWAP", "Below VWAP"),
        vote=weighing(1, _paid),
        value="vwap_position",
        thresholds=(VWAP_BAND, -VWAP_BAND),
        unit="fraction",
        texts=(_VWAP_TEXT, _VWAP_TEXT),
    ),
)

VOLUME: Final = Topic(
    units={
        "volume": "shares",
        **dict.fromkeys(("volume_ratio", "volume_ratio_z", "volume_zscore", "accumulation_distribution"), "ratio"),
        **dict.fromkeys(("bar_return", "vwap_position", "vwap_anchored_position"), "fraction"),
        "obv_trend": "",
        **dict.fromkeys(("vwap_20", "vwap_session", "vwap_anchored"), "price"),
    },
    columns=_columns,
    rules=_RULES,
    lines=(
        Line("Volume", "volume", "as traded"),
        Line("Volume ratio", "volume_ratio", "over its mean of 20 bars"),
        Line("Volume z-score", "volume_zscore", "of its logarithm, against the 60 bars before"),
        Line("OBV side", "obv_trend", "1 above its mean of 20 bars, -1 below"),
        Line("Chaikin money flow", "accumulation_distribution", "20 bars, -1 to 1"),
        Line("VWAP(20)", "vwap_20"),
        Line("VWAP of the session", "vwap_session", "intraday bars only"),
        Line("VWAP since the last report", "vwap_anchored"),
    ),
    needs={
        "volume": (1, NO_VOLUME),
        **dict.fromkeys(("volume_ratio", "obv_trend", "accumulation_distribution"), (20, NO_VOLUME)),
        **dict.fromkeys(("vwap_20", "vwap_position"), (20, NO_VOLUME)),
        "volume_ratio_z": (80, NO_VOLUME),
        "volume_zscore": (61, "no volume, or the same in each of the 60 bars before"),
        "vwap_session": (1, NO_SESSIONS),
        **dict.fromkeys(("vwap_anchored", "vwap_anchored_position"), (1, NO_REPORTS)),
    },
)
