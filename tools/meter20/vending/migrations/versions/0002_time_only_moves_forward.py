"""Months, days and minutes that do not follow the clock back; free units that are still due.

What an older station sold counts on: its latest receipt is its time, the last day of a key its
day. Its zone was UTC.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def _columns() -> list[tuple[str, sa.Column]]:
    """Return (table, column) of what is added to the tables of 0001."""
    return [
        ("vault", sa.Column("rehearsal", sa.Boolean(), nullable=False, server_default=sa.false())),
        ("vault", sa.Column("zone", sa.Text(), nullable=False, server_default="UTC")),
        ("vault", sa.Column("latest", sa.Text(), nullable=False, server_default="")),
        ("vending_key", sa.Column("day", sa.String(10), nullable=False, server_default="")),
        ("meter", sa.Column("ahead_tid", sa.Integer(), nullable=False, server_default="0")),
        ("meter", sa.Column("free_owed", sa.BigInteger(), nullable=False, server_default="0")),
    ]


def upgrade() -> None:
    """Add the columns and the months, and fill them from what was sold."""
    for name, column in _columns():
        op.add_column(name, column)
    op.create_table(
        "meter_month",
        sa.Column("meter_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("fixed", sa.Boolean(), nullable=False),
        sa.Column("free", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["meter_id"], ["meter.id"], name=op.f("fk_meter_month_meter_id")),
        sa.PrimaryKeyConstraint("meter_id", "month", name=op.f("pk_meter_month")),
    )
    op.execute(
        "UPDATE vault SET latest = COALESCE("
        "(SELECT MAX(issued_at) FROM slip WHERE issued_at > vault.created_at), created_at)"
    )
    op.execute(
        "UPDATE vending_key SET day = COALESCE((SELECT MAX(key_usage.day) FROM key_usage "
        "WHERE key_usage.key_id = vending_key.id), '')"
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table("meter_month")
    for name, column in reversed(_columns()):
        op.drop_column(name, column.name)
