"""Follow the output of every running container, each in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path

from router.engines.base import Engine
from router.errors import ContainerGone, EngineError
from router.log import get_logger
from router.logs.file import JobLog, LogLimits, note_path

log = get_logger(__name__)

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.05, 5.0
_STREAM_END_SECONDS = 1.0
# A stream that ends in order does so because the container ended; whoever notices that sets `_over`.
_ORDERLY_PAUSE = 0.5


class _Follower:
    """One container. The thread may hang in a stream that never ends, so `finish` can take the file from it."""

    def __init__(self, engine: Engine, container: str, file: JobLog) -> None:
        self.file = file
        self._engine, self._container = engine, container
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._taken = False
        self._thread = threading.Thread(target=self._run, name=f"log-{file.path.stem}", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        pause = _SHORTEST_PAUSE
        while not self._over.is_set():
            try:
                for chunk in self._engine.logs(self._container, self.file.position, follow=True):
                    pause = _SHORTEST_PAUSE
                    with self._lock:
                        if self._taken:
                            return
                        self.file.write(chunk)
                pause = max(pause, _ORDERLY_PAUSE)
            except ContainerGone:
                return
            except EngineError as error:
                log.debug("log stream broke off", container=self._container[:12], reason=str(error))
            self._over.wait(pause)
            pause = min(_LONGEST_PAUSE, 2 * pause)

    def take(self, patience: float) -> None:
        """End following; after this nothing but the caller writes."""
        self._over.set()
        self._thread.join(patience)
        with self._lock:
            self._taken = True


class Followers:
    """The logs of all jobs that run.

    Parameters
    ----------
    engine
        Has the output.
    folder
        Gets the files.
    limits
        How much is kept of each.
    """

    def __init__(self, engine: Engine, folder: Path, limits: LogLimits) -> None:
        self._engine, self._folder, self._limits = engine, folder, limits
        self._lock = threading.Lock()
        self._followers: dict[int, _Follower] = {}

    def follow(self, job: int, container: str, secrets: Iterable[str]) -> None:
        """Write a container's output to its job's file from now on."""
        with self._lock:
            if job not in self._followers:
                file = JobLog(self._folder, job, container, secrets, self._limits)
                self._followers[job] = _Follower(self._engine, container, file)

    def last_output(self, job: int) -> float | None:
        """When a job wrote last, on the monotonic clock."""
        follower = self._followers.get(job)
        return follower.file.last_output if follower else None

    def follows(self, job: int) -> bool:
        """Whether a container's output goes to this job's file just now."""
        return job in self._followers

    def size(self, job: int) -> int:
        """Bytes of the log of a job that runs."""
        follower = self._followers.get(job)
        return follower.file.bytes_written if follower else 0

    def finish(self, job: int, container: str | None, secrets: Iterable[str], sentence: str) -> None:
        """Complete the file: late lines first, which the stream may have missed; the ending last.

        Raises
        ------
        EngineUnavailable
            The late lines could not be asked for; call it again.
        """
        with self._lock:
            follower = self._followers.get(job)
        if follower is not None:
            follower.take(_STREAM_END_SECONDS)
            file = follower.file
        else:
            file = JobLog(self._folder, job, container or "", secrets, self._limits)
        try:
            if container is not None:
                self._late(file, container)
            file.finish(sentence)
        finally:
            with self._lock:
                self._followers.pop(job, None)
            file.close()

    def _late(self, file: JobLog, container: str) -> None:
        try:
            for chunk in self._engine.logs(container, file.position, follow=False):
                file.write(chunk)
        except ContainerGone:
            return

    def settle(self, job: int) -> None:
        """Nothing will be written to this job's file any more: its note of the position is not needed."""
        note_path(self._folder, job).unlink(missing_ok=True)

    def stop(self) -> None:
        """Let go of every file; containers go on, and their logs are taken up again from the noted positions."""
        with self._lock:
            followers, self._followers = list(self._followers.values()), {}
        for follower in followers:
            follower.take(0.0)
            follower.file.close()
