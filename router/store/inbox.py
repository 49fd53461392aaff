"""What intake writes: jobs, kill wishes, dead letters, tasks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from router.states import State
from router.store.rows import DeadLetter, Task
from router.store.schema import dead_letters, jobs, routers, tasks


@dataclass(frozen=True)
class NewJob:
    """An `execute` as it is stored; either `job_id` or, for a legacy job, `public_key` is known."""

    job_id: int | None
    command: Sequence[str] = field(repr=False)
    pulling_command: str = ""
    server_parameters: Mapping[str, str] = field(default_factory=dict)
    queue: str = ""
    project: int | None = None
    public_key: str | None = None


class Inbox:
    """A part of `Unit`."""

    _connection: Connection
    _clock: Callable[[], float]

    def add_jobs(self, new: Sequence[NewJob]) -> None:
        """Store jobs; one that is there already, however it stands, stays as it is."""
        if not new:
            return
        now = self._clock()
        rows = [
            {
                "job_id": job.job_id,
                "public_key": job.public_key,
                "queue": job.queue,
                "project": job.project,
                "command": list(job.command),
                "pulling_command": job.pulling_command,
                "server_parameters": dict(job.server_parameters),
                "state": State.QUEUED.value,
                "received_at": now,
            }
            for job in new
        ]
        self._connection.execute(self._upsert(jobs).on_conflict_do_nothing(), rows)

    def wish_stop(self, job_id: int, reason: str) -> None:
        """Remember that a job shall stop.

        A job nobody heard of is stored with the wish and without a command: an `execute` that comes after its `kill`
        finds it and never runs.
        """
        now = self._clock()
        nothing = {"command": [], "server_parameters": {}, "state": State.QUEUED.value}
        statement = self._upsert(jobs).values(job_id=job_id, received_at=now, stop=reason, stop_at=now, **nothing)
        wished = statement.on_conflict_do_update(
            index_elements=["job_id"],
            set_={"stop": reason, "stop_at": now},
            where=jobs.c.stop.is_(None) & jobs.c.ended_at.is_(None) & (jobs.c.state != State.DONE.value),
        )
        self._connection.execute(wished)

    def add_dead_letter(self, queue: str, reason: str, body: bytes) -> None:
        """Keep a message nobody can act on; the caller has masked its keys."""
        row = {"at": self._clock(), "queue": queue, "reason": reason, "body": body}
        self._connection.execute(dead_letters.insert(), row)

    def discard(self, seq: int, reason: str) -> None:
        """Make a dead letter of a stored job that belongs to nobody."""
        nobodys = (
            jobs.delete().where(jobs.c.seq == seq, jobs.c.job_id.is_(None)).returning(jobs.c.queue, jobs.c.command)
        )
        row = self._connection.execute(nobodys).first()
        if row is not None:
            self.add_dead_letter(row.queue, reason, json.dumps(row.command).encode())

    def dead_letters(self, limit: int = 1000) -> list[DeadLetter]:
        """The newest dead letters."""
        found = self._connection.execute(sa.select(dead_letters).order_by(dead_letters.c.id.desc()).limit(limit))
        return [DeadLetter.read(row) for row in found.mappings()]

    def dead_letter_count(self) -> int:
        """How many dead letters nobody has sent through again."""
        query = sa.select(sa.func.count()).select_from(dead_letters).where(dead_letters.c.replayed_at.is_(None))
        return int(self._connection.execute(query).scalar_one())

    def dead_letter(self, letter: int) -> DeadLetter | None:
        """One dead letter."""
        row = self._connection.execute(sa.select(dead_letters).where(dead_letters.c.id == letter)).mappings().first()
        return DeadLetter.read(row) if row else None

    def replayed(self, letter: int) -> None:
        """Remember that a dead letter was sent through intake again."""
        self._connection.execute(
            dead_letters.update().where(dead_letters.c.id == letter).values(replayed_at=self._clock())
        )

    def add_task(self, kind: str, details: Mapping[str, Any]) -> None:
        """Store work for the catalogue."""
        self._connection.execute(tasks.insert(), {"at": self._clock(), "kind": kind, "details": dict(details)})

    def due_tasks(self, limit: int = 10) -> list[Task]:
        """The oldest tasks whose time has come."""
        due = tasks.c.done_at.is_(None) & (tasks.c.not_before <= self._clock())
        found = self._connection.execute(sa.select(tasks).where(due).order_by(tasks.c.id).limit(limit))
        return [Task.read(row) for row in found.mappings()]

    def claim_tasks(self, owner: str, limit: int = 10) -> list[Task]:
        """The oldest due tasks that no other living router works off; they are this router's from now on."""
        free = tasks.c.owner.is_(None) | (tasks.c.owner == owner) | tasks.c.owner.not_in(sa.select(routers.c.id))
        due = tasks.c.done_at.is_(None) & (tasks.c.not_before <= self._clock())
        oldest = sa.select(tasks.c.id).where(due & free).order_by(tasks.c.id).limit(limit)
        oldest = oldest.with_for_update(skip_locked=True)  # SQLite has one writer anyway and leaves this out
        claimed = tasks.update().where(tasks.c.id.in_(oldest)).values(owner=owner).returning(tasks)
        found = [Task.read(row) for row in self._connection.execute(claimed).mappings()]
        return sorted(found, key=lambda task: task.id)

    def task_done(self, task: int, error: str | None = None) -> None:
        """A task is over; with `error`, for good and without success."""
        values = {"done_at": self._clock(), "error": error}
        self._connection.execute(tasks.update().where(tasks.c.id == task).values(values))

    def task_postponed(self, task: int, error: str, seconds: float) -> None:
        """Try a task again later."""
        later = self._clock() + seconds
        values = {"attempts": tasks.c.attempts + 1, "error": error, "not_before": later, "owner": None}
        self._connection.execute(tasks.update().where(tasks.c.id == task).values(values))

    def _upsert(self, table: sa.Table) -> Any:
        """An INSERT of this dialect that can say what happens on a conflict."""
        return sqlite.insert(table) if self._connection.dialect.name == "sqlite" else postgresql.insert(table)
