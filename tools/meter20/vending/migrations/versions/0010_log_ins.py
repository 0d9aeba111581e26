"""Log-ins that failed: all programs of a shop count them together."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "login_failure",
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("until", sa.Text(), nullable=False),
        sa.Column("failed_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("who", name=op.f("pk_login_failure")),
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_table("login_failure")
