"""Slips: receipts on their way into the books, each bound into the audit log with its tokens.

A slip takes the number after the last one that the head of the log knows, so that a number that
was given out never comes again, whatever was deleted from the table.
"""

from sqlalchemy import Connection, insert

from meter20.vending.books import Books, untracked
from meter20.vending.models import Meter, Slip, Token
from meter20.vending.plain_sql import Plain
from meter20.vending.security_module import SecurityModule
from meter20.vending.slip_seal import SLIPS, TOKEN_FACTS, TOKENS, facts_of
from meter20.vending.station import Desk

CREDIT, MANAGE, TEST, KEY_CHANGE, REVERSAL = "credit", "manage", "test", "key change", "reversal"
PAYMENT = "payment"
GOOD, VOID = "good", "void"
ZONE, REHEARSAL = "Zone", "Rehearsal"
_ADD_SLIPS = Plain(insert(SLIPS))
_ADD_TOKENS = Plain(insert(TOKENS), (*TOKEN_FACTS, "slip_id"))


class _Slips:
    """Slips with their tokens that wait for the next flush."""

    last = False

    def __init__(self, books: Books, module: SecurityModule):
        self._books, self._module = books, module
        self.waiting: list[Slip] = []

    def write(self, to: Connection) -> None:
        if not self.waiting:
            return
        new = [(vars(slip), [vars(token) for token in slip.tokens]) for slip in self.waiting]
        self._module.bind_new(self._books, new)
        _ADD_SLIPS.run(to, [slip for slip, _ in new])
        tokens = [token | {"slip_id": slip["id"]} for slip, its in new for token in its]
        if tokens:  # a reversal has none
            _ADD_TOKENS.run(to, tokens)
        self.waiting = []


def bind(books: Books, module: SecurityModule, slip: Slip, actor: str) -> None:
    """Bind a slip that has its number as it is now; again after each change that was meant."""
    slip.seal = module.bind(books, *facts_of(slip), actor)


def new_slip(desk: Desk, operation: str, meter: Meter | None, **more) -> Slip:
    """Return a new slip, which gets its number when the session is flushed."""
    facts = {
        "ref": None, "asked": None, "currency": "", "paid_cents": 0, "units": 0, "lines": [],
        "typed": None, "undo": {}, "note": "", "corrects": None, "operation": operation,
        "meter": meter, "meter_id": meter.id if meter else None, "about": _about(desk, meter),
        "issued_at": desk.issued_at, "actor": desk.actor, "state": GOOD, "prints": 1,
        "tokens": [], "id": None, "seal": None, **more,
    }  # fmt: skip
    slip = untracked(Slip, facts)
    desk.session.later(_Slips, desk.module).waiting.append(slip)
    return slip


def _about(desk: Desk, meter: Meter | None) -> dict[str, str]:
    """Return what a customer can compare with the meter before typing; nothing secret.

    ZONE and REHEARSAL, of the station, are rows of their own on a receipt.
    """
    about = {"Meter": "any"}
    if meter is not None:
        row = meter.vending_key
        about = {
            "Meter": meter.drn,
            "SGC": row.sgc,
            "KRN": str(row.krn),
            "TI": str(meter.ti).zfill(2),
        }
        if meter.customer:
            about["Customer"] = meter.customer
    about[ZONE] = desk.zone
    if desk.rehearsal:
        about[REHEARSAL] = "yes"
    return about


def add_token(slip: Slip, meter: Meter | None, kind: str, label: str, digits: str,
              tid: int | None = None) -> None:  # fmt: skip
    """Put an issued token on a slip."""
    facts = {
        "meter_id": meter.id if meter else None, "tid": tid, "kind": kind, "label": label,
        "base_date": meter.base_date if meter and tid is not None else None, "digits": digits,
        "position": len(slip.tokens) + 1,
    }  # fmt: skip
    slip.tokens.append(untracked(Token, facts))
