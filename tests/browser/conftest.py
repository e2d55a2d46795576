"""One dashboard server, one Chromium, and pages that reach nothing but this machine."""

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
from urllib.parse import urlsplit

import psutil
import pytest

import investiq as iq

ROOT = Path(iq.__file__).parents[1]
START_S = 60


@dataclass
class Server:
    """A running `investiq dashboard`."""

    process: subprocess.Popen
    url: str
    drain: threading.Thread

    @property
    def address(self):
        return self.url.partition("?")[0]

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
        found = re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", line)
        url = found.group() if found else ""
    if not url:
        process.kill()
        pytest.fail(f"the dashboard did not start:\n{''.join(lines)}")
    drain = threading.Thread(target=process.stdout.read, daemon=True)
    drain.start()
    return Server(process, url, drain)


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

    def settle(self, timeout_s=60):
        """Wait until no panel is loading."""
        self.page.wait_for_function(
            "document.querySelectorAll('.iq-panel').length >= 8 && "
            "!document.querySelector('#rendered_cells .iq-busy, #rendered_cells .iq-skeleton')",
            timeout=timeout_s * 1000,
        )


def open_visit(chromium, width=1440, height=1000):
    """Return a page in a context of its own; what leaves this machine is stopped and recorded."""
    context = chromium.new_context(viewport={"width": width, "height": height})
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
def visit(chromium, server):
    """The symbol page, usable; shared by the tests of a module in their order."""
    opened = open_visit(chromium)
    started = time.monotonic()
    opened.page.goto(server.url)
    opened.settle()
    opened.page.wait_for_selector("#rendered_cells .main-svg")
    opened.usable_s = time.monotonic() - started
    yield opened
    opened.page.context.close()
