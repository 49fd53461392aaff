"""Follow a job: its log by the command a person would type, its progress by Core's REST."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from router.core import CoreClient, Job
from router.errors import RouterError


class JobTooSlow(RouterError):
    """A job did not end in the time it was given."""


@contextmanager
def tail(command: list[str], show: Callable[[str], None]) -> Iterator[None]:
    """Hand every line of a follower such as `docker exec ... tail -F` to `show`, until the block ends."""
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        errors="replace",
    ) as follower:
        reader = threading.Thread(target=_read, args=(follower.stdout, show), daemon=True)
        reader.start()
        try:
            yield
            time.sleep(0.3)  # the last lines are on their way
        finally:
            follower.terminate()
            reader.join(timeout=5)


def _read(lines: Iterable[str] | None, show: Callable[[str], None]) -> None:
    for line in lines or ():
        show(line.rstrip("\n"))


def until_final(core: CoreClient, job: Job, tell: Callable[[Job], None], timeout: float) -> Job:
    """Ask Core for a job until it is final; every answer goes to `tell`.

    Raises
    ------
    JobTooSlow
        It was not final after `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while True:
        found = core.job(job.id)
        tell(found)
        if found.final:
            return found
        if time.monotonic() > deadline:
            message = f"job {job.id} has status {found.status} after {timeout:g} s ({found.comment or 'no comment'})"
            raise JobTooSlow(message)
        time.sleep(0.25)
