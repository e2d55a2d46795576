"""What mkdocs shows besides docs/: the gallery with its notebooks, the API reference, benchmarks, decisions, changelog."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from investiq.reporting.exporting import draw_figures

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

sys.path.insert(0, str(Path(__file__).resolve().parent))

import docs_reference  # here, because mkdocs takes the path back once this file is loaded

ROOT: Final = Path(__file__).resolve().parent.parent
# Files outside docs/ that its pages link to, and where the site has them.
ELSEWHERE: Final = {
    "benchmarks/RESULTS.md": "benchmarks.md",
    "notebooks/README.md": "gallery.md",
    "CHANGELOG.md": "changelog.md",
}
NOTEBOOK_STYLE: Final = """
:root { --ground: #fff; --text: #16202c; --code: #f4f6f9; --edge: #d9e0e8; --link: #0b5cad; }
:root[data-theme=dark] { --ground: #1e2129; --text: #d5d9e2; --code: #272a35; --edge: #3a4150; --link: #7fb4ff; color-scheme: dark; }
:root { --jp-content-font-color1: var(--text); --jp-content-font-color2: var(--text); --jp-layout-color1: var(--ground); --jp-border-color2: var(--edge); }
body { font: 15px/1.55 system-ui, "Segoe UI", Roboto, Arial, sans-serif; color: var(--text); background: var(--ground); max-width: 1080px; margin: 0 auto; padding: 16px; }
nav { font-size: 14px; margin-bottom: 16px; display: flex; gap: 16px; flex-wrap: wrap; } a { color: var(--link); } img { max-width: 100%; }
.jp-InputPrompt, .jp-OutputPrompt, .jp-InputArea-prompt, .jp-OutputArea-prompt, .jp-Collapser { display: none; }
.highlight pre { background: var(--code); border: 1px solid var(--edge); border-radius: 4px; padding: 8px 10px; overflow-x: auto; font-size: 13px; }
.jp-OutputArea-output { overflow-x: auto; margin: 8px 0; } pre { white-space: pre-wrap; font-size: 13px; }
table.dataframe { border: 0; border-collapse: collapse; font-size: 13px; }
table.dataframe td, table.dataframe th { border: 0; padding: 3px 8px; border-bottom: 1px solid var(--edge); text-align: right; }
"""
# The site's choice of colours, kept by its button; otherwise the system's.
NOTEBOOK_THEME: Final = """
const kept = Object.keys(localStorage).filter(key => key.endsWith("__palette")).map(key => JSON.parse(localStorage[key]).color.scheme)[0];
const dark = kept ? kept === "slate" : matchMedia("(prefers-color-scheme: dark)").matches;
if (dark) Object.assign(document.documentElement.dataset, {theme: "dark", jpThemeLight: "false"});
"""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made here."""
    from mkdocs.structure.files import File

    made: dict[str, str] = {
        "gallery.md": (ROOT / "notebooks" / "README.md").read_text(encoding="utf-8"),
        "benchmarks.md": (ROOT / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8"),
        "changelog.md": (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"),
        "adr/index.md": decisions(),
        **dict(docs_reference.pages()),
        **{f"gallery/{path.stem}.html": notebook_page(path) for path in notebooks()},
    }
    for name, content in made.items():
        files.append(File.generated(config, name, content=content))
    from plotly.offline import get_plotlyjs

    files.append(File.generated(config, "gallery/plotly.min.js", content=get_plotlyjs()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead links out of docs/ to where the site has these files, or to their text in the repository."""
    source = page.file.src_uri
    origin = next((place for place, name in ELSEWHERE.items() if name == source), f"docs/{source}")

    def moved(found: re.Match[str]) -> str:
        target, anchor = found["target"], found["anchor"] or ""
        place = resolved(origin, target)
        return f"{found['before']}{relative(source, site_place(place))}{anchor}{found['after']}"

    pattern = (
        r"(?P<before>\]\(|(?:src|href)=\")(?P<target>(?![a-z]+:|#)[^)#\"\s]+)(?P<anchor>#[^)\"\s]*)?(?P<after>\)|\")"
    )
    return re.sub(pattern, moved, markdown)


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn the footnotes of docstrings, which are not Markdown, into a list."""
    if not page.file.src_uri.startswith("api/"):
        return html
    return re.sub(r"\s*\.\. \[(\d+)\]", r"<br>[\1]", re.sub(r"\[(\d+)\]_", r"[\1]", html)).replace(
        "<p><br>[1]", "<p>[1]"
    )


def resolved(origin: str, target: str) -> str:
    """Return the path from the root of the repository that `target` means in the file `origin`."""
    parts = origin.split("/")[:-1]
    for step in target.rstrip("/").split("/"):
        if step == "..":
            parts.pop()
        elif step != ".":
            parts.append(step)
    return "/".join(parts)


def site_place(place: str) -> str:
    """Return where the site has a file of the repository."""
    if place in ELSEWHERE:
        return ELSEWHERE[place]
    if notebook := re.fullmatch(r"notebooks/(\w+)\.ipynb", place):
        return f"gallery/{notebook[1]}.html"
    if place == "README.md":
        return "getting_started.md"
    if place in ("docs", "docs/README.md"):
        return "README.md"
    if place == "notebooks":
        return "gallery.md"
    if place == "docs/adr":
        return "adr/index.md"
    if place == "docs/providers":
        return "providers/README.md"
    return place.removeprefix("docs/") if place.startswith("docs/") else f"elsewhere/{place}"


def relative(source: str, target: str) -> str:
    """Return `target` as seen from the page `source`."""
    return "../" * source.count("/") + target


def notebooks() -> list[Path]:
    """Return the notebooks of the gallery."""
    return sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))


def notebook_page(path: Path) -> str:
    """Return an executed notebook as a page: its text, code and outputs, with figures drawn by the site's plotly.js."""
    import nbformat
    from nbconvert import HTMLExporter
    from pygments.formatters import HtmlFormatter

    drawn, _ = draw_figures(nbformat.read(path, as_version=4))
    for cell in drawn.cells:
        if cell.cell_type == "markdown":
            cell.source = re.sub(r"\]\((\d\d_\w+)\.ipynb", r"](\1.html", cell.source)
            cell.source = cell.source.replace("](README.md)", "](../gallery.html)")
            cell.source = re.sub(r"\]\(\.\./docs/([\w/]+)\.md", r"](../\1.html", cell.source)
    exporter = HTMLExporter(
        template_name="basic", exclude_input_prompt=True, exclude_output_prompt=True, exclude_anchor_links=True,
        mathjax_url="", require_js_url="", jquery_url="", widget_renderer_url="",
    )  # fmt: skip
    body, _ = exporter.from_notebook_node(drawn)
    style = NOTEBOOK_STYLE + HtmlFormatter(style="default").get_style_defs(".highlight")
    style += HtmlFormatter(style="github-dark").get_style_defs(":root[data-theme=dark] .highlight")
    listed = notebooks()
    place = listed.index(path)
    beside = [f'<a href="{each.stem}.html">{arrow} {each.stem[:2]}</a>' for arrow, each in around(listed, place)]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<link rel="icon" href="data:,"><title>{path.stem}</title><style>{style}</style><script>{NOTEBOOK_THEME}</script>'
        f'<script src="plotly.min.js"></script></head><body><nav><a href="../gallery.html">Gallery</a>'
        f"<code>notebooks/{path.name}</code>{''.join(beside)}</nav>{body}</body></html>"
    )


def around(listed: list[Path], place: int) -> list[tuple[str, Path]]:
    """Return the notebooks before and after one, each with its arrow."""
    before = [("&larr;", listed[place - 1])] if place else []
    return before + ([("&rarr;", listed[place + 1])] if place + 1 < len(listed) else [])


def decisions() -> str:
    """Return the list of decisions."""
    lines = ["# Decisions\n", "What someone will question, with what was wrong before and what was measured.\n"]
    for path in sorted((ROOT / "docs" / "adr").glob("0*.md")):
        title = path.read_text(encoding="utf-8").splitlines()[0].lstrip("# ")
        lines.append(f"- [{title}]({path.name})")
    return "\n".join(lines) + "\n"
