"""What the supervisor is told: every slow thing ends in one of these."""

from __future__ import annotations

from dataclasses import dataclass

from router.endings import Facts


@dataclass(frozen=True)
class Wake:
    """Something changed in the store: new jobs, a wish to stop."""


@dataclass(frozen=True)
class Started:
    """A container runs."""

    seq: int
    container: str
    image: str
    digest: str
    at: float


@dataclass(frozen=True)
class Deferred:
    """Core or the engine did not answer: the job goes back into the queue."""

    seq: int
    reason: str
    seconds: float


@dataclass(frozen=True)
class ImageMissing:
    """The job's image must be fetched first."""

    seq: int
    image: str


@dataclass(frozen=True)
class PullSaid:
    """Progress of a pull."""

    image: str
    words: str


@dataclass(frozen=True)
class PullEnded:
    """An image is here, or its problem says why not."""

    image: str
    problem: str


@dataclass(frozen=True)
class Exited:
    """The engine says that a container of this job ended; how, must be looked up unless its exit code was 0."""

    job_id: int
    container: str = ""
    exit_code: int | None = None
    at: float | None = None


@dataclass(frozen=True)
class Ended:
    """Nothing of the job runs any more."""

    seq: int
    facts: Facts
    container: str | None = None
    started_at: float | None = None
    ended_at: float | None = None


@dataclass(frozen=True)
class LogSafe:
    """The job's local log is complete.

    Parameters
    ----------
    last_lines
        Its end, where that may say why the job crashed.
    """

    seq: int
    last_lines: str = ""


@dataclass(frozen=True)
class Reported:
    """Core has the final report, or, for the reason in `error`, will never take it."""

    seq: int
    report: int
    error: str | None = None


@dataclass(frozen=True)
class Identified:
    """Core said which job a legacy command belongs to."""

    seq: int
    job_id: int


@dataclass(frozen=True)
class Nobody:
    """A legacy command belongs to no job Core knows."""

    seq: int
    reason: str


Happening = (
    Wake
    | Started
    | Deferred
    | ImageMissing
    | PullSaid
    | PullEnded
    | Exited
    | Ended
    | LogSafe
    | Reported
    | Identified
    | Nobody
)
