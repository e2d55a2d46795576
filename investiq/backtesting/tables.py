"""The tables of the backtester: trials, their runs, annotations beside them and their trades, holdouts that were opened."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from investiq.storage.schema import METADATA, Instant

__all__ = ["ANNOTATIONS", "HOLDOUTS", "NUMBERS", "RUNS", "TRADE_ANNOTATIONS", "TRIALS"]

# What a trial showed, in the order in which it is listed.
NUMBERS: Final = (
    "mean",
    "sd",
    "skewness",
    "kurtosis",
    "final_equity",
    "total_return",
    "sharpe",
    "max_drawdown",
    "win_rate",
    "profit_factor",
    "fees",
)

# `count` returns per period; mean to kurtosis are theirs (ddof of the convention, raw kurtosis), `sharpe` is annual.
# `blocks` holds sums and sums of squares of 16 blocks, float64, little-endian.
TRIALS: Final = sa.Table(
    "trials",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("study", sa.Text, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("parent", sa.Text, sa.ForeignKey("trials.id")),
    sa.Column("strategy", sa.Text, nullable=False),
    sa.Column("symbols", sa.Text, nullable=False),
    sa.Column("interval", sa.Text, nullable=False),
    sa.Column("first_ts", Instant, nullable=False),
    sa.Column("last_ts", Instant, nullable=False),
    sa.Column("parameters", sa.Text, nullable=False),
    sa.Column("options", sa.Text, nullable=False),
    sa.Column("convention", sa.Text, nullable=False),
    sa.Column("data", sa.Text, nullable=False),
    sa.Column("data_fingerprint", sa.Text, nullable=False),
    sa.Column("watermark", sa.Text),
    sa.Column("sample", sa.Text, nullable=False),
    sa.Column("seed", sa.BigInteger),
    sa.Column("code_version", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False, index=True),
    sa.Column("cells", sa.BigInteger, nullable=False),
    sa.Column("cells_file", sa.Text),
    sa.Column("count", sa.BigInteger, nullable=False),
    *(sa.Column(name, sa.Double) for name in NUMBERS),
    sa.Column("trades", sa.BigInteger),
    sa.Column("blocks", sa.LargeBinary),
)

RUNS: Final = sa.Table(
    "trial_runs",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("trial", sa.Text, sa.ForeignKey("trials.id"), nullable=False, index=True),
    sa.Column("run_at", Instant, nullable=False),
    sa.Column("code_version", sa.Text, nullable=False),
    sa.Column("final_equity", sa.Double),
)

ANNOTATIONS: Final = sa.Table(
    "trial_annotations",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("trial", sa.Text, sa.ForeignKey("trials.id"), nullable=False, index=True),
    sa.Column("written_at", Instant, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("tags", sa.Text, nullable=False),
)

HOLDOUTS: Final = sa.Table(
    "holdouts",
    METADATA,
    sa.Column("study", sa.Text, primary_key=True),
    sa.Column("starts_at", Instant, nullable=False),
    sa.Column("ends_at", Instant),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)

# `run` is the trial's id, or of a result outside the ledger the digest of its manifest; `trade` counts from 0 in entry order.
TRADE_ANNOTATIONS: Final = sa.Table(
    "trade_annotations",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("run", sa.Text, nullable=False, index=True),
    sa.Column("trade", sa.Integer, nullable=False),
    sa.Column("symbol", sa.Text, nullable=False),
    sa.Column("entry_ts", Instant, nullable=False),
    sa.Column("written_at", Instant, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("tags", sa.Text, nullable=False),
)
