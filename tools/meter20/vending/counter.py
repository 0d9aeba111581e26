"""What a counter does all day beside selling: find, edit and retire meters, and take debt back.

Each change does one transaction at a `Desk`, and the audit log has an entry of it.
"""

from dataclasses import dataclass
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from meter20.vending import fitting, plain_text, refusal, register, typed_lines
from meter20.vending.models import Meter, Slip
from meter20.vending.receipt import money
from meter20.vending.refusal import Refusal
from meter20.vending.slips import PAYMENT, new_slip
from meter20.vending.station import Desk
from meter20.vending.station_time import stamp
from meter20.vending.typed_lines import Line

_ROWS_MAX = 1 << 20


@dataclass(frozen=True)
class Edit:
    """What to change of a meter; None leaves it. tariff: "" for that of the group."""

    customer: str | None = None
    tariff: str | None = None


def found(session: Session, words: str, limit: int) -> list[Meter]:
    """Return the meters whose number or customer's name has `words` in it, in whatever case."""
    plain_text.checked(words, "name or number")
    inside = words.strip().casefold()
    number = "".join(char for char in inside if char not in " -")
    rows = session.scalars(select(Meter).order_by(Meter.customer, Meter.drn))
    fits = (
        meter
        for meter in rows
        if inside in meter.customer.casefold()
        or (number.isdigit() and (number in meter.drn or number in meter.pan))
    )
    return list(islice(fits, min(limit, _ROWS_MAX)))


def edit(desk: Desk, number: str, to: Edit) -> Meter:
    """Change a meter; its receipts keep what they said. Raises Refusal if nothing changes."""
    meter = register.find_meter(desk.session, number)
    told = []
    if to.customer is not None and to.customer != meter.customer:
        plain_text.checked(to.customer, "customer")
        told.append(f"customer {meter.customer!r} to {to.customer!r}")
        meter.customer = to.customer
    if to.tariff is not None and (to.tariff or None) != meter.tariff:
        if to.tariff:
            tariff = register.find_tariff(desk.session, to.tariff)
            fitting.check_meter(meter.accounting, meter.vending_key, tariff)
        else:
            register.check_key(desk.session, meter.accounting, None, meter.vending_key)
        told.append(f"tariff {meter.tariff or '-'} to {to.tariff or '-'}")
        meter.tariff = to.tariff or None
    if not told:
        raise Refusal(refusal.STATE, f"Meter {meter.drn} is like that already.")
    desk.module.note(desk.session, desk.actor, "edit meter", meter.drn, "; ".join(told))
    return meter


def retire(desk: Desk, number: str, reason: str) -> Meter:
    """Take a meter out of use for good: nothing is sold to it any more. Its receipts stay."""
    reason = plain_text.reason(reason)
    meter = register.find_meter(desk.session, number)
    meter.retired = stamp(desk.now)
    owed = f"; debt {money(meter.debt_cents)}" if meter.debt_cents else ""
    desk.module.note(desk.session, desk.actor, "retire meter", meter.drn, reason + owed)
    return meter


def pay_debt(desk: Desk, number: str, cents: int) -> Slip:
    """Take money for the debt of a customer; returns the slip. Nothing is sold for it."""
    meter = register.find_meter(desk.session, number)
    if cents == 0:
        raise Refusal(refusal.VALUE, "A payment is for more than 0.00.")
    if meter.debt_cents <= 0:
        raise Refusal(refusal.STATE, f"Meter {meter.drn} has no debt.")
    if cents > meter.debt_cents:
        raise Refusal(
            refusal.STATE, f"The debt of meter {meter.drn} is {money(meter.debt_cents)}, not more."
        )
    meter.debt_cents -= cents
    tariff = register.tariff_of(desk.session, meter)
    return new_slip(
        desk, PAYMENT, meter, paid_cents=cents, lines=[["Debt", cents]],
        typed=[list(Line(typed_lines.DEBT, cents))], currency=tariff.currency if tariff else "",
        note=f"Debt left: {money(meter.debt_cents)}.",
    )  # fmt: skip
