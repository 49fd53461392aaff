"""The statement that finds who may start next; built once, since building it costs more than running it."""

from __future__ import annotations

from functools import cache

import sqlalchemy as sa

from router.states import State
from router.store.schema import jobs

_QUEUED = jobs.c.state == State.QUEUED.value


@cache
def waiting(dialect: str) -> sa.Select[tuple[object, ...]]:
    """The oldest queued jobs of every project, oldest first.

    Parameters
    ----------
    dialect
        Of the database: SQLite has no LATERAL, PostgreSQL no fast correlated IN.

    Returns
    -------
    Select
        With the parameters `now` (jobs whose `not_before` is later are left out) and `each` (how many of a project).
    """
    due = _QUEUED & (jobs.c.not_before <= sa.bindparam("now")) & jobs.c.stop.is_(None) & jobs.c.job_id.is_not(None)
    projects = _projects()
    oldest = sa.select(jobs.c.seq).where(due).order_by(jobs.c.seq).limit(sa.bindparam("each", type_=sa.Integer))
    of_each = oldest.where(jobs.c.project == projects.c.project)
    if dialect == "sqlite":
        head = jobs.alias("head")
        named = sa.select(head.c.seq).join(projects, head.c.seq.in_(of_each.correlate(projects)))
    else:
        lateral = of_each.correlate(projects).lateral()
        named = sa.select(lateral.c.seq).select_from(projects.join(lateral, sa.true()))
    unnamed = sa.select(oldest.where(jobs.c.project.is_(None)).subquery().c.seq)
    # The state is not asked here again: SQLite would look through all that are queued.
    heads = sa.select(jobs).where(jobs.c.seq.in_(named.union_all(unnamed))).order_by(jobs.c.seq)
    return heads.with_for_update(skip_locked=True)


def _projects() -> sa.CTE:
    """The projects of queued jobs, each found from the one before it by one look into the index."""
    least = sa.select(jobs.c.project).where(_QUEUED).order_by(jobs.c.project).limit(1)
    first = least.where(jobs.c.project.is_not(None)).scalar_subquery().label("project")
    found = sa.select(first).cte("projects", recursive=True)
    after = least.where(jobs.c.project > found.c.project).correlate(found).scalar_subquery()
    return found.union_all(sa.select(after).where(found.c.project.is_not(None)))
