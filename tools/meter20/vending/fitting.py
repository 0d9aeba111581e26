"""Refuses a tariff or key that a meter cannot use.

So no sale finds out later that a price list asks for what the meter or the key cannot do. A meter
that counts money prices energy itself and has no register for free kWh: `steps` turns a tariff
into the prices of its provisioning record.
"""

from collections.abc import Iterable

from account import tariff as meter_tariff
from sts import kinds

from meter20.vending import refusal
from meter20.vending.models import VendingKey
from meter20.vending.refusal import Refusal
from meter20.vending.tariff import MAX_UNITS, Tariff, check_exact
from meter20.vending.vending_key import KeyTerms

ENERGY, MONEY = "energy", "currency"
_KINDS = {ENERGY: kinds.ELECTRICITY, MONEY: kinds.ELECTRICITY_CURRENCY}
_OTHER = {ENERGY: MONEY, MONEY: ENERGY}
_WH_PER_UNIT, _WH_MAX = 100, 0xFFFFFFFF


def steps(tariff: Tariff) -> list[list[int]]:
    """Return [up_to_wh, price] as a meter that counts money takes them.

    up_to_wh: 0 for the last. price: 10^-5 of the currency unit per kWh, with tax, since no tax is
    taken from what the meter is credited with. Raises Refusal for steps that a meter cannot keep.
    """
    found = [
        [_WH_PER_UNIT * (end or 0), (price * (10_000 + tariff.tax) + 5_000) // 10_000]
        for end, price in tariff.steps
    ]
    try:
        meter_tariff.check(found)
        if max(up_to_wh for up_to_wh, _ in found) > _WH_MAX:
            raise ValueError(f"tariff: a step must end below {_WH_MAX // 1000} kWh")
    except ValueError as wrong:
        raise Refusal(
            refusal.VALUE, f"A meter that counts money cannot keep this tariff: {wrong}."
        ) from None
    return found


def check_terms(tariff: Tariff) -> None:
    """Raise Refusal when the free units of a tariff cannot go on one token."""
    if tariff.free > MAX_UNITS:
        raise Refusal(refusal.VALUE, f"free_kwh: a token carries {MAX_UNITS / 10} kWh at most.")
    if tariff.free:
        check_exact(tariff.free)


def check_meter(accounting: str, row: VendingKey, tariff: Tariff | None) -> None:
    """Raise Refusal unless a meter can be sold to under the key `row` and by `tariff`."""
    terms = KeyTerms.of(row)
    if not terms.allows(_KINDS[accounting]) and terms.allows(_KINDS[_OTHER[accounting]]):
        raise Refusal(
            refusal.KEY_TYPE,
            f"The key {row.label} makes tokens of {_OTHER[accounting]} only, and this meter "
            f"counts {accounting}.",
        )
    if accounting == MONEY and tariff is not None:
        steps(tariff)
        if tariff.free:
            raise Refusal(
                refusal.VALUE,
                "This tariff gives free kWh, and a meter that counts money cannot take them. "
                "Give such meters a tariff without free_kwh.",
            )


def check_group(keys: Iterable[KeyTerms], tariff: Tariff) -> None:
    """Raise Refusal when no key of a supply group makes what `tariff` sells or gives."""
    keys = list(keys)
    energy = any(terms.allows(kinds.ELECTRICITY) for terms in keys)
    money = any(terms.allows(kinds.ELECTRICITY_CURRENCY) for terms in keys)
    if not (energy or money):
        raise Refusal(
            refusal.KEY_TYPE, "The keys of this supply group make no credit: a tariff is no use."
        )
    if tariff.free and not energy:
        raise Refusal(
            refusal.KEY_TYPE,
            "This tariff gives free kWh, and the keys of this supply group make no tokens of kWh.",
        )
