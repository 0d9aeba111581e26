"""Verifying the audit log: a walk along all of it, and over the books that it vouches for.

The walk computes each digest from the entries as they stand, on from the first break too. So an
entry that accepts a break (`log_head.RESTARTS`) binds what was found there, and what is changed
in it later is a new break.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Row, func, select
from sqlalchemy.orm import Session

from meter20.vending import log_head, refusal, slip_seal, tid_clock
from meter20.vending.audit import COUNTER, ISSUE, RECEIPT, day_of
from meter20.vending.log_head import ENTRIES, RESTARTS, START, digest
from meter20.vending.models import KeyUsage, VendingKey
from meter20.vending.refusal import Refusal
from meter20.vending.sealing import Key
from meter20.vending.slip_seal import SLIPS, TOKENS

_CHUNK = 2000
#: Entries that are walked at each opening: all of a small log, and a bounded time for a large one.
RECENT = 1000
GONE = "gone"
_CLOCK_STEP_S = 60  # two tills and a synchronised clock differ by less
_NAMED = 20
_YEARS = tuple(map(str, tid_clock.BASE_YEARS))
_EVERY = select(ENTRIES).order_by(ENTRIES.c.seq)
_YEAR_AT = func.length(ENTRIES.c.supply) - 3


@dataclass(frozen=True)
class Report:
    """What verifying found.

    broken, reason: the first finding, as the number of an entry and words; None and empty if all
    is whole. findings: all of them. accepted: entries that accepted a break, as lines of text.
    clock: where the clock ran back. slips: receipts that are not as the log says, and what is
    wrong. counters: (supply, day) whose day counter is not what the log says.
    """

    entries: int
    head: str
    broken: int | None = None
    reason: str = ""
    findings: list[str] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    clock: list[str] = field(default_factory=list)
    slips: dict[int, str] = field(default_factory=dict)
    counters: list[tuple[str, str]] = field(default_factory=list)
    running: str = field(default=START, repr=False)
    minute: int = 0

    def words(self) -> str:
        """Return the report for people."""
        past = [f"An operator went on: {line}." for line in self.accepted]
        steps = [f"The clock ran back: {line}." for line in self.clock]
        if self.broken is None:
            since = f" since entry {self.accepted[-1].split(' ')[1]}" if self.accepted else ""
            whole = f"The log is whole{since}: {self.entries} entries, head {self.head}."
            return "\n".join([whole, *past, *steps])
        return "\n".join([*(f"BROKEN at {line}." for line in self.findings), *past, *steps])

    def data(self) -> dict:
        """Return the report for programs."""
        names = ("entries", "head", "broken", "reason", "findings", "accepted", "clock")
        return {name: getattr(self, name) for name in names}


class _Walk:
    """What a walk along the chain has seen so far."""

    def __init__(self, noted: tuple[int, str]):
        self.noted = noted
        self.running, self.last, self.seq, self.entries = START, START, 0, 0
        self.pending: tuple[int, str] | None = None  # a break that nobody accepted
        self.rewritten: tuple[int, str] | None = None  # what was noted is not there
        self.since = 0
        self.accepted: list[str] = []
        self.clock: list[str] = []
        self.usage: dict[tuple[str, str], tuple[int, int]] = {}
        self.receipts: dict[int, tuple[int, str]] = {}  # number: (entry, seal)
        self.minute = 0
        self._time = ""

    def along(self, session: Session) -> "_Walk":
        for row in session.execute(_EVERY.execution_options(yield_per=_CHUNK)):
            self._link(row)
            self._note(row)
            self.last, self.seq, self.entries = row.digest, row.seq, self.entries + 1
        seq, _ = self.noted
        if seq > self.seq:
            words = f"entries {self.seq + 1} to {seq}, noted earlier, are gone"
            self.rewritten = (self.seq + 1, words)
        return self

    def _link(self, row: Row) -> None:
        """Hold the entry against the one before."""
        expected = self.seq + 1
        self.running = digest(self.running, row[:-1])
        good = row.digest == self.running
        if good and row.operation in RESTARTS:
            self.pending, self.since = None, row.seq
            self.accepted.append(f"entry {row.seq} at {row.time} by {row.actor}: {row.detail}")
        elif self.pending is None and row.seq != expected:
            self.pending = expected, f"entry {expected} is missing"
        elif self.pending is None and not good:
            words = f"entry {row.seq} was changed, or the one before it replaced"
            self.pending = row.seq, words
        if row.seq == self.noted[0] and row.digest != self.noted[1]:
            words = f"entry {row.seq} is not the one noted: the log was rewritten"
            self.rewritten = row.seq, words

    def _note(self, row: Row) -> None:
        """Keep what the entry tells of the books."""
        if _ran_back(self._time, row.time) and len(self.clock) < _NAMED:
            self.clock.append(f"entry {row.seq}: from {self._time} to {row.time}")
        self._time = row.time
        of_key = row.supply, day_of(row)
        if row.operation == ISSUE and row.supply:
            energy, currency = self.usage.get(of_key, (0, 0))
            if row.kind.endswith("_currency"):
                currency += max(row.amount or 0, 0)
            else:
                energy += row.amount or 0
            self.usage[of_key] = energy, currency
            if row.tid is not None:
                self.minute = max(self.minute, minute_of(row.supply, row.tid))
        elif row.operation == COUNTER:
            day, energy, currency = row.detail.split(" ")
            self.usage[row.supply, day] = int(energy), int(currency)
        elif row.operation == RECEIPT:
            number, said = row.detail.split(" ")[1:3]
            self.receipts[int(number)] = row.seq, said


def minute_of(supply: str, tid: int) -> int:
    """Return the minute since 1993 of a TID under the key with the label `supply`."""
    year = supply[-4:]
    return tid_clock.minute(tid, int(year)) if year in _YEARS else 0


def verify(session: Session, key: Key | None = None, noted: str | None = None) -> Report:
    """Walk the chain and the books, and say what does not agree.

    key: the module's key for the log; without it the head is not checked, and an end that was cut
    off goes unseen, as do receipts that were changed. noted: a head noted earlier
    (`number:digest`), which must still be in the chain.
    """
    try:
        walk = _Walk(_split(noted)).along(session)
    except ValueError:  # an entry of a kind that this module writes, in words that it does not
        raise Refusal(refusal.ALTERED, "The audit log holds what no meter20 wrote.") from None
    found = [each for each in (walk.pending, walk.rewritten) if each]
    head_wrong = _against_head(session, key, walk)
    found += head_wrong
    counters = _counters(session, walk)
    found += [
        (walk.seq, f"the day counter of {supply} for {day} is not what the log says was issued")
        for supply, day in counters
    ]
    found += _twice(session, walk)
    slips: dict[int, str] = {}
    if key is not None and not _is_old(session):
        slips = dict(_slips(session, slip_seal.key_of(key), walk))
        at = {number: walk.receipts.get(number, (walk.seq, ""))[0] for number in slips}
        found += [(at[number], f"receipt {number} {words}") for number, words in slips.items()]
    first = found[0] if found else (None, "")
    return Report(
        walk.entries, f"{walk.seq}:{walk.last}", *first,
        [f"entry {at}: {words}" for at, words in found], walk.accepted, walk.clock, slips,
        counters, walk.running, walk.minute,
    )  # fmt: skip


def _is_old(session: Session) -> bool:
    """Say whether receipts are not bound into this log yet."""
    head = session.execute(select(log_head.HEADS.c.minute)).one_or_none()
    return head is not None and head.minute is None


def _against_head(session: Session, key: Key | None, walk: _Walk) -> list[tuple[int, str]]:
    heads = log_head.HEADS
    head = session.execute(select(heads).where(heads.c.id == 1)).one_or_none()
    if head is None:
        return [(1, "the head of the log is gone")]
    if (head.seq, head.digest) != (walk.seq, walk.last):
        return [(walk.seq + 1, f"the log ends at {walk.seq}, its head says {head.seq}")]
    if key is not None and log_head.authentic(session.connection(), key) is None:
        return [(walk.seq, "the head was not made by this security module")]
    return []


def _counters(session: Session, walk: _Walk) -> list[tuple[str, str]]:
    """Return which day counters are not what the log says.

    The daily limits are held against `KeyUsage`: lowering a counter to get round one shows here.
    """
    rows = session.execute(select(KeyUsage, VendingKey).join(VendingKey))
    counted = {(key.label, use.day): (use.energy, use.currency) for use, key in rows}
    return [
        of
        for of in sorted(walk.usage | counted)
        if counted.get(of, (0, 0)) != walk.usage.get(of, (0, 0))
    ]


def _twice(session: Session, walk: _Walk) -> list[tuple[int, str]]:
    """Return which TIDs the log says were given to a meter twice, with one base date."""
    year = func.substr(ENTRIES.c.supply, _YEAR_AT)
    query = (
        select(ENTRIES.c.meter, ENTRIES.c.tid, func.max(ENTRIES.c.seq).label("at"))
        .where(ENTRIES.c.operation == ISSUE, ENTRIES.c.tid.is_not(None))
        .group_by(ENTRIES.c.meter, year, ENTRIES.c.tid)
        .having(func.count() > 1, func.max(ENTRIES.c.seq) > walk.since)
    )
    rows = session.execute(query.order_by("at").limit(_NAMED))
    return [(row.at, f"meter {row.meter} was given TID {row.tid} a second time") for row in rows]


def _slips(session: Session, key: Key, walk: _Walk) -> Iterator[tuple[int, str]]:
    """Yield receipts that are not what was bound, and how."""
    missing = {number for number, (_, said) in walk.receipts.items() if said != GONE}
    for slip, tokens in rows(session):
        missing.discard(slip["id"])
        _, said = walk.receipts.get(slip["id"], (0, ""))
        if not said:
            yield slip["id"], "is in no entry: the station did not write it"
        elif slip_seal.seal(key, slip, tokens) != said:
            yield slip["id"], "or a token on it was changed"
    yield from ((number, "is gone") for number in sorted(missing))
    stray = select(TOKENS.c.slip_id).where(TOKENS.c.slip_id.not_in(select(SLIPS.c.id))).distinct()
    for number in session.scalars(stray.limit(_NAMED)):
        if number not in missing:
            yield number, "is gone, but its tokens are there"


def rows(session: Session) -> Iterator[tuple[dict, list[dict]]]:
    """Yield every slip with its tokens, as mappings, in the order of their numbers."""
    last = None
    while True:
        query = select(SLIPS).order_by(SLIPS.c.id).limit(_CHUNK)
        query = query if last is None else query.where(SLIPS.c.id > last)
        slips = [dict(row) for row in session.execute(query).mappings()]
        if not slips:
            return
        first, last = slips[0]["id"], slips[-1]["id"]
        tokens: dict[int, list[dict]] = {}
        query = select(TOKENS).where(TOKENS.c.slip_id.between(first, last))
        for row in session.execute(query.order_by(TOKENS.c.position, TOKENS.c.id)).mappings():
            tokens.setdefault(row["slip_id"], []).append(dict(row))
        for slip in slips:
            yield slip, tokens.get(slip["id"], [])


def recent(connection: Connection, end: int) -> str:
    """Return what is wrong with the last RECENT entries before `end`; empty if nothing is."""
    of_restarts = ENTRIES.c.operation.in_(RESTARTS)
    start = max(end - RECENT, 0)
    query = select(func.max(ENTRIES.c.seq)).where(ENTRIES.c.seq > start, of_restarts)
    start = connection.scalar(query) or start
    at_start = select(ENTRIES.c.digest).where(ENTRIES.c.seq == start)
    running = connection.scalar(at_start) if start else START
    if running is None:
        return f"entry {start} is missing"
    for seq, row in enumerate(connection.execute(_EVERY.where(ENTRIES.c.seq > start)), start + 1):
        running = digest(running, row[:-1])
        if row.seq != seq:
            return f"entry {seq} is missing"
        if row.digest != running:
            return f"entry {seq} was changed, or the one before it replaced"
    return ""


def _ran_back(before: str, now: str) -> bool:
    """Say whether the clock ran back by more than usual."""
    if now >= before:
        return False
    try:
        step = datetime.fromisoformat(before) - datetime.fromisoformat(now)
    except (ValueError, TypeError):
        return True
    return step.total_seconds() > _CLOCK_STEP_S


def _split(noted: str | None) -> tuple[int, str]:
    seq, _, said = (noted or "0:").partition(":")
    if not (seq.isascii() and seq.isdigit()):
        raise Refusal(refusal.VALUE, "A noted head is number:digest, as `audit show` prints it.")
    return int(seq), said
