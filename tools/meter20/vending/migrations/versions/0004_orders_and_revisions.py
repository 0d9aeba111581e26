"""The order behind a `ref`, and key revisions that turn over.

What an older station sold under a `ref` has no order beside it: there the meter alone is compared.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_UNIQUE = "uq_vending_key_sgc"


def upgrade() -> None:
    """Add the columns; a KRN may be used again once its key is retired."""
    op.add_column("slip", sa.Column("asked", sa.Text(), nullable=True))
    with op.batch_alter_table("vending_key") as keys:
        keys.add_column(sa.Column("retired", sa.Text(), nullable=False, server_default=""))
        keys.add_column(sa.Column("turn", sa.Integer(), nullable=False, server_default="0"))
        keys.drop_constraint(_UNIQUE, type_="unique")
        keys.create_unique_constraint(_UNIQUE, ["sgc", "krn", "ea", "base_date", "turn"])


def downgrade() -> None:
    """Take them away; fails where a KRN was used again."""
    with op.batch_alter_table("vending_key") as keys:
        keys.drop_constraint(_UNIQUE, type_="unique")
        keys.create_unique_constraint(_UNIQUE, ["sgc", "krn", "ea", "base_date"])
        keys.drop_column("turn")
        keys.drop_column("retired")
    op.drop_column("slip", "asked")
