"""Data that a function holds beside what it is given: in closures, defaults, attributes and globals."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import functools
import inspect
import sys
import sysconfig
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from investiq.auditing.sources import HistorySource, Source, disturbed_bars
from investiq.history.bars import Bars
from investiq.history.history import History
from investiq.history.panel import Panel
from investiq.history.records import Records

__all__ = ["Held", "held_data", "is_from", "replaced", "sizes_of_state"]

_DEPTH: Final = 4
# A list of numbers longer than this is a series; of a longer container so many entries are looked at.
_FEW: Final = 20
_MANY: Final = 200
_METHODS: Final = ("__call__", "decide", "signals", "sizes", "target_weights", "features", "score", "columns", "rule")
_PLACES: Final = tuple({str(Path(sysconfig.get_path(name)).resolve()) for name in ("stdlib", "purelib", "platlib")})


@dataclass(frozen=True, kw_only=True, eq=False)
class Held:
    """One frame, series, array or container that a function reaches.

    Attributes
    ----------
    where : str
        Such as ``"closure variable 'benchmark'"``.
    value : Any
    """

    where: str
    value: Any

    @property
    def text(self) -> str:
        """What it is, and how large."""
        name = type(self.value).__name__
        if isinstance(self.value, Bars):
            return f"Bars of {self.value.symbol}, {len(self.value):,} bars"
        if isinstance(self.value, History):
            return f"History of {self.value.symbol}"
        if isinstance(self.value, Panel):
            return f"Panel of {len(self.value)} symbols"
        shape = getattr(self.value, "shape", None)
        return f"{name} of shape {shape}" if shape is not None else f"{name} of {len(self.value):,} values"


def held_data(subject: Any) -> list[Held]:
    """Return the data that `subject`, a function or an object, reaches without being given them."""
    walk = _Walk()
    walk.visit(subject, "", 0)
    return walk.found


def sizes_of_state(subject: Any) -> dict[str, int]:
    """Return the number of entries of each mutable container that `subject` reaches: one that grows keeps state between calls."""
    walk = _Walk()
    walk.visit(subject, "", 0)
    return {where: len(container) for where, container in walk.containers}


class _Walk:
    """One pass over everything reachable; each object once."""

    def __init__(self) -> None:
        self.found: list[Held] = []
        self.containers: list[tuple[str, Any]] = []
        self._seen: dict[int, Any] = {}

    def visit(self, value: Any, where: str, depth: int) -> None:
        import pandas as pd

        if id(value) in self._seen or depth > _DEPTH or value is None or isinstance(value, str | bytes | int | float):
            return
        self._seen[id(value)] = value
        if isinstance(value, Bars | History | Panel | Records | pd.DataFrame | pd.Series | pd.Index | np.ndarray):
            if not (isinstance(value, np.ndarray) and (value.ndim == 0 or not value.size)):
                self.found.append(Held(where=where or "the target itself", value=value))
            return
        if isinstance(value, list | tuple | dict | set | frozenset):
            self._container(value, where, depth)
            return
        for name, part in _reached(value):
            self.visit(part, f"{name} of {where}" if where else name, depth + 1)

    def _container(self, value: Any, where: str, depth: int) -> None:
        if isinstance(value, list | dict | set):
            self.containers.append((where, value))
        entries = list(value.values()) if isinstance(value, dict) else list(value)
        if len(entries) > _FEW and all(isinstance(each, int | float) for each in entries):
            self.found.append(Held(where=where, value=value))
            return
        for entry in entries[:_MANY]:
            self.visit(entry, f"{where} (an entry)", depth + 1)


def _reached(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield what a function or an object refers to, each with a name."""
    if isinstance(value, types.ModuleType | type):
        return
    if isinstance(value, functools.partial):
        yield "function of the partial", value.func
        yield from ((f"argument {number} of the partial", each) for number, each in enumerate(value.args))
        yield from ((f"argument {name!r} of the partial", each) for name, each in value.keywords.items())
        return
    if isinstance(value, types.MethodType):
        yield "function", value.__func__
        yield "object", value.__self__
        return
    function = _python_function(value)
    if function is not None:
        if not _is_library(function.__module__):
            yield from _of_function(function)
        return
    yield from ((f"attribute {name!r}", each) for name, each in vars_of(value).items())
    for name in _METHODS:
        method = getattr(type(value), name, None)
        if isinstance(method, types.FunctionType):
            yield f"method {method.__name__}", method


def vars_of(value: Any) -> dict[str, Any]:
    """Return the attributes of an object, slots included."""
    own = dict(getattr(value, "__dict__", {}))
    for kind in type(value).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if hasattr(value, name):
                own.setdefault(name, getattr(value, name))
    return own


def _python_function(value: Any) -> types.FunctionType | None:
    unwrapped = inspect.unwrap(value) if callable(value) and hasattr(value, "__wrapped__") else value
    unwrapped = getattr(unwrapped, "py_func", unwrapped)
    return unwrapped if isinstance(unwrapped, types.FunctionType) else None


def _of_function(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with contextlib.suppress(ValueError):  # a variable that nothing was assigned to yet
            yield f"closure variable {name!r}", cell.cell_contents
    arguments = inspect.signature(function).parameters.values()
    yield from ((f"default of {each.name!r}", each.default) for each in arguments if each.default is not each.empty)
    yield from ((f"attribute {name!r}", each) for name, each in vars(function).items() if name != "__wrapped__")
    for name in sorted(_names(function.__code__)):
        if name not in function.__globals__:
            continue
        value = function.__globals__[name]
        if isinstance(value, types.ModuleType):
            if not _is_library(value.__name__):
                read = sorted(_names(function.__code__) & vars(value).keys())
                yield from ((f"global {name}.{each}", getattr(value, each)) for each in read)
        else:
            yield f"global {name!r}", value


def _names(code: types.CodeType) -> set[str]:
    """Return the names that a function and those defined inside it look up."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _names(constant)
    return names


@functools.lru_cache(maxsize=1024)
def _is_library(module: str | None) -> bool:
    """Return whether a module is of Python, of an installed package or of this one: none holds data of a user."""
    top = (module or "").partition(".")[0]
    # A notebook's functions are of `__main__`, which has the file of the program that runs it.
    if top == "__main__":
        return False
    if top in sys.stdlib_module_names or top == "investiq":
        return True
    path = getattr(sys.modules.get(top), "__file__", None)
    return path is not None and str(Path(path).resolve()).startswith(_PLACES)


def is_from(value: Any, source: Source) -> bool:
    """Return whether `value` is a part of the data, or equal to one."""
    import pandas as pd

    for part in source.parts():
        if value is part:
            return True
        same_kind = type(value) is type(part)
        if isinstance(value, Bars) and isinstance(part, Bars) and value.fingerprint == part.fingerprint:
            return True
        if isinstance(part, pd.DataFrame | pd.Series) and same_kind and bool(part.equals(value)):
            return True
    if isinstance(source, HistorySource):
        return any(_is_column(value, bars) for bars in source.history.series.values())
    return False


def _is_column(value: Any, bars: Bars) -> bool:
    """Return whether `value` is one of the arrays of `bars`, or their frame, as traded or adjusted."""
    import pandas as pd

    if isinstance(value, pd.DataFrame):
        return any(value.equals(each.frame) for each in _bases(bars))
    if isinstance(value, pd.Series | pd.Index):
        value = value.to_numpy()
    if not isinstance(value, np.ndarray) or value.shape != (len(bars),):
        return False
    names = ("ts", "known_at", "open", "high", "low", "close", "volume")
    return any(
        array.dtype == value.dtype and bool(np.array_equal(array, value))
        for each in _bases(bars)
        for array in (getattr(each, name) for name in names)
    )


def _bases(bars: Bars) -> list[Bars]:
    return [bars, bars.adjusted("total"), bars.adjusted("split")] if bars.basis == "raw" else [bars]


def replaced(subject: Any, value: Any, moment: Any, row: int, size: int, random: np.random.Generator) -> Any:
    """Return `subject` holding `value` with everything in it after `moment` changed, None where that cannot be done.

    Rows are later by their `known_at`, by their label, or, where they have
    neither and are as many as the bars, by their place after `row`.
    """
    other = _disturbed(value, moment, row, size, random)
    return None if other is None else _with(subject, value, other, 0)


def _disturbed(value: Any, moment: Any, row: int, size: int, random: np.random.Generator) -> Any:
    import pandas as pd

    if isinstance(value, Bars):
        return disturbed_bars(value, moment, random, prices=True, volume=True) if moment is not None else None
    if isinstance(value, History) and moment is not None:
        return dataclasses.replace(
            value,
            series={
                name: disturbed_bars(bars, moment, random, prices=True, volume=True)
                for name, bars in value.series.items()
            },
        )
    if isinstance(value, np.ndarray):
        if value.ndim != 1 or value.size != size or value.dtype.kind not in "fiu":
            return None
        return _moved(value, np.arange(size) > row, random)
    if isinstance(value, pd.Series | pd.DataFrame):
        later = _later(value, moment, row, size)
        if later is None:
            return None
        if isinstance(value, pd.Series):
            return pd.Series(_moved(value.to_numpy(), later, random), index=value.index, name=value.name)
        frame = value.copy()
        for name, kind in value.dtypes.items():
            if getattr(kind, "kind", "O") in "fiu":
                frame[name] = _moved(value[name].to_numpy(), later, random)
        return frame
    return None


def _later(value: Any, moment: Any, row: int, size: int) -> Any:
    import pandas as pd

    if isinstance(value.index, pd.DatetimeIndex) and moment is not None:
        labels = value.index.tz_convert("UTC").tz_localize(None) if value.index.tz is not None else value.index
        return labels.to_numpy().astype("datetime64[us]") > moment
    return np.arange(size) > row if len(value) == size else None


def _moved(values: Any, later: Any, random: np.random.Generator) -> Any:
    if values.dtype.kind not in "fiu":
        return values
    return np.where(later, values * np.exp(random.uniform(-0.5, 0.5, values.size)), values)


def _with(subject: Any, old: Any, new: Any, depth: int) -> Any:
    """Return a copy of `subject` in which `new` stands wherever `old` stood, None where it stands nowhere that can be copied."""
    if subject is old:
        return new
    if depth > _DEPTH:
        return None
    if isinstance(subject, functools.partial):
        function = _with(subject.func, old, new, depth + 1) or subject.func
        arguments = [new if each is old else each for each in subject.args]
        keywords = {name: new if each is old else each for name, each in subject.keywords.items()}
        return functools.partial(function, *arguments, **keywords)
    if isinstance(subject, types.MethodType):
        owner, function = (_with(each, old, new, depth + 1) for each in (subject.__self__, subject.__func__))
        return types.MethodType(function or subject.__func__, owner if owner is not None else subject.__self__)
    if isinstance(subject, types.FunctionType):
        return _function_with(subject, old, new, depth)
    if isinstance(subject, dict):
        return {name: new if each is old else each for name, each in subject.items()}
    if isinstance(subject, list | tuple) and type(subject) in (list, tuple):
        return type(subject)(new if each is old else each for each in subject)
    attributes = vars_of(subject)
    if not attributes or isinstance(subject, types.ModuleType | type):
        return None
    changed = copy.copy(subject)
    for name, each in attributes.items():
        if each is old or _holds(each, old):
            object.__setattr__(changed, name, _with(each, old, new, depth + 1))
    return changed


def _holds(value: Any, old: Any) -> bool:
    if isinstance(value, types.FunctionType | functools.partial | types.MethodType):
        return not _is_library(getattr(value, "__module__", None)) and any(h.value is old for h in held_data(value))
    return isinstance(value, dict | list | tuple) and any(
        each is old for each in (value.values() if isinstance(value, dict) else value)
    )


def _function_with(function: types.FunctionType, old: Any, new: Any, depth: int) -> Callable[..., Any]:
    def exchanged(value: Any) -> Any:
        if value is old:
            return new
        return _with(value, old, new, depth + 1) if _holds(value, old) else value

    cells = tuple(types.CellType(exchanged(cell.cell_contents)) for cell in function.__closure__ or ())
    names = _names(function.__code__)
    scope = {name: exchanged(each) if name in names else each for name, each in function.__globals__.items()}
    defaults = tuple(exchanged(each) for each in function.__defaults__ or ()) or None
    changed = types.FunctionType(function.__code__, scope, function.__name__, defaults, cells or None)
    changed.__kwdefaults__ = {name: exchanged(each) for name, each in (function.__kwdefaults__ or {}).items()} or None
    changed.__dict__.update(function.__dict__)
    return changed
