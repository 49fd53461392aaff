"""An engine of thoughts: nothing runs, everything can be scripted. For tests, and for trying policies in no time.

What a container does is said by its arguments, one word each:

    print=TEXT  sleep=SECONDS  oom  exit=CODE  hang      (also `true` and `false`)
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from typing_extensions import override

from router.engines.base import (
    Container,
    ContainerSpec,
    End,
    Engine,
    EngineInfo,
    LogChunk,
    LogPosition,
    Progress,
)
from router.errors import ContainerGone, EngineUnavailable, ImageMissing, PullFailed

_LOOK_SECONDS = 0.01


@dataclass
class _Pretended:
    seen: Container
    spec: ContainerSpec
    output: list[LogChunk] = field(default_factory=list)
    killed: threading.Event = field(default_factory=threading.Event)


class FakeEngine(Engine):
    """Containers that only exist here.

    Parameters
    ----------
    images
        Images that are here; None for every image.
    fetchable
        Images that a pull can bring.
    """

    def __init__(self, images: set[str] | None = None, fetchable: set[str] | None = None) -> None:
        self._images, self._fetchable = images, fetchable or set()
        self._lock = threading.RLock()
        self._containers: dict[str, _Pretended] = {}
        self._numbers = itertools.count(1)
        self._watchers: list[Callable[[End], None]] = []
        self._closed = threading.Event()
        #: Set to pretend that the daemon does not answer.
        self.away = False

    @override
    def info(self) -> EngineInfo:
        self._answer()
        return EngineInfo("fake", "1", cpus=4, memory=8 << 30)

    @override
    def has_image(self, image: str) -> str | None:
        self._answer()
        return f"fake:{image}" if self._images is None or image in self._images else None

    @override
    def pull(self, image: str, progress: Progress, stalled: float) -> None:
        self._answer()
        if image not in self._fetchable:
            message = f"Image {image} could not be fetched: no such image"
            raise PullFailed(message)
        progress("1 of 1 MB")
        if self._images is not None:
            self._images.add(image)

    @override
    def load(self, file: Path, image: str) -> None:
        self.pull(image, lambda _: None, 0.0)

    @override
    def build(self, folder: Path, image: str) -> None:
        self.pull(image, lambda _: None, 0.0)

    @override
    def create(self, spec: ContainerSpec) -> str:
        if self.has_image(spec.image) is None:
            message = f"image {spec.image} is not here"
            raise ImageMissing(message)
        with self._lock:
            for known in self._containers.values():
                if known.spec.identity == spec.identity:
                    return known.seen.id
            ident = f"fake{next(self._numbers):08d}"
            seen = Container(ident, spec.identity, "created", arguments=spec.arguments)
            self._containers[ident] = _Pretended(seen, spec)
            return ident

    @override
    def start(self, container: str) -> None:
        self._answer()
        with self._lock:
            found = self._find(container)
            if found.seen.status != "created":
                return
            found.seen = replace(found.seen, status="running", started_at=time.time())
        threading.Thread(target=self._act, args=(found,), daemon=True).start()

    @override
    def inspect(self, container: str) -> Container:
        self._answer()
        with self._lock:
            return self._find(container).seen

    @override
    def list(self, router: str) -> list[Container]:
        self._answer()
        with self._lock:
            return [item.seen for item in self._containers.values() if item.spec.identity.router == router]

    @override
    def logs(self, container: str, since: LogPosition, *, follow: bool) -> Iterator[LogChunk]:
        self._answer()
        with self._lock:
            found = self._find(container)
        place = since.seen + sum(chunk.second < since.second for chunk in found.output)
        while True:
            ended = found.seen.ended
            for chunk in found.output[place:]:
                place += 1
                yield chunk
            if not follow or ended or self._closed.wait(_LOOK_SECONDS):
                return

    @override
    def stop(self, container: str, grace: float) -> None:
        self._answer()
        with self._lock:
            found = self._containers.get(container)
        if found is None:
            return
        found.killed.set()
        while found.seen.status == "running":
            time.sleep(_LOOK_SECONDS)

    @override
    def remove(self, container: str) -> None:
        self._answer()
        with self._lock:
            found = self._containers.pop(container, None)
        if found is not None:
            found.killed.set()

    @override
    def watch(self, router: str, ended: Callable[[End], None]) -> None:
        self._watchers.append(ended)
        self._closed.wait()

    @override
    def close(self) -> None:
        self._closed.set()

    def _answer(self) -> None:
        if self.away:
            raise EngineUnavailable("fake: no answer")

    def _find(self, container: str) -> _Pretended:
        for ident, item in self._containers.items():
            if container in {ident, item.spec.identity.name}:
                return item
        message = f"fake: no container {container}"
        raise ContainerGone(message)

    def _act(self, found: _Pretended) -> None:
        """Live through the words of the arguments."""
        code, out_of_memory = 0, False
        for word in found.spec.arguments:
            verb, _, value = word.partition("=")
            if verb == "print":
                found.output.append(LogChunk(int(time.time()), f"{value}\n".encode()))
            elif verb in {"sleep", "hang"} and found.killed.wait(float(value or 1e9)):
                code = 143
                break
            elif verb == "oom":
                code, out_of_memory = 137, True
                break
            elif verb in {"exit", "false"}:
                code = int(value or 1)
                break
        with self._lock:
            found.seen = replace(
                found.seen, status="exited", exit_code=code, out_of_memory=out_of_memory, ended_at=time.time()
            )
        for watcher in self._watchers:
            watcher(End(found.seen.id, found.seen.identity.job, code, found.seen.ended_at))
