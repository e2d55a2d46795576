"""Make the pictures of docs/images from the real things: the running dashboard, a tear sheet, an executed notebook."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import investiq as iq
from investiq.runtime.browser import find_chromium

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
NOTEBOOK = "02_*.ipynb"
PORT = 8871
VIEWPORT = {"width": 1440, "height": 900}
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--hide-scrollbars"]
# The most that a picture in the README should weigh.
LIMIT_KB = 400


@contextmanager
def dashboard() -> Iterator[str]:
    """Serve the dashboard as a user would, and yield its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "investiq", "dashboard", "--port", str(PORT), "--no-browser"],
        cwd=ROOT,
        env={**os.environ, "INVESTIQ_OFFLINE": "1", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.search(r"http://\S+token=\S+", line):
                yield found.group()
                return
        raise SystemExit("the dashboard did not start")
    finally:
        process.terminate()
        process.wait(30)


def picture_of_dashboard(page: Any) -> None:
    """Take the symbol page when every panel has its content."""
    with dashboard() as url:
        page.goto(url, wait_until="commit")
        page.wait_for_selector("#rendered_cells .main-svg", timeout=90_000)
        page.wait_for_function(
            "!document.querySelector('#rendered_cells .iq-busy, #rendered_cells .iq-skeleton')", timeout=90_000
        )
        if page.locator(".iq-error").count():
            raise SystemExit(f"the dashboard shows an error: {page.locator('.iq-error').first.inner_text()}")
        page.wait_for_timeout(1_000)
        save(page, "dashboard")


def picture_of_tear_sheet(page: Any, folder: Path) -> None:
    """Take the tear sheet of the README's backtest."""
    bars = iq.load_bars("^GSPC", start="2014")
    costs = iq.Costs(commission_rate=0.001, slippage_bps=5)
    strategy = iq.strategies.Breakout(entry_window=55, exit_window=20)
    report = iq.tear_sheet(iq.backtest(strategy, bars, costs=costs, weight=1.0, lot=None), folder=folder)
    page.goto(Path(report.path).as_uri())
    page.wait_for_selector(".main-svg")
    page.wait_for_timeout(1_000)
    save(page, "tear_sheet")


def picture_of_notebook(page: Any, folder: Path) -> None:
    """Take an executed notebook from its first result card on, with the code above it."""
    import nbformat
    from nbconvert import HTMLExporter
    from plotly.offline import get_plotlyjs

    from investiq.reporting.exporting import draw_figures

    source = next((ROOT / "notebooks").glob(NOTEBOOK))
    notebook, _ = draw_figures(nbformat.read(source, as_version=4))
    exporter = HTMLExporter(
        template_name="lab", mathjax_url="", require_js_url="", jquery_url="", widget_renderer_url=""
    )
    html, _ = exporter.from_notebook_node(notebook)
    target = folder / "notebook.html"
    target.write_text(html.replace("</head>", f"<script>{get_plotlyjs()}</script></head>", 1), encoding="utf-8")
    page.goto(target.as_uri())
    page.wait_for_selector(".main-svg")
    page.wait_for_timeout(1_000)
    page.locator(".jp-Cell", has=page.locator(".iq-card")).first.evaluate("cell => cell.scrollIntoView()")
    save(page, "notebook")


def save(page: Any, name: str) -> None:
    """Write the visible part of `page` and tell its size."""
    path = IMAGES / f"{name}.png"
    page.screenshot(path=path)
    size_kb = path.stat().st_size / 1000
    print(f"{path.relative_to(ROOT)}  {size_kb:.0f} kB")
    if size_kb > LIMIT_KB:
        raise SystemExit(
            f"{path.name} weighs {size_kb:.0f} kB, expected at most {LIMIT_KB} kB; make the window smaller"
        )


def main() -> None:
    """Take the three pictures."""
    from playwright.sync_api import sync_playwright

    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("no Chromium: run make setup-browser, or name one in INVESTIQ_CHROMIUM")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=ARGUMENTS)
        page = browser.new_page(viewport=VIEWPORT)
        picture_of_dashboard(page)
        picture_of_tear_sheet(page, Path(folder))
        picture_of_notebook(page, Path(folder))
        browser.close()


if __name__ == "__main__":
    main()
