"""Slowing down those who try again and again: wrong passwords and keys, numbers of no meter.

Some failures are free. After them a client who fails waits, twice as long each time, up to a
limit; what comes meanwhile is refused unseen. The database counts: for all programs at once. A
password counts as wrong until it is known to be right, in the transaction that looks whether it
may be tried: so many attempts at once, at several programs, are many.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import Request
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from meter20.vending.models import insert_into
from meter20.vending.shop_models import LoginFailure
from meter20.vending.station import Station
from meter20.vending.station_time import stamp

_FORGET = timedelta(hours=1)
_UP = timedelta(microseconds=999_999)  # the database keeps whole seconds: no wait is cut short


class TooOften(Exception):
    """Somebody must wait for `wait_s` seconds."""

    def __init__(self, wait_s: int):
        super().__init__(f"wait {wait_s} s")
        self.wait_s = wait_s


@dataclass(frozen=True)
class Limit:
    """How often somebody of a `kind` may fail.

    free: failures without a wait. first_s, longest_s: the waits after that.
    """

    kind: str
    free: int
    first_s: int
    longest_s: int

    def of(self, name: str) -> "Tried":
        """Return what is counted for `name`; of the name, which may be a password, a digest."""
        named = f"{self.kind} {name}".encode(errors="replace")
        return Tried(hashlib.sha256(named).hexdigest(), self)


@dataclass(frozen=True)
class Tried:
    """Somebody who tries. who: the digest that the database keeps."""

    who: str
    limit: Limit


def address_of(request: Request) -> str:
    """Return the address that a request comes from."""
    return request.client.host if request.client else ""


class Waits:
    """The failures of a station. A client who does not fail for an hour is forgotten."""

    def __init__(self, station: Station):
        self._station = station

    def check(self, session: Session, *tried: Tried) -> set[str]:
        """Return `who` of those that failed lately. Raises TooOften while one must wait."""
        now = self._station.time()
        theirs = LoginFailure.who.in_(each.who for each in tried)
        fresh = LoginFailure.failed_at >= stamp(now - _FORGET)
        rows = session.scalars(select(LoginFailure).where(theirs, fresh)).all()
        _refuse(rows, now)
        return {row.who for row in rows}

    def attempt(self, *tried: Tried) -> None:
        """Count an attempt of all as failed. Raises TooOften if one must wait; Refusal."""
        now = self._station.time()
        with self._station.sharing() as session:
            _forget(session, now)
            # In an order: nobody waits for another in a circle.
            ordered = sorted(tried, key=lambda each: each.who)
            rows = [_row(session, each.who, now) for each in ordered]
            _refuse(rows, now)
            for row, each in zip(rows, ordered, strict=True):
                _failed(row, each.limit, now)

    def forget(self, *tried: Tried) -> None:
        """Forget the failures of all. Raises Refusal."""
        with self._station.sharing() as session:
            gone = LoginFailure.who.in_(each.who for each in tried)
            session.execute(delete(LoginFailure).where(gone))

    def take_back(self, tried: Tried) -> None:
        """Forget the latest attempt alone: it was right. Raises Refusal."""
        with self._station.sharing() as session:
            row = session.get(LoginFailure, tried.who, with_for_update=True)
            if row and row.failures > 1:
                row.failures, row.until = row.failures - 1, stamp(self._station.time())
            elif row:
                session.delete(row)


def _refuse(rows: Iterable[LoginFailure], now: datetime) -> None:
    waits = [(datetime.fromisoformat(row.until) - now).total_seconds() for row in rows]
    if max(waits, default=0) > 0:
        raise TooOften(int(max(waits)) + 1)


def _failed(row: LoginFailure, limit: Limit, now: datetime) -> None:
    row.failures, row.failed_at = row.failures + 1, stamp(now)
    over = row.failures - limit.free
    if over > 0:
        wait_s = min(limit.longest_s, limit.first_s * 2 ** min(over - 1, 30))
        row.until = stamp(now + timedelta(seconds=wait_s) + _UP)


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
