"""Sales as rows for other programs: JSON, and CSV that a spreadsheet opens. No token is in it."""

import csv
import io
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from meter20.vending.models import Slip
from meter20.vending.receipt import money

COLUMNS = (
    "receipt", "time", "meter", "customer", "operation", "state", "corrects", "corrected_by",
    "kwh", "paid", "currency", "ref", "operator", "tokens",
)  # fmt: skip
#: What a spreadsheet would take for a formula, if a cell began with it.
_FORMULA = ("=", "+", "-", "@", "\t")


def rows(session: Session, first: datetime, last: datetime) -> list[dict]:
    """Return the receipts of the days `first` to `last` in UTC, oldest first."""
    day = func.substr(Slip.issued_at, 1, 10)
    query = (
        select(Slip).where(day >= f"{first:%Y-%m-%d}", day <= f"{last:%Y-%m-%d}").order_by(Slip.id)
    )
    slips = list(session.scalars(query))
    back = corrections(session, slips)
    return [_row(slip, back.get(slip.id)) for slip in slips]


def corrections(session: Session, slips: Iterable[Slip]) -> dict[int, int]:
    """Return {receipt: the reversal that took it back}."""
    numbers = [slip.id for slip in slips]
    query = select(Slip.corrects, Slip.id).where(Slip.corrects.in_(numbers))
    return {sale: back for sale, back in session.execute(query).all() if sale is not None}


def as_csv(found: Iterable[dict]) -> str:
    """Return the rows as CSV (RFC 4180), with the names of the columns first."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    for row in found:
        writer.writerow({name: _cell(name, row[name]) for name in COLUMNS})
    return text.getvalue()


def _row(slip: Slip, corrected_by: int | None) -> dict:
    return {
        "receipt": slip.id,
        "time": slip.issued_at,
        "meter": slip.meter.drn if slip.meter else "",
        "customer": slip.about.get("Customer", ""),
        "operation": slip.operation,
        "state": slip.state,
        "corrects": slip.corrects,
        "corrected_by": corrected_by,
        "kwh": f"{slip.units / 10:.1f}",
        "paid": money(slip.paid_cents),
        "currency": slip.currency,
        "ref": slip.ref or "",
        "operator": slip.actor,
        "tokens": len(slip.tokens),
    }


def _cell(name: str, value: object) -> object:
    """Return a value for a cell: a stranger's text never begins a formula."""
    if value is None:
        return ""
    typed = name in ("customer", "ref", "operator") and str(value).startswith(_FORMULA)
    return f"'{value}" if typed else value
