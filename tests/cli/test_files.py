"""A user's own file through the command line."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def rising(tmp_path):
    """80 XNYS sessions of 2014 on which the close rises by 1 a day from 100."""
    from investiq.core.calendar import session_dates

    days = session_dates("XNYS", np.datetime64("2014-01-02"), np.datetime64("2014-12-31"))[:80]
    close = 100.0 + np.arange(80)
    frame = pd.DataFrame(
        {
            "timestamp": days.astype("datetime64[D]").astype(str),
            "open": close,
            "high": close + 1,
            "low": close - 1,
            "close": close,
        }
    ).assign(volume=1_000_000)
    path = tmp_path / "mine.csv"
    frame.to_csv(path, index=False)
    return path


def test_a_file_is_backtested_like_any_symbol(run, rising):
    # Bought at the open of the second bar, 101, with all of 100,000; sold at the last close, 179: 179 / 101 - 1.
    command = ["backtest", "MINE", "--file", str(rising), "--price-basis", "as_traded", "-s", "buy_and_hold"]
    free = ["--weight", "1", "--lot", "none", "--commission-rate", "0", "--slippage-bps", "0", "--json"]
    done = run(*command, *free)
    assert done.exit_code == 0, done.stderr
    facts = {fact["label"]: fact["value"] for fact in json.loads(done.stdout)["facts"]}
    assert facts["Total return"] == pytest.approx(179 / 101 - 1, abs=1e-7)


def test_a_file_needs_its_price_basis(run, rising):
    done = run("analyze", "MINE", "--file", str(rising))
    assert done.exit_code == 2
    assert "--file needs --price-basis, one of as_traded" in done.stderr


def test_a_price_basis_without_a_file_is_a_usage_error(run):
    done = run("data", "show", "^GSPC", "--price-basis", "as_traded")
    assert done.exit_code == 2
    assert "name it with --file" in done.stderr


def test_bad_rows_of_a_file_end_with_code_3_and_line_numbers(run, rising):
    lines = rising.read_text().splitlines()
    lines[3] = lines[3].replace(",103.0,", ",90.0,")
    lines.append(lines[-1])
    rising.write_text("\n".join(lines))
    done = run("data", "show", "MINE", "--file", str(rising), "--price-basis", "as_traded")
    assert done.exit_code == 3
    assert "line 4: high 90 lies below low 101" in done.stderr
    assert "its stamp appears more than once" in done.stderr
    assert "Traceback" not in done.stderr


def test_naive_intraday_stamps_are_refused_without_a_time_zone(run, tmp_path):
    path = tmp_path / "minutes.csv"
    path.write_text(
        "timestamp,open,high,low,close,volume\n2014-01-02 09:30,10,11,9,10,5\n2014-01-02 09:31,10,11,9,10,5\n"
    )
    command = ["data", "show", "MINE", "--file", str(path), "--price-basis", "as_traded", "--interval", "1min"]
    done = run(*command)
    assert done.exit_code == 3
    assert "timezone" in done.stderr
    assert run(*command, "--timezone", "America/New_York").exit_code == 0


def test_foreign_dates_and_column_names_are_read_as_told(run, rising):
    frame = pd.read_csv(rising)
    frame["timestamp"] = pd.to_datetime(frame["timestamp"]).dt.strftime("%m/%d/%Y")
    frame.rename(columns={"timestamp": "Day", "close": "Last"}).to_csv(rising, index=False)
    told = ["--date-format", "%m/%d/%Y", "--column", "ts=Day", "--column", "close=Last"]
    done = run("data", "show", "MINE", "--file", str(rising), "--price-basis", "as_traded", *told, "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["newest"][-1]["close"] == 179.0


def test_a_column_without_its_name_is_a_usage_error(run, rising):
    done = run("data", "show", "MINE", "--file", str(rising), "--price-basis", "as_traded", "--column", "Last")
    assert done.exit_code == 2
    assert "--column takes NAME=COLUMN, such as close=Last, was 'Last'" in done.stderr
