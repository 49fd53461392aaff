"""Jobs as plain processes of this machine: development without Docker. No limits, no isolation: never in production.

A job is a folder: `spec.json`, `output` (time-stamped chunks), `end.json` (exit code). A small keeper process, a
session leader of its own, runs the program and writes them, so that a job outlives the router as a container would.
The image is ignored: the arguments are the program.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from typing_extensions import override

from router.engines.base import (
    Container,
    ContainerSpec,
    End,
    Engine,
    EngineInfo,
    Identity,
    LogChunk,
    LogPosition,
    Progress,
)
from router.engines.process_keeper import END, HEADER, OUTPUT, PROCESS, SPEC
from router.errors import ContainerGone, EngineError

_LOOK_SECONDS = 0.05
_ROOT = Path(__file__).resolve().parents[2]


class ProcessEngine(Engine):
    """Processes under one folder.

    Parameters
    ----------
    folder
        Gets one folder a job; readable by its owner only, for the keys in it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._closed = threading.Event()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    @override
    def info(self) -> EngineInfo:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return EngineInfo("process", sys.version.split()[0], len(os.sched_getaffinity(0)), memory)

    @override
    def has_image(self, image: str) -> str | None:
        return "process"

    @override
    def pull(self, image: str, progress: Progress, stalled: float) -> None:
        """Nothing to fetch."""

    @override
    def load(self, file: Path, image: str) -> None:
        """Nothing to load: a process has no image."""

    @override
    def build(self, folder: Path, image: str) -> None:
        """Nothing to build."""

    @override
    def create(self, spec: ContainerSpec) -> str:
        place = self._folder / spec.identity.name
        if (place / SPEC).exists():
            return spec.identity.name
        place.mkdir(mode=0o700, exist_ok=True)
        identity = {"router": spec.identity.router, "job": spec.identity.job, "attempt": spec.identity.attempt}
        content = {"identity": identity, "arguments": spec.arguments, "environment": dict(spec.environment)}
        fresh = place / "spec.new"
        fresh.write_text(json.dumps(content))
        fresh.replace(place / SPEC)
        return spec.identity.name

    @override
    def start(self, container: str) -> None:
        place = self._place(container)
        if (place / PROCESS).exists():
            return
        arguments = self._spec(place)["arguments"]
        if not arguments or shutil.which(arguments[0]) is None:
            message = f"process: the program {arguments[:1]} is not on this machine"
            raise EngineError(message)
        keeper = [sys.executable, "-m", "router.engines.process_keeper", str(place)]
        subprocess.run(keeper, stdin=subprocess.DEVNULL, check=True, cwd=_ROOT)
        while not (place / PROCESS).exists():
            time.sleep(_LOOK_SECONDS / 10)

    @override
    def inspect(self, container: str) -> Container:
        place = self._place(container)
        spec = self._spec(place)
        identity, arguments = Identity(**spec["identity"]), tuple(spec["arguments"])
        if not (place / PROCESS).exists():
            return Container(container, identity, "created", arguments=arguments)
        running = json.loads((place / PROCESS).read_text())
        end = self._end(place)
        if end is None and not _alive(running["keeper"]):
            end = self._end(place) or {"code": 137, "at": time.time()}
        if end is None:
            return Container(container, identity, "running", started_at=running["at"], arguments=arguments)
        return Container(
            container,
            identity,
            "exited",
            end["code"],
            started_at=running["at"],
            ended_at=end["at"],
            arguments=arguments,
        )

    @override
    def list(self, router: str) -> list[Container]:
        found = [self.inspect(place.parent.name) for place in self._folder.glob(f"*/{SPEC}")]
        return [item for item in found if item.identity.router == router]

    @override
    def logs(self, container: str, since: LogPosition, *, follow: bool) -> Iterator[LogChunk]:
        place, skip = self._place(container), since.seen
        with (place / OUTPUT).open("rb") if (place / OUTPUT).exists() else contextlib.nullcontext() as file:
            while file is not None:
                ended = self._end(place) is not None
                while chunk := _read(file):
                    if chunk.second < since.second:
                        continue
                    if skip:
                        skip -= 1
                        continue
                    yield chunk
                if not follow or ended or self._closed.wait(_LOOK_SECONDS):
                    return

    @override
    def stop(self, container: str, grace: float) -> None:
        with contextlib.suppress(ContainerGone):
            place = self._place(container)
            deadline = time.monotonic() + grace
            number = signal.SIGTERM
            while self.inspect(container).status == "running":
                program = json.loads((place / PROCESS).read_text())["program"]
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(program, number)
                while self.inspect(container).status == "running" and time.monotonic() < deadline:
                    time.sleep(_LOOK_SECONDS)
                number, deadline = signal.SIGKILL, time.monotonic() + 1.0

    @override
    def remove(self, container: str) -> None:
        self.stop(container, 0.0)
        shutil.rmtree(self._folder / container, ignore_errors=True)

    @override
    def watch(self, router: str, ended: Callable[[End], None]) -> None:
        told: set[str] = set()
        while not self._closed.wait(_LOOK_SECONDS):
            for end in self._folder.glob(f"{router}-job-*/{END}"):
                name = end.parent.name
                if name not in told:
                    told.add(name)
                    with contextlib.suppress(ContainerGone):
                        ended(End(name, self.inspect(name).identity.job))

    @override
    def close(self) -> None:
        self._closed.set()

    def _place(self, container: str) -> Path:
        place = self._folder / container
        if not (place / SPEC).exists():
            message = f"process: no job {container}"
            raise ContainerGone(message)
        return place

    def _spec(self, place: Path) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((place / SPEC).read_text())
        return found

    def _end(self, place: Path) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = json.loads((place / END).read_text())
        except FileNotFoundError:
            return None
        return found


def _read(file: Any) -> LogChunk | None:
    """The next complete chunk of an output file."""
    here = file.tell()
    header = file.read(HEADER.size)
    if len(header) == HEADER.size:
        second, length = HEADER.unpack(header)
        data = file.read(length)
        if len(data) == length:
            return LogChunk(second, data)
    file.seek(here)
    return None


def _alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
