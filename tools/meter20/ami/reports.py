"""Reports: registers and events that meters publish by themselves, kept for people who look.

Nothing is decided by a report: a purchase is closed by the meter's result alone. Every worker
hears every report, so each is written as an upsert that any of them may do. Many are written at
once: when the meters come back to a broker, all of them report in one moment.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from meter20.vending.models import Base, Meter, Route, insert_into, table
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
    """What the meter `drn` reported: columns of MeterReport and their values."""

    drn: str
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> tuple[str, str]:
        """Return what it is the newest of: the meter, and registers or events."""
        return self.drn, REGISTERS if "power_w" in self.values else EVENTS


def report_of(drn: str, topic: str, payload: bytes) -> Report | None:
    """Return what a payload of `registers` or `events` says, None if it is none."""
    try:
        fields = json.loads(payload)
        found = _registers(fields) if topic == REGISTERS else {"events": _events(fields["events"])}
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return Report(drn, found)


def _registers(fields: dict) -> dict:
    found: dict[str, Any] = {
        column: _whole(fields[name]) for name, column in _NUMBERS.items() if name in fields
    }
    for name in _WORDS:
        if name in fields:
            found[name] = _name(fields[name])
    if not {"total_wh", "power_w"} <= set(found) or found.get("krn", 1) > _KRN_MAX:
        raise ValueError
    return found


def _events(events: list) -> list[dict]:
    return [
        {"event": _name(each["event"]), "count": _whole(each["count"]),
         "total_kwh": _whole(each["total_kwh"])}
        for each in events[:_MOST_EVENTS]
    ]  # fmt: skip


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _LARGEST:
        raise ValueError
    return value


def _name(value: object) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST_NAME or not value.isprintable():
        raise ValueError
    return value


def keep(session: Session, heard: Iterable[Report], now: datetime) -> None:
    """Keep reports of meters that are ours, a statement a table; drop what is over two days old.

    Rows change in the order of the meters' numbers, so that two workers never wait for each other.
    """
    ordered = sorted(heard, key=lambda each: each.drn)
    ours = _ours(session, {each.drn for each in ordered})
    rows = [{"meter_id": ours[each.drn], **each.values} for each in ordered if each.drn in ours]
    registers = [row for row in rows if "power_w" in row]
    latest = [row for row in rows if "power_w" not in row]
    latest += [row | {"heard_at": stamp(now)} for row in registers]
    for columns in sorted({tuple(row) for row in latest}):
        alike = [{"events": []} | row for row in latest if tuple(row) == columns]
        _upsert(session, MeterReport, alike, ("meter_id",), columns)
    if registers:
        _keep_loads(session, registers, now)
        _seen(session, [row["meter_id"] for row in registers], now)


def _ours(session: Session, drns: set[str]) -> dict[str, int]:
    found = session.execute(select(Meter.drn, Meter.id).where(Meter.drn.in_(drns)))
    return {drn: number for drn, number in found}


def _keep_loads(session: Session, registers: list[dict], now: datetime) -> None:
    rows = [
        {"meter_id": row["meter_id"], "quarter": quarter(now), "total_wh": row["total_wh"],
         "power_w": row["power_w"]}
        for row in registers
    ]  # fmt: skip
    _upsert(session, MeterLoad, rows, ("meter_id", "quarter"), ("total_wh", "power_w"))
    loads = table(MeterLoad).c
    old = delete(table(MeterLoad)).where(
        loads.meter_id == bindparam("of"), loads.quarter < quarter(now - _KEPT)
    )
    session.connection().execute(old, [{"of": row["meter_id"]} for row in registers])


def _seen(session: Session, meters: list[int], now: datetime) -> None:
    routes = table(Route)
    seen = update(routes).where(routes.c.meter_id == bindparam("of")).values(seen_at=stamp(now))
    session.connection().execute(seen, [{"of": meter} for meter in meters])


def quarter(moment: datetime) -> str:
    """Return the begin of the quarter of an hour that a moment lies in."""
    begin = moment.replace(minute=moment.minute // 15 * 15)
    return stamp(begin)[:16]


def _upsert(session: Session, rows: type[Base], new: list[dict], keys: Sequence[str],
            changed: Sequence[str]) -> None:  # fmt: skip
    """Insert the rows `new`, which all have the same columns; of those that are there, change."""
    made = insert_into(session, rows)
    to = {name: made.excluded[name] for name in changed if name not in keys}
    made = made.on_conflict_do_update(index_elements=keys, set_=to)
    session.connection().execute(made, new)
