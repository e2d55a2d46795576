"""`SeriesKey`: what makes a stored series the same series, and the folder that it lives in."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, get_args
from urllib.parse import quote, unquote

from investiq.core.errors import DataError, near_matches
from investiq.core.types import Interval, Session, parse_interval
from investiq.market.contract import DATASETS, Dataset
from investiq.runtime.settings import vendor_name

__all__ = ["SeriesKey", "folder_of", "key_of", "stored_keys"]

_YEARLY: Final = ("1min", "5min", "15min", "30min", "60min", "4h")
# Providers and feeds are our own words; upper case is refused, because some systems do not tell it from lower case.
_WORD: Final = re.compile(r"[a-z0-9][a-z0-9_.-]*")
_LONGEST: Final = 200


@dataclass(frozen=True)
class SeriesKey:
    """Names one series: provider and feed belong to it, never to a row.

    Attributes
    ----------
    dataset : str
        Such as ``"bars"``, ``"actions"``, ``"statements"``.
    provider : str
    symbol : str
        Ours, in any case and with any sign.
    interval : str, default "1d"
        Of bars.
    feed : str, default ""
        Of bars and records; actions belong to a provider whatever its feed.
    session : {"regular", "extended"}
        Of intraday bars.

    Raises
    ------
    DataError
        If a part does not fit the dataset or cannot be the name of a folder.

    Examples
    --------
    >>> SeriesKey("bars", "massive", "BRK.B").path
    'bars/provider=massive/feed=/interval=1d/symbol=BRK.B'
    >>> SeriesKey("bars", "alpaca", "brk/b", "1min", "sip", "extended").path
    'bars/provider=alpaca/feed=sip/interval=1min/session=extended/symbol=%62%72%6B%2F%62'
    """

    dataset: Dataset
    provider: str
    symbol: str
    interval: Interval = "1d"
    feed: str = ""
    session: Session = "regular"

    def __post_init__(self) -> None:
        if self.dataset not in DATASETS:
            raise DataError(
                f"unknown dataset {self.dataset!r}{near_matches(self.dataset, DATASETS)}; known are {', '.join(DATASETS)}"
            )
        parse_interval(self.interval)
        if self.session not in get_args(Session):
            raise DataError(f"session must be 'regular' or 'extended', was {self.session!r}")
        for label, word, needed in (("provider", self.provider, True), ("feed", self.feed, False)):
            if (word or needed) and not _WORD.fullmatch(word):
                raise DataError(f"{label} must be a word of a-z, 0-9, '_', '.' and '-', was {word!r}")
        if self.dataset != "bars" and (self.interval != "1d" or self.session != "regular"):
            raise DataError(f"interval and session are of bars, not of {self.dataset}; leave them out")
        if self.dataset == "actions" and self.feed:
            raise DataError(f"actions belong to a provider, not to its feed {self.feed!r}; leave feed out")
        if self.session == "extended" and not self.is_yearly:
            raise DataError(f"extended hours are of intraday bars, asked for {self.interval}; leave session out")
        if len(encoded(self.symbol)) > _LONGEST:
            raise DataError(
                f"symbol of {len(self.symbol)} characters is too long for the name of a folder: {self.symbol!r}"
            )

    @property
    def is_yearly(self) -> bool:
        """Whether each year has a folder of its own: intraday bars."""
        return self.dataset == "bars" and self.interval in _YEARLY

    @property
    def actions(self) -> SeriesKey:
        """The key of the same symbol's corporate actions from the same provider."""
        return SeriesKey("actions", self.provider, self.symbol)

    @cached_property
    def path(self) -> str:
        """Where it is stored, relative to the store, with ``/``."""
        parts = [self.dataset, f"provider={self.provider}", f"feed={self.feed}"]
        if self.dataset == "bars":
            parts.append(f"interval={self.interval}")
        if self.session == "extended":
            parts.append("session=extended")
        return "/".join([*parts, f"symbol={encoded(self.symbol)}"])

    def __str__(self) -> str:
        words = [self.provider, self.feed, self.dataset]
        if self.dataset == "bars":
            words += [self.interval, "extended" if self.session == "extended" else ""]
        return f"{self.symbol} ({' '.join(word for word in words if word)})"


def encoded(symbol: str) -> str:
    """Return `symbol` as a part of a path that every file system takes and tells apart.

    All but A-Z, 0-9, ``.`` and ``-`` is percent-encoded, lower case too, and so is a final point, which Windows drops.
    """
    text = "".join(
        character if character in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-" else _percent(character)
        for character in symbol
    )
    return f"{text[:-1]}%2E" if text.endswith(".") else text


def _percent(character: str) -> str:
    return quote(character, safe="") if not character.isascii() else f"%{ord(character):02X}"


def folder_of(root: Path, key: SeriesKey) -> Path:
    """Return the folder of a series."""
    return root / key.path


def key_of(path: str) -> SeriesKey:
    """Return the key whose `SeriesKey.path` is `path`."""
    dataset, *parts = path.split("/")
    words = dict(part.split("=", 1) for part in parts)
    words["symbol"] = unquote(words["symbol"])
    return SeriesKey(dataset=dataset, **words)  # type: ignore[arg-type]  # checked by the key itself


def stored_keys(
    root: Path, dataset: str | None = None, provider: str | None = None, symbol: str | None = None
) -> Iterator[SeriesKey]:
    """Yield the keys of all series under `root` that match, in the order of their paths."""
    present = None if provider is None else vendor_name(provider)
    wanted = {"provider": present, "symbol": None if symbol is None else encoded(symbol)}
    datasets = sorted(_folders(root)) if dataset is None else [dataset]
    for name in datasets:
        if name in DATASETS:
            yield from (key_of(path) for path in _series_below(root / name, name, wanted))


def _series_below(folder: Path, path: str, wanted: dict[str, str | None]) -> Iterator[str]:
    for name in sorted(_folders(folder)):
        part, _, value = name.partition("=")
        if wanted.get(part) not in (None, value):
            continue
        if part == "symbol":
            yield f"{path}/{name}"
        else:
            yield from _series_below(folder / name, f"{path}/{name}", wanted)


def _folders(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if entry.is_dir()]
    except FileNotFoundError:
        return []
