"""The command line beside a running router: what it shows is true, and what it asks for is done."""

import json
import os
import subprocess
import sys

import pytest

from router.core import JobStatus
from router.masking import conceal_bytes
from router.store import Store
from tests.support.waiting import wait_for
from tests.support.workshop import Workshop, files_holding

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def workshop(amqp, embedded_core, router_daemon):
    return Workshop(embedded_core(amqp), amqp, router_daemon)


@pytest.fixture
def command(workshop):
    """A router, and `call("jobs", "list")` with its settings."""
    router = workshop.router()

    def call(*arguments, code=0):
        done = subprocess.run(
            [sys.executable, "-m", "router.cli", *map(str, arguments)],
            env={**os.environ, **router.process.environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    return router, call


def test_check_finds_nothing_wrong_and_then_the_broken_part(workshop, command):
    _, call = command
    shown = call("check")
    for part in ("settings", "core", "clock", "broker", "engine", "logs", "store"):
        assert f"\n{part:8}  ok" in shown
    keys = workshop.core.keys["router"]
    assert keys["privateKey"] not in shown
    workshop.core.process.stop()
    assert "no answer from" in call("check", code=1)


def test_kill_retry_show_and_follow(workshop, command, engine):
    router, call = command
    program = """
status(2); say('my key is ' + PRIVATE)
if os.environ.get('QUICK'): status(3); sys.exit()
time.sleep(300)
"""
    job = workshop.launch(program)
    wait_for("the job", lambda: "my key" in router.job_log(job), timeout=60)
    listed = call("jobs", "list", "--state", "running")
    assert str(job) in listed
    assert "will be stopped" in call("jobs", "kill", job)
    followed = call("jobs", "logs", "-f", job)
    workshop.done(router, job)
    assert followed == router.job_log(job)
    assert workshop.status(job) is JobStatus.KILLED
    assert "queued again, attempt 2" in call("jobs", "retry", job)
    wait_for("the second attempt", lambda: router.job_log(job).count("my key") == 2, timeout=60)
    call("jobs", "kill", job)
    workshop.done(router, job)
    shown = call("jobs", "show", job)
    assert "attempt 2" in shown
    assert "retried" in shown
    assert "sha256:" in shown
    private = workshop.admin.user_job_keys(workshop.job(job).user_job).private
    for text in (shown, call("jobs", "show", "--json", job), followed, router.log):
        assert private not in text
    found = json.loads(call("jobs", "show", "--json", job))
    assert found["ending"] == "killed"
    wait_for("containers removed", lambda: not engine.containers(router=router.name))


def test_a_dead_letter_is_shown(workshop, command):
    _, call = command
    workshop.publish(b'{"requestType": "nonsense", "privateKey": "secret"}')
    wait_for("the dead letter", lambda: "nonsense" in call("dead", "list"), timeout=20)
    shown = call("dead", "show", 1)
    assert "secret" not in shown
    assert "still: " in call("dead", "replay", 1, code=1)


def test_a_dead_letter_that_can_be_read_by_now_runs_with_its_keys(workshop, command):
    router, call = command
    router.stop()
    job = workshop.launch("status(2); say('my key is ' + PRIVATE); status(3)")
    body = workshop.take()
    store = Store(f"sqlite:///{router.folder / 'router.db'}")
    with store.write() as unit:
        unit.add_dead_letter("queueCommunication", "of a dialect to come", conceal_bytes(body))
    store.close()
    router.start()
    router.wait_ready()
    private = workshop.admin.user_job_keys(workshop.job(job).user_job).private
    assert private in body.decode()
    assert private not in call("dead", "show", 1)
    assert "dead letter 1 was taken" in call("dead", "replay", 1)
    workshop.done(router, job)
    assert workshop.status(job) is JobStatus.SUCCESS
    assert "my key is ********" in router.job_log(job)
    assert files_holding(private, router.folder) == []
