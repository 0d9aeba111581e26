"""The tables of a vending station, for SQLite and PostgreSQL.

The first part belongs to the security module (`Vault` to `AuditHead`), the second to the
station, the third, `Purchase` and `Route`, to the head-end. Times are UTC text,
`2026-01-31T09:30:00Z`, which sorts as it reads. Energy is an integer in 0.1 kWh, money an integer
in cents; no column holds a float.

Migrations in `migrations/versions/` make these tables; a test compares the two.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    text,
)
from sqlalchemy import Table as _Table
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship


class Base(DeclarativeBase):
    """What all tables share: constraint names that do not depend on the database."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        str: Text,
        bytes: LargeBinary,
        dict: JSON,
        list: JSON,
    }


def table(rows: type[Base]) -> _Table:
    """Return the table behind a class of rows, for statements past the unit of work."""
    return Base.metadata.tables[rows.__tablename__]


def insert_into(session: Session, rows: type[Base]):
    """Return the INSERT of the session's database, which can say what to do on a conflict."""
    if session.get_bind().dialect.name == "postgresql":  # neither is loaded for nothing
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert
    return insert(table(rows))


class Vault(Base):
    """The security module's lock and its master key, sealed, and the station's time. One row.

    `rehearsal`: an operator may give the time of issue; the seal of the master key vouches
    for it. `zone`: IANA name; months and days are those of this zone. `latest`: time of the
    latest token, to the hour.
    """

    __tablename__ = "vault"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    lock_kind: Mapped[str]
    lock_salt: Mapped[bytes]
    lock_cost: Mapped[int]
    sealed_master: Mapped[bytes]
    created_at: Mapped[str]
    rehearsal: Mapped[bool]
    zone: Mapped[str]
    latest: Mapped[str]


class VendingKey(Base):
    """A vending key and its rules; `sealed` holds the key and vouches for every other column.

    `kt` is the type of the decoder keys made from it: 1 (VDDK), 2 (VUDK) or 3 (VCDK).
    Limits are None for "no limit"; energy in 0.1 kWh, currency in 10^-5 of the unit.
    `day` is the day that its tokens count for now: it only moves forward, and is not sealed.
    The newest key is the one registered last, which has the highest id: KRN turns over. `retired`
    is when it was given up, "" while it is in use; `turn` counts how often its KRN was used
    before, so that no two keys ever share a label.
    """

    __tablename__ = "vending_key"
    __table_args__ = (Unique("sgc", "krn", "ea", "base_date", "turn"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    sgc: Mapped[str] = mapped_column(String(6))
    krn: Mapped[int]
    kt: Mapped[int]
    ken: Mapped[int]
    base_date: Mapped[int]
    dkga: Mapped[str] = mapped_column(String(2))
    ea: Mapped[str] = mapped_column(String(2))
    kinds: Mapped[str]
    max_token_energy: Mapped[int | None] = mapped_column(BigInteger)
    max_day_energy: Mapped[int | None] = mapped_column(BigInteger)
    max_token_currency: Mapped[int | None] = mapped_column(BigInteger)
    max_day_currency: Mapped[int | None] = mapped_column(BigInteger)
    check_value: Mapped[str] = mapped_column(String(6))
    sealed: Mapped[bytes]
    created_at: Mapped[str]
    day: Mapped[str] = mapped_column(String(10))
    retired: Mapped[str]
    turn: Mapped[int]

    @property
    def label(self) -> str:
        """Return the name of this key for people and the audit log: SGC/KRN/EA/base date.

        A second key of the same KRN has /2 at its end.
        """
        again = f"/{self.turn + 1}" if self.turn else ""
        return f"{self.sgc}/{self.krn}/{self.ea}/{self.base_date}{again}"


class KeyUsage(Base):
    """What one vending key issued on one day of the station's zone.

    The limits a day are held against it.
    """

    __tablename__ = "key_usage"
    key_id: Mapped[int] = mapped_column(ForeignKey("vending_key.id"), primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    energy: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[int] = mapped_column(BigInteger)
    tokens: Mapped[int]


class AuditEntry(Base):
    """One entry of the audit log. Never changed, never deleted; holds no key and no token."""

    __tablename__ = "audit_entry"
    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    time: Mapped[str]
    actor: Mapped[str]
    operation: Mapped[str]
    meter: Mapped[str]
    supply: Mapped[str]
    kind: Mapped[str]
    tid: Mapped[int | None]
    amount: Mapped[int | None] = mapped_column(BigInteger)
    detail: Mapped[str]
    digest: Mapped[str] = mapped_column(String(64))


class AuditHead(Base):
    """Where the audit log ends, with a mac that only the security module can make. One row.

    The other columns are explained at `log_head.Head`; None in a log that is older than they are.
    """

    __tablename__ = "audit_head"
    id: Mapped[int] = mapped_column(primary_key=True)
    seq: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    mac: Mapped[str] = mapped_column(String(64))
    minute: Mapped[int | None]
    slips: Mapped[int | None]
    floor: Mapped[int | None]
    anchored: Mapped[bool | None]
    condemned: Mapped[bool | None]


class Tariff(Base):
    """A named price list; `terms` is the JSON that `tariff.Tariff.from_text` reads."""

    __tablename__ = "tariff"
    name: Mapped[str] = mapped_column(primary_key=True)
    terms: Mapped[str]


class SupplyGroup(Base):
    """A supply group: meters that share a supply group code (SGC), and their usual tariff."""

    __tablename__ = "supply_group"
    sgc: Mapped[str] = mapped_column(String(6), primary_key=True)
    name: Mapped[str]
    tariff: Mapped[str | None] = mapped_column(ForeignKey("tariff.name"))


class Meter(Base):
    """A registered meter: its number, the key it holds by our books, and its account.

    `vending_key_id` is the key its decoder key comes from. `last_tid` is the ordinary TID last
    issued under `base_date`; the meter takes none up to `first_tid`, the minute of its
    manufacture. `ahead_tid`: up to this one TIDs may have been issued ahead of time, and are
    skipped; 0 for none. `period` is the month that purchases count for, `2026-01`, and only moves
    forward; the others are in `MeterMonth`. `free_owed`: free units (0.1 kWh) not yet issued.
    `retired`: when it was taken out of use, else empty.
    """

    __tablename__ = "meter"
    id: Mapped[int] = mapped_column(primary_key=True)
    drn: Mapped[str] = mapped_column(String(13), unique=True)
    iin: Mapped[str] = mapped_column(String(6))
    pan: Mapped[str] = mapped_column(String(18), unique=True)
    ea: Mapped[str] = mapped_column(String(2))
    ti: Mapped[int]
    ken: Mapped[int]
    vending_key_id: Mapped[int] = mapped_column(ForeignKey("vending_key.id"))
    accounting: Mapped[str]
    tariff: Mapped[str | None] = mapped_column(ForeignKey("tariff.name"))
    customer: Mapped[str]
    base_date: Mapped[int]
    first_tid: Mapped[int]
    last_tid: Mapped[int]
    ahead_tid: Mapped[int]
    provisioned: Mapped[int]
    debt_cents: Mapped[int] = mapped_column(BigInteger)
    carried_cents: Mapped[int] = mapped_column(BigInteger)
    period: Mapped[str] = mapped_column(String(7))
    period_units: Mapped[int] = mapped_column(BigInteger)
    period_fixed: Mapped[bool]
    period_free: Mapped[bool]
    free_owed: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[str]
    retired: Mapped[str]
    vending_key: Mapped[VendingKey] = relationship(lazy="joined")


class MeterMonth(Base):
    """What a meter bought in a month that is not its `period`: units in 0.1 kWh, what it paid."""

    __tablename__ = "meter_month"
    meter_id: Mapped[int] = mapped_column(ForeignKey("meter.id"), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    units: Mapped[int] = mapped_column(BigInteger)
    fixed: Mapped[bool]
    free: Mapped[bool]


class Slip(Base):
    """One transaction as the customer sees it; its id is the receipt number.

    `about` is what the receipt says of the meter, as it was then. `lines` is the list of
    (words, cents) that adds up to `paid_cents`, `typed` the same for programs (`typed_lines`);
    None of what was sold before there were any. `undo` says what a reversal has to put back.
    `seal` binds all of it (`slip_seal`). `ref` is the caller's own number: the same `ref`
    twice is one sale. `asked` is the order as it was given, so that another order under its
    `ref` is noticed; None of what was sold before there was a word for it.
    """

    __tablename__ = "slip"
    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str | None] = mapped_column(unique=True)
    asked: Mapped[str | None]
    meter_id: Mapped[int | None] = mapped_column(ForeignKey("meter.id"), index=True)
    operation: Mapped[str]
    issued_at: Mapped[str]
    actor: Mapped[str]
    state: Mapped[str]
    currency: Mapped[str]
    paid_cents: Mapped[int] = mapped_column(BigInteger)
    units: Mapped[int] = mapped_column(BigInteger)
    about: Mapped[dict]
    lines: Mapped[list]
    typed: Mapped[list | None] = mapped_column(JSON(none_as_null=True))
    undo: Mapped[dict]
    note: Mapped[str]
    corrects: Mapped[int | None] = mapped_column(ForeignKey("slip.id"))
    prints: Mapped[int]
    seal: Mapped[str | None] = mapped_column(String(32))
    meter: Mapped["Meter | None"] = relationship()
    tokens: Mapped[list["Token"]] = relationship(order_by="Token.position", lazy="selectin")


class Token(Base):
    """A token that was issued. No two of one meter and base date share a TID."""

    __tablename__ = "token"
    __table_args__ = (Unique("meter_id", "base_date", "tid"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    slip_id: Mapped[int] = mapped_column(ForeignKey("slip.id"), index=True)
    meter_id: Mapped[int | None] = mapped_column(ForeignKey("meter.id"))
    base_date: Mapped[int | None]
    tid: Mapped[int | None]
    position: Mapped[int]
    kind: Mapped[str]
    label: Mapped[str]
    digits: Mapped[str] = mapped_column(String(20))


class Purchase(Base):
    """An order that came over a network, and its way to the meter; `meter20.ami` works on it.

    code: its name for programs; the sale has it as its `ref`, so a purchase has one slip, and its
    tokens, and no others. ref: the caller's own number: the same `ref` twice is one purchase.
    Either `money_cents` or `units` (0.1 kWh) was ordered. state, outcome: see `ami.purchases`.
    position: which token of the slip is under way, from 1. sends: how often any was sent.
    result: what the meter said last. told: what it said of each token that is settled. due_at:
    when there is something to do next; None for never, and only then others of the meter follow.
    """

    __tablename__ = "purchase"
    __table_args__ = (
        # The same on PostgreSQL, by its migration: to say so here would load that dialect in
        # every command.
        Index("ix_purchase_due_at", "due_at", sqlite_where=text("due_at IS NOT NULL")),
        Index("ix_purchase_open", "meter_id", "id", sqlite_where=text("due_at IS NOT NULL")),
    )  # fmt: skip
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    ref: Mapped[str | None] = mapped_column(unique=True)
    meter_id: Mapped[int] = mapped_column(ForeignKey("meter.id"), index=True)
    money_cents: Mapped[int | None] = mapped_column(BigInteger)
    units: Mapped[int | None] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(8))
    outcome: Mapped[str] = mapped_column(String(8))
    carrier: Mapped[str] = mapped_column(String(8))
    slip_id: Mapped[int | None] = mapped_column(ForeignKey("slip.id"), unique=True)
    position: Mapped[int]
    sends: Mapped[int]
    result: Mapped[str]
    reason: Mapped[str]
    told: Mapped[list]
    due_at: Mapped[str | None]
    ordered_at: Mapped[str]
    vended_at: Mapped[str | None]
    sent_at: Mapped[str | None]
    answered_at: Mapped[str | None]
    closed_at: Mapped[str | None]
    meter: Mapped[Meter] = relationship()
    slip: Mapped[Slip | None] = relationship()


class Route(Base):
    """How a meter is reached. carrier: `mqtt` or `dlms`. address: HOST:PORT for DLMS, else "".

    sealed: JSON of its secrets, under the carriers' key of the security module. seen_at: when
    the meter was last heard.
    """

    __tablename__ = "route"
    meter_id: Mapped[int] = mapped_column(ForeignKey("meter.id"), primary_key=True)
    carrier: Mapped[str] = mapped_column(String(8))
    address: Mapped[str]
    sealed: Mapped[bytes]
    seen_at: Mapped[str | None]
    meter: Mapped[Meter] = relationship()
