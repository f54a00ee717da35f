"""Run by Alembic inside `migrations.upgrade`, on the connection and transaction given there."""

from __future__ import annotations

from alembic import context

from workflow.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
context.run_migrations()
