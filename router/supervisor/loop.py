"""The supervisor's thread: happenings in, transactions and effects out.

Woken by events, never by polling: a job that is stored is looked at within the same millisecond. Everything that
arrived together is applied in one transaction. Once a second it looks at the limits of running jobs, and now and then
it compares the store with what the engine says, whatever events said.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from router.endings import StopReason
from router.engines.base import Engine
from router.errors import EngineError, RouterError, StoreError
from router.images import Images
from router.log import get_logger
from router.logs import Followers
from router.reports import Reports
from router.settings import Settings
from router.states import Event, State
from router.store import JobRow, Store, Unit
from router.supervisor.admission import Admission
from router.supervisor.events import Deferred, Ended, Exited, Happening, Identified, ImageMissing, PullEnded, Wake
from router.supervisor.handlers import Actions, Effect, Handlers
from router.supervisor.lease import Lease
from router.supervisor.steps import Steps
from router.supervisor.timers import Timers

log = get_logger(__name__)

Step = Callable[[JobRow], Happening | list[Happening] | None]

_TICK_SECONDS = 1.0
_COMPARE_EVERY_SECONDS = 10.0
_PRUNE_EVERY_SECONDS = 60.0
#: After these somebody may start who could not before; all else is seen a second later.
_MAKE_ROOM = {Wake, Exited, Ended, Deferred, ImageMissing, PullEnded, Identified}
_LONGEST_HOLD = 30.0
_RETRY_SECONDS = 2.0
_FIRST_ATTACH_SECONDS = 10.0


class Supervisor(Actions):
    """Moves jobs.

    Parameters
    ----------
    settings
        Policy.
    store, engine, images, followers, reports
        The parts it drives.
    """

    def __init__(self, settings: Settings, store: Store, engine: Engine) -> None:
        self._settings, self._store, self._engine = settings, store, engine
        self.lease = Lease(settings.name, alone=store.alone())
        self._handlers = Handlers(settings, self, self.lease)
        self._arrived: queue.SimpleQueue[Happening | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(settings.slots + 8, thread_name_prefix="step")
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
        self._wished: set[int] = set()
        self._halting: set[int] = set()
        self._asked: set[int] = set()
        self._hold_seconds, self._held_until = 0.0, 0.0
        self._compared_at = self._looked_at = time.monotonic()
        self._prune_at = 0.0
        self._attached: dict[int, tuple[float, int]] = {}
        self._admission = Admission(settings, engine)
        self._timers = Timers()
        #: Why nobody is admitted just now.
        self.problem = ""

    def connect(self, steps: Steps, images: Images, followers: Followers, reports: Reports) -> None:
        """Hand over the parts that themselves need the supervisor."""
        self._steps, self._images, self._followers, self._reports = steps, images, followers, reports

    def post(self, happening: Happening) -> None:
        """Tell the supervisor something; may be called from any thread."""
        self._arrived.put(happening)

    def stopped(self, seq: int) -> bool:
        """Whether somebody wishes this job to stop, or the router itself stops."""
        return seq in self._wished

    def start(self) -> None:
        """Take up what was left, then go on."""
        self._thread.start()
        threading.Thread(target=self._watch, name="engine-events", daemon=True).start()

    def stop(self) -> None:
        """Admit nobody any more and finish the steps under way; containers keep running."""
        self._stopping.set()
        self._arrived.put(None)
        if self._thread.is_alive():
            self._thread.join()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._last_turn()

    def leave(self) -> None:
        """Give up what is ours: the last thing of all, another router goes on with it at once."""
        with self._store.write() as unit:
            self.lease.leave(unit)

    def _watch(self) -> None:
        self._engine.watch(self._settings.name, lambda end: self.post(Exited(end.job, end.container, end.code, end.at)))

    def _run(self) -> None:
        self._submit_call(self._sweep)
        self.post(Wake())
        while not self._stopping.is_set():
            together = self._next()
            if together is None:
                return
            self._turn(together)

    def _next(self) -> list[Happening] | None:
        """Everything that arrived, after waiting for the first; empty after a tick."""
        together: list[Happening] = []
        try:
            item = self._arrived.get(timeout=_TICK_SECONDS)
            while item is not None:
                together.append(item)
                item = self._arrived.get_nowait()
        except queue.Empty:
            return together
        return None

    def _turn(self, together: list[Happening]) -> None:
        """One transaction, then its effects; the transaction is repeated until the store takes it."""
        pause = 0.5
        while True:
            try:
                with self._store.write() as unit:
                    effects = self._apply(unit, together)
                self.lease.done()
                self.problem = ""
                break
            except StoreError as error:
                self.lease.undone()
                if not self.lease.held:
                    self._followers.stop()
                self.problem = str(error)
                log.warning("store not written", reason=str(error), again_in_s=pause)
                if self._stopping.wait(pause):
                    return
                pause = min(_LONGEST_HOLD, 2 * pause)
        for effect in effects:
            effect()

    def _apply(self, unit: Unit, together: list[Happening]) -> list[Effect]:
        effects = self._keep_lease(unit) if self.lease.due else []
        for happening in together:
            effects += self._handlers.handle(unit, happening)
        round_due = time.monotonic() - self._looked_at >= _TICK_SECONDS
        kinds = {type(happening) for happening in together}
        if round_due or Wake in kinds:
            effects += self._stops(unit)
            effects += self._ask_who(unit)
        if round_due:
            self._looked_at = time.monotonic()
            effects += self._look_round(unit)
        if (round_due or kinds & _MAKE_ROOM) and not self._stopping.is_set():
            effects += self._admit(unit)
        return effects

    def _stops(self, unit: Unit) -> list[Effect]:
        """Act on every wish to stop, in whatever phase the job is."""
        effects: list[Effect] = []
        self._wished = set()
        for job in unit.to_stop(self.lease.owner):
            self._wished.add(job.seq)
            if job.state in {State.QUEUED, State.PULLING}:
                effects += self._handlers.end_unstarted(unit, job)
            elif job.state is State.RUNNING and job.seq not in self._halting:
                effects.append(partial(self.halt, job))
        return effects

    def _ask_who(self, unit: Unit) -> list[Effect]:
        """Ask Core whose the keys of legacy commands are, each once."""
        nameless = [job for job in unit.nameless() if job.seq not in self._asked]
        self._asked |= {job.seq for job in nameless}
        return [partial(self._submit, self._steps.identify, job) for job in nameless]

    def _admit(self, unit: Unit) -> list[Effect]:
        if time.monotonic() < self._held_until:
            return []
        running = unit.holding_slots(self.lease.owner)
        free = self._settings.slots - len(running)
        if free <= 0:
            return []
        effects: list[Effect] = []
        for job, taken in self._admission.chosen(unit.waiting(free), running):
            moved = unit.move(job, Event.CLAIMED, owner=self.lease.owner, **taken)
            if moved is not None:
                effects.append(partial(self._prepare, moved))
        return effects

    def _prepare(self, job: JobRow) -> None:
        if job.attempt == 1:
            self._reports.bare(job.seq)
        self._submit(self._steps.prepare, job)

    def _look_round(self, unit: Unit) -> list[Effect]:
        """Limits of running jobs; now and then, the engine's own list against ours, and what is too old."""
        effects: list[Effect] = []
        if time.monotonic() > self._prune_at:
            pruned = unit.prune(self._settings.store.keep_days * 86_400)
            self._prune_at = time.monotonic() + (0 if pruned else _PRUNE_EVERY_SECONDS)
        running = unit.in_states({State.RUNNING}, self.lease.owner)
        for job in running:
            reason = self._over_limit(job)
            if reason is not None and job.stop is None:
                unit.change(job.seq, stop=reason.value, stop_at=unit.now())
                self.post(Wake())
        if time.monotonic() - self._compared_at > _COMPARE_EVERY_SECONDS and running:
            self._compared_at = time.monotonic()
            effects.append(lambda: self._submit_call(lambda: self._compare(running)))
        effects += [partial(self._attach, job) for job in running]
        return effects + self._timers.due()

    def _attach(self, job: JobRow) -> None:
        """Attach the log of a running job to it: soon after the start, then now and then, when it has grown."""
        if job.job_id is None:
            return
        first = time.monotonic() + _FIRST_ATTACH_SECONDS
        due, size = self._attached.setdefault(job.seq, (first, 0))
        grown = self._followers.size(job.job_id)
        if time.monotonic() >= due and grown > size:
            self._attached[job.seq] = (time.monotonic() + self._settings.logs.attach_every_s, grown)
            self._reports.refresh(job.seq, job.job_id)

    def _over_limit(self, job: JobRow) -> StopReason | None:
        if job.run_time and job.started_at and time.time() - job.started_at > job.run_time:
            return StopReason.RUN_TIME
        silent = self._settings.limits.no_output_s
        last = self._followers.last_output(job.job_id) if silent and job.job_id else None
        if silent and last is not None and time.monotonic() - last > silent:
            return StopReason.NO_OUTPUT
        return None

    def _compare(self, running: list[JobRow]) -> None:
        """Find jobs whose end no event told."""
        there = {item.identity.job for item in self._engine.list(self._settings.name) if not item.ended}
        for job in running:
            if job.job_id is not None and job.job_id not in there:
                self.post(Exited(job.job_id))

    def _keep_lease(self, unit: Unit) -> list[Effect]:
        """Renew our lease, and go on with what an ended router left where it was."""
        lost, left = self.lease.keep(unit)
        effects: list[Effect] = [self._followers.stop, self._reports.forget] if lost else []
        for job in left:
            log.info("taken over", job=job.job_id, state=job.state)
            if job.state is State.PULLING:
                unit.move(job, Event.DEFERRED, "taken up again after a restart", owner=None)
            elif job.state in {State.PREPARING, State.RUNNING}:
                effects.append(partial(self._submit, self._steps.adopt, job))
            elif job.state is State.FINISHING:
                effects.append(partial(self.finish, job))
        return [*effects, self.report] if left else effects

    def _sweep(self) -> None:
        """Remove containers of ours whose jobs are over."""
        for found in self._engine.list(self._settings.name):
            with self._store.read() as unit:
                job = unit.find(found.identity.job)
            if job is not None and (job.state is State.DONE or found.identity.attempt < job.attempt):
                self._engine.remove(found.id)

    def _last_turn(self) -> None:
        """Store what the steps under way came to."""
        together: list[Happening] = []
        while not self._arrived.empty():
            item = self._arrived.get()
            if item is not None:
                together.append(item)
        if together:
            self._turn(together)

    # -- effects

    def halt(self, job: JobRow) -> None:
        """Stop a job's container."""
        if job.seq not in self._halting:
            self._halting.add(job.seq)
            log.info("stopping", job=job.job_id, reason=job.stop)
            self._submit(self._halt, job)

    def _halt(self, job: JobRow) -> Happening | None:
        try:
            return self._steps.halt(job)
        finally:
            self._halting.discard(job.seq)

    def fetch(self, image: str) -> None:
        """Fetch an image."""
        self._images.fetch(image)

    def finish(self, job: JobRow) -> None:
        """Complete a job's log."""
        log.info("ended", job=job.job_id, ending=job.ending, exit_code=job.exit_code)
        self._submit(self._steps.finish, job)

    def report(self) -> None:
        """Wake the outbox."""
        self._reports.wake()

    def settled(self, seq: int, job: JobRow | None) -> None:
        """Remove the container of a job that is done."""
        self._reports.settled(seq)
        self._attached.pop(seq, None)
        if job is not None:
            self._submit(self._steps.clean, job)

    def look(self, job: JobRow) -> None:
        """Look how a container ended."""
        self._submit(self._steps.look, job)

    def hold(self, seconds: float) -> None:
        """Admit nobody for a while, longer each time."""
        self._hold_seconds = min(_LONGEST_HOLD, max(seconds, 2 * self._hold_seconds))
        self._held_until = time.monotonic() + self._hold_seconds
        log.warning("nobody admitted", for_s=self._hold_seconds)

    def go_on(self) -> None:
        """Admit again."""
        self._hold_seconds, self._held_until = 0.0, 0.0

    def _submit(self, step: Step, job: JobRow) -> None:
        """Run a step in the pool and post what came of it; an engine that is away is asked again."""

        def run() -> None:
            try:
                happenings = step(job)
            except EngineError as error:
                log.warning("step will be repeated", job=job.job_id, reason=str(error))
                self._timers.add(_RETRY_SECONDS, partial(self._submit, step, job))
                return
            except Exception as error:
                log.exception("step crashed and will be repeated", job=job.job_id, reason=type(error).__name__)
                self._timers.add(_LONGEST_HOLD, partial(self._submit, step, job))
                return
            for happening in happenings if isinstance(happenings, list) else [happenings]:
                if happening is not None:
                    self.post(happening)

        self._submit_call(run)

    def _submit_call(self, call: Callable[[], object]) -> None:
        def guarded() -> None:
            try:
                call()
            except RouterError as error:
                log.warning("step failed", reason=str(error))
            except Exception as error:
                log.exception("step crashed", reason=f"{type(error).__name__}: {error}")

        if not self._stopping.is_set():
            self._pool.submit(guarded)
