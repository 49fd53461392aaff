"""Bring the tables to the version of this code."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from router.errors import StoreError

_LOCK = 0x637372  # any number, the same for every router
_MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


def newest() -> str:
    """The number of the newest migration."""
    return max(path.name for path in (_MIGRATIONS / "versions").glob("[0-9]*.py")).split("_")[0]


def upgrade(connection: Connection) -> None:
    """Run what is missing, in the caller's transaction; alembic is loaded only when something is.

    Raises
    ------
    StoreError
        A newer version of this program has been here.
    """
    if _version(connection) == newest():
        return
    if connection.dialect.name == "postgresql":
        # Two routers that start at once: the second one finds the work done.
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    found = _version(connection)
    if found == newest():
        return
    if found is not None and found > newest():
        message = (
            f"store.url: its tables have version {found}, this program knows {newest()}; install the newer program"
        )
        raise StoreError(message)
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found
