"""All of RabbitMQ on Core's side: the queues a Grails Core declares, and publishing with confirms.

One connection behind a lock, opened when it is needed and opened again when it broke. Queues are declared without
arguments, as Core does; any other way would make a real Core's or router's own declaration fail.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from router.core_server.errors import Middleware

if TYPE_CHECKING:
    from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection  # type: ignore[import-untyped]

logger = logging.getLogger(__name__)

COMMUNICATION_QUEUE = "queueCommunication"
COMMUNICATION_EXCHANGE = "exchangeCommunication"
#: Seconds between attempts to reach the broker at start-up.
RETRY = 2.0
#: Seconds that connecting and publishing may take.
PATIENCE = 10.0
#: Seconds that stopping waits for somebody who is just connecting.
STOP_PATIENCE = 1.0


def capitalized(name: str) -> str:
    """Upper-case the first character and leave the rest, as Groovy does."""
    return name[:1].upper() + name[1:]


def server_queue(name: str) -> tuple[str, str]:
    """Return queue and exchange of a processing server."""
    return f"queueProcessingServer{capitalized(name)}", f"exchangeProcessingServer{capitalized(name)}"


def software_queue(name: str) -> tuple[str, str]:
    """Return queue and exchange of a software, in the legacy dialect."""
    return f"queueSoftware{capitalized(name)}", f"exchangeSoftware{capitalized(name)}"


class Broker:
    """Core's one connection to RabbitMQ.

    Parameters
    ----------
    url : str or None
        amqp://user:password@host:port/vhost; without one every publish fails as with a broker that is away.
    queues : callable
        Gives (queue, exchange) of every queue that must exist.
    """

    def __init__(self, url: str | None, queues: Callable[[], Iterable[tuple[str, str]]]) -> None:
        self._url = url
        self._queues = queues
        self._lock = threading.Lock()
        self._connection: BlockingConnection | None = None
        self._channel: BlockingChannel | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def address(self) -> str:
        """Return the broker's host, as queue rows name it."""
        return (urlsplit(self._url).hostname if self._url else None) or "localhost"

    def start(self, announcements: Iterable[dict[str, Any]] = ()) -> None:
        """Declare all queues in the background, as soon as the broker is there, then announce."""
        if self._url is None:
            return
        self._thread = threading.Thread(
            target=self._declare_until_done, args=(list(announcements),), name="broker", daemon=True
        )
        self._thread.start()

    def _declare_until_done(self, announcements: list[dict[str, Any]]) -> None:
        waiting = False
        while not self._stopping.is_set():
            try:
                with self._lock:
                    self._open()
                for message in announcements:
                    self.publish(COMMUNICATION_QUEUE, COMMUNICATION_EXCHANGE, message)
            except Middleware as error:
                if not waiting:
                    logger.warning("RabbitMQ is not there yet, trying again every %s s: %s", RETRY, error)
                waiting = True
                self._stopping.wait(RETRY)
            else:
                logger.info("RabbitMQ at %s has all queues", self.address)
                return

    def declare(self, queue: str, exchange: str) -> None:
        """Declare one more queue with its exchange and binding.

        Raises
        ------
        Middleware
            When the broker is away.
        """
        with self._lock:
            self._trying_twice(lambda channel: self._declare(channel, queue, exchange))

    def publish(self, queue: str, exchange: str, message: Any) -> None:
        """Publish a persistent message and wait for the broker's confirm.

        Raises
        ------
        Middleware
            When the broker is away, does not know the queue, or does not confirm.
        """
        body = json.dumps(message, ensure_ascii=False).encode()

        def send(channel: BlockingChannel) -> None:
            import pika  # type: ignore[import-untyped]

            properties = pika.BasicProperties(content_type="text/plain", delivery_mode=2, priority=0)
            channel.queue_declare(queue, passive=True)
            channel.basic_publish(exchange, "", body, properties, mandatory=True)

        with self._lock:
            self._trying_twice(send)

    def _trying_twice(self, action: Callable[[BlockingChannel], None]) -> None:
        """Run an action; once more on a fresh connection, as the old one may have died unnoticed."""
        from pika.exceptions import AMQPError  # type: ignore[import-untyped]

        fresh = self._channel is None
        for last in (fresh, True):
            try:
                action(self._open())
            except (AMQPError, OSError) as error:
                self._drop()
                if last:
                    msg = f"RabbitMQ did not take the message: {error!r}"
                    raise Middleware(msg) from error
            else:
                return

    def _open(self) -> BlockingChannel:
        if self._channel is not None and self._channel.is_open:
            return self._channel
        if self._url is None:
            raise Middleware("no message broker: start the server with --amqp URL to launch jobs")
        import pika
        from pika.exceptions import AMQPError

        self._drop()
        parameters = pika.URLParameters(self._url)
        # nobody serves this connection between publishes, so it must live without heartbeats
        parameters.heartbeat = 0
        parameters.socket_timeout = parameters.blocked_connection_timeout = PATIENCE
        parameters.connection_attempts = 1
        try:
            self._connection = pika.BlockingConnection(parameters)
            channel = self._connection.channel()
            channel.confirm_delivery()
            self._declare(channel, COMMUNICATION_QUEUE, COMMUNICATION_EXCHANGE)
            for queue, exchange in self._queues():
                self._declare(channel, queue, exchange)
        except (AMQPError, OSError) as error:
            self._drop()
            msg = f"RabbitMQ at {self.address} does not answer: {error!r}"
            raise Middleware(msg) from error
        self._channel = channel
        return channel

    @staticmethod
    def _declare(channel: BlockingChannel, queue: str, exchange: str) -> None:
        channel.exchange_declare(exchange, "direct", durable=True)
        channel.queue_declare(queue, durable=True)
        channel.queue_bind(queue, exchange, "")

    def _drop(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None and connection.is_open:
            try:
                connection.close()
            except Exception as error:  # noqa: BLE001 - a broken connection may break in any way while closing
                logger.debug("closing the broken connection: %r", error)

    def stop(self) -> None:
        """Stop waiting for the broker and close the connection."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(STOP_PATIENCE)
        # who still waits for a broker that is away holds the lock; the process ends without it
        if self._lock.acquire(timeout=STOP_PATIENCE):
            try:
                self._drop()
            finally:
                self._lock.release()
