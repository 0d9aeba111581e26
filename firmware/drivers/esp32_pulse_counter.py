"""Pulse input of an ESP32: a sampled, debounced count, with the hardware counter behind it.

`machine.Counter` (PCNT) counts edges whatever the interpreter does, but its filter
ends at 12.8 us: it takes away spikes, not the bounce of a contact (up to 5 ms). So
a timer samples the line every millisecond, between two bytecodes, and counts a pulse
once the line was low for 5 ms. When the samples stop - a flash erase, a collection
of garbage, a long transfer - the pulses of that gap are taken from the hardware
counter, at most one for each 20 ms begun.

Exact, then, are a contact that bounces while the meter goes about its work, and a
clean signal (optocoupler, or contact with 10 kOhm and 220 nF) at any time. A contact that
bounces during a gap may give one pulse too many or too few there.
"""

import time

from micropython import const
from ports.pulse_source import PulseSource

_SAMPLE_MS = const(1)
_STEADY_MS = const(5)
_GAP_MS = const(5)  # samples further apart may have missed a level
_PERIOD_MS = const(20)  # 50 Hz
_POLL_MS = const(250)


class Esp32PulseCounter(PulseSource):
    """Counts pulses on `pin`, an input that a pulse pulls low.

    counter: a machine.Counter of the falling edges of the same pin. timer: a machine.Timer
    that nobody else uses. The timer's callback runs in the scheduler, not in an
    interrupt, and allocates nothing.
    """

    def __init__(self, pin, counter, timer):
        self._pin = pin
        self._counter = counter
        self._level = self._seen_level = pin.value()
        self._edges = counter.value()
        self._sampled_ms = self._since_ms = time.ticks_ms()
        self._pulses = self._taken = 0
        timer.init(mode=timer.PERIODIC, period=_SAMPLE_MS, callback=self._sample)

    def take(self):
        pulses = self._pulses
        new = pulses - self._taken
        self._taken = pulses
        return new

    def due_ms(self):
        return _POLL_MS

    def _sample(self, _timer):
        now_ms = time.ticks_ms()
        gap_ms = time.ticks_diff(now_ms, self._sampled_ms)
        self._sampled_ms = now_ms
        level = self._pin.value()
        edges = self._counter.value()
        new_edges, self._edges = edges - self._edges, edges
        if gap_ms > _GAP_MS:
            self._bridge(gap_ms, new_edges, level, now_ms)
        elif level != self._seen_level:
            self._seen_level = level
            self._since_ms = now_ms
        elif level != self._level and time.ticks_diff(now_ms, self._since_ms) >= _STEADY_MS:
            self._level = level
            if not level:
                self._pulses += 1

    def _bridge(self, gap_ms, edges, level, now_ms):
        """Take the pulses of a gap between samples from the hardware counter."""
        if self._level and not self._seen_level:
            edges += 1  # the one that had begun, and was not counted yet
        room = gap_ms // _PERIOD_MS + 1
        self._pulses += edges if edges < room else room
        self._level = self._seen_level = level
        self._since_ms = now_ms
