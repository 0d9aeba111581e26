"""Purchases that came over a network, and how each meter is reached: the head-end's tables."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_DUE = sa.text("due_at IS NOT NULL")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "purchase",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("ref", sa.Text(), nullable=True),
        sa.Column("meter_id", sa.Integer(), nullable=False),
        sa.Column("money_cents", sa.BigInteger(), nullable=True),
        sa.Column("units", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("outcome", sa.String(length=8), nullable=False),
        sa.Column("carrier", sa.String(length=8), nullable=False),
        sa.Column("slip_id", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sends", sa.Integer(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.Column("due_at", sa.Text(), nullable=True),
        sa.Column("ordered_at", sa.Text(), nullable=False),
        sa.Column("vended_at", sa.Text(), nullable=True),
        sa.Column("sent_at", sa.Text(), nullable=True),
        sa.Column("answered_at", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["meter_id"], ["meter.id"], name=op.f("fk_purchase_meter_id")),
        sa.ForeignKeyConstraint(["slip_id"], ["slip.id"], name=op.f("fk_purchase_slip_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purchase")),
        sa.UniqueConstraint("code", name=op.f("uq_purchase_code")),
        sa.UniqueConstraint("ref", name=op.f("uq_purchase_ref")),
        sa.UniqueConstraint("slip_id", name=op.f("uq_purchase_slip_id")),
    )
    op.create_index(op.f("ix_purchase_meter_id"), "purchase", ["meter_id"])
    for name, columns in (("due_at", ["due_at"]), ("open", ["meter_id", "id"])):
        op.create_index(
            f"ix_purchase_{name}", "purchase", columns, sqlite_where=_DUE, postgresql_where=_DUE
        )
    op.create_table(
        "route",
        sa.Column("meter_id", sa.Integer(), nullable=False),
        sa.Column("carrier", sa.String(length=8), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["meter_id"], ["meter.id"], name=op.f("fk_route_meter_id")),
        sa.PrimaryKeyConstraint("meter_id", name=op.f("pk_route")),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("route")
    op.drop_table("purchase")
