"""One identity at a Core that works on a job: who it is, what it reports, what it asks again."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self, TypeVar

from algorithms.toolkit.errors import DataError, UploadError
from algorithms.toolkit.job.descriptor import Value
from router.core.client import CoreClient
from router.core.connection import Connection, Keys, Timeouts
from router.core.entities import Job, JobChange, JobStatus
from router.errors import CoreError, CoreUnavailable

log = logging.getLogger(__name__)

AnswerT = TypeVar("AnswerT")

TIMEOUTS = Timeouts(connect=5, read=120)
#: Seconds before each further try of a call that may work later.
PAUSES = (0.5, 1, 2, 4, 8, 15)


def patiently(call: Callable[[], AnswerT], pauses: tuple[float, ...] = PAUSES) -> AnswerT:
    """Repeat a call that can be repeated while the Core is not available.

    Raises
    ------
    CoreError
        The last one.
    """
    for pause in pauses:
        try:
            return call()
        except CoreUnavailable as error:
            log.warning("%s; trying again in %g s", error, pause)
            time.sleep(pause)
    return call()


class JobSession:
    """A job and the connection of its own user; a context manager.

    Attributes
    ----------
    api : Connection
        Raw calls, signed by the job's user.
    job : Job
        As it was at the start.
    user : int
        Id of the job's user, whose layer the results make.
    """

    def __init__(self, url: str, keys: Keys, job: Job, user: int) -> None:
        self.url, self.job, self.user = url, job, user
        self.api = Connection(url, keys, TIMEOUTS)
        self._client = CoreClient(url, keys, TIMEOUTS)

    @classmethod
    def begin(cls, url: str, keys: Keys, project: int, software: int) -> tuple[Self, bool]:
        """Find the job of a job's user, or create one for a person and switch to its user.

        Returns
        -------
        JobSession
        bool
            Whether the job is new, so that its parameters are still to be recorded.
        """
        with CoreClient(url, keys, TIMEOUTS) as client:
            user = patiently(client.current_user)
            if user.algo and user.job is not None:
                number = user.job
                return cls(url, keys, patiently(lambda: client.job(number)), user.id), False
        return cls.create(url, keys, project, software), True

    @classmethod
    def create(cls, url: str, keys: Keys, project: int, software: int) -> Self:
        """Create a job and switch to its user."""
        with CoreClient(url, keys, TIMEOUTS) as client:
            job = client.create_job(project, software, {})
            if job.user_job is None:
                msg = f"the server made job {job.id} without a user of its own; its results would have no layer"
                raise DataError(msg)
            return cls(url, client.user_job_keys(job.user_job), job, job.user_job)

    def record(self, values: Mapping[str, Value], parameters: Mapping[str, int]) -> None:
        """Write down the values of a new job's parameters; `parameters` maps their names to Core's ids."""
        for name, ident in parameters.items():
            value = values.get(name)
            text = ",".join(map(str, value)) if isinstance(value, list) else value
            body = {"job": self.job.id, "softwareParameter": ident, "value": None if text is None else str(text)}
            self.api.post("jobparameter.json", json.dumps(body))

    def report(self, status: JobStatus, progress: float | None, comment: str) -> None:
        """Tell the Core how the job is; a status that is final already stays."""
        change = JobChange(status=status, progress=progress, comment=comment)
        patiently(lambda: self._client.update_job(self.job.id, change))

    def attach(self, path: Path, key: str) -> None:
        """Upload a file as a result of the job."""
        body = json.dumps({"job": self.job.id, "key": key, "filename": path.name})
        try:
            made = self.api.post("jobdata.json", body)["jobdata"]
            with path.open("rb") as file:
                fields = {"files[]": (path.name, file, "application/octet-stream")}
                self.api.multipart(f"jobdata/{made['id']}/upload", fields, {})
        except CoreError as error:
            msg = f"{path.name} could not be uploaded: {error}"
            raise UploadError(msg) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.api.close()
        self._client.close()
