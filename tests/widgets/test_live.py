"""`live` is the only door through which a figure becomes a widget."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import plotly.graph_objects as go

import investiq as iq
from investiq.widgets.live import MIME_TYPE, live

ROOT = Path(iq.__file__).parents[1]


def test_a_live_figure_holds_the_figure_as_plotly_output():
    figure = go.Figure(go.Scatter(y=np.array([1.0, 2.0, 4.0])), {"height": 320, "title": {"text": "first"}})
    widget = live(figure)
    (output,) = widget.outputs
    assert output["data"][MIME_TYPE]["layout"]["title"]["text"] == "first"
    assert widget.layout.height == "320px"


def test_show_replaces_the_figure_in_the_same_widget():
    widget = live(go.Figure(layout={"title": {"text": "first"}}))
    before = widget.model_id
    widget.show(go.Figure(layout={"title": {"text": "second"}}))
    assert widget.model_id == before
    assert widget.outputs[0]["data"][MIME_TYPE]["layout"]["title"]["text"] == "second"


def test_no_module_makes_a_bare_figure_widget():
    # Its state before it is shown is lost in Voila, and each one carries its own plotly.js.
    folders = ("investiq", "voila_apps", "notebooks", "reports/templates")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".ipynb")]
    users = [path.name for path in files if re.search(r"FigureWidget\s*\(", path.read_text(encoding="utf-8"))]
    assert users == []


def test_the_first_paint_imports_no_engine_and_no_plotly():
    code = (
        "import sys, investiq as iq; iq.widgets.SymbolAnalysis; "
        "print([name for name in ('numpy', 'pandas', 'plotly', 'numba', 'scipy', 'nbformat') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
