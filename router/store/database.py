"""One database: SQLite by default, PostgreSQL for several routers. Opens it, and gives out transactions."""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from router.errors import StoreError
from router.store.migrate import upgrade

_BUSY_SECONDS = 10
_JOIN_SECONDS = 0.1


class Database:
    """Connections to the store.

    Parameters
    ----------
    url
        `sqlite:////absolute/path` or `postgresql+psycopg://user:password@host/name`.
    """

    def __init__(self, url: str) -> None:
        place = make_url(url)
        self._sqlite = place.get_backend_name() == "sqlite"
        self._file = place.database or ""
        self._lock_file: int | None = None
        # SQLite lets one write at a time; waiting here costs microseconds, waiting in SQLite up to a tenth of a second.
        self._writing: contextlib.AbstractContextManager[Any] = (
            threading.Lock() if self._sqlite else contextlib.nullcontext()
        )
        try:
            if self._sqlite and place.database:
                Path(place.database).parent.mkdir(parents=True, exist_ok=True)
            self._engine = _engine(url, sqlite=self._sqlite)
            with self.write() as connection:
                upgrade(connection)
        except OSError as error:
            message = f"store.url: {place.database} cannot be made ({error.strerror}); correct the path or its rights"
            raise StoreError(message) from error

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that may write; durable when the block ends without an error.

        Raises
        ------
        StoreError
            Nothing was written: disk full, database away.
        """
        with self._writing, self._translated(), self._engine.connect() as connection:
            writing = connection.execution_options(begin="IMMEDIATE")
            with writing.begin():
                yield writing

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads, beside any writer."""
        with self._translated(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            reason = getattr(error, "orig", None) or error
            message = f"the store failed: {reason}; is its disk full, or its server away?"
            raise StoreError(message) from error

    def alone(self, patience: float = _BUSY_SECONDS) -> bool:
        """Whether nobody else works on this database: SQLite's file is locked for one router until this is closed.

        Raises
        ------
        StoreError
            Another router has locked it.
        """
        if not self._sqlite:
            return False
        if self._lock_file is None:
            self._lock_file = os.open(f"{self._file}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    message = f"store.url: another router works on {self._file}; stop it, or give both PostgreSQL"
                    raise StoreError(message) from error
                time.sleep(_JOIN_SECONDS)
            else:
                return True

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None


def _engine(url: str, *, sqlite: bool) -> Engine:
    if not sqlite:
        # A server that is gone without a word must not hold a thread for longer than a lease.
        asked = {"connect_timeout": _BUSY_SECONDS, "options": "-c statement_timeout=30000 -c lock_timeout=10000"}
        alive = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000}
        return create_engine(url, pool_pre_ping=True, connect_args={**asked, **alive})
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        # Transactions are begun by `begin` below, not by the driver's guess.
        connection.isolation_level = None
        # The journal mode is of the file; changing it needs the file alone, which a second process may prevent.
        deadline = time.monotonic() + _BUSY_SECONDS
        while connection.execute("PRAGMA journal_mode=WAL").fetchone()[0] != "wal" and time.monotonic() < deadline:
            time.sleep(_JOIN_SECONDS)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        kind = connection.get_execution_options().get("begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {kind}")

    return engine
