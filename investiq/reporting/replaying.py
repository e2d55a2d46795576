"""`iq.replay_report`: run a report again from its manifest, offline, and say what moved."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from investiq.core.errors import ReportError
from investiq.reporting import making
from investiq.reporting.catalog import find_template
from investiq.reporting.manifests import file_sha256, read_manifest
from investiq.reporting.replay_findings import ReplayedNumber, ReplayedTable, ReportReplay

if TYPE_CHECKING:
    import pandas as pd

    from investiq.backtesting.replay_report import Condition
    from investiq.reporting.passing import Handed

__all__ = ["replay_report"]

# How the cell of parameters words a date that, left empty, moves on with the data.
_OPEN_END: Final = "empty is the newest"


def replay_report(path: str | os.PathLike[str]) -> ReportReplay:
    """Run a report again from its own manifest and report each number and table that moved.

    The template of today runs with the same parameters and the same last moment
    of knowledge, in a folder of its own and without a network; the report itself
    is not touched. Nothing is tolerated: two numbers are equal when their bits are.

    Parameters
    ----------
    path : path-like
        The page of a report, or the ``.json`` file beside it. Of the page alone
        the tables are compared by column; how many rows differ is known where
        the executed notebook lies beside it.

    Returns
    -------
    ReportReplay

    Raises
    ------
    ReportError
        If the file holds no manifest, a damaged one or one of a newer version;
        if the template or a file that the report read is gone or another; if a
        cell fails now.

    Examples
    --------
    >>> import investiq as iq
    >>> iq.replay_report("reports/output/GSPC_Breakout_2018-12-31.html").verdict  # doctest: +SKIP
    'unchanged'
    """
    from investiq.reporting.placing import workshop
    from investiq.reporting.running import FailedCellError
    from investiq.runtime.progress import progress

    source = Path(path)
    manifest = read_manifest(source)
    parameters = _parameters(source, manifest)
    with tempfile.TemporaryDirectory(prefix="investiq-replay-") as folder:
        order = making.order_of(manifest["template"], parameters, folder)
        with (
            progress(making.steps(order), f"replay of {manifest['template']}") as advance,
            workshop(order.folder) as work,
        ):
            try:
                draft = making.build(order, work, advance, offline=True)
            except FailedCellError as error:
                raise ReportError(
                    f"{source.name} cannot be run again: cell {error.cell} of {error.cells} of {manifest['template']} "
                    f"fails now ({error.ename}: {error.evalue})"
                ) from error
    return ReportReplay(
        source=source,
        subject=manifest["title"],
        watermark_of=manifest["watermark"],
        numbers=_numbers(manifest, draft.manifest),
        compared_tables=_tables(manifest, draft.manifest, _published(source, manifest), draft.handed.tables),
        conditions=_conditions(manifest, draft.manifest),
    )


def _parameters(source: Path, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of the report, its files by their paths, and the newest data as of its own last moment."""
    parameters = dict(manifest["parameters"])
    for name, sha256 in manifest["files"].items():
        beside = source.parent / parameters[name]
        if not beside.is_file():
            raise ReportError(f"the report read {beside.name}, which is not beside {source.name}: put it there")
        if file_sha256(beside) != sha256:
            raise ReportError(f"{beside.name} is not the file that the report read: its SHA-256 differs")
        parameters[name] = str(beside)
    for parameter in find_template(manifest["template"]).parameters:
        if parameters.get(parameter.name) == "" and parameter.unit == "date" and _OPEN_END in parameter.words:
            last = manifest["as_of"]
            parameters[parameter.name] = last if parameter.name == "as_of" else last[: len("2018-12-31")]
    return parameters


def _numbers(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[ReplayedNumber, ...]:
    published = {each["label"]: each for each in before["numbers"]}
    present = {each["label"]: each for each in now["numbers"]}
    return tuple(
        ReplayedNumber(
            label, (published.get(label) or present[label])["unit"], _value(published, label), _value(present, label)
        )
        for label in dict.fromkeys((*published, *present))
    )


def _value(numbers: Mapping[str, Any], label: str) -> Any:
    return numbers[label]["value"] if label in numbers else None


def _tables(
    before: Mapping[str, Any],
    now: Mapping[str, Any],
    published: Mapping[str, pd.DataFrame],
    present: Mapping[str, pd.DataFrame],
) -> tuple[ReplayedTable, ...]:
    found = []
    for title in dict.fromkeys((*before["tables"], *now["tables"])):
        one, other = before["tables"].get(title), now["tables"].get(title)
        columns_one, columns_other = ((each or {}).get("columns", {}) for each in (one, other))
        moved = tuple(
            name
            for name in dict.fromkeys((*columns_one, *columns_other))
            if columns_one.get(name) != columns_other.get(name)
        )
        rows = _rows_moved(published[title], present[title]) if title in published and title in present else None
        found.append(ReplayedTable(title, one and one["rows"], other and other["rows"], moved, rows))
    return tuple(found)


def _rows_moved(one: pd.DataFrame, other: pd.DataFrame) -> int:
    """Return how many rows differ in any value, by their place; those that only one of them has included."""
    from investiq.reporting.frames import frame_to_plain

    rows_one, rows_other = (
        list(zip(*(column["values"] for column in frame_to_plain(frame)), strict=True)) for frame in (one, other)
    )
    shared = min(len(rows_one), len(rows_other))
    differ = sum(first != second for first, second in zip(rows_one[:shared], rows_other[:shared], strict=True))
    return differ + max(len(rows_one), len(rows_other)) - shared


def _published(source: Path, manifest: Mapping[str, Any]) -> Mapping[str, pd.DataFrame]:
    """Return the tables in the executed notebook beside the report; none where it is gone or of another run."""
    import nbformat

    from investiq.reporting.frames import fingerprints, frame_to_plain
    from investiq.reporting.passing import handed_over

    notebook = source.with_suffix(".ipynb")
    try:
        handed: Handed = handed_over(nbformat.read(notebook, as_version=4))
    except (OSError, ValueError, ReportError):
        return {}
    return {
        title: frame
        for title, frame in handed.tables.items()
        if fingerprints(frame_to_plain(frame)) == manifest["tables"].get(title, {}).get("columns")
    }


def _conditions(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[Condition, ...]:
    from investiq.backtesting.replay_report import Condition
    from investiq.backtesting.replaying import program_conditions
    from investiq.core.manifest import Manifest

    template = before["template_sha256"] == now["template_sha256"]
    data, present = before["manifest"]["data"], now["manifest"]["data"]
    changed = [name for name in dict.fromkeys((*data, *present)) if data.get(name) != present.get(name)]
    return (
        Condition("template", f"{before['template']}, {'as it was' if template else 'edited since'}", template),
        *program_conditions(Manifest.from_dict(before["manifest"])),
        _commit(before["commit"], now["commit"]),
        Condition(
            "data", f"changed: {', '.join(changed)}" if changed else f"{len(data)} series as they were", not changed
        ),
    )


def _commit(before: str | None, now: str | None) -> Condition:
    from investiq.backtesting.replay_report import Condition

    if before is None or now is None:
        return Condition("commit", "not known: one of the runs was not from a checkout", None)
    short, shorter = (f"{each[:12]}{'+' if each.endswith('+') else ''}" for each in (before, now))
    if before != now:
        return Condition("commit", f"{short} -> {shorter}", False)
    if now.endswith("+"):
        return Condition(
            "commit", f"{short}: files differed from the commit in both runs, in what is not recorded", None
        )
    return Condition("commit", short, True)
