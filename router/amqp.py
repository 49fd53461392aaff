"""All of pika: one connection, one I/O thread, one channel a queue.

A channel a queue, because the broker closes the whole channel of a consumer whose queue is missing or whose delivery
timed out. pika's SelectConnection says when that happens; its BlockingConnection stays silent for ever. Nothing is
declared with arguments: Core declares the same objects without any, and the broker refuses a difference (1.2).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pika  # type: ignore[import-untyped]
from pika.adapters.select_connection import SelectConnection  # type: ignore[import-untyped]

from router.log import get_logger

log = get_logger(__name__)

_SHORTEST_PAUSE = 0.25
_LONGEST_PAUSE = 2.0
_STOP_SECONDS = 10.0


@dataclass(frozen=True)
class Delivery:
    """One message, held by the broker until `Broker.ack`."""

    queue: str
    body: bytes = field(repr=False)
    channel: Any = field(repr=False)
    tag: int
    redelivered: bool


class Broker:
    """Consumes queues until it is stopped; reconnects by itself.

    Parameters
    ----------
    url
        `amqp://user:password@host:port/vhost`.
    exchange, queue
        Core's communication exchange and queue, declared as Core declares them, bound with an empty key.
    prefetch
        Deliveries that may be unacknowledged on each queue.
    receive
        Called in the I/O thread for every message; must not block.
    """

    def __init__(
        self,
        url: str,
        *,
        exchange: str,
        queue: str,
        prefetch: int,
        heartbeat: int,
        receive: Callable[[Delivery], None],
    ) -> None:
        self._parameters = pika.URLParameters(url)
        self._parameters.heartbeat = heartbeat
        self._parameters.connection_attempts = 1
        self._parameters.socket_timeout = 10
        self._exchange, self._queue, self._prefetch = exchange, queue, prefetch
        self._receive = receive
        self._lock = threading.Lock()
        self._queues: dict[str, _Consumer] = {}
        self._connection: Any = None
        self._stopping = threading.Event()
        self._pause = _SHORTEST_PAUSE
        self._thread = threading.Thread(target=self._run, name="amqp", daemon=True)
        #: How often a connection was opened; 1 after the first time.
        self.connections = 0
        #: Why there is no connection just now.
        self.problem = "not connected yet"

    @property
    def connected(self) -> bool:
        """Whether messages can come."""
        return not self.problem

    @property
    def queues(self) -> dict[str, bool]:
        """Every queue, and whether it is being consumed just now."""
        with self._lock:
            return {name: consumer.consuming for name, consumer in self._queues.items()}

    def start(self) -> None:
        """Connect, and stay connected."""
        self._thread.start()

    def stop(self) -> None:
        """Close the connection; what was not acknowledged goes back to the queue."""
        self._stopping.set()
        self._later(self._close)
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)

    def consume(self, queue: str) -> None:
        """Consume this queue from now on; a queue that does not exist yet is tried again and again."""
        with self._lock:
            if queue in self._queues:
                return
            consumer = self._queues[queue] = _Consumer(queue, self._prefetch, self._receive)
        self._later(lambda: consumer.open(self._connection) if self._connection.is_open else None)

    def ack(self, deliveries: Iterable[Delivery]) -> None:
        """Acknowledge, all that came before on the same channel included."""
        last = {delivery.channel: delivery.tag for delivery in deliveries}
        self._later(lambda: _ack(last))

    def _later(self, call: Callable[[], Any]) -> None:
        """Run `call` in the I/O thread, if there is a connection."""
        connection = self._connection
        if connection is not None:
            connection.ioloop.add_callback_threadsafe(call)

    def _run(self) -> None:
        while not self._stopping.is_set():
            connection = SelectConnection(
                self._parameters,
                on_open_callback=self._opened,
                on_open_error_callback=self._lost,
                on_close_callback=self._lost,
            )
            self._connection = connection
            try:
                connection.ioloop.start()
            except Exception as error:  # noqa: BLE001 - whatever it was, the answer is to connect again
                self._lost(connection, error)
            self._connection = None
            connection.ioloop.close()
            self._stopping.wait(self._pause)
            self._pause = min(_LONGEST_PAUSE, 2 * self._pause)

    def _opened(self, connection: Any) -> None:
        self.connections += 1
        self._pause = _SHORTEST_PAUSE
        self.problem = ""
        log.info("broker connected", host=self._parameters.host, port=self._parameters.port)
        connection.channel(on_open_callback=self._declare)

    def _declare(self, channel: Any) -> None:
        """The communication queue as Core declares it; consumers start afterwards, also when Core's differs."""
        channel.add_on_close_callback(self._declared)
        channel.exchange_declare(self._exchange, exchange_type="direct", durable=True)
        channel.queue_declare(self._queue, durable=True)
        channel.queue_bind(self._queue, self._exchange, routing_key="", callback=lambda _: channel.close())

    def _declared(self, _channel: Any, reason: BaseException) -> None:
        if not isinstance(reason, pika.exceptions.ChannelClosedByClient):
            log.warning("communication queue differs from Core's", reason=str(reason))
        if self._connection is None or not self._connection.is_open:
            return
        self.consume(self._queue)
        with self._lock:
            consumers = list(self._queues.values())
        for consumer in consumers:
            consumer.open(self._connection)

    def _lost(self, connection: Any, reason: BaseException | str) -> None:
        if not self._stopping.is_set():
            self.problem = str(reason) or type(reason).__name__
            log.warning("broker not connected", reason=self.problem, again_in_s=self._pause)
        with self._lock:
            for consumer in self._queues.values():
                consumer.forget()
        connection.ioloop.stop()

    def _close(self) -> None:
        if self._connection.is_open:
            self._connection.close()
        elif not self._connection.is_closing:
            self._connection.ioloop.stop()


def probe(url: str) -> str:
    """Why nobody can connect to this broker; empty when one can."""
    try:
        parameters = pika.URLParameters(url)
        parameters.connection_attempts, parameters.socket_timeout = 1, 5
        parameters.blocked_connection_timeout = 5
        pika.BlockingConnection(parameters).close()
    except (pika.exceptions.AMQPError, OSError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


class _Consumer:
    """One queue on one channel; lives in the I/O thread."""

    def __init__(self, queue: str, prefetch: int, receive: Callable[[Delivery], None]) -> None:
        self._queue, self._prefetch, self._receive = queue, prefetch, receive
        self._channel: Any = None
        self._pause = _SHORTEST_PAUSE
        self.consuming = False

    def open(self, connection: Any) -> None:
        """Open a channel and consume; does nothing when that is under way."""
        if self._channel is None and connection is not None and connection.is_open:
            self._channel = connection.channel(on_open_callback=self._opened)

    def forget(self) -> None:
        """The connection is gone."""
        self._channel, self.consuming = None, False

    def _opened(self, channel: Any) -> None:
        channel.add_on_close_callback(self._closed)
        channel.add_on_cancel_callback(lambda _: channel.close())
        channel.basic_qos(prefetch_count=self._prefetch)
        channel.basic_consume(self._queue, self._message, callback=self._started)

    def _started(self, _: Any) -> None:
        self._pause = _SHORTEST_PAUSE
        self.consuming = True
        log.info("consuming", queue=self._queue)

    def _message(self, channel: Any, method: Any, _properties: Any, body: bytes) -> None:
        self._receive(Delivery(self._queue, body, channel, method.delivery_tag, method.redelivered))

    def _closed(self, channel: Any, reason: BaseException) -> None:
        if channel is not self._channel:
            return
        self.forget()
        if channel.connection.is_open:
            log.warning("queue not consumed", queue=self._queue, reason=str(reason), again_in_s=self._pause)
            connection = channel.connection
            connection.ioloop.call_later(self._pause, lambda: self.open(connection))
            self._pause = min(_LONGEST_PAUSE, 2 * self._pause)


def _ack(last: dict[Any, int]) -> None:
    for channel, tag in last.items():
        if channel.is_open:
            channel.basic_ack(tag, multiple=True)
