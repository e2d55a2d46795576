"""Rows as vendors send them: values read strictly, refused rows counted, bars put on the calendar's sessions."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import VendorError
from investiq.core.notes import Note
from investiq.market.contract import Dataset
from investiq.market.datasets import LAYOUTS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NOTHING", "Received", "day", "epoch", "joined", "moment", "number", "refusals", "text"]

NOTHING: Final = np.datetime64("NaT", "us")
_ISO_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_PER_SECOND: Final = {"ms": 10**3, "us": 10**6, "ns": 10**9}
# Clocks of trades and news begin later, and a count in another unit falls outside.
_EARLIEST: Final = np.datetime64("1980-01-01", "us")
_LATEST: Final = np.datetime64("2100-01-01", "us")


def number(value: object) -> float:
    """Return `value` as a float, NaN where it is missing, no number or not finite.

    Examples
    --------
    >>> number("10.5"), number(0), number(None), number("n/a")
    (10.5, 0.0, nan, nan)
    """
    if value is None or isinstance(value, bool):
        return math.nan
    try:
        read = float(value)  # type: ignore[arg-type]  # whatever the vendor sent; the except is the check
    except (TypeError, ValueError, OverflowError):
        return math.nan
    return read if math.isfinite(read) else math.nan


def text(value: object) -> str | None:
    """Return `value` as text without surrounding spaces, None where there is none."""
    if value is None or isinstance(value, dict | list):
        return None
    return str(value).strip() or None


def joined(values: object) -> str | None:
    """Return the texts of a list as ``"a|b"``, None where there is none."""
    if not isinstance(values, list):
        return None
    return "|".join(filter(None, (text(value) for value in values))) or None


def day(value: object) -> np.datetime64:
    """Return an ISO date as datetime64[us] at 00:00, NaT where it is missing or unreadable.

    Examples
    --------
    >>> print(day("2024-03-08"), day("soon"))
    2024-03-08T00:00:00.000000 NaT
    """
    if isinstance(value, date):
        return np.datetime64(value.isoformat()[:10], "us")
    if not isinstance(value, str) or not _ISO_DAY.fullmatch(value[:10]):
        return NOTHING
    try:
        return np.datetime64(value[:10], "us")
    except ValueError:
        return NOTHING


def moment(value: object) -> np.datetime64:
    """Return an ISO instant with an offset as UTC datetime64[us], NaT where it is missing, naive or unreadable.

    Examples
    --------
    >>> print(moment("2024-03-08T09:30:00-05:00"), moment("2024-03-08T09:30:00"))
    2024-03-08T14:30:00.000000 NaT
    """
    if not isinstance(value, str):
        return NOTHING
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        return NOTHING
    if read.tzinfo is None:
        return NOTHING
    return _plausible(np.datetime64(read.astimezone(UTC).replace(tzinfo=None), "us"))


def epoch(value: object, unit: str) -> np.datetime64:
    """Return a count of `unit` (``"ms"``, ``"us"`` or ``"ns"``) since 1970 as datetime64[us], NaT where it is none.

    A count in another unit falls outside the years 1980 to 2099 and is NaT too.

    Examples
    --------
    >>> print(epoch(1_709_908_200_000, "ms"), epoch("soon", "ms"))
    2024-03-08T14:30:00.000000 NaT
    """
    count = number(value)
    if math.isnan(count) or abs(count) > 2**63:
        return NOTHING
    # Exact for the whole numbers that vendors send: no float holds all nanoseconds.
    whole = value if isinstance(value, int) else int(count)
    micros = whole * 10**6 // _PER_SECOND[unit]
    if not -(2**62) < micros < 2**62 or whole == 0:
        return NOTHING
    return _plausible(np.datetime64(micros, "us"))


def _plausible(when: np.datetime64) -> np.datetime64:
    return when if _EARLIEST <= when < _LATEST else NOTHING


class Received:
    """The rows of one answer and a count of those refused, by reason.

    Examples
    --------
    >>> rows = Received("short_interest", "massive")
    >>> rows.add(settlement_date=day("2024-01-12"), short_interest=1000.0)
    >>> rows.refuse("without a settlement date")
    >>> len(rows.table()), rows.notes()[0].text
    (1, '1 of the 2 rows of short_interest from massive were left out: 1 without a settlement date')
    """

    def __init__(self, dataset: Dataset, provider: str) -> None:
        self._dataset: Dataset = dataset
        self._provider = provider
        self._rows: list[Mapping[str, Any]] = []
        self._refused: Counter[str] = Counter()

    def add(self, **values: Any) -> None:
        """Take a row, unless a required value is missing: then it is refused for that reason."""
        layout = LAYOUTS[self._dataset]
        for name, column in layout.columns.items():
            if column.required and _is_missing(values.get(name)):
                self.refuse(f"without a readable {name}")
                return
        self._rows.append(values)

    def refuse(self, reason: str, count: int = 1) -> None:
        """Count `count` rows as left out for `reason`."""
        if count:
            self._refused[reason] += count

    def table(self) -> pd.DataFrame:
        """Return the rows taken, in the canonical columns and types of the dataset.

        Raises
        ------
        VendorError
            If rows came and every one was refused: that is a failure, not an
            empty answer.
        """
        import pandas as pd

        if self._refused and not self._rows:
            raise VendorError(
                f"{self._provider} sent {self._refused.total()} rows of {self._dataset} and none could be read: "
                f"{self._reasons()}; the vendor may have changed its format"
            )
        columns = LAYOUTS[self._dataset].columns
        used = [name for name in columns if columns[name].required or any(name in row for row in self._rows)]
        return pd.DataFrame({name: _column([row.get(name) for row in self._rows], columns[name].type) for name in used})

    def notes(self) -> tuple[Note, ...]:
        """Return the note that counts the refused rows, or nothing."""
        return refusals(self._refused, len(self._rows), self._dataset, self._provider)

    def _reasons(self) -> str:
        return _listed(self._refused)


def refusals(refused: Counter[str], kept: int, dataset: str, provider: str) -> tuple[Note, ...]:
    """Return the note that says how many rows were left out and why, or nothing."""
    count = refused.total()
    if not count:
        return ()
    what = "bars" if dataset == "bars" else f"rows of {dataset}"
    words = f"{count} of the {count + kept} {what} from {provider} were left out: {_listed(refused)}"
    return (Note(code="rows_refused", text=words, rows=count),)


def _listed(refused: Counter[str]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in refused.most_common())


def _is_missing(value: object) -> bool:
    if value is None or value == "":
        return True
    if isinstance(value, np.datetime64):
        return bool(np.isnat(value))
    return isinstance(value, float) and math.isnan(value)


def _column(values: Iterable[Any], kind: str) -> pd.Series:
    import pandas as pd

    if kind in ("instant", "date"):
        stamps: NDArray[np.datetime64] = np.array(
            [NOTHING if value is None else value for value in values], dtype="datetime64[us]"
        )
        aware: pd.Series = pd.Series(stamps).dt.tz_localize("UTC")
        return aware
    if kind == "number":
        return pd.Series([math.nan if value is None else value for value in values], dtype=np.float64)
    return pd.Series(list(values), dtype="str")
