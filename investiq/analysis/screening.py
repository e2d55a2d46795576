"""`screen`: the last decision time of many symbols side by side, and those that meet a condition."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from investiq.analysis.analyzing import analyze, engines, feature_units
from investiq.analysis.screen_result import Screen, first_sentence
from investiq.core.errors import DataError, InvestIQError, near_matches
from investiq.core.notes import Note, merge_notes
from investiq.runtime.executors import Executor, executor_name, run_chunks
from investiq.runtime.progress import progress

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Screen", "screen"]

# Symbols that a worker takes at a time: little enough that progress shows and an interrupt loses little.
_CHUNK: Final = 4
_IN_FLIGHT: Final = 2


@dataclass(frozen=True, kw_only=True)
class _Chunk:
    """What a worker takes: some symbols and the time of knowledge."""

    symbols: tuple[str, ...]
    as_of: str | datetime | None


@dataclass(frozen=True, kw_only=True)
class _Found:
    """What a worker brings: the last row of each symbol, or why there is none, and whether it is watermarked."""

    symbol: str
    row: dict[str, Any] | None
    failure: str = ""
    watermark: str | None = None

    @property
    def has_score(self) -> bool:
        """Whether there is a row with a score: nothing in it is missing for want of data alone."""
        return self.row is not None and isinstance(self.row["label"], str)


def screen(
    universe: str | Iterable[str],
    *,
    where: str | None = None,
    as_of: str | datetime | None = None,
    executor: Executor = None,
) -> Screen:
    """Analyse every symbol of a universe and return those that meet a condition.

    Parameters
    ----------
    universe : str or iterable of str
        A name of `list_universes`, with its members as they were known at `as_of`;
        or symbols.
    where : str, optional
        A condition on columns of the analysis' table at the last decision time,
        such as ``"score > 30 and rsi < 70 and regime == 'normal_bull'"``. A column
        without a value meets no comparison. By default every symbol matches.
    as_of : str or datetime, optional
        Time of knowledge for all, as in `analyze`.
    executor : None, {"serial", "processes", "dask"} or distributed.Client
        Where the symbols are analysed: ``"processes"`` uses every core. The
        numbers are the same everywhere.

    Returns
    -------
    Screen
        ``matches`` are the symbols found, the highest score first. A symbol that
        fails is named with its reason and keeps no other back. An interrupt keeps
        what is done.

    Raises
    ------
    DataError
        If the condition is none, which is told before any symbol is analysed; if a
        column in it is unknown, told after the first; if the universe is unknown, or
        a symbol stands in it twice.

    Notes
    -----
    One symbol is held in memory at a time by each worker. A list whose members
    were chosen later has survivorship bias, and says so.

    Examples
    --------
    >>> import investiq as iq
    >>> found = iq.screen(["^GSPC", "^IXIC"], where="rsi < 70", as_of="2013-05-20")
    >>> sorted(found.frame.index)
    ['^GSPC', '^IXIC']
    """
    named = _names(where)
    name, symbols, notes = _members(universe, as_of)
    executor_name(executor)
    # With a condition the first symbol goes alone: its row tells whether all names in it are columns.
    lone = symbols[:1] if named else []
    chunks = [lone] if lone else []
    chunks += [symbols[first : first + _CHUNK] for first in range(len(lone), len(symbols), _CHUNK)]
    found: list[_Found] = []
    with progress(len(symbols), f"screening {name}") as advance:
        answers = run_chunks(
            _analysed,
            ((number, _Chunk(symbols=tuple(chunk), as_of=as_of)) for number, chunk in enumerate(chunks)),
            executor,
            in_flight=_IN_FLIGHT,
        )
        try:
            is_checked = False
            for _, answer in answers:
                found += answer
                if not is_checked and any(each.has_score for each in answer):
                    is_checked = True
                    _matches(_frame(answer), where)
                advance(len(answer))
        except KeyboardInterrupt:
            text = f"interrupted after {len(found):,} of {len(symbols):,} symbols; the others are not in the table"
            notes = (*notes, Note(code="interrupted", text=text, rows=len(symbols) - len(found)))
    frame = _frame(found)
    failures = {each.symbol: each.failure for each in found if each.failure}
    return Screen(
        universe=name,
        where=where,
        as_of=as_of,
        frame=frame.assign(matches=_matches(frame, where)),
        asked=len(symbols),
        failures={symbol: failures[symbol] for symbol in symbols if symbol in failures},
        named=tuple(each for each in named if each in frame.columns),
        units=feature_units(engines()),
        watermarks=tuple(sorted({each.watermark for each in found if each.watermark})),
        notes=merge_notes(notes, _failed(failures)),
    )


def _names(where: str | None) -> list[str]:
    """Return the names in a condition, in their order; refuse what is no expression."""
    if where is None:
        return []
    try:
        tree = ast.parse(where.strip().replace("`", ""), mode="eval")
    except (AttributeError, SyntaxError, ValueError) as error:
        raise _no_condition(where, error) from None
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return list(dict.fromkeys(node.id for node in sorted(found, key=lambda node: (node.lineno, node.col_offset))))


def _no_condition(where: object, error: Exception) -> DataError:
    return DataError(
        f"where must be a condition on columns such as \"score > 30 and regime == 'normal_bull'\", "
        f"was {where!r} ({type(error).__name__}: {error})"
    )


def _members(universe: str | Iterable[str], as_of: str | datetime | None) -> tuple[str, list[str], tuple[Note, ...]]:
    from investiq.market.membership import Universe

    if isinstance(universe, str):
        from investiq.market.universes import load_universe

        universe = load_universe(universe, as_of)
    notes = universe.notes if isinstance(universe, Universe) else ()
    symbols = list(universe)
    name = universe.name if isinstance(universe, Universe) else f"{len(symbols):,} symbols"
    if not symbols:
        raise DataError(f"the universe {name} has no members to screen; pass symbols or a later as_of")
    if wrong := [each for each in symbols if not isinstance(each, str)]:
        raise DataError(f"a universe holds symbols, one was {wrong[0]!r} of type {type(wrong[0]).__name__}")
    if twice := sorted({each for each in symbols if symbols.count(each) > 1}):
        raise DataError(f"{', '.join(twice)} stand(s) in the universe more than once; pass each symbol once")
    return name, symbols, notes


def _analysed(chunk: _Chunk) -> list[_Found]:
    """Return the last row of each symbol of a chunk; runs in a worker."""
    found = []
    for symbol in chunk.symbols:
        try:
            analysis = analyze(symbol, as_of=chunk.as_of)
        except InvestIQError as error:
            found.append(_Found(symbol=symbol, row=None, failure=f"{type(error).__name__}: {error}"))
        else:
            last = analysis.table.iloc[-1]
            row = {"bar": last.name, **{str(name): value for name, value in last.items()}}
            found.append(_Found(symbol=symbol, row=row, watermark=analysis.watermark))
    return found


def _frame(found: Sequence[_Found]) -> pd.DataFrame:
    """Return the rows by symbol, the highest score first, those without one last."""
    import pandas as pd

    rows = {each.symbol: each.row for each in found if each.row is not None}
    frame = pd.DataFrame.from_dict(rows, orient="index")
    frame.index.name = "symbol"
    if frame.empty:
        return frame
    return frame.sort_index().sort_values("score", ascending=False, kind="stable", na_position="last")


def _matches(frame: pd.DataFrame, where: str | None) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    if where is None or frame.empty:
        return np.ones(len(frame), dtype=bool)
    import pandas as pd

    try:
        # Names are those of columns alone: nothing of the caller's own is in reach.
        met = frame.eval(where, engine="python", local_dict={}, global_dict={})
    except pd.errors.UndefinedVariableError as error:
        name = str(error).split("'")[1]
        raise DataError(
            f"where names {name!r}, which is no column of the analysis{near_matches(name, frame.columns)}; "
            "iq.analyze(...).table.columns lists them"
        ) from None
    except (AttributeError, SyntaxError, TypeError, ValueError, NotImplementedError) as error:
        raise _no_condition(where, error) from None
    answer = np.asarray(met)
    if answer.dtype != np.bool_ or answer.shape != (len(frame),):
        raise DataError(
            f"where must be true or false for each symbol, {where!r} gives values such as {answer.flat[0]!r}"
        )
    return answer


def _failed(failures: dict[str, str]) -> tuple[Note, ...]:
    if not failures:
        return ()
    symbol, why = next(iter(failures.items()))
    text = f"{len(failures):,} symbol(s) could not be analysed, such as {symbol} ({first_sentence(why)}); .failures names all"
    return (Note(code="not_analysed", text=text, rows=len(failures)),)
