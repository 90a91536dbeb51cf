"""What gives each machine the signals that it requires, and how old the values of a device are.

One rule keeps it simple: the columns are derived from the records; the next command fills them.
"""

import sqlalchemy as sa
from alembic import op

from inventory.migrations.outdated import outdated

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds columns to table `assets`; the next command fills them."""
    op.add_column("assets", sa.Column("judged", sa.Integer(), server_default="0", nullable=False))
    op.add_column("assets", sa.Column("stale", sa.Integer(), server_default="0", nullable=False))
    op.add_column("assets", sa.Column("read_at", sa.Text(), nullable=True))
    op.add_column("assets", sa.Column("variant", sa.Text(), server_default="", nullable=False))
    op.add_column("assets", sa.Column("required", sa.Text(), server_default="", nullable=False))
    outdated()
