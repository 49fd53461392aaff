"""The catalogue's own thread: what messages asked for, the folder at start, and the refresh by the clock.

Messages are only stored by the intake; here they are worked off, so a long refresh keeps no message waiting.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from router.catalogue.accounts import Accounts, SourceUnavailable
from router.catalogue.archive import install_archive
from router.catalogue.folder import install_folder
from router.catalogue.keep import Keep
from router.catalogue.refresh import refresh_account, refresh_accounts
from router.core import CoreClient, ProcessingServer
from router.errors import CoreNotFound, CoreUnavailable, RouterError
from router.log import get_logger
from router.messages import TaskKind

log = get_logger(__name__)

#: Core publishes inside its transaction: a row may not be there yet (2.1). Tries, and seconds between them.
_TRIES, _PAUSE = 5, 3.0
_LONGEST_PAUSE = 300.0
_STOP_SECONDS = 20.0
_IDLE = 60.0


class TaskLike(Protocol):
    """A stored task."""

    @property
    def id(self) -> int:
        """Its number in the store."""

    @property
    def kind(self) -> str:
        """The request type."""

    @property
    def details(self) -> Mapping[str, Any]:
        """The fields of the message."""

    @property
    def attempts(self) -> int:
        """How often it was tried."""


class TaskList(Protocol):
    """Where the tasks are stored; each method is one transaction."""

    def due_tasks(self) -> Sequence[TaskLike]:
        """The oldest tasks whose time has come."""

    def task_done(self, task: int, error: str | None = None) -> None:
        """Finish a task, with `error` for good and without success."""

    def task_postponed(self, task: int, error: str, seconds: float) -> None:
        """Try a task again later."""


class Catalogue:
    """Works off the catalogue's tasks in a thread of its own.

    Parameters
    ----------
    core
        With the rights of an administrator.
    accounts
        Where published software is found.
    tasks
        What messages asked for.
    on_server
        Told a processing server that changed, whose queue shall be consumed.
    folder
        Installed at start; None for nothing.
    refresh_s
        Seconds between refreshes of all accounts.
    keep
        What of uploaded archives becomes an image.
    """

    def __init__(
        self,
        core: CoreClient,
        accounts: Accounts,
        tasks: TaskList,
        *,
        on_server: Callable[[ProcessingServer], None],
        folder: Path | None = None,
        refresh_s: float = 3600.0,
        keep: Keep = Keep(),  # noqa: B008 - frozen
    ) -> None:
        self._keep = keep
        self._core, self._accounts, self._tasks, self._on_server = core, accounts, tasks, on_server
        self._folder, self._refresh_s = folder, refresh_s
        self._next_refresh = time.monotonic()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="catalogue", daemon=True)
        #: Why the last thing failed; empty when it did not.
        self.problem = ""
        #: What of the folder is not installed, and why.
        self.failed: Mapping[str, str] = {}

    def start(self) -> None:
        """Begin with the folder."""
        self._thread.start()

    def refresh_later(self) -> None:
        """Put the refresh by the clock off by one interval."""
        self._next_refresh = time.monotonic() + self._refresh_s

    def wake(self) -> None:
        """There are new tasks."""
        self._wake.set()

    def stop(self) -> None:
        """Stop after the software under way; tasks that are not done are done by the next start."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        pause = 1.0
        while not self._stop.is_set():
            self._wake.clear()
            try:
                self.step()
                self.problem, pause, wait = "", 1.0, self._seconds_to_refresh()
            except SourceUnavailable as error:
                self.problem, wait = str(error), error.wait_s
                self._next_refresh = time.monotonic() + error.wait_s
                log.warning("source of software away", reason=str(error), again_in_s=wait)
            except RouterError as error:
                self.problem, wait, pause = str(error), pause, min(2 * pause, _LONGEST_PAUSE)
                log.warning("catalogue waits", reason=str(error), again_in_s=wait)
            except Exception:
                self.problem, wait, pause = "unexpected error", pause, min(2 * pause, _LONGEST_PAUSE)
                log.exception("catalogue failed")
            self._wake.wait(wait)

    def step(self) -> None:
        """Do what is due: the folder, the tasks, the refresh."""
        if self._folder is not None:
            self.failed = install_folder(self._core, self._folder, stopped=self._stop.is_set).failed
            self._folder = None
        while not self._stop.is_set() and (due := self._tasks.due_tasks()):
            asked: list[tuple[str, Mapping[str, Any]]] = []
            for task in due:
                if self._stop.is_set():
                    return
                if (task.kind, task.details) in asked:  # a button pressed twice
                    self._tasks.task_done(task.id)
                else:
                    asked.append((task.kind, task.details))
                    self._work_off(task)
        if time.monotonic() >= self._next_refresh and not self._stop.is_set():
            self.refresh_later()
            self._refresh(None)

    def _refresh(self, username: str | None) -> None:
        refresh_accounts(self._core, self._accounts, username=username, stopped=self._stop.is_set)

    def _seconds_to_refresh(self) -> float:
        return max(0.0, min(_IDLE, self._next_refresh - time.monotonic(), _PAUSE))

    def _work_off(self, task: TaskLike) -> None:
        """One task to its end: done, refused for good, or later."""
        try:
            self._perform(TaskKind(task.kind), task.details)
        except (CoreUnavailable, SourceUnavailable) as error:
            wait = error.wait_s if isinstance(error, SourceUnavailable) else _PAUSE * 2 ** min(task.attempts, 6)
            self._tasks.task_postponed(task.id, str(error), wait)
        except CoreNotFound as error:
            if task.attempts + 1 < _TRIES:
                self._tasks.task_postponed(task.id, str(error), _PAUSE)
            else:
                self._refuse(task, error)
        except (RouterError, ValueError, KeyError, TypeError) as error:
            self._refuse(task, error)
        else:
            # One that was cut short by the stop is done again by the next start.
            if not self._stop.is_set():
                self._tasks.task_done(task.id)

    def _refuse(self, task: TaskLike, error: Exception) -> None:
        log.warning("catalogue task failed", kind=task.kind, details=dict(task.details), reason=str(error))
        self._tasks.task_done(task.id, str(error) or type(error).__name__)

    def _perform(self, kind: TaskKind, details: Mapping[str, Any]) -> None:
        if kind is TaskKind.UPDATE_SERVER:
            self._on_server(self._core.processing_server(int(details["processingServerId"])))
        elif kind is TaskKind.ADD_SOFTWARE:
            install_archive(self._core, int(details["SoftwareId"]), self._keep)
        elif kind is TaskKind.ADD_REPOSITORY:
            account = self._core.user_repository(int(details["id"]))
            refresh_account(self._core, self._accounts, account, stopped=self._stop.is_set)
        elif kind is TaskKind.REMOVE_REPOSITORY:
            log.info("account removed; its software stays", account=details.get("username"))
        elif kind is TaskKind.REFRESH_ONE:
            self._refresh(str(details["username"]))
        else:
            self._refresh(None)
