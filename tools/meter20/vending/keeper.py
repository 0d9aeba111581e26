"""The keeper of the audit log: makes and checks its codes with a key of the security module.

Before a transaction adds to the log, the keeper looks at the head and the last entry; when a
station opens, also at the latest entries and the anchor. If something is wrong, everything that
needs the log stops, until an operator accepts that by an entry of its own.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import Connection, bindparam, func, select, update
from sqlalchemy.orm import Session

from meter20.vending import (
    anchor,
    audit,
    audit_walk,
    backup_file,
    log_head,
    refusal,
    slip_seal,
    tid_clock,
)
from meter20.vending.anchor import Anchor
from meter20.vending.audit_walk import Report
from meter20.vending.books import Books
from meter20.vending.log_head import ENTRIES, Head
from meter20.vending.models import KeyUsage, Meter, Slip, VendingKey
from meter20.vending.refusal import Refusal
from meter20.vending.sealing import Key
from meter20.vending.slip_seal import SLIPS
from meter20.vending.station_time import stamp

_NAMED = 20
_FAR_AHEAD = 1440  # minutes
_SEAL = update(SLIPS).where(SLIPS.c.id == bindparam("number")).values(seal=bindparam("code"))
_DIGEST = select(ENTRIES.c.digest).where(ENTRIES.c.seq == bindparam("seq"))


class Keeper:
    """Keeps the log with `key`. now: the clock. `trouble` says why nothing may be added now."""

    __slots__ = ("_anchor_key", "_key", "_known", "_now", "_slip_key", "trouble")

    def __init__(self, key: Key, now: Callable[[], datetime]):
        self._key, self._now = key, now
        self._slip_key, self._anchor_key = slip_seal.key_of(key), anchor.key_of(key)
        self._known = Head(0, log_head.START)  # the newest that this process has seen
        self.trouble = ""

    @property
    def backup_key(self) -> Key:
        """Return the key of the seals of a backup."""
        return backup_file.key_of(self._key)

    # -- adding --------------------------------------------------------------------------------

    def begin(self, books: Books) -> None:
        """Begin the log of a new station, in the transaction that makes the station."""
        audit.begin(books.connection(), self._key)
        self.tail(books).anchored = False

    def tail(self, books: Books) -> audit.Tail:
        """Return the end of the log in this transaction; raises Refusal unless it is whole."""
        return books.later(audit.Tail, self._key, self._now)

    def ready(self, books: Books) -> None:
        """Raise Refusal unless this transaction may add to the log."""
        if not self.trouble:
            head = self.tail(books).head
            self.trouble = anchor.behind(self._known, head, digests(books.connection()))
        if self.trouble:
            raise log_head.broken(self.trouble)

    def append(self, books: Books, actor: str, operation: str, **facts) -> None:
        """Add an entry, in the caller's transaction: it stands if what it tells of stands."""
        self.tail(books).append(actor, operation, **facts)

    def committed(self, books: Books, place: Anchor) -> None:
        """Note outside of the database what was just committed."""
        self._known = self.tail(books).head
        with suppress(OSError):  # an older anchor is a good one
            place.write(self._anchor_key, self._known)

    # -- minutes and receipts ------------------------------------------------------------------

    def gave(self, books: Books, tids: Sequence[int], base_date: int) -> None:
        """Keep the highest minute ever given; raises Refusal for one below the floor."""
        tail = self.tail(books)
        minutes = [tid_clock.minute(tid, base_date) for tid in tids]
        if min(minutes) < (tail.head.floor or 0):
            raise Refusal(
                refusal.STATE,
                f"Minutes before {tid_clock.text(tail.head.floor or 0)} may have been given out "
                "already: the station's books were put back, and know no more.",
            )
        tail.minute = max(tail.minute, *minutes)

    def floor(self, books: Books, base_date: int) -> int:
        """Return the TID of a base date from which on a minute is certainly new."""
        return tid_clock.tid_at(self.tail(books).head.floor or 0, base_date)

    def bind_new(self, books: Books, slips: Iterable[tuple[dict, Sequence[Mapping]]]) -> None:
        """Bind new slips, each with its tokens; puts number and seal into the facts of each."""
        tail = self.tail(books)
        for slip, tokens in slips:
            tail.slips += 1
            slip["id"] = tail.slips
            slip["seal"] = self._bound(tail, slip, tokens, slip["actor"])

    def bind(self, books: Books, slip: Mapping, tokens: Sequence[Mapping], actor: str) -> str:
        """Bind a slip and its tokens, with all their facts, into the log; returns the seal."""
        return self._bound(self.tail(books), slip, tokens, actor)

    def _bound(
        self, tail: audit.Tail, slip: Mapping, tokens: Sequence[Mapping], actor: str
    ) -> str:
        seal = slip_seal.seal(self._slip_key, slip, tokens)
        drn = slip["about"].get("Meter", "") if slip["meter_id"] else ""
        tail.append(actor, audit.RECEIPT, meter=drn, detail=f"receipt {slip['id']} {seal}")
        return seal

    def check_bound(self, slip: Slip) -> None:
        """Raise Refusal when a slip, or a token on it, is not as the module bound it."""
        if slip.seal != slip_seal.seal(self._slip_key, *slip_seal.facts_of(slip)):
            raise Refusal(
                refusal.ALTERED,
                f"Receipt {slip.id}, or a token on it, was changed outside of the station: see "
                "`meter20 vend audit verify`.",
            )

    # -- opening -------------------------------------------------------------------------------

    def inspect(self, session: Session, noted: tuple[Head | None, str]) -> bool:
        """Look at the log of a station that opens, and keep what is wrong in `trouble`.

        noted: what `read` said before the database was looked at. Returns whether the log is an
        older meter20's, to be adopted.
        """
        connection = session.connection()
        head, wrong = log_head.looked_at(connection, self._key)
        if head is None:
            self.trouble = wrong
            return False
        outside, bad_file = noted
        if outside is None and not bad_file and head.anchored:
            bad_file = "the anchor, the file that tells an older copy, is not there"
        went_back = anchor.behind(outside, head, digests(connection)) if outside else ""
        condemned = log_head.CONDEMNED if head.condemned else ""
        wrong = wrong or audit_walk.recent(connection, head.seq)
        self.trouble = wrong or condemned or bad_file or went_back
        self._known = self._known if self.trouble else head
        return head.old and not self.trouble

    def read(self, place: Anchor) -> tuple[Head | None, str]:
        """Return what the anchor says, and what is wrong with its file. Read it first."""
        return place.read(self._anchor_key)

    def note(self, session: Session, place: Anchor) -> None:
        """Write the anchor of a station that was opened and is whole."""
        head = log_head.authentic(session.connection(), self._key)
        if head is not None and not self.trouble:
            self._note(head, place)

    def went_on(self, books: Books, place: Anchor) -> None:
        """Write the anchor of a station that went on by what was just committed; asks nobody."""
        self._known = self.tail(books).head
        self._note(self._known, place)

    def _note(self, head: Head, place: Anchor) -> None:
        try:
            place.write(self._anchor_key, head, durable=True)
        except OSError as error:
            self.trouble = f"the anchor {place.path} cannot be written: {error.strerror}"

    def adopt(self, books: Books, actor: str) -> None:
        """Bind every receipt of a log that an older meter20 wrote, as it is found now."""
        connection = books.connection()
        head, wrong = log_head.looked_at(connection, self._key)
        if wrong or head is None or not head.old:
            return  # another process was first, or the next desk says what is wrong
        report = audit_walk.verify(books, self._key)
        if report.broken is not None:
            self.trouble = report.reason
            return
        audit.renew(connection, self._key, head)
        tail = self.tail(books)
        tail.minute, tail.anchored = report.minute, False
        tail.slips = books.scalar(select(func.max(SLIPS.c.id))) or 0
        words = f"receipts 1 to {tail.slips} bound as they are found: not vouched for before"
        self.append(books, actor, "adopt", detail=words)
        for slip, tokens in audit_walk.rows(books):
            self._rebind(books, actor, slip, tokens)

    def _rebind(self, books: Books, actor: str, slip: dict, tokens: Sequence[dict]) -> None:
        seal = self.bind(books, slip, tokens, actor)
        books.execute(_SEAL, {"number": slip["id"], "code": seal})

    def whole(self, session: Session) -> Head:
        """Return the head of a log that `session` reads; raises Refusal unless it is in order."""
        if self.trouble:
            raise log_head.broken(self.trouble)
        return log_head.sound(session.connection(), self._key)

    # -- verifying, and going on after a break -------------------------------------------------

    def verify(self, session: Session, noted: str | None = None) -> Report:
        """Verify the audit log with the module's own key; see `audit_walk.verify`."""
        return audit_walk.verify(session, self._key, noted)

    def condemn(self, books: Books, actor: str, report: Report) -> None:
        """Enter into the log that a break was found in it: nothing is issued from then on."""
        tail = self.tail(books)
        tail.condemned = True
        self.append(books, actor, "break found", detail="; ".join(_named(report.findings)))

    def accept(
        self, books: Books, actor: str, reason: str, noted: tuple[Head | None, str],
        floor: datetime | None = None, operation: str = log_head.ACCEPT,
    ) -> list[str]:  # fmt: skip
        """Go on with a log that is not whole; returns what was found, as the log now says it.

        noted: what the anchor says. floor: the time before which no token may be dated from now
        on, instead of the newest known minute or now, with a day more where the station was
        restored. Raises Refusal if nothing is wrong.
        """
        connection = books.connection()
        report = audit_walk.verify(books, self._key)
        found = report.findings or ([self.trouble] if self.trouble else [])
        if not found and operation == log_head.ACCEPT:
            raise Refusal(refusal.STATE, "The log is whole: there is nothing to accept.")
        margin = _FAR_AHEAD if operation == log_head.RESTORE else 1
        head = self._went_on(connection, report, noted[0], self._floor_of(floor, margin))
        lines = [
            *_named(found),
            f"head was {audit.head_of(books)}",
            f"goes on from entry {head.seq}, no minute before {tid_clock.text(head.floor or 0)}",
            reason,
        ]
        detail = "; ".join(lines)
        entry = {
            "time": stamp(self._now()), "actor": actor, "operation": operation, "meter": "",
            "supply": "", "kind": "", "tid": None, "amount": None, "detail": detail,
        }  # fmt: skip
        said = audit.restart(connection, self._key, head, report.running, entry)
        books.proof = partial(audit.holds, head.seq, said)
        self._known, self.trouble = Head(0, log_head.START), ""
        self.tail(books).anchored = False
        self._settle(books, actor, report)
        _raise_minutes(connection, head.floor or 0)
        return lines

    def _went_on(
        self, connection: Connection, report: Report, outside: Head | None,
        floor: Callable[[int], int],
    ) -> Head:  # fmt: skip
        """Return the head to go on with: behind everything that is known to have been issued."""
        known = [each for each in (log_head.authentic(connection, self._key), outside) if each]
        last = connection.scalar(select(func.max(ENTRIES.c.seq))) or 0
        minute = max([report.minute, *(each.minute or 0 for each in known)])
        slips = connection.scalar(select(func.max(SLIPS.c.id))) or 0
        slips = max([slips, *report.slips, *(each.slips or 0 for each in known)])
        before = max(each.floor or 0 for each in known) if known else 0
        return Head(
            max([last, *(each.seq for each in known)]) + 1,
            log_head.START, minute, slips, max(before, floor(minute)),
        )  # fmt: skip

    def _floor_of(self, given: datetime | None, margin: int) -> Callable[[int], int]:
        """Return a function: from the newest known minute to the first that is certainly new.

        given: what an operator says. margin: minutes that may have been given out after those
        that are known, or ahead of the clock. Both since 1993.
        """
        now = tid_clock.minute_at(self._now())
        if given is not None:
            said = tid_clock.minute_at(given.astimezone(UTC))
            if said <= now:
                words = "Minutes up to now may have been given out: --floor is a later time."
                raise Refusal(refusal.VALUE, words)
            return lambda _: said
        return lambda minute: _first_new(now, minute) + margin

    def _settle(self, books: Books, actor: str, report: Report) -> None:
        """Bind what was found wrong beside the chain as it is now; the entry before names it."""
        wrong = {number for number in report.slips if number > 0}
        for slip, tokens in audit_walk.rows(books) if wrong else ():
            if slip["id"] in wrong:
                self._rebind(books, actor, slip, tokens)
                wrong.discard(slip["id"])
        for number in sorted(wrong):
            detail = f"receipt {number} {audit_walk.GONE}"
            self.append(books, actor, audit.RECEIPT, detail=detail)
        rows = (
            books.execute(select(KeyUsage, VendingKey).join(VendingKey)) if report.counters else ()
        )
        counted = {(key.label, use.day): (use.energy, use.currency) for use, key in rows}
        for supply, day in report.counters:
            energy, currency = counted.get((supply, day), (0, 0))
            words = f"{day} {energy} {currency}"
            self.append(books, actor, audit.COUNTER, supply=supply, detail=words)


def _first_new(now: int, minute: int) -> int:
    """Return the later of now and the newest known `minute`; raises Refusal if that is far ahead.

    Both since 1993.
    """
    if minute > now + _FAR_AHEAD:
        raise Refusal(
            refusal.VALUE,
            f"A token was dated {tid_clock.text(minute)}, more than a day ahead. From which "
            "time on are minutes certainly new? Say it with --floor.",
        )
    return max(now, minute)


def digests(connection: Connection) -> Callable[[int], str | None]:
    """Return a function that gives the digest of the entry with a number, None without one."""
    return lambda seq: connection.scalar(_DIGEST, {"seq": seq})


def _raise_minutes(connection: Connection, floor: int) -> None:
    """Let no meter get a minute before `floor`, minutes since 1993."""
    for year in tid_clock.BASE_YEARS:
        least = tid_clock.tid_at(floor, year)
        for column in (Meter.last_tid, Meter.first_tid):
            behind = update(Meter).where(Meter.base_date == year, column < least)
            connection.execute(behind.values({column: least}))


def _named(lines: Sequence[str]) -> list[str]:
    """Return the lines, the first of many."""
    more = [f"and {len(lines) - _NAMED} more"] if len(lines) > _NAMED else []
    return [*lines[:_NAMED], *more]
