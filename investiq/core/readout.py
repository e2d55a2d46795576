"""What a small result shows of itself: its fields as facts, as text and as a table in a notebook."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, ClassVar, Final

from investiq.core import display
from investiq.core.facts import Fact, Unit

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Readout"]

_REMARKS: Final = ("reason", "reasons", "caution")


class Readout:
    """Base of frozen dataclasses of a few numbers that are no full `Result`: without figure, export or provenance.

    A subclass sets `units` for the fields that have one. A field called
    `reason`, `reasons` or `caution` is shown only where it says something.
    """

    units: ClassVar[dict[str, Unit]] = {}

    def facts(self) -> list[Fact]:
        """Return one fact a field, in their order; of a field of many values, how many there are."""
        held = {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]
        return [
            Fact(_label(name), _shown(value), self.units.get(name, ""))
            for name, value in held.items()
            if not (name in _REMARKS and not value)
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a fact: value, unit."""
        import pandas as pd

        facts = self.facts()
        rows = {"value": [fact.value for fact in facts], "unit": [fact.unit for fact in facts]}
        return pd.DataFrame(rows, index=pd.Index([fact.label for fact in facts], name="fact"))

    def _repr_html_(self) -> str:
        return display.to_html(_title(type(self).__name__), self.facts(), (), (), None)

    def __str__(self) -> str:
        return display.to_text(_title(type(self).__name__), self.facts(), (), (), None)


def _label(name: str) -> str:
    words = name.replace("_", " ").replace("p value", "p-value").replace("adf ", "ADF ")
    return words if words.startswith(("p-value", "ADF")) else words.capitalize().replace(" mib", " MiB")


def _shown(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple) and all(isinstance(each, str) for each in value):
        return "; ".join(value)
    return f"{len(value):,} values" if hasattr(value, "__len__") and not isinstance(value, str) else value


def _title(name: str) -> str:
    """Return the words of a class name: ``HalfLife`` is ``Half life``."""
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)
    return words.strip().capitalize().replace("p values", "p-values").replace("sharpe", "Sharpe")
