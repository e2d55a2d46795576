"""Invented news about a company with known labels; by default they say nothing about prices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import ConfigError
from investiq.market.vendors.synthetic_company import Company, local_time, stamps
from investiq.market.vendors.synthetic_events import report_times, surprises
from investiq.market.vendors.synthetic_headlines import BODIES, EVENTS, HEADLINES, LABELS, PUBLISHERS, ROUNDUPS, Label
from investiq.market.vendors.synthetic_statements import Filings

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["News", "publish_news"]

_YEARS: Final = 3
_LABEL_ODDS: Final = (0.35, 0.35, 0.30)
# Shares of the articles that are a list of movers, or name the company without being filed under it.
_ROUNDUPS, _UNTAGGED, _SYNDICATED = 0.06, 0.05, 0.12
_VENDOR_RATES, _VENDOR_RIGHT = 0.6, 0.8
# A surprise of more than this many standard deviations reads as good or bad.
_NOTABLE: Final = 0.4
_OTHERS: Final = 100


@dataclass(frozen=True, kw_only=True, eq=False)
class News:
    """Articles, and what is true of them.

    Attributes
    ----------
    table : DataFrame
        In the columns of the dataset ``"news"``.
    truth : DataFrame
        By `id`: label (``"positive"``, ``"neutral"``, ``"negative"``, of the
        company that the news are about), event, same_as (id of the first
        publication of a syndicated article, else the article's own),
        is_roundup, is_tagged.
    """

    table: pd.DataFrame
    truth: pd.DataFrame


def publish_news(company: Company, filings: Filings, *, lead_sessions: int = 0, strength: float = 0.0) -> News:
    """Return the news of a company's last three years.

    Parameters
    ----------
    lead_sessions : int, default 0
        With a `strength`, the session whose return an article's label repeats:
        0 the one of its publication, 1 the next one (news that lead prices),
        -1 the one before (news that follow them).
    strength : float, default 0.0
        Share of the labels that repeat the sign of that return. At 0.0 none
        does: labels are drawn without regard to prices.

    Raises
    ------
    ConfigError
        If `strength` lies outside [0, 1].
    """
    if not 0 <= strength <= 1:
        raise ConfigError(f"strength must lie in [0, 1], was {strength}")
    rng = company.draws("news")
    moments, events, labels = _occasions(company, filings, rng)
    labels = _led(company, moments, labels, lead_sessions, strength, rng)
    copies = np.flatnonzero(rng.random(moments.size) < _SYNDICATED)
    delays = (rng.uniform(5, 180, copies.size) * 6e7).astype("timedelta64[us]")
    source = np.concatenate([np.arange(moments.size), copies])
    published = np.concatenate([moments, moments[copies] + delays])
    source, published = source[published <= company.known_at[-1]], published[published <= company.known_at[-1]]
    kinds = rng.random(moments.size)
    return _written(company, source, published, events, labels, kinds, rng)


def _occasions(
    company: Company, filings: Filings, rng: np.random.Generator
) -> tuple[NDArray[np.datetime64], NDArray[np.int64], NDArray[np.int64]]:
    """Return when something was told, its event and its label, as positions in `EVENTS` and `LABELS`."""
    end = company.known_at[-1]
    begin = max(company.known_at[0], end - np.timedelta64(365 * _YEARS, "D"))
    weeks = float((end - begin) / np.timedelta64(7, "D"))
    count = int(rng.poisson(rng.uniform(1.0, 3.5) * weeks))
    span = int((end - begin) / np.timedelta64(1, "D"))
    days = begin.astype("datetime64[D]") + rng.integers(0, span, count)
    # Little is written at the weekend.
    is_weekend = ~np.is_busday(days)
    days = np.where(is_weekend & (rng.random(count) < 0.7), np.busday_offset(days, 0, roll="preceding"), days)
    usual = local_time(days, rng.uniform(360, 1_200, count)).tz_localize(None).to_numpy().astype("datetime64[us]")
    told = report_times(company, filings)
    seen = (told > begin) & (told < end)
    reports, size = told[seen], surprises(company, told)[seen]
    each = np.repeat(np.arange(reports.size), rng.integers(2, 6, reports.size))
    after = reports[each] + (rng.exponential(600, each.size) * 6e7 + 6e7).astype("timedelta64[us]")
    verdict = np.where(size[each] > _NOTABLE, 0, np.where(size[each] < -_NOTABLE, 2, 1))
    moments = np.concatenate([usual, after])
    events = np.concatenate([rng.integers(1, len(EVENTS), count), np.zeros(each.size, dtype=np.int64)])
    labels = np.concatenate([rng.choice(len(LABELS), count, p=_LABEL_ODDS), verdict])
    order = np.argsort(moments, kind="stable")
    order = order[(moments[order] > begin) & (moments[order] <= end)]
    return moments[order], events[order], labels[order]


def _led(
    company: Company,
    moments: NDArray[np.datetime64],
    labels: NDArray[np.int64],
    lead: int,
    strength: float,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    follows = rng.random(moments.size) < strength
    moves = np.diff(np.log(company.close * company.split_factor), prepend=np.nan)
    rows = np.searchsorted(company.known_at, moments) + lead
    inside = (rows > 0) & (rows < moves.size)
    signs = np.where(moves[np.clip(rows, 0, moves.size - 1)] > 0, 0, 2)
    found: NDArray[np.int64] = np.where(follows & inside, signs, labels)
    return found


def _written(
    company: Company,
    source: NDArray[np.int64],
    published: NDArray[np.datetime64],
    events: NDArray[np.int64],
    labels: NDArray[np.int64],
    kinds: NDArray[np.float64],
    rng: np.random.Generator,
) -> News:
    import pandas as pd

    # Drawn for each occasion, so that a syndicated copy says the same.
    count = events.size
    style, first_house = rng.integers(0, 2, count), rng.integers(0, len(PUBLISHERS), count)
    rated, right = rng.random(count) < _VENDOR_RATES, rng.random(count) < _VENDOR_RIGHT
    other_label, sizes = rng.integers(0, len(LABELS), count), rng.integers(15, 20, count)
    others = rng.integers(1, _OTHERS + 1, (count, 20))
    rows, truths = [], []
    for position, row in enumerate(source.tolist()):
        is_copy = position >= count
        is_roundup, is_tagged = kinds[row] < _ROUNDUPS, not _ROUNDUPS <= kinds[row] < _ROUNDUPS + _UNTAGGED
        label: Label = "neutral" if is_roundup else LABELS[labels[row]]
        event = "roundup" if is_roundup else EVENTS[events[row]]
        house = PUBLISHERS[(int(first_house[row]) + is_copy) % len(PUBLISHERS)]
        name = f"{company.symbol} Corp"
        if is_roundup:
            title = ROUNDUPS[row % len(ROUNDUPS)]
            body = f"Among the shares that traders discuss is {name}."
        else:
            title = HEADLINES[EVENTS[events[row]], label][style[row]].format(name=name)
            body = BODIES[label]
        if not is_tagged:
            title, body = title.replace(name, "Supplier of a partner"), f"{body} The note also mentions {name}."
        given = [f"SYN{number:03}" for number in others[row, : sizes[row]].tolist()] if is_roundup else []
        about = [company.symbol, *(each for each in dict.fromkeys(given) if each != company.symbol)]
        identity = f"{company.symbol}-{row:05}{'-b' if is_copy else ''}"
        rows.append(
            {
                "id": identity,
                "title": title,
                "publisher": house,
                "author": "Desk",
                "url": f"https://news.invalid/{identity.lower()}",
                "description": body,
                "keywords": f"shares|{company.sector.removeprefix('SYN-').lower()}",
                "tickers": "|".join(about) if is_tagged else None,
                "vendor_sentiment": _rating(label, LABELS[other_label[row]], bool(right[row])) if rated[row] else None,
            }
        )
        truths.append((identity, label, event, f"{company.symbol}-{row:05}", is_roundup, is_tagged))
    table = pd.DataFrame(rows).assign(published_utc=stamps(published))
    known = pd.DataFrame(truths, columns=["id", "label", "event", "same_as", "is_roundup", "is_tagged"])
    return News(table=table.sort_values("published_utc", kind="stable", ignore_index=True), truth=known.set_index("id"))


def _rating(label: Label, other: Label, is_right: bool) -> Label:
    return label if is_right else other
