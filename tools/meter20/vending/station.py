"""The vending station: a database, an unlocked security module, a clock and whoever works it.

`Station.desk()` is one transaction at the counter; `register`, `sales` and `rekey` say what can be
done there. What is done at a desk stands together or not at all.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from meter20.vending import plain_text, refusal, station_time
from meter20.vending.books import Books
from meter20.vending.models import Vault
from meter20.vending.refusal import Refusal
from meter20.vending.sealing import Secret
from meter20.vending.security_module import SecurityModule
from meter20.vending.storage import Storage


def utc_now() -> datetime:
    """Return the time now. UTC has no daylight saving, so token identifiers never run back."""
    return datetime.now(UTC)


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


class Station:
    """A vending station that is open for business."""

    def __init__(self, storage: Storage, secret: Secret, actor: str,
                 now: Callable[[], datetime] = utc_now, tables=None):  # fmt: skip
        """Check the database and unlock its security module; raises Refusal if either fails.

        actor: who works here, for the audit log. tables: `ea07_sta.Tables` of a licensee.
        """
        storage.check()
        self._storage = storage
        self._actor = plain_text.checked(actor, "operator")
        self._now = now
        with storage.reading() as session:
            self._module = SecurityModule.unlock(session, secret, now, tables)
            self.name = session.get_one(Vault, 1).name

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

    @contextmanager
    def desk(self, at: datetime | None = None) -> Iterator[Desk]:
        """Give one writing transaction; it is durable once the block has ended.

        at: the time of issue, if not now; at a station for rehearsals only. A Refusal undoes
        everything that was done at the desk, and enters the audit log when it came from the
        security module.
        """
        try:
            with self._storage.writing() as session:
                vault = session.get_one(Vault, 1)
                if at is not None and not vault.rehearsal:
                    raise Refusal(
                        refusal.STATE,
                        "This station sells at the present time. The time of issue (--at) can be "
                        "given at one made for rehearsals: meter20 vend init --rehearsal.",
                    )
                now = at or self._now()
                yield Desk(session, self._module, self._actor, now, vault.zone, vault.rehearsal)
        except Refusal as refused:
            if refused.about:
                with self._storage.writing() as session:
                    self._module.log_refusal(session, self._actor, refused)
            raise

    @contextmanager
    def looking(self) -> Iterator[Session]:
        """Give a session to read from."""
        with self._storage.reading() as session:
            yield session

    def clock_doubt(self) -> Refusal | None:
        """Return why the clock is not believed, None if it is; see `station_time`."""
        with self.looking() as session:
            return station_time.doubt(session.get_one(Vault, 1), self._now())

    @property
    def module(self) -> SecurityModule:
        """Return the security module, for what needs no desk: verifying the audit log."""
        return self._module
