"""Reports: registers and events that meters publish by themselves, kept for people who look.

Nothing is decided by a report: a purchase is closed by the meter's result alone. Every worker
hears every report, so each is written as an upsert that any of them may do.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from meter20.vending.models import Meter, Route
from meter20.vending.report_models import MeterLoad, MeterReport
from meter20.vending.station_time import stamp

REGISTERS, EVENTS = "registers", "events"
_KEPT = timedelta(days=2)
_MOST_EVENTS, _LONGEST_NAME = 8, 32
_NUMBERS = {"credit_wh": "credit_wh", "credit_currency": "credit_money", "total_wh": "total_wh",
            "power_w": "power_w", "krn": "krn"}  # fmt: skip
_WORDS = ("relay", "relay_reason")
_LARGEST = 1 << 53
_KRN_MAX = 9


@dataclass(frozen=True)
class Report:
    """What the meter `drn` told: columns of MeterReport and their values."""

    drn: str
    told: dict[str, Any] = field(default_factory=dict)


def report_of(drn: str, topic: str, payload: bytes) -> Report | None:
    """Return what a payload of `registers` or `events` says, None if it is none."""
    try:
        told = json.loads(payload)
        found = _registers(told) if topic == REGISTERS else {"events": _events(told["events"])}
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return Report(drn, found)


def _registers(told: dict) -> dict:
    found: dict[str, Any] = {
        column: _whole(told[name]) for name, column in _NUMBERS.items() if name in told
    }
    for name in _WORDS:
        if name in told:
            found[name] = _name(told[name])
    if not {"total_wh", "power_w"} <= set(found) or found.get("krn", 1) > _KRN_MAX:
        raise ValueError
    return found


def _events(told: list) -> list[dict]:
    return [
        {"event": _name(each["event"]), "count": _whole(each["count"]),
         "total_kwh": _whole(each["total_kwh"])}
        for each in told[:_MOST_EVENTS]
    ]  # fmt: skip


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _LARGEST:
        raise ValueError
    return value


def _name(value: object) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST_NAME or not value.isprintable():
        raise ValueError
    return value


def keep(session: Session, report: Report, now: datetime) -> None:
    """Keep a report of a meter that is ours, and drop what is older than two days."""
    meter = session.scalar(select(Meter.id).where(Meter.drn == report.drn))
    if meter is None:
        return
    told = dict(report.told)
    if "power_w" in told:
        told["heard_at"] = stamp(now)
        _keep_load(session, meter, told, now)
        seen = update(Route).where(Route.meter_id == meter)
        session.execute(seen.values(seen_at=stamp(now)))
    new = {"meter_id": meter, "events": []} | told
    session.execute(_upsert(session, MeterReport, new, ["meter_id"], told))


def _keep_load(session: Session, meter: int, told: dict, now: datetime) -> None:
    load = {"total_wh": told["total_wh"], "power_w": told["power_w"]}
    new = {"meter_id": meter, "quarter": quarter(now)} | load
    session.execute(_upsert(session, MeterLoad, new, ["meter_id", "quarter"], load))
    old = MeterLoad.quarter < quarter(now - _KEPT)
    session.execute(delete(MeterLoad).where(MeterLoad.meter_id == meter, old))


def quarter(moment: datetime) -> str:
    """Return the begin of the quarter of an hour that a moment lies in."""
    begin = moment.replace(minute=moment.minute // 15 * 15)
    return stamp(begin)[:16]


def _upsert(session: Session, rows: type, new: dict, keys: list[str], changed: dict):
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    made = dialect.insert(rows).values(new)
    return made.on_conflict_do_update(index_elements=keys, set_=changed)
