"""What Core is told: the outbox of the store, in order for each job, until Core has it.

A status that the algorithm ended with itself is never overwritten; the log goes up before the final status, because
Core's page looks for it once when it sees one (router-protocol.md 5.2).
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from router import metrics
from router.core import CoreClient, Job, JobChange, JobStatus, not_final
from router.errors import (
    CoreConflict,
    CoreError,
    CoreForbidden,
    CoreNotFound,
    CoreRefused,
    CoreUnauthorized,
    CoreUnavailable,
    StoreError,
)
from router.log import get_logger
from router.store import Report, Store

log = get_logger(__name__)

_THREADS = 4
_LONGEST_PAUSE = 60.0
_LOOK_SECONDS, _IDLE_SECONDS = 1.0, 30.0
_MOST_REFUSALS = 30


class Reports:
    """Threads that empty the outbox.

    Parameters
    ----------
    store
        Has the outbox.
    core
        Is told.
    owner
        Whose jobs are told about: this router's id in the store.
    log_of
        What Core gets of a job's log; None when there is nothing of ours to attach.
    delivered
        Told a final report that is over, and why if Core will never take it; it stores that, and calls `settled`.
    """

    def __init__(
        self,
        store: Store,
        core: CoreClient,
        *,
        owner: Callable[[], str],
        log_of: Callable[[int], bytes | None],
        delivered: Callable[[Report, str | None], None],
    ) -> None:
        self._store, self._core, self._owner = store, core, owner
        self._log_of, self._delivered = log_of, delivered
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        # Jobs a thread is at, and those whose final report is over but not stored as sent yet.
        self._busy: set[int] = set()
        self._over: set[int] = set()
        # Jobs that have no log in Core, for certain.
        self._bare: set[int] = set()
        # Whether there may be more to hand out when a thread is free, or later.
        self._again, self._postponed = False, True
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="report")
        self._thread = threading.Thread(target=self._run, name="reports", daemon=True)
        #: Why Core was not told the last time, empty when it was.
        self.problem = ""

    def start(self) -> None:
        """Begin to tell."""
        self._thread.start()

    def wake(self) -> None:
        """There is something new in the outbox."""
        self._wake.set()

    def settled(self, seq: int) -> None:
        """The store knows that a job's final report is over."""
        with self._lock:
            self._over.discard(seq)
            self._bare.discard(seq)

    def bare(self, seq: int) -> None:
        """A job begins that nobody has attached a log to: the first one need not look for older ones."""
        with self._lock:
            self._bare.add(seq)

    def forget(self) -> None:
        """Our jobs are another router's: what of them is still to be said is asked from the store anew."""
        with self._lock:
            self._over.clear()

    def refresh(self, seq: int, job_id: int) -> None:
        """Attach the log of a running job as it is now, unless something else is being told about the job.

        Not stored: the next one, or the final report, makes up for one that failed.
        """
        with self._lock:
            if seq in self._busy or len(self._busy) >= _THREADS or self._stopping.is_set():
                return
            self._busy.add(seq)
        self._pool.submit(self._refresh, seq, job_id)

    def _refresh(self, seq: int, job_id: int) -> None:
        try:
            content = self._log_of(job_id)
            if content:
                self._attach(seq, job_id, content)
        except CoreError as error:
            log.debug("log not refreshed", job=job_id, reason=str(error))
        finally:
            with self._lock:
                self._busy.discard(seq)
            self._wake.set()

    def stop(self) -> None:
        """Finish what is under way; the rest stays in the store."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        self._pool.shutdown(wait=True)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                later = self._hand_out()
            except StoreError as error:
                log.warning("outbox not read", reason=str(error))
                later = True
            self._wake.wait(_LOOK_SECONDS if later else _IDLE_SECONDS)

    def _hand_out(self) -> bool:
        """Give free threads what is due; whether something waits for its time."""
        with self._lock:
            busy, over = set(self._busy), set(self._over)
        self._again = True
        if len(busy) >= _THREADS:
            return False
        with self._store.read() as unit:
            due = unit.due_reports(self._owner(), _THREADS, without=over)
            if not due:
                self._postponed = unit.next_report_time() is not None
        free = [report for report in due if report.seq not in busy][: _THREADS - len(busy)]
        self._again = len(free) < len(due) or len(due) == _THREADS
        for report in free:
            with self._lock:
                self._busy.add(report.seq)
            self._pool.submit(self._send, report)
        return self._postponed

    def _send(self, report: Report) -> None:
        last = False
        try:
            last = self._tell(report)
        except Exception as error:
            log.exception("report failed", job=report.job_id, reason=str(error))
            with contextlib.suppress(StoreError):
                self._postpone(report, f"{type(error).__name__}: {error}")
        finally:
            with self._lock:
                self._busy.discard(report.seq)
            if self._again or not last:
                self._wake.set()

    def _tell(self, report: Report) -> bool:
        """Tell Core; whether that was the last there is to say about the job."""
        error = ""
        try:
            self._say(report)
        except CoreNotFound:
            error = "Core does not know the job any more"
        except (CoreUnavailable, CoreUnauthorized) as problem:
            self.problem = str(problem)
            self._postpone(report, str(problem))
            return False
        except (CoreForbidden, CoreConflict) as problem:
            # Rights may be given, and what was in the way (somebody else changing the job) may be over, later.
            if report.attempts < _MOST_REFUSALS:
                self._postpone(report, str(problem))
                return False
            error = str(problem)
        except CoreError as problem:
            error = str(problem)
        self.problem = ""
        if error:
            log.warning("report given up", job=report.job_id, reason=error)
        if report.final:
            with self._lock:
                self._over.add(report.seq)
            self._delivered(report, error or None)
            return True
        with self._store.write() as unit:
            unit.report_sent(report.id, error or None)
        return False

    def _postpone(self, report: Report, reason: str) -> None:
        pause = min(_LONGEST_PAUSE, 2.0 ** min(report.attempts, 6))
        metrics.CORE_ERRORS.inc()
        self._postponed = True
        log.warning("report postponed", job=report.job_id, reason=reason, again_in_s=pause)
        with self._store.write() as unit:
            unit.report_postponed(report.id, reason, pause)

    def _say(self, report: Report) -> None:
        if report.final:
            content = self._log_of(report.job_id)
            if content is not None:
                self._attach(report.seq, report.job_id, content)
        if report.status is None and report.comment is None:
            return
        when = not_final if report.final else _still_waits
        tell(self._core, report.job_id, JobChange(status=report.status, comment=report.comment), when)

    def _attach(self, seq: int, job_id: int, content: bytes) -> None:
        with self._lock:
            # The second time, and after a failure, there may be one.
            first = seq in self._bare
            self._bare.discard(seq)
        try:
            self._core.attach_log(job_id, content, first=first)
        except CoreForbidden:
            with as_job_user(self._core, job_id) as core:
                core.attach_log(job_id, content)


def tell(core: CoreClient, job_id: int, change: JobChange, when: Callable[[Job], bool]) -> Job:
    """Change a job in Core, as its own user where the router's may not (READ_ONLY projects).

    Returns
    -------
    Job
        As it is now, changed or not.
    """
    try:
        return _change(core, job_id, change, when)
    except CoreForbidden:
        with as_job_user(core, job_id) as owner:
            return _change(owner, job_id, change, when)


def as_job_user(core: CoreClient, job_id: int) -> CoreClient:
    """Core with the keys of the job's own user; close it when done."""
    user_job = core.job(job_id).user_job
    if user_job is None:
        message = f"job {job_id} has no user of its own to report as"
        raise CoreForbidden(message)
    return core.with_keys(core.user_job_keys(user_job))


def _change(core: CoreClient, job_id: int, change: JobChange, when: Callable[[Job], bool]) -> Job:
    try:
        return core.update_job(job_id, change, when).job
    except CoreRefused:
        if change.status != JobStatus.KILLED:
            raise
        # A legacy Core knows the statuses 0 to 7 only (3.1).
        failed = JobChange(JobStatus.FAILED, change.progress, change.comment)
        return core.update_job(job_id, failed, when).job


def _still_waits(job: Job) -> bool:
    """Whether "wait, the image is being fetched" may still be said."""
    return job.status in {JobStatus.NOT_LAUNCHED, JobStatus.WAIT}
