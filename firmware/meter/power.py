"""Power drawn, from pulses: a mean over five seconds or the time between two pulses."""

from micropython import const

_WINDOW_MS = const(5000)
_FORGET_MS = const(120_000)
_MS_PER_H = 3_600_000
_WATTS_MAX = const(99_999_999)  # what a display has room for; no meter passes as much


class PowerMeter:
    """Estimates the power in W. `add` it every pulse, then ask `watts`."""

    def __init__(self, now_ms: int):
        self._since_ms = now_ms
        self._pulses = 0
        self._watts = 0

    def add(self, pulses: int, now_ms: int, imp_per_kwh: int):
        """Note `pulses` that came up to `now_ms`; closes the window when it is long enough."""
        self._pulses += pulses
        elapsed_ms = now_ms - self._since_ms
        if elapsed_ms < _WINDOW_MS or not self._pulses:
            return
        watts = self._pulses * 1000 * _MS_PER_H // (imp_per_kwh * elapsed_ms)
        self._watts = min(watts, _WATTS_MAX)
        self._pulses, self._since_ms = 0, now_ms

    def watts(self, now_ms: int, imp_per_kwh: int) -> int:
        """Return the power at `now_ms`: no more than one pulse since the last would mean."""
        elapsed_ms = now_ms - self._since_ms
        if elapsed_ms < _WINDOW_MS:
            return self._watts
        if elapsed_ms > _FORGET_MS:
            return 0
        pulses = self._pulses + 1
        return min(self._watts, pulses * 1000 * _MS_PER_H // (imp_per_kwh * elapsed_ms))
