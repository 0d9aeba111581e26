"""The audit log: what the security module did, in a chain that cannot be edited without trace.

Every entry carries the SHA-256 over the entry before it and its own contents, so that changing,
removing or inserting one breaks the chain from there on. The head (last number and digest) is
authenticated with a key that only the security module has, so that cutting entries off the end,
or writing the whole chain anew, needs the module too. It records who, when, what, for which
meter, which TID and how much - never a key, never the digits of a token.

What this cannot show: that the whole database was put back to an earlier copy of itself. Against
that, note the head (`meter20 vend audit show` prints it) somewhere else and verify against it.
Nor does it bind whoever controls the unlocked process: that needs a module in its own hardware.
"""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.orm import Session

from meter20.vending import refusal
from meter20.vending.books import Books
from meter20.vending.models import AuditEntry, AuditHead, KeyUsage, VendingKey, table
from meter20.vending.refusal import Refusal
from meter20.vending.sealing import Key

_START = "0" * 64
_CHUNK = 2000
_ENTRIES, _HEADS = table(AuditEntry), table(AuditHead)
_FACTS = tuple(column.name for column in _ENTRIES.columns if column.name != "digest")
_HEAD = select(_HEADS.c.seq, _HEADS.c.digest)
_ADD, _BEGIN, _MOVE = insert(_ENTRIES), insert(_HEADS), update(_HEADS)
_TEXT = json.JSONEncoder(separators=(",", ":"))

#: The operation of a token that was issued; all others are administration or refusals.
ISSUE = "issue"
_DAY = "counted for "


@dataclass(frozen=True)
class Report:
    """What verifying found. `broken` is the number of the first bad link, None if all are good."""

    entries: int
    head: str
    broken: int | None = None
    reason: str = ""


class _Tail:
    """The end of the log in one transaction: what is written there at the next flush."""

    def __init__(self, books: Books, key: Key):
        head = books.connection().execute(_HEAD).one_or_none()
        self._key = key
        self._books = books
        self._fresh = head is None
        self._seq, self._digest = head or (0, _START)
        self._rows: list[dict] = []

    def append(self, entry: dict) -> None:
        self._seq += 1
        row = {"seq": self._seq, **entry}
        self._digest = row["digest"] = _digest(self._digest, [row[name] for name in _FACTS])
        self._rows.append(row)

    def write(self, to: Connection) -> None:
        if not self._rows:
            return
        to.execute(_ADD, self._rows)
        head = {"seq": self._seq, "digest": self._digest}
        head["mac"] = _mac(self._key, self._seq, self._digest)
        to.execute(_BEGIN if self._fresh else _MOVE, {"id": 1, **head})
        self._rows, self._fresh = [], False
        self._books.proof = partial(_holds, self._seq, self._digest)


def _holds(seq: int, digest: str, connection: Connection) -> bool:
    """Say whether the log has the entry `seq` with this digest, which no other log has."""
    found = connection.scalar(select(_ENTRIES.c.digest).where(_ENTRIES.c.seq == seq))
    return found == digest


def append(books: Books, key: Key, **entry) -> None:
    """Add an entry, and mac the head with `key`; `entry` has the other columns of `AuditEntry`.

    Part of the caller's transaction: the entry stands if and only if what it tells of stands.
    """
    books.later(_Tail, key).append(entry)


def counted_for(day: str, time: str) -> str:
    """Return the detail of an issue at `time` (UTC) that counts for another `day`, else ""."""
    return "" if day == time[:10] else _DAY + day


def head_of(session: Session) -> str:
    """Return the head as `number:digest`, for a note kept elsewhere."""
    head = session.get(AuditHead, 1)
    return f"{head.seq}:{head.digest}" if head else f"0:{_START}"


def latest(session: Session, limit: int) -> list[dict]:
    """Return the last `limit` entries, the newest last."""
    query = select(AuditEntry).order_by(AuditEntry.seq.desc()).limit(limit)
    rows = [{name: getattr(row, name) for name in _FACTS} for row in session.scalars(query)]
    return rows[::-1]


def line(entry: dict) -> str:
    """Return an entry of `latest` as one line of text."""
    facts = [f"{entry['seq']:>6}", entry["time"], entry["actor"], entry["operation"]]
    facts += [entry[name] for name in ("meter", "supply", "kind", "detail") if entry[name]]
    facts += [f"{name} {entry[name]}" for name in ("tid", "amount") if entry[name] is not None]
    return "  ".join(facts)


def verify(session: Session, key: Key | None = None, noted: str | None = None) -> Report:
    """Walk the chain and say where it first breaks.

    key: the module's mac key; without it the head is not checked, and an end that was cut off
    goes unseen. noted: a head noted earlier (`number:digest`), which must still be in the chain.
    """
    noted_seq, noted_digest = _split(noted)
    last, seq, tally = _START, 0, {}
    every = select(_ENTRIES).order_by(_ENTRIES.c.seq).execution_options(yield_per=_CHUNK)
    rows = session.execute(every)
    for row in rows:
        seq += 1
        if row.seq != seq:
            return Report(seq - 1, last, seq, f"entry {seq} is missing")
        if row.digest != _digest(last, row[:-1]):
            return Report(
                seq - 1, last, seq, f"entry {seq} was changed, or the one before it replaced"
            )
        last = row.digest
        _add(tally, row)
        if seq == noted_seq and last != noted_digest:
            return Report(
                seq, last, seq, f"entry {seq} is not the one noted: the log was rewritten"
            )
    if noted_seq > seq:
        return Report(
            seq, last, seq + 1, f"entries {seq + 1} to {noted_seq}, noted earlier, are gone"
        )
    return _against_head(session, key, seq, last, tally)


def _against_head(session: Session, key: Key | None, seq: int, last: str, tally: dict) -> Report:
    head = session.get(AuditHead, 1)
    if head is None:
        return Report(seq, last, 1, "the head of the log is gone")
    if (head.seq, head.digest) != (seq, last):
        return Report(seq, last, seq + 1, f"the log ends at {seq}, its head says {head.seq}")
    if key is not None and not hmac.compare_digest(head.mac, _mac(key, seq, last)):
        return Report(seq, last, seq, "the head was not made by this security module")
    if words := _against_usage(session, tally):
        return Report(seq, last, seq, words)
    return Report(seq, f"{seq}:{last}")


def _against_usage(session: Session, tally: dict) -> str | None:
    """Return which day counter says less than the log, None if none does.

    The daily limits are held against `KeyUsage`: lowering a counter to get round one shows here.
    """
    rows = session.execute(select(KeyUsage, VendingKey).join(VendingKey))
    counted = {(key.label, use.day): (use.energy, use.currency) for use, key in rows}
    for (supply, day), issued in tally.items():
        if counted.get((supply, day)) != issued:
            return f"the day counter of {supply} for {day} is not what the log says was issued"
    return None


def _add(tally: dict, row: Row) -> None:
    """Add what `row` says was issued to the sums (energy, currency) of its key and day."""
    if row.operation != ISSUE or not row.supply:
        return
    day = row.detail.removeprefix(_DAY) if row.detail.startswith(_DAY) else row.time[:10]
    energy, currency = tally.get((row.supply, day), (0, 0))
    if row.kind.endswith("_currency"):
        currency += max(row.amount or 0, 0)
    else:
        energy += row.amount or 0
    tally[(row.supply, day)] = energy, currency


def _digest(before: str, facts: Sequence) -> str:
    """Return the digest of an entry after one with digest `before`: one text, one meaning.

    facts: its columns in the order of the table, without the digest.
    """
    return hashlib.sha256(_TEXT.encode([before, *facts]).encode()).hexdigest()


def _mac(key: Key, seq: int, digest: str) -> str:
    return hmac.new(key.octets, f"{seq}:{digest}".encode(), hashlib.sha256).hexdigest()


def _split(noted: str | None) -> tuple[int, str]:
    seq, _, digest = (noted or "0:").partition(":")
    if not (seq.isascii() and seq.isdigit()):
        raise Refusal(refusal.VALUE, "A noted head is number:digest, as `audit show` prints it.")
    return int(seq), digest
