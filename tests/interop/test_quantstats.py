"""The QuantStats sheet: aligned, offline, and in agreement with our numbers."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.core.errors import DataError, InsufficientDataError, MissingDependencyError, ReportError
from investiq.interop.quantstats import quantstats_sheet, self_contained
from investiq.metrics.conventions import Convention
from investiq.metrics.ratios import sharpe_ratio

DAILY = Convention(periods_per_year=252.0, risk_free=0.02)


@pytest.fixture(scope="module")
def benchmark():
    bars = iq.load_bars("^GSPC", start="2014-12-31")
    return pd.Series(np.diff(bars.close) / bars.close[:-1], index=bars.index[1:], name="Buy and hold")


@pytest.fixture(scope="module")
def returns(benchmark):
    # Flat for the first 60 sessions: what a warm-up looks like.
    return benchmark.where(np.arange(benchmark.size) >= 60, 0.0).mul(0.5).rename("Half <b>")


@pytest.fixture(scope="module")
def page(returns, benchmark, tmp_path_factory):
    path = tmp_path_factory.mktemp("sheet") / "sheet.html"
    quantstats_sheet(returns, path, benchmark, title="Half & half [SAMPLE]", periods_per_year=252.0, risk_free=0.02)
    return path.read_text(encoding="utf-8")


def row(page, name):
    cells = re.search(rf"<tr><td>{name}</td>(.*?)</tr>", page).group(1)
    return re.findall(r"<td>(.*?)</td>", cells)


def test_the_sheet_shows_both_columns_under_their_names_without_markup(page):
    # "Half <b>" without its signs
    assert "<th>Metric</th><th>Buy and hold</th><th>Half  b</th>" in page
    assert "Benchmark: BUY AND HOLD" in page
    assert "Half &amp; half [SAMPLE]" in page


def test_the_benchmark_is_drawn_and_measured(page, benchmark):
    # matplotlib leaves each legend text as a comment beside its glyphs.
    assert page.count("<!-- Buy and hold") >= 2
    # 1,006 sessions from 2015 to 2018: compounded return by hand.
    expected = float((1 + benchmark).prod() - 1) * 100
    assert float(row(page, "Cumulative Return")[0].rstrip("%")) == pytest.approx(expected, abs=0.01)


def test_its_sharpe_ratio_is_ours_although_the_series_starts_flat(page, returns):
    # The sheet prints two decimals.
    assert float(row(page, "Sharpe")[1]) == pytest.approx(sharpe_ratio(returns, DAILY), abs=0.005)


def test_quantstats_own_function_gives_our_sharpe_ratio(returns, tmp_path):
    table = tmp_path / "returns.parquet"
    returns.to_frame("returns").to_parquet(table)
    code = (
        "import sys, pandas, quantstats.stats\n"
        "print(repr(float(quantstats.stats.sharpe(pandas.read_parquet(sys.argv[1])['returns'], rf=0.02, periods=252))))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, str(table)], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) == pytest.approx(sharpe_ratio(returns, DAILY), rel=1e-10)


def test_the_sheet_refers_to_nothing_outside(page):
    assert not re.findall(r'(?:src|href)="(?!#)[^"]*"', page)
    assert not re.findall(r"@import|<script|<link|onload=", page)
    assert "default-src 'none'" in page


def test_links_scripts_and_the_favicon_are_taken_out_but_their_words_stay():
    page = (
        '<title>T</title><link rel="icon" href="https://x/y.ico"><script src="http://a">b</script>'
        '<body onload="save()"><a href="http://q.io" target="_blank">QuantStats</a> (v. 1)'
    )
    cleaned = self_contained(page, "A < B")
    assert cleaned.endswith("<body>QuantStats (v. 1)")
    assert "<title>A &lt; B</title>" in cleaned


def test_a_symbol_as_benchmark_is_refused(returns, tmp_path):
    with pytest.raises(DataError, match=r"was the string 'SPY', which QuantStats would download"):
        quantstats_sheet(returns, tmp_path / "never.html", "SPY", title="x", periods_per_year=252)


def test_a_benchmark_that_lacks_dates_is_refused(returns, benchmark, tmp_path):
    with pytest.raises(DataError, match="benchmark lacks 6 of the 1006 dates of returns, first 2015-01-02"):
        quantstats_sheet(returns, tmp_path / "never.html", benchmark.iloc[6:], title="x", periods_per_year=252)


def test_missing_returns_are_refused_not_filled(returns, tmp_path):
    broken = returns.copy()
    broken.iloc[3] = np.nan
    with pytest.raises(DataError, match="returns holds 1 NaN of 1006"):
        quantstats_sheet(broken, tmp_path / "never.html", title="x", periods_per_year=252)


def test_returns_that_never_vary_are_refused(returns, tmp_path):
    with pytest.raises(InsufficientDataError, match="did the strategy never trade"):
        quantstats_sheet(returns * 0.0, tmp_path / "never.html", title="x", periods_per_year=252)
    with pytest.raises(InsufficientDataError, match="needs 20 returns, returns has 5"):
        quantstats_sheet(returns.iloc[-5:], tmp_path / "never.html", title="x", periods_per_year=252)


def test_a_missing_package_says_how_to_install_it(returns, tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"run: python -m pip install quantstats$"):
        quantstats_sheet(returns, tmp_path / "never.html", title="x", periods_per_year=252)


def test_a_crash_of_quantstats_is_told_in_its_own_words(returns, tmp_path, monkeypatch):
    def run(*arguments, **options):
        return subprocess.CompletedProcess(arguments, 1, "", "Traceback\nKeyError: 'Strategy'\n")

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(ReportError, match="could not make its sheet: KeyError: 'Strategy'"):
        quantstats_sheet(returns, tmp_path / "never.html", title="x", periods_per_year=252)


def test_the_caller_does_not_import_quantstats(tmp_path):
    code = f"""
import sys
import investiq as iq
from investiq.interop.quantstats import quantstats_sheet
returns = iq.load_bars("^GSPC", start="2018").frame["close"].pct_change().iloc[1:]
quantstats_sheet(returns, {str(tmp_path / "sheet.html")!r}, title="x", periods_per_year=252)
print([name for name in ("quantstats", "matplotlib") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
