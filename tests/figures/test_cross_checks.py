import math

import pytest

from investiq.figures.cross_checks import cross_check_chart
from investiq.interop.cross_check_result import CrossCheck, CrossCheckLine
from investiq.metrics.conventions import Convention


def line(metric, ours, theirs, verdict, tool="quantstats", explanation=""):
    return CrossCheckLine(
        metric=metric,
        tool=tool,
        ours=ours,
        theirs=theirs,
        as_theirs=theirs,
        difference=ours - theirs,
        verdict=verdict,
        explanation=explanation,
    )


def check(*lines):
    return CrossCheck(
        name="returns",
        lines=lines,
        convention=Convention(periods_per_year=252),
        versions=(("quantstats", "0.0.86"), ("empyrical", "0.7.1")),
        count=100,
        span=("2024-01-02", "2024-06-01"),
    )


CONVENTION = "differs by convention"


def test_a_difference_is_drawn_as_a_share_of_ours_and_equal_numbers_are_not():
    # (2.0 - 1.5) / 2.0 = 25 %, (-0.4 + 0.5) / -0.4 = 25 % of the size.
    figure = cross_check_chart(
        check(
            line("Sortino", 2.0, 1.5, CONVENTION),
            line("CAGR", -0.4, -0.5, CONVENTION, "empyrical"),
            line("Volatility", 0.2, 0.2, "equal"),
        )
    )
    assert [list(trace.y) for trace in figure.data] == [["Sortino"], ["CAGR"]]
    assert [trace.x[0] for trace in figure.data] == pytest.approx([0.25, 0.25])
    assert figure.data[0].marker.symbol != figure.data[1].marker.symbol


def test_the_largest_difference_stands_on_top_and_each_row_has_its_height():
    rows = [line(f"m{step}", 1.0, 1.0 + step / 10, CONVENTION) for step in (3, 1, 2)]
    figure, longer = cross_check_chart(check(*rows)), cross_check_chart(check(*rows, line("m9", 1, 9, CONVENTION)))
    assert figure.layout.yaxis.categoryarray[-1] == "m3"
    assert longer.layout.height - figure.layout.height == 24


def test_without_a_difference_the_counts_are_shown():
    assert cross_check_chart(check(line("Volatility", 0.2, 0.2, "equal"))).data[0].type == "table"


def test_numbers_that_differ_look_different_in_the_table():
    table = check(
        line("PSR", 0.9381891234, 0.9381894321, CONVENTION),
        line("Alpha", 2.59e-15, 0.0, "equal"),
        line("Gain", math.nan, 1.0, "not comparable", explanation="no loss"),
    ).tables()[0]
    # The 7th digit is the first that differs: 0.9381891 and 0.9381894.
    assert table.rows[0][:3] == ("PSR", "0.9381891", "0.9381894")
    assert ("Alpha", "0", "0", "equal", "", "") in table.rows
    assert ("Gain", "n/a", "1", "not comparable", "", "") in table.rows


def test_each_explanation_stands_in_a_table_of_its_own():
    tables = check(
        line("CAGR", 0.1, 0.2, CONVENTION, explanation="years by the calendar"), line("Vol", 1.0, 1.0, "equal")
    ).tables()
    assert tables[1].rows == (("CAGR", "quantstats", "years by the calendar"),)
