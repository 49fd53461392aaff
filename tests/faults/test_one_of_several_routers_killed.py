"""Several routers, one PostgreSQL, one RabbitMQ: every job runs once, whoever dies."""

import json
import threading
import time
from collections import Counter
from uuid import uuid4

import pytest

from router.core import JobStatus
from router.store import Store
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.fault, pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(400)]

LABEL = "org.cytomine.software-router."
SHORT = "status(2); say('start of the program'); time.sleep(1); say('end of the program'); status(3)"
LONG = "status(2); say('start of the program'); time.sleep(600)"


class Crew:
    """Routers that share a name, a store and a folder of logs."""

    def __init__(self, workshop, postgres, engine, folder):
        self.workshop, self.engine, self.url = workshop, engine, postgres.database()
        self.name, self.logs, self.store = f"csr-test-{uuid4().hex[:8]}", folder / "logs", None
        # The daemon remembers 256 events only: they are listened to.
        filters = {"type": "container", "event": ["create", "start"], "label": f"{LABEL}router={self.name}"}
        self.events, self.said = engine.client.events(filters=filters, decode=True), Counter()
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()

    def _listen(self):
        for found in self.events:
            self.said[found["Action"], int(found["Actor"]["Attributes"][f"{LABEL}job"])] += 1

    def close(self):
        self.events.close()
        self.listener.join()
        if self.store is not None:
            self.store.close()

    def router(self, **settings):
        return self.workshop.router(name=self.name, store__url=self.url, logs__folder=self.logs, **settings)

    def counts(self):
        self.store = self.store or Store(self.url)
        with self.store.read() as unit:
            return unit.counts()

    def owner(self, job):
        self.store = self.store or Store(self.url)
        with self.store.read() as unit:
            found = unit.find(job)
        return (found.state.value, found.owner) if found else ("", None)

    def all_done(self, number, routers, timeout):
        def done():
            return self.counts() == {"done": number}

        wait_for(f"{number} jobs", done, timeout, 0.3, lambda: f"{self.counts()} {[r.log[-2000:] for r in routers]}")


@pytest.fixture
def crew(workshop, postgres, engine, tmp_path):
    made = Crew(workshop, postgres, engine, tmp_path)
    yield made
    made.close()


def check(crew, jobs):
    """Every job ran once, has its whole log once, and Core knows its end."""
    assert crew.said == {(action, job): 1 for job in jobs for action in ("create", "start")}
    for job in jobs:
        log = (crew.logs / f"{job}.log").read_text()
        assert [log.count(word) for word in ("start of", "end of", "[software-router]")] == [1, 1, 1], log
        assert crew.workshop.status(job) is JobStatus.SUCCESS
        assert crew.workshop.attached(job) == log
    wait_for("containers removed", lambda: not crew.engine.containers(router=crew.name), timeout=60)


def test_sixty_jobs_and_two_routers_of_which_one_is_killed(workshop, crew):
    routers = [crew.router(slots=3), crew.router(slots=3)]
    software = workshop.software(SHORT)
    jobs = [workshop.launch(software) for _ in range(60)]
    wait_for("a third", lambda: crew.counts().get("done", 0) >= 20, timeout=120)
    routers[0].kill9()
    killed = time.monotonic()
    wait_for("the take-over", lambda: "taken over" in routers[1].log, timeout=60, pause=0.1)
    assert time.monotonic() - killed < 60
    crew.all_done(60, routers[1:], 200)
    check(crew, jobs)
    assert all('"ended"' in router.log for router in routers)


def test_a_kill_reaches_the_router_that_has_the_job(workshop, crew):
    routers = [crew.router(slots=1), crew.router(slots=1)]
    jobs = [workshop.launch(LONG) for _ in range(2)]
    wait_for("both run", lambda: crew.counts() == {"running": 2}, timeout=60)
    assert len({crew.owner(job) for job in jobs}) == 2
    for job in jobs:
        workshop.kill(job)
    crew.all_done(2, routers, 60)
    assert [workshop.status(job) for job in jobs] == [JobStatus.KILLED] * 2


def test_postgresql_is_restarted_while_jobs_run(workshop, crew, postgres):
    routers = [crew.router(slots=2), crew.router(slots=2)]
    software = workshop.software(SHORT)
    jobs = [workshop.launch(software) for _ in range(12)]
    wait_for("some", lambda: crew.counts().get("done", 0) >= 3, timeout=60)
    postgres.restart()
    crew.all_done(12, routers, 120)
    check(crew, jobs)


def test_a_router_that_stops_in_order_hands_its_jobs_over_at_once(workshop, crew):
    first = crew.router(slots=1)
    job = workshop.launch(SHORT.replace("sleep(1)", "sleep(15)"))
    wait_for("it runs", lambda: crew.owner(job)[0] == "running", timeout=60)
    second = crew.router(slots=1)
    first.stop()
    wait_for("the take-over", lambda: "taken over" in second.log, timeout=10, pause=0.1)
    crew.all_done(1, [second], 60)
    check(crew, [job])


def test_a_task_of_the_catalogue_is_worked_off_once(workshop, crew):
    routers = [crew.router(slots=1), crew.router(slots=1)]
    asked = [{"requestType": "addSoftware", "SoftwareId": number} for number in range(900_000, 900_010)]
    workshop.publish_all([json.dumps(body).encode() for body in asked])

    def refused():
        return sum(router.log.count("catalogue task failed") for router in routers)

    wait_for("every task", lambda: refused() >= len(asked), timeout=120)
    time.sleep(5)  # whoever did the same again would have said so by now
    assert refused() == len(asked)
