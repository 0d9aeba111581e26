"""Contracts between the application and the board, one a file. Imports nothing of either.

A board fills `Ports`; where it lacks a part it says None, and the application
asks `ports.buzzer is None`, never which board it runs on.
"""

from collections import namedtuple

#: What a board hands to the application; see boards/*/board.py.
#: store and pulses are there always; every other port may be None.
Ports = namedtuple(
    "Ports",
    ("store", "pulses", "load_switch", "display", "keypad", "buzzer", "watchdog"),
)
