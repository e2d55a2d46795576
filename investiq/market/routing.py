"""Which provider is asked: a chain that may change vendor between series, never inside one."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Final

import numpy as np

from investiq.core.errors import ConfigError, DataError, near_matches
from investiq.core.notes import Note
from investiq.history.instants import label_text
from investiq.market.contract import Answer, Attempt, Request, Status, Vendor
from investiq.market.freshness import expected_last, is_behind
from investiq.runtime import clock
from investiq.runtime.settings import PREFIX, VENDORS, Settings, load_settings, old_names, vendor_name

__all__ = ["ask", "attempt_of", "chain", "feed_of", "keys_to_set", "no_vendor", "reasons_of", "stale_reason", "vendor"]

# Settings that make a vendor available; a vendor without keys is asked only where `providers` names it.
_KEYS: Final[dict[str, tuple[str, ...]]] = {
    "massive": ("massive_api_key",),
    "alpaca": ("alpaca_key_id", "alpaca_secret_key"),
    "alphavantage": ("alphavantage_api_key",),
    "twelvedata": ("twelvedata_api_key",),
    "finnhub": ("finnhub_api_key",),
    "yfinance": (),
}
_LOCAL: Final = {
    "sample": ("investiq.market.vendors.sample", "Sample"),
    "synthetic": ("investiq.market.vendors.synthetic", "Synthetic"),
}
# Where nobody answered, the answer that says most about what to do: a failure is never told as emptiness.
_TELLING: Final[tuple[Status, ...]] = ("stale", "rate_limited", "error", "not_entitled", "empty")


def chain(settings: Settings | None = None) -> tuple[Vendor, ...]:
    """Return the vendors that can be asked, in order: those of `settings.providers`, else every one with a key.

    Raises
    ------
    ConfigError
        If a vendor that `settings.providers` names has no key.
    """
    found = load_settings() if settings is None else settings
    for name in found.providers:
        if not _has_keys(name, found):
            raise ConfigError(
                f"INVESTIQ_PROVIDERS names {name}, which has no key; set {keys_to_set(name)}, or take {name} out"
            )
    with_keys = [name for name in VENDORS if _KEYS[name] and _has_keys(name, found)]
    return tuple(_built(name, found) for name in found.providers or with_keys)


def vendor(name: str, settings: Settings | None = None) -> Vendor:
    """Return one provider by its name, whether or not the chain holds it.

    Raises
    ------
    DataError
        If there is no such provider.
    ConfigError
        If it has no key.
    """
    name = vendor_name(name)
    if name in _LOCAL:
        module, kind = _LOCAL[name]
        local: Vendor = getattr(importlib.import_module(module), kind)()
        return local
    if name not in VENDORS:
        known = (*_LOCAL, *VENDORS)
        raise DataError(f"provider must be one of {', '.join(known)}, was {name!r}{near_matches(name, known)}")
    found = load_settings() if settings is None else settings
    if not _has_keys(name, found):
        raise ConfigError(f"{name} has no key; set {keys_to_set(name)}")
    return _built(name, found)


def feed_of(provider: str) -> str | None:
    """Return the feed that the settings choose of a provider with several, else None: any."""
    if provider != "alpaca":
        return None
    return load_settings().alpaca_feed


def ask(request: Request, provider: str | None = None, *, vendors: Sequence[Vendor] | None = None) -> Answer:
    """Return the answer of the first vendor that has the whole series up to the expected bar.

    A vendor that fails, has nothing, or lacks the newest bars is followed by
    the next one, which is asked for the whole series: two vendors never meet
    in one. If all lack the newest bars, the one that goes furthest answers, as
    ``"stale"`` with a note. No vendor's failure is answered from sample or
    synthetic data.

    Parameters
    ----------
    request : Request
    provider : str, optional
        Ask this one and no other.
    vendors : sequence of Vendor, optional
        By default those of `chain`.

    Returns
    -------
    Answer
        With the attempts before it. Where nobody had rows, the answer that
        says most about what to do next; ``"empty"`` only if all were.

    Raises
    ------
    ConfigError
        If no vendor is configured, or none of them serves the dataset.
    """
    asked = _asked(request, provider, vendors)
    answers: list[Answer] = []
    for each in asked:
        answer = _judged(each.fetch(request))
        answers.append(answer)
        if answer.status == "ok":
            break
    best = answers[-1] if answers[-1].status == "ok" else _most_telling(answers)
    others = tuple(attempt_of(answer) for answer in answers if answer is not best)
    return _with_notes(dataclasses.replace(best, attempts=others), _remarks(best, others))


def reasons_of(answer: Answer) -> str:
    """Return what each vendor said, in one sentence."""
    said = [*answer.attempts, attempt_of(answer)]
    return "; ".join(f"{each.provider}: {each.status} ({each.reason})" for each in said if each.status != "ok")


def stale_reason(answer: Answer, grace: timedelta | None = None) -> str:
    """Return which bar is missing at the end of an answer's bars, or an empty text.

    Measured against the calendar's expected last bar, not against the clock:
    neither a night nor a holiday makes a series stale.
    """
    request, payload = answer.request, answer.payload
    if request.dataset != "bars" or payload is None or not len(payload.table):
        return ""
    expected = expected_last(
        payload.calendar,
        request.interval,
        clock.now(),
        delay=payload.delay,
        settle=payload.settle,
        grace=timedelta(minutes=load_settings().freshness_minutes) if grace is None else grace,
        end=request.end,
    )
    last = _last_label(answer)
    if (request.start is not None and expected < request.start) or not is_behind(last, expected, request.interval):
        return ""
    found, wanted = (label_text(label, request.interval) for label in (last, expected))
    return f"newest {request.symbol} bar from {answer.provider} is {found}, expected {wanted}"


def keys_to_set(name: str) -> str:
    """Return the variables that make a vendor available, in words."""
    if not _KEYS[name]:
        return f"INVESTIQ_PROVIDERS={name}"
    return " and ".join(f"{PREFIX}{each.upper()}" for each in _KEYS[name])


def no_vendor() -> str:
    """Return that no vendor can be asked, and the keys of which one is needed."""
    each_with_key = ", ".join(keys_to_set(name) for name in VENDORS)
    return f"no vendor is configured; set the key of one: {each_with_key}"


def _has_keys(name: str, settings: Settings) -> bool:
    return all(getattr(settings, each) is not None for each in _KEYS[name])


@lru_cache(maxsize=32)
def _built(name: str, settings: Settings) -> Vendor:
    # One adapter for all callers, so that they share its connections.
    built: Vendor = importlib.import_module(f"investiq.market.vendors.{name}").from_settings(settings)
    return built


def _asked(request: Request, provider: str | None, vendors: Sequence[Vendor] | None) -> list[Vendor]:
    if provider is not None:
        return [vendor(provider)]
    configured = chain() if vendors is None else tuple(vendors)
    if not configured:
        raise ConfigError(no_vendor())
    able = [each for each in configured if not each.refusal(request)]
    if not able:
        raise ConfigError("; ".join(each.refusal(request) for each in configured))
    return able


def _judged(answer: Answer) -> Answer:
    if answer.status != "ok" or not (reason := stale_reason(answer)):
        return answer
    note = Note(code="stale", text=f"{reason}: the newest bars are missing")
    return _with_notes(dataclasses.replace(answer, status="stale", reason=reason), (note,))


def _most_telling(answers: Sequence[Answer]) -> Answer:
    def rank(answer: Answer) -> tuple[int, int]:
        newest = int(_last_label(answer).astype(np.int64)) if answer.status == "stale" else 0
        return _TELLING.index(answer.status), -newest

    return min(answers, key=rank)


def _last_label(answer: Answer) -> np.datetime64:
    stamps = answer.table["ts"]
    last: np.datetime64 = stamps.max().tz_convert(None).to_datetime64().astype("datetime64[us]")
    return last


def attempt_of(answer: Answer) -> Attempt:
    """Return an answer as an attempt on the way to another one."""
    return Attempt(provider=answer.provider, status=answer.status, reason=answer.reason, elapsed=answer.elapsed)


def _remarks(answer: Answer, others: Sequence[Attempt]) -> tuple[Note, ...]:
    notes = []
    if answer.is_usable and others:
        told = "; ".join(f"{each.provider}: {each.status} ({each.reason})" for each in others)
        text = f"{answer.request.symbol}: {answer.provider} answered the whole series, others did not: {told}"
        notes.append(Note(code="provider_fallback", text=text))
    if answer.provider == "massive":
        notes += [
            Note(code="old_variable_name", text=f"{old} is an old name; set {new} instead", severity="info")
            for old, new in old_names()
        ]
    return tuple(notes)


def _with_notes(answer: Answer, notes: Sequence[Note]) -> Answer:
    if answer.payload is None or not notes:
        return answer
    payload = dataclasses.replace(answer.payload, notes=(*answer.payload.notes, *notes))
    return dataclasses.replace(answer, payload=payload)
