"""`CoreClient`: every call of Core's REST that this project makes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from router.core.connection import Connection, Keys, Timeouts
from router.core.entities import AmqpQueue, ProcessingServer, Project, User, read_list
from router.core.job_calls import JobCalls
from router.core.software_calls import SoftwareCalls
from router.errors import CoreError, CoreUnauthorized, CoreUnavailable


class CoreClient(JobCalls, SoftwareCalls):
    """Core's REST for one identity; may be shared by threads.

    Every method raises a `CoreError`: `CoreUnavailable` when the same call may work later, another kind when not.

    Parameters
    ----------
    url
        Address of Core, `http://host[:port]`.
    keys
        The identity that asks.
    timeouts
        For each call; see `with_timeouts` for a call that must be short.
    """

    def __init__(self, url: str, keys: Keys, timeouts: Timeouts | None = None) -> None:
        self._connection = Connection(url, keys, timeouts)

    @property
    def url(self) -> str:
        """Address of Core as it is used."""
        return self._connection.url

    def with_keys(self, keys: Keys) -> CoreClient:
        """The same Core as another identity, such as the user of a job; close it when done."""
        return CoreClient(self.url, keys, self._connection.timeouts)

    def with_timeouts(self, timeouts: Timeouts) -> CoreClient:
        """The same identity with other time-outs; close it when done."""
        return CoreClient(self.url, self._connection.keys, timeouts)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the sockets."""
        self._connection.close()

    def current_user(self) -> User:
        """Who the keys belong to; for the keys of a job's user it has the id of the job."""
        found = self._connection.get("user/current.json")
        if found.get("id") is None:
            message = f"{self.url} does not say who the keys belong to; check the public and private key"
            raise CoreUnauthorized(message)
        return User.read(found)

    def wait_until_ready(
        self,
        stop: threading.Event,
        on_wait: Callable[[CoreError], None] | None = None,
        patience: float = 30.0,
        longest_pause: float = 10.0,
    ) -> User | None:
        """Ask who we are until Core answers; None when `stop` was set first.

        Parameters
        ----------
        stop
            Ends the waiting.
        on_wait
            Told every error that is waited out.
        patience
            Seconds to go on when the keys are refused: a Core that starts on an empty database refuses everybody
            until it has made its users.
        longest_pause
            Seconds; pauses double from half a second up to it.

        Raises
        ------
        CoreError
            The keys were still refused after `patience`, or the request is wrong in itself.
        """
        refused_since: float | None = None
        pause = 0.5
        while not stop.is_set():
            waited_out: CoreError
            try:
                return self.current_user()
            except CoreUnavailable as error:
                refused_since, waited_out = None, error
            except CoreUnauthorized as error:
                refused_since, waited_out = refused_since or time.monotonic(), error
                if time.monotonic() - refused_since >= patience:
                    raise
            if on_wait is not None:
                on_wait(waited_out)
            stop.wait(pause)
            pause = min(2 * pause, longest_pause)
        return None

    def processing_servers(self) -> list[ProcessingServer]:
        """The processing servers.

        Raises
        ------
        CoreNotFound
            A legacy Core, which has queues by software instead; see `amqp_queues`.
        """
        return read_list(ProcessingServer.read, self._connection.get_mapped("processing_server.json"))

    def processing_server(self, server_id: int) -> ProcessingServer:
        """The processing server with this id."""
        return ProcessingServer.read(self._connection.get(f"processing_server/{server_id}.json"))

    def amqp_queues(self) -> list[AmqpQueue]:
        """Every queue Core knows; a legacy router consumes all but queueCommunication."""
        return read_list(AmqpQueue.read, self._connection.get("amqp_queue.json"))

    def projects(self) -> list[Project]:
        """The projects this identity sees."""
        return read_list(Project.read, self._connection.get("project.json"))
