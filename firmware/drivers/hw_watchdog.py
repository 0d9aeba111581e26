"""Feeds the chip's watchdog, which restarts the board after 8 s without a feed.

Eight seconds: the application feeds it every two, the longest flash erase seen
takes 0.84, and an RP2040 can wait no longer than 8.3. It cannot be stopped once it runs.
"""

from machine import WDT, Timer
from micropython import const
from ports.watchdog import Watchdog

TIMEOUT_MS = const(8000)
_REST_MS = const(2000)


class HwWatchdog(Watchdog):
    """The watchdog, running from now on. timer: the number of a machine.Timer for `rest`."""

    def __init__(self, timer: int):
        self._wdt = WDT(timeout=TIMEOUT_MS)
        self._timer_number = timer
        self._timer = None

    def feed(self):
        self._wdt.feed()

    def rest(self):
        self._timer = Timer(self._timer_number)
        self._timer.init(mode=Timer.PERIODIC, period=_REST_MS, callback=lambda _: self._wdt.feed())
