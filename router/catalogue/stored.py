"""The catalogue's tasks in the router's store."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from router.catalogue.tasks import TaskLike
from router.store import Store


class StoredTasks:
    """A `TaskList`: each method is one transaction of the store.

    Parameters
    ----------
    store
        Has the tasks.
    owner
        Who this router is, as its lease says: of several routers one works off a task.
    """

    def __init__(self, store: Store, owner: Callable[[], str]) -> None:
        self._store, self._owner = store, owner

    def due_tasks(self) -> Sequence[TaskLike]:
        """The oldest tasks whose time has come."""
        with self._store.read() as unit:
            if not unit.due_tasks(1):  # the usual case needs no transaction that writes
                return []
        with self._store.write() as unit:
            return unit.claim_tasks(self._owner())

    def task_done(self, task: int, error: str | None = None) -> None:
        """Finish a task, with `error` for good and without success."""
        with self._store.write() as unit:
            unit.task_done(task, error)

    def task_postponed(self, task: int, error: str, seconds: float) -> None:
        """Try a task again later."""
        with self._store.write() as unit:
            unit.task_postponed(task, error, seconds)
