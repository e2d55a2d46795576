"""The card of a result under the style sheet of JupyterLab."""

from __future__ import annotations

import pytest

import investiq as iq

# What JupyterLab 4 says of tables in an output.
JUPYTER = """
.jp-RenderedHTMLCommon table {border-collapse: collapse; border-spacing: 0; border: none; font-size: 12px;
  table-layout: fixed; margin-left: auto; margin-bottom: 1em; margin-right: auto;}
.jp-RenderedHTMLCommon td, .jp-RenderedHTMLCommon th {vertical-align: middle; padding: 0.5em; line-height: normal;
  white-space: normal; max-width: none; border: none;}
"""
OVERFLOWING = """
[...document.querySelectorAll('td, th')].filter(cell => cell.scrollWidth > cell.clientWidth + 1).map(cell => cell.textContent)
"""


@pytest.mark.browser
@pytest.mark.parametrize(
    "make", [lambda bars: iq.analyze(bars), lambda bars: iq.backtest(iq.strategies.Crossover(), bars)]
)
def test_no_text_of_a_card_runs_over_its_cell_in_jupyterlab(chromium, make):
    card = make(iq.load_bars("^GSPC", start="2014"))._repr_html_()
    page = chromium.new_page(viewport={"width": 1000, "height": 900})
    page.set_content(f'<style>{JUPYTER}</style><div class="jp-RenderedHTMLCommon">{card}</div>')
    assert page.locator(".iq-card tr").count() > 20
    assert page.evaluate(OVERFLOWING) == []
    page.close()
