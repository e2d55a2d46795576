"""What mkdocs shows besides docs/: the gallery with its notebooks, the API reference, benchmarks, decisions, changelog."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

import investiq as iq
from investiq.reporting.exporting import draw_figures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
# Files outside docs/ that its pages link to, and where the site has them.
ELSEWHERE: Final = {
    "benchmarks/RESULTS.md": "benchmarks.md",
    "notebooks/README.md": "gallery.md",
    "CHANGELOG.md": "changelog.md",
    "README.md": "getting_started.md",
}
PACKAGES: Final = ("strategies", "indicators", "metrics", "figures", "widgets")
NOTEBOOK_STYLE: Final = """
body { font: 15px/1.55 system-ui, "Segoe UI", Roboto, Arial, sans-serif; color: #16202c; max-width: 1080px; margin: 0 auto; padding: 16px; }
nav { font-size: 14px; margin-bottom: 16px; } a { color: #0b5cad; } img { max-width: 100%; }
.jp-InputPrompt, .jp-OutputPrompt, .jp-InputArea-prompt, .jp-OutputArea-prompt, .jp-Collapser { display: none; }
.highlight pre { background: #f4f6f9; border: 1px solid #d9e0e8; border-radius: 4px; padding: 8px 10px; overflow-x: auto; font-size: 13px; }
.jp-OutputArea-output { overflow-x: auto; margin: 8px 0; } pre { white-space: pre-wrap; font-size: 13px; }
table.dataframe { border-collapse: collapse; font-size: 13px; } table.dataframe td, table.dataframe th { padding: 3px 8px; border-bottom: 1px solid #d9e0e8; text-align: right; }
"""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made here."""
    from mkdocs.structure.files import File

    made: dict[str, str] = {
        "getting_started.md": (ROOT / "README.md").read_text(encoding="utf-8"),
        "gallery.md": (ROOT / "notebooks" / "README.md").read_text(encoding="utf-8"),
        "benchmarks.md": (ROOT / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8"),
        "changelog.md": (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"),
        "adr/index.md": decisions(),
        **dict(reference()),
        **{f"gallery/{path.stem}.html": notebook_page(path) for path in notebooks()},
    }
    for name, content in made.items():
        files.append(File.generated(config, name, content=content))
    from plotly.offline import get_plotlyjs

    files.append(File.generated(config, "gallery/plotly.min.js", content=get_plotlyjs()))
    return files


def on_nav(nav: Any, config: MkDocsConfig, files: Files) -> Any:
    """Leave the navigation as mkdocs.yml has it."""
    return nav


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
            cell.source = re.sub(r"\]\(\.\./docs/([\w/]+)\.md", r"](../\1.html", cell.source)
    exporter = HTMLExporter(
        template_name="basic", exclude_input_prompt=True, exclude_output_prompt=True, exclude_anchor_links=True,
        mathjax_url="", require_js_url="", jquery_url="", widget_renderer_url="",
    )  # fmt: skip
    body, _ = exporter.from_notebook_node(drawn)
    style = NOTEBOOK_STYLE + HtmlFormatter(style="default").get_style_defs(".highlight")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<title>{path.stem}</title><style>{style}</style><script src="plotly.min.js"></script></head>'
        f'<body><nav><a href="../gallery.html">Gallery</a> · <code>notebooks/{path.name}</code></nav>{body}</body></html>'
    )


def decisions() -> str:
    """Return the list of decisions."""
    lines = ["# Decisions\n", "What someone will question, with what was wrong before and what was measured.\n"]
    for path in sorted((ROOT / "docs" / "adr").glob("0*.md")):
        title = path.read_text(encoding="utf-8").splitlines()[0].lstrip("# ")
        lines.append(f"- [{title}]({path.name})")
    return "\n".join(lines) + "\n"


def reference() -> Iterator[tuple[str, str]]:
    """Yield the pages of the API reference, from the docstrings."""
    yield "api/index.md", _page("investiq", "Everything that `import investiq as iq` offers.", iq, _tops())
    for name in PACKAGES:
        package = importlib.import_module(f"investiq.{name}")
        summary = (package.__doc__ or "").strip().splitlines()[0]
        yield f"api/{name}.md", _page(f"iq.{name}", summary, package, sorted(package.__all__))


def _tops() -> list[str]:
    return sorted(name for name in iq.__all__ if name not in PACKAGES)


def _page(title: str, summary: str, package: ModuleType, names: list[str]) -> str:
    others = " · ".join(f"[iq.{name}]({name}.md)" for name in PACKAGES)
    lines = [f"# {title}\n", f"{summary}\n", f"[iq](index.md) · {others}\n"]
    for name in names:
        value = getattr(package, name)
        if isinstance(value, type):
            lines.append(f"::: {value.__module__}.{value.__qualname__}\n    options:\n      members: true\n")
        elif callable(value):
            lines.append(f"::: {value.__module__}.{value.__qualname__}\n")
    return "\n".join(lines)
