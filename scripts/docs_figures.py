"""Draw the figures of the docs pages: ``python scripts/docs_figures.py [family ...]``, all families without an argument."""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from playwright.sync_api import sync_playwright

from investiq.runtime.browser import find_chromium
from scripts.screenshots import ARGUMENTS, IMAGES

FAMILIES = Path(__file__).resolve().parent / "doc_figures"
WIDTH, HEIGHT = 960, 480


def main(families: list[str]) -> None:
    """Write one PNG for each figure of the families to docs/images."""
    found = sorted(path.stem for path in FAMILIES.glob("*.py"))
    if unknown := sorted(set(families) - set(found)):
        raise SystemExit(f"no figures for {', '.join(unknown)}; there are {', '.join(found)}")
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("the figures need a Chromium: make setup-browser")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=ARGUMENTS)
        page = browser.new_page(device_scale_factor=1)
        for family in families or found:
            for name, figure in importlib.import_module(f"scripts.doc_figures.{family}").figures().items():
                height = int(figure.layout.height or HEIGHT)
                figure.update_layout(width=WIDTH, height=height)
                html = Path(folder) / f"{name}.html"
                figure.write_html(html, include_plotlyjs=True, config={"displayModeBar": False})
                page.set_viewport_size({"width": WIDTH + 16, "height": height + 16})
                page.goto(html.as_uri())
                page.wait_for_selector(".main-svg")
                page.locator(".plotly-graph-div").screenshot(path=IMAGES / f"{name}.png")
                print(f"docs/images/{name}.png: {(IMAGES / f'{name}.png').stat().st_size // 1024} kB")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
