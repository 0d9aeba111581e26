"""The head of the audit log: where the log ends, under a code that only the security module makes.

Besides the last number and digest it holds what must never run back and what a new transaction
has to know at once, without a walk along the log: the highest minute that any token was given,
the number of the last receipt, and the minute below which no token may be made any more.

`sound` holds the head, and the last entry, against each other before the log is extended. It
costs one statement, however long the log is.
"""

import hashlib
import hmac
from collections.abc import Sequence
from operator import itemgetter

from msgspec import Struct
from sqlalchemy import Connection, select, text

from meter20.vending import exact_json, refusal
from meter20.vending.models import AuditEntry, AuditHead, table
from meter20.vending.plain_sql import Plain
from meter20.vending.refusal import Refusal
from meter20.vending.sealing import Key

START = "0" * 64
ENTRIES, HEADS = table(AuditEntry), table(AuditHead)
FACTS = tuple(column.name for column in ENTRIES.columns if column.name != "digest")
#: Gives the facts of an entry, in their order.
facts_of = itemgetter(*FACTS)
#: Operations that go on from a log that was not whole, or was put back; see `audit.restart`.
ACCEPT, RESTORE = "accept break", "restore"
RESTARTS = (ACCEPT, RESTORE)
#: What is wrong with a log in which verifying found a break that nobody accepted yet.
CONDEMNED = "a break was found in it"

_HEAD = (
    HEADS.c.seq, HEADS.c.digest, HEADS.c.minute, HEADS.c.slips, HEADS.c.floor, HEADS.c.anchored,
    HEADS.c.condemned,
)  # fmt: skip
_READ = Plain(text(
    "SELECT h.mac, b.digest, "
    + ", ".join(f"h.{column.name}" for column in _HEAD)
    + ", "
    + ", ".join(f"e.{column.name}" for column in ENTRIES.columns)
    + " FROM audit_head h"
    " LEFT JOIN audit_entry e ON e.seq = (SELECT max(seq) FROM audit_entry)"
    " LEFT JOIN audit_entry b ON b.seq = e.seq - 1"
    " WHERE h.id = 1"
))  # fmt: skip


class Head(Struct, frozen=True):
    """The end of a log. minute, floor: since 1993, of every base date. slips: the last receipt.

    minute is None in a log to which no receipts were bound yet (`old`). anchored: an anchor
    stands outside of the database. condemned: verifying found a break that nobody accepted yet.
    """

    seq: int
    digest: str
    minute: int | None = 0
    slips: int | None = 0
    floor: int | None = 0
    anchored: bool | None = False
    condemned: bool | None = False

    @property
    def old(self) -> bool:
        """Say whether an older meter20 wrote this head, and none since."""
        return self.minute is None

    def facts(self) -> dict:
        """Return the columns of the head."""
        return {
            "seq": self.seq, "digest": self.digest, "minute": self.minute, "slips": self.slips,
            "floor": self.floor, "anchored": self.anchored, "condemned": self.condemned,
        }  # fmt: skip

    def mac(self, key: Key) -> str:
        """Return the code that only the holder of `key` can make for this head."""
        said = f"{self.seq}:{self.digest}"
        if not self.old:
            said += f":{self.minute}:{self.slips}:{self.floor}"
            said += f":{int(bool(self.anchored))}:{int(bool(self.condemned))}"
        return key.mac(said.encode()).hex()

    def row(self, key: Key) -> dict:
        """Return the row of `AuditHead` for this head."""
        return {"id": 1, **self.facts(), "mac": self.mac(key)}


def digest(before: str, facts: Sequence) -> str:
    """Return the digest of an entry after one with digest `before`: one text, one meaning.

    facts: its columns in the order of the table, without the digest.
    """
    return hashlib.sha256(exact_json.written([before, *facts])).hexdigest()


def authentic(connection: Connection, key: Key) -> Head | None:
    """Return the head if the holder of `key` made it, whatever has become of the log."""
    found = connection.execute(select(HEADS.c.mac, *_HEAD).where(HEADS.c.id == 1)).one_or_none()
    if found is None:
        return None
    head = Head(*found[1:])
    return head if hmac.compare_digest(found[0], head.mac(key)) else None


def looked_at(connection: Connection, key: Key) -> tuple[Head | None, str]:
    """Return (head, what is wrong with it, or with the last entry; empty if nothing is)."""
    found = _READ.row(connection, {})
    if found is None:
        return None, "the head of the log is gone"
    mac, before, head, last = found[0], found[1], Head(*found[2:9]), found[9:]
    if not hmac.compare_digest(mac, head.mac(key)):
        return head, "the head was not made by this security module"
    return head, _wrong_end(head, before, last)


def _wrong_end(head: Head, before: str | None, last: Sequence) -> str:
    """Return what is wrong with the `last` entry, which follows one with the digest `before`."""
    seq, operation, said = last[0] or 0, last[3], last[-1] or START
    if (seq, said) != (head.seq, head.digest):
        return f"the log ends at {seq}, its head says {head.seq}"
    if seq and operation not in RESTARTS and digest(before or START, last[:-1]) != said:
        return f"entry {seq} was changed, or the one before it replaced"
    return ""


def sound(connection: Connection, key: Key) -> Head:
    """Return the head of a log that may be extended; raises Refusal if this one may not."""
    head, wrong = looked_at(connection, key)
    if not wrong and head is not None:
        if head.condemned:
            wrong = CONDEMNED
        elif head.old:
            wrong = "its head is of an older meter20"
    if wrong or head is None:
        raise broken(wrong)
    return head


def broken(words: str) -> Refusal:
    """Return the refusal to go on with a log of which `words` say what is wrong."""
    return Refusal(
        refusal.BROKEN,
        f"The audit log is broken: {words}. Nothing is issued until somebody has looked "
        "(`meter20 vend audit verify`) and answers for going on "
        '(`meter20 vend audit accept --reason "..."`).',
    )
