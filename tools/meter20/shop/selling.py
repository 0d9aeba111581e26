"""The seller: quotes and sells, each request in one transaction of the station.

An order has the key of its form: a form that is sent twice is one order, with one purchase, and
so one token. It is sold only for what was quoted; if the quote has changed meanwhile,
nothing is sold. What was quoted is the customer's to see before it is paid.
"""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sqlalchemy import select

from meter20.ami import purchases
from meter20.vending import meter_list, offers, refusal
from meter20.vending.models import Meter
from meter20.vending.refusal import Refusal
from meter20.vending.shop_models import ShopOrder
from meter20.vending.station import Desk, Station
from meter20.vending.station_time import stamp
from meter20.vending.tariff import Quote

TEST = "test"
_ADDRESS_OCTETS = 24


@dataclass(frozen=True)
class Offered:
    """What a meter can be sold: least to most in cents. free: 0.1 kWh that come with it."""

    meter: str
    currency: str
    least: int
    most: int
    free: int


@dataclass(frozen=True)
class Quoted:
    """What a payment of `cents` buys now; `quote` has its lines."""

    offered: Offered
    cents: int
    quote: Quote

    @property
    def mark(self) -> str:
        """Return what is bought, as text to compare: other text is another quote."""
        return f"{self.quote.units}-{self.quote.transfer}-{self.offered.free}"


class Changed(Exception):
    """The meter cannot be sold what was quoted any more; `quoted` is what it can be sold now."""

    def __init__(self, quoted: Quoted):
        super().__init__("the quote has changed")
        self.quoted = quoted


class OutOfRange(Exception):
    """The amount cannot be sold; `offered` says what can."""

    def __init__(self, offered: Offered):
        super().__init__("the amount cannot be sold")
        self.offered = offered


class Seller:
    """A station at work for the shop; for many threads, which take turns."""

    def __init__(self, station: Station):
        self.station = station
        self._turn = threading.Lock()

    @contextmanager
    def desk(self, actor: str = "shop") -> Iterator[Desk]:
        """Give one transaction of the station, done for `actor`."""
        with self._turn, self.station.desk() as desk:
            yield replace(desk, actor=actor)

    def offer(self, number: str) -> Offered:
        """Return what a meter can be sold; raises Refusal for a meter that is not ours."""
        with self.desk() as desk:
            return _offered(desk, meter_list.find_meter(desk.session, number))

    def quote(self, number: str, cents: int) -> Quoted:
        """Return what a payment buys. Raises Refusal, OutOfRange."""
        with self.desk() as desk:
            return _quoted(desk, meter_list.find_meter(desk.session, number), cents)

    def buy(self, key: str, visitor: str, number: str, cents: int, mark: str) -> str:
        """Sell what was quoted, once for each `key`; return the address of the order.

        Raises Refusal, OutOfRange, Changed; nothing is sold then. Raises Doubt if nobody knows
        whether it was sold: the same call again finds it out.
        """
        with self.desk() as desk:
            known = desk.session.scalar(select(ShopOrder).filter_by(key=key))
            if known is not None and known.visitor != visitor:
                raise Refusal(refusal.EXISTS, "This form is somebody else's.")
            meter = meter_list.find_meter(desk.session, number)
            order = purchases.Order(meter.drn, money=cents, ref=f"shop {key}")
            if known is not None:
                purchases.place(desk.session, order, desk.now)  # refuses another order
                return known.address
            quoted = _quoted(desk, meter, cents)
            if quoted.mark != mark:
                raise Changed(quoted)
            made = purchases.place(desk.session, order, desk.now)
            desk.session.flush()
            purchases.vend(desk, made)
            address = secrets.token_urlsafe(_ADDRESS_OCTETS)
            desk.session.add(
                ShopOrder(address=address, key=key, visitor=visitor, purchase_id=made.id,
                          payment=TEST, made_at=stamp(desk.now))
            )  # fmt: skip
            return address


def _offered(desk: Desk, meter: Meter) -> Offered:
    offer = offers.of(desk, meter)
    return Offered(meter.drn, offer.currency, offer.least, offer.most, offer.free)


def _quoted(desk: Desk, meter: Meter, cents: int) -> Quoted:
    offered = _offered(desk, meter)
    if not offered.least <= cents <= offered.most or cents == 0:
        raise OutOfRange(offered)
    return Quoted(offered, cents, offers.now(desk, meter, cents))
