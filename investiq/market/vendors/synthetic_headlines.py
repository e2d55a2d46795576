"""Sentences of invented news, by what happened and how it reads."""

from __future__ import annotations

from typing import Final, Literal

__all__ = ["BODIES", "EVENTS", "HEADLINES", "LABELS", "PUBLISHERS", "ROUNDUPS", "Label"]

Label = Literal["positive", "neutral", "negative"]
LABELS: Final[tuple[Label, ...]] = ("positive", "neutral", "negative")
EVENTS: Final = ("earnings", "guidance", "product", "legal", "deal", "analyst", "management", "operations")

PUBLISHERS: Final = ("Harbor Street Wire", "The Ledger Post", "Quayside Markets", "Northgate Business", "Tape & Bell")

# {name}: the company.
HEADLINES: Final[dict[tuple[str, Label], tuple[str, ...]]] = {
    ("earnings", "positive"): (
        "{name} beats profit estimates as sales surge",
        "{name} posts record quarterly earnings, topping forecasts",
    ),
    ("earnings", "neutral"): (
        "{name} reports quarterly results in line with estimates",
        "{name} publishes figures for the quarter",
    ),
    ("earnings", "negative"): (
        "{name} misses profit estimates as costs climb",
        "{name} earnings disappoint after weak quarter",
    ),
    ("guidance", "positive"): (
        "{name} raises full-year outlook on strong demand",
        "{name} lifts forecast and sees growth accelerating",
    ),
    ("guidance", "neutral"): ("{name} keeps its outlook for the year", "{name} repeats targets at investor day"),
    ("guidance", "negative"): (
        "{name} cuts full-year forecast, warns of weak demand",
        "{name} withdraws outlook and warns of losses",
    ),
    ("product", "positive"): (
        "{name} wins approval for its new product line",
        "{name} launch exceeds expectations with strong orders",
    ),
    ("product", "neutral"): ("{name} presents its product range for spring", "{name} to show prototypes at trade fair"),
    ("product", "negative"): (
        "{name} recalls product after safety failures",
        "{name} delays launch after defects are found",
    ),
    ("legal", "positive"): (
        "{name} wins dismissal of patent lawsuit",
        "{name} cleared by regulator after lengthy probe",
    ),
    ("legal", "neutral"): ("{name} hearing is set for next month", "{name} files comments on draft rules"),
    ("legal", "negative"): ("{name} faces fraud investigation by regulator", "{name} is sued over misleading accounts"),
    ("deal", "positive"): (
        "{name} wins major contract worth a year of sales",
        "{name} agrees profitable sale of a unit at a premium",
    ),
    ("deal", "neutral"): ("{name} completes purchase announced last year", "{name} in talks on a joint venture"),
    ("deal", "negative"): ("{name} loses its largest customer", "{name} takeover collapses, leaving heavy costs"),
    ("analyst", "positive"): (
        "{name} upgraded to buy on improving margins",
        "{name} target raised as analyst sees strong upside",
    ),
    ("analyst", "neutral"): ("{name} coverage resumed at hold", "{name} rating unchanged after analyst meeting"),
    ("analyst", "negative"): (
        "{name} downgraded to sell on slowing growth",
        "{name} target cut as analyst fears weak sales",
    ),
    ("management", "positive"): (
        "{name} hires celebrated executive to lead growth",
        "{name} rewards holders with higher dividend",
    ),
    ("management", "neutral"): ("{name} names director to its board", "{name} sets date of annual meeting"),
    ("management", "negative"): (
        "{name} chief resigns abruptly amid losses",
        "{name} suspends buyback as cash declines",
    ),
    ("operations", "positive"): (
        "{name} expands plant as orders hit record",
        "{name} reports efficiency gains and lower costs",
    ),
    ("operations", "neutral"): ("{name} moves headquarters across town", "{name} changes its logistics provider"),
    ("operations", "negative"): (
        "{name} halts plant after accident",
        "{name} to close sites and cut jobs as sales fall",
    ),
}
BODIES: Final[dict[Label, str]] = {
    "positive": "The company said the improvement was broad and that it expects strong progress to continue.",
    "neutral": "The company gave no further details and said that its plans have not changed.",
    "negative": "The company said the setback was serious and that it expects weak conditions to continue.",
}
ROUNDUPS: Final = ("Stocks to watch today", "Movers before the bell", "The week's most discussed shares")
