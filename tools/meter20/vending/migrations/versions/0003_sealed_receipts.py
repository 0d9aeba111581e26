"""Receipts bound into the audit log, and a head that knows what must not run back.

The columns stay empty until the security module opens the station: only it can fill them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_HEAD = ("minute", "slips", "floor")
_FLAGS = ("anchored", "condemned")


def upgrade() -> None:
    """Add the columns."""
    with op.batch_alter_table("audit_head") as head:
        for name in _HEAD:
            head.add_column(sa.Column(name, sa.Integer(), nullable=True))
        for name in _FLAGS:
            head.add_column(sa.Column(name, sa.Boolean(), nullable=True))
    with op.batch_alter_table("slip") as slip:
        slip.add_column(sa.Column("seal", sa.String(length=32), nullable=True))


def downgrade() -> None:
    """Drop the columns."""
    with op.batch_alter_table("slip") as slip:
        slip.drop_column("seal")
    with op.batch_alter_table("audit_head") as head:
        for name in (*_HEAD, *_FLAGS):
            head.drop_column(name)
