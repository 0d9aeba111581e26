"""Faults: what went wrong in the meter itself, and how long the supply waits after it.

A part that raises, or stops, is a fault: the load switch opens, the display says
so, and the watchdog restarts the meter. So that a fault that comes back does not
make the switch chatter, the supply stays off for a while after the restart: a
minute, doubling with each fault in a row up to an hour. An hour without a fault
ends the row.

A fault that comes back in every run is counted ROW_MAX times and then no more:
the meter would wear out its flash.

The cold record keeps two words of a fault, its part and its kind. A part that hangs
cannot note a fault: the restart finds a watchdog that ran out without one, and notes
it then.

Pure domain: no ports, no clock, no I/O.
"""

import struct
from collections import namedtuple

from micropython import const

#: A part, and what it did; the record keeps their places, so new ones go to the end.
HANG = "hang"
PARTS = (
    "program",
    "start",
    "store",
    "pulses",
    "metering",
    "tamper",
    "clock",
    "load switch",
    "keypad",
    "token",
    "display",
    "buzzer",
    "service port",
    "brown-out",
    "credit display",
    "contactor",
    "network",
)
KINDS = (
    HANG,
    "error",
    "OSError",
    "MemoryError",
    "ValueError",
    "TypeError",
    "AttributeError",
    "IndexError",
    "KeyError",
    "OverflowError",
    "RuntimeError",
)

ROW_MAX = const(16)
CALM_MS = const(3_600_000)  # without a fault, after which a row has ended

_FIRST_HOLD_MS = const(60_000)
_LONGEST_HOLD_MS = const(3_600_000)
_TOTAL_MAX = const(0xFFFF)
_FORMAT = "<HBBB"
_FRESH = const(0x80)
#: Bytes that `to_bytes` makes.
SIZE = const(5)

#: total: since manufacture, 65535 at most. row: faults in a row, 0 after an hour without.
#: part, kind: of the last one, of PARTS and KINDS. fresh: it was noted, and no restart has
#: followed yet.
Faults = namedtuple("Faults", ("total", "row", "part", "kind", "fresh"))

NONE = Faults(0, 0, PARTS[0], HANG, False)


def known(part: str, kind: str):
    """Return (part, kind), a general word for one that PARTS or KINDS lack."""
    return part if part in PARTS else PARTS[0], kind if kind in KINDS else KINDS[1]


def noted(faults, part: str, kind: str):
    """Return `faults` after one more."""
    if faults.row >= ROW_MAX:
        return faults
    part, kind = known(part, kind)
    return Faults(min(faults.total + 1, _TOTAL_MAX), faults.row + 1, part, kind, True)


def restarted(faults, by_watchdog: bool):
    """Return `faults` at a start of the meter. by_watchdog: it ran out; else the power came."""
    if by_watchdog and not faults.fresh:
        faults = noted(faults, PARTS[0], HANG)
    return Faults(faults.total, faults.row, faults.part, faults.kind, False)


def calmed(faults):
    """Return `faults` after CALM_MS without one."""
    return Faults(faults.total, 0, faults.part, faults.kind, faults.fresh)


def hold_ms(faults) -> int:
    """Return how long after a restart the load switch stays open."""
    if not faults.row:
        return 0
    return min(_FIRST_HOLD_MS << min(faults.row - 1, 6), _LONGEST_HOLD_MS)


def to_bytes(faults) -> bytes:
    """Return `faults` as SIZE bytes."""
    part = PARTS.index(faults.part) | (_FRESH if faults.fresh else 0)
    return struct.pack(_FORMAT, faults.total, faults.row, part, KINDS.index(faults.kind))


def from_bytes(data: bytes):
    """Return the Faults that `to_bytes` packed. Raises ValueError, IndexError."""
    if len(data) != SIZE:
        raise ValueError("faults cut short")
    total, row, part, kind = struct.unpack(_FORMAT, data)
    return Faults(total, row, PARTS[part & ~_FRESH], KINDS[kind], bool(part & _FRESH))
