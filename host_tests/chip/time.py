"""Takes the place of MicroPython's `time`; see emulated_time. CPython never sees it."""

from emulated_time import (  # noqa: F401
    sleep_ms,
    sleep_us,
    ticks_add,
    ticks_diff,
    ticks_ms,
    ticks_us,
)
