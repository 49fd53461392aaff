"""The Docker daemon goes away and comes back, in order or as by a power cut; with and without live-restore."""

import tempfile
import time
from pathlib import Path

import pytest

from router.core import JobStatus
from tests.support.own_dockerd import OwnDockerd
from tests.support.waiting import wait_for
from tests.support.workshop import IMAGE, TAG

pytestmark = [pytest.mark.fault, pytest.mark.timeout(300)]

LONG = """
status(2)
for n in range(16): say(f'line {n:02}'); time.sleep(1)
status(3, 'well done')
"""


def daemon(*, live_restore):
    # The path of a socket has 108 bytes at most: pytest's own folders are too deep.
    return OwnDockerd(Path(tempfile.mkdtemp(prefix="csr-dockerd-")), live_restore=live_restore)


def begin(workshop, dockerd):
    """A router on this daemon, and a job that runs."""
    dockerd.load(f"{IMAGE}:{TAG}")
    router = workshop.router(engine__host=dockerd.host)
    job = workshop.launch(LONG)
    wait_for("the job", lambda: "line 01" in router.job_log(job), timeout=60, hint=lambda: router.log[-3000:])
    return router, job


def break_it(dockerd, how):
    if how == "SIGTERM":
        dockerd.stop()
    else:
        dockerd.kill9()


@pytest.mark.parametrize("how", ["SIGTERM", "SIGKILL"])
def test_with_live_restore_the_job_goes_on(workshop, how):
    with daemon(live_restore=True) as dockerd:
        router, job = begin(workshop, dockerd)
        break_it(dockerd, how)
        wait_for("not ready", lambda: not router.ready(), timeout=30)
        dockerd.start()
        workshop.done(router, job)
        assert workshop.status(job) is JobStatus.SUCCESS
        expected = [*(f"line {n:02}" for n in range(16)), "[software-router] ended with exit code 0"]
        assert router.job_log(job).splitlines() == expected
        assert workshop.attached(job) == router.job_log(job)
        wait_for("ready", router.ready, timeout=60)
        wait_for("containers removed", lambda: dockerd.containers() == 0)
        router.stop()


@pytest.mark.parametrize("how", ["SIGTERM", "SIGKILL"])
def test_without_live_restore_the_job_is_lost_and_said_so(workshop, how):
    with daemon(live_restore=False) as dockerd:
        router, job = begin(workshop, dockerd)
        break_it(dockerd, how)
        time.sleep(2)
        waits = workshop.launch("say('ran'); status(3)")
        dockerd.start()
        workshop.done(router, job, waits)
        assert workshop.status(job) is JobStatus.FAILED
        comment = workshop.job(job).comment
        assert "Killed from outside" in comment or "vanished" in comment
        assert "aunch" in comment
        log = workshop.attached(job)
        assert log.startswith("line 00\nline 01\n")
        assert log.count("line 01") == 1
        assert workshop.status(waits) is JobStatus.SUCCESS
        assert "ran" in workshop.attached(waits)
        wait_for("containers removed", lambda: dockerd.containers() == 0)
        router.stop()


def test_jobs_wait_for_an_engine_that_is_away(workshop):
    with daemon(live_restore=False) as dockerd:
        dockerd.load(f"{IMAGE}:{TAG}")
        router = workshop.router(engine__host=dockerd.host)
        dockerd.stop()
        wait_for("not ready", lambda: not router.ready(), timeout=30)
        job = workshop.launch("say('ran'); status(3)")
        time.sleep(5)
        assert workshop.status(job) in {JobStatus.NOT_LAUNCHED, JobStatus.IN_QUEUE}
        dockerd.start()
        workshop.done(router, job)
        assert workshop.status(job) is JobStatus.SUCCESS
        wait_for("ready", router.ready, timeout=60)
        router.stop()
