"""What every answer owes the border: the columns of its dataset, in types that the schema takes without a refusal."""

from __future__ import annotations

from investiq.market.contract import Answer
from investiq.market.datasets import LAYOUTS
from investiq.market.schemas import bad_bars, canonical


def assert_canonical(answer: Answer, calendar: str = "XNYS") -> None:
    """The rows pass the border as they are; empty companions do so too."""
    assert answer.status == "ok", answer.reason
    dataset = answer.request.dataset
    assert set(answer.table.columns) <= set(LAYOUTS[dataset].columns)
    if dataset == "bars":
        assert answer.table["ts"].is_monotonic_increasing
        assert bad_bars(answer.table[["ts", "open", "high", "low", "close", "volume"]]) == []
        actions = answer.payload.companions.get("actions")
        if actions is not None:
            passed = canonical("actions", actions, symbol="ACME", retrieved_at=answer.retrieved_at, calendar=calendar)
            assert (passed.rejected, len(passed.table)) == ((), len(actions))
        return
    passed = canonical(
        dataset, answer.table, symbol=answer.request.symbol, retrieved_at=answer.retrieved_at, calendar=calendar
    )
    assert (passed.rejected, len(passed.table)) == ((), answer.rows)
