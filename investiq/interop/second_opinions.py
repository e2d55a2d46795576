"""Asks quantstats and empyrical for their numbers, in a child process.

``python -m investiq.interop.second_opinions``: quantstats takes seconds and a
third of a gigabyte to import, and changes matplotlib's backend; none of this
reaches the caller.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

from investiq.core.errors import MissingDependencyError, ReportError, install_advice
from investiq.interop.empyrical import EMPYRICAL_CALLS, Call, Settings
from investiq.interop.quantstats_values import QUANTSTATS_CALLS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CALLS", "RELATIVE", "TOOLS", "Answer", "Tool", "ask_tools", "installed_version", "missing_reason"]

Tool: TypeAlias = Literal["quantstats", "empyrical"]

TOOLS: Final[tuple[Tool, ...]] = ("quantstats", "empyrical")
CALLS: Final[dict[Tool, dict[str, Call]]] = {"quantstats": QUANTSTATS_CALLS, "empyrical": EMPYRICAL_CALLS}
# Metrics that need a benchmark.
RELATIVE: Final = frozenset(
    {"Beta", "Alpha", "R-squared", "Information ratio", "Treynor ratio", "Up capture", "Down capture"}
)
_MODULES: Final[dict[Tool, str]] = {"quantstats": "quantstats.stats", "empyrical": "empyrical"}
_PACKAGES: Final[dict[Tool, str]] = {"quantstats": "quantstats", "empyrical": "empyrical-reloaded"}
_TIMEOUT_S: Final = 120
# What the libraries raise on data that their formulas do not cover.
_FAILURES: Final = (ArithmeticError, AttributeError, IndexError, KeyError, TypeError, ValueError)


class Answer(NamedTuple):
    """A number of another library, or why there is none."""

    value: float
    reason: str = ""


def installed_version(tool: Tool) -> str | None:
    """Return the version of the library, or None."""
    if importlib.util.find_spec(tool) is None:
        return None
    try:
        return version(_PACKAGES[tool])
    except PackageNotFoundError:
        return "unknown"


def missing_reason(tool: Tool) -> str:
    """Return what to say where a library is not installed."""
    return f"{tool} is not installed; {install_advice(_PACKAGES[tool])}"


def ask_tools(
    returns: pd.Series[float], pair: pd.DataFrame | None, settings: dict[Tool, Settings]
) -> dict[Tool, dict[str, Answer]]:
    """Return what each installed library answers, by metric.

    Parameters
    ----------
    returns : Series of shape (n_periods,)
        Index of naive times in UTC.
    pair : DataFrame or None
        Columns ``returns`` and ``benchmark``, on the times that both have.
    settings : dict
        Numbers that each library is called with.

    Raises
    ------
    MissingDependencyError
        If neither is installed.
    ReportError
        If the child process fails.
    """
    present = [tool for tool in TOOLS if installed_version(tool) is not None]
    if not present:
        raise MissingDependencyError("quantstats empyrical-reloaded", "research", "a cross-check")
    with tempfile.TemporaryDirectory(prefix="investiq-") as name:
        folder = Path(name)
        returns.to_frame("returns").to_parquet(folder / "returns.parquet")
        if pair is not None:
            pair.to_parquet(folder / "pair.parquet")
        request = {tool: settings[tool] for tool in present}
        (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
        _run_child(folder)
        answers = json.loads((folder / "answers.json").read_text(encoding="utf-8"))
    return {tool: {metric: Answer(*each) for metric, each in answers[tool].items()} for tool in present}


def _run_child(folder: Path) -> None:
    try:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "investiq.interop.second_opinions", str(folder)],
            env={**os.environ, "MPLBACKEND": "agg"},
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ReportError(f"the other libraries did not answer within {_TIMEOUT_S} s") from error
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no message"]
        raise ReportError(f"the other libraries could not be asked: {lines[-1]}")


def _child(name: str) -> None:
    import pandas as pd

    folder = Path(name)
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    returns = pd.read_parquet(folder / "returns.parquet")["returns"]
    pair = pd.read_parquet(folder / "pair.parquet") if (folder / "pair.parquet").exists() else None
    answers = {}
    for tool, settings in request.items():
        library = importlib.import_module(_MODULES[tool])
        answers[tool] = {
            metric: _answer(call, library, returns, pair, settings, metric in RELATIVE)
            for metric, call in CALLS[tool].items()
            if metric not in RELATIVE or pair is not None
        }
    (folder / "answers.json").write_text(json.dumps(answers), encoding="utf-8")


def _answer(
    call: Call, library: Any, returns: Any, pair: Any, settings: Settings, is_relative: bool
) -> tuple[float, str]:
    mine, benchmark = (pair["returns"], pair["benchmark"]) if is_relative else (returns, None)
    try:
        value = float(call(library, mine, benchmark, settings))
    except _FAILURES as error:
        return float("nan"), f"it fails: {error}"
    return value, "it gives NaN" if value != value else ""


if __name__ == "__main__":
    _child(sys.argv[1])
