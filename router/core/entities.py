"""What the router reads from Core: small frozen values, and how each is read from Core's JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, TypeVar

Json = Mapping[str, Any]
T = TypeVar("T")

#: Width of the column in every Grails Core (router-protocol.md 3.1); longer text is an HTTP 500 there.
COMMENT_LENGTH = 255


class JobStatus(IntEnum):
    """Core's codes of a job's status (router-protocol.md 3.1)."""

    NOT_LAUNCHED = 0
    IN_QUEUE = 1
    RUNNING = 2
    SUCCESS = 3
    FAILED = 4
    INDETERMINATE = 5
    WAIT = 6
    PREVIEWED = 7
    KILLED = 8

    @property
    def final(self) -> bool:
        """Whether Core's pages stop asking: success, failed, killed."""
        return self in {JobStatus.SUCCESS, JobStatus.FAILED, JobStatus.KILLED}


@dataclass(frozen=True)
class User:
    """Who a key pair belongs to; `job` is set when it is the user of a job (`algo`)."""

    id: int
    username: str
    algo: bool
    job: int | None
    admin: bool

    @classmethod
    def read(cls, found: Json) -> User:
        """From GET /api/user/current.json or /api/user/ID.json."""
        return cls(
            id=int(found["id"]),
            username=str(found.get("username", "")),
            algo=bool(found.get("algo", False)),
            job=number(found.get("job")),
            admin=bool(found.get("admin", False)),
        )


@dataclass(frozen=True)
class Job:
    """A job as Core stores it; `whole` is the complete object, which a PUT must send back (3.3)."""

    id: int
    status: int
    progress: int
    comment: str | None
    project: int | None
    software: int | None
    software_name: str
    user_job: int | None
    processing_server: int | None
    whole: Json = field(repr=False, compare=False, default_factory=dict)

    @property
    def final(self) -> bool:
        """Whether the status is one that nobody should overwrite."""
        return self.status in {JobStatus.SUCCESS, JobStatus.FAILED, JobStatus.KILLED}

    @classmethod
    def read(cls, found: Json) -> Job:
        """From GET /api/job/ID.json, or the `job` of an envelope."""
        return cls(
            id=int(found["id"]),
            status=number(found.get("status")) or 0,
            progress=number(found.get("progress")) or 0,
            comment=found.get("statusComment"),
            project=number(found.get("project")),
            software=number(found.get("software")),
            software_name=str(found.get("softwareName") or ""),
            user_job=number(found.get("userJob")),
            processing_server=number(found.get("processingServer")),
            whole=dict(found),
        )


@dataclass(frozen=True)
class JobChange:
    """What to change in a job; None leaves a field as it is."""

    status: int | None = None
    progress: float | None = None
    comment: str | None = None

    def merged(self, job: Job) -> dict[str, Any]:
        """The whole object to PUT: a field that is left out would be reset (3.3)."""
        body = dict(job.whole)
        body["id"] = job.id
        if self.status is not None:
            body["status"] = int(self.status)
        if self.progress is not None:
            # A float is read as 0 by Core (3.1).
            body["progress"] = max(0, min(100, int(self.progress)))
        if self.comment is not None:
            # PostgreSQL refuses a NUL in text.
            body["statusComment"] = self.comment.replace("\0", "")[:COMMENT_LENGTH]
        return body


@dataclass(frozen=True)
class JobUpdate:
    """What came of an update: the job as it is now, and whether the change was written."""

    job: Job
    written: bool


@dataclass(frozen=True)
class AttachedFile:
    """A file on an object of Core, such as `log.out` on a job."""

    id: int
    filename: str

    @classmethod
    def read(cls, found: Json) -> AttachedFile:
        """From POST /api/attachedfile.json or an item of its list."""
        return cls(id=int(found["id"]), filename=str(found.get("filename") or ""))


@dataclass(frozen=True)
class ProcessingServer:
    """Where Core lets jobs run; `queue` is None on rows of an old migration (1.5)."""

    id: int
    name: str
    queue: str | None
    exchange: str | None
    index: int
    method: str | None

    @classmethod
    def read(cls, found: Json) -> ProcessingServer:
        """From GET /api/processing_server.json."""
        amqp = found.get("amqpQueue") or {}
        return cls(
            id=int(found["id"]),
            name=str(found.get("name") or ""),
            queue=amqp.get("name"),
            exchange=amqp.get("exchange"),
            index=number(found.get("index")) or 0,
            method=found.get("processingMethodName"),
        )


@dataclass(frozen=True)
class AmqpQueue:
    """A queue Core knows; a legacy Core has one a software."""

    id: int
    name: str
    exchange: str | None

    @classmethod
    def read(cls, found: Json) -> AmqpQueue:
        """From GET /api/amqp_queue.json."""
        return cls(id=int(found["id"]), name=str(found.get("name") or ""), exchange=found.get("exchange"))


@dataclass(frozen=True)
class Project:
    """A project: the unit of rights and of fairness."""

    id: int
    name: str

    @classmethod
    def read(cls, found: Json) -> Project:
        """From GET /api/project.json."""
        return cls(id=int(found["id"]), name=str(found.get("name") or ""))


def read_list(read: Callable[[Json], T], found: Json) -> list[T]:
    """The items of Core's list answer."""
    return [read(item) for item in found["collection"]]


def number(value: Any) -> int | None:
    """A number Core may send as text, as a float or not at all."""
    if value is None or value == "" or isinstance(value, bool):
        return None
    try:
        return value if isinstance(value, int) else int(float(value))
    except (TypeError, ValueError):
        return None
