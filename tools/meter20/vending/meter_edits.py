"""Changes of a registered meter: its customer, its tariff, and its end.

Each change does one transaction at a `Desk`, and the audit log has an entry of it.
"""

from dataclasses import dataclass

from meter20.vending import fitting, meter_list, plain_text, refusal, tariff_list
from meter20.vending.models import Meter
from meter20.vending.receipt import money
from meter20.vending.refusal import Refusal
from meter20.vending.station import Desk
from meter20.vending.station_time import stamp


@dataclass(frozen=True)
class Edit:
    """What to change of a meter; None leaves it. tariff: "" for that of the group."""

    customer: str | None = None
    tariff: str | None = None


def edit(desk: Desk, number: str, to: Edit) -> Meter:
    """Change a meter; its receipts keep what they said. Raises Refusal if nothing changes."""
    meter = meter_list.find_meter(desk.session, number)
    changes = []
    if to.customer is not None and to.customer != meter.customer:
        plain_text.checked(to.customer, "customer")
        changes.append(f"customer {meter.customer!r} to {to.customer!r}")
        meter.customer = to.customer
    if to.tariff is not None and (to.tariff or None) != meter.tariff:
        if to.tariff:
            tariff = tariff_list.find_tariff(desk.session, to.tariff)
            fitting.check_meter(meter.accounting, meter.vending_key, tariff)
        else:
            tariff_list.check_key(desk.session, meter.accounting, None, meter.vending_key)
        changes.append(f"tariff {meter.tariff or '-'} to {to.tariff or '-'}")
        meter.tariff = to.tariff or None
    if not changes:
        raise Refusal(refusal.STATE, f"Meter {meter.drn} is like that already.")
    desk.module.note(desk.session, desk.actor, "edit meter", meter.drn, "; ".join(changes))
    return meter


def retire(desk: Desk, number: str, reason: str) -> Meter:
    """Take a meter out of use for good: nothing is sold to it any more. Its receipts stay."""
    reason = plain_text.reason(reason)
    meter = meter_list.find_meter(desk.session, number)
    meter.retired = stamp(desk.now)
    owed = f"; debt {money(meter.debt_cents)}" if meter.debt_cents else ""
    desk.module.note(desk.session, desk.actor, "retire meter", meter.drn, reason + owed)
    return meter
