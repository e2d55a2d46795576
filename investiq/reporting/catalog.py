"""The report templates there are, what each is for, and the parameters it takes: checked before any kernel starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from investiq.core.errors import ReportError, near_matches
from investiq.reporting.parameters import Parameter, WrongParameterError, read_line

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["Template", "find_template", "list_templates", "read_template"]


@dataclass(frozen=True, kw_only=True)
class Template:
    """A report template.

    Attributes
    ----------
    name : str
        Of its file, such as ``"tear_sheet"``.
    title : str
        The heading of its first cell.
    purpose : str
        The first sentence below it.
    path : Path
    parameters : tuple of Parameter
        In the order of its `parameters` cell.
    cells : int
    """

    name: str
    title: str
    purpose: str
    path: Path
    parameters: tuple[Parameter, ...]
    cells: int

    def check(self, values: Mapping[str, object]) -> dict[str, Any]:
        """Return every parameter with its value, given or default.

        Raises
        ------
        WrongParameterError
            If a name is unknown or a value does not fit.
        """
        return {each.name: self._checked(each, values) for each in self._known(values)}

    def read(self, texts: Mapping[str, str]) -> dict[str, Any]:
        """Return the values that texts of the command line mean, each of its declared type.

        Raises
        ------
        WrongParameterError
            If a name is unknown or a text means no such value.
        """
        declared = {each.name: each for each in self._known(texts)}
        return {name: declared[name].read(text) for name, text in texts.items()}

    def _known(self, values: Mapping[str, object]) -> tuple[Parameter, ...]:
        names = [each.name for each in self.parameters]
        for name in values:
            if name not in names:
                raise WrongParameterError(
                    f"the template {self.name} has no parameter {name!r}{near_matches(name, names)}; "
                    f"its parameters are {', '.join(names)}"
                )
        return self.parameters

    def _checked(self, parameter: Parameter, values: Mapping[str, object]) -> Any:
        if parameter.name in values:
            return parameter.check(values[parameter.name])
        if parameter.unit == "file" and parameter.default == "":
            raise WrongParameterError(f"the template {self.name} needs {parameter.name}: {parameter.words}")
        return parameter.default


def list_templates() -> tuple[Template, ...]:
    """Return every template, by name.

    Raises
    ------
    ReportError
        If one of them cannot be read.
    """
    return tuple(read_template(path) for _, path in sorted(_paths().items()))


def find_template(name: str) -> Template:
    """Return the template called `name`, such as ``"tear_sheet"``.

    Raises
    ------
    WrongParameterError
        If there is none of that name.
    ReportError
        If it cannot be read.
    """
    paths = _paths()
    if name not in paths:
        raise WrongParameterError(
            f"no report template is called {name!r}{near_matches(name, paths)}; there are: {', '.join(sorted(paths)) or 'none'}"
        )
    return read_template(paths[name])


def _paths() -> dict[str, Path]:
    """Return the files of templates: an installed package carries them beside this module, a checkout in reports/templates."""
    here = Path(__file__).resolve()
    folders = (here.parents[2] / "reports" / "templates", here.parent / "templates")
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.ipynb"))}


def read_template(path: Path) -> Template:
    """Return the template in a file.

    Raises
    ------
    ReportError
        If it is no notebook, its first cell is no heading with a sentence, it
        has not one `parameters` cell, or a line of that cell breaks the grammar:
        the message names cell and line.
    """
    import json

    import nbformat

    try:
        notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
    except (OSError, ValueError, nbformat.ValidationError, json.JSONDecodeError) as error:
        raise ReportError(f"cannot read the report template {path}: {error}") from error
    title, purpose = _about(path, notebook)
    return Template(
        name=path.stem,
        title=title,
        purpose=purpose,
        path=path,
        parameters=_parameters(path, notebook),
        cells=len(notebook.cells),
    )


def _about(path: Path, notebook: NotebookNode) -> tuple[str, str]:
    first = notebook.cells[0] if notebook.cells else None
    lines = first.source.strip().splitlines() if first is not None and first.cell_type == "markdown" else []
    text = " ".join(" ".join(lines[1:]).split())
    if not lines or not lines[0].startswith("# ") or not text:
        raise ReportError(
            f"cell 1 of {path.name} must be markdown: a heading such as '# Tear sheet', then a sentence on its purpose"
        )
    sentence, stop, _ = text.partition(". ")
    return lines[0][2:].strip(), sentence + stop.strip()


def _parameters(path: Path, notebook: NotebookNode) -> tuple[Parameter, ...]:
    tagged = [
        (number, cell)
        for number, cell in enumerate(notebook.cells, start=1)
        if "parameters" in cell.metadata.get("tags", ())
    ]
    if len(tagged) != 1:
        raise ReportError(f"{path.name} must have one cell tagged 'parameters', has {len(tagged)}")
    number, cell = tagged[0]
    found: dict[str, Parameter] = {}
    for line_number, line in enumerate(cell.source.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            parameter = read_line(line)
        except ReportError as error:
            raise ReportError(f"cell {number}, line {line_number} of {path.name}: {error}") from error
        if parameter.name in found:
            raise ReportError(f"cell {number}, line {line_number} of {path.name}: {parameter.name} is declared twice")
        found[parameter.name] = parameter
    if "theme" not in found:
        raise ReportError(f"cell {number} of {path.name} must declare `theme`, as every template does")
    return tuple(found.values())
