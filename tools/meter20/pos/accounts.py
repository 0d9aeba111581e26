"""Merchants' accounts: what each owes for what was sold, and the settlement list of a day.

A sale owes its price from its commit on. A token that left cannot be called back: a reversal is
an entry that shows, and the debt stays. Only an operator who knows that nobody saw the digits
makes a sale void (`meter20 vend reverse --undelivered`), and then nothing is owed for it.
"""

from collections import defaultdict

from sqlalchemy import select
from sqlalchemy.orm import Session

from meter20.vending import refusal
from meter20.vending.models import Slip
from meter20.vending.pos_models import PosClient, PosEntry
from meter20.vending.receipt import money
from meter20.vending.refusal import Refusal
from meter20.vending.slips import VOID
from meter20.vending.station import Desk
from meter20.vending.station_time import stamp

SALE, CONFIRMATION, REVERSAL = "sale", "confirmation", "reversal"
LEFT = "reversed, the token had left"


def enter(desk: Desk, client: PosClient, kind: str, purchase: str, slip: Slip, note: str = ""):
    """Enter a sale, which owes its price, or an advice about it, which changes nothing."""
    desk.session.add(
        PosEntry(
            account=client.account, client_id=client.id, kind=kind, purchase=purchase,
            slip_id=slip.id, made_at=stamp(desk.now), note=note,
            cents=slip.paid_cents if kind == SALE else 0,
        )
    )  # fmt: skip


def settlement(session: Session, account: str | None = None, day: str | None = None) -> list[dict]:
    """Return the sales of one account or of all, of a day (UTC) or of all days, in order.

    `owed` is what the merchant owes for it: the price, or nothing if the sale is void. day:
    2026-03-10. Raises Refusal for an account that no client has.
    """
    if account and session.scalar(select(PosClient.id).filter_by(account=account)) is None:
        raise Refusal(refusal.UNKNOWN, f"There is no merchant account {account}.")
    query = (
        select(PosEntry, Slip).join(Slip, Slip.id == PosEntry.slip_id)
        .filter(PosEntry.kind == SALE).order_by(PosEntry.id)
    )  # fmt: skip
    if account:
        query = query.filter(PosEntry.account == account)
    if day:
        query = query.filter(PosEntry.made_at.startswith(day))
    rows = session.execute(query).all()
    advised = _advised(session, [entry.slip_id for entry, _ in rows])
    return [_row(entry, slip, advised[entry.slip_id]) for entry, slip in rows]


def _advised(session: Session, slips: list[int]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    for start in range(0, len(slips), 500):
        some = PosEntry.slip_id.in_(slips[start : start + 500])
        for number, kind in session.execute(select(PosEntry.slip_id, PosEntry.kind).where(some)):
            found[number].add(kind)
    return found


def _row(entry: PosEntry, slip: Slip, advised: set[str]) -> dict:
    state = "confirmed" if CONFIRMATION in advised else "open"
    if REVERSAL in advised:
        state = LEFT
    if slip.state == VOID:
        state = "void"
    return {
        "account": entry.account, "time": entry.made_at, "client": entry.client_id,
        "purchase": entry.purchase, "receipt": slip.id, "meter": slip.about.get("Meter", ""),
        "currency": slip.currency, "paid": money(entry.cents), "state": state,
        "owed": money(0 if slip.state == VOID else entry.cents),
    }  # fmt: skip


def sums(rows: list[dict]) -> list[dict]:
    """Return what each account owes, by currency, for the rows of a settlement list."""
    cents: dict[tuple[str, str], int] = defaultdict(int)
    for row in rows:
        cents[row["account"], row["currency"]] += int(row["owed"].replace(".", ""))
    return [
        {"account": account, "currency": currency, "owed": money(owed)}
        for (account, currency), owed in sorted(cents.items())
    ]
