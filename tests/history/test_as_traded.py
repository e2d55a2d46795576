import numpy as np
import pytest

import investiq as iq
from investiq.core.errors import DataError
from investiq.history.as_traded import refuse_splits


def test_the_first_split_is_named_with_its_day():
    bars = iq.load_bars("SYN001")
    row = 1 + int(np.flatnonzero(np.diff(bars.split_factor))[0])
    with pytest.raises(
        DataError, match=rf"SYN001 has 1 split inside .* \(first {bars.ts[row].astype('datetime64[D]')}\)"
    ):
        refuse_splits(bars)
    # From the day of the split on all prices are of one share count.
    refuse_splits(bars[row:])
    refuse_splits(bars[:row])
    with pytest.raises(DataError, match="1 split inside"):
        refuse_splits(bars[row - 1 : row + 1])


def test_a_split_that_is_undone_later_counts_twice():
    bars = iq.load_bars("SYN004")
    factor = np.where((np.arange(len(bars)) >= 5) & (np.arange(len(bars)) < 9), 2.0, 1.0)
    with pytest.raises(DataError, match="SYN004 has 2 splits inside"):
        refuse_splits(bars._derived(split_factor=factor))


def test_what_is_adjusted_or_never_split_passes():
    split, unsplit = iq.load_bars("SYN001"), iq.load_bars("SYN004")
    for passes in (split.adjusted("split"), split.adjusted(), unsplit, split.frame, np.ones(3)):
        assert refuse_splits(passes) is None


def test_a_panel_names_the_symbol_whose_shares_split_and_takes_gaps_for_none():
    late, split = iq.load_bars("SYN004", start="2015"), iq.load_bars("SYN001")
    refuse_splits(iq.Panel.of([late, iq.load_bars("SYN005")]))
    with pytest.raises(DataError, match=r"SYN001 has 1 split .*\(and 1 more of the panel\).*pass panel\.adjusted"):
        refuse_splits(iq.Panel.of([late, split, iq.load_bars("SYN002")]))
