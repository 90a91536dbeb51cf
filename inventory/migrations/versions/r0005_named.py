"""Which tags of machines each device bears, so that a new listing finds the machines it speaks of.

One rule keeps it simple: the table is derived from the records, and is made anew.
"""

import sqlalchemy as sa
from alembic import op

from inventory.migrations.outdated import outdated

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes table `standing` with column `named`; the next command fills it."""
    op.drop_table("standing")
    op.create_table(
        "standing",
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("kin", sa.Text(), server_default="", nullable=False),
        sa.Column("listing", sa.Text(), server_default="", nullable=False),
        sa.Column("identities", sa.Text(), server_default="[]", nullable=False),
        sa.Column("networks", sa.Text(), server_default="[]", nullable=False),
        sa.Column("named", sa.Text(), server_default="[]", nullable=False),
        sa.Column("clocks", sa.Integer(), nullable=True),
        sa.Column("until", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("asset"),
        sqlite_strict=True,
    )
    outdated()
