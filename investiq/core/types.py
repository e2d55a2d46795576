"""Small shared vocabulary: intervals, price bases, signal labels."""

from __future__ import annotations

from typing import Final, Literal, get_args

from investiq.core.errors import ConfigError, near_matches

__all__ = [
    "BASIS_WORDS",
    "INTERVAL_MINUTES",
    "Interval",
    "PriceBasis",
    "Session",
    "SignalLabel",
    "parse_interval",
    "signal_label",
]

Interval = Literal["1min", "5min", "15min", "30min", "60min", "4h", "1d", "1w", "1mo"]
INTERVAL_MINUTES: Final[dict[Interval, int]] = {
    "1min": 1,
    "5min": 5,
    "15min": 15,
    "30min": 30,
    "60min": 60,
    "4h": 240,
    "1d": 1440,
    "1w": 10080,
    "1mo": 43200,
}

# How others spell them, in small letters. Not 1m: a minute to some, a month to others.
_OTHER_SPELLINGS: Final[dict[str, Interval]] = {
    "5m": "5min",
    "15m": "15min",
    "30m": "30min",
    "1h": "60min",
    "60m": "60min",
    "h": "60min",
    "hourly": "60min",
    "240min": "4h",
    "d": "1d",
    "1day": "1d",
    "day": "1d",
    "daily": "1d",
    "w": "1w",
    "1wk": "1w",
    "week": "1w",
    "weekly": "1w",
    "month": "1mo",
    "monthly": "1mo",
}

# Of intraday bars: the regular session alone, or the hours before and after it too.
Session = Literal["regular", "extended"]

PriceBasis = Literal["as_traded", "unsplit", "vendor_split", "vendor_total"]
BASIS_WORDS: Final[dict[PriceBasis, str]] = {
    "as_traded": "as traded",
    "unsplit": "as traded, rebuilt from split-adjusted vendor prices",
    "vendor_split": "split-adjusted by the vendor",
    "vendor_total": "split- and dividend-adjusted by the vendor",
}

SignalLabel = Literal["Strong Buy", "Buy", "Weak Buy", "Neutral", "Weak Sell", "Sell", "Strong Sell"]


def parse_interval(text: str) -> Interval:
    """Return `text` as an interval, or refuse it: ``1m`` and ``1M`` are ambiguous and not accepted.

    Raises
    ------
    ConfigError
        If `text` is not one of the known intervals.
    """
    if text not in INTERVAL_MINUTES:
        known = get_args(Interval)
        small = str(text).lower()
        # 4H and 1D, but not 1M.
        meant = _OTHER_SPELLINGS.get(small, small if small in INTERVAL_MINUTES else None)
        hint = f"; write {meant!r}" if meant else near_matches(str(text), known)
        raise ConfigError(f"interval must be one of {', '.join(known)}, was {text!r}{hint}")
    return text


def signal_label(score: float) -> SignalLabel | None:
    """Return the display label of a score in [-100, 100], or None for NaN.

    The size of the score decides the strength (5, 30 and 70 are the cuts), the
    sign decides the side, so the labels are symmetric.

    Examples
    --------
    >>> signal_label(30.0), signal_label(-30.0), signal_label(4.9)
    ('Buy', 'Sell', 'Neutral')
    """
    if score != score:
        return None
    size = abs(score)
    if size < 5:
        return "Neutral"
    strength = "Weak " if size < 30 else "" if size < 70 else "Strong "
    return f"{strength}{'Buy' if score > 0 else 'Sell'}"  # type: ignore[return-value]  # one of the six literals
