"""Build the documentation and follow every link of the site; with a folder as argument the site stays there."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

ROOT: Final = Path(__file__).resolve().parent.parent
# What a page loads by itself, as against what a reader may follow.
LOADED: Final = {("script", "src"), ("img", "src"), ("link", "href"), ("iframe", "src"), ("source", "src")}


class Links(HTMLParser):
    """The targets and the ids of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[tuple[str, bool]] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the element links to and is called."""
        values = dict(attrs)
        for name in ("id", "name"):
            if value := values.get(name):
                self.ids.add(value)
        for name in ("href", "src"):
            if value := values.get(name):
                is_loaded = (tag, name) in LOADED and values.get("rel") not in ("canonical", "prev", "next", "edit")
                self.targets.append((value, is_loaded))


def build(folder: Path) -> None:
    """Build the site into `folder`; a warning is an error."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False)
    if done.returncode:
        raise SystemExit("the documentation cannot be built: see the warnings above")


def faults(folder: Path) -> list[str]:
    """Return every link that leads nowhere, and everything that a page would load from another machine."""
    pages = {}
    for path in sorted(folder.rglob("*.html")):
        pages[path] = Links()
        pages[path].feed(path.read_text(encoding="utf-8"))
    found = []
    for path, links in pages.items():
        for target, is_loaded in links.targets:
            parts = urlsplit(target)
            where = f"{path.relative_to(folder)}: {target}"
            if parts.scheme in ("http", "https") or target.startswith("//"):
                if is_loaded:
                    found.append(f"{where} is loaded from another machine")
            elif parts.scheme == "" and path.name != "404.html":
                file = (path.parent / unquote(parts.path)).resolve() if parts.path else path
                file = file / "index.html" if file.is_dir() else file
                if not file.is_file():
                    found.append(f"{where} leads to no file")
                elif parts.fragment and file in pages and unquote(parts.fragment) not in pages[file].ids:
                    found.append(f"{where} leads to no such place in the page")
    return found


def main() -> int:
    """Build, follow, tell; return 1 if a link is broken."""
    with tempfile.TemporaryDirectory(prefix="investiq-docs-") as temporary:
        folder = Path(sys.argv[1]).resolve() if sys.argv[1:] else Path(temporary) / "site"
        build(folder)
        broken = faults(folder)
        pages = len(list(folder.rglob("*.html")))
    sys.stdout.write("".join(f"{line}\n" for line in broken) + f"{pages} pages, {len(broken)} broken links\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
