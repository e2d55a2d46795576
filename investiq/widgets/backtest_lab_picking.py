"""A click on a chart, told to the kernel; plotly's own widget would do it at the price of 5 MB a figure."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import Final

import ipywidgets as W

from investiq.widgets.app import classed

__all__ = ["Picker"]

# The listener is put on a chart when the mouse comes over it: a redrawn chart is another element.
_SCRIPT: Final = """(function () {{
  const box = document.querySelector({place});
  if (!box || box.dataset.iqPicks) return;
  box.dataset.iqPicks = "1";
  box.addEventListener("mouseover", event => {{
    const chart = event.target.closest(".js-plotly-plot");
    if (!chart || chart.dataset.iqPicks || !chart.on) return;
    chart.dataset.iqPicks = "1";
    chart.on("plotly_click", click => {{
      const field = box.querySelector(".iq-picked input");
      const point = click.points[0];
      field.value = JSON.stringify([String(point.x), String(point.y), Date.now()]);
      field.dispatchEvent(new Event("input", {{bubbles: true}}));
    }});
  }});
}})();"""


class Picker(W.HBox):
    """Calls `picked` with the point of a chart that was clicked, as JSON text ``[x, y, moment]``.

    It stands beside the chart in a box that has the class `place`; the box holds
    no other chart. What it does can be done without a mouse elsewhere on the page.

    Attributes
    ----------
    place : str
        CSS class for the box.
    """

    def __init__(self, picked: Callable[[str], None]) -> None:
        self.place = f"iq-picks-{secrets.token_hex(4)}"
        self._field = classed(W.Text(), "iq-picked")
        self._carrier = classed(W.Output(), "iq-carrier")
        self._field.observe(lambda change: picked(change["new"]), names="value")
        super().__init__([self._field, self._carrier])
        self.add_class("iq-hidden")

    def listen(self) -> None:
        """Put the listener in the page; a second call finds it there.

        The script stays in the output: cleared at once, it would at times be gone before the page ran it.
        """
        code = _SCRIPT.format(place=json.dumps(f".{self.place}"))
        self._carrier.outputs = (
            {
                "output_type": "display_data",
                "data": {"application/javascript": code, "text/plain": ""},
                "metadata": {},
            },
        )
