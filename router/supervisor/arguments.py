"""The argument list of a job's container: the stored command, its keys back, and what Core tore put together again."""

from __future__ import annotations

import threading
import time

from router.core import CoreClient, Job, Software, SoftwareParameter
from router.descriptor import recover
from router.descriptor.rebuilding import arguments
from router.errors import CoreError, CoreNotFound, CoreUnavailable, LaunchError
from router.log import get_logger
from router.masking import has_secrets, restore
from router.store import JobRow

log = get_logger(__name__)

_BELIEVED_SECONDS = 60.0


class Arguments:
    """Asks Core for what was not stored, and for what the message should have said (router-protocol.md 2.2.6).

    Parameters
    ----------
    core
        With short time-outs.
    """

    def __init__(self, core: CoreClient) -> None:
        self._core = core
        self._lock = threading.Lock()
        self._known: dict[int, tuple[float, Software, list[SoftwareParameter]]] = {}

    def of(self, job: JobRow, known: Job) -> tuple[str, ...]:
        """The arguments, keys among them.

        Raises
        ------
        LaunchError
            Core does not give back a value that was not stored.
        CoreError
            Core does not answer.
        """
        if job.public_key is not None:
            return self._with_keys(restore(job.command, [self._core.keys_of(job.public_key).private]), known)
        software, parameters = self._software(known)
        values = self._values(known) if parameters or has_secrets(job.command) else {}
        command = restore(job.command, [value for value in values.values() if value])
        command = self._with_keys(command, known)
        if software is None:
            return tuple(arguments(command))
        by_name = {one.name: values[one.id] for one in parameters if one.id in values}
        found = recover(command, software.execute_command, parameters, by_name)
        if found.torn:
            log.info("command put together again", job=known.id, reasons=found.reasons)
        return tuple(found.arguments)

    def _values(self, known: Job) -> dict[int, str | None]:
        """The job's parameter rows, keys among them; empty when Core refuses them."""
        try:
            return {row.software_parameter: row.value for row in self._core.job_parameters(known.id)}
        except CoreUnavailable:
            raise
        except CoreError as error:
            log.warning("parameters not read", job=known.id, reason=str(error))
            return {}

    def _with_keys(self, command: tuple[str, ...], known: Job) -> tuple[str, ...]:
        """The command with the keys of the job's user, if it still lacks them."""
        if has_secrets(command) and known.user_job is not None:
            keys = self._core.user_job_keys(known.user_job)
            command = restore(command, [keys.private, keys.public])
        if has_secrets(command):
            raise LaunchError("a value of the command could not be got back from Cytomine; launch the job again.")
        return command

    def _software(self, job: Job) -> tuple[Software | None, list[SoftwareParameter]]:
        """The software and its parameters, which are believed for a minute; none when Core has lost it."""
        if job.software is None:
            return None, []
        with self._lock:
            found = self._known.get(job.software)
        if found is None or time.monotonic() - found[0] > _BELIEVED_SECONDS:
            try:
                software = self._core.software(job.software)
            except CoreNotFound:
                return None, []
            found = (time.monotonic(), software, self._core.software_parameters(job.software))
            with self._lock:
                self._known[job.software] = found
        return found[1], found[2]


def identify(core: CoreClient, public_key: str) -> int:
    """Which job the keys in a legacy command belong to (2.3).

    Raises
    ------
    CoreError
        Core does not answer, or does not know the key.
    LaunchError
        The keys are not those of a job.
    """
    keys = core.keys_of(public_key)
    with core.with_keys(keys) as owner:
        user = owner.current_user()
    if user.job is None:
        raise LaunchError("the keys in the command are not those of a job")
    return user.job
