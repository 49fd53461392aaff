"""The slow steps on one job: Core is asked, the engine is asked; what came of it is one happening.

Run in a pool. A step never touches the store: the supervisor is the only writer of job state.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from router import launch
from router.core import CoreClient, Job, JobChange, JobStatus
from router.endings import Facts, Kind, StopReason
from router.engines.base import Container, Engine, Identity
from router.errors import (
    ContainerGone,
    CoreError,
    CoreForbidden,
    CoreNotFound,
    CoreRefused,
    CoreUnavailable,
    EngineError,
    EngineUnavailable,
    ImageError,
    LaunchError,
    RouterError,
)
from router.errors import ImageMissing as NotHere
from router.images import Images
from router.log import get_logger
from router.logs import Followers
from router.masking import mask_text, secrets_of
from router.policy import Machine
from router.reports import tell
from router.settings import Settings
from router.shown import last_lines
from router.store import JobRow
from router.supervisor.arguments import Arguments, identify
from router.supervisor.events import Deferred, Ended, Happening, Identified, ImageMissing, LogSafe, Nobody, Started

log = get_logger(__name__)

_FIRST_PAUSE = 2.0


class Steps:
    """What is done for a job outside the store.

    Parameters
    ----------
    settings
        Policy.
    engine, core, images, followers
        The parts that do it. `core` has short time-outs: a job waits for its answer.
    stopped
        Whether somebody wishes the job at this place of the store to stop.
    held
        Whether this router's jobs are still its own; a job is not started otherwise.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        engine: Engine,
        core: CoreClient,
        images: Images,
        followers: Followers,
        stopped: Callable[[int], bool],
        held: Callable[[], bool] = lambda: True,
    ) -> None:
        self._settings, self._engine, self._core = settings, engine, core
        self._images, self._followers, self._stopped = images, followers, stopped
        self._held = held
        self._arguments = Arguments(core)
        self._has: Machine | None = None

    def identity(self, job: JobRow) -> Identity:
        """Name and labels of a job's container."""
        assert job.job_id is not None  # noqa: S101 - only identified jobs are admitted
        return Identity(self._settings.name, job.job_id, job.attempt)

    def prepare(self, job: JobRow) -> Happening:
        """From a free slot to a running container: image, INQUEUE, keys, create, start."""
        try:
            image = self._image(job)
            self._images.check(image)
            digest = self._images.digest(image)
            if digest is None:
                return ImageMissing(job.seq, image)
            return self._launch(job, image, digest)
        except NotHere:
            self._images.forget(image)
            return ImageMissing(job.seq, image)
        except CoreNotFound:
            return Ended(job.seq, Facts(kind=Kind.GONE))
        except (CoreError, EngineUnavailable) as error:
            return Deferred(job.seq, mask_text(str(error)), _FIRST_PAUSE)
        except ImageError as error:
            return Ended(job.seq, Facts(kind=Kind.IMAGE, problem=str(error)))
        except (LaunchError, EngineError) as error:
            return Ended(job.seq, Facts(kind=Kind.NOT_LAUNCHED, problem=f"Not started: {mask_text(str(error))}"))
        except Exception as error:
            log.exception("launch crashed", job=job.job_id, reason=type(error).__name__)
            problem = f"Not started: a fault of the router ({type(error).__name__}); tell its administrator."
            return Ended(job.seq, Facts(kind=Kind.NOT_LAUNCHED, problem=problem))

    def _launch(self, job: JobRow, image: str, digest: str) -> Happening:
        known = self._queue_in_core(job)
        if known.final:
            return Ended(job.seq, Facts(kind=Kind.NOT_LAUNCHED, problem="Not started: it was over already."))
        arguments = self._arguments.of(job, known)
        is_legacy = job.public_key is not None
        if is_legacy:
            arguments = launch.legacy(self._settings, arguments)[1]
        identity = self.identity(job)
        spec = launch.container_spec(
            self._settings,
            identity,
            image,
            arguments,
            job.server_parameters,
            machine=self._machine(),
            legacy_folder=is_legacy,
        )
        if self._stopped(job.seq):
            return Ended(job.seq, Facts(stop=StopReason.KILL))
        if not self._held():
            return Deferred(job.seq, "the store could not be reached for too long", _FIRST_PAUSE)
        container = self._engine.create(spec)
        self._engine.start(container)
        at = time.time()
        self._followers.follow(identity.job, container, secrets_of(arguments))
        return Started(job.seq, container, image, digest, at)

    def _machine(self) -> Machine:
        """What is shared out where nobody said how much."""
        if self._has is None:
            info = self._engine.info()
            self._has = Machine(info.memory or None, float(info.cpus))
        return self._has

    def _image(self, job: JobRow) -> str:
        if job.public_key is not None:
            return launch.legacy(self._settings, job.command)[0]
        return self._images.name(launch.source_of(job.pulling_command))

    def identify(self, job: JobRow) -> Happening:
        """Which job a legacy command is."""
        try:
            return Identified(job.seq, identify(self._core, job.public_key or ""))
        except CoreUnavailable as error:
            raise EngineUnavailable(str(error)) from error
        except RouterError as error:
            return Nobody(job.seq, str(error))

    def _queue_in_core(self, job: JobRow) -> Job:
        """Tell Core INQUEUE before the start; the job as Core knows it now."""
        assert job.job_id is not None  # noqa: S101 - only identified jobs are admitted
        again = job.attempt > 1
        change = JobChange(status=JobStatus.IN_QUEUE, comment="" if again else None, progress=0 if again else None)
        try:
            return tell(self._core, job.job_id, change, lambda found: again or found.status in _BEFORE_QUEUE)
        except (CoreForbidden, CoreRefused) as error:
            # Nobody may write to this job's project: the algorithm will not be able to either, and will say so.
            log.warning("INQUEUE refused", job=job.job_id, reason=str(error))
            return self._core.job(job.job_id)

    def adopt(self, job: JobRow) -> list[Happening]:
        """What a restarted router finds of a job that was being prepared or ran."""
        try:
            found = self._engine.inspect(self._place(job))
        except ContainerGone:
            if job.started_at is None:
                return [Deferred(job.seq, "taken up again after a restart", 0.0)]
            return [Ended(job.seq, Facts(kind=Kind.LOST))]
        if found.status == "created":
            return [Deferred(job.seq, "taken up again after a restart", 0.0)]
        self._followers.follow(found.identity.job, found.id, secrets_of(found.arguments))
        at = found.started_at or time.time()
        happenings: list[Happening] = []
        if job.started_at is None:
            happenings.append(Started(job.seq, found.id, job.image or "", job.image_digest or "", at))
        if found.ended:
            happenings.append(_ended(job, found))
        return happenings

    def look(self, job: JobRow) -> Ended | None:
        """How the job's container ended; None when it runs."""
        try:
            found = self._engine.inspect(self._place(job))
        except ContainerGone:
            return Ended(job.seq, Facts(kind=Kind.LOST))
        return _ended(job, found) if found.ended else None

    def halt(self, job: JobRow) -> Ended | None:
        """Stop the container, and say how it ended; None when the engine does not answer or it runs on."""
        try:
            self._engine.stop(self._place(job), self._settings.engine.grace_s)
            return self.look(job)
        except EngineError as error:
            log.warning("not stopped yet", job=job.job_id, reason=str(error))
            return None

    def finish(self, job: JobRow) -> LogSafe:
        """Complete the job's log; a job that was killed before it was heard of has none of ours."""
        if not job.command:
            return LogSafe(job.seq)
        container: str | None = self._place(job)
        ident = self.identity(job).job
        secrets: tuple[str, ...] = ()
        if not self._followers.follows(ident):
            try:
                secrets = secrets_of(self._engine.inspect(self._place(job)).arguments)
            except ContainerGone:
                container = None
        self._followers.finish(ident, container, secrets, _sentence(job))
        crashed = job.ending == Kind.CRASHED
        log_file = self._settings.logs.folder / f"{ident}.log"
        return LogSafe(job.seq, "\n".join(last_lines(log_file)) if crashed else "")

    def clean(self, job: JobRow) -> None:
        """Remove the container: log and report are safe."""
        self._followers.settle(self.identity(job).job)
        if not self._settings.engine.keep_containers:
            self._engine.remove(self._place(job))

    def _place(self, job: JobRow) -> str:
        return job.container or self.identity(job).name


_BEFORE_QUEUE = {JobStatus.NOT_LAUNCHED, JobStatus.WAIT, JobStatus.INDETERMINATE}


def _ended(job: JobRow, found: Container) -> Ended:
    facts = Facts(exit_code=found.exit_code, out_of_memory=found.out_of_memory)
    return Ended(job.seq, facts, found.id, found.started_at, found.ended_at)


def _sentence(job: JobRow) -> str:
    """The last line of a job's log, from what is stored: after a restart it is the same."""
    if job.ending == Kind.EXITED:
        return "ended with exit code 0"
    code = "" if job.exit_code is None else f" (exit code {job.exit_code})"
    return f"{job.ending}{code}: {job.comment}"
