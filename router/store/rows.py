"""What the store gives out: frozen values, one a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, field
from typing import Any, ClassVar, Self

from router.states import State


class Row:
    """Built from the mapping of a result; columns that the value does not have are left out."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @classmethod
    def read(cls, found: Mapping[Any, Any]) -> Self:
        """The value of one row."""
        return cls(**{name: found[name] for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class JobRow(Row):
    """A job. `command` holds digests where keys were (masking.py)."""

    seq: int
    job_id: int | None
    public_key: str | None
    queue: str
    project: int | None
    command: tuple[str, ...] = field(repr=False)
    pulling_command: str
    server_parameters: Mapping[str, str]
    state: State
    attempt: int
    not_before: float
    stop: str | None
    stop_at: float | None
    owner: str | None
    image: str | None
    image_digest: str | None
    container: str | None
    memory: int | None
    cpus: float | None
    gpus: int | None
    run_time: float | None
    received_at: float
    started_at: float | None
    ended_at: float | None
    done_at: float | None
    exit_code: int | None
    out_of_memory: bool | None
    ending: str | None
    status: int | None
    comment: str | None
    problem: str | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "command", tuple(self.command))
        object.__setattr__(self, "state", State(self.state))


@dataclass(frozen=True)
class Held(Row):
    """What a job that holds a slot takes of the machine."""

    seq: int
    project: int | None
    memory: int | None
    cpus: float | None
    gpus: int | None


@dataclass(frozen=True)
class Moment(Row):
    """One entry of a job's timeline."""

    at: float
    what: str
    detail: str


@dataclass(frozen=True)
class Report(Row):
    """Something Core must be told about a job; a `final` one carries the log too."""

    id: int
    seq: int
    job_id: int
    final: bool
    status: int | None
    comment: str | None
    attempts: int


@dataclass(frozen=True)
class DeadLetter(Row):
    """A message nobody could act on. `body` is the original, keys masked."""

    id: int
    at: float
    queue: str
    reason: str
    body: bytes = field(repr=False)
    replayed_at: float | None


@dataclass(frozen=True)
class Task(Row):
    """Work for the catalogue."""

    id: int
    kind: str
    details: Mapping[str, Any]
    attempts: int
