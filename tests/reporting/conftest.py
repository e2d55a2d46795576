"""What the tests of reports share: notebooks with figures, and a browser without a network."""

from __future__ import annotations

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
