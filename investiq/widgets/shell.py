"""The shell of a dashboard: stylesheet, header, provenance bar. Every text from outside is escaped."""

from __future__ import annotations

from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from investiq.core.facts import format_fact
from investiq.core.types import BASIS_WORDS
from investiq.widgets.visiting import address, served

if TYPE_CHECKING:
    from investiq.core.facts import Fact
    from investiq.history.bars import Bars

__all__ = [
    "APP_WORDS",
    "CONTENT_ANCHOR",
    "Mode",
    "header",
    "navigation",
    "origin_bar",
    "provenance_bar",
    "stylesheet",
    "words_of",
]

Mode = Literal["research", "simulator", "paper", "live"]

_CSS: Final = Path(__file__).parent / "share" / "voila" / "templates" / "investiq" / "dashboard.css"
_MODES: Final[dict[Mode, str]] = {
    "research": "research: no orders",
    "simulator": "simulator",
    "paper": "paper account",
    "live": "LIVE account",
}
_WATERMARKS: Final = {"SAMPLE": "SAMPLE DATA", "SYNTHETIC": "SYNTHETIC DATA"}
_CURRENT: Final = ' aria-current="page"'
# In the order of the navigation.
APP_WORDS: Final = {
    "home": "Home",
    "market_overview": "Market",
    "symbol_analysis": "Symbol",
    "backtest_lab": "Backtest lab",
    "trade_review": "Trade review",
    "data_quality": "Data quality",
}
# Where the skip link leads.
CONTENT_ANCHOR: Final = '<span id="iq-content" tabindex="-1"></span>'


@cache
def stylesheet() -> str:
    """Return the stylesheet as a ``<style>`` element."""
    return f"<style>{_CSS.read_text(encoding='utf-8')}</style>"


def header(app: str, mode: Mode = "research", watermark: str | None = None, app_name: str = "") -> str:
    """Return the dark bar: product, page, links to the other pages, mode, and a watermark for data not a market's own.

    Parameters
    ----------
    app : str
        Title of the page.
    mode : {"research", "simulator", "paper", "live"}
    watermark : str, optional
    app_name : str, optional
        Name of the app, which the navigation marks as the present page.
    """
    mark = (
        f'<span class="iq-badge iq-watermark">{escape(_WATERMARKS.get(watermark, watermark))}</span>'
        if watermark
        else ""
    )
    return (
        f'<div class="iq-header" role="banner"><a class="iq-skip" href="#iq-content">Skip to the content</a>'
        f'<span class="iq-brand">InvestIQ</span><h1 class="iq-app">{escape(app)}</h1>{navigation(app_name)}'
        f'<span class="iq-spring"></span>{mark}<span class="iq-badge">{escape(mode.upper())}</span></div>'
    )


def navigation(current: str = "") -> str:
    """Return links to the apps that this server offers, the present one marked; nothing in a notebook."""
    names = served()
    links = "".join(
        f'<a href="{escape(address(name))}"{_CURRENT if name == current else ""}>{escape(APP_WORDS.get(name, words_of(name)))}</a>'
        for name in [*(name for name in APP_WORDS if name in names), *(name for name in names if name not in APP_WORDS)]
    )
    return f'<nav class="iq-nav" aria-label="Pages">{links}</nav>' if links else ""


def words_of(name: str) -> str:
    """Return an app's name as words.

    Examples
    --------
    >>> words_of("my_own_page")
    'My own page'
    """
    return name.replace("_", " ").capitalize()


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
