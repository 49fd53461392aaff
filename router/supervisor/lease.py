"""The router's claim on its jobs: renewed every few seconds, given up when that was not possible for too long.

    before `HELD_SECONDS`     without a renewal: the jobs are ours, whatever else
    until `LEASE_SECONDS`     we start nothing and write to no log any more, nobody else does yet
    after it                  another router takes the jobs

So two routers never act on one job at a time, also when one of them was frozen or cut off from the store. A router
that was not able to renew begins anew under another id, and takes up what nobody took meanwhile.
"""

from __future__ import annotations

import time
import uuid

from router.log import get_logger
from router.store import JobRow, Unit

log = get_logger(__name__)

LEASE_SECONDS = 20.0
HELD_SECONDS = 14.0
_RENEW_SECONDS = 4.0


class Lease:
    """Kept by the supervisor's thread inside its transactions; asked from any thread.

    Parameters
    ----------
    name
        The router's, for people.
    alone
        No other router can be there: what is found in the store belonged to a process that is no more.
    """

    def __init__(self, name: str, *, alone: bool) -> None:
        self._name, self._alone = name, alone
        #: Stands in `jobs.owner`; a container's host name changes with each start, so it is of this process only.
        self.owner = uuid.uuid4().hex
        self._renewed_at = self._joined_at = 0.0
        self._joined = False
        self._before: tuple[str, bool, float, float] | None = None

    @property
    def held(self) -> bool:
        """Whether nobody else can have taken our jobs."""
        return self._alone or (self._joined and _now() - self._renewed_at < HELD_SECONDS)

    @property
    def due(self) -> bool:
        """Whether it is time to call `keep`."""
        return not self._joined or (not self._alone and _now() - self._renewed_at > _RENEW_SECONDS)

    def keep(self, unit: Unit) -> tuple[bool, list[JobRow]]:
        """Join, renew, and take what others left.

        Returns
        -------
        tuple
            Whether our own jobs were lost since the last time, and the jobs that are ours from now on.
        """
        # The clock is read before the store is asked: our time begins no later than the lease does.
        now = _now()
        self._before = (self.owner, self._joined, self._renewed_at, self._joined_at)
        lost = self._joined and not (self.held and unit.renew(self.owner, LEASE_SECONDS))
        if lost:
            log.warning("lease lost", owner=self.owner)
            unit.leave(self.owner)
            self._joined = False
        if not self._joined:
            self.owner = uuid.uuid4().hex
            if self._alone:
                unit.expire(others_than=self.owner)
            unit.join(self.owner, self._name, LEASE_SECONDS)
            self._joined_at = now
        self._joined, self._renewed_at = True, now
        if not self._alone and now - self._joined_at >= LEASE_SECONDS:
            # After an outage of the store everybody's lease has run out: the others get the time to come back.
            unit.expire()
        return lost, unit.take_over(self.owner)

    def undone(self) -> None:
        """The transaction under way failed: what `keep` did in it is not true."""
        if self._before is not None:
            self.owner, self._joined, self._renewed_at, self._joined_at = self._before
            self._before = None

    def done(self) -> None:
        """The transaction under way is on disk."""
        self._before = None

    def leave(self, unit: Unit) -> None:
        """End in order: another router may go on at once."""
        unit.leave(self.owner)
        self._joined = False


def _now() -> float:
    """Seconds that go on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
