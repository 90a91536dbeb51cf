"""What points were taken for: one row an asset, unfolded by a view of the old name.

One rule keeps it simple: derived tables lose their content here, the next command fills them.
"""

import sqlalchemy as sa
from alembic import op

from inventory.migrations.outdated import outdated

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Replaces table `signals` by table `meaning` and a view; what is derived is made anew."""
    from inventory.store import views

    op.drop_table("signals")
    op.create_table(
        "meaning",
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("asset"),
        sqlite_strict=True,
    )
    op.create_index("meaning_site", "meaning", ["site"], unique=False)
    outdated()
    views.create(op.get_bind(), "signals")
