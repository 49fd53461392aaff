"""What the supervisor reads and writes: the state of jobs and their timeline."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from router.states import HOLDS_SLOT, Event, State, follow
from router.store.rows import Held, JobRow, Moment
from router.store.schema import jobs, timeline
from router.store.waiting import waiting


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
        here = {"here_seq": job.seq, "here_state": job.state.value, "here_owner": job.owner}
        values = {f"new_{column}": value for column, value in {**changes, "state": state.value}.items()}
        moved = self._connection.execute(_moving(frozenset(changes)), {**here, **values}).mappings().first()
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
        asked = {"now": self._clock(), "each": each}
        found = self._connection.execute(waiting(self._connection.dialect.name), asked)
        rows = [JobRow.read(row) for row in found.mappings()]
        # PostgreSQL gives out the newest version of a row that it locks: another router may have claimed it just now.
        return [job for job in rows if job.state is State.QUEUED]

    def nameless(self) -> list[JobRow]:
        """Legacy jobs of which only the public key is known."""
        return [JobRow.read(row) for row in self._connection.execute(_NAMELESS).mappings()]

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
        return [JobRow.read(row) for row in self._connection.execute(_TO_STOP, {"me": owner}).mappings()]

    def in_states(self, states: Collection[State], owner: str) -> list[JobRow]:
        """Every job of `owner` in one of these states, oldest first."""
        asked = {"me": owner, "states": [state.value for state in states]}
        return [JobRow.read(row) for row in self._connection.execute(_IN_STATES, asked).mappings()]

    def holding_slots(self, owner: str) -> list[Held]:
        """Jobs of `owner` that occupy the machine."""
        return [Held.read(row) for row in self._connection.execute(_HOLDING, {"me": owner}).mappings()]

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
_OWN = jobs.c.owner == sa.bindparam("me")
_NAMELESS = sa.select(jobs).where(jobs.c.job_id.is_(None)).order_by(jobs.c.seq)
_IN_STATES = sa.select(jobs).where(jobs.c.state.in_(sa.bindparam("states", expanding=True)), _OWN).order_by(jobs.c.seq)
_HOLDING = (
    sa.select(jobs.c.seq, jobs.c.project, jobs.c.memory, jobs.c.cpus, jobs.c.gpus)
    .where(jobs.c.state.in_([state.value for state in HOLDS_SLOT]), _OWN)
    .order_by(jobs.c.seq)
)
_TO_STOP = sa.select(jobs).where(
    jobs.c.stop.is_not(None), jobs.c.state.in_(_STOPPABLE), _OWN | (jobs.c.state == State.QUEUED.value)
)


@cache
def _moving(columns: frozenset[str]) -> sa.Executable:
    """The update of `move` that sets these columns; built once, since building it costs more than running it."""
    return (
        jobs.update()
        .where(
            jobs.c.seq == sa.bindparam("here_seq"),
            jobs.c.state == sa.bindparam("here_state"),
            jobs.c.owner.is_not_distinct_from(sa.bindparam("here_owner", type_=sa.String)),
        )
        .values({column: sa.bindparam(f"new_{column}") for column in sorted(columns | {"state"})})
        .returning(jobs)
    )
