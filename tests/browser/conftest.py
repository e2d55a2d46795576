"""One dashboard server, one Chromium, and pages that reach nothing but this machine.

A module of tests opens its app once and shares the page:

    @pytest.fixture(scope="module")
    def page(visit_app):
        return visit_app("market_overview")

    def test_the_breadth_is_drawn(page):
        assert page.panel("Breadth").locator(".main-svg").first.is_visible()

    def test_the_page_is_quiet(page):
        page.assert_quiet()
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import psutil
import pytest

import investiq as iq

ROOT = Path(iq.__file__).parents[1]
# Limits of patience on a busy machine; a quiet one needs a tenth.
START_S = 120
LIMIT_S = 120


@dataclass
class Server:
    """A running `investiq dashboard`."""

    process: subprocess.Popen
    url: str
    drain: threading.Thread

    @property
    def address(self):
        return self.url.partition("?")[0]

    def page(self, name, **query):
        """The address of an app, with the token."""
        token = self.url.partition("token=")[2]
        return f"{self.address}{name}?{urlencode({**query, 'token': token})}"

    def kernels(self):
        """Process ids of the kernels that it runs now."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        return {each.pid for each in children if _is_kernel(each)}

    def stop(self):
        self.process.terminate()
        code = self.process.wait(30)
        self.drain.join(10)
        self.process.stdout.close()
        return code


def _is_kernel(process):
    try:
        return "ipykernel_launcher" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # gone, or about to be
        return False


def start_server():
    """Start the dashboard on a free port, as a user would, and read its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "INVESTIQ_OFFLINE": "1", "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "investiq", "dashboard", "--port", str(port), "--no-browser"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines, url = [], ""
    deadline = time.monotonic() + START_S
    while not url and time.monotonic() < deadline:
        line = process.stdout.readline()
        if not line:
            break
        lines.append(line)
        found = re.search(r"http://127\.0\.0\.1:\d+/\w*\?token=\S+", line)
        url = found.group() if found else ""
    if not url:
        process.kill()
        pytest.fail(f"the dashboard did not start:\n{''.join(lines)}")
    drain = threading.Thread(target=_pass_on, args=[process.stdout], daemon=True)
    drain.start()
    return Server(process, url, drain)


def _pass_on(lines):
    """Write what the server says where pytest shows it, beside the test that fails."""
    for line in lines:
        os.write(2, line.encode())


@pytest.fixture(scope="session")
def server():
    running = start_server()
    yield running
    if running.process.poll() is None:
        running.stop()


@dataclass
class Visit:
    """A page, and everything it should not have done."""

    page: object
    complaints: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    usable_s: float = 0.0

    def settle(self, timeout_s=LIMIT_S):
        """Wait until no panel is loading and nothing works."""
        self.page.wait_for_function(
            """() => document.querySelector('#rendered_cells .iq-panel')
                && document.querySelector('#rendered_cells').offsetParent !== null
                && document.querySelector('#rendered_cells .iq-status[data-done="1"]')
                && !document.querySelector('#rendered_cells :is(.iq-busy, .iq-skeleton, .iq-status[data-done="0"])')""",
            timeout=timeout_s * 1000,
        )

    def panel(self, title):
        """The panel whose title contains `title`."""
        return self.page.locator(".iq-panel", has=self.page.locator("h2", has_text=title))

    def field(self, label):
        """The control with that label."""
        return self.page.get_by_label(label, exact=True)

    def press(self, name="Run"):
        """Press a button that begins a turn, and wait until the page shows that turn or a later one."""
        turn = self.turn()
        self.page.get_by_role("button", name=name, exact=True).click()
        self.after(turn)

    def turn(self):
        """The number of the turn that the page shows."""
        return int(self.page.locator(".iq-status[data-turn]").first.get_attribute("data-turn"))

    def after(self, turn, timeout_s=LIMIT_S):
        """Wait until a turn after `turn` is done."""
        self.page.wait_for_function(
            """turn => { const each = document.querySelector('.iq-status[data-turn]');
                return each && +each.dataset.turn > turn && each.dataset.done === '1'; }""",
            arg=turn,
            timeout=timeout_s * 1000,
        )
        self.settle(timeout_s)

    def switch_theme(self):
        """Press the theme switch and wait until the page has changed."""
        is_dark = self.is_dark()
        self.page.locator(".iq-switch").click()
        self.page.wait_for_function(
            "dark => document.querySelector('#rendered_cells .iq-page').classList.contains('iq-dark') === dark",
            arg=not is_dark,
        )
        self.settle()

    def is_dark(self):
        return self.page.evaluate("document.documentElement.classList.contains('iq-dark')")

    def sticks_out(self):
        """How many elements in panels reach beyond the page, figures and scrolled tables apart."""
        return self.page.evaluate(
            """() => [...document.querySelectorAll('#rendered_cells .iq-panel *')]
                .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
                .filter(e => !e.closest('.js-plotly-plot, .iq-scroll')).length"""
        )

    def assert_quiet(self):
        """No error in the console, and no request beyond this machine."""
        assert self.complaints == []
        assert self.outside == []


def open_visit(chromium, width=1440, height=1000):
    """Return a page in a context of its own; what leaves this machine is stopped and recorded."""
    context = chromium.new_context(viewport={"width": width, "height": height})
    context.set_default_timeout(LIMIT_S * 1000)
    visit = Visit(context.new_page())

    def guard(route):
        if urlsplit(route.request.url).hostname in ("127.0.0.1", None):
            route.continue_()
        else:
            visit.outside.append(route.request.url)
            route.abort()

    context.route("**/*", guard)
    visit.page.on("console", lambda each: visit.complaints.append(each.text) if each.type == "error" else None)
    visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    return visit


@pytest.fixture(scope="module")
def visit_app(chromium, server):
    """Open an app by name: ``visit_app("backtest_lab", symbol="SYN001")`` returns its page when it is usable."""
    opened = []

    def visit(name, *, width=1440, height=1000, settled=True, **query):
        each = open_visit(chromium, width, height)
        opened.append(each)
        started = time.monotonic()
        each.page.goto(server.page(name, **query), wait_until="commit")
        if settled:
            each.settle()
            each.usable_s = time.monotonic() - started
        return each

    yield visit
    for each in opened:
        each.page.context.close()


@pytest.fixture(scope="module")
def visit(visit_app):
    """The symbol page, usable; shared by the tests of a module in their order."""
    opened = visit_app("symbol_analysis")
    opened.page.wait_for_selector("#rendered_cells .main-svg")
    return opened
