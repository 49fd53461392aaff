"""GPUs that a job holds; the router that works off a task of the catalogue.

Revision 0003.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Jobs that run now hold none as far as anybody knows, and nobody has claimed a task: both begin empty."""
    op.add_column("jobs", sa.Column("gpus", sa.Integer))
    op.add_column("tasks", sa.Column("owner", sa.String(64)))
