"""The vending station: a database, an unlocked security module, a clock and an operator.

`Station.desk()` is one transaction at the counter; `meter_list`, `sales` and `rekey` work
at a desk. All that is done at one desk stands together or not at all.
"""

import functools
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.orm import Session

from meter20.vending import log_head, plain_text, refusal, station_time
from meter20.vending.anchor import Anchor
from meter20.vending.audit_walk import Report
from meter20.vending.books import Books
from meter20.vending.models import Vault
from meter20.vending.refusal import Refusal
from meter20.vending.sealing import Secret
from meter20.vending.security_module import SecurityModule
from meter20.vending.station_time import StationTime
from meter20.vending.storage import Storage


def utc_now() -> datetime:
    """Return the time now. UTC has no daylight saving, so token identifiers never run back."""
    return datetime.now(UTC)


@functools.cache  # once in a process: what comes later may become garbage
def _spare_the_collector() -> None:
    """Let no collection look at what was loaded to open a station: it lives as long as that.

    A full collection among it takes as long as 200 sales.
    """
    gc.freeze()


@dataclass(frozen=True)
class Desk:
    """One transaction: what an operation needs to work with.

    now: the time of issue. zone: whose months and days count. rehearsal: receipts say so.
    """

    session: Books
    module: SecurityModule
    actor: str
    now: datetime
    zone: str = station_time.DEFAULT_ZONE
    rehearsal: bool = False

    @functools.cached_property  # a batch has many sales in one transaction
    def issued_at(self) -> str:
        """Return the time of issue as the database keeps it."""
        return station_time.stamp(self.now)

    @functools.cached_property
    def month(self) -> str:
        """Return the calendar month of the time of issue in the zone, `2026-01`."""
        return station_time.month(self.now, self.zone)


class Station:
    """A vending station that is open for business."""

    def __init__(self, storage: Storage, secret: Secret, actor: str,
                 now: Callable[[], datetime] = utc_now, tables=None):  # fmt: skip
        """Check the database and unlock its security module; raises Refusal if either fails.

        actor: who works here, for the audit log. tables: `ea07_sta.Tables` of a licensee.
        A station whose audit log is not whole opens, to be looked at; its desk does not.
        """
        storage.check(thoroughly=True)
        self._storage = storage
        self._anchor = Anchor(storage.anchor)
        self._actor = plain_text.checked(actor, "operator")
        self._now = now
        with storage.reading() as session:
            self._module = SecurityModule.unlock(session, secret, now, tables)
            self.name = session.get_one(Vault, 1).name
        self._settle_in()
        _spare_the_collector()

    def _settle_in(self) -> None:
        """Look at the audit log and the anchor, and bring both up to date."""
        keeper = self._module.keeper
        noted = keeper.read(self._anchor)  # before the database, which others may move on
        with self._storage.reading() as session:
            old = keeper.inspect(session, noted)
        if self._storage.read_only:
            return
        if old:
            with self._storage.writing() as session:
                keeper.adopt(session, self._actor)
        with self._storage.reading() as session:
            keeper.note(session, self._anchor)

    @classmethod
    def found(cls, storage: Storage, secret: Secret, name: str, actor: str,
              now: Callable[[], datetime] = utc_now, *, zone: str = station_time.DEFAULT_ZONE,
              rehearsal: bool = False) -> "Station":  # fmt: skip
        """Make a new station in `storage`, called `name`, and open it; see `make`."""
        cls.make(storage, secret, name, actor, now, zone=zone, rehearsal=rehearsal)
        return cls(storage, secret, actor, now)

    @staticmethod
    def make(storage: Storage, secret: Secret, name: str, actor: str,
             now: Callable[[], datetime] = utc_now, *, zone: str = station_time.DEFAULT_ZONE,
             rehearsal: bool = False) -> None:  # fmt: skip
        """Make a new station in `storage`, called `name`; on return it stands. Opens nothing.

        zone: IANA name. rehearsal: the time of issue may be given; that is never set later.
        """
        station_time.checked_zone(zone)
        plain_text.checked(name, "name")
        plain_text.checked(actor, "operator")
        storage.upgrade()
        with storage.writing() as session:
            SecurityModule.create(
                session, secret, name, actor, now, zone=zone, rehearsal=rehearsal
            )
            if storage.anchor.exists():
                raise Refusal(
                    refusal.EXISTS,
                    f"{storage.anchor} shows that there was a station here. Restore its database, "
                    "or, if its tokens no longer matter, move that file away.",
                )

    @contextmanager
    def desk(self, at: datetime | None = None) -> Iterator[Desk]:
        """Give one writing transaction; it is durable once the block has ended.

        at: the time of issue, if not now; at a station for rehearsals only. A Refusal undoes
        everything that was done at the desk, and enters the audit log when it came from the
        security module.
        """
        try:
            with self._logged() as session:
                time = session.later(StationTime)
                if at is not None and not time.rehearsal:
                    raise Refusal(
                        refusal.STATE,
                        "This station sells at the present time. The time of issue (--at) can be "
                        "given at one made for rehearsals: meter20 vend init --rehearsal.",
                    )
                now = at or self._now()
                yield Desk(session, self._module, self._actor, now, time.zone, time.rehearsal)
        except Refusal as refused:
            if refused.about:
                with self._logged() as session:
                    self._module.log_refusal(session, self._actor, refused)
            raise

    @contextmanager
    def _logged(self) -> Iterator[Books]:
        """Give a writing transaction of the module, and note its end outside of the database."""
        with self._storage.writing() as session:
            self._module.keeper.ready(session)
            yield session
        self._module.keeper.committed(session, self._anchor)

    @contextmanager
    def looking(self) -> Iterator[Session]:
        """Give a session to read from."""
        with self._storage.reading() as session:
            yield session

    @contextmanager
    def sharing(self) -> Iterator[Session]:
        """Give a session that changes rows beside other writers; see `Storage.sharing`."""
        with self._storage.sharing() as session:
            yield session

    def clock_doubt(self) -> Refusal | None:
        """Return why the clock is not believed, None if it is; see `station_time`."""
        with self.looking() as session:
            return StationTime(session).doubt(self._now())

    def verify(self, noted: str | None = None) -> Report:
        """Verify the audit log. A break is entered there: nothing is issued until it is accepted.

        noted: a head noted earlier, which must still be in the log.
        """
        with self.looking() as session:
            report = self._module.verify_log(session, noted)
            ours = report if noted is None else self._module.verify_log(session)
        if ours.broken is not None and not self._storage.read_only:
            self._condemn(ours)
        return report

    def _condemn(self, report: Report) -> None:
        """Enter a break into the log, so that tills which are open stop, too.

        Where the log cannot be added to, they find that at their next sale.
        """
        keeper = self._module.keeper
        try:
            with self._storage.writing() as session:
                if not keeper.trouble:
                    keeper.ready(session)
                keeper.condemn(session, self._actor, report)
        except Refusal as refused:
            if refused.code != refusal.BROKEN:
                raise
        else:
            if not keeper.trouble:
                keeper.committed(session, self._anchor)
        keeper.trouble = keeper.trouble or log_head.CONDEMNED

    def accept(self, reason: str, floor: datetime | None = None) -> list[str]:
        """Go on though the log is not whole, for a `reason`; returns what was found, a line each.

        No token is dated before `floor` any more; None for the newest known minute, or now.
        """
        reason = plain_text.reason(reason)
        keeper = self._module.keeper
        noted = keeper.read(self._anchor)
        with self._storage.writing() as session:
            found = keeper.accept(session, self._actor, f"reason: {reason}", noted, floor)
        with suppress(Refusal), self._storage.reading() as session:
            keeper.note(session, self._anchor)  # if not now, the next opening writes it
        return found

    def time(self) -> datetime:
        """Return the time now, by the station's clock."""
        return self._now()

    def anchored(self) -> str:
        """Return what the anchor says, as `number:digest`, or what is wrong with it."""
        head, wrong = self._module.keeper.read(self._anchor)
        return f"{head.seq}:{head.digest}" if head else wrong or "there is none"

    @property
    def anchor(self) -> Path:
        """Return the file that tells whether the database was put back."""
        return self._anchor.path

    @property
    def trouble(self) -> str:
        """Return why nothing can be issued now, empty if something can."""
        return self._module.keeper.trouble

    @property
    def module(self) -> SecurityModule:
        """Return the security module, for what needs no desk: verifying the audit log."""
        return self._module
