"""When a job entered each of its states.

Core keeps only the present state. A trigger writes every change down, so no part that reports on jobs has to know.
"""

from __future__ import annotations

from router.core_server.db import Sql
from router.core_server.resource import Row

SCHEMA = (
    "CREATE TABLE jobevent (job INTEGER NOT NULL REFERENCES job(id) ON DELETE CASCADE, moment INTEGER NOT NULL,"
    " status INTEGER NOT NULL);"
    "CREATE INDEX jobevent_job ON jobevent(job);"
    "CREATE TRIGGER job_created AFTER INSERT ON job BEGIN"
    " INSERT INTO jobevent VALUES (new.id, new.created, new.status); END;"
    "CREATE TRIGGER job_changed AFTER UPDATE OF status ON job WHEN new.status <> old.status BEGIN"
    " INSERT INTO jobevent VALUES (new.id, coalesce(new.updated, new.created), new.status); END;"
)


def timeline(sql: Sql, job: int) -> list[Row]:
    """Return `moment` (milliseconds) and `status` of each change of a job, oldest first."""
    return sql.all("SELECT moment, status FROM jobevent WHERE job = ? ORDER BY moment, rowid", (job,))
