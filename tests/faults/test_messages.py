"""What may happen to messages: twice, out of order, garbage, ten thousand at once, a broker that goes away."""

import json
import random
import time

import pytest

from router.core import JobStatus
from router.store import Store
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.fault, pytest.mark.timeout(240)]

GOOD = "status(2); say('hello ' + socket.gethostname()); status(3, 'well done')"
GARBAGE = [b"", b"{", b"\xff\xfe", b"[]", b'{"requestType":"execute"}', b'{"requestType":"nonsense"}', b"null"]


def body(job):
    """An `execute` that nobody will run: no slot comes to it in this test."""
    command = ["singularity", "run", "x.simg", "--cytomine_id_project", str(job % 9)]
    message = {"requestType": "execute", "jobId": job, "command": command, "pullingCommand": "a/b:1"}
    return json.dumps({**message, "serverParameters": {}}).encode()


def counts(router):
    store = Store(f"sqlite:///{router.folder / 'router.db'}")
    try:
        with store.read() as unit:
            return unit.counts(), len(unit.dead_letters(10_000))
    finally:
        store.close()


def test_an_execute_that_comes_five_times_runs_once(workshop, broker):
    job = workshop.launch(GOOD)
    found = broker.api("POST", f"queues/{workshop.amqp.rsplit('/', 1)[1]}/queueProcessingServerLocal-server/get",
                       {"count": 1, "ackmode": "ack_requeue_true", "encoding": "auto"})  # fmt: skip
    workshop.publish(found[0]["payload"].encode(), times=4)
    router = workshop.router()
    workshop.done(router, job)
    workshop.publish(found[0]["payload"].encode())
    time.sleep(1)
    assert workshop.attached(job).count("hello") == 1
    assert counts(router)[0] == {"done": 1}


def test_ten_thousand_messages_with_garbage_among_them(workshop):
    chance = random.Random(3)
    running = workshop.launch("status(2); time.sleep(600)")
    router = workshop.router(slots=1)
    wait_for("the one job", lambda: workshop.status(running) is JobStatus.RUNNING, timeout=60)
    bodies = [body(10_000_000 + number) for number in range(9_500)]
    bodies += [chance.choice(GARBAGE) for _ in range(500)]
    chance.shuffle(bodies)
    workshop.publish_all(bodies)
    wait_for("all of them", lambda: counts(router) == ({"queued": 9_500, "running": 1}, 500), timeout=60, pause=0.3)
    after = workshop.launch(GOOD)
    workshop.kill(running)
    wait_for("the kill, behind ten thousand", lambda: workshop.status(running) is JobStatus.KILLED, timeout=30)
    assert workshop.row(router, after).state == "queued"


def test_the_broker_goes_away_and_comes_back(workshop, broker):
    router = workshop.router()
    job = workshop.launch("status(2); say('up'); time.sleep(6); status(3)")
    wait_for("the job", lambda: "up" in router.job_log(job), timeout=60)
    broker.kill()
    wait_for("not ready", lambda: not router.ready(), timeout=30)
    broker.start()
    wait_for("ready", router.ready, timeout=60)
    workshop.done(router, job)
    assert workshop.status(job) is JobStatus.SUCCESS
    again = workshop.launch(GOOD)
    workshop.done(router, again)
    assert workshop.status(again) is JobStatus.SUCCESS


def test_a_queue_that_is_made_later_is_consumed_then(workshop):
    router = workshop.router()
    post = workshop.core.client("admin")._connection.post
    server = {"name": "gpu-1", "host": "h", "username": "u", "port": 22, "type": "gpu", "index": 2,
              "processingMethodName": "SlurmProcessingMethod"}  # fmt: skip
    post("processing_server.json", json.dumps(server))
    wait_for("its queue", lambda: "queueProcessingServerGpu-1" in router.log, timeout=20)


def test_a_queue_that_is_deleted_stops_nobody(workshop, broker):
    router = workshop.router()
    vhost = workshop.amqp.rsplit("/", 1)[1]
    broker.api("DELETE", f"queues/{vhost}/queueCommunication")
    job = workshop.launch(GOOD)
    workshop.done(router, job)
    assert workshop.status(job) is JobStatus.SUCCESS
