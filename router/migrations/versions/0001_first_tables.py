"""The first tables: jobs, their timeline, what Core must be told, dead letters, tasks of the catalogue.

Revision 0001.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make all five tables."""
    _jobs()
    op.create_table(
        "timeline",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("seq", _KEY, sa.ForeignKey("jobs.seq", ondelete="CASCADE"), nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("what", sa.String(32), nullable=False),
        sa.Column("detail", sa.Text, nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("id", name="pk_timeline"),
    )
    op.create_index("ix_timeline_seq", "timeline", ["seq"])
    _outbox()
    op.create_table(
        "dead_letters",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("replayed_at", sa.Float),
        sa.PrimaryKeyConstraint("id", name="pk_dead_letters"),
    )
    op.create_table(
        "tasks",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("not_before", sa.Float, nullable=False, server_default="0"),
        sa.Column("done_at", sa.Float),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_tasks"),
    )
    op.create_index("ix_tasks_done_at", "tasks", ["done_at"])


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("seq", _KEY, nullable=False),
        sa.Column("job_id", sa.BigInteger, unique=True),
        sa.Column("public_key", sa.String(64), unique=True),
        sa.Column("queue", sa.Text, nullable=False, server_default=""),
        sa.Column("project", sa.BigInteger),
        sa.Column("command", sa.JSON, nullable=False),
        sa.Column("pulling_command", sa.Text, nullable=False, server_default=""),
        sa.Column("server_parameters", sa.JSON, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False, server_default="1"),
        sa.Column("not_before", sa.Float, nullable=False, server_default="0"),
        sa.Column("stop", sa.String(16)),
        sa.Column("stop_at", sa.Float),
        sa.Column("owner", sa.String(64)),
        sa.Column("lease_until", sa.Float),
        sa.Column("image", sa.Text),
        sa.Column("image_digest", sa.Text),
        sa.Column("container", sa.String(128)),
        sa.Column("memory", sa.BigInteger),
        sa.Column("cpus", sa.Float),
        sa.Column("run_time", sa.Float),
        sa.Column("received_at", sa.Float, nullable=False),
        sa.Column("started_at", sa.Float),
        sa.Column("ended_at", sa.Float),
        sa.Column("done_at", sa.Float),
        sa.Column("exit_code", sa.Integer),
        sa.Column("out_of_memory", sa.Boolean),
        sa.Column("ending", sa.String(16)),
        sa.Column("status", sa.Integer),
        sa.Column("comment", sa.Text),
        sa.Column("problem", sa.Text),
        sa.PrimaryKeyConstraint("seq", name="pk_jobs"),
    )
    op.create_index("ix_jobs_state_project_seq", "jobs", ["state", "project", "seq"])


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("seq", _KEY, sa.ForeignKey("jobs.seq", ondelete="CASCADE"), nullable=False),
        sa.Column("job_id", sa.BigInteger, nullable=False),
        sa.Column("final", sa.Boolean, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("comment", sa.Text),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("not_before", sa.Float, nullable=False, server_default="0"),
        sa.Column("sent_at", sa.Float),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    unsent = sa.text("sent_at IS NULL")
    op.create_index("ix_outbox_unsent", "outbox", ["seq", "id"], sqlite_where=unsent, postgresql_where=unsent)
