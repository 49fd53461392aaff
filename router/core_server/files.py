"""Files beside the database: attached files and job data, one file an id.

Rows that go away leave their id in the table `trash` (by trigger, so that cascades count); the files follow after
the commit.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from router.core_server.context import Call, Core
from router.core_server.errors import NotFound, WrongArgument

SCHEMA = "CREATE TABLE trash (id INTEGER NOT NULL);"


def keep(call: Call, ident: int) -> int:
    """Move the received file to its place under `ident` and return its size in bytes."""
    if call.received is None:
        raise WrongArgument("the body holds no file: send a multipart part named files[]")
    call.received.path.replace(call.core.settings.files / str(ident))
    return call.received.size


def stored(call: Call, ident: int) -> Path:
    """Return where the file of `ident` lies.

    Raises
    ------
    NotFound
        When nothing was uploaded.
    """
    path = call.core.settings.files / str(ident)
    if not path.is_file():
        msg = f"File not found with id : {ident}"
        raise NotFound(msg)
    return path


def sweep(core: Core) -> None:
    """Delete the files of rows that are gone."""
    with core.db.read() as sql:
        idents = [row["id"] for row in sql.all("SELECT id FROM trash")]
    if not idents:
        return
    for ident in idents:
        with suppress(FileNotFoundError):
            (core.settings.files / str(ident)).unlink()
    with core.db.write() as sql:
        sql.many("DELETE FROM trash WHERE id = ?", [(ident,) for ident in idents])
