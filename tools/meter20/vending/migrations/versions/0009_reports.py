"""What meters report by themselves: registers, events, and two days of load."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "meter_report",
        _meter("meter_report"),
        sa.Column("heard_at", sa.Text(), nullable=True),
        *[
            sa.Column(name, sa.BigInteger(), nullable=True)
            for name in ("credit_wh", "credit_money", "total_wh", "power_w")
        ],
        sa.Column("relay", sa.Text(), nullable=True),
        sa.Column("relay_reason", sa.Text(), nullable=True),
        sa.Column("krn", sa.Integer(), nullable=True),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("meter_id", name=op.f("pk_meter_report")),
    )
    op.create_table(
        "meter_load",
        _meter("meter_load"),
        sa.Column("quarter", sa.String(16), nullable=False),
        sa.Column("total_wh", sa.BigInteger(), nullable=False),
        sa.Column("power_w", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("meter_id", "quarter", name=op.f("pk_meter_load")),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table("meter_load")
    op.drop_table("meter_report")


def _meter(table: str) -> sa.Column:
    key = sa.ForeignKey("meter.id", name=op.f(f"fk_{table}_meter_id"))
    return sa.Column("meter_id", sa.Integer(), key, nullable=False)
