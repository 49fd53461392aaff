"""What the supervisor reads and writes: the state of jobs and their timeline."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from router.states import HOLDS_SLOT, Event, State, follow
from router.store.rows import JobRow, Moment
from router.store.schema import jobs, timeline


class Jobs:
    """A part of `Unit`."""

    _connection: Connection
    _clock: Callable[[], float]

    def job(self, seq: int) -> JobRow:
        """One job by its place in the store."""
        return JobRow.read(self._connection.execute(_BY_SEQ, {"key": seq}).mappings().one())

    def at(self, seq: int) -> JobRow | None:
        """One job by its place in the store; None when it is not there any more."""
        row = self._connection.execute(_BY_SEQ, {"key": seq}).mappings().first()
        return JobRow.read(row) if row else None

    def find(self, job_id: int) -> JobRow | None:
        """One job by Core's id."""
        row = self._connection.execute(sa.select(jobs).where(jobs.c.job_id == job_id)).mappings().first()
        return JobRow.read(row) if row else None

    def move(self, job: JobRow, event: Event, detail: str = "", **changes: Any) -> JobRow | None:
        """Apply one event of the transition table, with a line in the timeline.

        Parameters
        ----------
        job
            As read in this transaction.
        event
            What happened.
        detail
            For people; no key in it.
        changes
            Columns to set along with the state.

        Returns
        -------
        JobRow or None
            The job as it is now; None when the event means nothing in its state, or another router was faster.
        """
        state = follow(job.state, event)
        if state is None:
            return None
        unchanged = (
            jobs.c.seq == job.seq,
            jobs.c.state == job.state.value,
            jobs.c.owner.is_not_distinct_from(job.owner),
        )
        moving = jobs.update().where(*unchanged).values(state=state.value, **changes).returning(jobs)
        moved = self._connection.execute(moving).mappings().first()
        if moved is None:
            return None
        self.note(job.seq, event.value, detail)
        return JobRow.read(moved)

    def change(self, seq: int, **changes: Any) -> None:
        """Set columns of a job without moving it."""
        self._connection.execute(jobs.update().where(jobs.c.seq == seq).values(**changes))

    def retry(self, job: JobRow) -> JobRow | None:
        """Put a finished job back into the queue as a further attempt; None when it is not finished."""
        return self.move(
            job,
            Event.RETRIED,
            f"attempt {job.attempt + 1}",
            attempt=job.attempt + 1,
            not_before=0.0,
            **dict.fromkeys(_OF_AN_ATTEMPT),
        )

    def note(self, seq: int, what: str, detail: str = "") -> None:
        """Add a line to a job's timeline."""
        self._connection.execute(_NOTE, {"seq": seq, "at": self._clock(), "what": what, "detail": detail})

    def timeline(self, seq: int) -> list[Moment]:
        """What happened to a job, oldest first."""
        found = self._connection.execute(sa.select(timeline).where(timeline.c.seq == seq).order_by(timeline.c.id))
        return [Moment.read(row) for row in found.mappings()]

    def waiting(self, each: int) -> list[JobRow]:
        """The queued jobs whose time has come: the oldest `each` of every project.

        One look into the index for each project, however many jobs wait. With PostgreSQL they are locked for this
        transaction, and those that another router has locked are left out.
        """
        queued, now = (jobs.c.state == State.QUEUED.value), self._clock()
        due = queued & (jobs.c.not_before <= now) & jobs.c.stop.is_(None) & jobs.c.job_id.is_not(None)
        projects = _projects(queued)
        oldest = sa.select(jobs.c.seq).where(due).order_by(jobs.c.seq).limit(each)
        of_each = oldest.where(jobs.c.project == projects.c.project)
        if self._connection.dialect.name == "sqlite":
            head = jobs.alias("head")
            named = sa.select(head.c.seq).join(projects, head.c.seq.in_(of_each.correlate(projects)))
        else:
            lateral = of_each.correlate(projects).lateral()
            named = sa.select(lateral.c.seq).select_from(projects.join(lateral, sa.true()))
        unnamed = sa.select(oldest.where(jobs.c.project.is_(None)).subquery().c.seq)
        heads = sa.select(jobs).where(queued, jobs.c.seq.in_(named.union_all(unnamed))).order_by(jobs.c.seq)
        locked = heads.with_for_update(skip_locked=True)
        return [JobRow.read(row) for row in self._connection.execute(locked).mappings()]

    def nameless(self) -> list[JobRow]:
        """Legacy jobs of which only the public key is known."""
        query = sa.select(jobs).where(jobs.c.job_id.is_(None)).order_by(jobs.c.seq)
        return [JobRow.read(row) for row in self._connection.execute(query).mappings()]

    def identify(self, seq: int, job_id: int) -> None:
        """Core said which job this is; one that is stored already is dropped. Saying it twice changes nothing."""
        unnamed = (jobs.c.seq == seq) & jobs.c.job_id.is_(None)
        if self.find(job_id) is not None:
            self._connection.execute(jobs.delete().where(unnamed))
        else:
            self._connection.execute(jobs.update().where(unnamed).values(job_id=job_id))

    def next_time(self) -> float | None:
        """When the next job that waits for its time may be tried."""
        later = (jobs.c.state == State.QUEUED.value) & (jobs.c.not_before > self._clock())
        return self._connection.execute(sa.select(sa.func.min(jobs.c.not_before)).where(later)).scalar()

    def to_stop(self, owner: str) -> list[JobRow]:
        """Jobs that shall stop and have not ended: queued ones, and those of `owner`."""
        own = (jobs.c.owner == owner) | (jobs.c.state == State.QUEUED.value)
        wished = jobs.c.stop.is_not(None) & jobs.c.state.in_(_STOPPABLE) & own
        return [JobRow.read(row) for row in self._connection.execute(sa.select(jobs).where(wished)).mappings()]

    def in_states(self, states: Collection[State], owner: str) -> list[JobRow]:
        """Every job of `owner` in one of these states, oldest first."""
        wanted = jobs.c.state.in_([state.value for state in states]) & (jobs.c.owner == owner)
        return [
            JobRow.read(row)
            for row in self._connection.execute(sa.select(jobs).where(wanted).order_by(jobs.c.seq)).mappings()
        ]

    def holding_slots(self, owner: str) -> list[JobRow]:
        """Jobs of `owner` that occupy the machine."""
        return self.in_states(HOLDS_SLOT, owner)

    def counts(self) -> Mapping[str, int]:
        """Number of jobs by state."""
        found = self._connection.execute(sa.select(jobs.c.state, sa.func.count()).group_by(jobs.c.state))
        return {str(state): int(number) for state, number in found}

    def oldest_queued(self) -> float | None:
        """When the oldest queued job was received."""
        queued = jobs.c.state == State.QUEUED.value
        return self._connection.execute(sa.select(sa.func.min(jobs.c.received_at)).where(queued)).scalar()

    def listed(self, states: Sequence[str] = (), limit: int = 100) -> list[JobRow]:
        """The newest jobs."""
        query = sa.select(jobs).order_by(jobs.c.seq.desc()).limit(limit)
        if states:
            query = query.where(jobs.c.state.in_(states))
        return [JobRow.read(row) for row in self._connection.execute(query).mappings()]


_OF_AN_ATTEMPT = (
    "stop", "stop_at", "owner", "container", "started_at", "ended_at", "done_at", "exit_code", "out_of_memory",
    "ending", "status", "comment",
)  # fmt: skip
_STOPPABLE = [state.value for state in (State.QUEUED, State.PULLING, State.PREPARING, State.RUNNING)]
_BY_SEQ = sa.select(jobs).where(jobs.c.seq == sa.bindparam("key"))
_NOTE = timeline.insert()


def _projects(queued: sa.ColumnElement[bool]) -> sa.CTE:
    """The projects of queued jobs, each found from the one before it by one look into the index."""
    least = sa.select(jobs.c.project).where(queued).order_by(jobs.c.project).limit(1)
    first = least.where(jobs.c.project.is_not(None)).scalar_subquery().label("project")
    found = sa.select(first).cte("projects", recursive=True)
    after = least.where(jobs.c.project > found.c.project).correlate(found).scalar_subquery()
    return found.union_all(sa.select(after).where(found.c.project.is_not(None)))
