"""The port to whatever runs containers: what the daemon asks for, and the values that go both ways.

Every engine keeps the same promises (tests/contract holds them to it):

* `create` under a name that exists already answers the container of that name: asking twice makes one container.
* `stop` and `remove` of a container that is gone succeed.
* the exit code comes from `inspect`, never from the end of `logs`; `logs` may break off and is then asked again.
* every call has a time-out; an engine that does not answer raises `EngineUnavailable`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

#: Labels of a container start with this; their values are `LABELS` of `Identity`.
LABEL_PREFIX = "org.cytomine.software-router."


@dataclass(frozen=True)
class Identity:
    """Which attempt of which job of which router a container is."""

    router: str
    job: int
    attempt: int

    @property
    def name(self) -> str:
        """The container's name."""
        return f"{self.router}-job-{self.job}-{self.attempt}"

    @property
    def labels(self) -> dict[str, str]:
        """The container's labels."""
        values = {"router": self.router, "job": str(self.job), "attempt": str(self.attempt)}
        return {LABEL_PREFIX + key: value for key, value in values.items()}

    @classmethod
    def read(cls, labels: Mapping[str, str]) -> Identity | None:
        """The identity in a container's labels, None when they are not ours."""
        try:
            return cls(
                router=labels[LABEL_PREFIX + "router"],
                job=int(labels[LABEL_PREFIX + "job"]),
                attempt=int(labels[LABEL_PREFIX + "attempt"]),
            )
        except (KeyError, ValueError):
            return None


@dataclass(frozen=True)
class Limits:
    """What one job may use; None is no limit.

    Parameters
    ----------
    memory
        Bytes, swap included.
    cpus
        Processors, fractions allowed.
    processes
        Processes and threads together.
    shared_memory
        Bytes of /dev/shm.
    gpus
        Number of GPUs, -1 for all.
    """

    memory: int | None = None
    cpus: float | None = None
    processes: int | None = None
    shared_memory: int | None = None
    gpus: int = 0


@dataclass(frozen=True)
class Hardening:
    """What a container may not do (see router.yml, section `engine`)."""

    drop_capabilities: bool = True
    no_new_privileges: bool = True
    read_only_root: bool = True
    user: str | None = None


@dataclass(frozen=True)
class ContainerSpec:
    """One container, complete.

    Parameters
    ----------
    identity
        Gives name and labels.
    image
        Reference, as the engine knows it.
    arguments
        Replace the image's CMD; its ENTRYPOINT stays. A list: no shell ever sees them.
    environment
        Added to the image's.
    network
        Name of a network, None for the engine's default.
    extra_hosts
        Names that the container resolves without DNS.
    mounts
        Container path to host path (read-write) of folders.
    scratch
        Container paths that are writable and empty, with their largest size in bytes (None: no limit).
    """

    identity: Identity
    image: str
    arguments: tuple[str, ...] = field(repr=False)
    environment: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = Limits()
    hardening: Hardening = Hardening()
    network: str | None = None
    extra_hosts: Mapping[str, str] = field(default_factory=dict)
    mounts: Mapping[str, str] = field(default_factory=dict)
    scratch: Mapping[str, int | None] = field(default_factory=dict)
    working_folder: str | None = None


@dataclass(frozen=True)
class Container:
    """A container as the engine sees it now.

    Parameters
    ----------
    status
        "created", "running" or "exited".
    started_at, ended_at
        Seconds since the epoch.
    arguments
        What it was made with, keys among them; only `inspect` fills it.
    """

    id: str
    identity: Identity
    status: str
    exit_code: int | None = None
    out_of_memory: bool = False
    started_at: float | None = None
    ended_at: float | None = None
    arguments: tuple[str, ...] = field(default=(), repr=False)

    @property
    def ended(self) -> bool:
        """Whether its exit code is final."""
        return self.status == "exited"


@dataclass(frozen=True)
class LogPosition:
    """How far a log was read: `seen` chunks with a time stamp in `second` or later."""

    second: int = 0
    seen: int = 0


@dataclass(frozen=True)
class LogChunk:
    """A piece of output; `second` is that of its time stamp, `count` how many chunks of the engine it was made of."""

    second: int
    data: bytes
    count: int = 1


@dataclass(frozen=True)
class EngineInfo:
    """What the machine behind an engine has."""

    name: str
    version: str
    cpus: int
    memory: int
    gpus: int = 0


@dataclass(frozen=True)
class End:
    """A container that ended, as the engine told it at once; `code` None when only `inspect` knows."""

    container: str
    job: int
    code: int | None = None
    at: float | None = None


#: Told what a pull does just now, for people: "12 of 40 MB".
Progress = Callable[[str], None]


class Engine(Protocol):
    """Runs containers. Every method may be called from any thread."""

    def info(self) -> EngineInfo:
        """What the machine has; raises EngineUnavailable."""
        ...

    def has_image(self, image: str) -> str | None:
        """The image's digest or id if it is here, else None."""
        ...

    def pull(self, image: str, progress: Progress, stalled: float) -> None:
        """Fetch an image; PullFailed when the registry refuses or says nothing for `stalled` seconds."""
        ...

    def load(self, file: Path, image: str) -> None:
        """Load the one image of a file under this name; PullFailed when there is none in it."""
        ...

    def build(self, folder: Path, image: str) -> None:
        """Build the Dockerfile of a folder under this name; PullFailed when it cannot be built."""
        ...

    def create(self, spec: ContainerSpec) -> str:
        """Make the container and return its id; ImageMissing when the image is not here."""
        ...

    def start(self, container: str) -> None:
        """Start it; starting it twice is no error."""
        ...

    def inspect(self, container: str) -> Container:
        """How it is now, by id or name; ContainerGone when there is none."""
        ...

    def list(self, router: str) -> list[Container]:
        """Every container of this router, ended ones too."""
        ...

    def logs(self, container: str, since: LogPosition, *, follow: bool) -> Iterator[LogChunk]:
        """The output from the second of `since` on (the chunks seen in it are skipped); may break off at any time."""
        ...

    def stop(self, container: str, grace: float) -> None:
        """SIGTERM, and SIGKILL after `grace` seconds; returns when it does not run any more."""
        ...

    def remove(self, container: str) -> None:
        """Remove it with its volumes."""
        ...

    def watch(self, router: str, ended: Callable[[End], None]) -> None:
        """Call `ended` for every container of this router that ends, until `close`."""
        ...

    def close(self) -> None:
        """Let go of connections; containers keep running."""
        ...
