"""Switch behind the cover: a contact to ground that opens with the cover."""

import time

from micropython import const
from ports.tamper import Tamper

_STEADY_MS = const(50)


class TamperSwitch(Tamper):
    """Switch on `pin`, an input with a pull-up, low while the cover is shut.

    A wire that is cut is an open cover. What lasts less than 50 ms is bounce.
    """

    def __init__(self, pin):
        self._pin = pin
        self._active = self._seen = pin.value() == 1
        self._since_ms = time.ticks_ms()

    def active(self):
        now_ms = time.ticks_ms()
        seen = self._pin.value() == 1
        if seen != self._seen:
            self._seen, self._since_ms = seen, now_ms
        elif seen != self._active and time.ticks_diff(now_ms, self._since_ms) >= _STEADY_MS:
            self._active = seen
        return self._active
