"""The report of a day: how much was sold, and where the audit log and its anchor stand."""

from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from meter20.vending import audit
from meter20.vending.receipt import money
from meter20.vending.slip_seal import SLIPS, TOKENS
from meter20.vending.slips import (
    CREDIT,
    GOOD,
    KEY_CHANGE,
    MANAGE,
    PAYMENT,
    REVERSAL,
    TEST,
    VOID,
)
from meter20.vending.station import Desk, Station

_WORDS = {CREDIT: "sales", PAYMENT: "payments", KEY_CHANGE: "key_changes", MANAGE: "management",
          TEST: "tests", REVERSAL: "reversals"}  # fmt: skip


def of(station: Station, day: datetime | None = None) -> dict:
    """Return the sums of a day in UTC, today without one; money and energy as decimal text.

    A reversal counts as money given back. A sale that became void counts as no energy, and under
    `voids`, too.
    """
    date = f"{day or station.time():%Y-%m-%d}"
    that_day = func.substr(SLIPS.c.issued_at, 1, 10) == date
    sums = (
        SLIPS.c.currency, func.count(), func.sum(SLIPS.c.paid_cents),
    )  # fmt: skip
    with station.looking() as session:
        by_currency = session.execute(select(*sums).where(that_day).group_by(SLIPS.c.currency))
        rows = by_currency.all()
        energy = session.scalar(
            select(func.sum(SLIPS.c.units)).where(that_day, SLIPS.c.state == GOOD)
        )
        kinds, tills = _counts(session, that_day), _tills(session, that_day)
        tokens = session.scalar(
            select(func.count()).select_from(TOKENS.join(SLIPS)).where(that_day)
        )
        head = audit.head_of(session)
    return {
        "station": station.name,
        "day": date,
        "receipts": sum(count for _, count, _ in rows),
        "tokens": tokens,
        **kinds,
        "paid": ", ".join(f"{money(int(cents))} {unit}" for unit, _, cents in rows if unit),
        "kwh": f"{(energy or 0) / 10:.1f}",
        "operators": tills,
        "log": head,
        "anchor": station.anchored(),
        "anchor_file": str(station.anchor),
        "trouble": station.trouble,
    }


def close(desk: Desk, facts: dict) -> None:
    """Enter the sums of a day into the audit log: the operator who closed it stands for them."""
    line = f"{facts['day']}: {facts['receipts']} receipts, {facts['paid'] or 'nothing'} paid"
    desk.module.note(
        desk.session,
        desk.actor,
        "close day",
        "",
        f"{line}, {facts['kwh']} kWh, log {facts['log']}",
    )


def _counts(session: Session, that_day: ColumnElement) -> dict[str, int]:
    """Return how many receipts of each operation there were, and how many became void."""
    query = select(SLIPS.c.operation, func.count()).where(that_day).group_by(SLIPS.c.operation)
    found = {operation: count for operation, count in session.execute(query)}
    voids = select(func.count()).where(that_day, SLIPS.c.state == VOID)
    counts = {words: found.get(operation, 0) for operation, words in _WORDS.items()}
    return counts | {"voids": session.scalar(voids) or 0}


def _tills(session: Session, that_day: ColumnElement) -> str:
    """Return what each operator took, in words."""
    columns = SLIPS.c.actor, SLIPS.c.currency
    query = (
        select(*columns, func.sum(SLIPS.c.paid_cents))
        .where(that_day, SLIPS.c.currency != "")
        .group_by(*columns)
        .order_by(*columns)
    )
    found = session.execute(query).all()
    return "; ".join(f"{actor}: {money(int(cents))} {unit}" for actor, unit, cents in found)
