"""The tables of points of sale: who may sell here, what they asked, and what they owe for it.

Times are UTC text and money is cents, as in `models`. No column holds a password, an API key or
the digits of a token: passwords are Argon2 hashes, API keys SHA-256 digests (of 256 random bits),
and a token is read from its slip, whose seal vouches for it.
"""

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from meter20.vending.models import Base


class PosClient(Base):
    """A point of sale, or the chain that it belongs to. `account`: where its sales are booked."""

    __tablename__ = "pos_client"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str]
    password: Mapped[str]
    account: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[str]


class PosKey(Base):
    """A key by which a client is known without its password. kind: where it is good."""

    __tablename__ = "pos_key"
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("pos_client.id"))
    kind: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[str]


class PosMessage(Base):
    """A message that was taken, once for each client, kind and id: its repeat is noticed.

    `digest` is over the message. `outcome` is its result: `sold`, `refused: ...`,
    `reversed`. `about` is the purchase that an advice is about. `slip_id` is the receipt that it
    made or showed, `key_slip_id` that of a key change that came with it.
    """

    __tablename__ = "pos_message"
    __table_args__ = (Index(None, "digest"),)
    client_id: Mapped[str] = mapped_column(ForeignKey("pos_client.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[str]
    outcome: Mapped[str]
    about: Mapped[str | None] = mapped_column(String(80))
    slip_id: Mapped[int | None] = mapped_column(ForeignKey("slip.id"))
    key_slip_id: Mapped[int | None] = mapped_column(ForeignKey("slip.id"))


class PosEntry(Base):
    """An entry of a merchant's account: a sale owes its price; an advice changes nothing owed.

    kind: `sale`, `confirmation` or `reversal`. `purchase` is the client's id of the sale.
    """

    __tablename__ = "pos_entry"
    id: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(String(40), index=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("pos_client.id"))
    kind: Mapped[str] = mapped_column(String(20))
    purchase: Mapped[str] = mapped_column(String(80))
    slip_id: Mapped[int] = mapped_column(ForeignKey("slip.id"), index=True)
    made_at: Mapped[str]
    cents: Mapped[int] = mapped_column(BigInteger)
    note: Mapped[str]


class PosFault(Base):
    """A fault that somebody reported at a point of sale, for the utility."""

    __tablename__ = "pos_fault"
    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("pos_client.id"))
    meter_id: Mapped[int] = mapped_column(ForeignKey("meter.id"))
    fault: Mapped[str]
    contact: Mapped[str]
    description: Mapped[str]
    reported_at: Mapped[str]
