"""Reports that were run, and notes beside single trades."""

import sqlalchemy as sa
from alembic import op

from investiq.storage.schema import Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of report runs and of trade annotations."""
    op.create_table(
        "trade_annotations",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("trade", sa.Integer, nullable=False),
        sa.Column("symbol", sa.Text, nullable=False),
        sa.Column("entry_ts", Instant, nullable=False),
        sa.Column("written_at", Instant, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("tags", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_trade_annotations"),
    )
    op.create_index("ix_trade_annotations_run", "trade_annotations", ["run"])
    op.create_table(
        "report_runs",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("schedule", sa.Text),
        sa.Column("template", sa.Text, nullable=False),
        sa.Column("parameters", sa.Text, nullable=False),
        sa.Column("due_at", Instant),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("started_at", Instant, nullable=False),
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
        sa.PrimaryKeyConstraint("id", name="pk_report_runs"),
        sa.UniqueConstraint("schedule", "due_at", "attempt", name="uq_report_runs_schedule_due_at_attempt"),
    )
    op.create_index("ix_report_runs_schedule", "report_runs", ["schedule"])
    op.create_index("ix_report_runs_started_at", "report_runs", ["started_at"])


def downgrade() -> None:
    """Refuse: what was run and noted is not forgotten."""
    raise NotImplementedError("migrations only go forward; restore a backup of the database instead")
