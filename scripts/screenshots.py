"""Make the pictures of docs/images from the real things: every app, every report page, an executed notebook.

Every page is taken in light and in dark, at 1440 and at 900 px, into
``docs/images/faces``; three of them, larger, are the pictures of the README.
A page that fails is told at the end and costs no other picture.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from investiq.core.errors import InvestIQError
from investiq.figures.theme import ThemeName
from investiq.runtime.browser import find_chromium

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
FACES = IMAGES / "faces"
NOTEBOOK = "02_*.ipynb"
PORT = 8871
VIEWPORT: Any = {"width": 1440, "height": 900}
WIDTHS = {1440: 900, 900: 1100}
THEMES: tuple[ThemeName, ...] = ("light", "dark")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--hide-scrollbars"]
# The most that a picture in the README, and one of the faces, should weigh.
LIMIT_KB = 400
FACE_LIMIT_KB = 80
PATIENCE_MS = 120_000
SETTLED = """() => document.querySelector('#rendered_cells .iq-panel')
    && document.querySelector('#rendered_cells').offsetParent !== null
    && document.querySelector('#rendered_cells .iq-status[data-done="1"]')
    && !document.querySelector('#rendered_cells :is(.iq-busy, .iq-skeleton, .iq-status[data-done="0"])')"""


@contextmanager
def dashboard(data: Path) -> Iterator[str]:
    """Serve the dashboards as a new user would who has the folder `data`, and yield the address of the home page."""
    process = subprocess.Popen(
        [sys.executable, "-m", "investiq", "dashboard", "--port", str(PORT), "--no-browser"],
        cwd=ROOT,
        env={**os.environ, "INVESTIQ_OFFLINE": "1", "INVESTIQ_DATA_DIR": str(data), "PYTHONUNBUFFERED": "1"},
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


def pictures_of_app(browser: Any, url: str, name: str) -> None:
    """Take one app at every width in both themes, from one visit each."""
    address, _, token = url.partition("?token=")
    for theme in THEMES:
        context = browser.new_context(viewport=VIEWPORT)
        context.add_cookies([{"name": "iq_theme", "value": theme, "url": address}])
        page = context.new_page()
        try:
            page.goto(f"{address}{'' if name == 'home' else name}?token={token}", wait_until="commit")
            page.wait_for_function(SETTLED, timeout=PATIENCE_MS)
            for width, height in WIDTHS.items():
                page.set_viewport_size({"width": width, "height": height})
                page.wait_for_timeout(1_500)
                save_face(page, f"app_{name}_{theme}_{width}")
            if name == "symbol_analysis" and theme == "light":
                page.set_viewport_size(VIEWPORT)
                page.wait_for_timeout(1_500)
                save(page, "dashboard")
            if page.locator("#rendered_cells .iq-error").count():
                raise SystemExit(f"shows an error: {page.locator('#rendered_cells .iq-error').first.inner_text()}")
        finally:
            page.close(run_before_unload=True)
            context.close()


def pictures_of_report(browser: Any, template: str, folder: Path) -> None:
    """Make one report in both themes and take the top of its page at every width."""
    from investiq.reporting.making import make_report

    for theme in THEMES:
        report = make_report(template, folder=folder / theme, theme=theme)
        page = browser.new_page(viewport=VIEWPORT)
        try:
            page.goto(Path(report.path).as_uri())
            for width, height in WIDTHS.items():
                page.set_viewport_size({"width": width, "height": height})
                page.wait_for_timeout(1_500)
                save_face(page, f"report_{template}_{theme}_{width}")
            if template == "tear_sheet" and theme == "light":
                page.set_viewport_size(VIEWPORT)
                page.wait_for_timeout(1_500)
                save(page, "tear_sheet")
        finally:
            page.close()


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


def save_face(page: Any, name: str) -> None:
    """Write the visible part of `page` as WebP, as good as its limit of size allows."""
    from PIL import Image

    picture = Image.open(io.BytesIO(page.screenshot()))
    for quality in (82, 70, 58, 46, 34):
        packed = io.BytesIO()
        picture.save(packed, "WEBP", quality=quality, method=6)
        if packed.tell() <= FACE_LIMIT_KB * 1000:
            break
    path = FACES / f"{name}.webp"
    path.write_bytes(packed.getvalue())
    print(f"{path.relative_to(ROOT)}  {packed.tell() / 1000:.0f} kB", flush=True)


def wanted() -> list[str]:
    """Return the names on the command line, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="such as app_home or report_tear_sheet or notebook; by default all")
    return list(parser.parse_args().names)


def main() -> None:
    """Take the pictures."""
    from playwright.sync_api import Error, sync_playwright

    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("no Chromium: run make setup-browser, or name one in INVESTIQ_CHROMIUM")
    FACES.mkdir(parents=True, exist_ok=True)
    names = wanted()
    failed = []

    def attempt(name: str, take: Any, *arguments: Any) -> None:
        if names and name not in names:
            return
        try:
            take(*arguments)
        except (Error, InvestIQError, SystemExit) as error:
            failed.append(f"{name}: {str(error).splitlines()[0]}")

    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=ARGUMENTS)
        if not names or any(name.startswith("app_") for name in names):
            with dashboard(Path(folder) / "data") as url:
                for path in sorted((ROOT / "voila_apps").glob("*.ipynb")):
                    attempt(f"app_{path.stem}", pictures_of_app, browser, url, path.stem)
        for path in sorted((ROOT / "reports" / "templates").glob("*.ipynb")):
            attempt(f"report_{path.stem}", pictures_of_report, browser, path.stem, Path(folder))
        attempt("notebook", picture_of_notebook, browser.new_page(viewport=VIEWPORT), Path(folder))
        browser.close()
    if failed:
        raise SystemExit("not taken:\n" + "\n".join(failed))


if __name__ == "__main__":
    main()
