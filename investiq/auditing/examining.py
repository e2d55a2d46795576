"""The four checks of an audit, one after the other, and what they found."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from investiq.auditing import frozen_inputs
from investiq.auditing.fill_law import check_fills
from investiq.auditing.outputs import Difference, Table, first_difference, is_fills
from investiq.auditing.replaying import (
    RAISED,
    Replay,
    first_leak,
    looked_ahead,
    sampled_rows,
    speaking_rows,
    value_at,
    warmup_of,
)
from investiq.auditing.report import AuditReport, Check, FrozenInput, Leak, Surroundings
from investiq.auditing.sources import HistorySource, Source
from investiq.auditing.targets import Target
from investiq.core.facts import format_value

if TYPE_CHECKING:
    from investiq.history.bars import Bars

__all__ = ["Examination"]

# Cuts after which each table is disturbed.
_CUTS: Final = 4
# Bars shown before and after the first leak.
_BEFORE, _AFTER = 8, 24


@dataclass(kw_only=True, eq=False)
class Examination:
    """The four checks, and what they found so far."""

    what: Target
    source: Source
    replay: Replay
    prefixes: int
    seed: int
    leaks: list[Leak] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    frozen: list[FrozenInput] = field(default_factory=list)
    disturbed: list[str] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    fills: int = 0
    warmup: int = 0
    surroundings: Surroundings | None = None

    def random(self, *key: object) -> np.random.Generator:
        """Return a generator that depends on the seed and on what it is for, and on nothing that came before."""
        return np.random.default_rng([self.seed, *(zlib.crc32(str(each).encode()) for each in key)])

    def repeats(self) -> bool:
        """Return whether two equal calls give equal outputs; without that nothing else can be told."""
        again = self.replay.tables(self.source.whole(), self.source.size)
        difference = first_difference(self.replay.full, again, self.source.size, self.replay.chosen)
        if difference is not None:
            self.reasons.append(
                f"two equal calls differ, first at {self.source.label(difference.row)} in {difference.column} "
                f"({_text(difference.full)} and {_text(difference.other)}): give the function a seed, or keep no state between calls"
            )
        return difference is None

    def replay_prefixes(self) -> None:
        """First check: what the function said on what was known at sampled bars."""
        self.rows = sampled_rows(self.source, self.replay.full, self.prefixes, self.random("rows"))
        self.warmup, late = warmup_of(self.replay, self.rows)
        if late is not None:
            self.reasons.append(
                f"it raised when only the bars up to {self.source.label(late)} were known, though it answered on fewer: "
                f"{self.replay.errors[late]}"
            )
        if sum(row < self.warmup for row in self.rows) > len(self.rows) / 2:
            self.reasons.append(f"it raised on most prefixes, on all of fewer than {self.warmup + 1} bars")
        found = [(each, row) for row in self.rows if (each := self.replay.violation(row)) is not None]
        if not found:
            return
        difference, row = min(found, key=lambda pair: (pair[0].row, pair[1]))
        first, is_first = self._first(self.replay.violation, difference, row)
        self._add("prefix replay", first, "", is_first)

    def disturb(self) -> None:
        """Second check: each table changed after sampled bars."""
        inside = [row for row in self.rows if row < self.source.size - 1]
        picked = {inside[place] for place in np.linspace(0, len(inside) - 1, _CUTS).astype(int).tolist()}
        cuts = sorted(picked | ({self.warmup // 2, self.warmup} if self.warmup else set()))
        for table in self.source.tables():
            self._disturb(table, [cut for cut in cuts if cut < self.source.size - 1])

    def _disturb(self, table: str, cuts: list[int]) -> None:
        self.disturbed.append(table)

        def violation(cut: int) -> Difference | None:
            changed = self.source.disturbed(table, cut, self.random(table, cut))
            then = self.replay.tables(changed, self.source.size)
            return first_difference(self.replay.full, then, cut, self.replay.chosen)

        try:
            found = [(each, cut) for cut in cuts if (each := violation(cut)) is not None]
            if found:
                difference, cut = min(found, key=lambda pair: (pair[0].row, pair[1]))
                first, is_first = self._first(violation, difference, cut)
                self._add("disturbance", first, table, is_first)
        except RAISED as error:
            self.disturbed.remove(table)
            self.reasons.append(f"it raised when {table} were disturbed: {type(error).__name__}: {error}")

    def _first(
        self, violation: Callable[[int], Difference | None], difference: Difference, seen: int
    ) -> tuple[Difference, bool]:
        known = self.leaks[0] if self.leaks else None
        if known is not None and difference.row > known.bar:
            # The replay named the first bar already; whether this check sees it there is one question.
            there = violation(known.bar)
            return (there, known.is_first) if there is not None else (difference, False)
        said = next(table for table in self.replay.full if table.name == difference.table)
        narrowed = Table(
            name=said.name,
            rows=said.rows,
            columns={name: values for name, values in said.columns.items() if name == difference.column},
        )
        return first_leak(violation, difference, seen, speaking_rows(narrowed))

    def _add(self, check: Check, leak: Difference, table: str, is_first: bool) -> None:
        label, cut = self.source.label(leak.row), self.source.label(leak.cut)
        column = f"{leak.table} {leak.column}".strip()
        same = [each.ahead for each in self.leaks if (each.bar, each.column) == (leak.row, column)]
        ahead = None
        if check != "frozen inputs":
            ahead = same[0] if same else looked_ahead(self.replay, leak)
        of_bar = "" if leak.cut == leak.row else f" of {label}"
        with_all, then = _text(leak.full), _text(leak.other)
        later = {None: "later data change it", 1: "the next bar changes it"}
        seen = later.get(ahead, f"the next {ahead} bars change it")
        told = {
            "prefix replay": f"{column}{of_bar} is {with_all} with all data, and was {then} when only the bars up to {cut} were known; "
            f"{seen}",
            "disturbance": f"{column} of {label} moves from {with_all} to {then} when only {table} of bars after {cut} change",
        }
        text = (
            told.get(check)
            or f"{column} of {label} moves from {with_all} to {then} when only rows of {table} after {cut} change"
        )
        self.leaks.append(
            Leak(
                check=check,
                bar=leak.row,
                label=label,
                column=column,
                full=leak.full,
                then=leak.other,
                cut=cut,
                ahead=ahead,
                source=table,
                is_first=is_first,
                text=text,
            )
        )
        if self.surroundings is None:
            self.surroundings = self._around(leak)

    def _around(self, leak: Difference) -> Surroundings:
        rows = range(max(leak.row - _BEFORE, 0), min(leak.row + _AFTER, self.source.size - 1) + 1)
        full, then = (
            np.array([_number(value_at(tables(row), leak.table, leak.column, row)) for row in rows])
            for tables in (lambda row: self.replay.full, self.replay.at)
        )
        return Surroundings(labels=tuple(self.source.label(row) for row in rows), full=full, then=then)

    def fills_are_lawful(self) -> None:
        """Fourth check, for what returns fills or is a strategy."""
        if not isinstance(self.source, HistorySource):
            if self.what.account is not None:
                self._replay_account(self.what.account, self.source)
            return
        source, at_open = self.source, self.what.account is not None
        account = self.what.account
        if account is None:
            if not any(is_fills(table) for table in self.replay.full):
                return
            account = self._given_bars
        elif source.main.basis != "raw":
            self.reasons.append(
                "the bars are adjusted, and a backtest needs them as traded: its fills were not examined"
            )
            return
        else:
            self._replay_account(account, HistorySource(history=source.history, as_bars=True))
        self.fills, broken, untold = check_fills(
            account, source.main, source.scale, self.random("fills"), at_open=at_open
        )
        if untold:
            self.reasons.append(untold)
        if broken is None:
            return
        label = source.label(broken.bar)
        self.leaks.append(
            Leak(
                check="fill law",
                bar=broken.bar,
                label=label,
                column=broken.column,
                full=broken.full,
                then=broken.other,
                cut="",
                ahead=None,
                source="",
                is_first=False,
                text=f"the fill of {label}: {broken.reason}",
            )
        )

    def _given_bars(self, bars: Bars) -> Any:
        source = self.source
        assert isinstance(source, HistorySource)
        history = dataclasses.replace(source.history, series={**source.history.series, source.name: bars})
        return self.what.call(source.given(history))

    def _replay_account(self, account: Callable[[Any], Any], source: Source) -> None:
        """Replay the account of a strategy: it, too, must be what it was at the time."""
        replay = Replay(call=account, source=source)
        found = [each for row in self.rows if (each := replay.violation(row)) is not None]
        if found and not self.leaks:
            self._add("prefix replay", min(found, key=lambda each: each.row), "", False)

    def look_inside(self, state: dict[str, int]) -> None:
        """Third check: data that came with the function."""
        for held in frozen_inputs.held_data(self.what.subject):
            is_from = frozen_inputs.is_from(held.value, self.source)
            moved = None if self.reasons and not self.rows else self._move(held)
            self.frozen.append(
                FrozenInput(
                    where=held.where, what=held.text, is_from_data=is_from, is_cleared=is_from and moved == "unmoved"
                )
            )
            if moved != "leaks" and not (is_from and moved == "unmoved"):
                self.reasons.append(
                    f"it holds data of its own ({held.where}: {held.text}), of which nobody can say when they were known: "
                    "put them into the History"
                )
        for where, size in frozen_inputs.sizes_of_state(self.what.subject).items():
            if state.get(where, size) != size:
                self.reasons.append(
                    f"it keeps state between calls ({where} grew from {state[where]} to {size} entries)"
                )

    def _move(self, held: frozen_inputs.Held) -> str:
        """Change the later rows of what the function holds, and say whether an earlier value moved."""
        scale = self.source.scale
        moments = scale.instants if scale.known_at is None else scale.known_at
        rows = [row for row in self.rows if self.warmup <= row < self.source.size - 1]
        tried = "untried"

        def violation(row: int) -> Difference | None:
            """Return the first value that moves when the held data change after `row`."""
            moment = None if moments is None else moments[row]
            subject = frozen_inputs.replaced(
                self.what.subject, held.value, moment, row, self.source.size, self.random(held.where, row)
            )
            if subject is None:
                return None
            nonlocal tried
            tried = "unmoved"
            then = self.replay_of(subject).tables(self.source.whole(), self.source.size)
            return first_difference(self.replay.full, then, row, self.replay.chosen)

        try:
            found = [(each, row) for row in rows if (each := violation(row)) is not None]
            if found:
                difference, row = min(found, key=lambda pair: (pair[0].row, pair[1]))
                first, is_first = self._first(violation, difference, row)
                self._add("frozen inputs", first, held.where, is_first)
                return "leaks"
        except RAISED:
            return "untried"
        return tried

    def replay_of(self, subject: Any) -> Replay:
        """Return the same examination of another subject."""
        return Replay(call=self.what.rebuild(subject), source=self.source, chosen=self.replay.chosen)

    def report(self) -> AuditReport:
        """Return the verdict with its evidence."""
        leaks = tuple(sorted(self.leaks, key=lambda leak: leak.bar))
        reasons = () if leaks else tuple(dict.fromkeys(self.reasons))
        return AuditReport(
            name=self.what.name,
            data=self.source.name,
            verdict="leaks" if leaks else "not proven" if reasons else "point in time",
            reasons=reasons,
            leaks=leaks,
            frozen=tuple(self.frozen),
            prefixes=len(self.rows),
            disturbed=tuple(self.disturbed),
            fills=self.fills,
            warmup=self.warmup,
            warmup_error=self.replay.errors.get(self.warmup - 1, "") if self.warmup else "",
            bars=self.source.size,
            seed=self.seed,
            mark=self.source.watermark,
            surroundings=self.surroundings,
        )


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float | np.floating) else float("nan")


def _text(value: Any) -> str:
    return "nothing" if value is None else format_value(value)
