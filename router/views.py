"""Jobs for the HTTP pages: read from the store, as `shown` words them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from router.logs import log_path
from router.shown import facts, last_lines, timeline
from router.store import Store


class Views:
    """What the pages may ask; `router.http.pages.Jobs` says the same as a protocol.

    Parameters
    ----------
    store
        Has the jobs.
    logs
        Folder of the job logs.
    """

    def __init__(self, store: Store, logs: Path) -> None:
        self._store, self._logs = store, logs

    def listed(self, states: Sequence[str], limit: int) -> list[Mapping[str, Any]]:
        """The newest jobs."""
        with self._store.read() as unit:
            return [facts(job) for job in unit.listed(states, limit)]

    def counts(self) -> Mapping[str, int]:
        """Number of jobs by state."""
        with self._store.read() as unit:
            return unit.counts()

    def shown(self, job: int) -> Mapping[str, Any] | None:
        """Everything about one job; None when it is not known."""
        with self._store.read() as unit:
            found = unit.find(job)
            moments = unit.timeline(found.seq) if found is not None else []
        if found is None:
            return None
        return {**facts(found), "timeline": timeline(moments), "last_lines": last_lines(self.log(job))}

    def over(self, job: int) -> bool | None:
        """Whether nothing will be added to its log any more; None when it is not known."""
        with self._store.read() as unit:
            found = unit.find(job)
        return None if found is None else found.done_at is not None

    def log(self, job: int) -> Path:
        """Its log file, which may not be there yet."""
        return log_path(self._logs, job)
