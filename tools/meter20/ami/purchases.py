"""Purchases: ordered, vended, sent, answered, closed. What each state means, and who leaves it.

| state | the purchase | next |
| --- | --- | --- |
| ordered | is to be sold | the station sells it, by `vend` |
| vended | has its tokens; the buyer may see them | a worker sends them, by `outbox` |
| sent | is on its way, however often | the meter answers |
| answered | got "used", and the meter does not know who brought it | a person closes it |
| closed | is credited, credited by hand, or refused with a reason | |

A purchase has one sale and no other: its `code` is the sale's ref. The tokens of a key change
travel as a purchase of nothing, which is made with its slip.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from meter20.vending import meter_list, plain_text, refusal, sales
from meter20.vending.models import Meter, Purchase, Route, Slip
from meter20.vending.refusal import Refusal
from meter20.vending.sales import CreditOrder
from meter20.vending.slips import VOID
from meter20.vending.station import Desk
from meter20.vending.station_time import stamp

ORDERED, VENDED, SENT, ANSWERED, CLOSED = "ordered", "vended", "sent", "answered", "closed"
CREDITED, BY_HAND, REFUSED = "credited", "by hand", "refused"
_CODE_OCTETS = 16
_NUMBER_MAX = (1 << 31) - 1  # of a row, in any database


@dataclass(frozen=True)
class Order:
    """Credit for a meter: `money` in cents or `units` in 0.1 kWh, not both.

    ref: the caller's own number: given twice, it is one purchase. "" is none.
    """

    meter: str
    money: int | None = None
    units: int | None = None
    ref: str = ""


def place(session: Session, order: Order, now: datetime) -> Purchase:
    """Return the purchase of `order`, new or the one of its ref; it gets its number at a flush.

    Raises Refusal for an unknown meter, an amount that is none, or a ref of another order.
    """
    if (order.money is None) == (order.units is None):
        raise Refusal(refusal.VALUE, "Say either how much money or how many kWh.")
    if (order.money or order.units or 0) <= 0:
        raise Refusal(refusal.VALUE, "A purchase is for more than 0.")
    meter = meter_list.find_meter(session, order.meter)
    ref = plain_text.checked(order.ref, "ref").strip() or None
    if ref and (known := session.scalar(select(Purchase).filter_by(ref=ref))) is not None:
        if (known.meter_id, known.money_cents, known.units) != (
            meter.id, order.money, order.units
        ):  # fmt: skip
            words = f"The reference {ref!r} is that of purchase {known.id}, another order."
            raise Refusal(refusal.EXISTS, words)
        return known
    made = _new(
        meter.id, now, ref=ref, money_cents=order.money, units=order.units, state=ORDERED
    )  # fmt: skip
    session.add(made)
    return made


def vend(desk: Desk, purchase: Purchase) -> Slip:
    """Sell a purchase that was ordered, at this desk: order, sale and outbox stand together.

    Returns the slip; of one that was sold already a copy. Raises Refusal as `sales.credit` does.
    """
    return vend_all(desk, [purchase])[0]


def vend_all(desk: Desk, ordered: list[Purchase]) -> list[Slip]:
    """Sell several purchases at this desk, all of them or, with a Refusal of one, none."""
    ids = [one.meter_id for one in ordered]
    meters = {one.id: one.drn for one in desk.session.scalars(
        select(Meter).where(Meter.id.in_(ids)))}  # fmt: skip
    meter_list.fetch_meters(desk.session, meters.values())
    slips = [sales.credit(desk, _order_of(one, meters[one.meter_id])) for one in ordered]
    desk.session.flush()  # numbers them
    for purchase, slip in zip(ordered, slips, strict=True):
        if purchase.state == ORDERED:
            purchase.slip_id, purchase.state = slip.id, VENDED
            purchase.due_at = purchase.vended_at = stamp(desk.now)
    return slips


def bring(desk: Desk, slip: Slip) -> Purchase | None:
    """Let the head-end bring the tokens of a key change, at the desk where it was made.

    Returns None for a meter that has no route: there somebody keys them in. It is a purchase of
    nothing, in the order of all that is sold for its meter.
    """
    meter = slip.meter_id
    if meter is None or desk.session.get(Route, meter) is None:
        return None
    desk.session.flush()  # numbers the slip
    made = _new(meter, desk.now, state=VENDED)
    made.slip_id, made.vended_at = slip.id, made.due_at
    desk.session.add(made)
    return made


def _new(meter: int, now: datetime, **more) -> Purchase:
    time = stamp(now)
    return Purchase(
        code=secrets.token_hex(_CODE_OCTETS), meter_id=meter, outcome="", carrier="", position=1,
        sends=0, result="", reason="", told=[], due_at=time, ordered_at=time, **more,
    )  # fmt: skip


def _order_of(purchase: Purchase, drn: str) -> CreditOrder:
    return CreditOrder(drn, purchase.money_cents, purchase.units, f"purchase {purchase.code}")


def close(purchase: Purchase, outcome: str, reason: str, now: datetime) -> None:
    """Close a purchase: nothing is done for it any more."""
    purchase.state, purchase.outcome, purchase.reason = CLOSED, outcome, reason
    purchase.due_at, purchase.closed_at = None, stamp(now)


def judge(session: Session, number: int, credited: bool, reason: str, now: datetime) -> Purchase:
    """Close a purchase that only a person can judge: one that was answered, or waits for long.

    credited: whether the meter has its credit. Raises Refusal.
    """
    purchase = find(session, number)
    if purchase.state == CLOSED:
        raise Refusal(refusal.STATE, f"Purchase {number} is closed already.")
    outcome = CREDITED if credited else REFUSED
    close(purchase, outcome, f"{purchase.result} Judged: {plain_text.reason(reason)}".strip(), now)
    return purchase


def find(session: Session, number: int) -> Purchase:
    """Return a purchase by its number; raises Refusal if there is none."""
    found = session.get(Purchase, number) if 0 < number <= _NUMBER_MAX else None
    if found is None:
        raise Refusal(refusal.UNKNOWN, f"There is no purchase {number}.")
    return found


def latest(session: Session, meter: Meter | None, limit: int) -> list[Purchase]:
    """Return the latest purchases, newest first, of one meter or of all."""
    query = select(Purchase).order_by(Purchase.id.desc()).limit(min(limit, _NUMBER_MAX))
    return list(session.scalars(query.filter_by(meter_id=meter.id) if meter else query))


def due(session: Session) -> dict[str, int]:
    """Return how many purchases a worker has to do with, by state."""
    query = select(Purchase.state, func.count()).where(Purchase.due_at.is_not(None))
    return {state: count for state, count in session.execute(query.group_by(Purchase.state))}


def facts(session: Session, purchase: Purchase) -> dict:
    """Return all that is known of a purchase but its tokens: `tokens` returns these."""
    money = purchase.money_cents
    return {
        "purchase": purchase.id,
        "meter": session.get_one(Meter, purchase.meter_id).drn,
        "money": None if money is None else f"{money // 100}.{money % 100:02}",
        "kwh": None if purchase.units is None else f"{purchase.units / 10:.1f}",
        "ref": purchase.ref,
        "state": purchase.state,
        "outcome": purchase.outcome,
        "reason": purchase.reason,
        "receipt": purchase.slip_id,
        "carrier": purchase.carrier,
        "sends": purchase.sends,
        "result": purchase.result,
        "answers": purchase.told,
        "ordered": purchase.ordered_at,
        "vended": purchase.vended_at,
        "sent": purchase.sent_at,
        "answered": purchase.answered_at,
        "closed": purchase.closed_at,
    }


def tokens(session: Session, purchase: Purchase) -> list[dict[str, str]]:
    """Return the tokens of a purchase, which the buyer may key in by hand at any time."""
    slip = session.get(Slip, purchase.slip_id) if purchase.slip_id else None
    if slip is None or slip.state == VOID:
        return []
    return [{"label": token.label, "digits": token.digits} for token in slip.tokens]
