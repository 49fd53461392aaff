"""Alembic's entry: the store hands over an open connection (router/store/migrate.py)."""

from __future__ import annotations

from alembic import context

from router.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
context.run_migrations()
