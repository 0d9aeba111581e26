"""The register: supply groups with their vending keys, tariffs, and meters.

Source: IEC 62055-41, MeterPAN, DRN and key attributes.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Text, bindparam, func, select
from sqlalchemy.orm import Session
from sts import drn as sts_drn

from meter20.given_text import Unreadable, json_value
from meter20.vending import fitting, plain_text, refusal
from meter20.vending.amounts import PER_UNIT
from meter20.vending.fitting import ENERGY, MONEY
from meter20.vending.models import Meter, SupplyGroup, VendingKey
from meter20.vending.models import Tariff as TariffRow
from meter20.vending.refusal import Refusal
from meter20.vending.sealing import Secret
from meter20.vending.station import Desk
from meter20.vending.station_time import stamp
from meter20.vending.tariff import Tariff
from meter20.vending.vending_key import KEN_MAX, VENDING_KEY_NAMES, KeyTerms, MeterKey

_ROWS_MAX = (1 << 31) - 1  # in any database

# What every sale asks, built once.
_METER_OF = select(Meter).where(Meter.drn == bindparam("drn"))
_GROUPS_TARIFF = select(SupplyGroup.tariff).where(SupplyGroup.sgc == bindparam("sgc"))
_TERMS_OF = select(TariffRow.terms).where(
    TariffRow.name == func.coalesce(bindparam("own", type_=Text), _GROUPS_TARIFF.scalar_subquery())
)


# -- supply groups and tariffs -----------------------------------------------------------------


def add_group(
    desk: Desk, terms: KeyTerms, name: str = "", tariff: str | None = None, key_hex: str = ""
) -> VendingKey:
    """Register a vending key and, the first time, its supply group; random unless `key_hex`."""
    _keep_group(desk.session, terms.sgc, name, tariff, [terms])
    if key_hex:
        return desk.module.load_key(desk.session, terms, key_hex, desk.actor)
    return desk.module.generate_key(desk.session, terms, desk.actor)


def import_groups(desk: Desk, text: str, secret: Secret) -> list[VendingKey]:
    """Register the supply groups of a file that another station exported."""
    rows = desk.module.import_keys(desk.session, text, secret, desk.actor)
    for row in rows:
        _keep_group(desk.session, row.sgc, "", None, [])
    return rows


def _keep_group(
    session: Session, sgc: str, name: str, tariff: str | None, new_keys: list[KeyTerms]
) -> None:
    plain_text.checked(name, "name")
    if tariff:
        _check_group(session, sgc, find_tariff(session, tariff), new_keys)
    group = session.get(SupplyGroup, sgc)
    if group is None:
        session.add(SupplyGroup(sgc=sgc, name=name, tariff=tariff))
        session.flush()
        return
    group.name = name or group.name
    group.tariff = tariff or group.tariff


def _check_group(session: Session, sgc: str, tariff: Tariff, new_keys: list[KeyTerms]) -> None:
    """Raise Refusal unless `tariff` can be that of a group, and of its meters."""
    rows = list(session.scalars(select(VendingKey).filter_by(sgc=sgc)))
    fitting.check_group([*map(KeyTerms.of, rows), *new_keys], tariff)
    followers = select(Meter).where(Meter.tariff.is_(None), Meter.accounting == MONEY)
    for row in rows:
        if session.scalar(followers.filter_by(vending_key_id=row.id).limit(1)):
            fitting.check_meter(MONEY, row, tariff)


def vending_keys(session: Session, sgc: str | None = None) -> list[VendingKey]:
    """Return the vending keys of one supply group or of all, by group.

    Those of a group are in the order of registration; those that were retired are among them.
    """
    if sgc:
        plain_text.checked(sgc, "supply group")
    query = select(VendingKey).order_by(VendingKey.sgc, VendingKey.id)
    rows = list(session.scalars(query.filter_by(sgc=sgc) if sgc else query))
    if sgc and not rows:
        raise Refusal(
            refusal.UNKNOWN,
            f"There is no supply group {sgc}: `meter20 vend group add --sgc {sgc}`.",
        )
    return rows


def find_key(
    session: Session, sgc: str, ea: str, krn: int | None = None, base_date: int | None = None
) -> VendingKey:
    """Return the newest key of a supply group that fits what is given; raises Refusal if none.

    The newest is the one registered last: after KRN 9 comes KRN 1. Retired keys fit nothing.
    """
    fitting = [
        row
        for row in vending_keys(session, sgc)
        if not row.retired
        and row.ea == ea
        and krn in (None, row.krn)
        and base_date in (None, row.base_date)
    ]
    if not fitting:
        wanted = f"EA{ea}" + (f", KRN {krn}" if krn else "")
        wanted += f", base date {base_date}" if base_date else ""
        raise Refusal(refusal.UNKNOWN, f"Supply group {sgc} has no key with {wanted}.")
    return fitting[-1]


def retire_key(desk: Desk, row: VendingKey) -> None:
    """Give a vending key up, so that its KRN can be used again.

    Raises Refusal while a meter holds it by our books: nothing could be sold to that meter.
    """
    held = desk.session.scalar(select(func.count()).where(Meter.vending_key_id == row.id))
    if held:
        holders = "1 meter holds it" if held == 1 else f"{held} meters hold it"
        raise Refusal(
            refusal.STATE,
            f"The key {row.label} is in use: {holders}. Change their keys first: "
            "`meter20 vend key-change METER --krn ...`.",
        )
    desk.module.retire_key(desk.session, row, desk.actor)


def key_facts(session: Session, row: VendingKey) -> dict:
    """Return what may be shown of a vending key and its supply group: everything but the key."""
    group = session.get_one(SupplyGroup, row.sgc)
    return {
        "sgc": row.sgc,
        "name": group.name,
        "tariff": group.tariff,
        "krn": row.krn,
        "type": VENDING_KEY_NAMES[row.kt],
        "ken": row.ken,
        "base_date": row.base_date,
        "dkga": row.dkga,
        "ea": row.ea,
        "kinds": row.kinds,
        "max_token_kwh": _kwh(row.max_token_energy),
        "max_day_kwh": _kwh(row.max_day_energy),
        "max_token_money": _money(row.max_token_currency),
        "max_day_money": _money(row.max_day_currency),
        "check_value": row.check_value,
        "retired": row.retired or None,
    }


def _kwh(limit: int | None) -> str | None:
    return None if limit is None else f"{limit / 10:.1f}"


def _money(limit: int | None) -> str | None:
    return None if limit is None else f"{limit / PER_UNIT:.2f}"


def tariffs(session: Session) -> list[dict]:
    """Return every tariff with its terms."""
    rows = session.scalars(select(TariffRow).order_by(TariffRow.name))
    return [{"name": row.name, "terms": json.loads(row.terms)} for row in rows]


def read_terms(text: str) -> dict:
    """Return the terms of a tariff in JSON, to be checked yet; raises Refusal if it is none."""
    try:
        return json_value(text, parse_float=str)  # as written: 0.00001 is not 1e-05
    except Unreadable as why:
        raise Refusal(refusal.VALUE, f"The text of the tariff {why}.") from None


def keep_tariff(desk: Desk, name: str, terms: dict) -> None:
    """Register a tariff, or replace the terms of one; later purchases follow the new terms."""
    plain_text.checked(name, "name")
    tariff = Tariff.from_terms(terms)
    fitting.check_terms(tariff)
    for sgc in desk.session.scalars(select(SupplyGroup.sgc).filter_by(tariff=name)):
        _check_group(desk.session, sgc, tariff, [])
    own = select(Meter).filter_by(tariff=name, accounting=MONEY).limit(1)
    if meter := desk.session.scalar(own):
        fitting.check_meter(MONEY, meter.vending_key, tariff)
    desk.session.merge(TariffRow(name=name, terms=json.dumps(terms)))
    desk.session.flush()
    desk.module.note(desk.session, desk.actor, "tariff", "", f"terms of {name} set")


def find_tariff(session: Session, name: str) -> Tariff:
    """Return a tariff by name; raises Refusal if there is none."""
    row = session.get(TariffRow, plain_text.checked(name, "tariff"))
    if row is None:
        raise Refusal(
            refusal.UNKNOWN, f"There is no tariff {name!r}: `meter20 vend tariff add` makes one."
        )
    return Tariff.from_text(row.terms)


def tariff_of(session: Session, meter: Meter) -> Tariff | None:
    """Return the tariff of a meter: its own, else that of its supply group, else None."""
    return _tariff_of(session, meter.tariff, meter.vending_key.sgc)


def _tariff_of(session: Session, own: str | None, sgc: str) -> Tariff | None:
    asked = ("tariff", sgc, own)
    if asked not in session.info:  # once in a transaction
        session.info[asked] = session.scalar(_TERMS_OF, {"sgc": sgc, "own": own})
    terms = session.info[asked]
    return Tariff.from_text(terms) if terms else None


def check_key(session: Session, accounting: str, own: str | None, row: VendingKey) -> None:
    """Raise Refusal unless a meter, with its `own` tariff or the group's, fits the key `row`."""
    fitting.check_meter(accounting, row, _tariff_of(session, own, row.sgc))


# -- meters ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NewMeter:
    """A meter to register. number: DRN of 11 or 13 digits, or MeterPAN of 18.

    krn, base_date, ken: None for the newest key of the group and its KEN. debt: cents.
    """

    number: str
    sgc: str
    ti: int = 1
    ea: str = "11"
    krn: int | None = None
    base_date: int | None = None
    ken: int | None = None
    customer: str = ""
    tariff: str | None = None
    accounting: str = ENERGY
    debt: int = 0


def add_meter(desk: Desk, new: NewMeter) -> Meter:
    """Register a meter under a supply group; raises Refusal for a bad number or an unknown key."""
    drn = checked_drn(new.number)
    if desk.session.scalar(select(Meter).filter_by(drn=drn)):
        raise Refusal(refusal.EXISTS, f"Meter {drn} is registered already.")
    if not 0 <= new.ti <= 99 or new.accounting not in (ENERGY, MONEY):
        raise Refusal(
            refusal.VALUE, "A tariff index (TI) is 0 to 99, accounting energy or currency."
        )
    if new.ken is not None and not 0 <= new.ken <= KEN_MAX:
        raise Refusal(refusal.VALUE, f"A key expiry number (KEN) is 0 to {KEN_MAX}.")
    plain_text.checked(new.customer, "customer")
    key = find_key(desk.session, new.sgc, new.ea, new.krn, new.base_date)
    if new.tariff:
        find_tariff(desk.session, new.tariff)
    check_key(desk.session, new.accounting, new.tariff, key)
    floor = desk.module.floor(desk.session, key.base_date)
    meter = Meter(
        drn=drn, iin=iin_of(drn), pan=sts_drn.pan(iin_of(drn), drn), ea=new.ea, ti=new.ti,
        ken=key.ken if new.ken is None else new.ken, vending_key=key,
        accounting=new.accounting, tariff=new.tariff, customer=new.customer,
        base_date=key.base_date, first_tid=floor, last_tid=floor, ahead_tid=0, provisioned=0,
        debt_cents=new.debt, carried_cents=0, free_owed=0,
        period="", period_units=0, period_fixed=False, period_free=False,
        created_at=stamp(desk.now), retired="",
    )  # fmt: skip
    desk.session.add(meter)
    desk.session.flush()
    words = f"registered under {key.label}, TI {meter.ti:02d}, KEN {meter.ken}"
    desk.module.note(desk.session, desk.actor, "register", drn, words)
    return meter


def find_meter(session: Session, number: str, retired: bool = False) -> Meter:
    """Return a registered meter by DRN or MeterPAN; raises Refusal for a bad or unknown number.

    retired: take one that was retired, too, to be looked at.
    """
    drn = checked_drn(number)
    meter = session.info.get(drn) or session.scalar(_METER_OF, {"drn": drn})
    if meter is None:
        raise Refusal(
            refusal.UNKNOWN,
            f"Meter {drn} is not registered here: `meter20 vend meter add {drn} --sgc ...`.",
        )
    if meter.retired and not retired:
        raise Refusal(
            refusal.STATE, f"Meter {drn} was retired on {meter.retired[:10]}: it is not used."
        )
    return meter


def meters(session: Session, limit: int) -> list[Meter]:
    """Return meters in the order of their registration."""
    return list(session.scalars(select(Meter).order_by(Meter.id).limit(min(limit, _ROWS_MAX))))


def meter_facts(meter: Meter) -> dict:
    """Return all that is known of a meter."""
    row = meter.vending_key
    return {
        "drn": meter.drn,
        "pan": meter.pan,
        "iin": meter.iin,
        "sgc": row.sgc,
        "krn": row.krn,
        "kt": row.kt,
        "ti": f"{meter.ti:02d}",
        "ken": meter.ken,
        "ea": meter.ea,
        "dkga": row.dkga,
        "base_date": meter.base_date,
        "customer": meter.customer,
        "accounting": meter.accounting,
        "tariff": meter.tariff,
        "debt": f"{meter.debt_cents / 100:.2f}",
        "carried": f"{meter.carried_cents / 100:.2f}",
        "provisioned": bool(meter.provisioned),
        "last_tid": meter.last_tid,
        "registered": meter.created_at,
        "retired": meter.retired or None,
    }


def fetch_meters(session: Session, numbers: Iterable[str]) -> None:
    """Read many meters at once, for a transaction that will ask `find_meter` for them."""
    query = select(Meter).where(Meter.drn.in_(set(numbers)))
    session.info.update({meter.drn: meter for meter in session.scalars(query)})


def key_of(meter: Meter) -> MeterKey:
    """Return what the key of a meter hangs on, by our books."""
    return MeterKey(meter.drn, meter.pan, meter.ea, meter.ti, meter.ken, meter.vending_key)


def checked_drn(number: str) -> str:
    """Return the DRN in `number` (DRN or MeterPAN, grouped or not); raises Refusal if mistyped."""
    digits = "".join(char for char in number if char not in " -")
    if not digits.isascii() or not digits.isdigit() or len(digits) not in (11, 13, 18):
        raise Refusal(
            refusal.VALUE,
            f"{number!r} is no meter number: a DRN has 11 or 13 digits, a MeterPAN 18.",
        )
    expected = sts_drn.check_digit(digits[:-1])
    if expected != digits[-1]:
        raise Refusal(
            refusal.VALUE,
            f"{digits} has a wrong check digit: after {digits[:-1]} comes {expected}, not "
            f"{digits[-1]}. Look at all digits: any one of them may be mistyped.",
        )
    if len(digits) != 18:
        return digits
    if not sts_drn.pan_ok(digits):
        raise Refusal(
            refusal.VALUE,
            f"{digits} is no MeterPAN: it begins with 600727 or 0000, and the DRN in it ends with "
            "a check digit of its own.",
        )
    return sts_drn.split_pan(digits)[1]


def iin_of(drn: str) -> str:
    """Return the issuer identification number (IIN) that goes with a DRN of this length."""
    return "600727" if len(drn) == 11 else "0000"
