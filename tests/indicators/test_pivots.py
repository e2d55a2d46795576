import numpy as np
import pandas as pd
import pytest

from investiq.core.errors import DataError
from investiq.indicators.pivots import floor_pivots

BARS = pd.DataFrame({"high": [12.0, 20.0, 9.0], "low": [9.0, 14.0, 7.0], "close": [12.0, 17.0, 8.0]})


def test_levels_come_from_the_bar_before():
    # H 12, L 9, C 12: P = 11; R1 = 22 - 9, S1 = 22 - 12; R2, S2 = 11 +- 3; R3 = 12 + 2 x 2, S3 = 9 - 2 x 1.
    first = {"pivot": 11, "r1": 13, "r2": 14, "r3": 16, "s1": 10, "s2": 8, "s3": 7}
    # H 20, L 14, C 17: P = 17; R1 = 34 - 14, S1 = 34 - 20; 17 +- 6; R3 = 20 + 2 x 3, S3 = 14 - 2 x 3.
    second = {"pivot": 17, "r1": 20, "r2": 23, "r3": 26, "s1": 14, "s2": 11, "s3": 8}
    levels = floor_pivots(BARS)
    assert levels.iloc[0].isna().all()
    assert levels.iloc[1].to_dict() == first
    assert levels.iloc[2].to_dict() == second


def test_levels_ascend_from_s3_to_r3(split_share):
    levels = floor_pivots(split_share).dropna()
    ordered = levels[["s3", "s2", "s1", "pivot", "r1", "r2", "r3"]].to_numpy()
    assert (np.diff(ordered, axis=1) > 0).all()


def test_a_missing_session_is_skipped():
    gapped = BARS.copy()
    gapped.iloc[1] = np.nan
    levels = floor_pivots(gapped)
    assert levels["pivot"].to_list() == pytest.approx([np.nan, np.nan, 11], nan_ok=True)


def test_intraday_levels_come_from_the_whole_session_before(intraday):
    labels = [f"{day}T{hour}:30" for day in ("2024-03-08", "2024-03-11", "2024-03-12") for hour in (15, 16, 17)]
    rows = [
        *[(11, 10, 10.5, 1), (12, 11, 11.5, 1), (11.5, 9, 12 - 1, 1)],  # H 12, L 9, C 11
        *[(20, 18, 19, 1), (19, 14, 15, 1), (18, 15, 17, 1)],  # H 20, L 14, C 17
        *[(30, 29, 30, 1), (30, 29, 30, 1), (30, 29, 30, 1)],
    ]
    levels = floor_pivots(intraday(labels, rows))
    assert levels.pivot == pytest.approx([np.nan] * 3 + [32 / 3] * 3 + [17] * 3, nan_ok=True)
    assert levels.r1[6:] == pytest.approx([20] * 3)
    assert levels.s3[6:] == pytest.approx([8] * 3)


def test_intraday_levels_do_not_change_when_the_future_is_cut_off(intraday):
    labels = [f"{day}T{hour}:30" for day in ("2024-03-07", "2024-03-08", "2024-03-11") for hour in (15, 16, 17)]
    close = np.array([5.0, 9, 6, 7, 3, 8, 4, 6, 2]) + 10
    bars = intraday(labels, np.column_stack([close + 1, close - 1, close, close]))
    whole = floor_pivots(bars)
    for row in range(len(bars)):
        np.testing.assert_array_equal(
            [column[-1] for column in floor_pivots(bars[: row + 1])], [column[row] for column in whole]
        )


def test_an_intraday_frame_without_its_exchange_is_refused(intraday):
    bars = intraday(["2024-03-08T15:30", "2024-03-08T16:30"], [(2, 1, 1, 1), (2, 1, 1, 1)])
    with pytest.raises(DataError, match=r"several bars share a date.*calendar= such as 'XNYS'"):
        floor_pivots(bars.frame)
    assert floor_pivots(bars.frame, calendar="XNYS").isna().all(axis=None)
