"""A test stand for the router: real Docker, real RabbitMQ, the embedded Core and the daemon, for one bench."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pika

from router.core import Keys, NewSoftware, Software
from router.demo.page import Page
from tests.support.broker import Broker
from tests.support.core import EmbeddedCore
from tests.support.engine import Engine, connect
from tests.support.router import RouterDaemon

SERVER_EXCHANGE = "exchangeProcessingServerLocal-server"
SERVER_QUEUE = "queueProcessingServerLocal-server"


@dataclass(frozen=True)
class Stand:
    """Everything a job of a bench needs.

    Attributes
    ----------
    image
        An image that is on this machine; it has Python and a shell's tools.
    project
        Where jobs are made.
    """

    engine: Engine
    broker: Broker
    amqp: str
    core: EmbeddedCore
    page: Page
    image: str
    project: int
    folder: Path

    def software(self, command: str) -> Software:
        """Register a software that runs `command` (words split at spaces) in `image`."""
        words = "-".join(command.split())[:60]
        new = NewSoftware(
            f"bench-{words}", "1", f"singularity run bench.simg {command}", self.pulling_command, source_path=None
        )
        return self.page.create_software(new)

    @property
    def pulling_command(self) -> str:
        """What Core says about where the image comes from."""
        return f"singularity pull --name bench.simg docker://{self.image}"

    def jobs(self, software: Software, count: int) -> list[int]:
        """Create jobs; `publish` launches them."""
        return [self.page.create_job(self.project, software.id, {}).id for _ in range(count)]

    def message(self, job: int, software: Software) -> bytes:
        """The `execute` message that Core publishes for this job."""
        body = {
            "requestType": "execute",
            "jobId": job,
            "command": software.execute_command.split(" "),
            "pullingCommand": software.pulling_command,
            "serverParameters": {},
        }
        return json.dumps(body).encode()


@contextmanager
def stand() -> Iterator[Stand]:
    """Start the parts around the router; `Router` is started by the bench, with the settings that it measures.

    Raises
    ------
    RuntimeError
        If no Docker engine answers.
    """
    client = connect()
    if isinstance(client, str):
        raise RuntimeError(client)
    with ExitStack() as stack:
        stack.callback(client.close)
        engine = Engine(client)
        stack.callback(engine.sweep)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True)))
        broker = Broker(engine)
        amqp = broker.vhost()
        core = EmbeddedCore(folder / "core", engine.gateway, amqp)
        stack.callback(core.stop)
        keys = core.keys["admin"]
        page = stack.enter_context(Page(core.url, Keys(keys["publicKey"], keys["privateKey"])))
        study = page.create_study("bench", {"thing": "#ff0000"})
        image = "cytomine-software-router/base:bookworm"
        yield Stand(engine, broker, amqp, core, page, image, study.project, folder)


@contextmanager
def running_router(place: Stand, **settings: object) -> Iterator[RouterDaemon]:
    """Run the daemon at the stand until the block ends."""
    daemon = RouterDaemon(
        place.core, place.amqp, place.folder / f"router-{len(list(place.folder.iterdir()))}", **settings
    )
    try:
        daemon.wait_ready()
        yield daemon
    finally:
        daemon.stop()
        daemon.remove_containers(place.engine)


class Publisher:
    """Publishes as Core does: persistent text to the processing server's exchange, empty routing key."""

    def __init__(self, url: str) -> None:
        self._connection = pika.BlockingConnection(pika.URLParameters(url))
        self._channel = self._connection.channel()
        self._properties = pika.BasicProperties(content_type="text/plain", delivery_mode=2)

    def __enter__(self) -> Publisher:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def publish(self, body: bytes) -> None:
        """Send one message and let the socket be served (heartbeats)."""
        self._channel.basic_publish(SERVER_EXCHANGE, "", body, self._properties)
        self._connection.process_data_events(0)
