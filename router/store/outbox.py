"""What reports reads and writes: messages to Core, in order for each job."""

from __future__ import annotations

from collections.abc import Callable, Collection

import sqlalchemy as sa
from sqlalchemy import Connection

from router.store.rows import Report
from router.store.schema import jobs, outbox


class Outbox:
    """A part of `Unit`."""

    _connection: Connection
    _clock: Callable[[], float]

    def add_report(
        self, seq: int, job_id: int, *, status: int | None = None, comment: str | None = None, final: bool = False
    ) -> None:
        """Something Core must be told, after everything it must be told already about this job."""
        row = {
            "seq": seq,
            "job_id": job_id,
            "final": final,
            "status": status,
            "comment": comment,
            "created_at": self._clock(),
        }
        self._connection.execute(_ADD, row)

    def due_reports(self, owner: str, limit: int, without: Collection[int] = ()) -> list[Report]:
        """The first unsent report of each job of `owner`, where its time has come, except for the jobs `without`."""
        asked = {"me": owner, "now": self._clock(), "most": limit + len(without)}
        found = [Report.read(row) for row in self._connection.execute(_DUE, asked).mappings()]
        return [report for report in found if report.seq not in without][:limit]

    def next_report_time(self) -> float | None:
        """When the next postponed report may be tried."""
        later = outbox.c.sent_at.is_(None) & (outbox.c.not_before > self._clock())
        return self._connection.execute(sa.select(sa.func.min(outbox.c.not_before)).where(later)).scalar()

    def report_sent(self, report: int, error: str | None = None) -> None:
        """A report is over; with `error`, because Core will never take it."""
        self._connection.execute(_SENT, {"report": report, "at": self._clock(), "why": error})

    def report_postponed(self, report: int, error: str, seconds: float) -> None:
        """Core did not answer: try again later."""
        values = {"attempts": outbox.c.attempts + 1, "error": error, "not_before": self._clock() + seconds}
        self._connection.execute(outbox.update().where(outbox.c.id == report).values(values))

    def unsent(self) -> int:
        """How many reports wait."""
        query = sa.select(sa.func.count()).select_from(outbox).where(outbox.c.sent_at.is_(None))
        return int(self._connection.execute(query).scalar_one())


# Built once: building a statement costs more than running it.
_ADD = outbox.insert()
_SENT = (
    outbox.update()
    .where(outbox.c.id == sa.bindparam("report"))
    .values(sent_at=sa.bindparam("at"), error=sa.bindparam("why"))
)
_DUE = (
    sa.select(outbox)
    .join(jobs, jobs.c.seq == outbox.c.seq)
    .where(
        outbox.c.id.in_(sa.select(sa.func.min(outbox.c.id)).where(outbox.c.sent_at.is_(None)).group_by(outbox.c.seq)),
        outbox.c.not_before <= sa.bindparam("now"),
        jobs.c.owner == sa.bindparam("me"),
    )
    .order_by(outbox.c.id)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
