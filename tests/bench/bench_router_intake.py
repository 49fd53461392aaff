"""How fast messages become safe, and what ten thousand stored jobs cost.

Intake is measured with the daemon's own parts on a real RabbitMQ and a real disk: a message counts when the transaction
that holds it is on disk (SQLite, WAL, synchronous=FULL) and it is acknowledged.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pika

from router.amqp import Broker as Consumer
from router.intake import Intake
from router.store import Store
from tests.bench.record import Measurement
from tests.bench.stand import Publisher, running_router, stand
from tests.support.broker import Broker
from tests.support.engine import Engine, connect
from tests.support.waiting import wait_for

MESSAGES = 10_000
ROUNDS = 5
QUEUE = "queueProcessingServerBench"


def body(job: int) -> bytes:
    """An `execute` of usual size."""
    command = [
        "singularity",
        "run",
        "bench.simg",
        "--cytomine_id_project",
        str(job % 7),
        *("--parameter", "value") * 20,
    ]
    pulling = "singularity pull --name bench.simg docker://bench/bench:1"
    message = {"requestType": "execute", "jobId": job, "command": command, "pullingCommand": pulling}
    return json.dumps({**message, "serverParameters": {}}).encode()


def fill(url: str, count: int) -> None:
    """Put `count` messages into a queue that is declared as Core declares it."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.queue_declare(QUEUE, durable=True)
    channel.confirm_delivery()
    properties = pika.BasicProperties(delivery_mode=2)
    for job in range(1, count + 1):
        channel.basic_publish("", QUEUE, body(job), properties)
    connection.close()


def one_round(url: str, folder: Path) -> float:
    """Messages a second from the first delivery to the last acknowledgement."""
    store = Store(f"sqlite:///{folder / 'intake.db'}")
    acknowledged = 0
    started = 0.0

    def ack(deliveries: list) -> None:  # type: ignore[type-arg]
        nonlocal acknowledged
        acknowledged += len(deliveries)
        consumer.ack(deliveries)

    def receive(delivery: object) -> None:
        nonlocal started
        started = started or time.perf_counter()
        intake.receive(delivery)  # type: ignore[arg-type]

    intake = Intake(store, ack=ack, stored=lambda: None, consume=lambda _: None)  # type: ignore[arg-type]
    consumer = Consumer(
        url, exchange="exchangeCommunication", queue="queueCommunication", prefetch=500, heartbeat=60, receive=receive
    )
    intake.start()
    consumer.consume(QUEUE)
    consumer.start()
    try:
        wait_for("all messages", lambda: acknowledged == MESSAGES, timeout=120, pause=0.002)
        ended = time.perf_counter()
        with store.read() as unit:
            if sum(unit.counts().values()) != MESSAGES:
                raise AssertionError(f"stored: {unit.counts()}")
    finally:
        consumer.stop()
        intake.stop()
        store.close()
    return MESSAGES / (ended - started)


def intake_rate() -> Iterator[Measurement]:
    """The best of five rounds of ten thousand messages."""
    client = connect()
    if isinstance(client, str):
        raise RuntimeError(client)
    engine = Engine(client)
    try:
        broker = Broker(engine)
        rates = []
        for _ in range(ROUNDS):
            url = broker.vhost()
            fill(url, MESSAGES)
            with tempfile.TemporaryDirectory(prefix="bench-") as folder:
                rates.append(one_round(url, Path(folder)))
    finally:
        engine.sweep()
        client.close()
    yield Measurement("router.intake_per_s", max(rates), "1/s", ">= 2000")


def resident_mb(pid: int) -> float:
    """Resident memory of a process in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1000
    raise ProcessLookupError(pid)


def memory_of_a_long_queue() -> Iterator[Measurement]:
    """The daemon's resident memory with one job running and ten thousand waiting."""
    with stand() as place, running_router(place, slots=1) as daemon, Publisher(place.amqp) as publisher:
        software = place.software("sleep 600")
        publisher.publish(place.message(place.jobs(software, 1)[0], software))
        wait_for("a container", lambda: bool(place.engine.containers(router=daemon.name)), timeout=60, pause=0.05)
        for number in range(MESSAGES):
            publisher.publish(body(10_000_000 + number))
        store = Store(f"sqlite:///{daemon.folder / 'router.db'}")
        try:

            def all_stored() -> bool:
                with store.read() as unit:
                    return unit.counts().get("queued", 0) == MESSAGES

            wait_for("all stored", all_stored, timeout=120, pause=0.2)
        finally:
            store.close()
        time.sleep(3)
        yield Measurement("router.rss_10k_mb", resident_mb(daemon.process.pid), "MB", "<= 200")


BENCHES = {("router.intake_per_s",): intake_rate, ("router.rss_10k_mb",): memory_of_a_long_queue}
