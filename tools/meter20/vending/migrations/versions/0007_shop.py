"""The shop: orders made on its pages, operators, and who of them has logged in."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "shop_order",
        sa.Column("address", sa.String(32), nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("visitor", sa.String(64), nullable=False),
        sa.Column("purchase_id", sa.Integer(), nullable=False),
        sa.Column("payment", sa.String(20), nullable=False),
        sa.Column("made_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["purchase_id"], ["purchase.id"], name=op.f("fk_shop_order_purchase_id")
        ),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_shop_order")),
        sa.UniqueConstraint("key", name=op.f("uq_shop_order_key")),
        sa.UniqueConstraint("purchase_id", name=op.f("uq_shop_order_purchase_id")),
    )
    op.create_index(op.f("ix_shop_order_visitor"), "shop_order", ["visitor"])
    op.create_table(
        "shop_operator",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("added_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_shop_operator")),
    )
    op.create_table(
        "shop_session",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("operator", sa.String(40), nullable=False),
        sa.Column("ends_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["operator"], ["shop_operator.name"], name=op.f("fk_shop_session_operator")
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_shop_session")),
    )
    op.create_index(op.f("ix_shop_session_operator"), "shop_session", ["operator"])


def downgrade() -> None:
    """Take them away."""
    for name in ("shop_session", "shop_operator", "shop_order"):
        op.drop_table(name)
