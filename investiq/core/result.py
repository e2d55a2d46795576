"""The base of every result: facts, notes and provenance in, text and HTML out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from investiq.core import display, doors
from investiq.core.facts import Fact, Table
from investiq.core.notes import Note

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

__all__ = ["Result"]


class Result:
    """What a public function returns: frozen, printable, drawable, exportable.

    A subclass sets `kind`, `title` and `facts()`, and `to_frame()`. It never
    imports what draws or exports it (see `core.doors`).
    """

    kind: ClassVar[str]
    notes: tuple[Note, ...] = ()

    @property
    def title(self) -> str:
        """One line that names the result."""
        raise NotImplementedError

    @property
    def headline(self) -> str:
        """The numbers that matter most in one line, below the title; by default none."""
        return ""

    @property
    def watermark(self) -> str | None:
        """``"SAMPLE"`` or ``"SYNTHETIC"`` where the data are not a market's own."""
        return None

    def facts(self) -> list[Fact]:
        """Return the numbers of the result, each with unit and convention."""
        raise NotImplementedError

    def tables(self) -> list[Table]:
        """Return lines of one kind, such as the evidence, that stand below the facts."""
        return []

    def provenance(self) -> list[Fact]:
        """Return the quiet block: data passport, conventions, trials, degradation."""
        return []

    def shown_notes(self) -> tuple[Note, ...]:
        """Return the notes that stand under the printed result, those that only reading it brings to light included."""
        return self.notes

    def urgent_notes(self) -> tuple[Note, ...]:
        """Return those of the shown notes that stand under the headline, as they may void it; by default none."""
        return ()

    def to_frame(self) -> pd.DataFrame:
        """Return the result as one table."""
        raise NotImplementedError

    def figure(self, **options: Any) -> go.Figure:
        """Return the result as a plotly figure; `options` are those of the figure's own function."""
        return doors.draw(self, **options)

    def export(self, path: str | os.PathLike[str]) -> Path:
        """Write `to_frame()` to a ``.csv``, ``.parquet`` or ``.xlsx`` file, or the figure and facts to ``.html``."""
        return doors.export(self, Path(path))

    def _repr_html_(self) -> str:
        return display.to_html(
            self.title,
            self.facts(),
            self.shown_notes(),
            self.provenance(),
            self.watermark,
            self.tables(),
            self.headline,
            self.urgent_notes(),
        )

    def __str__(self) -> str:
        return display.to_text(
            self.title,
            self.facts(),
            self.shown_notes(),
            self.provenance(),
            self.watermark,
            self.tables(),
            self.headline,
            self.urgent_notes(),
        )

    def __repr__(self) -> str:
        return str(self)
