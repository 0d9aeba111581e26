"""Giving a meter another key: key change sets, and the record that a new meter starts from.

A key change takes effect in the books at once, as if its tokens were entered: what is sold next
is under the new key, and the customer enters the set first. A lost set is reprinted; under the
old key it stays good until it was entered.

A new meter starts from a provisioning record. It holds a random initial key (DITK) that nothing
is ever sold under, and comes with the key change set that replaces it: so the key that earns
money never leaves the security module, not even on the way to its own meter. `direct` puts the
meter's working key into the record instead, for demonstrations.

Source: IEC 62055-41, key management, DITK, RO; reference of the service port's `provision`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace
from sqlalchemy import func, select

from meter20.vending import (
    fitting,
    key_change,
    meter_list,
    refusal,
    slips,
    supply_groups,
    tariff_list,
)
from meter20.vending.models import Meter, Slip, Token, VendingKey
from meter20.vending.refusal import Refusal
from meter20.vending.station import Desk
from meter20.vending.token_request import minute
from meter20.vending.vending_key import MeterKey

#: What a meter that holds its initial key says of the attributes that this key does not have.
_NO_SGC, _NO_TI, _FIRST_KRN, _NO_EXPIRY = "000000", "00", 1, 255
_IMP_PER_KWH_MAX, _POWER_LIMIT_MAX_W = 100_000, 18_201_624  # of meter20's meter
_WARNING = (
    "SECRET: holds the decoder key of this one meter in clear. Put it into the meter over a local "
    "line, then destroy this file. TEST KEYS - simulated, not certified."
)


@dataclass(frozen=True)
class NewKey:
    """Where a key change goes; None leaves an attribute as it is.

    sections: tokens of the set, None for the usual number.
    """

    sgc: str | None = None
    krn: int | None = None
    ti: int | None = None
    base_date: int | None = None
    sections: int | None = None


def change_key(desk: Desk, number: str, new: NewKey) -> Slip:
    """Issue the key change set that takes a meter to another key; returns its slip."""
    meter = meter_list.find_meter(desk.session, number)
    if new.ti is not None and not 0 <= new.ti <= 99:
        raise Refusal(refusal.VALUE, "A tariff index (TI) is 0 to 99.")
    row = _target(desk, meter, new)
    tariff_list.check_key(desk.session, meter.accounting, meter.tariff, row)
    before = meter_list.key_of(meter)
    ti = meter.ti if new.ti is None else new.ti
    after = replace(before, ti=ti, ken=row.ken, vending_key=row)
    return _change(desk, meter, before, after, new.sections or key_change.SET_SIZES[meter.ea][0])


def _change(desk: Desk, meter: Meter, before: MeterKey, after: MeterKey, count: int) -> Slip:
    """Issue the set of `count` tokens and enter the change into the books."""
    row = after.vending_key
    now_tid = minute(desk.now, row.base_date)
    tokens = desk.module.key_change(desk.session, before, after, now_tid, count, desk.actor)
    words = key_change.words(before, after, count)
    slip = slips.new_slip(desk, slips.KEY_CHANGE, meter, note=words)
    for position, (kind, digits) in enumerate(tokens, 1):
        slips.add_token(slip, meter, kind, f"key change {position} of {count}", digits)
    if meter.base_date != row.base_date:  # TIDs start again
        floor = desk.module.floor(desk.session, row.base_date)
        meter.base_date, meter.last_tid, meter.first_tid = row.base_date, floor, floor
        meter.ahead_tid = 0
    meter.vending_key, meter.ti, meter.ken = row, after.ti, after.ken
    return slip


def _target(desk: Desk, meter: Meter, new: NewKey) -> VendingKey:
    """Return the vending key that a meter goes to: the newest that fits, else the present one."""
    if new.sgc is None and new.krn is None and new.base_date is None:
        return meter.vending_key
    sgc = new.sgc or meter.vending_key.sgc
    return supply_groups.find_key(desk.session, sgc, meter.ea, new.krn, new.base_date)


@dataclass(frozen=True)
class Factory:
    """What the factory knows about a new meter. manufactured: UTC, None for now."""

    imp_per_kwh: int = 1000
    power_limit_w: int = 0
    manufactured: datetime | None = None


def _check_factory(factory: Factory) -> None:
    """Raise Refusal for what no meter takes: a record is given out once."""
    for name, value, least, most in (
        ("imp_per_kwh", factory.imp_per_kwh, 1, _IMP_PER_KWH_MAX),
        ("power_limit_w", factory.power_limit_w, 0, _POWER_LIMIT_MAX_W),
    ):
        if not least <= value <= most:
            raise Refusal(refusal.VALUE, f"{name}: a meter takes {least} to {most}.")


def _meter_tariff(desk: Desk, meter: Meter) -> dict:
    """Return the tariff for the record of a meter that counts money, {} for one of energy."""
    if meter.accounting != fitting.MONEY:
        return {}
    tariff = tariff_list.tariff_of(desk.session, meter)
    if tariff is None:
        raise Refusal(
            refusal.STATE,
            f"Meter {meter.drn} counts money and has no tariff: it prices energy by the one in "
            "its record. First: meter20 vend tariff add.",
        )
    return {"tariff": fitting.steps(tariff)}


def making(desk: Desk, number: str, again: bool) -> datetime:
    """Return the time of manufacture (UTC) by which a meter takes what it should take.

    The first meter of its number takes the tokens that were sold to it before it had its key. One
    that comes `again`, for a meter that was lost, takes nothing that the lost one may have taken.
    """
    meter = meter_list.find_meter(desk.session, number)
    now = minute(desk.now, meter.base_date)
    sold = select(func.min(Token.tid)).filter_by(meter_id=meter.id, base_date=meter.base_date)
    first = desk.session.scalar(sold)
    made = max(now, meter.last_tid) if again else min(now, (first or now + 1) - 1)
    return datetime(meter.base_date, 1, 1) + timedelta(minutes=made)


def provision(
    desk: Desk, number: str, factory: Factory, direct: bool = False, again: bool = False
) -> tuple[dict, Slip | None]:
    """Return (provisioning record, slip of the key change set that comes with it).

    The record's `request` is what the service port of a meter in factory state takes. Raises
    Refusal for a meter that was provisioned already, unless `again`.
    """
    _check_factory(factory)
    meter = meter_list.find_meter(desk.session, number)
    tariff = _meter_tariff(desk, meter)
    made = minute(factory.manufactured or desk.now, meter.base_date)
    working = meter_list.key_of(meter)
    initial = None if direct else desk.module.keys.initial_key(meter.drn, meter.ea)
    key = replace(working, initial=initial)
    secret = desk.module.provisioning_key(desk.session, key, desk.actor, again)
    first = max(made, desk.module.floor(desk.session, meter.base_date))
    meter.provisioned, meter.first_tid = 1, first
    meter.last_tid = max(meter.last_tid, made)
    row = meter.vending_key
    request = {
        "do": "provision", "drn": meter.drn, "iin": meter.iin,
        "sgc": row.sgc if direct else _NO_SGC,
        "ti": f"{meter.ti:02d}" if direct else _NO_TI,
        "krn": row.krn if direct else _FIRST_KRN,
        "kt": key.kt, "ken": meter.ken if direct else _NO_EXPIRY, "ea": meter.ea,
        "decoder_key": secret, "manufactured": made, "imp_per_kwh": factory.imp_per_kwh,
        "power_limit_w": factory.power_limit_w,
    } | tariff  # fmt: skip
    record = {"format": "meter20 provisioning record 1", "warning": _WARNING, "request": request}
    if direct:
        return record, None
    sections = key_change.SET_SIZES[meter.ea][-1]  # the third of EA07 tells a new meter its SGC
    return record, _change(desk, meter, key, working, sections)
