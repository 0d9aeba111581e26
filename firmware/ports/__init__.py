"""Contracts between the application and the board, one a file. Imports nothing of either.

A board fills `Ports`; where it lacks a part it says None, and the application
asks `ports.buzzer is None`, never which board it runs on.
"""

from collections import namedtuple

NAMES = (
    "store",
    "notes",
    "pulses",
    "load_switch",
    "display",
    "keypad",
    "buzzer",
    "watchdog",
    "tamper",
    "clock",
    "phases",
    "brown_out",
    "credit_display",
    "network",
    "records",
    "crypto",
    "serial",
    "rows",
)

#: What a board hands to the application; see boards/*/board.py.
#: store: RecordStore of the meter's state. notes: RecordStore of settings and history, or None.
#: pulses: PulseSource. phases: 1 or 3, of the metering element. Every other port may be None.
#: network: Network; with one goes records: name of RECORDS -> the RecordStore called so.
#: crypto: Crypto. serial: SerialLine. rows: name of TABLES -> the RowStore called so.
Ports = namedtuple("Ports", NAMES)

#: What a meter on a network keeps beside its state: how it is reached, what it has yet to tell,
#: and the keys and counters of DLMS.
RECORDS = ("carriers", "outbox", "dlms")

#: Tables with a time in each row, and the octets of one.
TABLES = {"load": 8, "tokens": 10}
