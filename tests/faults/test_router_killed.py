"""kill -9 of the router at every arrow of the way of a job: each job runs once, ends once, its log is whole."""

import random
import time

import pytest

from router.core import JobStatus
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.fault, pytest.mark.timeout(300)]

COUNTS = """
status(2)
say('begin ' + socket.gethostname())
for n in range(40):
    say(f'line {n}')
    time.sleep(0.05)
status(3, 'done')
"""


def check_ran_once(workshop, router, jobs):
    """Every line of every job once, in the file and in Core."""
    for job in jobs:
        log = workshop.attached(job)
        assert log == router.job_log(job)
        lines = log.splitlines()
        assert lines[0].startswith("begin "), log
        assert lines[1:41] == [f"line {n}" for n in range(40)], log
        assert lines[41:] == ["[software-router] ended with exit code 0"], log
        assert workshop.status(job) is JobStatus.SUCCESS


@pytest.mark.parametrize("state", ["queued", "preparing", "running", "finishing", "reporting"])
def test_killed_while_a_job_is(workshop, engine, state):
    slots = 1
    router = workshop.router(slots=slots)
    software = workshop.software(COUNTS)
    jobs = [workshop.launch(software) for _ in range(2)]
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        rows = [workshop.row(router, job) for job in jobs]
        if any(row is not None and row.state == state for row in rows):
            break
    router.kill9()
    time.sleep(0.5)
    router.start()
    workshop.done(router, *jobs)
    check_ran_once(workshop, router, jobs)
    wait_for("containers removed", lambda: not engine.containers(router=router.name))


def test_killed_again_and_again_at_any_moment(workshop, engine):
    router = workshop.router(slots=3)
    software = workshop.software(COUNTS)
    jobs = [workshop.launch(software) for _ in range(8)]
    chance = random.Random(20)
    for _ in range(6):
        time.sleep(chance.uniform(1.5, 4.5))
        router.kill9()
        router.start()
    workshop.done(router, *jobs, timeout=200)
    check_ran_once(workshop, router, jobs)
    wait_for("containers removed", lambda: not engine.containers(router=router.name))


def test_what_ended_while_nobody_looked_is_reported(workshop):
    router = workshop.router()
    fails = workshop.launch("status(2); say('up'); time.sleep(2); sys.exit(9)")
    while "up" not in router.job_log(fails):
        time.sleep(0.05)
    router.kill9()
    time.sleep(4)
    router.start()
    workshop.done(router, fails)
    assert "exit code 9" in workshop.job(fails).comment
    assert workshop.attached(fails).splitlines()[0] == "up"


def test_stopped_in_order_leaves_jobs_running_and_takes_them_up(workshop, engine):
    router = workshop.router()
    job = workshop.launch(COUNTS)
    while "line 1" not in router.job_log(job):
        time.sleep(0.05)
    assert router.stop() == 0
    assert len(engine.containers(router=router.name)) == 1
    router.start()
    workshop.done(router, job)
    check_ran_once(workshop, router, [job])
