"""Contradictions that verdicts rest on, and what changed when rules did.

One rule keeps it simple: both tables are derived from the records; nothing of record changes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes tables `conflicts` and `rulebook`; the next command fills them."""
    op.create_table(
        "conflicts",
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("observation", sa.Text(), server_default="", nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sqlite_strict=True,
    )
    op.create_index("conflicts_asset", "conflicts", ["asset"], unique=False)
    op.create_table(
        "rulebook",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("time", sa.Text(), nullable=False),
        sa.Column("versions", sa.Text(), server_default="{}", nullable=False),
        sa.Column("changes", sa.Text(), server_default="[]", nullable=False),
        sa.PrimaryKeyConstraint("site"),
        sqlite_strict=True,
    )
