"""Meters can be retired: when, and empty for those that are in use."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the column; no meter is retired yet."""
    op.add_column("meter", sa.Column("retired", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    """Take it away; retired meters are in use again."""
    op.drop_column("meter", "retired")
