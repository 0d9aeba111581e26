"""Orders as their page shows them: what was bought, its tokens, and what the meter said."""

from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session
from sts import results

from meter20.ami import purchases
from meter20.vending import typed_lines
from meter20.vending.models import Meter, Purchase, Route, Slip
from meter20.vending.shop_models import ShopOrder

_MOST = 50  # orders of a history
#: What is shown of a state, by the name of its text.
_STATES = {
    purchases.ORDERED: "state.ordered", purchases.VENDED: "state.vended",
    purchases.SENT: "state.sent", purchases.ANSWERED: "state.answered",
}  # fmt: skip
_OUTCOMES = {
    purchases.CREDITED: "state.credited", purchases.BY_HAND: "state.by_hand",
    purchases.REFUSED: "state.refused",
}  # fmt: skip
#: Why a meter refused, in the customer's words.
_REASONS = {
    results.CRC: "reason.crc", results.OLD: "reason.old", results.USED: "reason.used",
    results.OVERFLOW: "reason.overflow", results.DDTK: "reason.ddtk",
    results.KEY_EXPIRED: "reason.key_expired",
}  # fmt: skip


@dataclass(frozen=True)
class Seen:
    """An order, in so far as its buyer may see it. Money in cents, energy in 0.1 kWh.

    state, reason: names of texts. live: the meter's answer is still to come. tokens: the digits of
    what was paid for, and of the free units that came with it. reachable: whether the meter can be
    sent its token.
    """

    address: str = field(repr=False)
    meter: str
    time: str
    currency: str
    cents: int
    units: int
    lines: list
    tokens: list[str] = field(repr=False)
    state: str
    reason: str
    sends: int
    live: bool
    reachable: bool
    payment: str
    number: int

    @property
    def credit(self) -> int:
        """Return the cents that the token puts on a meter that counts money, else 0."""
        return typed_lines.total(self.lines, typed_lines.CREDIT)

    @property
    def free(self) -> int:
        """Return the free units that came with it."""
        return typed_lines.units(self.lines, typed_lines.FREE)

    @property
    def mark(self) -> tuple:
        """Return what changes when there is something new to show."""
        return self.state, self.reason, self.sends, self.live, self.reachable


def seen(session: Session, address: str) -> Seen | None:
    """Return the order of an address, None if there is none."""
    order = session.get(ShopOrder, address)
    return _seen(session, order) if order is not None else None


def history(session: Session, visitor: str) -> list[Seen]:
    """Return the latest orders of a visitor, newest first."""
    query = select(ShopOrder).filter_by(visitor=visitor).order_by(ShopOrder.purchase_id.desc())
    return [_seen(session, order) for order in session.scalars(query.limit(_MOST))]


def _seen(session: Session, order: ShopOrder) -> Seen:
    purchase = order.purchase(session)
    slip = session.get_one(Slip, purchase.slip_id)
    reachable = session.get(Route, purchase.meter_id) is not None
    return Seen(
        address=order.address, meter=session.get_one(Meter, purchase.meter_id).drn,
        time=order.made_at, currency=slip.currency, cents=slip.paid_cents, units=slip.units,
        lines=typed_lines.of(slip.typed), state=_state(purchase, reachable),
        reason=_reason(purchase),
        tokens=[one["digits"] for one in purchases.tokens(session, purchase)],
        sends=purchase.sends, live=purchase.due_at is not None, payment=order.payment,
        reachable=reachable, number=slip.id,
    )  # fmt: skip


def _state(purchase: Purchase, reachable: bool) -> str:
    if purchase.state in (purchases.VENDED, purchases.SENT) and not reachable:
        return "state.unreachable"
    return _OUTCOMES.get(purchase.outcome) or _STATES[purchase.state]


def _reason(purchase: Purchase) -> str:
    if purchase.outcome != purchases.REFUSED:
        return ""
    return _REASONS.get(purchase.result, "reason.other")
