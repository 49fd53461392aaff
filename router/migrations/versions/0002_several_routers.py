"""Several routers on one store: who lives; indexes for wishes to stop and for what is too old.

Revision 0002.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of routers, which holds the leases that jobs had a column for."""
    op.create_table(
        "routers",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("lease_until", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_routers"),
    )
    # Not by alembic's copy of the table: dropping the old one would take timeline and outbox along.
    op.drop_column("jobs", "lease_until")
    wished, done = sa.text("stop IS NOT NULL"), sa.text("state = 'done'")
    op.create_index("ix_jobs_stop", "jobs", ["state"], sqlite_where=wished, postgresql_where=wished)
    op.create_index("ix_jobs_done_at", "jobs", ["done_at"], sqlite_where=done, postgresql_where=done)
    op.create_index("ix_outbox_seq", "outbox", ["seq"])
