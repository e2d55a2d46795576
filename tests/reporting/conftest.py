"""What the tests of reports share: notebooks with figures, and a browser without a network."""

from __future__ import annotations

import json

import nbformat
import pytest

from investiq.reporting.exporting import FIGURE_TYPE


@pytest.fixture
def executed(tmp_path):
    """An executed notebook with two figures, a table and a text, without a kernel."""
    import plotly.graph_objects as go

    def output(data):
        return nbformat.v4.new_output("display_data", data=data)

    def figure(**layout):
        return output({FIGURE_TYPE: go.Figure(go.Scatter(y=[1, 3, 2]), layout).to_plotly_json()})

    def cell(source, *outputs):
        return nbformat.v4.new_code_cell(source, outputs=list(outputs))

    notebook = nbformat.v4.new_notebook()
    notebook.cells = [
        nbformat.v4.new_markdown_cell("# Daily report\n\nTwo figures follow."),
        cell("secret_code = 1", figure(title="</script><b>first</b>")),
        cell("2", output({"text/html": "<table><tr><td>1.25 %</td></tr></table>"}), figure(height=300)),
        cell("3", output({"text/plain": "plain <text>"})),
    ]
    path = tmp_path / "executed.ipynb"
    nbformat.write(notebook, path)
    return path


@pytest.fixture
def open_page(chromium):
    """Open a file with the network cut off; give the page, its complaints, and what it asked for."""
    contexts = []

    def visit(path):
        context = chromium.new_context(viewport={"width": 1280, "height": 900}, offline=True)
        contexts.append(context)
        page = context.new_page()
        complaints, requests = [], []
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri())
        page.wait_for_load_state("load")
        return (
            page,
            complaints,
            [url for url in requests if url != path.as_uri() and not url.startswith(("data:", "blob:"))],
        )

    yield visit
    for context in contexts:
        context.close()


# A report of one number, one figure and one table out of a file, which a test can change.
SMALL = (
    """import json, os, time
from datetime import UTC, datetime
import pandas as pd
import plotly.graph_objects as go
from IPython.display import HTML
from investiq.core.facts import Fact
from investiq.core.manifest import Manifest
from investiq.reporting.passing import Handed

told = json.loads(open(source_file).read())
days = pd.date_range("2018-12-27", periods=len(told["closes"]), tz="UTC", name="day")
table = pd.DataFrame({"close": told["closes"], "change": told["changes"]}, index=days)
table["word"] = "=1+1"
HTML(f"<p>{told['total']}</p>")""",
    "go.Figure(go.Scatter(x=table.index, y=table['close']))",
    """if pause:
    open("started", "w").close()
    time.sleep(pause)
1 / told["divisor"]""",
    """manifest = Manifest.of(kind="test", data={"closes": told["print"]}, parameters={}, created_at=datetime(2019, 1, 2, tzinfo=UTC))
Handed(
    title="Small report", subject="^GSPC", as_of=datetime(2018, 12, 31, 21, tzinfo=UTC), summary=("One line.", "Two."),
    numbers=(Fact("Total", told["total"], "fraction", "a sum"), Fact("Gap", float("nan"), "ratio", note="no data")),
    notes=(), tables={"Closes": table, "Closes: by day/hour": table.reset_index(drop=True)},
    units={"close": "price", "change": "fraction", "day": "date"}, manifest=manifest, watermark="SAMPLE",
)""",
)
# A report of one number, without table, figure and the imports that they cost.
TINY = (
    """import json, os, time
from datetime import UTC, datetime
from IPython.display import HTML
from investiq.core.facts import Fact
from investiq.core.manifest import Manifest
from investiq.reporting.passing import Handed

told = json.loads(open(source_file).read())
HTML(f"<p>{told['total']}</p>")""",
    SMALL[2],
    """manifest = Manifest.of(kind="test", data={"closes": "ab"}, parameters={}, created_at=datetime(2019, 1, 2, tzinfo=UTC))
Handed(
    title="Small report", subject="^GSPC", as_of=datetime(2018, 12, 31, 21, tzinfo=UTC), summary=("One line.",),
    numbers=(Fact("Total", told["total"], "fraction", "a sum"),), notes=(), tables={}, units={}, manifest=manifest,
    watermark="SAMPLE",
)""",
)
LINES = """source_file: str = ""  # [file] what it is about
pause: int = 0  # [seconds; 0 to 600] within the run
theme: str = "light"  # [light | dark] of the page"""


def write_small_template(folder, *, cells=SMALL):
    notebook = nbformat.v4.new_notebook()
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    about = nbformat.v4.new_markdown_cell("# Small\n\nOne number.", metadata={"tags": ["only-in-notebook"]})
    parameters = nbformat.v4.new_code_cell(LINES, metadata={"tags": ["parameters"]})
    notebook.cells = [about, parameters, *(nbformat.v4.new_code_cell(cell) for cell in cells)]
    folder.mkdir(exist_ok=True)
    nbformat.write(notebook, folder / "small.ipynb")
    return folder


def write_source(path, **changes):
    told = {"closes": [10.0, 11.5, 9.25], "changes": [None, 0.15, -0.25], "total": -0.075, "divisor": 1, "print": "ab"}
    path.write_text(json.dumps(told | changes))
    return path


@pytest.fixture(scope="session")
def small_templates(tmp_path_factory):
    """The folder of the small template, which is the catalog for the session of whoever asks for `small`."""
    return write_small_template(tmp_path_factory.mktemp("templates") / "all")


@pytest.fixture
def small(small_templates, monkeypatch):
    """The small template as the only one there is."""
    paths = {"small": small_templates / "small.ipynb"}
    monkeypatch.setattr("investiq.reporting.catalog._paths", lambda: paths)
    return paths


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A template of the same name and parameters whose kernel starts sooner, as the only one there is."""
    paths = {"small": write_small_template(tmp_path / "templates", cells=TINY) / "small.ipynb"}
    monkeypatch.setattr("investiq.reporting.catalog._paths", lambda: paths)
    return paths


@pytest.fixture(scope="session")
def made(small_templates, tmp_path_factory):
    """One whole report of the small template with tables and workbook, made once."""
    from investiq.reporting.making import make_report

    folder = tmp_path_factory.mktemp("made")
    source = write_source(folder / "source.json")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("investiq.reporting.catalog._paths", lambda: {"small": small_templates / "small.ipynb"})
        return make_report("small", {"source_file": source}, folder / "reports", exports=("xlsx", "csv"))
