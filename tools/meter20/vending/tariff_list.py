"""The tariffs of a station: their terms, and who has them. `tariff` works out what they charge."""

import json

from sqlalchemy import Text, bindparam, func, select
from sqlalchemy.orm import Session

from meter20.given_text import Unreadable, json_value
from meter20.vending import fitting, plain_text, refusal
from meter20.vending.fitting import MONEY
from meter20.vending.models import Meter, SupplyGroup, VendingKey
from meter20.vending.models import Tariff as TariffRow
from meter20.vending.plain_sql import Plain
from meter20.vending.refusal import Refusal
from meter20.vending.station import Desk
from meter20.vending.tariff import Tariff
from meter20.vending.vending_key import KeyTerms

# What every sale asks, built once.
_GROUPS_TARIFF = select(SupplyGroup.tariff).where(SupplyGroup.sgc == bindparam("sgc"))
_TERMS_OF = Plain(select(TariffRow.terms).where(
    TariffRow.name == func.coalesce(bindparam("own", type_=Text), _GROUPS_TARIFF.scalar_subquery())
))  # fmt: skip


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
        check_group(desk.session, sgc, tariff, [])
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
    name = ("tariff", sgc, own)
    if name not in session.info:  # once in a transaction
        session.info[name] = _TERMS_OF.row(session.connection(), {"sgc": sgc, "own": own})
    found = session.info[name]
    return Tariff.from_text(found[0]) if found else None


def check_group(session: Session, sgc: str, tariff: Tariff, new_keys: list[KeyTerms]) -> None:
    """Raise Refusal unless `tariff` can be that of a group, and of its meters."""
    rows = list(session.scalars(select(VendingKey).filter_by(sgc=sgc)))
    fitting.check_group([*map(KeyTerms.of, rows), *new_keys], tariff)
    followers = select(Meter).where(Meter.tariff.is_(None), Meter.accounting == MONEY)
    for row in rows:
        if session.scalar(followers.filter_by(vending_key_id=row.id).limit(1)):
            fitting.check_meter(MONEY, row, tariff)


def check_key(session: Session, accounting: str, own: str | None, row: VendingKey) -> None:
    """Raise Refusal unless a meter, with its `own` tariff or the group's, fits the key `row`."""
    fitting.check_meter(accounting, row, _tariff_of(session, own, row.sgc))
