"""The ledger of trials."""

import sqlalchemy as sa
from alembic import op

from investiq.storage.schema import Instant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of trials, of their runs and annotations, and of opened holdouts."""
    op.create_table(
        "trials",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("study", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("parent", sa.Text, sa.ForeignKey("trials.id", name="fk_trials_parent")),
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
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("cells", sa.BigInteger, nullable=False),
        sa.Column("cells_file", sa.Text),
        sa.Column("count", sa.BigInteger, nullable=False),
        *(
            sa.Column(name, sa.Double)
            for name in (
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
        ),
        sa.Column("trades", sa.BigInteger),
        sa.Column("blocks", sa.LargeBinary),
        sa.PrimaryKeyConstraint("id", name="pk_trials"),
    )
    op.create_index("ix_trials_study", "trials", ["study"])
    op.create_index("ix_trials_created_at", "trials", ["created_at"])
    op.create_table(
        "trial_runs",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("trial", sa.Text, sa.ForeignKey("trials.id", name="fk_trial_runs_trial"), nullable=False),
        sa.Column("run_at", Instant, nullable=False),
        sa.Column("code_version", sa.Text, nullable=False),
        sa.Column("final_equity", sa.Double),
        sa.PrimaryKeyConstraint("id", name="pk_trial_runs"),
    )
    op.create_index("ix_trial_runs_trial", "trial_runs", ["trial"])
    op.create_table(
        "trial_annotations",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("trial", sa.Text, sa.ForeignKey("trials.id", name="fk_trial_annotations_trial"), nullable=False),
        sa.Column("written_at", Instant, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("tags", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_trial_annotations"),
    )
    op.create_index("ix_trial_annotations_trial", "trial_annotations", ["trial"])
    op.create_table(
        "holdouts",
        sa.Column("study", sa.Text, nullable=False),
        sa.Column("starts_at", Instant, nullable=False),
        sa.Column("ends_at", Instant),
        sa.Column("opened_at", Instant, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("study", name="pk_holdouts"),
    )


def downgrade() -> None:
    """Refuse: what was tried is not forgotten."""
    raise NotImplementedError("migrations only go forward; restore a backup of the database instead")
