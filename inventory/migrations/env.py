"""Runs the revisions on the connection that `inventory.store.migrate` hands over."""

from alembic import context

from inventory.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
