"""Time the pages as a visitor meets them: first paint, usable, a change of symbol, frames while a chart moves.

Run it on a machine that does nothing else:

    .venv/bin/python benchmarks/w11_dashboard.py

It prints a table and asserts nothing; a busy machine gives other numbers.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import investiq as iq
from investiq.runtime.browser import find_chromium

ROOT = Path(__file__).resolve().parent.parent
PORT = 8873
VIEWPORT: Any = {"width": 1440, "height": 900}
PATIENCE_MS = 120_000
SETTLED = """() => document.querySelector('#rendered_cells .iq-panel')
    && document.querySelector('#rendered_cells').offsetParent !== null
    && document.querySelector('#rendered_cells .iq-status[data-done="1"]')
    && !document.querySelector('#rendered_cells :is(.iq-busy, .iq-skeleton, .iq-status[data-done="0"])')"""
BARS = 5_000
# Four fifths of the bars are in view; the time axis is moved, then narrowed, in each frame, as a drag and a wheel do.
MOVE = """async () => {
    const chart = document.querySelector('.js-plotly-plot');
    const days = chart.data.find(each => each.x && each.x.length > 1000).x;
    const [first, last] = [+new Date(days[0]), +new Date(days[days.length - 1])];
    const width = last - first, times = [];
    const frame = () => new Promise(done => requestAnimationFrame(done));
    let before = await frame();
    for (let step = 0; step < 60; step++) {
        const zoom = step < 30 ? 0.8 : 0.8 - (step - 30) * 0.02;
        const left = first + width * 0.003 * step;
        await Plotly.relayout(chart, {'xaxis.range': [left, left + width * zoom].map(each => new Date(each).toISOString())});
        const now = await frame();
        times.push(now - before);
        before = now;
    }
    return times;
}"""


def serve() -> tuple[subprocess.Popen[str], str]:
    """Start the dashboards and return the process and its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "investiq", "dashboard", "--port", str(PORT), "--no-browser"],
        cwd=ROOT,
        env={**os.environ, "INVESTIQ_OFFLINE": "1", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"http://\S+token=\S+", line):
            return process, found.group()
    raise SystemExit("the dashboard did not start")


def visit(browser: Any, url: str, name: str) -> tuple[float, float, Any]:
    """Open a page and return the seconds to its skeleton and to its last panel, and the page."""
    address, _, token = url.partition("?token=")
    page = browser.new_context(viewport=VIEWPORT).new_page()
    began = time.monotonic()
    page.goto(f"{address}{'' if name == 'home' else name}?token={token}", wait_until="commit")
    page.wait_for_selector(".iq-header", timeout=PATIENCE_MS)
    painted = time.monotonic() - began
    page.wait_for_function(SETTLED, timeout=PATIENCE_MS)
    return painted, time.monotonic() - began, page


def change_symbol(page: Any, symbol: str) -> float:
    """Type another symbol into the symbol page and return the seconds until every panel shows it."""
    turn = int(page.locator(".iq-status[data-turn]").first.get_attribute("data-turn"))
    field = page.get_by_label("Symbol", exact=True)
    field.fill(symbol)
    began = time.monotonic()
    field.press("Enter")
    page.wait_for_function(
        "turn => +document.querySelector('.iq-status[data-turn]').dataset.turn > turn", arg=turn, timeout=PATIENCE_MS
    )
    page.wait_for_function(SETTLED, timeout=PATIENCE_MS)
    return time.monotonic() - began


def frames(browser: Any) -> list[float]:
    """Return milliseconds between frames while the chart of an analysis of 5,000 bars moves."""
    from plotly.offline import get_plotlyjs

    bars = iq.load_bars("^GSPC")
    figure = iq.figures.analysis_chart(iq.analyze(bars[-BARS:]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "chart.html"
        content = figure.to_html(full_html=False, include_plotlyjs=False)
        path.write_text(f"<!DOCTYPE html><script>{get_plotlyjs()}</script>{content}", encoding="utf-8")
        page = browser.new_page(viewport=VIEWPORT)
        page.goto(path.as_uri())
        page.wait_for_selector(".main-svg")
        page.wait_for_timeout(1_000)
        return list(page.evaluate(MOVE))


def main() -> None:
    """Print the times."""
    from playwright.sync_api import sync_playwright

    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("no Chromium: run make setup-browser, or name one in INVESTIQ_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=["--no-sandbox", "--disable-gpu"])
        process, url = serve()
        try:
            time.sleep(20)  # for the kernels that wait for a visitor
            for name in ("home", "symbol_analysis", "market_overview", "symbol_analysis"):
                if not (ROOT / "voila_apps" / f"{name}.ipynb").exists():
                    continue
                painted, usable, page = visit(browser, url, name)
                print(f"{name:16}  first paint {painted:5.1f} s   usable {usable:5.1f} s", flush=True)
                if name == "symbol_analysis":
                    for symbol in ("SYN001", "^IXIC"):
                        print(f"{'':16}  to {symbol:8} {change_symbol(page, symbol):5.1f} s", flush=True)
                page.close(run_before_unload=True)
        finally:
            process.terminate()
            process.wait(30)
        times = sorted(frames(browser))
        print(
            f"frames at {BARS:,} bars: median {statistics.median(times):.0f} ms, "
            f"95 % within {times[int(len(times) * 0.95)]:.0f} ms"
        )
        browser.close()


if __name__ == "__main__":
    main()
