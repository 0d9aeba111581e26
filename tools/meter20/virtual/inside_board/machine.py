"""`machine` of the virtual board: it can be restarted. It has no pins.

Runs on MicroPython only.
"""

import _host
from micropython import const

PWRON_RESET = const(1)
HARD_RESET = const(2)
WDT_RESET = const(3)
SOFT_RESET = const(5)


def reset():
    """Start again as after power on. Does not return."""
    _host.reset()
    raise SystemExit


def soft_reset():
    """Start again with the prompt as it is. Does not return."""
    raise SystemExit


def reset_cause() -> int:
    return _host.reset_cause()


def unique_id() -> bytes:
    return b"virtual0"


def freq() -> int:
    return 125_000_000
