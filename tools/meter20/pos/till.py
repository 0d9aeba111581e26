"""The till: does what points of sale ask of the station, each request in one transaction.

What was sold, the message that asked for it, and the merchant's account stand together or not at
all. So a process that dies after the commit and before the answer has sold, and a retry finds the
same tokens; one that dies earlier has sold nothing. Every operation returns what `tell` makes of
the result inside the transaction: an answer that cannot be made undoes the sale.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar
from uuid import uuid4

from sqlalchemy import select

from meter20.pos import accounts, declined, key_sets, messages
from meter20.pos.declined import Declined, Repeated
from meter20.vending import meter_list, offers, refusal, sales
from meter20.vending.models import Meter, Slip
from meter20.vending.pos_models import PosClient, PosFault, PosMessage
from meter20.vending.refusal import Refusal
from meter20.vending.sales import CreditOrder
from meter20.vending.slips import CREDIT, GOOD, KEY_CHANGE
from meter20.vending.station import Desk, Station
from meter20.vending.station_time import stamp

T = TypeVar("T")
_UNAVAILABLE = 503
_REVERSED = Declined(declined.REFUSED, "Was reversed", "This purchase was reversed")


@dataclass(frozen=True)
class Order:
    """An order: `cents`, 0 for free units only, or `units` (0.1 kWh). Not both."""

    meter: str
    cents: int | None = None
    units: int | None = None

    def digest(self, *more: object) -> str:
        """Return the digest of the order and of what else makes it the same."""
        return messages.digest(self.meter, self.cents, self.units, *more)


@dataclass(frozen=True)
class Sold:
    """Receipts to tell of: that of the sale, and of a key change that came with it."""

    slip: Slip
    key: Slip | None = None


class Till:
    """A station at work for points of sale; for many threads, which take turns."""

    def __init__(self, station: Station):
        self.station = station
        self._turn = threading.RLock()

    @contextmanager
    def desk(self, actor: str) -> Iterator[Desk]:
        """Give one transaction of the station, done for `actor`."""
        with self._turn, self.station.desk() as desk:
            yield replace(desk, actor=f"point of sale {actor}")

    # -- buying --------------------------------------------------------------------------------

    def buy(self, client: PosClient, number: str, order: Order, tell: Callable[[Desk, Sold], T],
            kind: str = messages.PURCHASE) -> T:  # fmt: skip
        """Sell under a new id; raises Repeated if it was seen, Declined if nothing is sold."""
        with self._turn, self._refusals(client, kind, number, order), self.desk(client.id) as desk:
            row = messages.find(desk, client.id, kind, number)
            if row is not None and row.outcome == messages.REVERSED:
                raise _REVERSED
            row = messages.take(desk, client.id, kind, number, order.digest())
            return tell(desk, self._sell(desk, client, row, order))

    def retry(self, client: PosClient, number: str, order: Order, tell: Callable[[Desk, Sold], T],
              kind: str = messages.PURCHASE) -> T:  # fmt: skip
        """Return what was sold under an id, as a copy; sell now what was not sold yet.

        Raises Repeated for another order than before, Declined after a reversal.
        """
        with self._turn, self._refusals(client, kind, number, order), self.desk(client.id) as desk:
            row = messages.find(desk, client.id, kind, number)
            if row is None:
                row = messages.take(desk, client.id, kind, number, order.digest())
            _check_same(row, order)
            done = _again(desk, row) or self._sell(desk, client, row, order)
            return tell(desk, done)

    def buy_unnumbered(self, client: PosClient, kind: str, order: Order, order_digest: str,
                       window: timedelta, tell: Callable[[Desk, Sold], T]) -> T:  # fmt: skip
        """Sell what comes without an id; the same within `window` is the same sale."""
        number = str(uuid4())
        with self._turn, self._refusals(client, kind, number, order), self.desk(client.id) as desk:
            since = stamp(desk.now - window)
            row = messages.latest(desk, client.id, kind, order_digest, since)
            if row is not None and (done := _again(desk, row)):
                return tell(desk, done)
            row = messages.take(desk, client.id, kind, number, order_digest)
            return tell(desk, self._sell(desk, client, row, order))

    def trial(self, client: PosClient, number: str, order: Order,
              tell: Callable[[Desk, Meter, offers.Offer, list], T]) -> T:  # fmt: skip
        """Return what a purchase would come to: the meter, its offer and the typed lines."""
        with self._words(), self.desk(client.id) as desk:
            messages.take(desk, client.id, messages.TRIAL, number, order.digest())
            return self._quoted(desk, order, tell)

    def quote(self, client: PosClient, order: Order,
              tell: Callable[[Desk, Meter, offers.Offer, list], T]) -> T:  # fmt: skip
        """Return the same without an id."""
        with self._words(), self.desk(client.id) as desk:
            return self._quoted(desk, order, tell)

    def _quoted(self, desk: Desk, order: Order, tell):
        meter = find_meter(desk, order.meter)
        offer = offers.of(desk, meter)
        check_amount(offer, order)
        if order.cents == 0:
            return tell(desk, meter, offer, [])
        return tell(desk, meter, offer, offers.now(desk, meter, order.cents, order.units).typed)

    def _sell(self, desk: Desk, client: PosClient, row: PosMessage, order: Order) -> Sold:
        meter = find_meter(desk, order.meter)
        key = key_sets.due(desk, meter)
        check_amount(offers.of(desk, meter), order)
        ref = f"{row.kind} {client.id}: {row.id}"
        credit = CreditOrder(meter.drn, money=order.cents, units=order.units, ref=ref)
        slip = (sales.free if order.cents == 0 else sales.credit)(desk, credit)
        desk.session.flush()
        row.slip_id, row.outcome = slip.id, messages.SOLD
        row.key_slip_id = key.id if key else None
        accounts.enter(desk, client, accounts.SALE, row.id, slip)
        return Sold(slip, key)

    # -- advice --------------------------------------------------------------------------------

    def advise(self, client: PosClient, kind: str, number: str, purchase: str, note: str) -> None:
        """Take a confirmation or a reversal of a purchase.

        A reversal of what was not sold sees to it that it never is. Raises Repeated, and Declined
        if the purchase is not known, which is remembered all the same.
        """
        with self._words(), self.desk(client.id) as desk:
            if messages.find(desk, client.id, kind, number):
                raise Repeated(f"This {kind} was sent before")
            row = messages.find(desk, client.id, messages.PURCHASE, purchase)
            known = row is not None and row.digest != ""  # else a reversal came before it
            if row is None and kind == messages.REVERSAL:
                messages.take(
                    desk, client.id, messages.PURCHASE, purchase, outcome=messages.REVERSED
                )
            if row is not None and known:
                self._advised(desk, client, kind, number, row, note)
        if not known:
            raise declined.not_found("No such purchase")

    def _advised(self, desk: Desk, client: PosClient, kind: str, number: str, row: PosMessage,
                 note: str) -> None:  # fmt: skip
        if row.slip_id is None and kind == messages.CONFIRMATION:
            raise declined.not_found("Nothing was sold under this purchase")
        messages.take(desk, client.id, kind, number, about=row.id, outcome=note)
        if kind == messages.REVERSAL:
            row.outcome = messages.REVERSED
        if row.slip_id is not None:
            slip = sales.find_slip(desk.session, row.slip_id)
            accounts.enter(desk, client, kind, row.id, slip, note)

    def notice(self, client: PosClient, number: str) -> None:
        """Take note of a finished sale; raises Declined if it was not made here."""
        with self._words(), self.desk(client.id) as desk:
            row = messages.find(desk, client.id, messages.PURCHASE, number)
            if row is None or row.slip_id is None:
                raise declined.not_found("No such purchase")
            if not messages.find(desk, client.id, messages.NOTICE, number):
                messages.take(desk, client.id, messages.NOTICE, number)

    # -- what is not sold ----------------------------------------------------------------------

    def lookup(self, client: PosClient, number: str, meter: str,
               tell: Callable[[Desk, Meter, offers.Offer], T]) -> T:  # fmt: skip
        """Return a meter and what it can be sold; number: of the message, "" for one without."""
        with self._words(), self.desk(client.id) as desk:
            if number:
                messages.take(desk, client.id, messages.LOOKUP, number)
            found = find_meter(desk, meter)
            return tell(desk, found, offers.of(desk, found))

    def reprint(self, client: PosClient, number: str, meter: str, original: str | None,
                tell: Callable[[Desk, Sold], T]) -> T:  # fmt: skip
        """Return the last tokens of a meter, or those of a purchase or receipt, as a copy."""
        with self._words(), self.desk(client.id) as desk:
            messages.take(desk, client.id, messages.REPRINT, number)
            found = find_meter(desk, meter)
            slip = _original(desk, client, found, original)
            return tell(desk, Sold(sales.reprinted(desk, slip.id)))

    def receipt(self, client: PosClient, number: int, tell: Callable[[Desk, Sold], T]) -> T:
        """Return a receipt that this client was given before, as a copy."""
        with self._words(), self.desk(client.id) as desk:
            own = select(PosMessage).filter_by(client_id=client.id, slip_id=number).limit(1)
            if number >= 1 << 31 or desk.session.scalar(own) is None:
                raise declined.not_found("No such receipt")
            return tell(desk, Sold(sales.reprinted(desk, number)))

    def key_change(self, client: PosClient, number: str, meter: str,
                   tell: Callable[[Desk, Sold], T], repeats: bool = False) -> T:  # fmt: skip
        """Return the key change set that a meter is due, or the one it got last, as a copy.

        repeats: the same id again gets the same set; else it raises Repeated.
        """
        with self._words(), self.desk(client.id) as desk:
            order_digest = messages.digest(meter)
            row = messages.find(desk, client.id, messages.KEY_CHANGE, number)
            if row is None or not repeats:
                row = messages.take(desk, client.id, messages.KEY_CHANGE, number, order_digest)
            if row.digest != order_digest:
                raise Repeated("The id was used for another meter")
            if row.slip_id is not None:
                return tell(desk, Sold(sales.reprinted(desk, row.slip_id)))
            found = find_meter(desk, meter)
            slip = key_sets.due(desk, found) or key_sets.last(desk, found)
            row.slip_id, row.outcome = slip.id, messages.SOLD
            return tell(desk, Sold(slip))

    def confirm_key_change(self, client: PosClient, number: str, request: str) -> None:
        """Take the confirmation that a key change set was handed over."""
        with self._words(), self.desk(client.id) as desk:
            if messages.find(desk, client.id, messages.KEY_CHANGE, request) is None:
                raise declined.not_found("No such key change")
            messages.take(desk, client.id, messages.KEY_CONFIRMATION, number, about=request)

    def fault(self, client: PosClient, number: str, meter: str, fault: str, contact: str,
              words: str) -> str:  # fmt: skip
        """Keep a fault for the utility; returns its reference."""
        with self._words(), self.desk(client.id) as desk:
            messages.take(desk, client.id, messages.FAULT, number)
            row = PosFault(
                client_id=client.id, meter_id=find_meter(desk, meter).id, fault=fault,
                contact=contact, description=words, reported_at=stamp(desk.now),
            )  # fmt: skip
            desk.session.add(row)
            desk.session.flush()
            return f"F{row.id}"

    # -- inside --------------------------------------------------------------------------------

    @contextmanager
    def _words(self) -> Iterator[None]:
        try:
            yield
        except Refusal as why:
            raise declined.of(why) from None

    @contextmanager
    def _refusals(self, client: PosClient, kind: str, number: str, order: Order) -> Iterator[None]:
        """Remember that an order was refused: its id is used up. Raises Declined for a Refusal."""
        try:
            with self._words():
                yield
        except Repeated:
            raise
        except Declined as why:
            if why.status != _UNAVAILABLE:
                with suppress(Repeated), self._words(), self.desk(client.id) as desk:
                    outcome = f"refused: {why.error}"
                    messages.take(desk, client.id, kind, number, order.digest(), outcome)
            raise


def find_meter(desk: Desk, number: str) -> Meter:
    """Return a registered meter; raises Declined for a number that is not one of ours."""
    try:
        return meter_list.find_meter(desk.session, number)
    except Refusal as why:
        if why.code not in (refusal.UNKNOWN, refusal.VALUE):
            raise
        raise declined.unknown_meter(why.message) from None


def check_amount(offer: offers.Offer, order: Order) -> None:
    """Raise Declined for an amount that the meter cannot be sold."""
    cents = order.cents
    if cents is None:
        return
    if cents == 0:
        if not offer.free:
            raise Declined(declined.NO_FREE, "No free units due")
        return
    if not offer.most:
        raise Declined(declined.UNSUPPORTED, "Meter has no tariff", "Money has no price here")
    bounds = f"{offer.least} to {offer.most} cents can be sold"
    if cents < offer.least:
        raise Declined(declined.TOO_LOW, "Amount is too low", bounds)
    if cents > offer.most:
        raise Declined(declined.TOO_HIGH, "Amount is too high", bounds)


def _check_same(row: PosMessage, order: Order) -> None:
    if row.outcome == messages.REVERSED:
        raise _REVERSED
    if row.digest != order.digest():
        raise Repeated("The id was used for another order")


def _again(desk: Desk, row: PosMessage) -> Sold | None:
    """Return what was sold under a message, as a copy; None if nothing was."""
    if row.slip_id is None:
        return None
    key = sales.reprinted(desk, row.key_slip_id) if row.key_slip_id else None
    return Sold(sales.reprinted(desk, row.slip_id), key)


def _original(desk: Desk, client: PosClient, meter: Meter, original: str | None) -> Slip:
    slips = select(Slip).filter_by(meter_id=meter.id, state=GOOD)
    slips = slips.where(Slip.operation.in_((CREDIT, KEY_CHANGE)))
    if original is not None:
        row = messages.find(desk, client.id, messages.PURCHASE, original)
        digits = original.isascii() and original.isdigit() and len(original) < 10
        number = row.slip_id if row else int(original) if digits else None
        slips = slips.filter_by(id=number)
    slip = desk.session.scalar(slips.order_by(Slip.id.desc()).limit(1))
    if slip is None:
        raise declined.not_found("No such token of this meter")
    return slip
