"""What is too old to be kept."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy import Connection

from router.states import State
from router.store.schema import dead_letters, jobs, tasks


class Pruning:
    """A part of `Unit`."""

    _connection: Connection
    _clock: Callable[[], float]

    def prune(self, keep_seconds: float, most: int = 200) -> int:
        """Remove jobs that were done so long ago with timeline and reports, tasks, dead letters; how many jobs.

        Parameters
        ----------
        keep_seconds
            How long a job is kept after it was done.
        most
            Jobs of one call: a transaction must not keep the others waiting.
        """
        before = self._clock() - keep_seconds
        old = sa.select(jobs.c.seq).where(jobs.c.state == State.DONE.value, jobs.c.done_at < before).limit(most)
        gone = self._connection.execute(jobs.delete().where(jobs.c.seq.in_(old)))
        self._connection.execute(dead_letters.delete().where(dead_letters.c.at < before))
        self._connection.execute(tasks.delete().where(tasks.c.done_at < before))
        return int(gone.rowcount)
