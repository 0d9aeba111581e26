"""The audit log: what the security module did, in a chain that cannot be edited without trace.

Every entry carries the SHA-256 over the entry before it and its own contents, so that changing,
removing or inserting one breaks the chain from there on. The head (`log_head`) is authenticated
with a key that only the security module has, so that cutting entries off the end, or writing
the whole chain again, needs the module too; and it is looked at before each transaction adds to
the log. It records who, when, what, for which meter, which TID and how much - never a key,
never the digits of a token. Each receipt is bound into it with its tokens (`slip_seal`).

`audit_walk` verifies the log. The `anchor`, or a head noted elsewhere, shows that the whole
database was put back to an earlier copy. Nothing binds somebody who controls the unlocked
process: that needs a module in its own hardware.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from msgspec.structs import replace
from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.orm import Session

from meter20.vending.books import Books
from meter20.vending.log_head import (
    ENTRIES,
    FACTS,
    HEADS,
    START,
    Head,
    digest,
    facts_of,
    sound,
)
from meter20.vending.models import AuditEntry, AuditHead
from meter20.vending.plain_sql import Plain
from meter20.vending.sealing import Key
from meter20.vending.station_time import stamp

_ADD, _MOVE = Plain(insert(ENTRIES)), Plain(update(HEADS))

#: The operation of a token that was issued.
ISSUE = "issue"
#: The operation of a receipt bound with its tokens; the last one for a receipt holds.
RECEIPT = "receipt"
#: The operation that says what a day counter is, where the log was not whole.
COUNTER = "day counter"
_DAY = "counted for "


class Tail:
    """The end of the log in one transaction: what is written there at the next flush.

    minute, slips, condemned: as in `Head`, for the transaction to raise. anchored: what the
    head will say of the anchor. time: of its entries, if they have no other.
    """

    last = True  # what waits besides adds to the log while it is written

    def __init__(self, books: Books, key: Key, clock: Callable[[], datetime]):
        """Begin at the end of the log; raises Refusal unless it is whole there."""
        self._key, self.time = key, stamp(clock())
        self._books = books
        self.head = sound(books.connection(), key)
        self.minute, self.slips = self.head.minute or 0, self.head.slips or 0
        self.condemned, self.anchored = False, True
        self._seq, self._digest = self.head.seq, self.head.digest
        self._rows: list[dict] = []

    def append(self, actor: str, operation: str, **facts) -> None:
        """Add an entry with these facts, columns of `AuditEntry`; the others say nothing."""
        self._seq += 1
        entry = {
            "seq": self._seq, "time": self.time, "actor": actor, "operation": operation,
            "meter": "", "supply": "", "kind": "", "tid": None, "amount": None, "detail": "",
            **facts,
        }  # fmt: skip
        entry["digest"] = self._digest = digest(self._digest, facts_of(entry))
        self._rows.append(entry)

    def write(self, to: Connection) -> None:
        """Write the entries that came since the last time, and move the head."""
        if not self._rows:
            return
        _ADD.run(to, self._rows)
        self.head = Head(
            self._seq, self._digest, self.minute, self.slips, self.head.floor, self.anchored,
            self.condemned,
        )  # fmt: skip
        _MOVE.run(to, [self.head.row(self._key)])
        self._rows = []
        self._books.proof = partial(holds, self._seq, self._digest)


def holds(seq: int, said: str, connection: Connection) -> bool:
    """Say whether the log has the entry `seq` with this digest, which no other log has."""
    found = connection.scalar(select(ENTRIES.c.digest).where(ENTRIES.c.seq == seq))
    return found == said


def begin(connection: Connection, key: Key) -> None:
    """Write the head of an empty log: of a new station only, in the transaction that makes it."""
    connection.execute(insert(HEADS), Head(0, START).row(key))


def renew(connection: Connection, key: Key, head: Head) -> None:
    """Write `head` again, which is that of an older meter20."""
    _MOVE.run(connection, [replace(head, minute=0, slips=0, floor=0).row(key)])


def restart(connection: Connection, key: Key, head: Head, running: str, entry: dict) -> str:
    """Go on behind a log that is not whole: add `entry`, and a head to match; return its digest.

    head: what the new head says; its `seq` is the number of the entry. running: the digest over
    all entries as they were found, which the new one binds from now on.
    """
    row = {"seq": head.seq, **entry}
    row["digest"] = digest(running, facts_of(row))
    _ADD.run(connection, [row])
    connection.execute(HEADS.delete())
    connection.execute(insert(HEADS), replace(head, digest=row["digest"]).row(key))
    return row["digest"]


def counted_for(day: str, time: str) -> str:
    """Return the detail of an issue at `time` (UTC) that counts for another `day`, else ""."""
    return "" if day == time[:10] else _DAY + day


def day_of(entry: Row) -> str:
    """Return the day that an issue counts for."""
    said = entry.detail
    return said.removeprefix(_DAY) if said.startswith(_DAY) else entry.time[:10]


def head_of(session: Session) -> str:
    """Return the head as `number:digest`, for a note kept elsewhere."""
    head = session.get(AuditHead, 1)
    return f"{head.seq}:{head.digest}" if head else f"0:{START}"


def latest(session: Session, limit: int) -> list[dict]:
    """Return the last `limit` entries, the newest last."""
    query = select(AuditEntry).order_by(AuditEntry.seq.desc()).limit(limit)
    rows = [{name: getattr(row, name) for name in FACTS} for row in session.scalars(query)]
    return rows[::-1]


def line(entry: dict) -> str:
    """Return an entry of `latest` as one line of text."""
    facts = [f"{entry['seq']:>6}", entry["time"], entry["actor"], entry["operation"]]
    facts += [entry[name] for name in ("meter", "supply", "kind", "detail") if entry[name]]
    facts += [f"{name} {entry[name]}" for name in ("tid", "amount") if entry[name] is not None]
    return "  ".join(facts)
