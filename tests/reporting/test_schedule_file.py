"""schedule.toml: what it may say, and errors that name line, key, what was found and what is expected."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from investiq.core.errors import ConfigError
from investiq.notify.targets import Target
from investiq.reporting.cron_lines import cron_lines
from investiq.reporting.schedule_file import find_schedule, read_schedules, schedule_path

GOOD = """# One report.
[[report]]
name = "daily"
template = "symbol_analysis"
when = "30 min after close"
parameters = { symbol = "^IXIC" }
max_age_sessions = 0
deliver = ["email:desk@example.com"]

[[report]]
name = "monthly"
template = "market_overview"
when = "first session of month 30 min after close"
enabled = false
"""


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "schedule.toml"
        path.write_text(text)
        return path

    return write


def test_every_schedule_is_read_with_its_defaults(written):
    daily, monthly = read_schedules(written(GOOD))
    assert (daily.name, daily.parameters, daily.fresh_symbols) == ("daily", {"symbol": "^IXIC"}, ("^IXIC",))
    assert daily.deliver == (Target("email", "desk@example.com"),)
    assert (daily.retries, daily.exports, daily.enabled) == (2, ("html",), True)
    assert (monthly.enabled, monthly.max_age_sessions) == (False, None)


@pytest.mark.parametrize(
    ("line", "new", "number", "complaint"),
    [
        ('when = "30 min after close"', 'when = "30 min after closing"', 5, "when: expected .*found '30 min after closing'"),
        ('template = "symbol_analysis"', 'template = "symbol_analisys"', 4, "template: .*did you mean 'symbol_analysis'"),
        ("max_age_sessions = 0", "max_age_session = 0", 7, "max_age_session: unknown key; did you mean 'max_age_sessions'"),
        ("max_age_sessions = 0", "retries = -1", 7, "retries: expected a whole number from 0 to 20, found -1"),
        ("max_age_sessions = 0", "retries = true", 7, "retries: expected a whole number from 0 to 20, found True"),
        ('{ symbol = "^IXIC" }', "{ symbol = 5 }", 6, "parameters: .*symbol must be a text, was 5"),
        ('{ symbol = "^IXIC" }', '{ symbl = "A" }', 6, "parameters: .*did you mean 'symbol'"),
        ("max_age_sessions = 0", 'exports = ["pfd"]', 7, r"exports: expected a list of html, pdf.*did you mean 'pdf'"),
        ("max_age_sessions = 0", 'time_zone = "America/New_Yrok"', 7, "time_zone: .*did you mean 'America/New_York'"),
        ("max_age_sessions = 0", 'calendar = "XNYX"', 7, "calendar: unknown exchange calendar 'XNYX'"),
        ('["email:desk@example.com"]', '["mail:desk"]', 8, "deliver: .*did you mean 'email'"),
        ('name = "daily"', 'name = "Daily!"', 3, "name: expected small letters"),
        ('name = "monthly"', 'name = "daily"', 11, "name: .*found 'daily' a second time"),
        ('template = "market_overview"\n', "", 10, "template: missing; expected"),
        ("enabled = false", "max_age_sessions = 1", 14, "max_age_sessions: .*name some under fresh_symbols"),
    ],
)  # fmt: skip
def test_an_error_names_its_line_the_key_what_was_found_and_expected(written, line, new, number, complaint):
    assert line in GOOD
    with pytest.raises(ConfigError, match=rf"schedule.toml, line {number}, report '[\w!]+': {complaint}"):
        read_schedules(written(GOOD.replace(line, new)))


def test_what_is_no_toml_or_no_list_of_reports_is_told(written, tmp_path):
    with pytest.raises(ConfigError, match=r"is no TOML: .*line 2"):
        read_schedules(written('[[report]]\nname = "a\n'))
    with pytest.raises(ConfigError, match=r"expected \[\[report\]\], in two brackets each"):
        read_schedules(written('[report]\nname = "a"\n'))
    with pytest.raises(ConfigError, match="found 'reports'; did you mean 'report'"):
        read_schedules(written('[[reports]]\nname = "a"\n'))
    with pytest.raises(ConfigError, match="cannot read the schedules in"):
        read_schedules(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="no schedule is called 'dayly'; did you mean 'daily'"):
        find_schedule("dayly", written(GOOD))


def test_what_the_project_switches_on_needs_no_network_and_no_key():
    schedules = read_schedules(schedule_path())
    switched_on = [each for each in schedules if each.enabled]
    assert len(switched_on) >= 3
    assert not any(each.deliver or each.max_age_sessions is not None for each in switched_on)


def test_cron_asks_at_every_time_in_question(written, tmp_path):
    winter = datetime(2024, 1, 2, tzinfo=UTC)
    about, line = cron_lines(read_schedules(written(GOOD)), winter, tmp_path, ZoneInfo("UTC"))
    assert about == "# daily: 30 min after close"
    # Half an hour after 16:00 in New York: 21:30 UTC in winter, 20:30 in summer; after 13:00 on 3 July 17:30. The other
    # early closes of 2024, on 29 November and 24 December, lie beyond ten months, but for none: the list ends on 28 October.
    assert line.startswith(f"30 17,20,21 * * 1,2,3,4,5 cd {tmp_path} && ")
    assert line.endswith(" -m investiq report run-due daily")
