"""All of SQL's machinery: connections, transactions, the identifier sequence.

SQLite in WAL mode: readers never wait; writers pass one lock, so nobody ever meets SQLITE_BUSY.
"""

# ruff: noqa: S608 - conditions are written in this package, values are always bound
from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Any

from router.core_server.errors import AlreadyExists, WrongArgument
from router.core_server.ids import FIRST_ID, now
from router.core_server.resource import Resource, Row

#: Reading connections kept open between requests.
KEPT_READERS = 8
#: Raised when a table changes its shape.
SCHEMA_VERSION = 2

Arguments = Sequence[Any] | Mapping[str, Any]


class Sql:
    """One connection inside one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.after_commit: list[Callable[[], None]] = []

    def one(self, query: str, arguments: Arguments = ()) -> Row | None:
        """Return the first row, or None."""
        cursor = self._connection.execute(query, arguments)
        row = cursor.fetchone()
        return dict(zip(_names(cursor), row, strict=True)) if row else None

    def all(self, query: str, arguments: Arguments = ()) -> list[Row]:
        """Return all rows."""
        cursor = self._connection.execute(query, arguments)
        names = _names(cursor)
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def tuples(self, query: str, arguments: Arguments = ()) -> list[tuple[Any, ...]]:
        """Return all rows as tuples, for the hot paths."""
        return self._connection.execute(query, arguments).fetchall()

    def value(self, query: str, arguments: Arguments = ()) -> Any:
        """Return the first column of the first row, or None."""
        row = self._connection.execute(query, arguments).fetchone()
        return row[0] if row else None

    def run(self, query: str, arguments: Arguments = ()) -> int:
        """Run a statement and return how many rows it touched."""
        return self._connection.execute(query, arguments).rowcount

    def many(self, query: str, rows: Iterable[Arguments]) -> None:
        """Run a statement for each row."""
        self._connection.executemany(query, rows)

    def next_id(self, count: int = 1) -> int:
        """Reserve `count` identifiers and return the first."""
        after = self.value("UPDATE sequence SET next = next + ? RETURNING next", (count,))
        return int(after) - count

    def add(self, table: str, values: Mapping[str, Any]) -> Row:
        """Insert a row under a new identifier and return it whole."""
        row = {"id": self.next_id(), "created": now(), "updated": None, "deleted": None, **values}
        names = ", ".join(f'"{name}"' for name in row)
        marks = ", ".join("?" * len(row))
        with _explained(table):
            self.run(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', tuple(row.values()))
        return row

    def change(self, table: str, ident: int, values: Mapping[str, Any]) -> None:
        """Update a row and its time of change."""
        values = {**values, "updated": now()}
        assignments = ", ".join(f'"{name}" = ?' for name in values)
        with _explained(table):
            self.run(f'UPDATE "{table}" SET {assignments} WHERE id = ?', (*values.values(), ident))

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo only what the block did when it raises."""
        self.run("SAVEPOINT item")
        try:
            yield
        except BaseException:
            self.run("ROLLBACK TO item")
            self.run("RELEASE item")
            raise
        self.run("RELEASE item")


def _names(cursor: sqlite3.Cursor) -> list[str]:
    return [column[0] for column in cursor.description]


@contextmanager
def _explained(table: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError as error:
        text = str(error)
        if "UNIQUE" in text:
            msg = f"{table} with the same {text.rsplit(': ', 1)[-1]} already exists"
            raise AlreadyExists(msg) from error
        if "FOREIGN KEY" in text:
            msg = f"{table} names an id that does not exist"
            raise WrongArgument(msg) from error
        msg = f"{table} cannot be stored: {text}"
        raise WrongArgument(msg) from error
    except OverflowError as error:
        msg = f"{table} holds a number that is too large"
        raise WrongArgument(msg) from error


class Database:
    """The file, its writer and its readers."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._readers: LifoQueue[sqlite3.Connection] = LifoQueue()
        self._write_lock = threading.Lock()
        self._writer = self._open(cache_kib=65_536)
        self._writer.execute("PRAGMA journal_mode = WAL")

    def _open(self, cache_kib: int) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=30)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute(f"PRAGMA cache_size = -{cache_kib}")
        return connection

    def create(self, resources: Iterable[Resource], extra: Sequence[str]) -> bool:
        """Make the tables of an empty file; return whether it was empty."""
        with self._write_lock:
            version = self._writer.execute("PRAGMA user_version").fetchone()[0]
            if version == SCHEMA_VERSION:
                return False
            if version:
                message = (
                    f"{self._path} was written by another version (schema {version}, this is {SCHEMA_VERSION}): "
                    "export it with that version or start with an empty folder"
                )
                raise SystemExit(message)
            script = "".join(resource.create_sql() for resource in resources) + "".join(extra)
            self._writer.executescript(
                f"BEGIN; CREATE TABLE sequence (next INTEGER NOT NULL); INSERT INTO sequence VALUES ({FIRST_ID});"
                f"{script} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
            )
        return True

    @contextmanager
    def read(self) -> Iterator[Sql]:
        """Give a connection that sees one state of the data."""
        try:
            connection = self._readers.get_nowait()
        except Empty:
            connection = self._open(cache_kib=8_192)
        try:
            connection.execute("BEGIN")
            yield Sql(connection)
        finally:
            connection.execute("ROLLBACK")
            if self._readers.qsize() < KEPT_READERS:
                self._readers.put(connection)
            else:
                connection.close()

    @contextmanager
    def write(self) -> Iterator[Sql]:
        """Give the writer; commit when the block ends well, undo everything when it raises."""
        with self._write_lock:
            sql = Sql(self._writer)
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield sql
                self._writer.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.OperationalError):
                    self._writer.execute("ROLLBACK")
                raise
        for action in sql.after_commit:
            action()

    def close(self) -> None:
        """Close every connection."""
        with self._write_lock:
            while True:
                try:
                    self._readers.get_nowait().close()
                except Empty:
                    break
            self._writer.close()
