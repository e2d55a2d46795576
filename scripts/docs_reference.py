"""The API reference of the site: one page for each topic, with a line for every name at its top, from the docstrings."""

from __future__ import annotations

import importlib
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import investiq as iq
from investiq.core.result import Result

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PACKAGES: Final = ("strategies", "indicators", "metrics", "figures", "widgets")
RESULTS: Final = "results"
# Pages of `iq.` names: the name of the page, its title, and the modules whose names it has. The first that fits counts;
# what fits none goes by its package to the page that holds the package as a whole.
TOPICS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "data": (
        "Data",
        ("history", "market.loading", "market.panel_loading", "market.histories", "market.record_loading", "market.bundled",
         "market.vendors"),
    ),
    "quality": ("Quality of data", ("market.quality", "market.action_lab", "market.comparing", "market.validating", "market.surveying")),
    "markets": ("Vendors, symbols and live bars", ("market",)),
    "analysis": ("Analysis", ("analysis", "engines", "metrics.correlation")),
    "trades": ("Review of trades", ("backtesting.trade_",)),
    "luck": ("Is it luck?", ("metrics", "auditing", "backtesting.trials", "backtesting.comparing", "interop.cross_checking")),
    "libraries": ("Other libraries", ("interop", "execution.presets")),
    "reports": ("Reports and replay", ("reporting", "backtesting.replaying", "backtesting.result")),
    "backtests": ("Backtests", ("backtesting", "execution", "core")),
}  # fmt: skip
# How the names of a large package are put together: a heading and the modules below it. The modules that no heading
# names stand below their own first line.
HEADINGS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "metrics": {
        "The whole table, and conventions": ("measuring", "conventions", "performance"),
        "Returns and growth": ("returns", "growth", "rolling", "shape"),
        "Ratios": ("ratios", "autocorrelated_sharpe", "drawdown_ratios"),
        "Drawdowns": ("drawdowns", "drawdown_events", "drawdown_risk"),
        "Against a benchmark, and factors": ("relative", "market_model", "factors", "factor_result", "regression", "correlation"),
        "Trades": (
            "trades", "trade_expectancy", "trade_excursions", "trade_groups", "trade_streaks", "trade_times", "trade_bootstrap",
        ),
        "What a Sharpe ratio proves": (
            "assessing", "assessment", "sharpe_inference", "sharpe_comparison", "track_record", "deflation", "trial_counting",
        ),
        "Resampling": ("bootstrap", "bootstrap_result", "block_length", "resampling", "path_simulation"),
        "Overfitting, snooping and splits": (
            "overfitting", "overfitting_result", "snooping", "snooping_result", "multiple_testing", "degradation", "splits",
            "purged_splits", "information", "information_result",
        ),
        "Volatility and states": (
            "realised_volatility", "conditional_volatility", "garch_fit", "markov", "markov_result", "jumps",
        ),
        "Tail risk": ("tail", "tail_tests", "exceedances", "filtered_tail"),
        "Persistence": ("persistence", "hurst", "mean_reversion"),
        "Options": ("black_scholes",),
    },
    "indicators": {
        "Trend": ("trend", "direction", "ichimoku_cloud"),
        "Momentum": ("momentum", "oscillators"),
        "Volatility and bands": ("volatility", "bands"),
        "Volume": ("volume", "money_flow", "weighted_prices", "profiles"),
        "Levels": ("levels", "pivots", "retracements"),
        "Structure and candles": ("swings", "structure", "divergences", "candles"),
        "Longer timeframes": ("timeframes",),
        "Filters": ("filters", "kalman_filters", "kalman_fitting", "kalman_fit", "state_space"),
    },
    "strategies": {
        "Write one": ("base", "rebuilding"),
        "Strategies of one symbol": (
            "buy_and_hold", "breakout", "crossover", "donchian_trend", "trend_crossover", "momentum", "mean_reversion",
            "opening_range",
        ),
        "From scores and odds": ("engine_view", "odds", "agents", "regimes"),
        "Strategies of strategies": ("ensemble", "routed", "timeframe", "gates", "brackets"),
        "Sizes": ("sized", "sizing", "kelly"),
        "Portfolios": ("alphas", "weighting", "baselines", "portfolio_costs"),
    },
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A public name, and where its docstring is."""

    name: str
    value: Any

    @property
    def module(self) -> str:
        """The module that defines it, below ``investiq``."""
        return str(getattr(self.value, "__module__", "")).removeprefix("investiq.")

    @property
    def path(self) -> str:
        """Where mkdocstrings finds it."""
        return f"investiq.{self.module}.{getattr(self.value, '__qualname__', self.name)}"

    @property
    def has_entry(self) -> bool:
        """Whether it is a function or a class, which have a docstring of their own."""
        return callable(self.value) and self.module != ""

    @property
    def summary(self) -> str:
        """The first sentence of its docstring, on one line; of a constant its value."""
        if not self.has_entry:
            return f"`{self.value!r}`"
        paragraph = " ".join((self.value.__doc__ or "").strip().split("\n\n")[0].split())
        sentence = re.split(r"(?<=[.?!])\s+(?=[A-Z`])", paragraph)[0]
        return re.sub(r"\s*\[\d+\]_", "", sentence).replace("``", "`").replace("|", "\\|")


def pages() -> Iterator[tuple[str, str]]:
    """Yield the path and the text of every page."""
    topics = by_topic()
    yield "api/index.md", overview(topics)
    for topic, entries in topics.items():
        yield f"api/{topic}.md", page(TOPICS[topic][0], f"Names of `iq`: {title_of(topic)}.", {"": entries})
    for name in PACKAGES:
        package = importlib.import_module(f"investiq.{name}")
        entries = [Entry(name=each, value=getattr(package, each)) for each in sorted(package.__all__)]
        yield f"api/{name}.md", page(f"iq.{name}", first_line(package.__doc__), grouped(name, entries))
    yield f"api/{RESULTS}.md", page("Results", RESULTS_WORDS, {"": results(topics)})


RESULTS_WORDS: Final = (
    "What the functions return. Every result prints as text, shows itself as a card in a notebook, has `notes`, "
    "`provenance`, `to_frame()` and `figure()`; the members below are those of each kind."
)


def by_topic() -> dict[str, list[Entry]]:
    """Return the names of `iq` by the page that has them."""
    found: dict[str, list[Entry]] = {topic: [] for topic in TOPICS}
    for name in sorted(iq.__all__, key=str.lower):
        if name not in PACKAGES:
            entry = Entry(name=name, value=getattr(iq, name))
            found[topic_of(entry.module)].append(entry)
    return found


def topic_of(module: str) -> str:
    """Return the page of a module's names; the longest beginning counts."""
    fits = {
        beginning: topic
        for topic, (_, beginnings) in TOPICS.items()
        for beginning in beginnings
        if module.startswith(beginning)
    }
    if not fits:
        raise SystemExit(f"no page of the API reference has names of investiq.{module}: add it to TOPICS in {__file__}")
    return fits[max(fits, key=len)]


def title_of(topic: str) -> str:
    """Return the title of a page within a sentence."""
    title = TOPICS[topic][0].rstrip("?")
    return title[0].lower() + title[1:]


def grouped(package: str, entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    """Return the names of a package below headings."""
    if package not in HEADINGS:
        return {"": list(entries)}
    headings = HEADINGS[package]
    found: dict[str, list[Entry]] = {heading: [] for heading in headings}
    for entry in entries:
        stem = entry.module.rpartition(".")[2]
        heading = next((each for each, stems in headings.items() if stem in stems), None)
        if heading is None and entry.has_entry:
            heading = first_line(sys.modules[f"investiq.{entry.module}"].__doc__).split(":")[0].rstrip(".")
        found.setdefault(heading or "Constants", []).append(entry)
    return {heading: names for heading, names in found.items() if names}


def results(topics: dict[str, list[Entry]]) -> list[Entry]:
    """Return the kinds of results that no other page has."""
    listed = {entry.path for entries in topics.values() for entry in entries}
    for package in map(importlib.import_module, [f"investiq.{name}" for name in PACKAGES]):
        listed |= {Entry(name=name, value=getattr(package, name)).path for name in package.__all__}
    kinds, waiting = [], [Result]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if (
            kind not in listed
            and kind not in kinds
            and kind.__module__.startswith("investiq.")
            and kind.__name__[0] != "_"
        ):
            kinds.append(kind)
    return [
        Entry(name=kind.__name__, value=kind)
        for kind in sorted(kinds, key=lambda kind: (kind is not Result, kind.__name__))
    ]


def overview(topics: dict[str, list[Entry]]) -> str:
    """Return the first page: every name of `iq` with its line, and the packages."""
    lines = [
        "# API reference\n",
        "Everything that `import investiq as iq` offers, by topic. Names load on first use.\n",
    ]
    for topic, entries in topics.items():
        lines += [f"## [{TOPICS[topic][0]}]({topic}.md)\n", *table(entries, "iq.")]
    lines += ["## Packages\n", "| | |", "|---|---|"]
    for name in PACKAGES:
        package = importlib.import_module(f"investiq.{name}")
        lines.append(f"| [`iq.{name}`]({name}.md) | {first_line(package.__doc__)} {len(package.__all__)} names. |")
    lines.append(f"| [Results]({RESULTS}.md) | What the functions return. |")
    return "\n".join(lines) + "\n"


def page(title: str, words: str, groups: dict[str, list[Entry]]) -> str:
    """Return a page: a table of its names, then their entries; below headings where it has several."""
    lines = [f"# {title}\n", f"{words}\n"]
    for heading, entries in groups.items():
        lines += [f"**{heading}**\n"] * bool(heading) + table(entries)
    for heading, entries in groups.items():
        level = 3 if heading else 2
        lines += [f"## {heading}\n"] * bool(heading)
        lines += [directive(entry, level) for entry in entries if entry.has_entry]
    return "\n".join(lines) + "\n"


def table(entries: Sequence[Entry], before: str = "") -> list[str]:
    """Return one line for each name, linked to its entry."""
    lines = ["| | |", "|---|---|"]
    for entry in entries:
        shown = f"[`{before}{entry.name}`][{entry.path}]" if entry.has_entry else f"`{before}{entry.name}`"
        lines.append(f"| {shown} | {entry.summary} |")
    return [*lines, ""]


def directive(entry: Entry, level: int) -> str:
    """Return what mkdocstrings replaces by the entry; of a class with its members."""
    members = "null" if isinstance(entry.value, type) else "false"
    return f"::: {entry.path}\n    options:\n      heading_level: {level}\n      members: {members}\n"


def first_line(text: str | None) -> str:
    """Return the first line of a docstring."""
    return (text or "").strip().split("\n")[0]
