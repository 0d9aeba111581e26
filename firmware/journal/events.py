"""Events: the last eight events of the meter, newest first. In the cold record.

An event that follows one of its own kind raises its count, so that a hundred restarts in a row
leave room for others. Since no clock can be trusted, an event carries the total consumption at
which it was seen last.

Pure domain: no ports, no clock, no I/O.
"""

import struct
from collections import namedtuple

from micropython import const

CAPACITY = const(8)

RESTART, REPAIRED, STORE_FAULT, TAMPER, LOCK_OUT, OVERLOAD, NEW_KEY, SETTINGS_LOST = range(1, 9)

#: Words for the display, 16 characters at most.
NAMES = {
    RESTART: "Restart",
    REPAIRED: "Memory repaired",
    STORE_FAULT: "Memory failed",
    TAMPER: "Tamper",
    LOCK_OUT: "Locked out",
    OVERLOAD: "Overload",
    NEW_KEY: "New key",
    SETTINGS_LOST: "Settings lost",
}

_FORMAT = "<BBI"
_SIZE = const(6)  # bytes
_COUNT_MAX = const(255)

#: code: a key of NAMES. count: how often in a row, 1..255. total_kwh: consumed at the last time.
Event = namedtuple("Event", ("code", "count", "total_kwh"))


def noted(events, code: int, total_wh: int):
    """Return `events` with another `code` at `total_wh`; the oldest gives way."""
    total_kwh = min(total_wh // 1000, 0xFFFFFFFF)
    if events and events[0].code == code:
        return (Event(code, min(events[0].count + 1, _COUNT_MAX), total_kwh),) + events[1:]
    return ((Event(code, 1, total_kwh),) + events)[:CAPACITY]


def to_bytes(events) -> bytes:
    """Return `events` as bytes: their number, and 6 for each."""
    return bytes([len(events)]) + b"".join([struct.pack(_FORMAT, *event) for event in events])


def from_bytes(data: bytes):
    """Return (events, what follows them in `data`). Raises ValueError."""
    end = 1 + data[0] * _SIZE
    if data[0] > CAPACITY or len(data) < end:
        raise ValueError("events cut short")
    found = [Event(*struct.unpack_from(_FORMAT, data, at)) for at in range(1, end, _SIZE)]
    if [event for event in found if event.code not in NAMES]:
        raise ValueError("unknown event")
    return tuple(found), data[end:]
