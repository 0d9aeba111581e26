"""The clock of the security module: what it believes of the time, and what an operator says.

Without an operator's word the module makes no token at a time far after its latest one, and its
days only move forward (`station_time`).
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select

from meter20.vending import station_time
from meter20.vending.books import Books
from meter20.vending.keeper import Keeper
from meter20.vending.models import VendingKey
from meter20.vending.station_time import StationTime, stamp


class ModuleClock:
    """The clock `now` of a security module. What an operator says of it is in the audit log."""

    def __init__(self, keeper: Keeper, now: Callable[[], datetime]):
        self._keeper, self._now = keeper, now

    def accept(self, session: Books, actor: str) -> str:
        """Believe the clock, though it is far ahead of the latest token; returns what it says."""
        known, time = session.later(StationTime), stamp(self._now())
        self._keeper.append(session, actor, "accept clock", detail=f"latest token {known.latest}")
        known.latest = max(known.latest, time)
        return time

    def turn_back(self, session: Books, actor: str, reason: str) -> list[str]:
        """Make the days of keys follow the clock again; returns the labels of those ahead of it.

        What was issued on a day stays counted for that day, so none begins anew.
        """
        known, now = session.later(StationTime), self._now()
        today = station_time.day(now, known.zone)
        self._keeper.append(
            session, actor, "turn back", detail=f"latest token {known.latest}. Reason: {reason}"
        )
        known.latest = min(known.latest, stamp(now))
        ahead = list(session.scalars(select(VendingKey).where(VendingKey.day > today)))
        for row in ahead:
            detail = f"day {row.day} back to {today}"
            self._keeper.append(session, actor, "turn back", supply=row.label, detail=detail)
            row.day = today
        return [row.label for row in ahead]

    def set_zone(self, session: Books, actor: str, zone: str) -> None:
        """Count months and days by another zone, an IANA name, from now on."""
        known = session.later(StationTime)
        detail = f"{known.zone} to {zone}"
        known.zone = station_time.checked_zone(zone)
        self._keeper.append(session, actor, "zone", detail=detail)

    def check(self, session: Books) -> None:
        """Raise Refusal when the clock is not believed; else remember that it was used."""
        known = session.later(StationTime)
        time, _ = known.issuing(self._now)
        known.issued(time)
