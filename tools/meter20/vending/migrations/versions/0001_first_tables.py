"""The first tables of the vending station.

Frozen: it says what the first release made, whatever `models` has become since, so it repeats it.

The audit log gets triggers besides: what was written there is not changed or deleted by
accident. They stop no one who may drop a trigger; the chain of digests shows that.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_POSTGRESQL = """
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$
"""


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "audit_entry",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("time", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("meter", sa.Text(), nullable=False),
        sa.Column("supply", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("tid", sa.Integer(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_entry")),
    )
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("mac", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "tariff",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_tariff")),
    )
    op.create_table(
        "vault",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("lock_kind", sa.Text(), nullable=False),
        sa.Column("lock_salt", sa.LargeBinary(), nullable=False),
        sa.Column("lock_cost", sa.Integer(), nullable=False),
        sa.Column("sealed_master", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vault")),
    )
    op.create_table(
        "vending_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sgc", sa.String(length=6), nullable=False),
        sa.Column("krn", sa.Integer(), nullable=False),
        sa.Column("kt", sa.Integer(), nullable=False),
        sa.Column("ken", sa.Integer(), nullable=False),
        sa.Column("base_date", sa.Integer(), nullable=False),
        sa.Column("dkga", sa.String(length=2), nullable=False),
        sa.Column("ea", sa.String(length=2), nullable=False),
        sa.Column("kinds", sa.Text(), nullable=False),
        sa.Column("max_token_energy", sa.BigInteger(), nullable=True),
        sa.Column("max_day_energy", sa.BigInteger(), nullable=True),
        sa.Column("max_token_currency", sa.BigInteger(), nullable=True),
        sa.Column("max_day_currency", sa.BigInteger(), nullable=True),
        sa.Column("check_value", sa.String(length=6), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vending_key")),
        sa.UniqueConstraint("sgc", "krn", "ea", "base_date", name=op.f("uq_vending_key_sgc")),
    )
    op.create_table(
        "key_usage",
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("energy", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.BigInteger(), nullable=False),
        sa.Column("tokens", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["vending_key.id"], name=op.f("fk_key_usage_key_id")),
        sa.PrimaryKeyConstraint("key_id", "day", name=op.f("pk_key_usage")),
    )
    op.create_table(
        "meter",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("drn", sa.String(length=13), nullable=False),
        sa.Column("iin", sa.String(length=6), nullable=False),
        sa.Column("pan", sa.String(length=18), nullable=False),
        sa.Column("ea", sa.String(length=2), nullable=False),
        sa.Column("ti", sa.Integer(), nullable=False),
        sa.Column("ken", sa.Integer(), nullable=False),
        sa.Column("vending_key_id", sa.Integer(), nullable=False),
        sa.Column("accounting", sa.Text(), nullable=False),
        sa.Column("tariff", sa.Text(), nullable=True),
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("base_date", sa.Integer(), nullable=False),
        sa.Column("first_tid", sa.Integer(), nullable=False),
        sa.Column("last_tid", sa.Integer(), nullable=False),
        sa.Column("provisioned", sa.Integer(), nullable=False),
        sa.Column("debt_cents", sa.BigInteger(), nullable=False),
        sa.Column("carried_cents", sa.BigInteger(), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("period_units", sa.BigInteger(), nullable=False),
        sa.Column("period_fixed", sa.Boolean(), nullable=False),
        sa.Column("period_free", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["tariff"], ["tariff.name"], name=op.f("fk_meter_tariff")),
        sa.ForeignKeyConstraint(
            ["vending_key_id"], ["vending_key.id"], name=op.f("fk_meter_vending_key_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meter")),
        sa.UniqueConstraint("drn", name=op.f("uq_meter_drn")),
        sa.UniqueConstraint("pan", name=op.f("uq_meter_pan")),
    )
    op.create_table(
        "supply_group",
        sa.Column("sgc", sa.String(length=6), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tariff", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["tariff"], ["tariff.name"], name=op.f("fk_supply_group_tariff")),
        sa.PrimaryKeyConstraint("sgc", name=op.f("pk_supply_group")),
    )
    op.create_table(
        "slip",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=True),
        sa.Column("meter_id", sa.Integer(), nullable=True),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("paid_cents", sa.BigInteger(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("about", sa.JSON(), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("undo", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("corrects", sa.Integer(), nullable=True),
        sa.Column("prints", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["corrects"], ["slip.id"], name=op.f("fk_slip_corrects")),
        sa.ForeignKeyConstraint(["meter_id"], ["meter.id"], name=op.f("fk_slip_meter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slip")),
        sa.UniqueConstraint("ref", name=op.f("uq_slip_ref")),
    )
    op.create_index(op.f("ix_slip_meter_id"), "slip", ["meter_id"], unique=False)
    op.create_table(
        "token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slip_id", sa.Integer(), nullable=False),
        sa.Column("meter_id", sa.Integer(), nullable=True),
        sa.Column("base_date", sa.Integer(), nullable=True),
        sa.Column("tid", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("digits", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["meter_id"], ["meter.id"], name=op.f("fk_token_meter_id")),
        sa.ForeignKeyConstraint(["slip_id"], ["slip.id"], name=op.f("fk_token_slip_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token")),
        sa.UniqueConstraint("meter_id", "base_date", "tid", name=op.f("uq_token_meter_id")),
    )
    op.create_index(op.f("ix_token_slip_id"), "token", ["slip_id"], unique=False)
    _append_only()


def _append_only() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_POSTGRESQL)
        op.execute(
            "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit_entry "
            "FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()"
        )
        return
    for action in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER audit_no_{action} BEFORE {action.upper()} ON audit_entry BEGIN "
            "SELECT RAISE(ABORT, 'the audit log is append-only'); END"
        )


def downgrade() -> None:
    """Drop every table."""
    op.drop_index(op.f("ix_token_slip_id"), table_name="token")
    op.drop_table("token")
    op.drop_index(op.f("ix_slip_meter_id"), table_name="slip")
    op.drop_table("slip")
    op.drop_table("supply_group")
    op.drop_table("meter")
    op.drop_table("key_usage")
    op.drop_table("vending_key")
    op.drop_table("vault")
    op.drop_table("tariff")
    op.drop_table("audit_head")
    op.drop_table("audit_entry")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_is_append_only")
