"""The station's time: the zone of its months and days, and a clock that is not simply believed.

Tokens are counted in UTC. Months (fixed charge, free units, steps) and days (limits of a key) are
those of the station's zone, and only move forward: the later one counts, of the clock's and the
latest that was counted. With a clock more than AHEAD_DAYS after the latest token the station
issues nothing until an operator has said that the clock is right. A station for rehearsals asks
nobody: there the operator gives the time.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import Connection, text, update
from sqlalchemy.orm import Session

from meter20.vending import refusal
from meter20.vending.models import Vault, table
from meter20.vending.plain_sql import Plain
from meter20.vending.refusal import Refusal

_VAULT = table(Vault)
_READ = Plain(text("SELECT zone, latest, rehearsal FROM vault WHERE id = 1"))
_WRITE = update(_VAULT).where(_VAULT.c.id == 1)

#: How far the clock may be after the latest token before somebody is asked.
AHEAD_DAYS = 31
DEFAULT_ZONE = "UTC"


def stamp(when: datetime) -> str:
    """Return a time as the database keeps it: UTC, to the second."""
    return _stamped(int(when.timestamp()))


@lru_cache  # many sales ask in one second
def _stamped(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat()[:19] + "Z"


@lru_cache  # the list of all zones is read from a hundred files
def checked_zone(name: str) -> str:
    """Return the IANA `name` of a time zone; raises Refusal if there is none of that name."""
    if name not in available_timezones():
        raise Refusal(
            refusal.VALUE,
            f"{name!r} is no time zone: give an IANA name, such as Africa/Johannesburg.",
        )
    return name


def day(when: datetime, zone: str) -> str:
    """Return the calendar day of `when` in `zone`, `2026-01-31`."""
    return local(when, zone)[:10]


def month(when: datetime, zone: str) -> str:
    """Return the calendar month of `when` in `zone`, `2026-01`."""
    return local(when, zone)[:7]


def local(when: datetime, zone: str) -> str:
    """Return the time on the wall in `zone`, `2026-01-31 09:30`."""
    return _on_the_wall(int(when.timestamp()), zone)


@lru_cache
def _on_the_wall(second: int, zone: str) -> str:
    return datetime.fromtimestamp(second, ZoneInfo(zone)).isoformat(" ", "minutes")[:16]


class StationTime:
    """What a station knows of time, in one transaction: zone, latest token, whether it rehearses.

    These are columns of `Vault`, read and written past the unit of work. rehearsal: the operator
    gives the time of issue. latest: time of the latest token, to the hour.
    """

    last = False

    def __init__(self, books: Session):
        found = _READ.row(books.connection(), {})
        assert found is not None
        self.zone, self.latest, self.rehearsal = found[0], found[1], bool(found[2])
        self._kept = (self.zone, self.latest)
        self._issuing: tuple[str, str] | None = None

    def doubt(self, now: datetime) -> Refusal | None:
        """Return why a clock that says `now` is not believed, None if it is."""
        latest = datetime.fromisoformat(self.latest)
        if self.rehearsal or now - latest <= timedelta(days=AHEAD_DAYS):
            return None
        return Refusal(
            refusal.CLOCK,
            f"The clock says {stamp(now)}, which is {(now - latest).days} days after the latest "
            f"token of this station, {self.latest}. If the clock is wrong, set it. If it is "
            "right, say so: meter20 vend clock accept.",
        )

    def issuing(self, clock: Callable[[], datetime]) -> tuple[str, str]:
        """Return (the time of all tokens of this transaction, its day); asks the `clock` once.

        The time is as `stamp` gives it, the day is that of the zone. Raises Refusal when the
        clock is too far ahead to be believed.
        """
        if self._issuing is None:
            now = clock()
            if doubted := self.doubt(now):
                raise doubted
            self._issuing = stamp(now), day(now, self.zone)
        return self._issuing

    def issued(self, time: str) -> None:
        """Remember, to the hour, that a token was issued at `time`, as `stamp` gives it."""
        self.latest = max(self.latest, time[:13] + ":00:00Z")

    def write(self, to: Connection) -> None:
        if self._kept != (self.zone, self.latest):
            self._kept = (self.zone, self.latest)
            to.execute(_WRITE, {"zone": self.zone, "latest": self.latest})
