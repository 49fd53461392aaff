"""Which router of several a job belongs to: leases that are renewed, and what a dead one left.

A router that lives renews its row; when it has not done so for its whole lease, another one may take its jobs. Leases
are compared on the database's own clock, since the machines of several routers may differ in theirs.
"""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy import Connection

from router.errors import StoreError
from router.states import UNFINISHED, State
from router.store.rows import JobRow
from router.store.schema import jobs, routers


class Owners:
    """A part of `Unit`."""

    _connection: Connection
    _clock: Callable[[], float]

    def join(self, owner: str, name: str, seconds: float) -> None:
        """A router begins: its lease lasts `seconds` unless it is renewed.

        Raises
        ------
        StoreError
            A router of another name lives here: neither would find the other's containers.
        """
        now = self._time()
        other = sa.select(routers.c.name).where(routers.c.name != name, routers.c.lease_until >= now).limit(1)
        found = self._connection.execute(other).scalar()
        if found is not None:
            message = (
                f"store.url: a router named {found} works on this store; give {name} the same name or its own store"
            )
            raise StoreError(message)
        self._connection.execute(routers.insert(), {"id": owner, "name": name, "lease_until": now + seconds})

    def renew(self, owner: str, seconds: float) -> bool:
        """Renew a lease; False when it ran out and somebody took what belonged to it."""
        renewed = routers.update().where(routers.c.id == owner).values(lease_until=self._time() + seconds)
        return self._connection.execute(renewed).rowcount == 1

    def leave(self, owner: str) -> None:
        """A router ends in order: what it owns may be taken at once."""
        self._connection.execute(routers.delete().where(routers.c.id == owner))

    def expire(self, *, others_than: str = "") -> int:
        """Forget routers whose lease ran out, or, when no other can be alive, all but one; how many there were."""
        dead = routers.c.id != others_than if others_than else routers.c.lease_until < self._time()
        return int(self._connection.execute(routers.delete().where(dead)).rowcount)

    def take_over(self, owner: str) -> list[JobRow]:
        """Own every job in progress whose router is no more; the jobs as they are now, oldest first."""
        orphaned = jobs.c.state.in_(_IN_PROGRESS) & (
            jobs.c.owner.is_(None) | jobs.c.owner.not_in(sa.select(routers.c.id))
        )
        taken = jobs.update().where(orphaned).values(owner=owner).returning(jobs)
        found = [JobRow.read(row) for row in self._connection.execute(taken).mappings()]
        return sorted(found, key=lambda job: job.seq)

    def _time(self) -> float:
        if self._connection.dialect.name == "sqlite":
            return self._clock()
        return float(self._connection.execute(_DATABASE_CLOCK).scalar_one())


_IN_PROGRESS = sorted(state.value for state in UNFINISHED - {State.QUEUED})
_DATABASE_CLOCK = sa.select(sa.extract("epoch", sa.func.clock_timestamp()))
