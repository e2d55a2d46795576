"""Title, subtitle and legend above a plot: each as many lines as it needs in a narrow page, none over another."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Any, Final

__all__ = ["heading", "wrapped"]

# Lines that fit a page 700 px wide, the narrowest that a figure is made for, at the sizes of the theme's fonts.
_TITLE_LETTERS: Final = 74
_SUBTITLE_LETTERS: Final = 96
_LEGEND_WIDTH: Final = 640
# In px: above the title, a line of each, and between them and the plot.
_ABOVE, _TITLE_LINE, _SUBTITLE_LINE, _LEGEND_LINE, _BELOW = 16, 22, 17, 22, 20
# A legend entry is its sign, its letters, and a gap.
_LEGEND_SIGN, _LEGEND_LETTER = 52, 6.6


def heading(title: str, subtitle: str, legend: Iterable[str] = ()) -> dict[str, Any]:
    """Return the title and the top margin of a figure's layout, for all that stands above the plot.

    Parameters
    ----------
    title, subtitle : str
        Broken into lines that fit.
    legend : iterable of str
        Names in the legend, which stands just above the plot.

    Returns
    -------
    dict
        ``title`` and ``margin``, for the layout.

    Examples
    --------
    >>> heading("Returns", "word " * 30)["title"]["subtitle"]["text"].count("<br>")
    1
    """
    first, second = wrapped(title, _TITLE_LETTERS), wrapped(subtitle, _SUBTITLE_LETTERS)
    text = _lines(first) * _TITLE_LINE + _lines(second) * _SUBTITLE_LINE
    top = _ABOVE + text + _legend_rows(list(legend)) * _LEGEND_LINE + _BELOW
    return {"title": {"text": first, "subtitle": {"text": second}}, "margin": {"t": top}}


def wrapped(text: str, letters: int) -> str:
    """Return `text` with a ``<br>`` wherever a line would pass so many letters; words stay whole."""
    return "<br>".join(textwrap.wrap(text, letters, break_long_words=False, break_on_hyphens=False))


def _lines(text: str) -> int:
    return text.count("<br>") + 1 if text else 0


def _legend_rows(names: list[str]) -> int:
    """Return the rows of a horizontal legend, whose columns are all as wide as the widest once one row is too narrow."""
    if not names:
        return 0
    widths = [_LEGEND_SIGN + _LEGEND_LETTER * len(name) for name in names]
    if sum(widths) <= _LEGEND_WIDTH:
        return 1
    columns = max(1, int(_LEGEND_WIDTH // max(widths)))
    return -(-len(names) // columns)
