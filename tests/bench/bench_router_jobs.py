"""A hundred jobs of `true` in four slots through the router, against the same containers straight on the Docker SDK.

The peer does what a router cannot do without: create, start, follow the log into a file, wait for the exit, remove; in
four threads, with exactly the `HostConfig` that Docker reports for the router's containers. The router does all of
that, and stores each step durably, tells Core, and attaches the log.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from router.core import Software
from router.store import Store
from tests.bench.measure import seconds
from tests.bench.record import Measurement
from tests.bench.stand import Publisher, Stand, running_router, stand
from tests.support.router import RouterDaemon
from tests.support.waiting import wait_for

JOBS = 100
SLOTS = 4
PAIRS = 3


def through_router(place: Stand, store: Store, software: Software, jobs: list[int]) -> None:
    """Publish all jobs and wait until each is done and its container gone."""
    with store.read() as unit:
        before = unit.counts().get("done", 0)
    with Publisher(place.amqp) as publisher:
        for job in jobs:
            publisher.publish(place.message(job, software))

    def done() -> bool:
        with store.read() as unit:
            return unit.counts().get("done", 0) - before == len(jobs)

    wait_for(f"{len(jobs)} jobs done", done, timeout=300, pause=0.05)


def one_plain(place: Stand, host_config: dict[str, Any], log: Path) -> None:
    """Create, start, follow the log into a file, wait, remove."""
    api = place.engine.client.api
    made = api.create_container(place.image, ["true"], host_config=host_config, labels=place.engine.labels)
    api.start(made["Id"])
    with log.open("wb") as file:
        for chunk in api.logs(made["Id"], stream=True, follow=True, timestamps=True):
            file.write(chunk)
    if api.wait(made["Id"], timeout=60)["StatusCode"] != 0:
        raise AssertionError("`true` did not exit with 0")
    api.remove_container(made["Id"], v=True)


def plain(place: Stand, host_config: dict[str, Any]) -> None:
    """The same hundred containers in four threads."""
    folder = place.folder / "plain"
    folder.mkdir(exist_ok=True)
    with ThreadPoolExecutor(SLOTS) as pool:
        for future in [pool.submit(one_plain, place, host_config, folder / f"{n}.log") for n in range(JOBS)]:
            future.result()


def host_config_of_a_job(place: Stand, daemon: RouterDaemon, publisher: Publisher) -> dict[str, Any]:
    """The `HostConfig` that the router gives its containers, read from one that runs."""
    software = place.software("sleep 60")
    publisher.publish(place.message(place.jobs(software, 1)[0], software))
    wait_for("a container", lambda: bool(place.engine.containers(router=daemon.name)), timeout=60, pause=0.05)
    (container,) = place.engine.containers(router=daemon.name)
    container.reload()
    container.kill()
    found: dict[str, Any] = container.attrs["HostConfig"]
    wait_for("the router to clean up", lambda: not place.engine.containers(router=daemon.name), timeout=60, pause=0.05)
    return found


def check_reported(place: Stand, jobs: list[int]) -> None:
    """Every job has an end and exactly one log in Core: the same work was really done."""
    for job in jobs:
        found = place.page.job(job)
        logs = [file for file in place.page.attached_files(job) if file.filename == "log.out"]
        if not found.final or len(logs) != 1:
            raise AssertionError(f"job {job}: status {found.status}, {len(logs)} logs")


def overhead() -> Iterator[Measurement]:
    """Median ratio of alternating rounds."""
    with stand() as place, running_router(place, slots=SLOTS) as daemon:
        with Publisher(place.amqp) as publisher:
            host_config = host_config_of_a_job(place, daemon, publisher)
        software = place.software("true")
        store = Store(f"sqlite:///{daemon.folder / 'router.db'}")
        pairs = []
        try:
            for _ in range(PAIRS):
                jobs = place.jobs(software, JOBS)
                ours = seconds(lambda jobs=jobs: through_router(place, store, software, jobs))  # type: ignore[misc]
                pairs.append((ours, seconds(lambda: plain(place, host_config))))
                check_reported(place, jobs)
        finally:
            store.close()
    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    peer = statistics.median(theirs for _, theirs in pairs)
    yield Measurement("router.overhead_ratio", ratio, "x", "<= 1.15", "docker SDK, 4 threads (s)", peer)


BENCHES = {("router.overhead_ratio",): overhead}
