"""Power drawn, from the pulses: their mean over two to four seconds, or over the last pause.

What is measured lies between two pulses, never between a pulse and a moment without one, and
holds no pause beside shorter intervals: so the first interval after a pause tells the new power.
"""

from micropython import const

_HALF_WINDOW_MS = const(2000)
_LATE_MS = const(250)  # by which a pulse may be seen too late: pulses are polled
_FORGET_MS = const(120_000)
_MS_PER_H = 3_600_000
_WATTS_MAX = const(99_999_999)  # what a display has room for; no meter passes as much


class PowerMeter:
    """Estimates the power in W. `add` every pulse, then `measure`.

    watts: the power that was measured last. Before the second pulse it is 0: one pulse alone says
    nothing.
    """

    def __init__(self, now_ms: int):
        self._began = False  # whether a pulse came
        self._last_ms = now_ms  # moment of the pulse that came last
        self._from_ms = self._next_ms = now_ms  # where the window begins, and the next one will
        self._pulses = self._pulses_next = 0  # that came after these moments
        self._paused = False  # whether the window is a pause
        self._mean_w = 0  # of the window
        self.watts = 0

    def add(self, pulses: int, now_ms: int, imp_per_kwh: int):
        """Note `pulses` that came up to `now_ms`."""
        if not pulses:
            return
        if not self._began:
            self._began = True
            self._last_ms = self._from_ms = self._next_ms = now_ms
        last_ms, self._last_ms = self._last_ms, now_ms
        if now_ms > self._from_ms:
            self._pulses += pulses
        if now_ms > self._next_ms:
            self._pulses_next += pulses
        if now_ms > last_ms:
            self._move_window(pulses, last_ms, imp_per_kwh)
        if now_ms > self._from_ms:
            self._mean_w = _mean(self._pulses, now_ms - self._from_ms, imp_per_kwh)

    def measure(self, now_ms: int, imp_per_kwh: int) -> int:
        """Return the power at `now_ms`: no more than one pulse since the last would mean."""
        self.watts = self._measured(now_ms, imp_per_kwh)
        return self.watts

    def _measured(self, now_ms, imp_per_kwh):
        if not self._mean_w:
            return 0
        quiet_ms = now_ms - self._last_ms
        if quiet_ms > max(_FORGET_MS, 2 * (self._last_ms - self._from_ms)):
            return 0
        if quiet_ms <= _LATE_MS:
            return self._mean_w
        return min(self._mean_w, _mean(1, quiet_ms - _LATE_MS, imp_per_kwh))

    def steady_ms(self, now_ms: int, imp_per_kwh: int) -> int:
        """Return for how long `watts` stays what it is at `now_ms` if no pulse comes, at most.

        0 if it is falling.
        """
        if not self._mean_w:
            return _FORGET_MS
        alone_ms = 1000 * _MS_PER_H // (imp_per_kwh * self._mean_w)  # of one pulse at this power
        return max(0, self._last_ms + _LATE_MS + alone_ms - now_ms)

    def _move_window(self, pulses, last_ms, imp_per_kwh):
        """Let the window begin where it must after `pulses`, the next after `last_ms`."""
        now_ms = self._last_ms
        was_paused = self._paused
        self._paused = self._is_pause(pulses, now_ms - last_ms, imp_per_kwh)
        is_old = now_ms - self._next_ms >= _HALF_WINDOW_MS
        if self._paused:
            self._from_ms, self._pulses = last_ms, pulses
        elif was_paused or is_old:
            self._from_ms, self._pulses = self._next_ms, self._pulses_next
        if self._paused or is_old:
            self._next_ms, self._pulses_next = now_ms, 0

    def _is_pause(self, pulses, interval_ms, imp_per_kwh):
        """Whether so few `pulses` in an interval mean that the power fell: less than half."""
        if not _LATE_MS < interval_ms < _HALF_WINDOW_MS:
            return interval_ms > _LATE_MS
        expected = self._mean_w * imp_per_kwh * (interval_ms - _LATE_MS)
        return expected > 2 * pulses * 1000 * _MS_PER_H


def _mean(pulses, elapsed_ms, imp_per_kwh):
    return min(pulses * 1000 * _MS_PER_H // (imp_per_kwh * elapsed_ms), _WATTS_MAX)
