"""Supply groups with their vending keys.

Source: IEC 62055-41, supply group code and key attributes.
"""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from meter20.vending import plain_text, refusal, tariff_list
from meter20.vending.amounts import PER_UNIT
from meter20.vending.models import Meter, SupplyGroup, VendingKey
from meter20.vending.refusal import Refusal
from meter20.vending.sealing import Secret
from meter20.vending.station import Desk
from meter20.vending.vending_key import VENDING_KEY_NAMES, KeyTerms


def add_group(
    desk: Desk, terms: KeyTerms, name: str = "", tariff: str | None = None, key_hex: str = ""
) -> VendingKey:
    """Register a vending key and, the first time, its supply group; random unless `key_hex`."""
    _keep_group(desk.session, terms.sgc, name, tariff, [terms])
    if key_hex:
        return desk.module.keys.load_key(desk.session, terms, key_hex, desk.actor)
    return desk.module.keys.generate_key(desk.session, terms, desk.actor)


def import_groups(desk: Desk, text: str, secret: Secret) -> list[VendingKey]:
    """Register the supply groups of a file that another station exported."""
    rows = desk.module.keys.import_keys(desk.session, text, secret, desk.actor)
    for row in rows:
        _keep_group(desk.session, row.sgc, "", None, [])
    return rows


def _keep_group(
    session: Session, sgc: str, name: str, tariff: str | None, new_keys: list[KeyTerms]
) -> None:
    plain_text.checked(name, "name")
    if tariff:
        tariff_list.check_group(session, sgc, tariff_list.find_tariff(session, tariff), new_keys)
    group = session.get(SupplyGroup, sgc)
    if group is None:
        session.add(SupplyGroup(sgc=sgc, name=name, tariff=tariff))
        session.flush()
        return
    group.name = name or group.name
    group.tariff = tariff or group.tariff


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
        which = f"EA{ea}" + (f", KRN {krn}" if krn else "")
        which += f", base date {base_date}" if base_date else ""
        raise Refusal(refusal.UNKNOWN, f"Supply group {sgc} has no key with {which}.")
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
    desk.module.keys.retire_key(desk.session, row, desk.actor)


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
