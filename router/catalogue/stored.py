"""The catalogue's tasks in the router's store."""

from __future__ import annotations

from collections.abc import Sequence

from router.catalogue.tasks import TaskLike
from router.store import Store


class StoredTasks:
    """A `TaskList`: each method is one transaction of the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def due_tasks(self) -> Sequence[TaskLike]:
        """The oldest tasks whose time has come."""
        with self._store.read() as unit:
            return unit.due_tasks()

    def task_done(self, task: int, error: str | None = None) -> None:
        """Finish a task, with `error` for good and without success."""
        with self._store.write() as unit:
            unit.task_done(task, error)

    def task_postponed(self, task: int, error: str, seconds: float) -> None:
        """Try a task again later."""
        with self._store.write() as unit:
            unit.task_postponed(task, error, seconds)
