"""Containers that fork, that end together, that are killed by the kernel or from outside."""

import time

import pytest

from router.core import JobStatus
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.fault, pytest.mark.timeout(240)]

#: A child that ignores SIGTERM and holds the container's output open.
FORKS = """
status(2)
for n in range(3):
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        say(f'child {n}')
        time.sleep(300)
time.sleep(1)
"""


def test_children_left_behind_end_with_the_job(workshop, engine):
    router = workshop.router()
    job = workshop.launch(FORKS + "say('parent ends'); status(3)")
    began = time.monotonic()
    workshop.done(router, job)
    assert time.monotonic() - began < 60
    assert workshop.status(job) is JobStatus.SUCCESS
    log = router.job_log(job)
    for words in ("child 0", "child 1", "child 2", "parent ends"):
        assert words in log
    wait_for("containers removed", lambda: not engine.containers(router=router.name))


def test_a_kill_takes_the_children_too(workshop, engine):
    router = workshop.router(engine__grace_s=2)
    job = workshop.launch(FORKS + "time.sleep(300)")
    wait_for("children", lambda: router.job_log(job).count("child") == 3, timeout=60)
    inside = engine.containers(router=router.name)[0].top()["Processes"]
    pids = [int(process[1]) for process in inside]
    assert len(pids) >= 4
    workshop.kill(job)
    workshop.done(router, job)
    assert workshop.status(job) is JobStatus.KILLED
    wait_for("containers removed", lambda: not engine.containers(router=router.name))
    assert [pid for pid in pids if engine.process_name(pid).startswith("python")] == []


def test_out_of_memory_is_told_apart_from_kill_9(workshop, engine):
    router = workshop.router(limits__memory_mb=64)
    hungry = "x = bytearray(500_000_000)"
    child = """
status(2)
if (pid := os.fork()) == 0:
    x = bytearray(500_000_000)
code = os.waitpid(pid, 0)[1]
say(f'child ended with {code}')
sys.exit(1)
"""
    whole, part = workshop.launch(hungry), workshop.launch(child)
    killed = workshop.launch("status(2); say('up'); time.sleep(300)")
    itself = workshop.launch("status(2); os.kill(os.getpid(), signal.SIGKILL)")
    wait_for("the job", lambda: "up" in router.job_log(killed), timeout=60)
    for container in engine.containers(router=router.name, job=str(killed)):
        container.kill("SIGKILL")
    workshop.done(router, whole, part, killed, itself)
    for job in (whole, part):
        assert workshop.status(job) is JobStatus.FAILED
        assert "memory limit (64 MB)" in workshop.job(job).comment
        assert workshop.row(router, job).ending == "out of memory"
    assert workshop.row(router, whole).exit_code == 137
    for job in (killed, itself):
        assert workshop.status(job) is JobStatus.FAILED
        assert "Killed from outside (exit code 137), not by a limit" in workshop.job(job).comment
        assert workshop.row(router, job).ending == "signalled"


def test_sigterm_is_ignored_until_sigkill(workshop, engine):
    router = workshop.router(engine__grace_s=3)
    job = workshop.launch(
        "signal.signal(signal.SIGTERM, lambda *_: say('not me')); status(2); say('up')\nwhile True: time.sleep(0.1)"
    )
    wait_for("the job", lambda: "up" in router.job_log(job), timeout=60)
    began = time.monotonic()
    workshop.kill(job)
    workshop.done(router, job)
    assert 3 <= time.monotonic() - began < 30
    assert workshop.status(job) is JobStatus.KILLED
    assert "not me" in workshop.attached(job)
    assert workshop.row(router, job).exit_code == 137


def test_jobs_that_end_together_keep_their_own_logs(workshop):
    router = workshop.router(slots=6)
    at = time.time() + 25
    program = f"""
status(2)
for n in range(200): say(f'MARK line {{n}}')
time.sleep(max(0, {at} - time.time()))
say('MARK ends'); status(3)
"""
    marks = [f"job{letter}" for letter in "abcdef"]
    jobs = [workshop.launch(program.replace("MARK", mark)) for mark in marks]
    workshop.done(router, *jobs, timeout=120)
    ends = [workshop.row(router, job).ended_at for job in jobs]
    assert max(ends) - min(ends) < 5
    for job, mark in zip(jobs, marks, strict=True):
        expected = [
            *(f"{mark} line {n}" for n in range(200)),
            f"{mark} ends",
            "[software-router] ended with exit code 0",
        ]
        assert router.job_log(job).splitlines() == expected
        assert workshop.attached(job) == router.job_log(job)
