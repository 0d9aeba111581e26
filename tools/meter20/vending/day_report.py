"""The report of a day: how much was sold, and where the audit log and its anchor stand."""

from datetime import datetime

from sqlalchemy import func, select

from meter20.vending import audit
from meter20.vending.receipt import money
from meter20.vending.slip_seal import SLIPS, TOKENS
from meter20.vending.slips import GOOD
from meter20.vending.station import Station


def of(station: Station, day: datetime | None = None) -> dict:
    """Return the sums of a day in UTC, today without one; money and energy as decimal text.

    A reversal counts as money given back. A sale that became void counts as no energy.
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
        tokens = session.scalar(
            select(func.count()).select_from(TOKENS.join(SLIPS)).where(that_day)
        )
        head = audit.head_of(session)
    return {
        "station": station.name,
        "day": date,
        "receipts": sum(count for _, count, _ in rows),
        "tokens": tokens,
        "paid": ", ".join(f"{money(int(cents))} {unit}" for unit, _, cents in rows if unit),
        "kwh": f"{(energy or 0) / 10:.1f}",
        "log": head,
        "anchor": station.anchored(),
        "anchor_file": str(station.anchor),
        "trouble": station.trouble,
    }
