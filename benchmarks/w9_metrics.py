"""W9: the full table of metrics of a daily series, against quantstats' full table and empyrical's ten functions.

Equal values first: the lines whose definitions agree, under the profile of each
library. quantstats keeps prepared returns in a cache between calls; each of its
rounds gets a series that differs in one value, as a second fund would.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

import investiq as iq
from benchmarks import common
from investiq.metrics.measuring import Measures

YEARS = 20
OURS = "InvestIQ, iq.measure"
OURS_BOTH = "InvestIQ, iq.measure with a benchmark"
QUANTSTATS = "quantstats, full table"
QUANTSTATS_BOTH = "quantstats, full table with a benchmark"
EMPYRICAL = "empyrical, ten functions"


def main() -> str:
    """Return the tables as Markdown; values are checked first."""
    returns, benchmark = sample()
    checked = check(returns)
    timings = common.interleaved(peers(returns, benchmark), rounds=5)
    ours = iq.measure(returns, periods_per_year=252)
    common.save("w9_metrics", {"seconds": {name: timing._asdict() for name, timing in timings.items()}})
    alone, both = (
        timings[theirs].median / timings[mine].median
        for theirs, mine in ((QUANTSTATS, OURS), (QUANTSTATS_BOTH, OURS_BOTH))
    )
    return "\n".join(
        [
            f"## W9: the full table of metrics, {returns.size:,} daily returns",
            "",
            f"{checked} lines are equal to 1e-9 under the profiles of the two. Ours has {len(ours.facts())} lines.",
            "",
            common.markdown(timings, OURS),
            "",
            f"quantstats' full table takes {alone:.0f} times as long, with a benchmark {both:.0f} times.",
        ]
    )


def sample() -> tuple[pd.Series, pd.Series]:
    """Return 20 years of daily returns of two sample indexes, on their common days."""
    closes = {symbol: iq.load_bars(symbol).adjusted().frame["close"] for symbol in ("^IXIC", "^GSPC")}
    both = pd.DataFrame(closes).dropna().pct_change().iloc[1:]
    naive = both.tz_localize(None)  # quantstats drops the zone itself, with a copy
    return naive["^IXIC"], naive["^GSPC"]


def peers(returns: pd.Series, benchmark: pd.Series) -> dict[str, Callable[[], object]]:
    """Return the engines by name."""
    import empyrical
    import quantstats

    number = count(1)
    ten = (
        empyrical.cum_returns_final,
        empyrical.annual_return,
        empyrical.annual_volatility,
        empyrical.sharpe_ratio,
        empyrical.sortino_ratio,
        empyrical.calmar_ratio,
        empyrical.omega_ratio,
        empyrical.max_drawdown,
        empyrical.tail_ratio,
        empyrical.stability_of_timeseries,
    )

    def fresh() -> pd.Series:
        other = returns.copy()
        other.iloc[0] += 1e-9 * next(number)
        return other

    def full(benchmark: pd.Series | None = None) -> object:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its own use of pandas
            return quantstats.reports.metrics(fresh(), benchmark=benchmark, mode="full", display=False)

    return {
        OURS: lambda: iq.measure(fresh(), periods_per_year=252),
        OURS_BOTH: lambda: iq.measure(fresh(), benchmark, periods_per_year=252),
        QUANTSTATS: full,
        QUANTSTATS_BOTH: lambda: full(benchmark),
        EMPYRICAL: lambda: [function(returns) for function in ten],
    }


def check(returns: pd.Series) -> int:
    """Return the number of lines compared; stop at one that differs."""
    import empyrical
    import quantstats

    stats = quantstats.stats
    expected = {
        "quantstats": {
            "CAGR": stats.cagr(returns),
            "Volatility": stats.volatility(returns),
            "Sharpe ratio": stats.sharpe(returns),
            "Sortino ratio": stats.sortino(returns),
            "Calmar ratio": stats.calmar(returns),
            "Omega ratio": stats.omega(returns),
            "Gain-to-pain ratio": stats.gain_to_pain_ratio(returns),
            "Ulcer index": stats.ulcer_index(returns),
            "Max drawdown": stats.max_drawdown(returns),
            "Skewness": stats.skew(returns),
            "Excess kurtosis": stats.kurtosis(returns),
            "Tail ratio": stats.tail_ratio(returns),
            "Best month": stats.best(returns, aggregate="ME"),
            "Worst month": stats.worst(returns, aggregate="ME"),
            "Best year": stats.best(returns, aggregate="YE"),
            "Worst year": stats.worst(returns, aggregate="YE"),
        },
        "empyrical": {
            "Total return": empyrical.cum_returns_final(returns),
            "CAGR": empyrical.annual_return(returns),
            "Volatility": empyrical.annual_volatility(returns),
            "Sharpe ratio": empyrical.sharpe_ratio(returns),
            "Sortino ratio": empyrical.sortino_ratio(returns),
            "Calmar ratio": empyrical.calmar_ratio(returns),
            "Omega ratio": empyrical.omega_ratio(returns),
            "Max drawdown": empyrical.max_drawdown(returns),
            "Tail ratio": empyrical.tail_ratio(returns),
            "Downside deviation": empyrical.downside_risk(returns),
        },
    }
    for profile, lines in expected.items():
        ours: Measures = iq.measure(returns, convention=profile, periods_per_year=252)
        for label, value in lines.items():
            np.testing.assert_allclose(ours[label], value, rtol=1e-9, err_msg=f"{label} of {profile}")
    return sum(len(lines) for lines in expected.values())


if __name__ == "__main__":
    print(main())
