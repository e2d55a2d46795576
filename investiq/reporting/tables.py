"""The table of reports that were run."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from investiq.storage.schema import METADATA, Instant

__all__ = ["REPORT_RUNS"]

# `schedule` is the name in schedule.toml, None for a run by hand; `due_at` the moment it was meant for. One attempt for one
# moment can begin once only, whoever begins it.
REPORT_RUNS: Final = sa.Table(
    "report_runs",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("schedule", sa.Text, index=True),
    sa.Column("template", sa.Text, nullable=False),
    sa.Column("parameters", sa.Text, nullable=False),
    sa.Column("due_at", Instant),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("started_at", Instant, nullable=False, index=True),
    sa.Column("finished_at", Instant),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("next_try_at", Instant),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
    sa.Column("watermark", sa.Text),
    sa.Column("as_of", Instant),
    sa.Column("page", sa.Text),
    sa.Column("files", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("failed_cell", sa.Integer),
    sa.Column("deliveries", sa.Text, nullable=False),
    sa.Column("process", sa.Text, nullable=False),
    sa.UniqueConstraint("schedule", "due_at", "attempt"),
)
