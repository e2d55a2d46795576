"""The data of an audit: cut at any row, and disturbed after any row one table at a time."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from investiq.auditing.outputs import Scale
from investiq.core.errors import DataError
from investiq.history.bars import Bars
from investiq.history.history import History
from investiq.history.instants import label_text
from investiq.history.panel import Panel
from investiq.history.records import Records

__all__ = ["FrameSource", "HistorySource", "PanelSource", "Source", "source_of"]

# A disturbed price or volume is multiplied by a number between 1 / e**0.5 and e**0.5.
_SPREAD: Final = 0.5
_WANTED: Final = {"history": "a History", "bars": "Bars", "panel": "a Panel"}
# Columns of a frame that are disturbed together, so that each bar stays consistent in itself.
_PRICES: Final = ("open", "high", "low", "close")


@dataclass(frozen=True, kw_only=True, eq=False)
class HistorySource:
    """A history, given to the function as it is or as the bars of its main symbol."""

    history: History
    as_bars: bool

    @cached_property
    def main(self) -> Bars:
        """Bars whose rows the rows of the output are."""
        return self.history.bars()

    @property
    def name(self) -> str:
        """The main symbol."""
        return self.history.symbol

    @property
    def watermark(self) -> str | None:
        """That of the main bars."""
        return self.main.passport.watermark

    @cached_property
    def scale(self) -> Scale:
        """The rows of the main bars."""
        return Scale(labels=self.main.index, known_at=self.main.known_at)

    @property
    def size(self) -> int:
        """Rows of the main bars."""
        return len(self.main)

    def label(self, row: int) -> str:
        """Return the label of a row as text."""
        return label_text(self.main.ts[row], self.main.interval)

    def given(self, history: History) -> Any:
        """Return what the function is called with."""
        return history.bars() if self.as_bars else history

    def whole(self) -> Any:
        """Return all of the data."""
        return self.given(self.history)

    def until(self, row: int) -> Any:
        """Return what was known when bar `row` was complete."""
        return self.given(self.history.until(self.main.known_at[row]))

    def tables(self) -> list[str]:
        """Return the names of what can be disturbed alone."""
        names = [f"prices of {self.name}"]
        if np.isfinite(self.main.volume).any():
            names.append(f"volume of {self.name}")
        if self.as_bars:
            return names
        for symbol in self.history.series:
            if symbol != self.name:
                names.append(f"{'benchmark' if symbol == self.history.benchmark else 'bars'} {symbol}")
        return names + [f"records {name}" for name in self.history.tables]

    def disturbed(self, table: str, row: int, random: np.random.Generator) -> Any:
        """Return the data with everything of `table` that became known after bar `row` changed."""
        what, _, name = table.partition(" ")
        name = name.removeprefix("of ")
        moment = self.main.known_at[row]
        series, tables = dict(self.history.series), dict(self.history.tables)
        if what == "records":
            tables[name] = _disturbed_records(tables[name], moment, random)
        else:
            series[name] = disturbed_bars(
                series[name], moment, random, volume=what != "prices", prices=what != "volume"
            )
        return self.given(dataclasses.replace(self.history, series=series, tables=tables))

    def parts(self) -> list[Any]:
        """Return the objects of which the data consist."""
        return [self.history, *self.history.series.values(), *self.history.tables.values()]


@dataclass(frozen=True, kw_only=True, eq=False)
class PanelSource:
    """A panel; a row is a label, known when the last of its symbols is."""

    panel: Panel

    @property
    def name(self) -> str:
        """The first symbols."""
        return ", ".join(self.panel.symbols[:3]) + (" and others" if len(self.panel) > 3 else "")

    @property
    def watermark(self) -> str | None:
        """That of the first symbol which has one."""
        return next((each.watermark for each in self.panel.passports if each.watermark), None)

    @cached_property
    def known_at(self) -> NDArray[np.datetime64]:
        """When each label was known of every symbol that has it."""
        numbers = self.panel.known_at.astype(np.int64)
        return np.maximum.accumulate(numbers.max(axis=0)).astype("datetime64[us]")

    @cached_property
    def scale(self) -> Scale:
        """The labels of the panel."""
        import pandas as pd

        return Scale(labels=pd.DatetimeIndex(self.panel.ts, tz="UTC", name="ts"), known_at=self.known_at)

    @property
    def size(self) -> int:
        """Labels of the panel."""
        return int(self.panel.ts.size)

    def label(self, row: int) -> str:
        """Return the label of a row as text."""
        return label_text(self.panel.ts[row], self.panel.interval)

    def whole(self) -> Panel:
        """Return all of the data."""
        return self.panel

    def until(self, row: int) -> Panel:
        """Return what was known when label `row` was complete."""
        return self.panel.until(self.known_at[row])

    def tables(self) -> list[str]:
        """Return prices and volume, and each symbol where there are few."""
        return ["prices", "volume", *(f"bars {symbol}" for symbol in self.panel.symbols[:5])]

    def disturbed(self, table: str, row: int, random: np.random.Generator) -> Panel:
        """Return the panel with everything of `table` that became known after label `row` changed."""
        what, _, name = table.partition(" ")
        members = [
            disturbed_bars(bars, self.known_at[row], random, volume=what != "prices", prices=what != "volume")
            if name in ("", bars.symbol)
            else bars
            for bars in self.panel
        ]
        return Panel.of(members, self.panel.notes)

    def parts(self) -> list[Any]:
        """Return the objects of which the data consist."""
        return [self.panel]


@dataclass(frozen=True, kw_only=True, eq=False)
class FrameSource:
    """A Series or DataFrame; a row is known at its `known_at` where there is one, else when it is reached."""

    frame: Any

    @property
    def name(self) -> str:
        """The name of the Series, or the kind."""
        return str(getattr(self.frame, "name", None) or type(self.frame).__name__)

    @property
    def watermark(self) -> None:
        """None: the data do not say."""
        return None

    @cached_property
    def known_at(self) -> NDArray[np.datetime64] | None:
        """The column `known_at`, if there is one."""
        import pandas as pd

        if self.frame.ndim == 1 or "known_at" not in self.frame:
            return None
        known = pd.DatetimeIndex(self.frame["known_at"])
        return (known.tz_convert("UTC").tz_localize(None) if known.tz is not None else known).to_numpy("datetime64[us]")

    @cached_property
    def scale(self) -> Scale:
        """The rows of the frame."""
        ascending = self.known_at is not None and bool((np.diff(self.known_at) > np.timedelta64(0, "us")).all())
        return Scale(labels=self.frame.index, known_at=self.known_at if ascending else None)

    @property
    def size(self) -> int:
        """Rows of the frame."""
        return len(self.frame)

    def label(self, row: int) -> str:
        """Return the label of a row as text."""
        label = str(self.frame.index[row])
        return label.removesuffix("+00:00").removesuffix(" 00:00:00")

    def _known(self, row: int) -> NDArray[np.bool_]:
        if self.known_at is None:
            return np.arange(self.size) <= row
        return np.asarray(self.known_at <= self.known_at[row])

    def whole(self) -> Any:
        """Return a copy of all of the data: a function may write to what it is given."""
        return self.frame.copy()

    def until(self, row: int) -> Any:
        """Return the rows up to `row`, or those that were known with it."""
        return self.frame.loc[self._known(row)].copy()

    def tables(self) -> list[str]:
        """Return the columns that hold numbers."""
        if self.frame.ndim == 1:
            return [self.name]
        names = [str(name) for name, kind in self.frame.dtypes.items() if kind.kind in "fiu"]
        if set(_PRICES) <= set(names):
            return ["prices", *(name for name in names if name not in _PRICES)]
        return names

    def disturbed(self, table: str, row: int, random: np.random.Generator) -> Any:
        """Return the data with the values of column `table` changed in all rows after `row`."""
        later = ~self._known(row)
        frame = self.frame.copy()
        if frame.ndim == 1:
            return type(frame)(_disturbed_values(frame.to_numpy(), later, random), index=frame.index, name=frame.name)
        if table == "prices" and table not in frame:
            factor = np.where(later, np.exp(random.uniform(-_SPREAD, _SPREAD, self.size)), 1.0)
            for each in _PRICES:
                frame[each] = frame[each] * factor
            return frame
        name = next(each for each in frame.columns if str(each) == table)
        frame[name] = _disturbed_values(frame[name].to_numpy(), later, random)
        return frame

    def parts(self) -> list[Any]:
        """Return the objects of which the data consist."""
        return [self.frame, *([self.frame[name] for name in self.frame.columns] if self.frame.ndim == 2 else [])]


Source: TypeAlias = HistorySource | PanelSource | FrameSource


def source_of(data: Any, wants: str) -> Source:
    """Return the data of an audit.

    Parameters
    ----------
    data : str, Bars, History, Panel, DataFrame or Series
    wants : {"history", "bars", "panel", "as given"}
        What the function takes, where that is known.

    Raises
    ------
    DataError
        If `data` is something else, empty, or not what the function takes.
    """
    import pandas as pd

    if isinstance(data, str):
        from investiq.market.loading import load_bars

        data = load_bars(data)
    kinds = {"history": Bars | History, "bars": Bars | History, "panel": Panel}
    if wants in kinds and not isinstance(data, kinds[wants]):
        raise DataError(f"what is audited takes {_WANTED[wants]}, data was {type(data).__name__}")
    source: Source
    if isinstance(data, Bars | History):
        as_bars = wants == "bars" or (wants == "as given" and isinstance(data, Bars))
        source = HistorySource(history=History.of(data) if isinstance(data, Bars) else data, as_bars=as_bars)
    elif isinstance(data, Panel):
        source = PanelSource(panel=data)
    elif isinstance(data, pd.DataFrame | pd.Series):
        if not data.index.is_monotonic_increasing:
            raise DataError("the index of the data must ascend: an audit cuts the data at its rows; sort it first")
        source = FrameSource(frame=data)
    else:
        raise DataError(
            f"data must be a symbol, Bars, a History, a Panel, a DataFrame or a Series, was {type(data).__name__}; "
            "iq.load_bars(symbol) returns Bars"
        )
    if source.size < 3:
        raise DataError(f"an audit cuts the data at its rows and needs 3 or more, {source.name} has {source.size}")
    return source


def disturbed_bars(
    bars: Bars, moment: np.datetime64, random: np.random.Generator, *, prices: bool, volume: bool
) -> Bars:
    """Return `bars` with all that became known after `moment` changed, each bar consistent in itself."""
    later = bars.known_at > moment
    changes: dict[str, Any] = {}
    if prices:
        factor = np.where(later, np.exp(random.uniform(-_SPREAD, _SPREAD, len(bars))), 1.0)
        changes = {name: getattr(bars, name) * factor for name in _PRICES}
        if bars.vwap is not None:
            changes["vwap"] = bars.vwap * factor
    if volume:
        changes["volume"] = bars.volume * np.where(later, np.exp(random.uniform(-_SPREAD, _SPREAD, len(bars))), 1.0)
    return dataclasses.replace(bars, **changes)


def _disturbed_records(records: Records, moment: np.datetime64, random: np.random.Generator) -> Records:
    known = records.frame["known_at"].dt.tz_convert(None).to_numpy().astype("datetime64[us]")
    frame = records.frame.copy()
    for name, kind in frame.dtypes.items():
        if getattr(kind, "kind", "O") in "fiub":
            frame[name] = _disturbed_values(frame[name].to_numpy(), known > moment, random)
    return dataclasses.replace(records, frame=frame)


def _disturbed_values(values: NDArray[Any], later: NDArray[np.bool_], random: np.random.Generator) -> NDArray[Any]:
    """Return `values` with all `later` ones moved; a zero too, and by the size of its column."""
    if values.dtype.kind == "b":
        return np.asarray(values ^ later)
    if values.dtype.kind in "iu":
        return np.where(later, values + random.integers(1, 4, values.size).astype(values.dtype), values)
    finite = values[np.isfinite(values)]
    size = 0.01 * float(np.abs(finite).mean()) if finite.size else 0.0
    factor = np.exp(random.uniform(-_SPREAD, _SPREAD, values.size))
    moved = values * factor + size * random.standard_normal(values.size)
    if finite.size and finite.min() > 0:
        moved = values * factor
    return np.where(later, moved, values)
