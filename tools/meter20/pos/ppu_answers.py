"""Receipts and offers in the words of the Prepaid Utility Service Interface.

Amounts are whole cents. The parts of a purchase add up to what was paid: tokens, charges and
debts without their tax, all tax, and what is carried on, less what was carried over.
"""

from sts import kinds

from meter20.pos import currency
from meter20.pos.till import Sold
from meter20.vending import typed_lines as parts
from meter20.vending.models import Meter, Slip
from meter20.vending.offers import Offer
from meter20.vending.receipt import MARK, Receipt
from meter20.vending.slips import KEY_CHANGE
from meter20.vending.station import Desk

STANDARD, FREE, KEY = "STD", "BSST", "KC"
_RATE_SCALE = 1000  # 10^-5 of the unit, to hundredths of it


def money(cents: int, letters: str) -> dict:
    """Return a LedgerAmount."""
    return {"amount": cents, "currency": currency.number(letters)}


def _taxed(cents: int, tax: int, rate: int, letters: str) -> dict:
    taxed = {"tax": tax, "taxType": "VAT", "taxRate": rate / 100} if tax else {}
    return money(cents, letters) | taxed


def meter(meter: Meter) -> dict:
    """Return a Meter, as its card would say it."""
    row = meter.vending_key
    return {
        "meterId": meter.drn, "supplyGroupCode": row.sgc, "keyRevisionNum": str(row.krn),
        "tariffIndex": f"{meter.ti:02d}", "tokenTechCode": "02", "algorithmCode": meter.ea,
        "serviceType": "Electricity",
    }  # fmt: skip


def owner(meter: Meter) -> dict:
    """Return a Customer; nothing of it is required."""
    return {"lastName": meter.customer[:40]} if meter.customer else {}


def utility(station: str) -> dict:
    """Return the Utility: the station, and that its tokens are no real ones."""
    return {"name": station[:40], "message": MARK}


def lookup(meter_: Meter, offer: Offer, station: str) -> dict:
    """Return what a MeterLookupResponse has beside its header."""
    letters = offer.currency
    answer = {
        "meter": meter(meter_), "customer": owner(meter_), "utility": utility(station),
        "bsstDue": offer.free > 0,
    }  # fmt: skip
    if not letters:
        return answer
    return answer | {
        "minAmount": money(0 if offer.free else offer.least, letters),
        "maxAmount": money(offer.most, letters),
        "arrearsAmount": money(offer.debt, letters),
    }


def purchase(desk: Desk, sold: Sold, station: str) -> dict:
    """Return what a PurchaseResponse has beside its header."""
    desk.session.flush()
    slip, key = sold.slip, sold.key
    assert slip.meter is not None
    answer = {"meter": meter(slip.meter), "customer": owner(slip.meter),
            "utility": utility(station), "utilityType": "Electricity",
            "tokens": [*(tokens(key) if key else []), *tokens(slip)],
            "slipData": printed(slip, station)}  # fmt: skip
    if key or slip.operation == KEY_CHANGE:
        answer["meter"]["keyChangeData"] = key_change_data(slip.meter)
    if slip.operation != KEY_CHANGE and slip.currency:
        balance = slip.undo.get("debt", 0)
        answer |= amounts(slip.paid_cents, parts.of(slip.typed), slip.currency, balance)
    return answer


def amounts(paid: int, lines: list[parts.Line], letters: str, debt: int) -> dict:
    """Return the sums and charges of a purchase; debt: what was owed before it, in cents."""
    charge_tax = parts.total(lines, parts.CHARGE_TAX)
    energy = parts.total(lines, parts.STEP, parts.CREDIT)
    repaid = parts.total(lines, parts.DEBT)
    fixed = parts.total(lines, parts.FIXED)
    rate = max((line.rate for line in lines if line.kind == parts.CHARGE_TAX), default=0)
    answer = {
        "purchaseTotal": money(energy, letters),
        "taxTotal": money(charge_tax + parts.total(lines, parts.ENERGY_TAX), letters),
        "amounts": {"requestAmount": money(paid, letters), "approvedAmount": money(paid, letters)},
    }  # fmt: skip
    carried = {
        name: money(parts.total(lines, kind), letters)
        for name, kind in (("carriedOver", parts.CARRIED_OVER), ("carriedOn", parts.CARRIED_ON))
        if parts.total(lines, kind)
    }
    if carried:
        answer["amounts"]["additionalAmounts"] = carried
    if repaid:
        answer["debtRecoveryCharges"] = [{
            "amount": money(repaid, letters), "description": "Debt repaid",
            "balance": money(debt - repaid, letters),
        }]  # fmt: skip
    if fixed:
        answer["serviceCharges"] = [
            {"amount": _taxed(fixed, charge_tax, rate, letters), "description": "Fixed charge"}
        ]
    return answer


def tokens(slip: Slip) -> list[dict]:
    """Return the Tokens of a receipt, as they are to be entered."""
    number, letters = str(slip.id), slip.currency
    lines = parts.of(slip.typed)
    rows = []
    for token in slip.tokens:
        own = {"token": token.digits, "receiptNum": number}
        if slip.operation == KEY_CHANGE:
            rows.append({"tokenType": KEY, "units": 0, "amount": _nothing(letters)} | own)
        elif _is_free(token):
            free = sum(line.units for line in lines if line.kind == parts.FREE)
            rows.append({"tokenType": FREE, "units": free / 10, "amount": _nothing(letters)} | own)
        else:
            rows.append(_standard(slip, lines) | own)
    return rows


def _is_free(token) -> bool:
    return token.kind == kinds.ELECTRICITY and token.tid is not None and token.tid % 1440 == 1


def _nothing(letters: str) -> dict:
    return money(0, letters or "ZAR")


def _standard(slip: Slip, lines: list[parts.Line]) -> dict:
    """Return the token that was paid for; its units are money on a meter that counts money."""
    credit = parts.total(lines, parts.CREDIT)
    energy = parts.total(lines, parts.STEP, parts.CREDIT)
    tax = parts.total(lines, parts.ENERGY_TAX)
    rate = max((line.rate for line in lines if line.kind == parts.ENERGY_TAX), default=0)
    steps = [
        {"units": line.units / 10, "rate": line.rate / _RATE_SCALE}
        for line in lines
        if line.kind == parts.STEP
    ]
    return {
        "tokenType": STANDARD, "units": credit / 100 if credit else slip.units / 10,
        "amount": _taxed(energy, tax, rate, slip.currency or "ZAR"),
    } | ({"tariffCalc": steps} if steps else {})  # fmt: skip


def key_change_data(meter: Meter) -> dict:
    """Return KeyChangeData: what the meter has once the set is entered."""
    row = meter.vending_key
    return {
        "newSupplyGroupCode": row.sgc, "newKeyRevisionNumber": str(row.krn),
        "newTariffIndex": f"{meter.ti:02d}",
    }  # fmt: skip


def printed(slip: Slip, station: str) -> dict:
    """Return SlipData: the receipt as the station prints it, with the digits of its tokens."""
    lines = Receipt.of(slip, station).text().splitlines()
    return {
        "messageLines": [{"text": line} for line in lines],
        "slipWidth": max(map(len, lines)), "issuerReference": str(slip.id),
    }  # fmt: skip
