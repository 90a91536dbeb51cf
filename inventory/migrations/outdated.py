"""What was derived, after a change of the tables: to be made anew, and comparable still.

One rule keeps it simple: the stamp keeps what the findings were made of, and loses what made them;
so the next command derives anew, and can tell what other versions of the rules changed.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


def outdated() -> None:
    """Marks all that was derived as made by another program of the same records."""
    connection = op.get_bind()
    stamps = sa.table("stamp", sa.column("site"), sa.column("value"))
    for site, value in connection.execute(sa.select(stamps.c.site, stamps.c.value)).all():
        records = str(value).partition(" ")[0]
        change = sa.update(stamps).where(stamps.c.site == site)
        connection.execute(change.values(value=f"{records} upgraded"))
