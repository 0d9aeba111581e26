"""Points of sale: clients, messages, merchants' accounts; and typed lines of a slip.

Receipts from before have no typed lines: their seals are over what they had.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the tables and the column."""
    op.add_column("slip", sa.Column("typed", sa.JSON(), nullable=True))
    op.create_table(
        "pos_client",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("account", sa.String(40), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pos_client")),
    )
    op.create_table(
        "pos_key",
        sa.Column("digest", sa.String(64), nullable=False),
        _client("pos_key"),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_pos_key")),
    )
    _messages()
    _accounts()
    op.create_table(
        "pos_fault",
        sa.Column("id", sa.Integer(), nullable=False),
        _client("pos_fault"),
        _refers("pos_fault", "meter_id", "meter.id"),
        *[_text(name) for name in ("fault", "contact", "description", "reported_at")],
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pos_fault")),
    )


def _messages() -> None:
    op.create_table(
        "pos_message",
        _client("pos_message"),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("id", sa.String(80), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        _text("received_at"),
        _text("outcome"),
        sa.Column("about", sa.String(80), nullable=True),
        _refers("pos_message", "slip_id", "slip.id", nullable=True),
        _refers("pos_message", "key_slip_id", "slip.id", nullable=True),
        sa.PrimaryKeyConstraint("client_id", "kind", "id", name=op.f("pk_pos_message")),
    )
    op.create_index(op.f("ix_pos_message_digest"), "pos_message", ["digest"])


def _accounts() -> None:
    op.create_table(
        "pos_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(40), nullable=False),
        _client("pos_entry"),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("purchase", sa.String(80), nullable=False),
        _refers("pos_entry", "slip_id", "slip.id"),
        _text("made_at"),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        _text("note"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pos_entry")),
    )
    op.create_index(op.f("ix_pos_entry_account"), "pos_entry", ["account"])
    op.create_index(op.f("ix_pos_entry_slip_id"), "pos_entry", ["slip_id"])


def downgrade() -> None:
    """Take them away; a receipt with typed lines keeps a seal that no longer fits it."""
    for name in ("pos_fault", "pos_entry", "pos_message", "pos_key", "pos_client"):
        op.drop_table(name)
    op.drop_column("slip", "typed")


def _text(name: str) -> sa.Column:
    return sa.Column(name, sa.Text(), nullable=False)


def _client(table: str) -> sa.Column:
    return sa.Column(
        "client_id",
        sa.String(40),
        sa.ForeignKey("pos_client.id", name=op.f(f"fk_{table}_client_id")),
        nullable=False,
    )


def _refers(table: str, name: str, to: str, nullable: bool = False) -> sa.Column:
    key = sa.ForeignKey(to, name=op.f(f"fk_{table}_{name}"))
    return sa.Column(name, sa.Integer(), key, nullable=nullable)
