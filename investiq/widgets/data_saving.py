"""The files of the data page: the series, what was found in them, and the overview as a page."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import ipywidgets as W

from investiq.widgets import downloads

if TYPE_CHECKING:
    from collections.abc import Callable

    from investiq.market.data_survey import DataOverview

__all__ = ["saving_buttons"]

_KINDS: Final = (
    ("csv", downloads.CSV, "Series (CSV)"),
    ("xlsx", downloads.XLSX, "Series (Excel)"),
    ("html", downloads.HTML, "Overview (HTML)"),
)


def saving_buttons(given: Callable[[], DataOverview]) -> list[W.Widget]:
    """Return a button for each file; `given` is asked at the click for the overview that is shown."""

    def whole(suffix: str) -> bytes:
        with tempfile.TemporaryDirectory(prefix="investiq-") as folder:
            return given().export(Path(folder) / f"overview.{suffix}").read_bytes()

    def button(suffix: str, mime: str, words: str) -> W.Widget:
        return downloads.download_button(f"data overview.{suffix}", lambda: whole(suffix), mime, words)

    def findings() -> bytes:
        return given().findings_frame().to_csv(index=False).encode()

    return [
        *(button(*kind) for kind in _KINDS),
        downloads.download_button("findings.csv", findings, downloads.CSV, "Findings (CSV)"),
    ]
