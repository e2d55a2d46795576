"""Make the index of the notebooks, the links between them, and a thumbnail of each: its own first words and first figure."""

from __future__ import annotations

import io
import json
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from investiq.reporting.exporting import FIGURE_TYPE
from investiq.reporting.pages import figure_div, page
from investiq.runtime.browser import find_chromium

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
THUMBNAILS = ROOT / "docs" / "images" / "gallery"
WIDTH_PX, HEIGHT_PX, SHOWN_PX = 960, 600, 480
# In the order of reading; the number of a notebook decides its part.
PARTS: Final = {
    "First steps": range(1, 4),
    "Is a backtest true, and is it luck?": range(4, 9),
    "What do engines see?": range(9, 13),
    "Who reads it?": range(13, 14),
}
ABOUT: Final = """# Notebooks

One course, in this order. Each asks one question of data that come with InvestIQ, answers it in its first lines, shows every step,
and ends with what it does not show. Each runs in under a minute, offline and without a key; the outputs are kept, so that reading
needs no kernel. `make lab` opens this page; `make test` runs every cell of every one.
"""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A notebook as the index shows it."""

    path: Path
    title: str
    question: str

    @property
    def number(self) -> int:
        """Its place in the course."""
        return int(self.path.name[:2])


def entries() -> list[Entry]:
    """Return the notebooks in the order of their numbers."""
    found = []
    for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")):
        opening = "".join(read(path)["cells"][0]["source"])
        title = re.search(r"^# (.+)$", opening, flags=re.MULTILINE)
        question = re.search(r"\*\*Question\.\*\*\s*(.+?)(?:\n\n|$)", opening, flags=re.DOTALL)
        if title is None or question is None:
            raise SystemExit(f"{path.name} must open with '# title' and '**Question.** ...', found {opening[:80]!r}")
        found.append(Entry(path=path, title=title[1], question=" ".join(question[1].split())))
    return found


def read(path: Path) -> dict[str, Any]:
    """Return a notebook as plain values."""
    return dict(json.loads(path.read_text(encoding="utf-8")))


def index() -> str:
    """Return the text of notebooks/README.md."""
    lines, listed = [ABOUT], entries()
    for part, numbers in PARTS.items():
        lines.append(f"\n## {part}\n\n| | |\n|---|---|\n")
        for entry in listed:
            if entry.number in numbers:
                picture = f"../docs/images/gallery/{entry.path.stem}.webp"
                shown = f'<a href="{entry.path.name}"><img src="{picture}" width="240" alt="{entry.title}"></a>'
                link = f"[{entry.path.name[:2]}. {entry.title}]({entry.path.name})"
                lines.append(f"| {shown} | **{link}**<br>{entry.question} |\n")
    return "".join(lines)


def link() -> None:
    """Let each notebook end with links to the one before and the one after it."""
    listed = entries()
    for place, entry in enumerate(listed):
        links = [
            f"← [{each.path.name[:2]}. {each.title}]({each.path.name})" for each in listed[max(place - 1, 0) : place]
        ]
        links.append("[all notebooks](README.md)")
        links += [f"[{each.path.name[:2]}. {each.title}]({each.path.name}) →" for each in listed[place + 1 : place + 2]]
        notebook = read(entry.path)
        last = notebook["cells"][-1]
        words = re.sub(r"\n\n---\n.*", "", "".join(last["source"]), flags=re.DOTALL)
        last["source"] = f"{words}\n\n---\n\n{' · '.join(links)}".splitlines(keepends=True)
        entry.path.write_text(
            json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8"
        )


def first_figure(path: Path) -> dict[str, Any]:
    """Return the first plotly figure among the outputs of a notebook."""
    for cell in read(path)["cells"]:
        for output in cell.get("outputs", ()):
            if FIGURE_TYPE in output.get("data", {}):
                return dict(output["data"][FIGURE_TYPE])
    raise SystemExit(f"{path.name} has no figure among its outputs; run it before its thumbnail is made")


def thumbnails() -> None:
    """Draw the first figure of each notebook in Chromium, and keep it small."""
    from PIL import Image
    from playwright.sync_api import sync_playwright

    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("thumbnails need a Chromium: run `make setup-browser`")
    THUMBNAILS.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(
            executable_path=str(chromium), args=["--no-sandbox", "--enable-unsafe-swiftshader"]
        )
        view = browser.new_page(viewport={"width": WIDTH_PX, "height": HEIGHT_PX})
        for entry in entries():
            figure = first_figure(entry.path)
            height = max(figure["layout"].get("height") or 0, HEIGHT_PX)
            figure["layout"] = {**figure["layout"], "height": height, "width": WIDTH_PX, "autosize": False}
            shown = Path(folder) / "figure.html"
            shown.write_text(page(entry.title, figure_div(figure, 1), with_figures=True), encoding="utf-8")
            view.goto(shown.as_uri())
            view.wait_for_selector(".main-svg")
            # The upper part of a tall figure.
            picture = Image.open(io.BytesIO(view.locator(".js-plotly-plot").screenshot())).crop(
                (0, 0, WIDTH_PX, HEIGHT_PX)
            )
            picture.thumbnail((SHOWN_PX, SHOWN_PX))
            picture.convert("RGB").save(THUMBNAILS / f"{entry.path.stem}.webp", quality=80, method=6)
        browser.close()


def main() -> None:
    """Link the notebooks and write the index; with the argument ``thumbnails`` draw these first."""
    link()
    if "thumbnails" in sys.argv[1:]:
        thumbnails()
    (NOTEBOOKS / "README.md").write_text(index(), encoding="utf-8")


if __name__ == "__main__":
    main()
