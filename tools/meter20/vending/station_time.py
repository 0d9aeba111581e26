"""The station's time: the zone of its months and days, and a clock that is not simply believed.

Tokens are counted in UTC. Months (fixed charge, free units, steps) and days (limits of a key) are
those of the station's zone, and only move forward: whoever keeps them takes the later of the
clock's and the latest that was counted. A clock more than AHEAD_DAYS after the latest token
issues nothing until an operator has said that it is right. At a station for rehearsals nobody
is asked: there the operator gives the time.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from meter20.vending import refusal
from meter20.vending.models import Vault
from meter20.vending.refusal import Refusal

#: How far the clock may be after the latest token before somebody is asked.
AHEAD_DAYS = 31
DEFAULT_ZONE = "UTC"


def stamp(when: datetime) -> str:
    """Return a time as the database keeps it: UTC, to the second."""
    return when.astimezone(UTC).isoformat(timespec="seconds")[:19] + "Z"


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
    return when.astimezone(ZoneInfo(zone)).isoformat(" ", "minutes")[:16]


def doubt(vault: Vault, now: datetime) -> Refusal | None:
    """Return why a clock that says `now` is not believed, None if it is."""
    latest = datetime.fromisoformat(vault.latest)
    if vault.rehearsal or now - latest <= timedelta(days=AHEAD_DAYS):
        return None
    return Refusal(
        refusal.CLOCK,
        f"The clock says {stamp(now)}, which is {(now - latest).days} days after the latest "
        f"token of this station, {vault.latest}. If the clock is wrong, set it. If it is right, "
        "say so: meter20 vend clock accept.",
    )


def check(vault: Vault, now: datetime) -> None:
    """Raise Refusal when the clock is too far ahead to be believed."""
    doubted = doubt(vault, now)
    if doubted:
        raise doubted


def issued(vault: Vault, now: datetime) -> None:
    """Remember, to the hour, when the latest token was issued."""
    hour = stamp(now)[:13] + ":00:00Z"
    vault.latest = max(vault.latest, hour)
