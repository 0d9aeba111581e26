"""Pulse input by pin interrupt, for pins and ports with nothing better.

An edge hides those of the next 7 ms, so bounce of 5 ms at either end of a pulse does not
count, and 10 ms later the next edge is seen. A lone spike counts: it takes hardware to see
that it was too short. On an RP2040 only one of several edges that come during a flash
erase is kept: at 50 Hz a 400 ms erase loses 19 or 20 pulses of 20. Use rp2_pulse_counter
or esp32_pulse_counter where the chip has the parts.
"""

import time

from micropython import const
from ports.pulse_source import PulseSource

_HIDDEN_MS = const(7)  # more than bounce lasts, less than a pulse
_COUNT_MASK = const(0x1FFF_FFFF)  # the count and its successor stay small ints
_POLL_MS = const(150)  # 8 pulses of 50 Hz: at a cut 0.1 kWh at most is forgotten


class IrqPulseCounter(PulseSource):
    """Counts pulses on `pin`, an input that a pulse pulls low.

    hard: run the handler in the interrupt itself; RP2040 and RP2350 only. The handler
    changes two small ints: it allocates nothing and may run at any time.
    """

    def __init__(self, pin, hard: bool = False):
        self._pin = pin
        self._count = self._seen = 0
        self._edge_ms = time.ticks_ms()
        edges = pin.IRQ_FALLING | pin.IRQ_RISING
        if hard:
            pin.irq(self._on_edge, edges, hard=True)
        else:
            pin.irq(self._on_edge, edges)

    def take(self):
        now = self._count
        new = (now - self._seen) & _COUNT_MASK
        self._seen = now
        return new

    def due_ms(self):
        return _POLL_MS

    def _on_edge(self, _pin):
        now_ms = time.ticks_ms()
        since_ms = time.ticks_diff(now_ms, self._edge_ms)  # below 0 after a week without an edge
        if 0 <= since_ms < _HIDDEN_MS:
            return
        self._edge_ms = now_ms
        if not self._pin.value():
            self._count = (self._count + 1) & _COUNT_MASK
