import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from investiq.core.errors import DataError
from investiq.market import schemas
from investiq.market.building import build_bars
from investiq.market.schemas import BadRow, bad_bars

SESSIONS = np.array(["2024-03-01", "2024-03-04", "2024-03-05"], dtype="datetime64[us]")


def frame(rows, days=SESSIONS):
    table = pd.DataFrame(rows, columns=["open", "high", "low", "close", "volume"], dtype=float)
    table.insert(0, "ts", pd.DatetimeIndex(days[: len(rows)], tz="UTC"))
    table.index = pd.RangeIndex(2, 2 + len(rows))
    return table


def test_good_rows_pass():
    assert bad_bars(frame([(10, 11, 9, 10, 100), (10, 10, 10, 10, 0), (1, 2, 1, 2, np.nan)])) == []


def test_each_bad_row_is_named_once_for_each_reason():
    found = bad_bars(frame([(10, 11, 9, 10, 1), (10, 9, 11, 10, -1)]))
    assert found == [
        BadRow(3, "high 9 lies below low 11"),
        BadRow(3, "high 9 lies below open 10 or close 10"),
        BadRow(3, "low 11 lies above open 10 or close 10"),
        BadRow(3, "volume -1 is not >= 0"),
    ]


def test_a_missing_price_is_missing_and_nothing_else():
    assert bad_bars(frame([(10, np.nan, 9, 10, 1)])) == [BadRow(2, "high is missing")]


def test_repeated_stamps_are_both_named():
    days = SESSIONS[[0, 1, 1]]
    found = bad_bars(frame([(10, 11, 9, 10, 1)] * 3, days))
    assert found == [BadRow(label, "its stamp appears more than once") for label in (3, 4)]


price = st.sampled_from([-1.0, 0.0, 1.0, 2.0, 3.0, np.inf, np.nan])


@given(st.tuples(price, price, price, price, st.sampled_from([-1.0, 0.0, 5.0, np.nan, np.inf])))
def test_the_border_lets_in_exactly_what_bars_accept(row):
    def build():
        return build_bars(
            symbol="TEST",
            provider="test",
            provenance="file",
            interval="1d",
            calendar_name="XNYS",
            ts=SESSIONS[:1],
            known_at=SESSIONS[:1] + np.timedelta64(21, "h"),
            columns={
                name: np.array([value])
                for name, value in zip(("open", "high", "low", "close", "volume"), row, strict=True)
            },
            price_basis="as_traded",
            known_at_rule="",
            source="",
        )

    if bad_bars(frame([row])):
        with pytest.raises(DataError):
            build()
    else:
        assert len(build()) == 1


@given(
    st.lists(
        st.tuples(price, price, price, price, st.sampled_from([-1.0, 0.0, 5.0, np.nan, np.inf])), min_size=1, max_size=3
    ),
    st.permutations([0, 1, 2]),
    st.booleans(),
)
def test_what_numpy_lets_pass_pandera_lets_pass_too(rows, order, is_twice):
    days = SESSIONS[order]
    if is_twice:
        days[1] = days[0]
    table = frame(rows, days)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schemas, "_are_bars", lambda frame: False)
        by_pandera = bad_bars(table)
    assert bad_bars(table) == by_pandera
