"""The data commands against a vendor on this machine: official client, real gate, real store."""

import json
import os
from datetime import UTC, datetime, timedelta

import pytest

from investiq.runtime import clock
from tests.servers.http import refused, server_error
from tests.servers.polygon import Polygon, bars

SUNDAY = datetime(2018, 12, 30, 12, tzinfo=UTC)


@pytest.fixture
def vendor(clean_environment, vendor_server, monkeypatch, vendor_time):
    with clock.fixed(SUNDAY):
        yield Polygon(vendor_server, monkeypatch)


def statuses(output):
    return [(row["symbol"], row["dataset"], row["status"]) for row in json.loads(output)["rows"]]


def test_fetch_stores_and_show_reads_without_asking_again(vendor, vendor_server, run):
    fetched = run("data", "fetch", "AAA", "BBB", "--start", "2018-12-03")
    assert fetched.exit_code == 0, fetched.output
    asked = len(vendor_server.requests)
    shown = run("data", "show", "AAA", "--start", "2018-12-03", "--json")
    assert shown.exit_code == 0, shown.output
    # Sessions of New York from 3 to 28 December 2018: 18, without the 5th (day of mourning) and the 25th.
    assert json.loads(shown.output)["bars"] == 18
    assert len(vendor_server.requests) == asked
    listed = {row["symbol"]: row for row in json.loads(run("data", "list", "--json").output)}
    assert (listed["AAA"]["provider"], listed["AAA"]["first"][:10]) == ("massive", "2018-12-03")


def test_a_failed_symbol_is_told_and_changes_the_exit_code(vendor, run):
    vendor.faults |= {"BBB": server_error(500), "CCC": refused()}
    outcome = run("data", "fetch", "AAA", "BBB", "CCC", "--start", "2018-12-03")
    assert outcome.exit_code == 6
    assert "not_entitled" in outcome.output
    assert run("data", "show", "AAA", "--start", "2018-12-03").exit_code == 0


def test_diff_tells_what_the_vendor_corrected(vendor, run):
    run("data", "fetch", "AAA", "--start", "2018-12-03")
    # On Monday the vendor corrects the close of 4 December, which was 333, to 333.33, and serves the rest as it was.
    corrected = bars("2018-12-03", "2018-12-28")
    assert corrected[1]["c"] == 333.0
    corrected[1]["c"] = 333.33
    vendor.faults["AAA"] = {"status": "OK", "results": corrected}
    with clock.fixed(SUNDAY + timedelta(days=1)):
        assert run("data", "fetch", "AAA", "--start", "2018-12-03", "--refresh").exit_code == 0
        outcome = run("data", "diff", "AAA", "2018-12-30")
        then = json.loads(run("data", "show", "AAA", "--recorded-by", "2018-12-30", "--json").output)
        now = json.loads(run("data", "show", "AAA", "--json").output)
    assert outcome.exit_code == 0, outcome.output
    # 0.33 of 333 is 0.10 %.
    assert "1 close of 2018-12-04 was corrected by 0.10 %" in outcome.output
    assert then["passport"]["SHA-256"] != now["passport"]["SHA-256"]
    assert "Corrections" not in then["passport"]
    assert now["passport"]["Corrections"].startswith("1 bar")


def test_no_vendor_and_no_symbol_are_told(run):
    outcome = run("data", "fetch", "AAPL")
    assert outcome.exit_code == 4
    assert "INVESTIQ_MASSIVE_API_KEY" in outcome.stderr
    assert run("data", "fetch").exit_code == 2


def test_the_key_appears_nowhere(vendor, run):
    vendor.faults |= {"BBB": refused()}
    outcome = run("--debug", "data", "fetch", "AAA", "BBB", "--start", "2018-12-03")
    assert os.environ["INVESTIQ_MASSIVE_API_KEY"] not in outcome.output + outcome.stderr


def test_a_symbol_without_bars_is_a_failure_and_one_without_actions_is_not(vendor, run):
    assert "Not ok" not in run("data", "fetch", "AAA", "--start", "2018-12-03").output
    vendor.spans["NOPE"] = ("2019-06-01", "2018-01-01")
    outcome = run("data", "fetch", "NOPE", "--start", "2018-12-03")
    assert outcome.exit_code == 6
    assert "empty" in outcome.output
