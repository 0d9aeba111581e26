"""The meters of a station: they are registered and found here, and `meter_edits` changes them.

Source: IEC 62055-41, MeterPAN and DRN.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session
from sts import drn as sts_drn

from meter20.vending import plain_text, refusal, supply_groups, tariff_list
from meter20.vending.books import Books
from meter20.vending.fitting import ENERGY, MONEY
from meter20.vending.kept_rows import KeptRows
from meter20.vending.meter_number import checked_drn
from meter20.vending.models import Meter
from meter20.vending.refusal import Refusal
from meter20.vending.station import Desk
from meter20.vending.station_time import stamp
from meter20.vending.vending_key import KEN_MAX, MeterKey

_ROWS_MAX = (1 << 31) - 1  # in any database
_METER_OF = select(Meter).where(Meter.drn == bindparam("drn"))


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
    key = supply_groups.find_key(desk.session, new.sgc, new.ea, new.krn, new.base_date)
    if new.tariff:
        tariff_list.find_tariff(desk.session, new.tariff)
    tariff_list.check_key(desk.session, new.accounting, new.tariff, key)
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
    meter = _meter(session, drn)
    if meter is None:
        raise Refusal(
            refusal.UNKNOWN,
            f"Meter {drn} is not registered here.",
            f"To register it: `meter20 vend meter add {drn} --sgc ...`.",
        )
    if meter.retired and not retired:
        raise Refusal(
            refusal.STATE, f"Meter {drn} was retired on {meter.retired[:10]}: it is not used."
        )
    return meter


def meters(session: Session, limit: int) -> list[Meter]:
    """Return meters in the order of their registration."""
    return list(session.scalars(select(Meter).order_by(Meter.id).limit(min(limit, _ROWS_MAX))))


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


def fetch_meters(books: Books, numbers: Iterable[str]) -> None:
    """Read many meters at once, for a transaction that will ask `find_meter` for them."""
    books.later(KeptRows).fetch(numbers)


def _meter(session: Session, drn: str) -> Meter | None:
    if isinstance(session, Books):
        return session.later(KeptRows).meter(drn)
    return session.scalar(_METER_OF, {"drn": drn})


def key_of(meter: Meter) -> MeterKey:
    """Return what the key of a meter hangs on, by our books."""
    return MeterKey(meter.drn, meter.pan, meter.ea, meter.ti, meter.ken, meter.vending_key)


def iin_of(drn: str) -> str:
    """Return the issuer identification number (IIN) that goes with a DRN of this length."""
    return "600727" if len(drn) == 11 else "0000"
