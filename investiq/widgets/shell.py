"""The shell of a dashboard: stylesheet, header, provenance bar. Every text from outside is escaped."""

from __future__ import annotations

from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from investiq.core.facts import format_fact
from investiq.core.types import BASIS_WORDS

if TYPE_CHECKING:
    from investiq.core.facts import Fact
    from investiq.history.bars import Bars

__all__ = ["Mode", "header", "origin_bar", "provenance_bar", "stylesheet"]

Mode = Literal["research", "simulator", "paper", "live"]

_CSS: Final = Path(__file__).parent / "share" / "voila" / "templates" / "investiq" / "dashboard.css"
_MODES: Final[dict[Mode, str]] = {
    "research": "research: no orders",
    "simulator": "simulator",
    "paper": "paper account",
    "live": "LIVE account",
}
_WATERMARKS: Final = {"SAMPLE": "SAMPLE DATA", "SYNTHETIC": "SYNTHETIC DATA"}


@cache
def stylesheet() -> str:
    """Return the stylesheet as a ``<style>`` element."""
    return f"<style>{_CSS.read_text(encoding='utf-8')}</style>"


def header(app: str, mode: Mode = "research", watermark: str | None = None) -> str:
    """Return the dark bar with the product, the app, the mode and a watermark for data that are not a market's own."""
    mark = (
        f'<span class="iq-badge iq-watermark">{escape(_WATERMARKS.get(watermark, watermark))}</span>'
        if watermark
        else ""
    )
    return (
        f'<div class="iq-header" role="banner"><span class="iq-brand">InvestIQ</span>'
        f'<span class="iq-app">{escape(app)}</span><span class="iq-spring"></span>{mark}'
        f'<span class="iq-badge">{escape(mode.upper())}</span></div>'
    )


def provenance_bar(bars: Bars | None, mode: Mode = "research", problem: str = "") -> str:
    """Return the strip that says where the numbers come from.

    Parameters
    ----------
    bars : Bars, optional
        The bars on the page; None before any are there.
    mode : {"research", "simulator", "paper", "live"}
    problem : str
        Why there are no bars, where loading them failed.
    """
    if bars is None or not len(bars):
        items = [("Data", f"none: {problem}" if problem else "none yet"), ("Mode", _MODES[mode])]
    else:
        passport = bars.passport
        feed = f", {passport.feed}" if passport.feed else ""
        items = [
            ("Symbol", f"{bars.symbol}, {bars.interval}"),
            ("Provider", f"{passport.provider}{feed}"),
            ("Prices", f"{BASIS_WORDS[passport.price_basis]}, {passport.currency}"),
            ("As of", f"{str(bars.known_at[-1].astype('datetime64[m]')).replace('T', ' ')} UTC"),
            (
                "Period",
                f"{bars.ts[0].astype('datetime64[D]')} to {bars.ts[-1].astype('datetime64[D]')}, {len(bars):,} bars",
            ),
            ("SHA-256", bars.fingerprint[:12]),
            ("Mode", _MODES[mode]),
        ]
    return _bar(items)


def origin_bar(facts: list[Fact], mode: Mode = "research") -> str:
    """Return the strip of an app whose data are more than the bars of one symbol; `facts` say where they come from."""
    return _bar([*((fact.label, format_fact(fact)) for fact in facts), ("Mode", _MODES[mode])])


def _bar(items: list[tuple[str, str]]) -> str:
    spans = "".join(
        f'<span class="iq-item"><span class="iq-key">{escape(label)}</span>{escape(value)}</span>'
        for label, value in items
    )
    return f'<div class="iq-provenance" role="group" aria-label="Provenance">{spans}</div>'
