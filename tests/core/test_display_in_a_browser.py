"""The card of a result under the style sheet of JupyterLab."""

from __future__ import annotations

import re

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


LOOKS = """
[...document.querySelectorAll(SELECTOR)].map(cell => [getComputedStyle(cell).color, getComputedStyle(cell).fontSize])
"""


@pytest.fixture(scope="module")
def card():
    return iq.analyze(iq.load_bars("^GSPC", start="2016"))._repr_html_()


def looks(page, selector):
    return {tuple(each) for each in page.evaluate(LOOKS.replace("SELECTOR", f"'{selector}'"))}


@pytest.mark.browser
@pytest.mark.parametrize("doctype", ["", "<!doctype html>"])
def test_a_card_keeps_its_colours_and_sizes_on_a_dark_page(chromium, card, doctype):
    page = chromium.new_page()
    # The style of a page that colours its own cells.
    page.set_content(
        f'{doctype}<style>td{{color:#fff}}</style><body style="background:#111;color:#eee;font-size:20px">{card}'
    )
    # #1b2733 on the card's own white; what is quiet is #5b6b7b.
    text, quiet = "rgb(27, 39, 51)", "rgb(91, 107, 123)"
    assert looks(page, ".iq-card > table.iq-facts td.iq-value") == {(text, "13px")}
    assert looks(page, "table.iq-lines td:not(.iq-up):not(.iq-down)") == {(text, "13px")}
    assert looks(page, ".iq-card > table.iq-facts td.iq-convention") == {(quiet, "12px")}
    assert looks(page, ".iq-provenance td") == {(quiet, "11.5px")}
    page.close()


@pytest.mark.browser
def test_gains_and_losses_can_be_read_in_the_dark_theme_of_jupyterlab(chromium, card):
    page = chromium.new_page()
    page.set_content(f'<body data-jp-theme-light="false" style="--jp-layout-color1:#111">{card}')
    colours = {look[0] for look in looks(page, ".iq-card .iq-up, .iq-card .iq-down")}
    assert len(colours) == 2
    # WCAG 2.1: text needs a contrast of 4.5 to its background.
    assert min(contrast(colour, (17, 17, 17)) for colour in colours) >= 4.5
    page.close()


def contrast(colour, ground):
    channels = tuple(int(each) for each in re.findall(r"\d+", colour))
    return (luminance(channels) + 0.05) / (luminance(ground) + 0.05)


def luminance(channels):
    shares = [each / 255 for each in channels]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
