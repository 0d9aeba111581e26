"""The tables of the shop: what customers ordered on its pages, and who works there.

Times are UTC text, as in `models`. No column holds a password, a cookie or the digits of a token:
passwords are Argon2 hashes, cookies SHA-256 digests (of 256 random bits).
"""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from meter20.vending.models import Base, Purchase


class ShopOrder(Base):
    """A purchase made on a page of the shop.

    address: the end of its page's address, 192 random bits; who knows it may see the page.
    key: of the form that ordered it: sent twice, it is one order. visitor: digest of the cookie of
    the customer. payment: how it was paid; `test` is no money.
    """

    __tablename__ = "shop_order"
    address: Mapped[str] = mapped_column(String(32), primary_key=True)
    key: Mapped[str] = mapped_column(String(32), unique=True)
    visitor: Mapped[str] = mapped_column(String(64), index=True)
    purchase_id: Mapped[int] = mapped_column(ForeignKey("purchase.id"), unique=True)
    payment: Mapped[str] = mapped_column(String(20))
    made_at: Mapped[str]

    def purchase(self, session) -> Purchase:
        """Return the purchase of this order."""
        return session.get_one(Purchase, self.purchase_id)


class ShopOperator(Base):
    """Somebody who works here, on the pages for operators."""

    __tablename__ = "shop_operator"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    password: Mapped[str]
    added_at: Mapped[str]


class ShopSession(Base):
    """An operator who has logged in. digest: of the cookie. ends_at: it is good until then."""

    __tablename__ = "shop_session"
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    operator: Mapped[str] = mapped_column(ForeignKey("shop_operator.name"), index=True)
    ends_at: Mapped[str]


class LoginFailure(Base):
    """What somebody failed at: log-ins for a name or from an address, look-ups of meters.

    who: the digest of what and whom. until: it is refused before. failed_at: when it failed last.
    """

    __tablename__ = "login_failure"
    who: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int]
    until: Mapped[str]
    failed_at: Mapped[str]
