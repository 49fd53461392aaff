"""From `execute` published to the container started, against plain create and start of the same container.

Both clocks stop at Docker's own `State.StartedAt`. The peer's container is created with exactly the `HostConfig` that
Docker reports for the router's: same limits, same network, same hardening.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from docker.models.containers import Container

from tests.bench.record import Measurement
from tests.bench.stand import Publisher, Stand, running_router, stand
from tests.support.router import RouterDaemon

RUNS = 30


def started_at(container: Container) -> float:
    """Docker's `State.StartedAt`, in seconds since the epoch."""
    return datetime.fromisoformat(container.attrs["State"]["StartedAt"]).timestamp()


def through_router(place: Stand, daemon: RouterDaemon, publisher: Publisher, body: bytes) -> tuple[float, Container]:
    """Publish one `execute`; seconds until its container started, and the container, which still runs."""
    published = time.time()
    publisher.publish(body)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for container in place.engine.containers(router=daemon.name):
            if container.status == "running":
                container.reload()
                return started_at(container) - published, container
        time.sleep(0.02)
    raise TimeoutError(f"no container within 60 s; the router printed:\n{daemon.log[-2000:]}")


def plain(place: Stand, host_config: dict[str, Any], command: list[str]) -> float:
    """Seconds from asking the SDK to create the container to its start."""
    asked = time.time()
    api = place.engine.client.api
    made = api.create_container(place.image, command, host_config=host_config, labels=place.engine.labels)
    api.start(made["Id"])
    container = place.engine.client.containers.get(made["Id"])
    seconds = started_at(container) - asked
    container.remove(force=True)
    return seconds


def until_gone(place: Stand, daemon: RouterDaemon, container: Container) -> None:
    """End the job's container and wait until the router has removed it."""
    container.kill()
    deadline = time.monotonic() + 60
    while place.engine.containers(router=daemon.name):
        if time.monotonic() > deadline:
            raise TimeoutError(f"the router did not remove its container; it printed:\n{daemon.log[-2000:]}")
        time.sleep(0.05)


def start_ratio() -> Iterator[Measurement]:
    """Medians of 30 alternating starts."""
    ours, theirs = [], []
    with stand() as place, running_router(place) as daemon, Publisher(place.amqp) as publisher:
        software = place.software("sleep 60")
        command = ["sleep", "60"]
        for job in place.jobs(software, RUNS + 1):
            seconds, container = through_router(place, daemon, publisher, place.message(job, software))
            host_config = container.attrs["HostConfig"]
            until_gone(place, daemon, container)
            ours.append(seconds)
            theirs.append(plain(place, host_config, command))
    router, sdk = statistics.median(ours[1:]), statistics.median(theirs[1:])
    yield Measurement("router.start_ratio", router / sdk, "x", "<= 1.3", "docker SDK (s)", sdk)
    yield Measurement("router.start_ms", 1000 * router, "ms", "", "docker SDK (ms)", 1000 * sdk)


BENCHES = {("router.start_ratio", "router.start_ms"): start_ratio}
