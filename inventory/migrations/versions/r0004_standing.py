"""What lets a new scan be added without deriving and judging the whole site again.

One rule keeps it simple: both tables are derived from the records; nothing of record changes.
"""

import sqlalchemy as sa
from alembic import op

from inventory.migrations.outdated import outdated

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes tables `ties` and `standing`; the next command fills them."""
    op.create_table(
        "ties",
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("asset"),
        sqlite_strict=True,
    )
    op.create_table(
        "standing",
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("kin", sa.Text(), server_default="", nullable=False),
        sa.Column("listing", sa.Text(), server_default="", nullable=False),
        sa.Column("identities", sa.Text(), server_default="[]", nullable=False),
        sa.Column("networks", sa.Text(), server_default="[]", nullable=False),
        sa.Column("clocks", sa.Integer(), nullable=True),
        sa.Column("until", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("asset"),
        sqlite_strict=True,
    )
    # What an older version concluded has neither: it is made again by the next command.
    outdated()
