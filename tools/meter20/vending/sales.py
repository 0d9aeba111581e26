"""Sales: credit, management and test tokens over the counter, and taking a sale back.

Each function does one transaction at a `Desk` and returns its slip. It works everything out
first, asks the security module for the tokens, and changes the books last, so that a refusal
leaves nothing behind - which a batch, with many sales in one transaction, relies on.

Which month a sale counts for, and which minute its token takes, `meter_time` says.
"""

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session
from sts import kinds

from meter20.vending import (
    fitting,
    free_units,
    meter_list,
    meter_time,
    offers,
    plain_text,
    refusal,
    tariff_list,
    typed_lines,
)
from meter20.vending.amounts import PER_CENT, PER_UNIT
from meter20.vending.decimal_text import kwh
from meter20.vending.models import Meter, Purchase, Slip, table
from meter20.vending.plain_sql import Plain
from meter20.vending.receipt import money
from meter20.vending.refusal import Refusal
from meter20.vending.sizes import TESTS
from meter20.vending.slips import (
    CREDIT,
    GOOD,
    MANAGE,
    REVERSAL,
    TEST,
    VOID,
    add_token,
    bind,
    new_slip,
)
from meter20.vending.station import Desk
from meter20.vending.tariff import Quote, Tariff
from meter20.vending.token_request import TokenRequest
from meter20.vending.typed_lines import Line

_NUMBER_MAX = (1 << 31) - 1  # of a row, in any database
_SLIPS = table(Slip)
_OF_REF = Plain(select(_SLIPS.c.id).where(_SLIPS.c.ref == bindparam("given")))


class CreditOrder(Struct, frozen=True):
    """Credit for a meter: `money` in cents or `units` in 0.1 kWh, not both.

    ref: the caller's own number for this order; given twice, it is sold once. "" is none,
    and spaces around it are no part of it.
    """

    meter: str
    money: int | None = None
    units: int | None = None
    ref: str | None = None

    def text(self) -> str:
        """Return the order without its ref, in words; the same order gives the same words."""
        if self.money is None:
            return f"{kwh(self.units or 0)} kWh for {meter_list.checked_drn(self.meter)}"
        drn = meter_list.checked_drn(self.meter)
        return f"money {money(self.money)} for {drn}"


def credit(desk: Desk, order: CreditOrder) -> Slip:
    """Sell credit, with the free units of the month if they are due.

    An order whose ref was sold already gives the same receipt, as a copy.
    """
    if order.money == 0:
        raise Refusal(refusal.VALUE, "A sale is for more than 0.00.")
    order = _with_plain_ref(order)
    if order.ref and (done := _done_before(desk, order)) is not None:
        return done
    meter = meter_list.find_meter(desk.session, order.meter)
    tariff = tariff_list.tariff_of(desk.session, meter)
    month = meter_time.month_now(desk, meter)
    account = offers.account(meter, month)
    quote = offers.quote(meter, tariff, order.money, order.units, account)
    paid, due = (
        _request(meter, quote, meter_time.next_tid(desk, meter)),
        meter.free_owed + quote.free,
    )
    free = free_units.request(desk, meter, due) if due else None
    requests, digits = free_units.issued(desk, meter, paid, free)
    typed = list(quote.typed)
    for request in requests[1:]:  # free units
        due -= request.value
        typed.append(_free_line(request))
    slip = new_slip(
        desk, CREDIT, meter, ref=order.ref or None, asked=order.text(),
        paid_cents=quote.paid, units=quote.units,
        lines=quote.lines, typed=typed,
        currency=tariff.currency if tariff else "",
        undo=_standing(meter), note=free_units.note(due),
    )  # fmt: skip
    for request, token in zip(requests, digits, strict=True):
        add_token(slip, meter, request.kind, _label(request, tariff), token, request.tid)
    _settle(desk, meter, month, quote)
    meter.free_owed, meter.last_tid = due, paid.tid
    if order.ref:
        desk.session.info["ref", order.ref] = slip
    return slip


def free(desk: Desk, order: CreditOrder) -> Slip:
    """Issue the free units that are due, and nothing else; nothing is paid, no charge is taken.

    order: of 0 cents. Raises Refusal if none are due, or none can be issued today.
    """
    order = _with_plain_ref(order)
    if order.ref and (done := _done_before(desk, order)) is not None:
        return done
    meter = meter_list.find_meter(desk.session, order.meter)
    tariff = tariff_list.tariff_of(desk.session, meter)
    month = meter_time.month_now(desk, meter)
    due = offers.free_due(meter, tariff, month)
    request = free_units.request(desk, meter, due) if due else None
    if request is None:
        raise Refusal(refusal.STATE, f"Meter {meter.drn} has no free units to be issued now.")
    (token,) = desk.module.issue(desk.session, meter_list.key_of(meter), [request], desk.actor)
    slip = new_slip(
        desk, CREDIT, meter, ref=order.ref or None, asked=order.text(),
        typed=[_free_line(request)], currency=tariff.currency if tariff else "",
        undo=_standing(meter), note=free_units.note(due - request.value),
    )  # fmt: skip
    add_token(slip, meter, request.kind, _label(request, tariff), token, request.tid)
    meter_time.enter(desk, meter, replace(month, free=True))
    meter.free_owed = due - request.value
    if order.ref:
        desk.session.info["ref", order.ref] = slip
    return slip


def manage(desk: Desk, number: str, kind: str, value: int, words: str) -> Slip:
    """Issue a management token of class 2; `words` say what it does, for the receipt."""
    meter = meter_list.find_meter(desk.session, number)
    tid = meter_time.next_tid(desk, meter)
    request = TokenRequest(kind, tid, value)
    (token,) = desk.module.issue(desk.session, meter_list.key_of(meter), [request], desk.actor)
    slip = new_slip(desk, MANAGE, meter, note=words)
    add_token(slip, meter, kind, words, token, tid)
    meter.last_tid = tid
    return slip


def meter_test(desk: Desk, test: int, mfr: str = "00") -> Slip:
    """Issue a class 1 test token. test: 0 for all. mfr: 2 or 4 digits, zeros for any meter."""
    kind = {2: kinds.TEST_2DIGIT, 4: kinds.TEST_4DIGIT}.get(len(mfr))
    if kind is None or not (mfr.isascii() and mfr.isdigit()):
        raise Refusal(refusal.VALUE, "A manufacturer code has 2 or 4 digits.")
    if not 0 <= test <= TESTS[kind]:
        raise Refusal(refusal.VALUE, f"A test is 0 to {TESTS[kind]}.")
    control = 1 << test - 1 if test else (1 << TESTS[kind]) - 1
    return _class_1(desk, kind, {"control": control, "mfr": int(mfr)}, f"test {test}")


def read_extended(desk: Desk, index: int) -> Slip:
    """Issue a class 1 token that reads a control (0 to 62) or the flags (63) of STS 202-5."""
    if not 0 <= index <= 63:
        raise Refusal(refusal.VALUE, "An index of the extended token set is 0 to 63.")
    fields = {"control": index << 30, "mfr": 0}
    return _class_1(desk, kinds.READ_EXTENDED, fields, f"read control {index}")


def _class_1(desk: Desk, kind: str, fields: dict, words: str) -> Slip:
    token = desk.module.issue_test(desk.session, kind, fields, desk.actor)
    slip = new_slip(desk, TEST, None, note=words)
    add_token(slip, None, kind, words, token)
    return slip


# -- taking back -------------------------------------------------------------------------------


def reverse(desk: Desk, number: int, reason: str, delivered: bool) -> Slip:
    """Take a sale back, as far as one can; returns the slip of the reversal.

    A token can not be taken back: anybody who has its digits can use them. So the operator says
    which of two it is:

    * not delivered: nobody has seen the digits. The sale becomes void, its token is never
      printed again, and money, debt and free units are as before. Only the last sale of a meter.
    * delivered: the sale and its token stand; what was paid becomes a debt of the customer,
      repaid by the tariff's share of later purchases.
    """
    reason = plain_text.reason(reason)
    slip = find_slip(desk.session, number)
    if slip.operation != CREDIT or slip.meter is None:
        raise Refusal(refusal.STATE, f"Receipt {number} is no sale of credit: nothing was paid.")
    if slip.state != GOOD or desk.session.scalar(select(Slip).filter_by(corrects=number)):
        raise Refusal(refusal.STATE, f"Receipt {number} was reversed already.")
    desk.module.check_bound(slip)
    meter = meter_list.find_meter(desk.session, slip.meter.drn, retired=True)
    words = _correct(slip, meter) if delivered else _void(desk, slip, meter)
    back = new_slip(
        desk, REVERSAL, meter, corrects=slip.id, currency=slip.currency,
        paid_cents=-slip.paid_cents, lines=[[f"Receipt {number}", -slip.paid_cents]],
        note=f"{words} Reason: {reason}.",
    )  # fmt: skip
    desk.module.note(desk.session, desk.actor, "reverse", meter.drn, f"receipt {number}: {words}")
    if slip.state == VOID:
        bind(desk.session, desk.module, slip, desk.actor)
    return back


def _correct(slip: Slip, meter: Meter) -> str:
    if slip.paid_cents == 0:
        raise Refusal(refusal.STATE, f"Receipt {slip.id} cost nothing.")
    meter.debt_cents += slip.paid_cents
    return "The token stays good; its price was added to the customer's debt."


def _void(desk: Desk, slip: Slip, meter: Meter) -> str:
    if desk.session.scalar(select(Purchase.id).filter_by(slip_id=slip.id)):
        raise Refusal(
            refusal.STATE,
            f"The head-end sends the token of receipt {slip.id} to its meter. Reverse it as "
            "delivered: its price becomes a debt.",
        )
    last = select(Slip.id).filter_by(meter_id=slip.meter_id).order_by(Slip.id.desc()).limit(1)
    if desk.session.scalar(last) != slip.id:
        raise Refusal(
            refusal.STATE,
            f"Something was issued for this meter after receipt {slip.id}. Reverse it as "
            "delivered: its price becomes a debt.",
        )
    before = slip.undo
    meter.debt_cents, meter.carried_cents = before["debt"], before["carried"]
    meter.period, meter.period_units = before["period"], before["bought"]
    meter.period_fixed, meter.period_free = not before["fixed_due"], not before["free_due"]
    meter.free_owed = before.get("free_owed", 0)
    slip.state = VOID
    return "The sale is void: its token was not given to anybody and is not shown again."


# -- slips -------------------------------------------------------------------------------------


def find_slip(session: Session, number: int) -> Slip:
    """Return a slip by its receipt number; raises Refusal if there is none."""
    slip = session.get(Slip, number) if 0 < number <= _NUMBER_MAX else None
    if slip is None:
        raise Refusal(refusal.UNKNOWN, f"There is no receipt {number}.")
    return slip


def reprinted(desk: Desk, number: int) -> Slip:
    """Return a slip to print once more; raises Refusal if it is void. Counts and logs the copy."""
    slip = find_slip(desk.session, number)
    if slip.state == VOID:
        raise Refusal(refusal.STATE, f"Receipt {number} is void: its token is not shown again.")
    desk.module.check_bound(slip)
    slip.prints += 1
    drn = slip.meter.drn if slip.meter else ""
    desk.module.note(desk.session, desk.actor, "reprint", drn, f"receipt {number}")
    bind(desk.session, desk.module, slip, desk.actor)
    return slip


def history(session: Session, meter: Meter | None, limit: int) -> list[Slip]:
    """Return the latest slips, newest first, of one meter or of all."""
    query = select(Slip).order_by(Slip.id.desc()).limit(min(limit, _NUMBER_MAX))
    return list(session.scalars(query.filter_by(meter_id=meter.id) if meter else query))


# -- inside ------------------------------------------------------------------------------------


def _with_plain_ref(order: CreditOrder) -> CreditOrder:
    if not order.ref:
        return order
    ref = plain_text.checked(order.ref, "ref").strip()
    return order if ref == order.ref else replace(order, ref=ref)


def _done_before(desk: Desk, order: CreditOrder) -> Slip | None:
    """Return the slip of `order.ref` as a copy, None if it was not sold.

    Raises Refusal if another order was sold under it, or what was sold is void.
    """
    sold_now = desk.session.info.get(("ref", order.ref))  # in this transaction
    slip = sold_now or _slip_of(desk.session, order.ref)
    if slip is None:
        return None
    desk.session.flush()  # a slip of this transaction gets its number
    name = f"The reference {order.ref!r} is that of receipt {slip.id}"
    if slip.state == VOID:
        raise Refusal(refusal.STATE, f"{name}, which is void. A new sale takes another reference.")
    ordered = slip.asked or f"an order for {slip.meter.drn if slip.meter else 'any meter'}"
    if ordered not in (order.text(), f"an order for {meter_list.checked_drn(order.meter)}"):
        raise Refusal(refusal.EXISTS, f"{name}: {ordered}. Another order takes another reference.")
    return reprinted(desk, slip.id)


def _slip_of(session: Session, ref: str | None) -> Slip | None:
    """Return the slip that was sold under `ref`, None as a rule, which costs little."""
    found = _OF_REF.row(session.connection(), {"given": ref})
    return find_slip(session, found[0]) if found else None


def _standing(meter: Meter) -> dict:
    """Return what a reversal puts back."""
    return {
        "debt": meter.debt_cents,
        "carried": meter.carried_cents,
        "period": meter.period,
        "bought": meter.period_units,
        "fixed_due": not meter.period_fixed,
        "free_due": not meter.period_free,
        "free_owed": meter.free_owed,
    }


def _request(meter: Meter, quote: Quote, tid: int) -> TokenRequest:
    if meter.accounting == fitting.MONEY:
        value = quote.transfer * PER_CENT
        return TokenRequest(kinds.ELECTRICITY_CURRENCY, tid, value)
    return TokenRequest(kinds.ELECTRICITY, tid, quote.units)


def _free_line(request: TokenRequest) -> Line:
    return Line(typed_lines.FREE, 0, request.value)


def _label(request: TokenRequest, tariff: Tariff | None) -> str:
    if request.kind == kinds.ELECTRICITY_CURRENCY:
        return f"{request.value / PER_UNIT:.2f} {tariff.currency if tariff else ''}".strip()
    free = "free " if request.tid % 1440 == 1 else ""
    return f"{free}{kwh(request.value)} kWh"


def _settle(desk: Desk, meter: Meter, month: meter_time.Month, quote: Quote) -> None:
    """Enter a sale in `month` into the customer's account."""
    meter.debt_cents -= quote.debt
    meter.carried_cents = quote.carried
    fixed, free = month.fixed or quote.fixed, month.free or quote.free > 0
    meter_time.enter(
        desk, meter, replace(month, units=month.units + quote.units, fixed=fixed, free=free)
    )
