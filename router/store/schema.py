"""The tables. A change here comes with a migration in router/migrations (a test compares the two).

Times are seconds since the epoch. `command` never holds a private key, nor does `dead_letters.body` (masking.py).
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    text,
)

metadata = MetaData(naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"})

#: Small numbers for SQLite, which makes only INTEGER primary keys automatic.
Key = BigInteger().with_variant(Integer, "sqlite")

jobs = Table(
    "jobs",
    metadata,
    Column("seq", Key, primary_key=True),
    # Core's id; None for a legacy job until Core was asked whose keys its command holds.
    Column("job_id", BigInteger, unique=True),
    Column("public_key", String(64), unique=True),
    Column("queue", Text, nullable=False, server_default=""),
    Column("project", BigInteger),
    Column("command", JSON, nullable=False),
    Column("pulling_command", Text, nullable=False, server_default=""),
    Column("server_parameters", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempt", Integer, nullable=False, server_default="1"),
    Column("not_before", Float, nullable=False, server_default="0"),
    # Why and when somebody wished it to stop (endings.StopReason).
    Column("stop", String(16)),
    Column("stop_at", Float),
    # The router (`routers.id`) that moves it.
    Column("owner", String(64)),
    Column("image", Text),
    Column("image_digest", Text),
    Column("container", String(128)),
    Column("memory", BigInteger),
    Column("cpus", Float),
    Column("gpus", Integer),
    Column("run_time", Float),
    Column("received_at", Float, nullable=False),
    Column("started_at", Float),
    Column("ended_at", Float),
    Column("done_at", Float),
    Column("exit_code", Integer),
    Column("out_of_memory", Boolean),
    # How it ended (endings.Kind), and what Core shall be told if the algorithm did not say it.
    Column("ending", String(16)),
    Column("status", Integer),
    Column("comment", Text),
    Column("problem", Text),
    Index("ix_jobs_state_project_seq", "state", "project", "seq"),
    Index("ix_jobs_stop", "state", sqlite_where=text("stop IS NOT NULL"), postgresql_where=text("stop IS NOT NULL")),
    Index("ix_jobs_done_at", "done_at", sqlite_where=text("state = 'done'"), postgresql_where=text("state = 'done'")),
)

#: Routers that live, or did until `lease_until`; `id` is of one process and never comes again.
routers = Table(
    "routers",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("lease_until", Float, nullable=False),
)

timeline = Table(
    "timeline",
    metadata,
    Column("id", Key, primary_key=True),
    Column("seq", Key, ForeignKey("jobs.seq", ondelete="CASCADE"), nullable=False, index=True),
    Column("at", Float, nullable=False),
    Column("what", String(32), nullable=False),
    Column("detail", Text, nullable=False, server_default=""),
)

_UNSENT = text("sent_at IS NULL")

outbox = Table(
    "outbox",
    metadata,
    Column("id", Key, primary_key=True),
    Column("seq", Key, ForeignKey("jobs.seq", ondelete="CASCADE"), nullable=False),
    Column("job_id", BigInteger, nullable=False),
    Column("final", Boolean, nullable=False),
    Column("status", Integer),
    Column("comment", Text),
    Column("created_at", Float, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("not_before", Float, nullable=False, server_default="0"),
    Column("sent_at", Float),
    Column("error", Text),
    Index("ix_outbox_seq", "seq"),
    Index("ix_outbox_unsent", "seq", "id", sqlite_where=_UNSENT, postgresql_where=_UNSENT),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", Key, primary_key=True),
    Column("at", Float, nullable=False),
    Column("queue", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("replayed_at", Float),
)

tasks = Table(
    "tasks",
    metadata,
    Column("id", Key, primary_key=True),
    Column("at", Float, nullable=False),
    Column("kind", String(64), nullable=False),
    Column("details", JSON, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("not_before", Float, nullable=False, server_default="0"),
    Column("done_at", Float),
    Column("error", Text),
    # The router (`routers.id`) that works it off.
    Column("owner", String(64)),
    Index("ix_tasks_done_at", "done_at"),
)
