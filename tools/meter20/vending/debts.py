"""Takes money for a customer's debt and makes its receipt."""

from meter20.vending import meter_list, refusal, tariff_list, typed_lines
from meter20.vending.models import Slip
from meter20.vending.receipt import money
from meter20.vending.refusal import Refusal
from meter20.vending.slips import PAYMENT, new_slip
from meter20.vending.station import Desk
from meter20.vending.typed_lines import Line


def pay_debt(desk: Desk, number: str, cents: int) -> Slip:
    """Take money for the debt of a customer; returns the slip. Nothing is sold for it."""
    meter = meter_list.find_meter(desk.session, number)
    if cents == 0:
        raise Refusal(refusal.VALUE, "A payment is for more than 0.00.")
    if meter.debt_cents <= 0:
        raise Refusal(refusal.STATE, f"Meter {meter.drn} has no debt.")
    if cents > meter.debt_cents:
        raise Refusal(
            refusal.STATE, f"The debt of meter {meter.drn} is {money(meter.debt_cents)}, not more."
        )
    meter.debt_cents -= cents
    tariff = tariff_list.tariff_of(desk.session, meter)
    return new_slip(
        desk, PAYMENT, meter, paid_cents=cents, lines=[["Debt", cents]],
        typed=[list(Line(typed_lines.DEBT, cents))], currency=tariff.currency if tariff else "",
        note=f"Debt left: {money(meter.debt_cents)}.",
    )  # fmt: skip
