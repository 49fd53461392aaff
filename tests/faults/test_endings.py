"""Every way a job can end: one status, one comment, one log.out, no container left."""

import json
import time

import pytest

from router.core import JobStatus
from tests.support.waiting import wait_for
from tests.support.workshop import files_holding

pytestmark = [pytest.mark.fault, pytest.mark.timeout(240)]

GOOD = "status(2); say('hello'); status(3, 'well done')"
SLEEPS = "status(2); say('up'); time.sleep(300)"


def test_each_kind_of_end_says_what_happened(workshop, engine):
    router = workshop.router(limits__memory_mb=64, limits__run_time_s=20)
    programs = {
        GOOD: (JobStatus.SUCCESS, "well done", "hello"),
        "status(2); say('x'); sys.exit(5)": (JobStatus.FAILED, "exit code 5", "x"),
        "say('quiet')": (JobStatus.FAILED, "never reported success", "quiet"),
        "status(2); status(4, 'my own words'); sys.exit(1)": (JobStatus.FAILED, "my own words", "exit code 1"),
        "x = bytearray(200_000_000)": (JobStatus.FAILED, "algorithm reached its memory limit (64 MB)", ""),
        "os.kill(os.getpid(), signal.SIGSEGV)": (JobStatus.FAILED, "segmentation fault", ""),
        SLEEPS: (JobStatus.FAILED, "ran longer than the time limit (20 s)", "up"),
    }  # fmt: skip
    jobs = {workshop.launch(program): expected for program, expected in programs.items()}
    missing = workshop.launch("say(1)", image="127.0.0.1:9/nobody/has")
    jobs[missing] = (JobStatus.FAILED, "could not be fetched", "")
    workshop.done(router, *jobs, timeout=150)
    for job, (status, comment, output) in jobs.items():
        found = workshop.job(job)
        assert found.status == status, found
        assert comment in found.comment
        log = workshop.attached(job)
        assert output in log
        assert log == router.job_log(job)
        assert log.splitlines()[-1].startswith("[software-router] ")
    wait_for("containers removed", lambda: not engine.containers(router=router.name))


def test_kill_works_in_every_phase(workshop, engine):
    router = workshop.router(slots=2, engine__grace_s=2)
    stubborn = "signal.signal(signal.SIGTERM, signal.SIG_IGN); status(2); say('up')\nwhile True: time.sleep(1)"
    running, deaf = workshop.launch(SLEEPS), workshop.launch(stubborn)
    queued = workshop.launch(SLEEPS)
    unknown = workshop.create(SLEEPS)
    for job in (running, deaf):
        while "up" not in router.job_log(job):
            time.sleep(0.05)
    for job in (running, deaf, queued):
        workshop.kill(job)
    # Core itself refuses to kill what was never launched; a message that overtook its execute looks like this.
    workshop.publish(json.dumps({"requestType": "kill", "jobId": unknown}).encode())
    workshop.done(router, running, deaf, queued, unknown)
    for job in (running, deaf, queued, unknown):
        assert workshop.status(job) is JobStatus.KILLED
    assert "up" in workshop.attached(running)
    assert "killed" in workshop.attached(queued)
    assert workshop.admin.attached_files(unknown) == []
    assert workshop.row(router, deaf).exit_code == 137
    wait_for("containers removed", lambda: not engine.containers(router=router.name))
    workshop.admin.execute_job(unknown)
    over = workshop.launch(GOOD)
    workshop.done(router, over)
    workshop.kill(over)
    time.sleep(1)
    assert workshop.status(unknown) is JobStatus.KILLED
    assert workshop.status(over) is JobStatus.SUCCESS
    assert workshop.attached(over).startswith("hello\n")


def test_kill_right_after_launch_wherever_the_job_is_by_then(workshop, engine):
    router = workshop.router()
    software = workshop.software(SLEEPS)
    jobs = []
    for pause in (0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5):
        job = workshop.launch(software)
        time.sleep(pause)
        workshop.kill(job)
        jobs.append(job)
    workshop.done(router, *jobs)
    assert {workshop.status(job) for job in jobs} == {JobStatus.KILLED}
    wait_for("containers removed", lambda: not engine.containers(router=router.name))


def test_a_job_that_says_nothing_is_stopped(workshop):
    router = workshop.router(limits__no_output_s=3)
    job = workshop.launch("status(2); say('up'); time.sleep(300)")
    workshop.done(router, job)
    assert "wrote nothing for 3 s" in workshop.job(job).comment


def test_a_container_removed_by_hand_is_lost_and_said_so(workshop, engine):
    router = workshop.router()
    job = workshop.launch(SLEEPS)
    while "up" not in router.job_log(job):
        time.sleep(0.05)
    engine.remove_all(engine.containers(router=router.name))
    workshop.done(router, job)
    assert workshop.status(job) is JobStatus.FAILED
    assert "up" in workshop.attached(job)


def test_no_private_key_is_kept_anywhere(workshop):
    router = workshop.router(log__level="debug")
    job = workshop.launch("say('my key is ' + PRIVATE); status(2); status(3)")
    workshop.done(router, job)
    key = workshop.admin.user_job_keys(workshop.job(job).user_job).private
    assert "my key is ********" in workshop.attached(job)
    router.stop()
    assert files_holding(key, router.folder) == []
