"""A line of a template's parameters, and the values that fit it."""

from __future__ import annotations

import math

import pytest

from investiq.core.errors import ReportError
from investiq.reporting.parameters import read_line

COST = "cost_bps: float = 5.0  # [bps; 0 to 1000] slippage of each side"
WINDOW = "window: int = 20  # [bars; at least 2] length"
SHARE = "share: float = 0.5  # [fraction; above 0 to 1] of capital"
THEME = 'theme: str = "light"  # [light | dark] of the page'
AS_OF = 'as_of: str = ""  # [date] last day; empty is the newest'
SYMBOL = 'symbol: str = "^GSPC"  # [symbol] what to report on'
FOLDED = "folded: bool = False  # [yes | no] whether tables are closed"
STOP = "stop: float | None = None  # [fraction; 0 to 1] below the entry"


def test_a_line_declares_type_default_unit_range_and_words():
    cost = read_line(COST)
    assert (cost.name, cost.kind, cost.default, cost.unit) == ("cost_bps", "float", 5.0, "bps")
    assert (cost.low, cost.high, cost.words) == (0.0, 1000.0, "slippage of each side")
    window = read_line(WINDOW)
    assert (window.low, window.high, window.allowed) == (2.0, math.inf, "at least 2")
    assert read_line(THEME).choices == ("light", "dark")
    assert read_line(SHARE).allowed == "above 0 to 1"
    assert read_line(STOP).is_optional


@pytest.mark.parametrize(
    ("line", "value", "given"),
    [
        (COST, 0, 0.0),
        (COST, 1000.0, 1000.0),
        (WINDOW, 2, 2),
        (SHARE, 1, 1.0),
        (THEME, "dark", "dark"),
        (AS_OF, "", ""),
        (AS_OF, "2018-12-31", "2018-12-31"),
        (AS_OF, "2018-12-31T21:00:00+00:00", "2018-12-31T21:00:00+00:00"),
        (SYMBOL, "NOSUCH", "NOSUCH"),  # whether it exists is known to the run
        (FOLDED, True, True),
        (STOP, None, None),
    ],
)
def test_a_value_that_fits_is_passed_on(line, value, given):
    found = read_line(line).check(value)
    assert found == given
    assert type(found) is type(given)


@pytest.mark.parametrize(
    ("line", "value", "message"),
    [
        (COST, -0.1, r"cost_bps must be a number \(bps\), 0 to 1000, was -0.1"),
        (COST, 1000.5, "0 to 1000"),
        (COST, math.nan, "was nan"),
        (COST, "5", "was '5' of type str"),
        (COST, True, "was True of type bool"),
        (COST, None, "was None of type NoneType"),
        (WINDOW, 1, r"a whole number \(bars\), at least 2, was 1"),
        (WINDOW, 20.0, "was 20.0 of type float"),
        (SHARE, 0, "above 0 to 1, was 0"),
        (THEME, "drak", "theme must be one of light, dark, was 'drak'; did you mean 'dark'"),
        (AS_OF, "31.12.2018", "as_of must be a date such as '2018-12-31', was '31.12.2018'"),
        (SYMBOL, "", "symbol must be one symbol"),
        (SYMBOL, "^GSPC ^DJI", "symbol must be one symbol"),
        (FOLDED, "yes", "folded must be true or false, was 'yes' of type str"),
        (STOP, 1.5, "0 to 1, or none, was 1.5"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_what_would(line, value, message):
    with pytest.raises(ReportError, match=message):
        read_line(line).check(value)


@pytest.mark.parametrize(
    ("line", "text", "value"),
    [
        (COST, "2.5", 2.5),
        (WINDOW, "30", 30),
        (THEME, "dark", "dark"),
        (FOLDED, "Yes", True),
        (FOLDED, "false", False),
        (STOP, "none", None),
        (STOP, "0.05", 0.05),
        (SYMBOL, "none", "none"),
    ],
)
def test_a_text_of_the_command_line_becomes_a_value_of_the_declared_type(line, text, value):
    found = read_line(line).read(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(("line", "text"), [(COST, "5 bps"), (WINDOW, "20.5"), (FOLDED, "perhaps"), (COST, "none")])
def test_a_text_that_means_no_such_value_is_refused(line, text):
    with pytest.raises(ReportError, match=f"must be .*, was '{text}'"):
        read_line(line).read(text)


def test_a_file_must_be_there(tmp_path):
    parameter = read_line('result_file: str = ""  # [file] a backtest')
    with pytest.raises(ReportError, match=r"result_file must name a file that is there, was 'gone\.iq'"):
        parameter.check("gone.iq")
    (tmp_path / "run.iq").touch()
    assert parameter.check(tmp_path / "run.iq") == str(tmp_path / "run.iq")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("window: int = 20", "does not follow"),
        ("window = 20  # [bars] length", "does not follow"),
        ("window: int = 20  # [bars]", "does not follow"),
        ("window: list = []  # [bars] lengths", "with a type of str, int, float, bool"),
        ("window: int = 10 + 10  # [bars] length", "default of window must be a literal"),
        ("window: int = 20.0  # [bars] length", "was 20.0 of type float"),
        ("window: int = 0  # [bars; 1 to 9] length", r"window must be a whole number \(bars\), 1 to 9, was 0"),
        ("window: int = 5  # [bars; 9 to 1] length", "begins above its end"),
        ("window: int = 5  # [bars; many] length", "found 'many'"),
        ('theme: str = "blue"  # [light | dark] colours', "'blue', is none of its choices"),
        ('folder: str = ""  # [text] where', "cannot be called 'folder'"),
    ],
)
def test_a_line_that_breaks_the_grammar_or_contradicts_itself_is_refused(line, message):
    with pytest.raises(ReportError, match=message):
        read_line(line)
