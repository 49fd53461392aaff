"""Look at the store without opening it for writing: for people at a terminal, who want an answer at once.

Python's own sqlite3 is enough to read; loading SQLAlchemy would cost more than all the rest of `jobs list`. Nothing is
made, migrated or locked by looking. A PostgreSQL store is read by `Store`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

from router.errors import StoreError
from router.store.rows import DeadLetter, JobRow, Moment, Row

_SQLITE = "sqlite:///"
_JSON = {"command", "server_parameters"}
_R = TypeVar("_R", bound=Row)


class Looking(Protocol):
    """What `glance` gives, whatever the database is."""

    def listed(self, states: Sequence[str] = (), limit: int = 100) -> list[JobRow]:
        """The newest jobs."""
        ...

    def find(self, job_id: int) -> JobRow | None:
        """One job by Core's id."""
        ...

    def timeline(self, seq: int) -> list[Moment]:
        """What happened to a job, oldest first."""
        ...

    def dead_letters(self, limit: int = 1000) -> list[DeadLetter]:
        """The newest dead letters."""
        ...

    def dead_letter(self, letter: int) -> DeadLetter | None:
        """One dead letter."""
        ...


@contextmanager
def glance(url: str) -> Iterator[Looking]:
    """Look at the store.

    Parameters
    ----------
    url
        As `Database` takes it.

    Raises
    ------
    StoreError
        There is no store yet, or it cannot be read.
    """
    if not url.startswith(_SQLITE):
        from router.store import Store

        store = Store(url)
        try:
            with store.read() as unit:
                yield unit
        finally:
            store.close()
        return
    path = Path(url.removeprefix(_SQLITE).partition("?")[0])
    if not path.is_file():
        msg = f"store.url: there is no {path} yet: the router makes it at its first start"
        raise StoreError(msg)
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=10)) as connection:
            connection.row_factory = sqlite3.Row
            yield _Glance(connection)
    except sqlite3.Error as error:
        msg = f"store.url: {path} cannot be read ({error}); was it made by another version?"
        raise StoreError(msg) from error


class _Glance:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def listed(self, states: Sequence[str] = (), limit: int = 100) -> list[JobRow]:
        wanted = f"WHERE state IN ({', '.join('?' * len(states))}) " if states else ""
        return self._read(JobRow, "jobs", f"{wanted}ORDER BY seq DESC LIMIT ?", *states, limit)

    def find(self, job_id: int) -> JobRow | None:
        return next(iter(self._read(JobRow, "jobs", "WHERE job_id = ?", job_id)), None)

    def timeline(self, seq: int) -> list[Moment]:
        return self._read(Moment, "timeline", "WHERE seq = ? ORDER BY id", seq)

    def dead_letters(self, limit: int = 1000) -> list[DeadLetter]:
        return self._read(DeadLetter, "dead_letters", "ORDER BY id DESC LIMIT ?", limit)

    def dead_letter(self, letter: int) -> DeadLetter | None:
        return next(iter(self._read(DeadLetter, "dead_letters", "WHERE id = ?", letter)), None)

    def _read(self, kind: type[_R], table: str, clauses: str, *values: object) -> list[_R]:
        # Table and clauses are the constants above; every value is bound.
        found = self._connection.execute(f"SELECT * FROM {table} {clauses}", values)  # noqa: S608
        return [kind.read({name: _value(name, row[name]) for name in row.keys()}) for row in found]  # noqa: SIM118


def _value(column: str, stored: Any) -> Any:
    if column in _JSON:
        return json.loads(stored)
    return bool(stored) if column == "out_of_memory" and stored is not None else stored
