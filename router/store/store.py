"""The daemon's memory, and what may be done with it inside one transaction."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from sqlalchemy import Connection

from router.store.database import Database
from router.store.inbox import Inbox
from router.store.jobs import Jobs
from router.store.outbox import Outbox
from router.store.owners import Owners
from router.store.pruning import Pruning


class Unit(Inbox, Jobs, Outbox, Owners, Pruning):
    """What may be asked and written inside one transaction."""

    def __init__(self, connection: Connection, clock: Callable[[], float]) -> None:
        self._connection = connection
        self._clock = clock

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._clock()


class Store:
    """The daemon's memory.

    Parameters
    ----------
    url
        See `Database`.
    clock
        Seconds since the epoch.
    """

    def __init__(self, url: str, clock: Callable[[], float] = time.time) -> None:
        self._database = Database(url)
        self._clock = clock

    @contextlib.contextmanager
    def write(self) -> Iterator[Unit]:
        """One transaction that may write; raises StoreError when nothing could be written."""
        with self._database.write() as connection:
            yield Unit(connection, self._clock)

    @contextlib.contextmanager
    def read(self) -> Iterator[Unit]:
        """One transaction that only reads."""
        with self._database.read() as connection:
            yield Unit(connection, self._clock)

    def alone(self) -> bool:
        """Make sure that no other router works on this store, where only one can (SQLite).

        Returns
        -------
        bool
            Whether this router is the only one until it ends; with PostgreSQL there may be others.

        Raises
        ------
        StoreError
            Another router has the file.
        """
        return self._database.alone()

    def close(self) -> None:
        """Close every connection."""
        self._database.close()
