"""Slowing down those who try passwords of operators, in the database: for all programs at once.

As `pos.slowdown`, some failures are free, and after them whoever fails waits, twice as long each
time. An attempt counts as a failure until it is known to be none, in the transaction that looks
whether it may be made: so many attempts at once, at several programs, are many.
"""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from meter20.pos.slowdown import TooOften
from meter20.vending.models import insert_into
from meter20.vending.shop_models import LoginFailure
from meter20.vending.station import Station
from meter20.vending.station_time import stamp

_FORGET = timedelta(hours=1)


class LoginWaits:
    """free: failures without a wait. first_s, longest_s: the waits after that.

    Whoever does not fail for an hour is forgotten.
    """

    def __init__(self, station: Station, free: int, first_s: int, longest_s: int):
        self._station, self._free = station, free
        self._first_s, self._longest_s = first_s, longest_s

    def attempt(self, *names: str) -> None:
        """Note an attempt of all `names` as failed. Raises TooOften if one must wait; Refusal."""
        now = self._station.time()
        with self._station.sharing() as session:
            _forget(session, now)
            rows = [_row(session, who, now) for who in _digests(names)]
            waits = [(datetime.fromisoformat(row.until) - now).total_seconds() for row in rows]
            if max(waits) > 0:
                raise TooOften(int(max(waits)) + 1)
            for row in rows:
                self._failed(row, now)

    def _failed(self, row: LoginFailure, now: datetime) -> None:
        row.failures, row.failed_at = row.failures + 1, stamp(now)
        over = row.failures - self._free
        if over > 0:
            wait_s = min(self._longest_s, self._first_s * 2 ** min(over - 1, 30))
            row.until = stamp(now + timedelta(seconds=wait_s))

    def passed(self, *names: str) -> None:
        """Forget the failures of `names`. Raises Refusal."""
        with self._station.sharing() as session:
            gone = delete(LoginFailure).where(LoginFailure.who.in_(_digests(names)))
            session.execute(gone)


def _row(session: Session, who: str, now: datetime) -> LoginFailure:
    """Return the row of `who`, new or old, which nobody else changes meanwhile."""
    time = stamp(now)
    new = insert_into(session, LoginFailure).values(
        who=who, failures=0, until=time, failed_at=time
    )
    # A row that is there is changed for nothing: so it is locked, and one that goes comes again.
    new = new.on_conflict_do_update(index_elements=["who"], set_={"who": who})
    session.connection().execute(new)
    return session.get_one(LoginFailure, who)


def _forget(session: Session, now: datetime) -> None:
    old = select(LoginFailure.who).where(LoginFailure.failed_at < stamp(now - _FORGET))
    gone = list(session.scalars(old.with_for_update(skip_locked=True)))
    session.execute(delete(LoginFailure).where(LoginFailure.who.in_(gone)))


def _digests(names: tuple[str, ...]) -> list[str]:
    """Return what the database keeps of names, in an order: nobody waits for another in a circle.

    Somebody may have typed a password as a name.
    """
    return sorted(hashlib.sha256(name.encode(errors="replace")).hexdigest() for name in names)
