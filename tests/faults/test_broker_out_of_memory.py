"""RabbitMQ's memory alarm: publishers are blocked, and everything that was accepted goes on."""

import contextlib
import threading

import pytest

from router.core import JobStatus
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.fault, pytest.mark.docker, pytest.mark.timeout(240)]

LONG = "status(2); say('up'); time.sleep(8); status(3)"
SHORT = "status(2); say('ran'); status(3)"


@contextlib.contextmanager
def memory_alarm(broker):
    broker.rabbitmqctl("set_vm_memory_high_watermark", "0.00001")
    try:
        wait_for("the alarm", lambda: "memory" in broker.rabbitmqctl("eval", "rabbit_alarm:get_alarms()."))
        yield
    finally:
        broker.rabbitmqctl("set_vm_memory_high_watermark", "absolute", "1GB")
        wait_for("no alarm", lambda: "memory" not in broker.rabbitmqctl("eval", "rabbit_alarm:get_alarms()."))


def test_jobs_end_during_the_alarm_and_messages_come_after_it(workshop, broker):
    router = workshop.router(slots=1)
    running, waiting = workshop.launch(LONG), workshop.launch(SHORT)
    wait_for("the first", lambda: "up" in router.job_log(running), timeout=60)
    wait_for("both stored", lambda: workshop.row(router, waiting), timeout=20)
    later = workshop.create(SHORT)
    with memory_alarm(broker):
        # Core's publishing waits for the end of the alarm, as anybody's does.
        launching = threading.Thread(target=workshop.admin.execute_job, args=(later,), daemon=True)
        launching.start()
        workshop.done(router, running, waiting)
        assert router.ready()
        assert workshop.row(router, later) is None
    workshop.done(router, later)
    launching.join(30)
    assert [workshop.status(job) for job in (running, waiting, later)] == [JobStatus.SUCCESS] * 3
    assert router.log.count("broker connected") == 1


def test_a_router_starts_during_the_alarm(workshop, broker):
    job = workshop.create(SHORT)
    with memory_alarm(broker):
        router = workshop.router()
    workshop.admin.execute_job(job)
    workshop.done(router, job)
    assert workshop.status(job) is JobStatus.SUCCESS
