"""The link of a board with Wi-Fi: joins the network, and joins it again, without waiting.

The radio looks for the network by itself once it has the name. It gives up now and then, so the
driver gives it the name again, less and less often.
"""

import time

import network
from micropython import const

_FIRST_MS = const(15_000)  # joining takes some seconds
_LONGEST_MS = const(240_000)


class Wifi:
    """The Wi-Fi that `join` names. Asking `up` is what keeps the board on it."""

    def __init__(self):
        self._wlan = None
        self._names = ()
        self._named_ms = self._wait_ms = 0

    def join(self, name: str, password: str):
        """Belong to the Wi-Fi `name` from the next `up` on; "" for none."""
        if self._wlan is not None:
            self._wlan.disconnect()
        self._names, self._wait_ms = (name, password), 0

    def up(self) -> bool:
        """Whether the board is on the network now. Joins it when it is not; does not wait."""
        if not self._names or not self._names[0]:
            return False
        if self._wlan is None:
            self._wlan = network.WLAN(network.STA_IF)
            self._wlan.active(True)
        if self._wait_ms and self._wlan.isconnected():
            self._wait_ms = _FIRST_MS
            return True
        if not self._wait_ms or time.ticks_diff(time.ticks_ms(), self._named_ms) >= self._wait_ms:
            self._named_ms = time.ticks_ms()
            self._wait_ms = min(2 * self._wait_ms, _LONGEST_MS) or _FIRST_MS
            self._tell()
        return False

    def _tell(self):
        try:
            self._wlan.disconnect()
            self._wlan.connect(*self._names)
        except OSError:
            pass  # the radio is busy, or has no network by this name; gets the name again later
