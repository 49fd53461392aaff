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
        values: dict[int, str | None] = {}
        try:
            values = {row.software_parameter: row.value for row in self._core.job_parameters(known.id)}
        except CoreUnavailable:
            raise
        except CoreError as error:
            log.warning("parameters not read", job=known.id, reason=str(error))
        command = restore(job.command, [value for value in values.values() if value])
        if has_secrets(command) and job.public_key is not None:
            keys = self._core.keys_of(job.public_key)
            command = restore(command, [keys.private])
        if has_secrets(command) and known.user_job is not None:
            keys = self._core.user_job_keys(known.user_job)
            command = restore(command, [keys.private, keys.public])
        if has_secrets(command):
            raise LaunchError("a value of the command could not be got back from Cytomine; launch the job again.")
        if job.public_key is not None:
            return command
        return self._put_together(command, known, values)

    def _put_together(self, command: tuple[str, ...], known: Job, values: dict[int, str | None]) -> tuple[str, ...]:
        if known.software is None:
            return tuple(arguments(command))
        try:
            software, parameters = self._software(known.software)
        except CoreNotFound:
            return tuple(arguments(command))
        by_name = {one.name: values[one.id] for one in parameters if one.id in values}
        found = recover(command, software.execute_command, parameters, by_name)
        if found.torn:
            log.info("command put together again", job=known.id, reasons=found.reasons)
        return tuple(found.arguments)

    def _software(self, ident: int) -> tuple[Software, list[SoftwareParameter]]:
        """The software and its parameters, which are believed for a minute."""
        with self._lock:
            found = self._known.get(ident)
        if found is None or time.monotonic() - found[0] > _BELIEVED_SECONDS:
            found = (time.monotonic(), self._core.software(ident), self._core.software_parameters(ident))
            with self._lock:
                self._known[ident] = found
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
