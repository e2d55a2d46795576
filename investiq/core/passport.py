"""The data passport: where a series comes from and what was done to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from investiq.core.notes import Note
from investiq.core.types import BASIS_WORDS, Interval, PriceBasis, Session

__all__ = ["Passport", "Provenance"]

Provenance = Literal["sample", "synthetic", "file", "vendor"]


@dataclass(frozen=True, kw_only=True)
class Passport:
    """Origin, conventions and condition of one series.

    Attributes
    ----------
    symbol, provider, feed : str
        What it is, who served it, and through which feed.
    provenance : {"sample", "synthetic", "file", "vendor"}
        Sample and synthetic data are watermarked wherever they are shown.
    interval : str
        Length of a bar, such as ``"1d"``.
    calendar : str
        Exchange calendar whose sessions the bars follow, such as ``"XNYS"``.
    price_basis : {"as_traded", "unsplit", "vendor_split", "vendor_total"}
        What the open, high, low and close columns are.
    known_at_rule : str
        How `known_at` was set, in words.
    rows : int
        Number of bars.
    first, last : datetime
        Labels of the first and the last bar.
    missing_sessions : int
        Sessions of the calendar between `first` and `last` without a bar.
    repairs : int
        Bars changed or dropped by the loader.
    sha256 : str
        Fingerprint of the canonical rows (`Bars.fingerprint`).
    as_of : datetime, optional
        The "now" of a series that does not go on, as the sample data.
    retrieved_at : datetime, optional
        When it was fetched; None for data that ship with a package.
    source : str
        File, dataset or generator configuration behind it.
    currency : str
        Currency of the prices; ``"index points"`` for index levels.
    session : {"regular", "extended"}
        Whether intraday bars before and after the regular session are among them.
    recorded_by : datetime, optional
        Moment of the recording clock at which a store was read: later corrections are not among the rows.
    revisions : int
        Bars that the source corrected after they were first recorded.
    largest_revision : float
        Largest relative change of a price among these corrections, 0.0 without any.
    notes : tuple of Note
        Cautions that every result on these data inherits.
    """

    symbol: str
    provider: str
    provenance: Provenance
    interval: Interval
    calendar: str
    price_basis: PriceBasis
    known_at_rule: str
    rows: int
    first: datetime
    last: datetime
    missing_sessions: int
    repairs: int
    sha256: str
    feed: str = ""
    as_of: datetime | None = None
    retrieved_at: datetime | None = None
    source: str = ""
    currency: str = "USD"
    session: Session = "regular"
    recorded_by: datetime | None = None
    revisions: int = 0
    largest_revision: float = 0.0
    notes: tuple[Note, ...] = field(default=())

    @property
    def watermark(self) -> str | None:
        """``"SAMPLE"`` or ``"SYNTHETIC"``, or None for a vendor's or a user's data."""
        return self.provenance.upper() if self.provenance in ("sample", "synthetic") else None

    def describe(self) -> list[tuple[str, str]]:
        """Return the passport as (label, value) lines for a provenance block."""
        lines = [
            ("Data", f"{self.symbol}, {self.interval} bars from {self.provider} ({self.provenance})"),
            ("Feed", self.feed),
            ("Session", "pre-market, regular and after hours" if self.session == "extended" else ""),
            ("Source", self.source),
            ("Period", f"{self.first:%Y-%m-%d} to {self.last:%Y-%m-%d}, {self.rows:,} bars, {self.calendar} sessions"),
            ("Prices", f"{BASIS_WORDS[self.price_basis]}, {self.currency}"),
            ("Known at", self.known_at_rule),
            ("Condition", f"{self.missing_sessions} missing sessions, {self.repairs} repaired bars"),
            ("As of", f"{self.as_of:%Y-%m-%d %H:%M} UTC" if self.as_of else ""),
            ("Retrieved", f"{self.retrieved_at:%Y-%m-%d %H:%M} UTC" if self.retrieved_at else ""),
            ("Recorded by", f"{self.recorded_by:%Y-%m-%d %H:%M:%S} UTC" if self.recorded_by else ""),
            (
                "Corrections",
                f"{self.revisions} bars, the largest by {self.largest_revision:.2%}" if self.revisions else "",
            ),
            ("SHA-256", self.sha256[:16]),
        ]
        return [(label, value) for label, value in lines if value]
