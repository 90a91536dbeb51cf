"""Alembic revisions of the schema, run by `inventory.store.migrate`; there is no alembic.ini."""
