"""Core goes away, hangs, or comes back: jobs wait or go on, and Core is told everything, in order, once."""

import json
import signal
import time

import pytest
import requests

from router.core import JobStatus
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.fault, pytest.mark.timeout(240)]

LONG = "status(2); say('up'); time.sleep(5); say('down')"


def message(workshop, software, job):
    """The `execute` that Core would publish if it were there."""
    found = workshop.admin.software(software)
    body = {"requestType": "execute", "jobId": job, "command": found.execute_command.split(" "), "serverParameters": {}}
    return json.dumps({**body, "pullingCommand": found.pulling_command}).encode()


def test_core_is_down_while_a_job_ends(workshop, engine):
    router = workshop.router()
    job = workshop.launch(LONG)
    wait_for("the job", lambda: "up" in router.job_log(job), timeout=60)
    workshop.core.process.stop()
    wait_for("its end", lambda: "[software-router]" in router.job_log(job), timeout=60)
    wait_for("not ready", lambda: not router.ready(), timeout=30)
    assert "core" in requests.get(f"{router.url}/readyz", timeout=5).json()["problems"]
    assert len(engine.containers(router=router.name)) == 1
    workshop.core.restart()
    workshop.done(router, job)
    assert workshop.status(job) is JobStatus.FAILED
    assert workshop.attached(job) == router.job_log(job)
    wait_for("containers removed", lambda: not engine.containers(router=router.name))
    wait_for("ready", router.ready, timeout=30)


def test_a_job_does_not_start_before_core_knows_it_is_queued(workshop, engine):
    router = workshop.router()
    software = workshop.software("say('ran')")
    job = workshop.create(software)
    body = message(workshop, software, job)
    workshop.core.process.stop()
    workshop.publish(body)
    wait_for("the job", lambda: workshop.row(router, job), timeout=20)
    time.sleep(3)
    assert engine.containers(router=router.name) == []
    back = time.time()
    workshop.core.restart()
    workshop.done(router, job)
    assert workshop.row(router, job).started_at > back


def test_core_hangs_and_wakes_up(workshop):
    router = workshop.router(core__timeout_s=2, core__launch_timeout_s=2)
    job = workshop.launch(LONG)
    wait_for("the job", lambda: "up" in router.job_log(job), timeout=60)
    workshop.core.process.signal(signal.SIGSTOP)
    wait_for("its end", lambda: "[software-router]" in router.job_log(job), timeout=60)
    time.sleep(6)
    workshop.core.process.signal(signal.SIGCONT)
    workshop.done(router, job)
    assert workshop.status(job) is JobStatus.FAILED
    assert workshop.attached(job) == router.job_log(job)


def test_the_router_starts_before_core(workshop, router_daemon, tmp_path):
    workshop.core.process.stop()
    router = router_daemon(workshop.core, workshop.amqp, wait=False)
    wait_for("says so", lambda: "waiting for Core" in router.log, timeout=30)
    assert not router.ready()
    workshop.core.restart()
    router.wait_ready(60)
    job = workshop.launch("status(2); status(3)")
    workshop.done(router, job)
    assert workshop.status(job) is JobStatus.SUCCESS


def test_a_job_that_core_forgot_ends_without_noise(workshop):
    router = workshop.router()
    software = workshop.software("say('ran')")
    job = workshop.create(software)
    body = message(workshop, software, job).replace(f'"jobId": {job}'.encode(), b'"jobId": 999999999')
    workshop.publish(body)
    workshop.done(router, 999999999)
    assert workshop.row(router, 999999999).ending == "gone"
