"""Self-contained HTML pages: one stylesheet, plotly.js once, nothing from outside."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from investiq.figures.theme import ThemeName

__all__ = ["figure_div", "page"]

# The page forbids itself to fetch anything: what slips into a report cannot call out.
_POLICY: Final = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:"
)
_CONFIG: Final = {"responsive": True, "displaylogo": False, "modeBarButtonsToRemove": ["lasso2d", "select2d"]}

# Letters of an x of some eighty days.
_WORTH_SHARING: Final = 1000

# A4 less its margins (see report.css) is 182 mm, 688 CSS pixels: figures are drawn anew at that width for printing.
# Tall ones give up their buttons and some height, so that two fit on a page.
_PRINTING: Final = """
const figures = () => document.querySelectorAll(".js-plotly-plot");
const draw = (div, width, height, bottom) => {
  div.style.height = div.parentElement.style.height = `${height}px`;
  Plotly.relayout(div, {width, height, autosize: !width, "margin.b": bottom});
};
addEventListener("beforeprint", () => figures().forEach(div => {
  const {height, margin} = div._fullLayout;
  div.onScreen = [height, margin.b];
  if (height > 450) draw(div, 688, 0.82 * height, Math.min(margin.b, 30));
  else draw(div, 688, height, margin.b);
}));
addEventListener("afterprint", () => figures().forEach(div => draw(div, null, ...div.onScreen)));
"""


def figure_div(figure: Mapping[str, Any], number: int) -> str:
    """Return the HTML that draws a plotly figure, without plotly.js.

    Parameters
    ----------
    figure : mapping
        ``data`` and ``layout`` as plotly's JSON holds them.
    number : int
        Unique on the page; part of the element's id.
    """
    import plotly.io

    content = {"data": figure["data"], "layout": figure["layout"]}
    html: str = plotly.io.to_html(
        content,
        config=_CONFIG,
        include_plotlyjs=False,
        full_html=False,
        validate=False,
        default_height="450px",
        div_id=f"figure-{number}",
    )
    return f'<div class="iq-figure">{_with_shared_times(html, number)}</div>'


def _with_shared_times(html: str, number: int) -> str:
    """Write an x that several traces have once: that of ten years of days is 33 kB, and an analysis has it 20 times."""
    counts = Counter(re.findall(r'"x":(\[[^\[\]]*\])', html))
    shared = [times for times, count in counts.items() if count > 1 and len(times) > _WORTH_SHARING]
    for place, times in enumerate(shared):
        html = html.replace(f'"x":{times}', f'"x":times_{number}_{place}')
    named = "".join(f"const times_{number}_{place} = {times};" for place, times in enumerate(shared))
    return f"<script>{named}</script>{html}" if named else html


def page(title: str, body: str, *, theme: ThemeName = "light", with_figures: bool) -> str:
    """Return a whole HTML document that needs no other file and no network.

    Parameters
    ----------
    title : str
        Text, not HTML.
    body : str
        HTML whose texts from outside are escaped already.
    theme : {"light", "dark"}
    with_figures : bool
        Whether to embed plotly.js (4.8 MB).
    """
    style = files("investiq.reporting").joinpath("report.css").read_text(encoding="utf-8")
    scripts = ""
    if with_figures:
        from plotly.offline import get_plotlyjs

        scripts = f"<script>{get_plotlyjs()}</script><script>{_PRINTING}</script>"
    return (
        f'<!doctype html>\n<html lang="en" data-theme="{theme}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>\n{style}</style>{scripts}</head>\n"
        f'<body><main class="iq-report">\n{body}\n</main></body></html>\n'
    )
